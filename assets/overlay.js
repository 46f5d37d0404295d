// Maps over a picture. The cells' numbers come as they are; what lies between the cells' centres is drawn here, so that strength and lines
// need no server. Pointing, or arrow keys, tells the number at a place, the nearest cell, and what that cell can see.
const SVG = "http://www.w3.org/2000/svg"
const looks = (window.effnetOverlay ??= { opacity: 0.7, cells: true })
const CHANGED = "effnet-overlay"

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  let at = 4 + length
  const take = (size) => bytes.slice(at, (at += size))
  head.photos = head.photos.map((size) => new Blob([take(size)]))
  for (const panel of head.panels) panel.values = new Float32Array(take(4 * panel.cells * panel.cells).buffer)
  return head
}

function said(value, signed) {
  const size = Math.abs(value)
  const text = value === 0 ? "0" : size >= 999.5 && size < 1e6 ? String(Math.round(value)) : value.toPrecision(3)
  return (signed && value > 0 ? "+" : "") + text.replace("-", "−")
}

function make(tag, name, text) {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  return node
}

// Where each of `size` pixels of the drawing lies between the centres of cells, as `spread_out` in effnet_core has it.
function places(panel, size) {
  return Array.from({ length: size }, (_, index) => between(panel, (index + 0.5) * panel.side / size - 0.5))
}

function between(panel, pixel) {
  const place = Math.min(panel.cells - 1, Math.max(0, (pixel - panel.first) / panel.step))
  const low = Math.min(Math.floor(place), Math.max(0, panel.cells - 2))
  return [low, Math.min(low + 1, panel.cells - 1), place - low]
}

function valueAt(panel, [top, bottom, down], [left, right, across]) {
  const { values, cells } = panel
  const line = (column) => values[top * cells + column] * (1 - down) + values[bottom * cells + column] * down
  return line(left) * (1 - across) + line(right) * across
}

function paint(panel, head) {
  const { canvas, bitmap } = panel
  const size = canvas.width
  const context = canvas.getContext("2d", { willReadFrequently: true })
  context.drawImage(bitmap, 0, 0, size, size)
  const image = context.getImageData(0, 0, size, size)
  const { data } = image
  const spots = places(panel, size)
  const { opacity } = looks
  for (let y = 0, at = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1, at += 4) {
      const share = panel.reach > 0 ? Math.min(1, Math.max(head.positive ? 0 : -1, valueAt(panel, spots[y], spots[x]) / panel.reach)) : 0
      const colour = share < 0 ? head.against : head.for
      const cover = opacity * Math.abs(share)
      const luma = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]
      for (let channel = 0; channel < 3; channel += 1) {
        const grey = data[at + channel] + Math.min(1, 2 * opacity) * (luma - data[at + channel])
        data[at + channel] = Math.round(grey + cover * (colour[channel] - grey))
      }
    }
  }
  context.putImageData(image, 0, 0)
}

// Lines half-way between the centres of cells; none where they would be closer than a few pixels.
function lines(panel, room) {
  const { first, step, cells, side } = panel
  if (!looks.cells || step / side * room < 7) return []
  const edges = Array.from({ length: cells - 1 }, (_, cell) => first + (cell + 0.5) * step + 0.5).filter((edge) => edge < side)
  return edges.flatMap((edge) => [{ x1: edge, x2: edge, y1: 0, y2: side }, { y1: edge, y2: edge, x1: 0, x2: side }])
    .map((ends) => shape("line", { class: "cell", ...ends }))
}

function nearest(panel, pixel) {
  return Math.min(panel.cells - 1, Math.max(0, Math.round((pixel - panel.first) / panel.step)))
}

function span(panel, cell) {
  const middle = panel.first + cell * panel.step
  const half = (panel.reach_px - 1) / 2
  const cut = (place) => Math.min(panel.side - 1, Math.max(0, place))
  return [Math.ceil(cut(middle - half)), Math.floor(cut(middle + half))]
}

function box(name, [left, right], [top, bottom], side) {
  const [x, y] = [Math.max(0, left), Math.max(0, top)]
  return shape("rect", { class: name, x, y, width: Math.min(side, right) - x, height: Math.min(side, bottom) - y })
}

// Draws what is pointed at: the nearest cell's own square, what it can see, and the place itself.
function mark(panel, place) {
  const drawn = lines(panel, panel.canvas.clientWidth || 200)
  if (place) {
    const [x, y] = place.map((part) => Math.min(panel.side - 1, Math.floor(part * panel.side)))
    const [column, row] = [nearest(panel, x), nearest(panel, y)]
    const edge = (cell) => panel.first + (cell - 0.5) * panel.step + 0.5
    const own = (cell) => [cell === 0 ? 0 : edge(cell), cell === panel.cells - 1 ? panel.side : edge(cell + 1)]
    const [across, down] = [span(panel, column), span(panel, row)]
    drawn.push(box("sees", [across[0], across[1] + 1], [down[0], down[1] + 1], panel.side), box("own", own(column), own(row), panel.side),
      shape("circle", { class: "spot", cx: x + 0.5, cy: y + 0.5, r: panel.side / 70 }))
  }
  panel.svg.replaceChildren(...drawn)
}

function readout(panel, head, place) {
  const [x, y] = place.map((part) => Math.min(panel.side - 1, Math.floor(part * panel.side)))
  const [column, row] = [nearest(panel, x), nearest(panel, y)]
  const value = panel.values[row * panel.cells + column]
  const here = valueAt(panel, between(panel, y), between(panel, x))
  const share = head.share ? `; over ${panel.cells ** 2} cells, it adds ${said(value / panel.cells ** 2, true)} to ${head.share}` : ""
  const [across, down] = [span(panel, column), span(panel, row)]
  return { here: said(here, true), text: `Pixel ${x} across, ${y} down: ${said(here, true)}. `
    + `${head.cell} in row ${row + 1}, column ${column + 1}, has ${said(value, true)}${share}. `
    + `${head.sees} pixels ${across[0]}–${across[1]} across, ${down[0]}–${down[1]} down.` }
}

function point(view, from, place) {
  for (const panel of view.head.panels) {
    mark(panel, place)
    panel.value.textContent = place ? readout(panel, view.head, place).here : ""
  }
  view.says.textContent = place ? readout(from, view.head, place).text : view.head.idle
}

function step(panel, place, [right, down]) {
  const move = (part, by) => {
    const cell = Math.min(panel.cells - 1, Math.max(0, nearest(panel, part * panel.side) + by))
    return Math.min(panel.side - 1, panel.first + cell * panel.step) / panel.side + 0.5 / panel.side
  }
  return [move(place?.[0] ?? 0.5, place ? right : 0), move(place?.[1] ?? 0.5, place ? down : 0)]
}

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }

function panelOf(panel, view) {
  const { head, pick } = view
  const node = make("figure", panel.id === head.chosen ? "panel chosen" : "panel")
  const stage = make("div", "stage")
  const svg = shape("svg", { viewBox: `0 0 ${panel.side} ${panel.side}`, "aria-hidden": true })
  Object.assign(panel, { canvas: make("canvas"), svg, value: make("output") })
  panel.canvas.width = panel.canvas.height = head.pixels
  stage.tabIndex = 0
  stage.setAttribute("role", head.pick ? "button" : "img")
  stage.setAttribute("aria-label", `${panel.title}, ${panel.note}. Arrow keys move from cell to cell${head.pick ? ", Enter chooses" : ""}.`)
  stage.dataset.id = panel.id
  stage.append(panel.canvas, panel.svg)
  const at = (event) => {
    const frame = stage.getBoundingClientRect()
    const parts = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height]
    return parts.map((part) => Math.min(0.9999, Math.max(0, part)))
  }
  stage.onpointermove = stage.onpointerdown = (event) => point(view, panel, (view.place = at(event)))
  stage.onpointerleave = () => point(view, panel, (view.place = null))
  stage.onblur = stage.onpointerleave
  stage.onclick = () => head.pick && pick(panel.id)
  stage.onkeydown = (event) => {
    if (ARROWS[event.key]) point(view, panel, (view.place = step(panel, view.place, ARROWS[event.key])))
    else if (head.pick && (event.key === "Enter" || event.key === " ")) pick(panel.id)
    else return
    event.preventDefault()
  }
  const caption = make("figcaption")
  caption.append(make("b", "", panel.title), panel.value, make("span", "note", panel.note))
  if (head.reach === null) caption.append(make("span", "note", `full colour at ${said(panel.reach)}`))
  node.append(stage, caption)
  return node
}

function barOf(head) {
  const bar = make("div", "scale")
  const rgb = (colour) => `rgb(${colour.join()})`
  const strip = make("i")
  strip.style.background = `linear-gradient(to right, ${head.positive ? "" : `${rgb(head.against)}, `}transparent, ${rgb(head.for)})`
  const ends = make("span")
  const end = (sign) => head.reach === null ? "full colour" : said(sign * head.reach, true)
  ends.append(make("b", "", head.positive ? "0" : end(-1)), make("span", "", head.what), make("b", "", end(1)))
  bar.append(strip, ends)
  return bar
}

function toolsOf(head) {
  const tools = make("div", "tools")
  const strength = make("label", "", "Strength of the map")
  const slider = Object.assign(make("input"), { type: "range", min: 0, max: 100, value: 100 * looks.opacity, className: "opacity" })
  const outline = make("label", "check")
  const box = Object.assign(make("input"), { type: "checkbox", checked: looks.cells, className: "outline" })
  const tell = () => window.dispatchEvent(new Event(CHANGED))
  slider.oninput = () => { looks.opacity = slider.value / 100; tell() }
  box.onchange = () => { looks.cells = box.checked; tell() }
  strength.append(slider)
  outline.append(box, "Cells where they really are")
  tools.append(strength, outline)
  return tools
}

function draw(view) {
  for (const panel of view.head.panels) {
    paint(panel, view.head)
    mark(panel, view.place)
  }
}

function build(root, view) {
  const { head } = view
  const focused = root.contains(root.getRootNode().activeElement) ? root.getRootNode().activeElement?.dataset?.id : undefined
  const panels = make("div", "panels")
  panels.style.setProperty("--size", `${head.size}px`)
  panels.style.setProperty("--most", `${head.most}px`)
  panels.append(...head.panels.map((panel) => panelOf(panel, view)))
  view.says = make("p", "says", head.idle)
  view.says.setAttribute("aria-live", "polite")
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", head.name)
  root.replaceChildren(panels, barOf(head), ...head.tools ? [toolsOf(head)] : [], view.says)
  draw(view)
  if (focused !== undefined) [...root.querySelectorAll(".stage")].find((stage) => stage.dataset.id === focused)?.focus()
}

const latest = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".overlay")
  const view = { head: unpack(data), place: null, pick: (id) => setTriggerValue("picked", id) }
  latest.set(parentElement, view)
  const again = () => latest.get(parentElement) === view && view.says && draw(view)
  Promise.all(view.head.photos.map((photo) => createImageBitmap(photo))).then((bitmaps) => {
    if (latest.get(parentElement) !== view) return // decoding takes a moment: only the newest may be drawn
    for (const panel of view.head.panels) panel.bitmap = bitmaps[panel.photo]
    build(root, view)
    window.addEventListener(CHANGED, again)
  })
  return () => window.removeEventListener(CHANGED, again)
}
