// Stochastic depth: how often every block is left out, which ones are for one image, and how many are there; as in effnet_core/lessons/chance.py.
const HIGH = 150
const MARKS = 46
const LEFT = 40

const ratesOf = (data) => data.blocks.map(({ index, skip }) => skip ? data.hand.chance_most * index / data.blocks.length : 0)

const shareOf = (share) => share > 0 && share < 0.0005 ? "< 0.1 %" : `${written(100 * share, 1)} %`

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

function ticksOf(top, width) {
  return [0, top / 2, top].flatMap((tick) => {
    const y = 10 + HIGH * (1 - tick / top)
    return [lineAt("grid", [LEFT, y], [width, y]), labelAt(`${Math.round(100 * tick)} %`, LEFT - 6, y + 4, "end")]
  })
}

function blockOf(block, rate, gone, x, each, top) {
  const [high, y] = [HIGH * rate / top, HIGH + 18]
  const box = { x: x + each * 0.12, width: each * 0.76 }
  const parts = [element("rect", { class: "reach", x, y: 10, width: each, height: HIGH + MARKS }),
    element("rect", { ...box, y: 10 + HIGH - high, height: high, fill: block.colour, "fill-opacity": 0.55 }),
    element("rect", { ...box, class: gone ? "gone" : "there", y, height: 24, rx: 2, [gone ? "stroke" : "fill"]: block.colour })]
  const around = `M${x} ${y + 12}C${x + each * 0.2} ${y + 38},${x + each * 0.8} ${y + 38},${x + each} ${y + 12}`
  if (gone) parts.push(element("path", { class: "around", d: around }))
  const why = block.skip ? "" : ", since nothing goes around it"
  const said = `${block.id}: left out with probability ${written(rate)}${why}; here it is ${gone ? "left out" : "there"}`
  return titled(element("g", {}, ...parts), said)
}

function blocksOf(data, rates, gone, width) {
  const top = Math.max(0.2, data.hand.chance_most)
  const each = (width - LEFT) / rates.length
  const names = data.blocks.filter((_, place) => gone[place]).map(({ id }) => id)
  const svg = svgOf(width, HIGH + MARKS + 34, `${rates.length} blocks; this draw leaves out ${names.join(", ") || "none"}`)
  svg.append(...ticksOf(top, width))
  data.blocks.forEach((block, place) => svg.append(blockOf(block, rates[place], gone[place], LEFT + place * each, each, top)))
  svg.append(labelAt("how often it is left out, and this draw", LEFT, HIGH + MARKS + 30))
  return svg
}

function spreadOf(odds, alive, width) {
  const likely = odds.map((_, place) => place).filter((place) => odds[place] > 0.0005 || place === alive)
  const [first, last] = [likely[0], likely.at(-1)]
  const top = Math.max(...odds) * 1.08
  const each = (width - LEFT) / (last - first + 1)
  const svg = svgOf(width, HIGH + 54, `Probability of so many blocks being there; here ${alive}, with ${written(odds[alive])}`)
  svg.append(...ticksOf(top, width))
  const every = Math.ceil(26 / each)
  for (let place = first; place <= last; place += 1) {
    const [x, high] = [LEFT + (place - first) * each, HIGH * odds[place] / top]
    const box = { x: x + each * 0.1, y: 10 + HIGH - high, width: each * 0.8, height: high }
    const bar = element("rect", { class: place === alive ? "odds now" : "odds", ...box })
    svg.append(titled(bar, `${place} blocks there: ${written(100 * odds[place], 2)} %`))
    if ((last - place) % every === 0) svg.append(labelAt(String(place), x + each / 2, HIGH + 26, "middle"))
  }
  svg.append(labelAt("blocks that are there; the strong bar is this draw", LEFT, HIGH + 46))
  return svg
}

// As large as what will stand here, so that nothing moves.
const spreadWaits = (width) => html("p", { class: "waits", style: `width:${width}px;height:${HIGH + 54}px` },
  "How often which number of blocks is there: after your guess above.")

function draw(root, data, width) {
  const full = Math.max(280, width)
  const [blocks, spread] = full > 820 ? [Math.round(full * 0.6), Math.round(full * 0.36)] : [full, full]
  const rates = ratesOf(data)
  const gone = drawnOf(rates, data.hand.chance_seed)
  const alive = gone.filter((each) => !each).length
  const mean = rates.reduce((sum, rate) => sum + 1 - rate, 0)
  const odds = oddsOf(rates)
  const rest = data.guessed ? ` in this draw; ${written(mean, 2)} on average. All of them are there for ${shareOf(odds.at(-1))} of the images.`
    : " in this draw; on average: after your guess above."
  const said = html("p", { class: "said" }, html("b", {}, `${alive} of ${rates.length} blocks`), rest)
  patchChildren(root, [said, html("div", { class: "both" }, blocksOf(data, rates, gone, blocks), data.guessed ? spreadOf(odds, alive, spread) : spreadWaits(spread))])
  Object.assign(root.dataset, { gone: gone.map(Number).join(""), mean, odds: JSON.stringify(odds) })
}

export default function (component) {
  return follow(component, ".chance", draw)
}
