// The surface of all α, β, γ that promise the same work, and the candidates near it; it is turned by dragging, or by its two sliders.
const HIGHEST = 460
const START = { turn: 40, tilt: 24 } // degrees
const views = new WeakMap()

// From shares of the bounds to places on the screen; `depth` grows away from the eye.
function projector(view, width, high) {
  const [turn, tilt] = [view.turn * Math.PI / 180, view.tilt * Math.PI / 180]
  const size = Math.min((width - 90) / 1.5, (high - 64) / (Math.cos(tilt) + 1.42 * Math.sin(tilt)))
  return ([x, y, z]) => {
    const [u, v] = [(x - 0.5) * Math.cos(turn) - (y - 0.5) * Math.sin(turn), (x - 0.5) * Math.sin(turn) + (y - 0.5) * Math.cos(turn)]
    return {
      x: width / 2 + size * u, y: high / 2 - 8 - size * ((z - 0.5) * Math.cos(tilt) + v * Math.sin(tilt)),
      depth: v * Math.cos(tilt) - (z - 0.5) * Math.sin(tilt),
    }
  }
}

const corner = (axis, a, b, share) => {
  const others = [a, b]
  return [0, 1, 2].map((place) => place === axis ? share : others.shift())
}

// An axis stands on that edge of the box where it hides nothing: the lower ones in front, the upright one on the left.
function edgeOf(axis, project) {
  const choices = axis < 2 ? [[0, 0], [1, 0]] : [[0, 0], [0, 1], [1, 0], [1, 1]]
  const middle = ([a, b]) => project(corner(axis, a, b, 0.5))
  return choices.reduce((best, next) => (axis < 2 ? middle(next).y > middle(best).y : middle(next).x < middle(best).x) ? next : best)
}

// `taken`: where ticks of other axes stand already; at a corner that two of them share, the upright one leaves its own out.
function axisOf(data, axis, project, taken) {
  const [a, b] = edgeOf(axis, project)
  const [from, to] = [0, 1].map((share) => project(corner(axis, a, b, share)))
  const side = axis === 2 ? -1 : Math.sign((from.x + to.x) / 2 - project([0.5, 0.5, 0]).x) || 1
  const anchor = side < 0 ? "end" : "start"
  const place = (share, away) => {
    const at = project(corner(axis, a, b, share))
    return { x: at.x + side * away, y: at.y + (axis === 2 ? 4 : away * 0.9 + 4) }
  }
  const nodes = [element("line", { class: "axis", x1: from.x, y1: from.y, x2: to.x, y2: to.y })]
  for (const { at, text } of data.axes[axis].ticks) {
    const spot = place(at, 7)
    if (axis === 2 && taken.some((other) => Math.abs(other.x - spot.x) < 24 && Math.abs(other.y - spot.y) < 13)) continue
    taken.push(spot)
    nodes.push(words(text, { class: "tick", ...spot, "text-anchor": anchor }))
  }
  const title = axis === 2 ? { x: place(1, 0).x - 4, y: place(1, 0).y - 16, "text-anchor": "middle" } : { ...place(0.5, 26), "text-anchor": anchor }
  nodes.push(words(data.axes[axis].title, { class: "title", ...title }))
  return nodes
}

function boxOf(project) {
  const lines = []
  for (const axis of [0, 1, 2]) for (const a of [0, 1]) for (const b of [0, 1]) {
    const [from, to] = [0, 1].map((share) => project(corner(axis, a, b, share)))
    lines.push(element("line", { class: "grid", x1: from.x, y1: from.y, x2: to.x, y2: to.y }))
  }
  return lines
}

function sheetOf(data, project) {
  return data.sheet.map((piece) => piece.map(project)).sort((a, b) => b[0].depth - a[0].depth)
    .map((corners) => element("polygon", { class: "sheet", points: corners.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") }))
}

function pointOf(point, index, at, scale) {
  const radius = scale * (5.2 - 1.6 * at.depth)
  const shape = point.paper
    ? element("polygon", { class: "body paper", points: [[0, -9], [9, 0], [0, 9], [-9, 0]].map(([x, y]) => `${at.x + x},${at.y + y}`).join(" "), fill: point.colour })
    : element("circle", { class: "body", cx: at.x, cy: at.y, r: radius, fill: point.colour })
  const parts = [element("circle", { class: "reach", cx: at.x, cy: at.y, r: 10 }), shape]
  if (point.chosen) parts.push(element("circle", { class: "ring", cx: at.x, cy: at.y, r: point.paper ? 14 : 10 }))
  const mark = markOf(point, index, point.chosen, ...parts)
  return mark
}

function fill(svg, data, view, width, high) {
  const project = projector(view, width, high)
  const places = data.points.map(({ at }) => project(at))
  const ties = data.ties.map(([a, b]) => element("line", { class: "tie", x1: places[a].x, y1: places[a].y, x2: places[b].x, y2: places[b].y }))
  const scale = data.points.length > 300 ? 0.6 : 1
  const order = places.map((_, index) => index).sort((a, b) => places[b].depth - places[a].depth)
  const marks = order.map((index) => pointOf(data.points[index], index, places[index], scale))
  const names = order.filter((index) => data.points[index].paper)
    .map((index) => words("the paper’s", { class: "name", x: places[index].x, y: places[index].y - 21, "text-anchor": "middle" }))
  const taken = []
  const axes = [0, 1, 2].flatMap((axis) => axisOf(data, axis, project, taken))
  svg.replaceChildren(...boxOf(project), ...sheetOf(data, project), ...axes, ...ties, ...marks, ...names)
}

function scaleOf({ colours, low, high, title }) {
  const strip = html("i", { style: `background: linear-gradient(90deg, ${colours.join(", ")})` })
  return html("div", { class: "scale" }, html("span", {}, title), html("span", {}, low), strip, html("span", {}, high))
}

// Dragging turns; a drag that ends on a mark does not pick it.
function turnable(svg, view, redraw) {
  let last = null
  let moved = false
  svg.onpointerdown = (event) => { last = event; moved = false }
  svg.onpointermove = (event) => {
    if (!last || !event.buttons) return
    const [right, down] = [event.clientX - last.clientX, event.clientY - last.clientY]
    if (!moved && Math.hypot(right, down) < 5) return
    if (!moved) svg.setPointerCapture(event.pointerId)
    moved = true
    last = event
    view.turn = (view.turn + right * 0.5 + 540) % 360 - 180
    view.tilt = Math.max(0, Math.min(90, view.tilt + down * 0.4))
    redraw()
  }
  svg.onpointerup = svg.onpointercancel = () => {
    last = null
    setTimeout(() => { moved = false }) // after the click that ends the drag
  }
  svg.addEventListener("click", (event) => { if (moved) event.stopImmediatePropagation() }, true)
}

function slider(label, key, low, high, view, redraw) {
  const input = html("input", { type: "range", min: low, max: high, step: 1, "aria-label": label })
  input.value = view[key]
  input.oninput = () => {
    view[key] = Number(input.value)
    redraw()
  }
  return { input, node: html("label", {}, label, input) }
}

function draw(root, data, view, pick) {
  const width = Math.max(280, root.clientWidth)
  const high = Math.min(HIGHEST, width)
  const svg = element("svg", { width, height: high, role: "toolbar", "aria-label": `${data.title}; arrow keys move from candidate to candidate, Enter selects` })
  const note = html("div", { class: "note" })
  const chosen = data.points.find((point) => point.chosen && point.paper) ?? data.points.find((point) => point.chosen)
  const say = (mark) => { note.textContent = mark ? data.points[Number(mark.dataset.index)].label : chosen?.label ?? "" }
  const redraw = () => {
    fill(svg, data, view, width, high)
    pickable(svg, pick)
    turn.input.value = view.turn
    tilt.input.value = view.tilt
  }
  const turn = slider("Turn", "turn", -180, 180, view, () => redraw())
  const tilt = slider("Tilt", "tilt", 0, 90, view, () => redraw())
  turnable(svg, view, redraw)
  svg.onpointerover = (event) => say(event.target.closest?.(".mark"))
  svg.onpointerleave = () => say(null)
  svg.addEventListener("focusin", (event) => say(event.target.closest?.(".mark")))
  root.replaceChildren(note, svg, html("div", { class: "below" }, turn.node, tilt.node, scaleOf(data.scale)))
  redraw()
  say(null)
}

export default function (component) {
  const { data, setTriggerValue, parentElement } = component
  const view = views.get(parentElement) ?? { ...START }
  views.set(parentElement, view)
  return follow(component, ".surface", (root) => draw(root, data, view, (id) => setTriggerValue("picked", id)))
}
