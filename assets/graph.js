// The network as a picture that can be clicked, from what `lab.picture` or its mirror says. Where things stand is in routes.js.
const MANY = 120 // nodes; of a larger drawing only what is near the window is there

const HINT = "Border: the colour of the stage. Drag to move, Ctrl and the wheel or two fingers to zoom. " +
  "Keys: arrows walk, Enter selects, + − 0 zoom."

const fileName = (title) => title.split(",")[0].replace(/[^\p{L}\p{N}.=-]+/gu, "-").toLowerCase()

function html(name, kind, text = "", more = {}) {
  const node = Object.assign(document.createElement(name), { className: kind, textContent: text, ...more })
  return node
}

function tooltipOf(node) {
  const tip = html("div", "tooltip")
  const joined = (...parts) => parts.filter(Boolean).join(" · ")
  tip.append(html("strong", "", joined(node.key, node.operator)), html("span", "", joined(node.shapes, ...node.marks, node.note)))
  const list = document.createElement("dl")
  for (const [name, text] of node.rows) list.append(html("dt", "", name), html("dd", "", text))
  tip.append(list)
  return tip
}

function say(state, key) {
  state.tip?.remove()
  state.tip = null
  const node = state.picture.nodes.find((one) => one.key === key)
  if (!node?.rows.length) return
  state.tip = tooltipOf(node)
  state.tip.dataset.about = key
  state.window.append(state.tip)
  const [box, { x, y, scale }] = [state.layout.boxes.get(key), state.view]
  const [width, height] = [state.tip.offsetWidth, state.tip.offsetHeight]
  const left = x + (box.x + box.width / 2) * scale - width / 2
  const below = y + (box.y + box.height) * scale + 10
  const above = y + box.y * scale - height - 10
  state.tip.style.left = `${Math.max(4, Math.min(state.window.clientWidth - width - 4, left))}px`
  state.tip.style.top = `${Math.max(4, below + height < state.window.clientHeight ? below : above)}px`
}

function legendOf({ title, top, colours, side }) {
  const scale = html("span", "scale")
  scale.style.background = `linear-gradient(to right, ${colours.join(", ")})`
  if (side) scale.append(Object.assign(html("i", ""), { title: "the image side", style: `left: ${100 * side}%` }))
  const legend = html("div", "legend")
  legend.append(html("span", "", title[0].toUpperCase() + title.slice(1)), html("span", "", "0"), scale, html("span", "", top))
  if (side) legend.append(html("span", "faint", "│ image side"))
  return legend
}

// Everything that stays: the window, its buttons, its ears. What is drawn changes with `redraw`.
function furnish(root, state) {
  const [head, window_] = [html("div", "head"), html("div", "window")]
  Object.assign(state, { head, window: window_, view: viewOf(window_, () => refill(state)), svg: element("svg", {}) })
  window_.append(state.svg)
  const button = (text, label, act) => {
    const node = html("button", "", text, { type: "button", onclick: act, title: label })
    node.setAttribute("aria-label", label)
    return node
  }
  const buttons = html("div", "buttons")
  const file = () => {
    paint(state, true)
    return standAlone(state.svg, state.layout, paperOf(root))
  }
  const fit = () => {
    state.view.touched = false
    state.view.fit()
  }
  const [larger, smaller] = [() => state.view.zoom(1.25), () => state.view.zoom(1 / 1.25)]
  const name = () => fileName(state.picture.title)
  buttons.append(
    button("−", "Zoom out", smaller), button("+", "Zoom in", larger), button("Fit", "Show the whole network", fit),
    button("SVG", "Download as SVG", () => saveSvg(file(), name())), button("PNG", "Download as PNG", () => savePng(file(), name())))
  head.append(html("div", "legend"), buttons)
  root.replaceChildren(head, window_, html("div", "hint", HINT))

  const keyOf = (event) => event.target.closest?.("[data-key], .mark")
  window_.addEventListener("pointerover", (event) => say(state, keyOf(event)?.dataset.key ?? keyOf(event)?.dataset.id))
  window_.addEventListener("pointerleave", () => say(state, null))
  window_.addEventListener("pointerdown", () => say(state, null))
  window_.addEventListener("focusout", () => say(state, null))
  window_.addEventListener("focusin", (event) => {
    const key = keyOf(event)?.dataset.key ?? keyOf(event)?.dataset.id
    if (!state.layout.boxes.has(key) || !event.target.matches(":focus-visible")) return
    state.view.reveal(state.layout.boxes.get(key))
    say(state, key)
  })
  window_.addEventListener("keydown", (event) => {
    const act = { "+": larger, "=": larger, "-": smaller, 0: fit }[event.key]
    if (!act || event.ctrlKey || event.metaKey) return
    act()
    event.preventDefault()
  })
}

function draw(root, picture, width, state, send) {
  if (picture.refused) return // what was drawn last stays, faint
  if (!state.window) furnish(root, state)
  if (state.width !== width) state.view.measure()
  Object.assign(state, { picture, width, send, layout: layoutOf(picture, width) })
  const chosen = picture.nodes.find((node) => node.chosen)
  state.drawing = true // moving the window would have it painted once more on the next frame
  state.view.show(state.layout, chosen ? middle(state.layout.boxes.get(chosen.key)) : null)
  state.drawing = false
  paint(state)
  patch(state.head.firstChild, legendOf(picture.legend))
  if (state.tip) say(state, state.tip.dataset.about)
}

function paint(state, whole = state.picture.nodes.length <= MANY) {
  const { left, right, top, bottom } = state.view.around()
  const near = (box) => box.x < right && box.x + box.width > left && box.y < bottom && box.y + box.height > top
  state.svg = patch(state.svg, drawingOf(state.picture, state.layout, whole ? undefined : near))
  state.view.place()
  pickable(state.svg, (id) => {
    if (state.view.moved) return // the end of a drag is no click
    if (id.startsWith("fold ")) state.send("folded", id.slice(5))
    else state.send("picked", state.picture.nodes.find(({ key }) => key === id).pick)
  })
}

// After the window has moved over a drawing of which only a part is there.
function refill(state) {
  if (!state.picture || state.picture.nodes.length <= MANY || state.waiting || state.drawing) return
  state.waiting = true
  requestAnimationFrame(() => {
    state.waiting = false
    paint(state)
  })
}

const states = new WeakMap()

export default function (component) {
  const { parentElement, setTriggerValue } = component
  if (!states.has(parentElement)) states.set(parentElement, {})
  return follow(component, ".graph", (root, picture, width) => draw(root, picture, width, states.get(parentElement), setTriggerValue),
    (mirror, made, settings) => mirror.picture(made, settings))
}
