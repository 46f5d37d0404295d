// Why skips: four deep stacks, run forward and backward here while the sliders move.
const PLAY = "▶ Forward and back, slowly"
const PLAYED_MS = 2600 // each way
const NARROW = 640 // pixels, below which the charts stand below each other

function build(root) {
  const parts = { play: tag("button", "play", PLAY), keys: tag("div", "keys"), charts: tag("div", "charts"), slopes: tag("div", "chart"), spreads: tag("div", "chart"), readout: tag("div", "readout"), sums: tag("div", "sums") }
  parts.play.type = "button"
  parts.charts.append(parts.spreads, parts.slopes)
  parts.readout.setAttribute("role", "status")
  const top = tag("div", "top")
  top.append(parts.play, parts.keys)
  root.replaceChildren(top, parts.charts, parts.readout, parts.sums)
  return parts
}

function tableOf(head, rows) {
  const table = tag("table", "")
  const line = (cells, kind) => {
    const row = document.createElement("tr")
    row.append(...cells.map((text, i) => tag(i ? kind : "th", "", text)))
    return row
  }
  table.append(line(head, "th"), ...rows.map((cells) => line(cells, "td")))
  return table
}

function chartOf(box, { title, place, depth, width, values, lines, say, pair }) {
  const x = { ...evenly(0, depth), ticks: ticksOf(depth), title: "blocks passed, l" }
  const y = decades(values.flat())
  const frame = frameOf({ width, height: 300, x, y, title })
  const svg = element("svg", { class: "lines", width, height: 300, tabindex: 0, role: "slider", "aria-label": `${title}; arrow keys read it block by block`,
    "aria-valuemin": 0, "aria-valuemax": depth, "aria-valuenow": depth, "data-id": place })
  svg.append(...axesOf(frame, x, y))
  const every = Math.max(1, Math.round(depth / 8))
  const xs = Array.from({ length: depth + 1 }, (_, l) => l)
  lines.forEach((line, i) => svg.append(...lineOf(frame, { ...line, xs, ys: values[i], every, offset: Math.round(i * every / 4) })))
  const tall = frame.bottom - frame.top
  svg.append(element("rect", { class: "cover", x: 0, y: frame.top - 8, width: 0, height: tall + 16 }), element("line", { class: "guide", x1: -9, x2: -9, y1: frame.top, y2: frame.bottom }))
  patchChildren(box, [svg])
  const shown = box.firstChild
  pair.push((at) => {
    const there = at === null ? -9 : frame.x(at)
    shown.lastChild.setAttribute("x1", there)
    shown.lastChild.setAttribute("x2", there)
    shown.setAttribute("aria-valuenow", at ?? depth)
    shown.setAttribute("aria-valuetext", pair.text ?? "")
  })
  // While it is played, what has not been reached yet is covered: blocks behind `from` and before `to`.
  pair.cover[place] = (from, to) => {
    const [left, right] = [from === null ? 0 : frame.x(from) + 6, to === null ? 0 : frame.x(to) - 6]
    const cover = shown.querySelector(".cover")
    cover.setAttribute("x", from === null ? frame.left + 1 : left)
    cover.setAttribute("width", Math.max(0, from === null ? right - frame.left - 1 : width - left))
  }
  guided(shown, frame, x, () => pair.at ?? depth, (at) => { pair.stop(); say(at) })
}

function ticksOf(depth) {
  const step = [1, 2, 5, 10].find((each) => depth / each <= 8)
  return Array.from({ length: Math.floor(depth / step) + 1 }, (_, i) => i * step)
}

// What stands below the charts: where the guide is, or the ends of the way.
function told(parts, runs, depth, at) {
  if (at === null) {
    parts.readout.replaceChildren(tag("p", "", "Point at a chart, or use its arrow keys, to read the values of a block."))
    return ""
  }
  const where = at === 0 ? "Before the first block" : at === depth ? `After the last block, ${depth}` : `After block ${at} of ${depth}`
  const each = runs.map(({ slope, spread }, i) => `${KINDS[i].name}: gradient ${sized(slope[at])}, deviation ${sized(spread[at])}`)
  parts.readout.replaceChildren(tag("p", "", `${where}. ${each.join("; ")}.`))
  return `${where}. ${each.join("; ")}.`
}

function sumsOf(runs, depth, guessed) {
  if (!guessed) return [tag("p", "", "What every block does to the gradient, as factors: after your guess above.")]
  const rows = runs.map(({ slope, spread }, i) => {
    const ratio = slope[0] / slope[depth]
    return [KINDS[i].name, KINDS[i].skip ? "∏ (1 + J)" : "∏ J", sized(ratio ** (1 / depth)), `${sized(ratio ** (1 / depth))}${superscript(depth)} = ${sized(ratio)}`, sized(spread[depth])]
  })
  return [tableOf(["Stack", "Product of Jacobians", "A block’s factor (geometric mean)", "Gradient before the first block ÷ after the last", "Deviation after the last block"], rows)]
}

// Forward the signal, block by block, then the gradient back; `done` of both ways counts blocks.
function play(root, pair, say, depth) {
  const { play: button, readout } = root.parts
  let done = 0
  pair.stop = () => {
    clearInterval(root.timer)
    root.timer = null
    button.textContent = PLAY
    readout.setAttribute("aria-live", "polite")
    pair.cover.spreads(depth, null)
    pair.cover.slopes(null, 0)
  }
  button.onclick = () => {
    if (root.timer) { pair.stop(); return say(null) }
    done = 0
    button.textContent = "■ Stop"
    readout.setAttribute("aria-live", "off")
    const move = () => {
      if (done > 2 * depth + 1 || !root.isConnected) { pair.stop(); return }
      const forward = done <= depth
      const at = forward ? done : 2 * depth + 1 - done
      pair.cover.spreads(forward ? at : depth, null)
      pair.cover.slopes(null, forward ? depth + 1 : at)
      say(at)
      done += 1
    }
    root.timer = setInterval(move, PLAYED_MS / depth)
    move()
  }
  clearInterval(root.timer)
  pair.stop()
}

export default function (component) {
  return follow(component, ".stack", (root, data, width) => {
    const parts = root.parts ??= build(root)
    const { depth_blocks: depth, depth_gain: gain, depth_seed: seed } = data.hand
    const weights = stackWeights(depth, gain, seed)
    const runs = KINDS.map((kind) => stackRun(weights, kind, data.activation))
    const lines = LOOKS.map((look, i) => ({ ...look, colour: data.lines[i] }))
    patchChildren(parts.keys, lines.map(keyOf))
    const wide = width < NARROW ? width : Math.floor((width - 24) / 2)
    const pair = Object.assign([], { cover: {} })
    const say = (at) => {
      pair.at = at
      pair.text = told(parts, runs, depth, at)
      for (const move of pair) move(at)
    }
    const common = { depth, width: wide, lines, say, pair }
    chartOf(parts.spreads, { ...common, place: "spreads", title: "Forward: the signal, standard deviation of x over the points", values: runs.map(({ spread }) => spread) })
    chartOf(parts.slopes, { ...common, place: "slopes", title: "Back: the gradient, ‖∂loss/∂x‖ after l blocks", values: runs.map(({ slope }) => slope) })
    play(root, pair, say, depth)
    say(null)
    parts.sums.replaceChildren(...sumsOf(runs, depth, data.guessed))
  })
}
