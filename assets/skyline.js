// The skyline: a tower per block, a window per channel. It is mounted twice: once with the gates, which travel once per picture, and once,
// unseen, with what is chosen in it, which changes with every click.
function makeSkyline() {
  const listeners = new Set()
  return {
    chosen: {},
    choose(chosen) {
      this.chosen = chosen
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const shared = (window.effnetSkyline ??= makeSkyline())

function readBlocks({ head, take }) {
  for (const tower of head.towers) tower.label = labelOf(head, tower)
  head.title =
    `${head.name}${head.stamp ? ` (${head.stamp})` : ""}: a tower per block, a window per channel. ` +
    "Left and right go from tower to tower, up and down from window to window, Enter opens the block with this channel"
  return head.towers.map(({ channels }) => ({ gates: take(channels), z: take(channels), own: head.compared ? take(channels) : null }))
}

function mark(state) {
  const { block, channel } = shared.chosen
  let taken = null
  state.svg.querySelectorAll(".tower").forEach((node, index) => {
    const chosen = state.head.towers[index].unit === block
    node.classList.toggle("chosen", chosen)
    node.setAttribute("aria-pressed", chosen)
    const at = chosen && channel !== null ? state.blocks[index].places.indexOf(channel) : -1
    if (at >= 0) taken = windowAt(state.scene, state.scene.towers[index], at)
  })
  reveal(state, block)
  const rect = state.svg.querySelector(".taken")
  rect.setAttribute("width", 0)
  if (taken) frame(rect, state.scene, taken)
}

// Where the picture is wider than its box: a tower that was chosen elsewhere moves into its middle.
function reveal(state, block) {
  if (state.revealed === block) return
  state.revealed = block
  const chosen = state.scene.towers.find(({ unit }) => unit === block)
  const [left, right] = [state.box.scrollLeft + GUTTER, state.box.scrollLeft + state.width]
  if (chosen && (chosen.left < left || chosen.left + chosen.wide > right))
    state.box.scrollLeft = chosen.left + chosen.wide / 2 - (state.width + GUTTER) / 2
}

// What the rows are stays at the left edge.
const hold = (state) => state.svg.querySelector(".names").setAttribute("transform", `translate(${state.box.scrollLeft} 0)`)

function pick(state, place) {
  if (!place) return
  const channel = place.index === null ? null : state.blocks[place.tower].places[place.index]
  const block = state.head.towers[place.tower].unit
  shared.choose({ ...shared.chosen, block, channel }) // at once; the server's word follows
  state.send([block, channel])
}

const walks = { ArrowUp: 1, ArrowDown: -1, PageUp: Infinity, PageDown: -Infinity }

function walk(state, event) {
  const node = event.target.closest(".tower")
  if (!node) return
  const tower = Number(node.dataset.index)
  const place = state.place?.tower === tower ? state.place : { tower, index: null }
  if (event.key === "Enter" || event.key === " ") pick(state, place)
  else if (event.key in walks) {
    const { channels, width } = state.head.towers[tower]
    const step = Math.abs(walks[event.key]) === 1 ? walks[event.key] : Math.sign(walks[event.key]) * width
    const index = place.index === null ? (step > 0 ? 0 : channels - 1) : Math.min(channels - 1, Math.max(0, place.index + step))
    say(state, (state.place = { tower, index }))
  } else {
    const last = state.head.towers.length - 1
    const to = { ArrowLeft: Math.max(0, tower - 1), ArrowRight: Math.min(last, tower + 1), Home: 0, End: last }[event.key]
    if (to === undefined) return
    const next = state.svg.querySelector(`.tower[data-index="${to}"]`)
    node.setAttribute("tabindex", -1)
    next.setAttribute("tabindex", 0)
    state.place = null
    next.focus()
  }
  event.preventDefault()
}

function furnish(root, state) {
  const file = () => {
    const copy = drawingOf(state.head, state.scene)
    copy.querySelectorAll(".reach, .frame, .cover, .taken, .pointed").forEach((node) => node.remove())
    copy.querySelector("g").prepend(...windowPaths(state.head, state.scene, state.blocks), ...captionOf(state.head, state.scene))
    state.stage.append(copy) // styles are read off what is on the page
    const made = standAlone(copy, state.scene, paperOf(root))
    copy.remove()
    return made
  }
  const name = () => `${state.head.name}-gates`.replace(/[^\p{L}\p{N}.=-]+/gu, "-").toLowerCase()
  const [scale, stamp] = [tag("i", "scale"), tag("span", "stamp")]
  const legend = tag("div", "legend", "gate 0", scale, "1", stamp)
  const buttons = buttonsOf([
    ["SVG", () => saveSvg(file(), name())],
    ["PNG", () => savePng(file(), name())],
  ])
  Object.assign(state, {
    box: tag("div", "box"),
    stage: tag("div", "stage"),
    canvas: tag("canvas"),
    tip: tag("div", "tooltip"),
    scale,
    stamp,
  })
  state.tip.setAttribute("role", "status")
  state.svg = element("svg", {})
  state.stage.append(state.canvas, state.svg)
  state.box.append(state.stage)
  root.replaceChildren(tag("div", "head", legend, buttons), tag("div", "around", state.box, state.tip))
  const placeOf = (event) => placeAt(state, ...placeIn(state.stage, event))
  state.stage.onpointermove = (event) => say(state, (state.place = placeOf(event)))
  state.stage.onpointerleave = () => say(state, (state.place = null))
  state.stage.onclick = (event) => pick(state, placeOf(event))
  state.box.onscroll = () => hold(state)
  state.stage.onkeydown = (event) => walk(state, event)
  state.stage.addEventListener("focusin", (event) => {
    const node = event.target.closest(".tower")
    if (node?.matches(":focus-visible")) say(state, (state.place = { tower: Number(node.dataset.index), index: null }))
  })
  state.stage.addEventListener("focusout", () => say(state, (state.place = null)))
}

function arrange(state) {
  const { byGate = true } = shared.chosen
  if (state.byGate === byGate && state.sorted === state.blocks) return
  for (const block of state.blocks) block.places = ordered(block.gates, byGate)
  Object.assign(state, { byGate, sorted: state.blocks, painted: null })
}

function draw(root, state) {
  if (!state.box) furnish(root, state)
  arrange(state)
  if (state.painted === null || state.width !== state.drawnWidth) {
    const focused = root.getRootNode().activeElement?.dataset?.index
    state.scene = sceneOf(state.head, state.width)
    const svg = drawingOf(state.head, state.scene)
    state.svg.replaceWith(svg)
    Object.assign(state, { svg, drawnWidth: state.width, painted: true, place: null })
    state.scale.style.background = `linear-gradient(to right, ${state.head.colours.filter((_, place) => place % 15 === 0).join(", ")})`
    state.stamp.textContent = state.head.stamp
    state.stage.style.width = `${state.scene.width}px`
    paintWindows(state.canvas, state.head, state.scene, state.blocks)
    say(state, null)
    state.revealed = null
    hold(state)
    if (focused !== undefined) svg.querySelector(`[data-index="${focused}"]`)?.focus()
  }
  mark(state)
}

const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".skyline")
  if (!(data instanceof Uint8Array)) {
    shared.choose(data)
    return () => {}
  }
  const state = states.get(parentElement) ?? { width: root.clientWidth }
  states.set(parentElement, state)
  const packed = unpack(data)
  Object.assign(state, { head: packed.head, blocks: readBlocks(packed), painted: null, send: (place) => setTriggerValue("picked", place) })
  draw(root, state)
  if (!state.observer) {
    state.observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width < 1 || Math.abs(contentRect.width - state.width) < 1) return // nothing is seen while it is put away
      state.width = Math.round(contentRect.width)
      draw(root, state)
    })
    state.observer.observe(root)
    state.leave = shared.subscribe(() => draw(root, state))
  }
  return () => {
    state.observer.disconnect()
    state.leave()
    states.delete(parentElement)
  }
}
