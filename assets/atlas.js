// A mosaic of any number of maps: one canvas as large as its window, which draws what is in sight. Arrow keys move, Enter and click pick.
const GAP = 6
const LABEL = 32

function sheetOf(data) {
  const { head, cells, reach, colours, channels } = data
  const columns = Math.ceil(Math.sqrt(channels.length))
  const sheet = document.createElement("canvas")
  sheet.width = columns * head.width
  sheet.height = Math.ceil(channels.length / columns) * head.height
  const brush = sheet.getContext("2d")
  const image = brush.createImageData(head.width, head.height)
  const size = head.width * head.height
  channels.forEach((_, tile) => {
    for (let i = 0; i < size; i += 1) {
      const cell = cells[tile * size + i]
      paint(image.data, i, head.exact ? levelOf(cell, reach[tile]) : cell, colours)
    }
    brush.putImageData(image, tile % columns * head.width, Math.floor(tile / columns) * head.height)
  })
  return { sheet, columns }
}

function unpack(bytes) {
  const { head, take } = reader(bytes)
  const data = { head, colours: take(Uint8Array, 768), channels: take(Uint16Array, head.count), dead: take(Uint8Array, head.count),
    reach: take(Float32Array, head.count), notes: take(Float32Array, head.count),
    cells: take(head.exact ? Float32Array : Uint8Array, head.count * head.width * head.height) }
  return { ...data, ...sheetOf(data) }
}

function build(root) {
  const canvas = node("canvas", "")
  const option = node("div", "unseen")
  const view = node("div", "view", canvas, node("div", "space"), option)
  const said = node("p", "said")
  option.id = "current"
  option.setAttribute("role", "option")
  option.setAttribute("aria-selected", true)
  said.setAttribute("aria-live", "polite")
  canvas.setAttribute("aria-hidden", true)
  view.tabIndex = 0
  view.setAttribute("role", "listbox")
  view.setAttribute("aria-activedescendant", "current")
  root.replaceChildren(view, said)
  return { root, view, canvas, option, said, space: view.querySelector(".space"), cursor: 0, pointed: null, waiting: false }
}

function layOut(it) {
  const { count, size } = it.data.head
  const room = it.view.clientWidth
  const columns = Math.max(1, Math.min(count, Math.floor((room + GAP) / (size + GAP))))
  const tile = Math.min(2 * size, Math.floor((room + GAP) / columns) - GAP)
  const rows = Math.ceil(count / columns)
  const height = Math.round(tile * it.data.head.height / it.data.head.width)
  it.plan = { columns, rows, tile, height, across: tile + GAP, down: height + LABEL, total: rows * (height + LABEL) }
  it.space.style.height = `${Math.max(0, it.plan.total - it.canvas.clientHeight)}px` // so that the window has its full height before it is asked for it
  const visible = Math.min(it.view.clientHeight, it.plan.total)
  const scale = window.devicePixelRatio || 1
  if (it.canvas.width !== Math.round(room * scale) || it.canvas.height !== Math.round(visible * scale)) {
    it.canvas.width = Math.round(room * scale)
    it.canvas.height = Math.round(visible * scale)
    it.canvas.style.width = `${room}px`
    it.canvas.style.height = `${visible}px`
  }
  it.space.style.height = `${it.plan.total - visible}px`
}

const noteOf = ({ data }, tile) => Number.isNaN(data.notes[tile]) ? "" : `${data.head.signed && data.notes[tile] > 0 ? "+" : ""}${number(data.notes[tile], data.head.signed ? 2 : 3)}`

function label(brush, it, tile, x, y, style) {
  const [channel, dead] = [it.data.channels[tile], it.data.dead[tile]]
  brush.fillStyle = style.ink
  brush.font = `600 12px ${style.font}`
  brush.fillText(dead ? `${channel} constant` : channel, x, y + 13, it.plan.tile)
  brush.font = `12px ${style.font}`
  brush.fillText(noteOf(it, tile), x, y + 26, it.plan.tile)
}

function frame(brush, { plan }, x, y, colour, width, dash = []) {
  brush.strokeStyle = colour
  brush.lineWidth = width
  brush.setLineDash(dash)
  brush.strokeRect(x - 1.5, y - 1.5, plan.tile + 3, plan.height + 3)
  brush.setLineDash([])
}

function drawTile(brush, it, tile, style) {
  const { plan, data } = it
  const { width, height } = data.head
  const x = 3 + tile % plan.columns * plan.across
  const y = 3 + Math.floor(tile / plan.columns) * plan.down - it.view.scrollTop
  brush.drawImage(data.sheet, tile % data.columns * width, Math.floor(tile / data.columns) * height, width, height, x, y, plan.tile, plan.height)
  label(brush, it, tile, x, y + plan.height, style)
  if (data.dead[tile]) frame(brush, it, x, y, style.ink, 1, [3, 3])
  if (shown.now?.layer === data.head.layer && shown.now.channel === data.channels[tile]) frame(brush, it, x, y, style.ink, 3)
  else if (it.pointed?.tile === tile) frame(brush, it, x, y, style.faint, 2)
  if (it.focused && it.cursor === tile) frame(brush, it, x, y, style.accent, 2.5)
}

function draw(it) {
  it.waiting = false
  layOut(it)
  const looks = getComputedStyle(it.root)
  const style = { ink: looks.color, font: looks.fontFamily, accent: looks.getPropertyValue("--st-primary-color"), faint: looks.getPropertyValue("--st-border-color") }
  const brush = it.canvas.getContext("2d")
  const scale = it.canvas.width / it.view.clientWidth
  brush.setTransform(scale, 0, 0, scale, 0, 0)
  brush.clearRect(0, 0, it.view.clientWidth, it.canvas.height)
  brush.imageSmoothingEnabled = false
  const first = Math.floor(it.view.scrollTop / it.plan.down)
  const last = Math.ceil((it.view.scrollTop + it.canvas.height / scale) / it.plan.down)
  for (let tile = first * it.plan.columns; tile < Math.min(it.data.head.count, last * it.plan.columns); tile += 1) drawTile(brush, it, tile, style)
  it.root.dataset.drawn = `${it.data.head.layer} ${it.data.head.scope} ${it.data.head.order} ${first}`
}

function wake(it) {
  if (it.waiting) return
  it.waiting = true
  requestAnimationFrame(() => draw(it))
}

function tileAt(it, event) {
  const box = it.canvas.getBoundingClientRect()
  const [x, y] = [event.clientX - box.left - 3, event.clientY - box.top - 3 + it.view.scrollTop]
  const [column, row] = [Math.floor(x / it.plan.across), Math.floor(y / it.plan.down)]
  const tile = row * it.plan.columns + column
  if (column < 0 || column >= it.plan.columns || row < 0 || tile >= it.data.head.count) return null
  const { width, height } = it.data.head
  const cell = [(y - row * it.plan.down) / it.plan.height * height, (x - column * it.plan.across) / it.plan.tile * width].map(Math.floor)
  return { tile, cell: cell[0] < height && cell[1] < width ? cell : null }
}

// In words: a cell's exact value where the numbers are here, else the middle of what its colour stands for.
function cellWords(it, tile, [row, column]) {
  const { head, cells, reach } = it.data
  const value = cells[(tile * head.height + row) * head.width + column]
  const words = head.exact ? number(value) : value === NOT_FINITE ? "not finite" : `≈ ${number((value / 126 - 1) * reach[tile], 2)}`
  if (head.thin === 1) return `row ${row}, column ${column}: ${words} · ${wordsOf(head.grid, row, column)}`
  const [rows, columns] = [row, column].map((place) => `${place * head.thin} to ${Math.min(head.grid.cells, (place + 1) * head.thin) - 1}`)
  return `mean of rows ${rows}, columns ${columns}: ${words}`
}

function tileWords(it, tile) {
  const note = noteOf(it, tile)
  return `channel ${it.data.channels[tile]}${note ? ` · ${it.data.head.note} ${note}` : ""}${it.data.dead[tile] ? " · constant on this picture" : ""}${it.data.head.stamp ? ` · ${it.data.head.stamp}` : ""}`
}

function say(it) {
  const tile = it.pointed?.tile ?? it.cursor
  const words = tileWords(it, tile)
  it.said.textContent = it.pointed?.cell ? `${words} · ${cellWords(it, tile, it.pointed.cell)}` : words
  it.option.textContent = words
  it.option.setAttribute("aria-posinset", it.cursor + 1)
  it.option.setAttribute("aria-setsize", it.data.head.count)
}

function point(it, event) {
  it.pointed = tileAt(it, event)
  it.view.style.cursor = it.pointed ? "pointer" : ""
  say(it)
  wake(it)
}

function pick(it, tile) {
  const { head, channels, reach, cells } = it.data
  const size = head.width * head.height
  it.cursor = tile
  tell({ layer: head.layer, channel: channels[tile], reach: reach[tile], values: head.exact ? cells.slice(tile * size, (tile + 1) * size) : null })
  it.picked(channels[tile])
}

function move(it, event) {
  const last = it.data.head.count - 1
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: it.plan.columns, ArrowUp: -it.plan.columns, Home: -it.cursor, End: last - it.cursor }[event.key]
  if (event.key === "Enter" || event.key === " ") pick(it, it.cursor)
  else if (step === undefined) return
  else if (it.cursor + step >= 0 && it.cursor + step <= last) it.cursor += step
  event.preventDefault()
  const top = Math.floor(it.cursor / it.plan.columns) * it.plan.down
  const below = top + it.plan.down - it.view.clientHeight
  if (top < it.view.scrollTop) it.view.scrollTop = top
  else if (below > it.view.scrollTop) it.view.scrollTop = below
  it.pointed = null
  say(it)
  wake(it)
}

// The keyboard sets out from the map that is shown large.
function follow(it) {
  const place = shown.now?.layer === it.data.head.layer ? it.data.channels.indexOf(shown.now.channel) : -1
  if (it.focused || place < 0) return
  it.cursor = place
  say(it)
}

function listen(it) {
  it.view.onpointermove = (event) => point(it, event)
  it.view.onpointerleave = () => {
    it.pointed = null
    say(it)
    wake(it)
  }
  it.view.onclick = (event) => {
    point(it, event)
    if (it.pointed) pick(it, it.pointed.tile)
  }
  it.view.onkeydown = (event) => move(it, event)
  it.view.onscroll = () => wake(it)
  for (const [kind, focused] of [["focus", true], ["blur", false]]) it.view.addEventListener(kind, () => {
    it.focused = focused && it.view.matches(":focus-visible")
    wake(it)
  })
  it.told = () => {
    follow(it)
    wake(it)
  }
  shown.addEventListener("map", it.told)
  it.observer = new ResizeObserver(() => wake(it))
  it.observer.observe(it.view)
}

const mosaics = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const it = mosaics.get(parentElement) ?? build(parentElement.querySelector(".atlas"))
  if (!mosaics.has(parentElement)) listen(it)
  mosaics.set(parentElement, it)
  const before = it.data?.head
  it.data = unpack(data)
  it.picked = (channel) => setTriggerValue("picked", channel)
  const { head } = it.data
  if (!before || before.layer !== head.layer || before.order !== head.order) {
    it.cursor = 0
    it.pointed = null
    it.view.scrollTop = 0
  }
  follow(it)
  it.view.setAttribute("aria-label", head.name)
  say(it)
  wake(it)
  return () => {
    it.observer.disconnect()
    shown.removeEventListener("map", it.told)
    mosaics.delete(parentElement)
  }
}
