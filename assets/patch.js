// A picture with a grey patch that is dragged, or moved by arrow keys, and resized; Python hears of it when it is let go.
const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

// At least a pixel of the patch stays on the picture.
function held({ left, top, size }, side) {
  return { size, left: clamp(Math.round(left), 1 - size, side - 1), top: clamp(Math.round(top), 1 - size, side - 1) }
}

function place(view) {
  const { side } = view.head
  const { left, top, size } = view.patch
  for (const [name, pixels] of Object.entries({ left, top, width: size, height: size })) view.square.style[name] = `${100 * pixels / side}%`
  view.told.textContent = `${size} × ${size} pixels, the first at ${left} across, ${top} down`
  view.square.setAttribute("aria-label", `Grey patch of ${view.told.textContent}. Arrow keys move it, with Shift by a pixel.`)
}

function move(view, patch) {
  view.patch = held(patch, view.head.side)
  place(view)
}

function tell(view) {
  clearTimeout(view.timer)
  const now = JSON.stringify(view.patch)
  if (now === view.sent) return
  view.sent = now
  view.moved({ ...view.patch })
}

function soon(view) {
  clearTimeout(view.timer)
  view.timer = setTimeout(() => tell(view), 200)
}

function drag(view) {
  const { stage } = view
  let hold = null
  const at = (event) => {
    const frame = stage.getBoundingClientRect()
    return [event.clientX - frame.left, event.clientY - frame.top].map((part) => part / frame.width * view.head.side)
  }
  stage.onpointerdown = (event) => {
    const [x, y] = at(event)
    const { left, top, size } = view.patch
    const inside = x >= left && x < left + size && y >= top && y < top + size
    hold = inside ? [x - left, y - top] : [size / 2, size / 2] // elsewhere it jumps under the finger
    stage.setPointerCapture(event.pointerId)
    move(view, { size, left: x - hold[0], top: y - hold[1] })
    view.square.focus()
    event.preventDefault()
  }
  stage.onpointermove = (event) => {
    if (!hold) return
    const [x, y] = at(event)
    move(view, { ...view.patch, left: x - hold[0], top: y - hold[1] })
  }
  stage.onpointerup = stage.onpointercancel = () => {
    if (hold) tell(view)
    hold = null
  }
}

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }

function keys(view) {
  view.square.onkeydown = (event) => {
    const way = ARROWS[event.key]
    if (!way) return
    const by = event.shiftKey ? 1 : Math.max(1, Math.round(view.patch.size / 4))
    move(view, { ...view.patch, left: view.patch.left + by * way[0], top: view.patch.top + by * way[1] })
    soon(view)
    event.preventDefault()
  }
}

function build(root, view) {
  view.stage = tag("div", "ground")
  view.canvas = Object.assign(tag("canvas"), { width: 480, height: 480 })
  view.square = tag("div", "square")
  view.square.tabIndex = 0
  view.square.setAttribute("role", "button")
  view.told = tag("span", "told")
  const label = tag("label", "", "Patch")
  view.slider = Object.assign(tag("input"), { type: "range" })
  view.slider.setAttribute("aria-label", "Side of the patch, pixels")
  view.slider.oninput = () => {
    const { left, top, size } = view.patch
    const next = Number(view.slider.value)
    move(view, { size: next, left: left + (size - next) / 2, top: top + (size - next) / 2 })
  }
  view.slider.onchange = () => tell(view)
  label.append(view.slider)
  const tools = tag("div", "handles")
  tools.append(label, view.told)
  view.stage.append(view.canvas, view.square)
  root.replaceChildren(view.stage, tools)
  drag(view)
  keys(view)
}

const views = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".patch")
  const { head, file } = unpack(data)
  const known = views.get(parentElement)
  const view = known ?? {}
  views.set(parentElement, view)
  view.moved = (patch) => setTriggerValue("moved", patch)
  const fresh = view.head?.about !== head.about // another picture, model or side: the patch is where Python has it
  view.head = head
  if (!known) build(root, view)
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", head.name)
  view.square.style.background = head.grey
  Object.assign(view.slider, { min: head.least, max: head.most, step: head.step })
  if (fresh) {
    view.patch = head.patch
    view.sent = JSON.stringify(view.patch)
    createImageBitmap(file()).then((bitmap) => {
      if (view.head === head || view.head.about === head.about) view.canvas.getContext("2d").drawImage(bitmap, 0, 0, 480, 480)
      bitmap.close()
    })
  }
  view.slider.value = view.patch.size
  place(view)
  return () => clearTimeout(view.timer)
}
