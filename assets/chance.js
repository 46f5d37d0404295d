// Stochastic depth: how often every block is left out, which ones are for one image, and how many are there; as in effnet_core/lessons/chance.py.
const HIGH = 150
const MARKS = 46
const LEFT = 40

const TINY = 1e-18 // probabilities below it are taken for 0, so that thousands of blocks cost little; all of them together are below 1e-13

// Of every block; `data.blocks` has equal ones in a row together where there are too many.
function ratesOf({ blocks, hand }) {
  const all = blocks.reduce((sum, { count }) => sum + count, 0)
  return blocks.flatMap(({ index, skip, count }) => Array.from({ length: count }, (_, k) => skip ? hand.chance_most * (index + k) / all : 0))
}

function drawnOf(rates, seed) {
  const next = lotsOf(seed)
  return rates.map((rate) => next() < rate)
}

// Probability of 0, 1, … blocks being there, one block after the other; only those between `low` and `high` are worth a thought.
function oddsOf(rates) {
  const odds = new Array(rates.length + 1).fill(0)
  let [low, high] = [0, 0]
  odds[0] = 1
  for (const rate of rates) {
    high += 1
    for (let place = high; place > low; place -= 1) odds[place] = odds[place] * rate + odds[place - 1] * (1 - rate)
    odds[low] *= rate
    while (low < high && odds[low] < TINY) odds[low++] = 0
    while (low < high && odds[high] < TINY) odds[high--] = 0
  }
  return odds
}

function ticksOf(top, width) {
  return [0, top / 2, top].flatMap((tick) => {
    const y = 10 + HIGH * (1 - tick / top)
    return [lineAt("grid", [LEFT, y], [width, y]), labelAt(`${Math.round(100 * tick)} %`, LEFT - 6, y + 4, "end")]
  })
}

function saidOf(block, rates, gone) {
  const [first, last] = [written(rates[0]), written(rates.at(-1))]
  const why = block.skip ? "" : `, since nothing goes around ${block.count > 1 ? "them" : "it"}`
  if (block.count === 1) return `${block.id}: left out with probability ${first}${why}; here it is ${gone ? "left out" : "there"}`
  const rising = first === last ? first : `${first} to ${last}`
  return `${block.id} to ${block.last}, ${grouped(block.count)} blocks: left out with probability ${rising}${why}; here ${grouped(gone)} of them are left out`
}

// One block, or equal ones: the bar rises from the first one's rate to the last one's, and so many of the mark below are dashed as are left out.
function blockOf(block, rates, gone, x, each, top) {
  const [from, to, y, share] = [x + each * 0.12, x + each * 0.88, HIGH + 18, gone / block.count]
  const height = (rate) => 10 + HIGH * (1 - rate / top)
  const bar = `${from},${10 + HIGH} ${from},${height(rates[0])} ${to},${height(rates.at(-1))} ${to},${10 + HIGH}`
  const middle = to - share * (to - from)
  const parts = [element("rect", { class: "reach", x, y: 10, width: each, height: HIGH + MARKS }),
    element("polygon", { points: bar, fill: block.colour, "fill-opacity": 0.55 })]
  if (share < 1) parts.push(element("rect", { class: "there", x: from, y, width: middle - from, height: 24, rx: 2, fill: block.colour }))
  if (share > 0) parts.push(element("rect", { class: "gone", x: middle, y, width: to - middle, height: 24, rx: 2, stroke: block.colour }))
  const around = `M${x} ${y + 12}C${x + each * 0.2} ${y + 38},${x + each * 0.8} ${y + 38},${x + each} ${y + 12}`
  if (share === 1) parts.push(element("path", { class: "around", d: around }))
  return titled(element("g", {}, ...parts), saidOf(block, rates, gone))
}

function blocksOf(data, rates, gone, width) {
  const top = Math.max(0.2, data.hand.chance_most)
  const each = (width - LEFT) / data.blocks.length
  let at = 0
  const runs = data.blocks.map((block) => {
    const [from, to] = [at, at += block.count]
    return { block, rates: rates.slice(from, to), gone: gone.slice(from, to).filter(Boolean).length }
  })
  const names = runs.filter((run) => run.gone).map(({ block, gone: left }) => block.count > 1 ? `${grouped(left)} from ${block.id} on` : block.id)
  const svg = svgOf(width, HIGH + MARKS + 34, `${grouped(rates.length)} blocks; this draw leaves out ${names.join(", ") || "none"}`)
  svg.append(...ticksOf(top, width), ...runs.map((run, place) => blockOf(run.block, run.rates, run.gone, LEFT + place * each, each, top)))
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
  const wide = Math.max(26, 8 * String(last).length + 8)
  const every = Math.ceil(wide / each)
  for (let place = first; place <= last; place += 1) {
    const [x, high] = [LEFT + (place - first) * each, HIGH * odds[place] / top]
    const box = { x: x + each * 0.1, y: 10 + HIGH - high, width: each * 0.8, height: high }
    const bar = element("rect", { class: place === alive ? "odds now" : "odds", ...box })
    svg.append(titled(bar, `${place} blocks there: ${written(100 * odds[place], 2)} %`))
    if ((last - place) % every === 0) svg.append(labelAt(String(place), Math.min(x + each / 2, width + 4 - wide / 2), HIGH + 26, "middle"))
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
  const rest = data.guessed ? ` in this draw; ${written(mean, 2)} on average. All of them are there for ${percentOf(odds.at(-1) || TINY)} of the images.`
    : " in this draw; on average: after your guess above."
  const said = html("p", { class: "said" }, html("b", {}, `${grouped(alive)} of ${grouped(rates.length)} blocks`), rest)
  patchChildren(root, [said, html("div", { class: "both" }, blocksOf(data, rates, gone, blocks), data.guessed ? spreadOf(odds, alive, spread) : spreadWaits(spread))])
  Object.assign(root.dataset, { gone: gone.map(Number).join(""), mean, odds: JSON.stringify(odds) })
}

export default function (component) {
  return follow(component, ".chance", draw)
}
