// A gallery: one picture cut into tiles, each on its own canvas with its label. Arrow keys move, Enter and click pick.
function canvasOf(picture, head, part) {
  const canvas = document.createElement("canvas")
  canvas.width = head.width
  canvas.height = head.height
  const x = (part % head.columns) * (head.width + head.gap)
  const y = Math.floor(part / head.columns) * (head.height + head.gap)
  canvas.getContext("2d").drawImage(picture, x, y, head.width, head.height, 0, 0, head.width, head.height)
  return canvas
}

function line(kind, text) {
  const span = document.createElement("span")
  span.className = kind
  span.textContent = text
  return span
}

function tileOf(picture, head, tile, index, focusable) {
  const chosen = tile.id === head.chosen
  const node = document.createElement(head.pick ? "button" : "div")
  node.className = chosen ? "tile chosen" : "tile"
  node.title = tile.title ?? ""
  node.dataset.index = index
  if (head.pick) {
    node.type = "button"
    node.tabIndex = focusable ? 0 : -1
    node.setAttribute("aria-pressed", chosen)
    node.setAttribute("aria-label", tile.title || tile.label)
  }
  const parts = document.createElement("span")
  parts.className = "parts"
  parts.append(...tile.parts.map((part) => canvasOf(picture, head, part)))
  node.append(parts, ...tile.label ? [line("label", tile.label)] : [], ...tile.note ? [line("note", tile.note)] : [])
  return node
}

function move(root, from, step) {
  const next = root.querySelector(`[data-index="${Number(from.dataset.index) + step}"]`)
  if (!next) return
  from.tabIndex = -1
  next.tabIndex = 0
  next.focus()
}

function draw(root, picture, head, pick) {
  const focused = root.contains(root.getRootNode().activeElement)
  const entry = Math.max(0, head.tiles.findIndex((tile) => tile.id === head.chosen))
  root.style.setProperty("--size", `${head.size}px`)
  root.classList.toggle("pixelated", head.pixelated)
  root.setAttribute("role", head.pick ? "toolbar" : "group")
  root.setAttribute("aria-label", head.name)
  const downloads = head.file ? [downloadsOf(root, () => ({ title: head.name, file: head.file }), ".none")] : []
  root.replaceChildren(...head.tiles.map((tile, index) => tileOf(picture, head, tile, index, index === entry)), ...downloads)
  root.onclick = (event) => {
    const tile = event.target.closest("button.tile")
    if (tile) pick(head.tiles[Number(tile.dataset.index)].id)
  }
  root.onkeydown = (event) => {
    const tile = event.target.closest("button.tile")
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!tile || !step) return
    move(root, tile, step)
    event.preventDefault()
  }
  if (focused) root.querySelector('[tabindex="0"]')?.focus()
}

const latest = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".gallery")
  const { head, file } = unpack(data)
  const turn = {}
  latest.set(parentElement, turn) // decoding takes a moment: only the newest picture may be drawn
  createImageBitmap(file()).then((bitmap) => {
    if (latest.get(parentElement) === turn) draw(root, bitmap, head, (id) => setTriggerValue("picked", id))
    bitmap.close()
  })
  return () => latest.delete(parentElement)
}
