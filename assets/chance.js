// Stochastic depth: how often every block is left out, which ones are for one image, and how many are there on average; as effnet_core/lessons/chance.py draws it.
const HIGH = 150
const MARKS = 46
const LEFT = 40

const ratesOf = (data) => data.blocks.map(({ index, skip }) => skip ? data.hand.chance_most * index / data.blocks.length : 0)

function drawnOf(rates, seed) {
  const next = lotsOf(seed)
  return rates.map((rate) => next() < rate)
}

// Probability of 0, 1, … blocks being there.
function oddsOf(rates) {
  let odds = [1]
  for (const rate of rates) odds = [...odds, 0].map((before, place) => before * rate + (place ? odds[place - 1] : 0) * (1 - rate))
  return odds
}

function html(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function titled(node, text) {
  const title = element("title", {})
  title.textContent = text
  node.append(title)
  return node
}

function ticksOf(top, ticks, width, text) {
  return ticks.flatMap((tick) => {
    const y = 10 + HIGH * (1 - tick / top)
    return [element("line", { class: "grid", x1: LEFT, x2: width, y1: y, y2: y }), words(text(tick), { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" })]
  })
}

function blocksOf(data, rates, gone, width) {
  const top = Math.max(0.2, data.hand.chance_most)
  const each = (width - LEFT) / rates.length
  const svg = element("svg", { width, height: HIGH + MARKS + 34, viewBox: `0 0 ${width} ${HIGH + MARKS + 34}`, role: "img",
    "aria-label": `${rates.length} blocks; this draw leaves out ${gone.some(Boolean) ? data.blocks.filter((_, place) => gone[place]).map(({ id }) => id).join(", ") : "none"}` })
  svg.append(...ticksOf(top, [0, top / 2, top], width, (tick) => `${Math.round(100 * tick)} %`))
  data.blocks.forEach((block, place) => {
    const x = LEFT + place * each, high = HIGH * rates[place] / top, y = HIGH + 18
    const said = `${block.id}: left out with probability ${written(rates[place])}${block.skip ? "" : ", since nothing goes around it"}; here it is ${gone[place] ? "left out" : "there"}`
    const parts = [element("rect", { class: "reach", x, y: 10, width: each, height: HIGH + MARKS }),
      element("rect", { x: x + each * 0.12, y: 10 + HIGH - high, width: each * 0.76, height: high, fill: block.colour, "fill-opacity": 0.55 }),
      element("rect", { class: gone[place] ? "gone" : "there", x: x + each * 0.12, y, width: each * 0.76, height: 24, rx: 2, ...gone[place] ? { stroke: block.colour } : { fill: block.colour } })]
    if (gone[place]) parts.push(element("path", { class: "around", d: `M${x} ${y + 12}C${x + each * 0.2} ${y + 38},${x + each * 0.8} ${y + 38},${x + each} ${y + 12}` }))
    svg.append(titled(element("g", {}, ...parts), said))
  })
  svg.append(words("how often it is left out, and this draw", { class: "tick", x: LEFT, y: HIGH + MARKS + 30 }))
  return svg
}

function spreadOf(odds, alive, width) {
  const likely = odds.map((_, place) => place).filter((place) => odds[place] > 0.0005 || place === alive)
  const [first, last] = [likely[0], likely.at(-1)]
  const top = Math.max(...odds) * 1.08
  const each = (width - LEFT) / (last - first + 1)
  const svg = element("svg", { width, height: HIGH + 54, viewBox: `0 0 ${width} ${HIGH + 54}`, role: "img", "aria-label": `Probability of so many blocks being there; here ${alive}, with ${written(odds[alive])}` })
  svg.append(...ticksOf(top, [0, top / 2, top], width, (tick) => `${Math.round(100 * tick)} %`))
  const every = Math.ceil(26 / each)
  for (let place = first; place <= last; place += 1) {
    const x = LEFT + (place - first) * each, high = HIGH * odds[place] / top
    svg.append(titled(element("rect", { class: place === alive ? "odds now" : "odds", x: x + each * 0.1, y: 10 + HIGH - high, width: each * 0.8, height: high }), `${place} blocks there: ${written(100 * odds[place], 2)} %`))
    if ((last - place) % every === 0) svg.append(words(String(place), { class: "tick", x: x + each / 2, y: HIGH + 26, "text-anchor": "middle" }))
  }
  svg.append(words("blocks that are there; the dark bar is this draw", { class: "tick", x: LEFT, y: HIGH + 46 }))
  return svg
}

function draw(root, data, width) {
  const full = Math.max(280, width)
  const rates = ratesOf(data)
  const gone = drawnOf(rates, data.hand.chance_seed)
  const alive = gone.filter((each) => !each).length
  const mean = rates.reduce((sum, rate) => sum + 1 - rate, 0)
  const odds = oddsOf(rates)
  const said = html("p", { class: "said" }, html("b", {}, `${alive} of ${rates.length} blocks`), ` in this draw; ${written(mean, 2)} on average. All of them together: ${written(100 * odds.at(-1), 1)} % of the images.`)
  const wide = full > 820
  patchChildren(root, [said, html("div", { class: "both" }, blocksOf(data, rates, gone, wide ? Math.round(full * 0.6) : full), spreadOf(odds, alive, wide ? Math.round(full * 0.36) : full))])
  Object.assign(root.dataset, { gone: gone.map(Number).join(""), mean, odds: JSON.stringify(odds) })
}

export default function (component) {
  return follow(component, ".chance", draw)
}
