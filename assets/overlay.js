// Maps over a picture. The cells' numbers come as they are; what lies between the cells' centres is drawn here, so that strength and lines
// need no server. Pointing, or arrow keys, tells the number at a place, the nearest cell, and what that cell can see.
const CHANGED = "effnet-overlay"

function read(bytes) {
  const { head, take, file } = unpack(bytes)
  head.photos = head.photos.map(file)
  for (const panel of head.panels) panel.values = take(panel.cells * panel.cells)
  return head
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
  const node = tag("figure", panel.id === head.chosen ? "panel chosen" : "panel")
  const stage = tag("div", "stage")
  const svg = shape("svg", { viewBox: `0 0 ${panel.side} ${panel.side}`, "aria-hidden": true })
  Object.assign(panel, { canvas: tag("canvas"), svg, value: tag("output") })
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
  const caption = tag("figcaption")
  caption.append(tag("b", "", panel.title), panel.value, tag("span", "note", panel.note))
  if (head.reach === null) caption.append(tag("span", "note", `full colour at ${said(panel.reach)}`))
  node.append(stage, caption)
  return node
}

function barOf(head) {
  const bar = tag("div", "scale")
  const rgb = (colour) => `rgb(${colour.join()})`
  const strip = tag("i")
  strip.style.background = `linear-gradient(to right, ${head.positive ? "" : `${rgb(head.against)}, `}transparent, ${rgb(head.for)})`
  const ends = tag("span")
  const end = (sign) => head.reach === null ? "full colour" : said(sign * head.reach, true)
  ends.append(tag("b", "", head.positive ? "0" : end(-1)), tag("span", "", head.what), tag("b", "", end(1)))
  bar.append(strip, ends)
  return bar
}

function toolsOf() {
  const strength = tag("label", "", "Strength of the map")
  const slider = Object.assign(tag("input"), { type: "range", min: 0, max: 100, value: 100 * looks.opacity, className: "opacity" })
  const outline = tag("label", "check")
  const box = Object.assign(tag("input"), { type: "checkbox", checked: looks.cells, className: "outline" })
  const tell = () => window.dispatchEvent(new Event(CHANGED))
  slider.oninput = () => { looks.opacity = slider.value / 100; tell() }
  box.onchange = () => { looks.cells = box.checked; tell() }
  strength.append(slider)
  outline.append(box, "Cells where they really are")
  return [strength, outline]
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
  const panels = tag("div", "panels")
  panels.style.setProperty("--size", `${head.size}px`)
  panels.style.setProperty("--most", `${head.most}px`)
  panels.append(...head.panels.map((panel) => panelOf(panel, view)))
  view.says = tag("p", "says", head.idle)
  view.says.setAttribute("aria-live", "polite")
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", head.name)
  const tools = tag("div", "tools")
  tools.append(...head.tools ? toolsOf() : [], ...head.file ? [downloadsOf(root, () => ({ title: head.name, file: head.file }), ".tools, .says, output")] : [])
  root.replaceChildren(panels, barOf(head), ...tools.childElementCount ? [tools] : [], view.says)
  draw(view)
  if (focused !== undefined) [...root.querySelectorAll(".stage")].find((stage) => stage.dataset.id === focused)?.focus()
}

const close = (view) => view?.bitmaps.forEach((bitmap) => bitmap.close())

// Decoding takes a moment: only what came last is drawn. The picture before it is given up, and so is one that comes too late.
async function show(mounted, root, view) {
  mounted.latest = view
  view.bitmaps = await Promise.all(view.head.photos.map((photo) => createImageBitmap(photo)))
  if (mounted.latest !== view) return close(view)
  close(mounted.view)
  mounted.view = view
  for (const panel of view.head.panels) panel.bitmap = view.bitmaps[panel.photo]
  build(root, view)
}

function mount(places, parentElement) {
  const mounted = { view: null, latest: null, again: () => mounted.view && draw(mounted.view) }
  places.set(parentElement, mounted)
  window.addEventListener(CHANGED, mounted.again)
  return mounted
}

const mounts = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const mounted = mounts.get(parentElement) ?? mount(mounts, parentElement)
  const view = { head: read(data), place: null, pick: (id) => setTriggerValue("picked", id) }
  show(mounted, parentElement.querySelector(".overlay"), view)
  return () => {
    window.removeEventListener(CHANGED, mounted.again)
    close(mounted.view)
    mounted.view = mounted.latest = null
    mounts.delete(parentElement)
  }
}
