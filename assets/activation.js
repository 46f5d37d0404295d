// Curves of activations and of their derivatives, computed as in effnet_core/lessons/activations.py; a point is dragged along them.
const REACH = 8
const ROOM = { left: 34, right: 10, top: 26, bottom: 34 }
const PLOTS = [
  { title: "f(x)", low: -2, high: 7, ticks: [-2, 0, 2, 4, 6], slope: false },
  { title: "f′(x), its slope", low: -0.6, high: 1.6, ticks: [-0.5, 0, 0.5, 1, 1.5], slope: true },
]

const relu6 = (x) => clamp(x, 0, 6)
const ACTIVATIONS = {
  swish: {
    value: (x, beta) => x * sigmoid(beta * x), kinks: [],
    slope: (x, beta) => sigmoid(beta * x) + beta * x * (sigmoid(beta * x) * sigmoid(-(beta * x))),
    say: (x, beta) => `x · σ(${beta === 1 ? "" : "β"}x) = ${written(x, 2)} · ${written(sigmoid(beta * x), 6)}`,
  },
  ReLU: { value: (x) => Math.max(0, x), slope: (x) => x > 0 ? 1 : 0, kinks: [0], say: (x) => `max(0, x) = max(0, ${written(x, 2)})` },
  ReLU6: {
    value: relu6, slope: (x) => x > 0 && x < 6 ? 1 : 0, kinks: [0, 6],
    say: (x) => `min(6, max(0, x)) = min(6, ${written(Math.max(0, x), 2)})`,
  },
  "hard-swish": {
    value: (x) => x * relu6(x + 3) / 6, slope: (x) => x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5, kinks: [-3, 3],
    say: (x) => `x · ReLU6(x + 3) / 6 = ${written(x, 2)} · ${written(relu6(x + 3), 2)} / 6`,
  },
  sigmoid: {
    value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x), kinks: [],
    say: (x) => `1 / (1 + e^−x) = 1 / (1 + ${written(Math.exp(-x), 5)})`,
  },
}

const rounded = (x) => clamp(Math.round(100 * x) / 100, -REACH, REACH)

function scales(plot, width, height) {
  return {
    x: (value) => ROOM.left + (value + REACH) / (2 * REACH) * (width - ROOM.left - ROOM.right),
    y: (value) => ROOM.top + (plot.high - value) / (plot.high - plot.low) * (height - ROOM.top - ROOM.bottom),
  }
}

function axesOf(plot, at, width, height, id) {
  const [left, right, bottom] = [at.x(-REACH), at.x(REACH), height - ROOM.bottom]
  const within = element("rect", { x: left, y: ROOM.top, width: right - left, height: bottom - ROOM.top })
  const parts = [element("clipPath", { id }, within)]
  for (const tick of plot.ticks) {
    const y = at.y(tick)
    parts.push(lineAt(tick ? "grid" : "zero", [left, y], [right, y]), labelAt(written(tick, plot.slope ? 1 : 0), left - 5, y + 4, "end"))
  }
  for (const tick of [-8, -4, 0, 4, 8]) {
    const x = at.x(tick)
    parts.push(lineAt(tick ? "grid" : "zero", [x, ROOM.top], [x, bottom]), labelAt(written(tick, 0), x, bottom + 16, "middle"))
  }
  return [...parts, labelAt(plot.title, left, 15, "start", "title"), labelAt("x", right, height - 4, "end")]
}

// Through every 25th part of x, the kinks among them; a jump of a slope is drawn as a line.
function pathOf(of, at, beta) {
  const points = []
  for (let step = -200; step <= 200; step += 1) {
    const x = step / 25
    points.push(`${at.x(x).toFixed(1)},${at.y(of(x, beta)).toFixed(1)}`)
  }
  return `M${points.join("L")}`
}

function curveOf(curve, plot, at, x, beta, id) {
  const { value, slope } = ACTIVATIONS[curve.name]
  const [height, steep] = [value(x, beta), slope(x, beta)]
  const line = { class: "curve", d: pathOf(plot.slope ? slope : value, at, beta), stroke: curve.colour, "stroke-dasharray": curve.dashes }
  const parts = [element("path", line)]
  if (!plot.slope) {
    const [from, to] = [-2.5, 2.5].map((step) => [at.x(x + step), at.y(height + step * steep)])
    parts.push(lineAt("tangent", from, to, { stroke: curve.colour }))
  }
  parts.push(element("circle", { class: "dot", cx: at.x(x), cy: at.y(plot.slope ? steep : height), r: 5, fill: curve.colour }))
  return element("g", { "clip-path": `url(#${id})` }, ...parts)
}

function plotOf(plot, data, x, beta, width, height) {
  const at = scales(plot, width, height)
  const id = `within${plot.slope ? "Slope" : "Value"}`
  const said = data.curves.map(({ name }) => `${name} ${written(ACTIVATIONS[name][plot.slope ? "slope" : "value"](x, beta), 2)}`).join(", ")
  const svg = svgOf(width, height, `${plot.title}; arrow keys move x, with Shift by one`, { tabindex: 0, role: "slider", "data-id": id,
    "aria-valuemin": -REACH, "aria-valuemax": REACH, "aria-valuenow": x, "aria-valuetext": `x = ${written(x, 2)}: ${said}` })
  svg.append(...axesOf(plot, at, width, height, id), lineAt("place", [at.x(x), ROOM.top], [at.x(x), height - ROOM.bottom]),
    ...data.curves.map((curve) => curveOf(curve, plot, at, x, beta, id)),
    labelAt(`x = ${written(x, 2)}`, clamp(at.x(x), ROOM.left + 34, width - 40), height - 4, "middle", "here"))
  return svg
}

function rowOf(curve, x, beta) {
  const known = ACTIVATIONS[curve.name]
  const [value, slope] = [known.value(x, beta), known.slope(x, beta)]
  const look = { stroke: curve.colour, "stroke-width": 3, "stroke-dasharray": curve.dashes }
  const line = element("svg", { width: 30, height: 12, "aria-hidden": true }, lineAt("sample", [1, 6], [29, 6], look))
  const cell = (kind, ...children) => html("span", { role: "cell", class: kind }, ...children)
  return html("div", { class: "row", role: "row", "data-name": curve.name, "data-value": value, "data-slope": slope },
    cell("name", line, html("b", {}, curve.name)), cell("formula", known.say(x, beta)), cell("number", `f = ${written(value)}`),
    cell("number", `f′ = ${written(slope)}${known.kinks.includes(x) ? " at a kink" : ""}`))
}

function placeOf(svg, event) {
  const width = svg.width.baseVal.value - ROOM.left - ROOM.right
  return rounded((placeIn(svg, event)[0] - ROOM.left) / width * 2 * REACH - REACH)
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
  const rows = data.curves.map((curve) => rowOf(curve, x, beta))
  const table = html("div", { class: "rows", role: "table", "aria-label": "Value and slope of every curve at x" }, ...rows)
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
