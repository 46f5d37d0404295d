// Batch norm of one channel on three number lines: what the convolution gives, centred and of spread 1, and what goes on.
const REACH = 5
const LINES = [["x", "what the convolution gives"], ["(x − μ) / √(σ² + ε)", "centred, spread 1"], ["γ · … + β", "what goes on"]]
const TOP = 44
const STEP = 96

function normOf(hand) {
  const eps = 10 ** hand.norm_eps
  const spread = Math.sqrt(hand.norm_variance + eps)
  const factor = hand.norm_gamma / spread
  const standard = (x) => (x - hand.norm_mean) / spread
  const of = (x) => hand.norm_gamma * standard(x) + hand.norm_beta
  return { eps, spread, factor, shift: hand.norm_beta - hand.norm_mean * factor, standard, of }
}

// With as many decimals as the printed parts need to give the printed result.
const short = (value) => written(value, 6).replace(/\.?0+$/, "")
const added = (value) => `${value < 0 ? "−" : "+"} ${short(Math.abs(value))}`
const held = (value) => value < 0 ? `(${short(value)})` : short(value)
const taken = (value) => `${value < 0 ? "+" : "−"} ${short(Math.abs(value))}`

function lineOf([symbols, meaning], place, at, width) {
  const y = TOP + STEP * place
  const parts = [labelAt(symbols, 0, y - 20, "start", "title"), labelAt(meaning, width, y - 20, "end")]
  parts.push(lineAt("axis", [at(-REACH), y], [at(REACH), y]))
  for (let tick = -4; tick <= 4; tick += 2) {
    parts.push(lineAt("axis", [at(tick), y - 3], [at(tick), y + 3]), labelAt(written(tick, 0), at(tick), y + 20, "middle"))
  }
  return parts
}

function drawingOf(data, norm, width) {
  const at = (value) => width / 2 + clamp(value, -REACH, REACH) / REACH * (width / 2 - 12)
  const label = `${data.values.length} numbers through batch norm: each becomes ${written(norm.factor)} times itself plus ${written(norm.shift)}`
  const svg = svgOf(width, TOP + 2 * STEP + 30, label)
  const ways = data.values.map((x) => [x, norm.standard(x), norm.of(x)].map((value, place) => [at(value), TOP + STEP * place]))
  svg.append(...ways.map((points) => element("polyline", { class: "way", points: points.join(" ") })))
  svg.append(...LINES.flatMap((line, place) => lineOf(line, place, at, width)))
  svg.append(...ways.flat().map(([cx, cy]) => element("circle", { class: "dot", cx, cy, r: 4 })))
  return svg
}

function workOf(data, norm) {
  const { norm_gamma: gamma, norm_beta: beta, norm_mean: mean, norm_variance: variance } = data.hand
  const x = data.values.at(-3)
  const { factor, shift, spread } = norm
  const lines = [
    ["The factor", `a = γ / √(σ² + ε) = ${short(gamma)} / √(${short(variance)} + ${String(norm.eps)}) = ${written(factor)}`],
    ["Into every weight", `w′ = w · a: ${short(data.weight)} becomes ${written(data.weight * factor)}`],
    ["Into the bias", `b′ = β − μ · a = ${short(beta)} ${taken(mean)} · ${held(factor)} = ${written(shift)}`],
    ["Check, step by step", `${short(gamma)} · (${short(x)} ${taken(mean)}) / ${short(spread)} ${added(beta)} = ${written(norm.of(x))}`],
    ["In one", `${short(factor)} · ${short(x)} ${added(shift)} = ${written(factor * x + shift)}`],
  ]
  return html("div", { class: "work" }, ...stepsOf(lines))
}

function draw(root, data, width) {
  const full = Math.max(280, width)
  const norm = normOf(data.hand)
  const picture = drawingOf(data, norm, full > 900 ? Math.round(0.56 * full) : full)
  patchChildren(root, [html("div", { class: "both" }, picture, workOf(data, norm))])
  Object.assign(root.dataset, { factor: norm.factor, shift: norm.shift })
}

export default function (component) {
  return follow(component, ".fold", draw)
}
