// Curves of activations and of their derivatives: a point is dragged along them, or moved by arrow keys; computes as effnet_core/lessons/activations.py does.
const REACH = 8
const ROOM = { left: 34, right: 10, top: 26, bottom: 34 }
const PLOTS = [{ title: "f(x)", low: -2, high: 7, ticks: [-2, 0, 2, 4, 6], slope: false }, { title: "f′(x), its slope", low: -0.4, high: 1.3, ticks: [0, 0.5, 1], slope: true }]

function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const small = Math.exp(x)
  return small / (1 + small)
}

const relu6 = (x) => Math.min(6, Math.max(0, x))
const ACTIVATIONS = {
  swish: {
    value: (x, beta) => x * sigmoid(beta * x), kinks: [],
    slope: (x, beta) => sigmoid(beta * x) + beta * x * (sigmoid(beta * x) * sigmoid(-(beta * x))),
    say: (x, beta) => `x · σ(${beta === 1 ? "" : "β"}x) = ${written(x, 2)} · ${written(sigmoid(beta * x))}`,
  },
  ReLU: { value: (x) => Math.max(0, x), slope: (x) => x > 0 ? 1 : 0, kinks: [0], say: (x) => `max(0, x) = max(0, ${written(x, 2)})` },
  ReLU6: { value: relu6, slope: (x) => x > 0 && x < 6 ? 1 : 0, kinks: [0, 6], say: (x) => `min(6, max(0, x)) = min(6, ${written(Math.max(0, x), 2)})` },
  "hard-swish": {
    value: (x) => x * relu6(x + 3) / 6, slope: (x) => x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5, kinks: [-3, 3],
    say: (x) => `x · ReLU6(x + 3) / 6 = ${written(x, 2)} · ${written(relu6(x + 3), 2)} / 6`,
  },
  sigmoid: { value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x), kinks: [], say: (x) => `1 / (1 + e^−x) = 1 / (1 + ${written(Math.exp(-x), 2)})` },
}

const rounded = (x) => Math.min(REACH, Math.max(-REACH, Math.round(100 * x) / 100))

function scales(plot, width, height) {
  return {
    x: (value) => ROOM.left + (value + REACH) / (2 * REACH) * (width - ROOM.left - ROOM.right),
    y: (value) => ROOM.top + (plot.high - value) / (plot.high - plot.low) * (height - ROOM.top - ROOM.bottom),
  }
}

function axesOf(plot, at, width, height, id) {
  const [left, right] = [at.x(-REACH), at.x(REACH)]
  const parts = [element("clipPath", { id }, element("rect", { x: left, y: ROOM.top, width: right - left, height: height - ROOM.top - ROOM.bottom }))]
  for (const tick of plot.ticks) {
    parts.push(element("line", { class: tick ? "grid" : "zero", x1: left, x2: right, y1: at.y(tick), y2: at.y(tick) }),
      words(written(tick, plot.slope ? 1 : 0), { class: "tick", x: left - 5, y: at.y(tick) + 4, "text-anchor": "end" }))
  }
  for (const tick of [-8, -4, 0, 4, 8]) {
    parts.push(element("line", { class: tick ? "grid" : "zero", x1: at.x(tick), x2: at.x(tick), y1: ROOM.top, y2: height - ROOM.bottom }),
      words(written(tick, 0), { class: "tick", x: at.x(tick), y: height - ROOM.bottom + 16, "text-anchor": "middle" }))
  }
  return [...parts, words(plot.title, { class: "title", x: left, y: 15 }), words("x", { class: "tick", x: right, y: height - 4, "text-anchor": "end" })]
}

// The line through all hundredths of x that a pixel shows; a jump of a slope is drawn as one.
function pathOf(of, at, beta) {
  const points = []
  for (let step = -200; step <= 200; step += 1) {
    const x = step / 25
    points.push(`${at.x(x).toFixed(1)},${at.y(of(x, beta)).toFixed(1)}`)
  }
  return `M${points.join("L")}`
}

function curveOf(curve, plot, at, x, beta, id) {
  const known = ACTIVATIONS[curve.name]
  const [value, slope] = [known.value(x, beta), known.slope(x, beta)]
  const height = plot.slope ? slope : value
  const parts = [element("path", { class: "curve", d: pathOf(plot.slope ? known.slope : known.value, at, beta), stroke: curve.colour, "stroke-dasharray": curve.dashes })]
  if (!plot.slope) {
    const [from, to] = [-2.5, 2.5].map((step) => [at.x(x + step), at.y(value + step * slope)])
    parts.push(element("line", { class: "tangent", x1: from[0], y1: from[1], x2: to[0], y2: to[1], stroke: curve.colour }))
  }
  parts.push(element("circle", { class: "dot", cx: at.x(x), cy: at.y(height), r: 5, fill: curve.colour }))
  return element("g", { "clip-path": `url(#${id})` }, ...parts)
}

function plotOf(plot, data, x, beta, width, height) {
  const at = scales(plot, width, height)
  const id = `within${plot.slope ? "Slope" : "Value"}`
  const said = data.curves.map(({ name }) => `${name} ${written(ACTIVATIONS[name][plot.slope ? "slope" : "value"](x, beta), 2)}`).join(", ")
  const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "slider", "data-id": id, "aria-label": `${plot.title}; arrow keys move x, with Shift by one`,
    "aria-valuemin": -REACH, "aria-valuemax": REACH, "aria-valuenow": x, "aria-valuetext": `x = ${written(x, 2)}: ${said}` })
  svg.append(...axesOf(plot, at, width, height, id), element("line", { class: "place", x1: at.x(x), x2: at.x(x), y1: ROOM.top, y2: height - ROOM.bottom }),
    ...data.curves.map((curve) => curveOf(curve, plot, at, x, beta, id)),
    words(`x = ${written(x, 2)}`, { class: "here", x: Math.min(width - 40, Math.max(ROOM.left + 34, at.x(x))), y: height - 4, "text-anchor": "middle" }))
  return svg
}

function html(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function rowOf(curve, x, beta) {
  const known = ACTIVATIONS[curve.name]
  const [value, slope] = [known.value(x, beta), known.slope(x, beta)]
  const line = element("svg", { width: 30, height: 12, "aria-hidden": true }, element("line", { x1: 1, x2: 29, y1: 6, y2: 6, stroke: curve.colour, "stroke-width": 3, "stroke-dasharray": curve.dashes }))
  const kink = known.kinks.includes(x) ? " at a kink" : ""
  return html("div", { class: "row", role: "row", "data-name": curve.name, "data-value": value, "data-slope": slope }, html("span", { role: "cell" }, line, html("b", {}, curve.name)),
    html("span", { role: "cell", class: "formula" }, known.say(x, beta)), html("span", { role: "cell", class: "number" }, `f = ${written(value)}`),
    html("span", { role: "cell", class: "number" }, `f′ = ${written(slope)}${kink}`))
}

function placeOf(svg, event) {
  const frame = svg.getBoundingClientRect()
  const width = frame.width - ROOM.left - ROOM.right
  return rounded((event.clientX - frame.left - ROOM.left) / width * 2 * REACH - REACH)
}

// Only while a finger or key moves it, x is the browser's own; then Python hears of it.
function listen(root, view) {
  const svgOf = (event) => event.target.closest?.("svg[role=slider]")
  root.onpointerdown = (event) => {
    const svg = svgOf(event)
    if (!svg) return
    view.held = true
    root.setPointerCapture(event.pointerId)
    view.svg = svg
    svg.focus()
    view.move(placeOf(svg, event))
    event.preventDefault()
  }
  root.onpointermove = (event) => view.held && view.move(placeOf(view.svg, event))
  root.onpointerup = root.onpointercancel = () => {
    if (view.held) view.tell()
    view.held = false
  }
  root.onkeydown = (event) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key]
    const to = { Home: -REACH, End: REACH }[event.key] ?? (way && svgOf(event) ? view.shown + way * (event.shiftKey ? 1 : 0.1) : undefined)
    if (to === undefined || !svgOf(event)) return
    view.move(rounded(to))
    clearTimeout(view.timer)
    view.timer = setTimeout(view.tell, 250)
    event.preventDefault()
  }
}

const views = new WeakMap()

function draw(root, data, width, view) {
  const beta = data.hand.acts_beta
  const x = view.shown = rounded(view.x ?? data.hand.acts_x)
  const full = Math.max(280, width)
  const each = full > 640 ? (full - 16) / 2 : full
  const plots = html("div", { class: "plots" }, ...PLOTS.map((plot) => plotOf(plot, data, x, beta, each, Math.min(330, Math.max(230, 0.7 * each)))))
  const table = html("div", { class: "rows", role: "table", "aria-label": "Value and slope of every curve at x" }, ...data.curves.map((curve) => rowOf(curve, x, beta)))
  patchChildren(root, [plots, table])
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const view = views.get(parentElement) ?? { x: null, held: false }
  views.set(parentElement, view)
  const told = data.hand.acts_x // by Python; as long as it says nothing new, x is where the browser has it
  if (!view.held && (told !== view.told || told === view.x)) view.x = null
  view.told = told
  const root = parentElement.querySelector(".activation")
  view.move = (x) => {
    view.x = x
    live.wake()
    instances.get(parentElement).redraw(true)
  }
  view.tell = () => view.x !== null && setTriggerValue("moved", view.x)
  listen(root, view)
  return follow(component, ".activation", (node, shown, width) => draw(node, shown, width, view))
}
