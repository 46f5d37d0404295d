// A mosaic of any number of maps: one canvas as large as its window, which draws what is in sight. Arrow keys move, Enter and click pick.
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
  const it = { root, view, canvas, option, said, space: view.querySelector(".space"), cursor: 0, pointed: null, waiting: false }
  root.replaceChildren(view, node("div", "foot", said, buttonsOf([["PNG", () => keepAll(it)]])))
  return it
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

function styleOf(it) {
  const looks = getComputedStyle(it.root)
  return { ink: looks.color, font: looks.fontFamily, accent: looks.getPropertyValue("--st-primary-color"), faint: looks.getPropertyValue("--st-border-color") }
}

function draw(it) {
  it.waiting = false
  layOut(it)
  const style = styleOf(it)
  const brush = it.canvas.getContext("2d")
  const scale = it.canvas.width / it.view.clientWidth
  brush.setTransform(scale, 0, 0, scale, 0, 0)
  brush.clearRect(0, 0, it.view.clientWidth, it.canvas.height)
  brush.imageSmoothingEnabled = false
  const first = Math.floor(it.view.scrollTop / it.plan.down)
  const last = Math.ceil((it.view.scrollTop + it.canvas.height / scale) / it.plan.down)
  for (let tile = first * it.plan.columns; tile < Math.min(it.data.head.count, last * it.plan.columns); tile += 1) drawTile(brush, it, tile, style, -it.view.scrollTop)
  it.root.dataset.drawn = `${it.data.head.layer} ${it.data.head.scope} ${it.data.head.order} ${first}`
}

// All maps of the message, also those that are out of sight, under what they are.
function keepAll(it) {
  const { head } = it.data
  const style = styleOf(it)
  const [width, height] = [it.view.clientWidth + 40, it.plan.total + 76]
  const scale = Math.min(2, 16_000 / Math.max(width, height))
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) })
  const brush = canvas.getContext("2d")
  brush.scale(scale, scale)
  brush.fillStyle = paperOf(it.root)
  brush.fillRect(0, 0, width, height)
  brush.translate(20, 20)
  brush.fillStyle = style.ink
  brush.font = `600 14px ${style.font}`
  brush.fillText([head.layer, head.note && `with ${head.note}`, head.stamp].filter(Boolean).join(" · "), 0, 14, width - 40)
  brush.imageSmoothingEnabled = false
  for (let tile = 0; tile < head.count; tile += 1) drawTile(brush, it, tile, style, 28)
  saveCanvas(canvas, head.file)
}

function wake(it) {
  if (it.waiting) return
  it.waiting = true
  requestAnimationFrame(() => draw(it))
}

function tileAt(it, event) {
  const [left, top] = placeIn(it.canvas, event)
  const [x, y] = [left - 3, top - 3 + it.view.scrollTop]
  const [column, row] = [Math.floor(x / it.plan.across), Math.floor(y / it.plan.down)]
  const tile = row * it.plan.columns + column
  if (column < 0 || column >= it.plan.columns || row < 0 || tile >= it.data.head.count) return null
  const { width, height } = it.data.head
  const cell = [(y - row * it.plan.down) / it.plan.height * height, (x - column * it.plan.across) / it.plan.tile * width].map(Math.floor)
  return { tile, cell: cell[0] < height && cell[1] < width ? cell : null }
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
function trace(it) {
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
    trace(it)
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
  it.data = read(data)
  it.picked = (channel) => setTriggerValue("picked", channel)
  const { head } = it.data
  if (!before || before.layer !== head.layer || before.order !== head.order) {
    it.cursor = 0
    it.pointed = null
    it.view.scrollTop = 0
  }
  trace(it)
  it.view.setAttribute("aria-label", head.name)
  say(it)
  wake(it)
  return () => {
    it.observer.disconnect()
    shown.removeEventListener("map", it.told)
    mosaics.delete(parentElement)
  }
}
