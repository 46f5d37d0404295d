// One map large over the picture that the model sees, and for any of its cells the square of pixels that the cell can see.
const MODES = { map: "map", photo: "picture", both: "both" }

function read(bytes) {
  const { head, take } = unpack(bytes)
  return { ...head, colours: take(768, Uint8Array), values: take(head.grid.cells ** 2) }
}

// The cell whose square a pixel lies in; beyond the outermost centres the outermost one.
function squares(it, place) {
  const near = Array.from({ length: it.grid.side }, (_, pixel) => cellAt(it.grid, pixel))
  near.forEach((row, y) => near.forEach((column, x) => place(y * it.grid.side + x, it.values[row * it.grid.cells + column])))
}

// Straight lines between the centres of cells, the outermost value beyond them.
function smooth(it, place) {
  const { cells, side, first, step } = it.grid
  const along = Array.from({ length: side }, (_, pixel) => {
    const where = Math.min(cells - 1, Math.max(0, (pixel - first) / step))
    const low = Math.min(Math.floor(where), Math.max(0, cells - 2))
    return [low, Math.min(low + 1, cells - 1), where - low]
  })
  along.forEach(([top, bottom, down], y) => along.forEach(([left, right, across], x) => {
    const row = (column) => it.values[top * cells + column] * (1 - down) + it.values[bottom * cells + column] * down
    place(y * side + x, row(left) * (1 - across) + row(right) * across)
  }))
}

function drawMap(it) {
  const { side } = it.data.grid
  it.canvas.width = it.canvas.height = side
  const brush = it.canvas.getContext("2d")
  const image = brush.createImageData(side, side)
  const way = it.smooth.checked ? smooth : squares
  way(it.data, (pixel, value) => paint(image.data, pixel, levelOf(value, it.data.reach), it.data.colours))
  brush.putImageData(image, 0, 0)
  it.root.dataset.drawn = `${it.data.layer} ${it.data.channel} ${it.data.scope}`
}

function choiceOf(it, [mode, words]) {
  const input = node("input", "")
  Object.assign(input, { type: "radio", name: "mode", value: mode, checked: mode === it.mode })
  input.onchange = () => {
    it.mode = mode
    show(it)
  }
  return node("label", "choice", input, words)
}

function aboutOf({ data }) {
  return { title: `${data.layer}, channel ${data.channel}${data.stamp ? ` (${data.stamp})` : ""}`, file: `${data.file}-channel-${data.channel}` }
}

function build(root) {
  const it = { root, mode: "both", cell: null, pinned: null, canvas: node("canvas", ""), photo: node("img", ""), marks: element("svg", { "aria-hidden": true }),
    said: node("p", "said"), low: node("b", ""), high: node("b", ""), middle: node("span", ""), bar: node("i", ""), opacity: node("input", ""), smooth: node("input", ""),
    ask: node("button", "ask", "How is this cell computed?") }
  it.stack = node("div", "stack", it.photo, it.canvas, it.marks)
  it.photo.alt = ""
  it.canvas.setAttribute("aria-hidden", true)
  it.stack.tabIndex = 0
  it.stack.setAttribute("role", "application")
  it.said.setAttribute("aria-live", "polite")
  Object.assign(it.opacity, { type: "range", min: 0, max: 100, value: 85 })
  it.opacity.setAttribute("aria-label", "How opaque the map is, in percent")
  it.smooth.type = "checkbox"
  it.ask.type = "button"
  const modes = node("div", "modes", ...Object.entries(MODES).map((choice) => choiceOf(it, choice)))
  modes.setAttribute("role", "radiogroup")
  modes.setAttribute("aria-label", "What is shown")
  root.replaceChildren(it.stack, node("div", "scale", it.bar, node("span", "ends", it.low, it.middle, it.high)),
    node("div", "tools", modes, node("label", "choice", "opacity", it.opacity), node("label", "choice", it.smooth, "smooth"),
      downloadsOf(root, () => aboutOf(it), ".tools, .said, .ask")), it.said, it.ask)
  return it
}

function show(it) {
  it.photo.style.visibility = it.mode === "map" ? "hidden" : "visible"
  it.canvas.style.opacity = { map: 1, photo: 0, both: it.opacity.value / 100 }[it.mode]
  it.canvas.style.mixBlendMode = it.mode === "both" ? it.data.blend : "normal" // where the map is near zero, the picture stays as it is
  it.opacity.disabled = it.mode !== "both"
}

const outlined = (attributes) => ["outer", "inner"].map((kind) => element("rect", { class: kind, fill: "none", ...attributes }))

function drawMarks(it) {
  const { grid } = it.data
  it.marks.setAttribute("viewBox", `0 0 ${grid.side} ${grid.side}`)
  if (!it.cell) return it.marks.replaceChildren()
  const [row, column] = it.cell
  const [[left, right], [top, bottom]] = [spanOf(grid, column), spanOf(grid, row)]
  const [x, y] = [centreOf(grid, column) + 0.5, centreOf(grid, row) + 0.5] // pixel p lies from p to p + 1
  const half = grid.step / 2
  const sees = element("g", { class: "sees", "data-box": [left, top, right, bottom].join(" ") },
    ...outlined({ x: left, y: top, width: right - left + 1, height: bottom - top + 1 }))
  const own = element("g", { class: "cell" }, ...outlined({ x: x - half, y: y - half, width: grid.step, height: grid.step }))
  it.marks.replaceChildren(sees, own, element("circle", { class: "centre", cx: x, cy: y, r: grid.side / 90 }))
}

function say(it) {
  const { grid, values } = it.data
  it.ask.hidden = !(it.data.ask && it.cell)
  if (!it.cell) {
    it.said.textContent = "Point at a cell, or focus the map and use the arrow keys: its value, and the square of pixels that it can see. A click keeps it."
    return
  }
  const [row, column] = it.cell
  const [[left, right], [top, bottom]] = [spanOf(grid, column), spanOf(grid, row)]
  const [width, height] = [right - left + 1, bottom - top + 1]
  const cut = width < grid.reach || height < grid.reach ? `, of which ${width} × ${height} lie in the picture` : ""
  it.said.textContent = `Row ${row}, column ${column}: ${number(values[row * grid.cells + column])}. Centre at pixel ${centreOf(grid, column)} across, `
    + `${centreOf(grid, row)} down; it can see ${grid.reach} × ${grid.reach} pixels${cut}.`
}

function at(it, cell) {
  it.cell = cell
  drawMarks(it)
  say(it)
}

function cellOf(it, event) {
  const box = it.stack.getBoundingClientRect()
  const pixel = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width].map((part) => part * it.data.grid.side - 0.5)
  return pixel.map((place) => cellAt(it.data.grid, place))
}

function move(it, event) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key]
  if (!step) return
  event.preventDefault()
  const last = it.data.grid.cells - 1
  const from = it.cell ?? [Math.floor(last / 2), Math.floor(last / 2)]
  it.pinned = it.cell ? from.map((place, axis) => Math.min(last, Math.max(0, place + step[axis]))) : from
  at(it, it.pinned)
}

// The picture comes as an image of the page, which the browser keeps; sent along with every map it would cost more than the map.
function photoFrom(it) {
  const found = document.querySelector(`.st-key-${it.data.photo} img`)
  if (found && found.src !== it.photo.src) it.photo.src = found.src
  if (!found) requestAnimationFrame(() => it.root.isConnected && photoFrom(it))
}

function listen(it) {
  it.stack.onpointermove = (event) => at(it, cellOf(it, event))
  it.stack.onpointerleave = () => at(it, it.pinned)
  it.stack.onclick = (event) => at(it, it.pinned = cellOf(it, event))
  it.stack.onkeydown = (event) => move(it, event)
  it.opacity.oninput = () => show(it)
  it.smooth.onchange = () => drawMap(it)
  it.ask.onclick = () => it.asked(it.cell)
  it.told = ({ detail }) => {
    if (detail.layer !== it.data.layer || detail.channel === it.data.channel || !detail.values) return
    it.data = { ...it.data, channel: detail.channel, values: detail.values, reach: detail.reach }
    update(it)
  }
  shown.addEventListener("map", it.told)
}

function update(it) {
  const { data } = it
  const last = data.grid.cells - 1
  it.bar.style.background = `linear-gradient(to right, ${data.scale.join(", ")})`
  it.low.textContent = number(-data.reach)
  it.high.textContent = number(data.reach)
  it.middle.textContent = [`channel ${data.channel}`, data.stamp].filter(Boolean).join(" · ")
  it.stack.setAttribute("aria-label", `Map of channel ${data.channel}: ${data.layer}, over the picture; arrow keys move from cell to cell`)
  it.pinned = it.pinned && it.pinned.map((place) => Math.min(last, place))
  drawMap(it)
  show(it)
  at(it, it.pinned)
}

const lenses = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const it = lenses.get(parentElement) ?? build(parentElement.querySelector(".lens"))
  const known = lenses.has(parentElement)
  const before = it.data
  it.data = read(data)
  it.asked = (cell) => setTriggerValue("asked", cell)
  if (before && before.layer !== it.data.layer) it.pinned = null
  if (!known) listen(it)
  lenses.set(parentElement, it)
  photoFrom(it)
  update(it)
  tell({ layer: it.data.layer, channel: it.data.channel })
  return () => {
    shown.removeEventListener("map", it.told)
    lenses.delete(parentElement)
  }
}
