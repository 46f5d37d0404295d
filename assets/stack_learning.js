// The four stacks learn, here in the browser: gradient descent on all points at once, a few steps a frame.
const FRAME_MS = 24 // of work per frame

const alive = (run) => run.weights !== null

function begin({ depth_blocks: depth, depth_gain: gain, depth_seed: seed }, activation) {
  return KINDS.map((kind) => ({ kind, make: () => stackWeights(depth, gain, seed), weights: undefined, losses: [], right: 0, activation }))
}

// One step; a stack whose loss is no longer a finite number has ended.
function step(run, rate) {
  run.weights ??= run.make()
  const { loss, right, steps } = stackRun(run.weights, run.kind, run.activation, true)
  if (!Number.isFinite(loss)) { run.weights = null; return }
  run.losses.push(loss)
  run.right = right
  run.weights = stackDescend(run.weights, steps, rate)
}

const lengthOfRun = (runs) => Math.max(...runs.map(({ losses }) => losses.length))
const ended = (run, most) => !alive(run) || run.losses.length > most
const done = (root) => root.runs.every((run) => ended(run, root.steps))

function build(root) {
  const parts = { bar: tag("div", "bar"), play: tag("button", "play", "▶ Train all four"), again: tag("button", "", "From the start"), state: tag("span", "state"),
    keys: tag("div", "keys"), chart: tag("div", "chart"), out: tag("div", "out") }
  for (const button of [parts.play, parts.again]) button.type = "button"
  parts.state.setAttribute("role", "status")
  parts.bar.append(parts.play, parts.again, parts.state)
  root.replaceChildren(parts.bar, parts.keys, parts.chart, parts.out)
  return parts
}

function outcome({ losses, right, weights, kind }) {
  if (!losses.length) return weights !== null ? `${kind.name}: not begun` : `${kind.name}: its first loss is no finite number`
  const last = losses.at(-1)
  const end = weights !== null ? "" : `; at step ${losses.length} no finite number any more`
  return `${kind.name}: loss ${sized(last)}, ${(100 * right).toFixed(1)} % of the points right${end}`
}

function plot(root, parts, data, runs, width) {
  const x = { ...evenly(0, root.steps), ticks: [0, 1, 2, 3, 4, 5, 6].map((part) => Math.round(part * root.steps / 6)), title: "step" }
  const y = { ...decades([1e-4, 10]) }
  const frame = frameOf({ width, height: 260, x, y, title: "Loss (cross-entropy) on all 48 points" })
  const svg = element("svg", { class: "lines", width, height: 260, role: "img", "aria-label": runs.map(outcome).join("; ") })
  svg.append(...axesOf(frame, x, y))
  runs.forEach(({ losses }, i) => svg.append(...lineOf(frame, { ...LOOKS[i], colour: data.lines[i], xs: losses.map((_, at) => at), ys: losses, every: 40, offset: 10 * i })))
  patchChildren(parts.chart, [svg])
  patchChildren(parts.out, runs.map((run) => tag("p", "", outcome(run))))
  const at = Math.max(0, lengthOfRun(runs) - 1)
  parts.state.textContent = done(root) ? `Done after ${at} steps` : at ? `Step ${at} of ${root.steps}` : ""
}

function work(root) {
  const { parts, runs, rate } = root
  const until = performance.now() + FRAME_MS
  do for (const run of runs) if (!ended(run, root.steps)) step(run, rate)
  while (performance.now() < until && !done(root))
  root.show()
  if (done(root) || !root.isConnected) return play(root, false)
  root.timer = requestAnimationFrame(() => work(root))
}

function play(root, on) {
  cancelAnimationFrame(root.timer)
  root.playing = on
  root.parts.play.textContent = on ? "❚❚ Pause" : lengthOfRun(root.runs) && !done(root) ? "▶ Go on" : "▶ Train all four"
  if (on) root.timer = requestAnimationFrame(() => work(root))
}

export default function (component) {
  return follow(component, ".stack_learning", (root, data, width) => {
    root.parts ??= build(root)
    const setting = JSON.stringify([data.hand, data.activation, data.rate])
    const restart = () => {
      root.runs = begin(data.hand, data.activation)
      play(root, false)
      root.show()
    }
    root.show = () => plot(root, root.parts, data, root.runs, width)
    Object.assign(root, { rate: data.rate, steps: data.steps })
    if (root.setting !== setting) {
      root.setting = setting
      restart()
    }
    patchChildren(root.parts.keys, LOOKS.map((look, i) => keyOf({ ...look, colour: data.lines[i] })))
    root.parts.play.onclick = () => {
      if (!root.playing && done(root)) restart()
      play(root, !root.playing)
    }
    root.parts.again.onclick = restart
    root.show()
  })
}
