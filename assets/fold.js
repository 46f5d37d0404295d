// Batch norm of one channel as three number lines: what the convolution gives, centred and scaled, and what goes on; folded, one line leads from the first to the last.
const REACH = 5
const LINES = [["x", "what the convolution gives"], ["(x − μ) / √(σ² + ε)", "centred, spread 1"], ["γ · … + β", "what goes on"]]
const TOP = 44
const STEP = 96

const normOf = (hand) => {
  const eps = 10 ** hand.norm_eps
  const spread = Math.sqrt(hand.norm_variance + eps)
  const factor = hand.norm_gamma / spread
  return { eps, spread, factor, shift: hand.norm_beta - hand.norm_mean * factor, standard: (x) => (x - hand.norm_mean) / spread, of: (x) => hand.norm_gamma * ((x - hand.norm_mean) / spread) + hand.norm_beta }
}

const added = (value, digits = 4) => `${value < 0 ? "−" : "+"} ${written(Math.abs(value), digits)}`
const taken = (value, digits) => `${value < 0 ? "+" : "−"} ${written(Math.abs(value), digits)}`

function html(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function lineOf([symbols, meaning], place, at, width) {
  const y = TOP + STEP * place
  const parts = [element("line", { class: "axis", x1: at(-REACH), x2: at(REACH), y1: y, y2: y }), words(symbols, { class: "title", x: 0, y: y - 20 }), words(meaning, { class: "tick", x: width, y: y - 20, "text-anchor": "end" })]
  for (let tick = -4; tick <= 4; tick += 2) parts.push(element("line", { class: "axis", x1: at(tick), x2: at(tick), y1: y - 3, y2: y + 3 }), words(written(tick, 0), { class: "tick", x: at(tick), y: y + 20, "text-anchor": "middle" }))
  return parts
}

function drawingOf(data, norm, width) {
  const at = (value) => width / 2 + Math.min(REACH, Math.max(-REACH, value)) / REACH * (width / 2 - 12)
  const height = TOP + 2 * STEP + 30
  const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${data.values.length} numbers through batch norm: each becomes ${written(norm.factor)} times itself plus ${written(norm.shift)}` })
  for (const x of data.values) {
    const points = [x, norm.standard(x), norm.of(x)].map((value, place) => `${at(value).toFixed(1)},${TOP + STEP * place}`)
    svg.append(element("polyline", { class: "way", points: points.join(" ") }))
  }
  svg.append(...LINES.flatMap((line, place) => lineOf(line, place, at, width)))
  for (const x of data.values) [x, norm.standard(x), norm.of(x)].forEach((value, place) => svg.append(element("circle", { class: "dot", cx: at(value), cy: TOP + STEP * place, r: 4 })))
  return svg
}

function workOf(data, norm) {
  const { norm_gamma: gamma, norm_beta: beta, norm_mean: mean, norm_variance: variance } = data.hand
  const x = data.values.at(-3)
  const lines = [
    ["The factor", `a = γ / √(σ² + ε) = ${written(gamma, 3)} / √(${written(variance, 3)} + ${String(norm.eps)}) = ${written(norm.factor)}`],
    ["Into every weight", `w′ = w · a: ${written(data.weight)} becomes ${written(data.weight * norm.factor)}`],
    ["Into the bias", `b′ = β − μ · a = ${written(beta, 3)} ${taken(mean, 3)} · ${written(norm.factor)} = ${written(norm.shift)}`],
    ["Check, in three steps", `${written(gamma, 3)} · (${written(x)} ${taken(mean, 3)}) / ${written(norm.spread)} ${added(beta, 3)} = ${written(norm.of(x))}`],
    ["In one", `${written(norm.factor)} · ${written(x)} ${added(norm.shift)} = ${written(norm.factor * x + norm.shift)}`],
  ]
  return html("div", { class: "work" }, ...lines.map(([name, line]) => html("div", {}, html("span", {}, name), line)))
}

function draw(root, data, width) {
  const full = Math.max(280, width)
  const norm = normOf(data.hand)
  patchChildren(root, [html("div", { class: "both" }, drawingOf(data, norm, full > 900 ? Math.round(0.56 * full) : full), workOf(data, norm))])
  Object.assign(root.dataset, { factor: norm.factor, shift: norm.shift })
}

export default function (component) {
  return follow(component, ".fold", draw)
}
