// A chart of lines, with dashes and marks beside colours; a guide follows the pointer or the arrow keys.
const shapes = {
  circle: (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0`,
  square: (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  triangle: (r) => `M0,${-1.25 * r}L${1.2 * r},${r}H${-1.2 * r}z`,
  diamond: (r) => `M0,${-1.4 * r}L${1.4 * r},0L0,${1.4 * r}L${-1.4 * r},0z`,
}
const raised = (power) => `10${superscript(power)}`

// Ticks and bounds of a logarithmic axis around positive values.
function decades(values, most = 6) {
  const known = values.filter((value) => value > 0 && Number.isFinite(value))
  let [low, high] = known.length ? [Math.min(...known), Math.max(...known)].map(Math.log10) : [-1, 1]
  if (high - low < 2) [low, high] = [(low + high) / 2 - 1, (low + high) / 2 + 1]
  const [from, to] = [Math.floor(low - 0.15), Math.ceil(high + 0.15)]
  const step = Math.ceil((to - from) / most)
  const ticks = []
  for (let power = Math.ceil(from / step) * step; power <= to; power += step) ticks.push({ at: 10 ** power, text: raised(power) })
  return { low: from, high: to, ticks, of: (value) => (Math.log10(value) - from) / (to - from) }
}

const evenly = (low, high) => ({ low, high, of: (value) => (value - low) / (high - low), back: (part) => low + part * (high - low) })
const byFactors = (low, high) => ({ low, high, of: (value) => Math.log(value / low) / Math.log(high / low), back: (part) => low * (high / low) ** part })
const shares = { ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: `${100 * at} %` })), of: (value) => value }

// A title in as many lines as it takes in `width` pixels, words left whole; a letter of a title is at most about 7.2 pixels wide on average.
function linesOf(title, width) {
  const most = Math.max(8, Math.floor(width / 7.2))
  return title.split(" ").reduce((lines, word) => {
    const last = lines.at(-1)
    return last && last.length + 1 + word.length > most ? [...lines, word] : [...lines.slice(0, -1), last ? `${last} ${word}` : word]
  }, [""])
}

function frameOf({ width, height, x, y, title }) {
  const heading = linesOf(title, width - 12)
  const [left, right, top, bottom] = [52, width - 14, 9 + 17 * heading.length, height - 40]
  return {
    left, right, top, bottom, width, height,
    x: (value) => left + (right - left) * x.of(value),
    y: (value) => bottom - (bottom - top) * y.of(value),
    back: (at) => x.back((at - left) / (right - left)),
    heading,
  }
}

function axesOf(frame, x, y) {
  const { left, right, top, bottom } = frame
  return [
    ...frame.heading.map((line, i) => words(line, { class: "head", x: frame.heading.length > 1 ? 2 : left, y: 15 + 17 * i })),
    ...y.ticks.flatMap(({ at, text }) => [
      element("line", { class: "grid", x1: left, x2: right, y1: frame.y(at), y2: frame.y(at) }),
      words(text, { class: "tick", x: left - 6, y: frame.y(at) + 4, "text-anchor": "end" }),
    ]),
    ...x.ticks.map((at) => words(String(at), { class: "tick", x: frame.x(at), y: bottom + 17, "text-anchor": "middle" })),
    words(x.title, { class: "tick", x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle" }),
    element("line", { class: "grid", x1: left, x2: left, y1: top, y2: bottom }),
  ]
}

function bandOf(frame, { xs, low, high, colour }) {
  const there = xs.map((x, i) => `${frame.x(x).toFixed(1)},${frame.y(high[i]).toFixed(1)}`)
  const back = xs.map((x, i) => `${frame.x(x).toFixed(1)},${frame.y(low[i]).toFixed(1)}`).reverse()
  return element("polygon", { class: "band", points: [...there, ...back].join(" "), fill: colour })
}

// What cannot be drawn, zero on a logarithmic axis or what overflowed, leaves a gap.
function lineOf(frame, { xs, ys, colour, dash = "", shape, every = 1, offset = 0 }) {
  let pen = "M"
  const [path, marks] = [[], []]
  xs.forEach((x, i) => {
    const [px, py] = [frame.x(x), frame.y(ys[i])]
    if (!Number.isFinite(py)) { pen = "M"; return }
    const inside = Math.max(frame.top - 6, Math.min(frame.bottom + 6, py))
    path.push(`${pen}${px.toFixed(1)},${inside.toFixed(1)}`)
    pen = "L"
    if (shape && (i + offset) % every === 0) marks.push(element("path", { class: "spot", d: shapes[shape](4), transform: `translate(${px.toFixed(1)},${inside.toFixed(1)})`, fill: colour }))
  })
  return [element("path", { class: "line", d: path.join(""), stroke: colour, "stroke-dasharray": dash }), ...marks]
}

function keyOf({ name, colour, dash = "", shape }) {
  const sample = element("svg", { width: 34, height: 12, "aria-hidden": "true" }, element("path", { class: "line", d: "M1,6H33", stroke: colour, "stroke-dasharray": dash }))
  if (shape) sample.append(element("path", { class: "spot", d: shapes[shape](4), transform: "translate(17,6)", fill: colour }))
  const item = document.createElement("span")
  item.append(sample, name)
  return item
}

// The guide goes where the pointer is, or by arrow keys; `say(null)` where it has left, `pick` where it was clicked or Enter was pressed.
function guided(svg, frame, x, now, say, pick) {
  const whole = (value) => Math.max(x.low, Math.min(x.high, Math.round(value)))
  const at = (event) => whole(frame.back(placeIn(svg, event)[0]))
  svg.onpointermove = (event) => say(at(event))
  svg.onpointerleave = () => say(null)
  svg.onblur = () => say(null)
  svg.onclick = (event) => pick?.(at(event))
  svg.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key]
    if (step) say(whole(now() + step))
    else if (event.key === "Home" || event.key === "End") say(event.key === "Home" ? x.low : x.high)
    else if (pick && (event.key === "Enter" || event.key === " ")) pick(now())
    else return
    event.preventDefault()
  }
}
