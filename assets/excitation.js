// One channel's way through squeeze-and-excitation, step by step: played, paused, stepped; every step with its formula and this channel's numbers.
const STEPS = [ // what each lights up, and how long it plays, in milliseconds
  { name: "Feature map", parts: ["map"], time: 900 },
  { name: "Squeeze", parts: ["map", "squeeze"], time: 2000 },
  { name: "First layer, swish", parts: ["squeeze", "hidden", "narrow"], time: 2200 },
  { name: "Second layer, sigmoid", parts: ["narrow", "gate", "gates"], time: 2600 },
  { name: "Recalibrate", parts: ["map", "gates", "after"], time: 1800 },
]
const REST = 900 // milliseconds between two steps
const still = window.matchMedia("(prefers-reduced-motion: reduce)")

// Text with parts written low: "z_{12}".
function lowered(text) {
  return text.split(/(_\{[^}]*\})/).map((part) => part.startsWith("_{") ? tag("sub", "", part.slice(2, -1)) : part)
}

const linesOf = (lines) => tag("div", "lines", ...lines.map((line) => tag("div", "line", ...lowered(line))))

// The fewest decimals with which x times s, as printed, is what is printed for their product.
function pixelLines(work, cell) {
  const [x, after] = [work.before[cell], Math.fround(work.before[cell] * Math.fround(work.s))]
  const [shown, round] = [decimalsOf(after), (value, digits) => Number(value.toFixed(digits))]
  const holds = (digits) => written(round(x, digits) * round(work.s, digits), shown) === written(after, shown)
  const digits = Array.from({ length: 9 }, (_, more) => shown + more).find(holds) ?? shown + 8
  const place = `${Math.floor(cell / work.width)}, ${cell % work.width}`
  return [`x̃_{${work.channel}}(${place}) = s_{${work.channel}} · x_{${work.channel}}(${place})`,
    `= ${written(work.s, digits)} · ${x < 0 ? `(${written(x, digits)})` : written(x, digits)}`, `= ${written(after, shown)}`]
}

function gateLines(work) {
  if (!work.set) return work.formulas.gate
  return [...work.formulas.gate.slice(0, -1), `${work.formulas.gate.at(-1)}: what the network would decide`, `set by you: s_{${work.channel}} = ${sized(work.s)}`]
}

function contentOf(state, step) {
  const { work } = state
  if (step === 0) {
    const values = [...work.before].filter(Number.isFinite)
    const [least, most] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity])
    return [linesOf([`x_{${work.channel}}: ${work.height} · ${work.width} = ${(work.height * work.width).toLocaleString("en")} answers, from ${sized(least)} to ${sized(most)}`])]
  }
  if (step === 1) return [linesOf(work.formulas.squeeze)]
  if (step === 2) {
    const tabs = work.hidden.map((neuron, at) => {
      const button = buttonOf("", `Work out hidden number ${neuron.place}`, () => choose(state, at))
      button.append(...lowered(`h_{${neuron.place}}`))
      button.setAttribute("aria-pressed", at === state.neuron)
      return button
    })
    return [tag("div", "tabs", tag("span", "", "Weigh most for this gate:"), ...tabs), linesOf(work.formulas.hidden[state.neuron])]
  }
  return [linesOf(step === 3 ? gateLines(work) : pixelLines(work, state.cell))]
}

function formulas(state) {
  state.list.replaceChildren(...STEPS.map((step, index) => {
    const name = buttonOf(`${index + 1} · ${step.name}`, `Step ${index + 1}: ${step.name}`, () => go(state, index + 1))
    name.className = "name"
    name.setAttribute("aria-pressed", state.step === index + 1)
    return tag("li", state.step === index + 1 ? "lit" : state.step ? "dim" : "", name, ...contentOf(state, index))
  }))
}

function light(state) {
  const lit = state.step ? STEPS[state.step - 1].parts : null
  for (const [name, node] of Object.entries(state.scene.parts)) node.classList.toggle("dim", lit !== null && !lit.includes(name))
  state.before.classList.toggle("dim", lit !== null && !lit.includes("map"))
  state.after.classList.toggle("dim", lit !== null && !lit.includes("after"))
  state.play.textContent = state.playing ? "Pause" : "Play"
  state.play.setAttribute("aria-label", state.playing ? "Pause" : "Play all steps")
  const says = state.step ? `Step ${state.step} of ${STEPS.length}: ${STEPS[state.step - 1].name}` : "All steps"
  if (state.says.textContent !== says) state.says.textContent = says
  state.list.querySelectorAll("li").forEach((node, index) => {
    node.className = state.step === index + 1 ? "lit" : state.step ? "dim" : ""
    node.querySelector(".name").setAttribute("aria-pressed", state.step === index + 1)
  })
}

const eased = (t, from = 0, to = 1) => Math.min(1, Math.max(0, (t - from) / (to - from)))
const reveal = (row, share) => row.frame.setAttribute("width", Math.max(0.01, row.width * share))

function partial(row, share) {
  const upto = Math.round(share * row.places.length)
  let sum = 0
  for (let index = 0; index < upto; index += 1) sum += row.values[row.places[index]]
  return sum
}

// The picture `t` of the way through the current step; at 1 and where no step is chosen everything is there.
function show(state, t) {
  const { scene, work, layout, step } = state
  const at = (number) => step === number ? t : 1
  const [map, squeeze, first, second, last] = [1, 2, 3, 4, 5].map(at)
  state.before.style.clipPath = `inset(0 0 ${100 * (1 - map)}% 0)`
  const line = layout.before.y + layout.before.side * squeeze
  scene.scan.setAttribute("d", squeeze < 1 ? `M${layout.before.x} ${line}h${layout.before.side}` : "")
  reveal(scene.one.values, eased(squeeze, 0.75))
  reveal(scene.one.products, eased(first, 0, 0.7))
  reveal(scene.two.values, eased(first, 0.75))
  reveal(scene.two.products, eased(second, 0, 0.5))
  reveal(scene.gates, eased(second, 0.8))
  sums(state, eased(first, 0, 0.7), eased(second, 0, 0.5))
  for (const [part, share] of [["squeeze", squeeze], ["narrow", first], ["gates", second]]) scene.parts[part].classList.toggle("coming", share < 1)
  const [x, y] = scene.sigma.at((work.gate.total ?? 0) * eased(second, 0.5, 0.8))
  scene.sigma.dot.setAttribute("cx", x)
  scene.sigma.dot.setAttribute("cy", y)
  paintMap(state.after, work, 1 + (work.s - 1) * last)
  const sign = scene.parts.after.querySelector(".times")
  sign.setAttribute("r", 10 + 5 * Math.sin(Math.PI * eased(last, 0, 0.5)))
}

function sums(state, first, second) {
  const { scene, work } = state
  const neuron = work.hidden[state.neuron]
  const text = (row, share, { total, value, place }, name, out) => share < 1
    ? `Σ so far ${sized(partial(row, share))}`
    : `Σ ${row === scene.one.products ? "w · z" : "v · h"} + b = ${sized(total)} → ${name} → ${out}${low(place)} = ${sized(value)}`
  scene.sums[0].textContent = text(scene.one.products, first, neuron, work.activation, "h")
  scene.sums[1].textContent = text(scene.two.products, second, work.gate, "σ", "s")
}

function stop(state) {
  cancelAnimationFrame(state.frame)
  clearTimeout(state.timer)
  state.playing = false
}

function animate(state, done) {
  cancelAnimationFrame(state.frame)
  if (still.matches) {
    show(state, 1)
    return done()
  }
  const start = performance.now()
  const { time } = STEPS[state.step - 1]
  const tick = (now) => {
    const t = Math.min(1, Math.max(0, (now - start) / time))
    show(state, t)
    if (t < 1) state.frame = requestAnimationFrame(tick)
    else done()
  }
  state.frame = requestAnimationFrame(tick)
}

function go(state, step) {
  stop(state)
  state.step = step
  light(state)
  if (step) animate(state, () => {})
  else show(state, 1)
}

function advance(state) {
  if (!state.playing) return
  state.step += 1
  light(state)
  animate(state, () => {
    if (state.step < STEPS.length) state.timer = setTimeout(() => advance(state), still.matches ? 2500 : REST)
    else {
      state.playing = false
      light(state)
    }
  })
}

function toggle(state) {
  const playing = !state.playing
  stop(state)
  state.playing = playing
  if (!playing) show(state, 1)
  if (playing && state.step >= STEPS.length) state.step = 0
  if (playing) advance(state)
  else light(state)
}

function choose(state, neuron) {
  state.neuron = neuron
  arrange(state)
}

function point(state, cell) {
  state.cell = cell
  const { work, layout } = state
  const [wide, high] = [layout.before.side / work.width, layout.before.side / work.height]
  for (const [place, rect] of [[layout.before, state.scene.cells[0]], [layout.after, state.scene.cells[1]]]) {
    const at = { x: place.x + wide * (cell % work.width), y: place.y + high * Math.floor(cell / work.width), width: Math.max(3, wide), height: Math.max(3, high) }
    for (const [name, value] of Object.entries(at)) rect.setAttribute(name, value)
  }
  state.list.lastChild?.querySelector(".lines").replaceWith(linesOf(pixelLines(work, cell)))
}

// What stands under a point of the drawing: a row of bars and one of its places.
function under(state, event) {
  const { left, top } = state.stage.getBoundingClientRect()
  const [x, y] = [event.clientX - left, event.clientY - top]
  for (const [name, row] of state.scene.rows) {
    const { box } = row
    if (x < box.x || x >= box.x + box.width || y < box.y - 4 || y > box.y + box.height + 4) continue
    return { name, row, place: row.places[Math.min(row.places.length - 1, Math.floor((x - box.x) / box.width * row.places.length))], x, y }
  }
  return null
}

function say(state, found) {
  state.tip.hidden = !found
  if (!found) return
  const { work } = state
  const { name, place } = found
  const wide = ["z", "w", "w · z", "s"].includes(name)
  const lines = wide ? [`channel ${place}`, `z ${sized(work.values.z[place])} · gate ${sized(work.values.s[place])}`] : [`hidden number ${place}`, `h ${sized(work.values.h[place])}`]
  if (wide && work.values.own[place] !== work.values.s[place]) lines.push(`set; the network would decide ${sized(work.values.own[place])}`)
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
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: event.target === state.before ? state.work.width : -1, ArrowUp: event.target === state.before ? -state.work.width : 1 }[event.key]
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
  const back = buttonOf("◀", "One step back", () => go(state, Math.max(0, state.step - 1)))
  const next = buttonOf("▶", "One step on", () => go(state, Math.min(STEPS.length, state.step + 1)))
  const controls = tag("div", "controls", back, state.play, next, buttonOf("All", "Show all steps at once", () => go(state, 0)), state.says)
  Object.assign(state, { stage: tag("div", "stage"), before: tag("canvas"), after: tag("canvas"), tip: tag("div", "tooltip"), list: tag("ol", "formulas"), slider: tag("div", "slider"), scale: tag("div", "scale") })
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
    const [column, row] = [(event.clientX - left) / width * state.work.width, (event.clientY - top) / height * state.work.height].map(Math.floor)
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
  for (const [name, value] of Object.entries({ "aria-label": "Channel, in the order shown", "aria-valuemin": 0, "aria-valuemax": work.channels - 1, "aria-valuenow": work.channel,
    "aria-valuetext": `channel ${work.channel}, gate ${written(work.s)}` })) state.slider.setAttribute(name, value)
  paintMap(state.before, work, 1)
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
      if (Math.abs(contentRect.width - state.width) < 1) return
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
