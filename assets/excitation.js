// One channel's way through squeeze-and-excitation, step by step: played, paused, stepped; every step with its formula and its numbers.
function choose(state, neuron) {
  state.neuron = neuron
  arrange(state)
}

function point(state, cell) {
  state.cell = cell
  const { work, layout } = state
  const [wide, high] = [layout.before.side / work.width, layout.before.side / work.height]
  for (const [place, rect] of [
    [layout.before, state.scene.cells[0]],
    [layout.after, state.scene.cells[1]],
  ]) {
    const at = {
      x: place.x + wide * (cell % work.width),
      y: place.y + high * Math.floor(cell / work.width),
      width: Math.max(3, wide),
      height: Math.max(3, high),
    }
    for (const [name, value] of Object.entries(at)) rect.setAttribute(name, value)
  }
  state.list.lastChild?.querySelector(".lines").replaceWith(linesOf(pixelLines(work, cell)))
}

// What stands under a point of the drawing: a row of bars and one of its places.
function under(state, event) {
  const [x, y] = placeIn(state.stage, event)
  for (const [name, row] of state.scene.rows) {
    const { box } = row
    if (x < box.x || x >= box.x + box.width || y < box.y - 4 || y > box.y + box.height + 4) continue
    return {
      name,
      row,
      place: row.places[Math.min(row.places.length - 1, Math.floor(((x - box.x) / box.width) * row.places.length))],
      x,
      y,
    }
  }
  return null
}

function say(state, found) {
  state.tip.hidden = !found
  if (!found) return
  const { work } = state
  const { name, place } = found
  const wide = ["z", "w", "w · z", "s"].includes(name)
  const lines = wide
    ? [`channel ${place}`, `z ${sized(work.values.z[place])} · gate ${sized(work.values.s[place])}`]
    : [`hidden number ${place}`, `h ${sized(work.values.h[place])}`]
  if (wide && !Object.is(work.values.own[place], work.values.s[place])) lines.push(`set; the network would decide ${sized(work.values.own[place])}`)
  if (name.includes("w") || name.includes("v")) lines.push(`${name} ${sized(found.row.values[place])}`)
  state.tip.replaceChildren(tag("strong", "", lines[0]), ...lines.slice(1).map((line) => tag("span", "", line)))
  state.tip.style.left = `${Math.max(0, Math.min(state.layout.width - state.tip.offsetWidth - 2, found.x + 12))}px`
  state.tip.style.top = `${found.row.box.y + found.row.box.height + 8}px`
}

function take(state, found) {
  if (!found) return
  const at = state.work.hidden.findIndex(({ place }) => place === found.place)
  if (["z", "w", "w · z", "s"].includes(found.name)) state.send(found.place)
  else if (at >= 0) choose(state, at)
}

// Arrow keys on the rows of bars: to the neighbour of this channel in the order that is shown; on the maps: from cell to cell.
function walk(state, event) {
  const step = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: event.target === state.before ? state.work.width : -1,
    ArrowUp: event.target === state.before ? -state.work.width : 1,
  }[event.key]
  if (!step) return
  if (event.target === state.before) point(state, Math.min(state.work.before.length - 1, Math.max(0, state.cell + step)))
  else if (event.target === state.slider) {
    const next = state.work.places[state.work.places.indexOf(state.work.channel) + step]
    if (next !== undefined) state.send(next)
  } else if (event.target.closest(".controls") && Math.abs(step) === 1) go(state, Math.min(STEPS.length, Math.max(0, state.step + step)))
  else return
  event.preventDefault()
}

function furnish(root, state) {
  state.play = buttonOf("Play", "Play all steps", () => toggle(state))
  state.says = tag("span", "says")
  state.says.setAttribute("aria-live", "polite")
  state.stamp = tag("span", "stamp")
  const back = buttonOf("◀", "One step back", () => go(state, Math.max(0, state.step - 1)))
  const next = buttonOf("▶", "One step on", () => go(state, Math.min(STEPS.length, state.step + 1)))
  const controls = tag(
    "div",
    "controls",
    back,
    state.play,
    next,
    buttonOf("All", "Show all steps at once", () => go(state, 0)),
    state.says,
    state.stamp,
    downloadsOf(root, () => ({ title: state.work.title, file: state.work.file }), ".controls, .slider, .tooltip"),
  )
  Object.assign(state, {
    stage: tag("div", "stage"),
    before: tag("canvas"),
    after: tag("canvas"),
    tip: tag("div", "tooltip"),
    list: tag("ol", "formulas"),
    slider: tag("div", "slider"),
    scale: tag("div", "scale"),
  })
  state.before.tabIndex = 0
  state.slider.tabIndex = 0
  state.slider.setAttribute("role", "slider")
  state.tip.hidden = true
  state.svg = element("svg", {})
  state.stage.append(state.svg, state.before, state.after, state.scale, state.slider, state.tip)
  root.replaceChildren(controls, state.stage, state.list)
  root.onkeydown = (event) => walk(state, event)
  const cellOf = (event) => {
    const { left, top, width, height } = event.target.getBoundingClientRect()
    const [column, row] = [((event.clientX - left) / width) * state.work.width, ((event.clientY - top) / height) * state.work.height].map(
      Math.floor,
    )
    return Math.min(state.work.before.length - 1, Math.max(0, row * state.work.width + column))
  }
  for (const canvas of [state.before, state.after]) canvas.onpointermove = canvas.onclick = (event) => point(state, cellOf(event))
  for (const canvas of [state.before, state.after]) canvas.onpointerleave = () => point(state, state.work.strongest)
  state.stage.onpointermove = (event) => say(state, under(state, event))
  state.stage.onpointerleave = () => say(state, null)
  state.stage.onclick = (event) => take(state, under(state, event))
}

function place(node, { x, y }, width, height) {
  Object.assign(node.style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` })
}

function arrange(state) {
  const { work } = state
  state.layout = layoutOf(state.width)
  state.scene = sceneOf(work, state.layout, state.neuron)
  state.svg.replaceWith(state.scene.svg)
  state.svg = state.scene.svg
  const { before, after, gates, scale } = state.layout
  place(state.before, before, before.side, before.side)
  place(state.after, after, after.side, after.side)
  place(state.slider, { x: gates.x - 3, y: gates.y - 3 }, gates.width + 6, gates.height + 6)
  place(state.scale, scale, scale.width, 26)
  state.scale.replaceChildren(tag("i", ""), tag("span", "", sized(-work.reach)), tag("span", "", sized(work.reach)))
  state.scale.firstChild.style.background = `linear-gradient(to right, ${work.signed.filter((_, at) => at % 18 === 0).join(", ")})`
  state.before.setAttribute("aria-label", `Map of channel ${work.channel} before squeeze-and-excitation; arrow keys move from cell to cell`)
  for (const [name, value] of Object.entries({
    "aria-label": "Channel, in the order shown",
    "aria-valuemin": 0,
    "aria-valuemax": work.channels - 1,
    "aria-valuenow": work.channel,
    "aria-valuetext": `channel ${work.channel}, gate ${written(work.s)}`,
  }))
    state.slider.setAttribute(name, value)
  paintMap(state.before, work, 1)
  state.stamp.textContent = work.stamp
  formulas(state)
  point(state, state.cell)
  light(state)
  show(state, 1)
}

const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".excitation")
  const state = states.get(parentElement) ?? { width: root.clientWidth, step: 0 }
  states.set(parentElement, state)
  if (!state.play) furnish(root, state)
  stop(state)
  const work = readWork(data)
  Object.assign(state, { work, neuron: 0, cell: work.strongest, send: (channel) => setTriggerValue("picked", channel) })
  arrange(state)
  if (!state.observer) {
    state.observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width < 1 || Math.abs(contentRect.width - state.width) < 1) return // nothing is seen while it is put away
      state.width = Math.round(contentRect.width)
      stop(state)
      arrange(state)
    })
    state.observer.observe(root)
  }
  return () => {
    stop(state)
    state.observer.disconnect()
    states.delete(parentElement)
  }
}
