// Playing the steps: what is lit, and how much of the current step has happened.
const REST = 900 // milliseconds between two steps
const still = window.matchMedia("(prefers-reduced-motion: reduce)")

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
  const at = (number) => (step === number ? t : 1)
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
  for (const [part, share] of [
    ["squeeze", squeeze],
    ["narrow", first],
    ["gates", second],
  ])
    scene.parts[part].classList.toggle("coming", share < 1)
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
  const text = (row, share, { total, value, place }, name, out) =>
    share < 1
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
