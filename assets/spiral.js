// Why linear: the whole experiment is computed here while the sliders move; Python adds how it goes with other seeds.
const WIDEST = 60
const SMALL = [2, 3, 5, 15, 30] // of the paper's figure
const CURVES = [
  { key: "collapsed", name: "points that collapse", shape: "circle", dash: "" },
  { key: "inverse", name: "lost on the way back by T⁺", shape: "square", dash: "8 4" },
  { key: "best", name: "lost on the best linear way back", shape: "triangle", dash: "2 3" },
]

function pictureOf(title) {
  const canvas = document.createElement("canvas")
  canvas.setAttribute("role", "img")
  const caption = tag("figcaption", "")
  return { figure: tag("figure", "", tag("b", "", title), canvas, caption), canvas, caption }
}

function build(root) {
  const pictures = ["The spiral", "n numbers a point", "Back by T⁺", "Best linear way back"].map(pictureOf)
  const small = SMALL.map((n) => {
    const canvas = document.createElement("canvas")
    const button = tag("button", "small", canvas, tag("span", "", ""))
    Object.assign(button, { type: "button" })
    button.dataset.id = `n${n}`
    return { n, canvas, button }
  })
  const parts = {
    pictures, small, formula: tag("p", "formula"), keys: tag("div", "keys"), chart: tag("div", "chart"), readout: tag("p", "readout"),
  }
  parts.readout.setAttribute("role", "status")
  root.replaceChildren(tag("div", "pictures", ...pictures.map(({ figure }) => figure)),
    tag("p", "label", "The same by T⁺, for the widths of the paper’s figure; click one:"), tag("div", "row", ...small.map(({ button }) => button)),
    parts.formula, parts.keys, parts.chart, parts.readout)
  return parts
}

function say(picture, caption, sentence) {
  picture.caption.textContent = caption
  picture.canvas.setAttribute("aria-label", sentence)
}

function paint(root, parts, data, run, n, width) {
  const ink = getComputedStyle(root).color
  const look = { colours: data.colours, table: data.table, ink }
  const across = width < 620 ? 2 : 4
  const size = Math.floor(Math.min(300, (width - 18 * (across - 1)) / across))
  const points = spiralTarget.points
  const [first, inner, back, best] = parts.pictures
  const count = run.alive.filter((alive) => alive < 2).length
  paintSpiral(first.canvas, size, points, look)
  paintNumbers(inner.canvas, size, size, run, look)
  paintSpiral(back.canvas, size, run.back, { ...look, alive: run.alive, ghost: points })
  paintSpiral(best.canvas, size, run.best, { ...look, alive: run.alive, ghost: points })
  const [collapsed, inverse, linear] = CURVES.map(({ key }) => run.lost[key][n - 2])
  say(first, `${POINTS} points, numbered from its inner end`, `The spiral: ${POINTS} points in the plane, coloured from its inner end to its outer one.`)
  say(inner, `${count} of ${POINTS} points (${percentOf(collapsed)}) keep fewer than two numbers: the ticks below`,
    `${n} numbers of every point; ${count} of ${POINTS} points keep fewer than two that are not flat.`)
  say(back, `${percentOf(inverse)} of its variance is lost`, `The spiral brought back by the pseudo-inverse: ${percentOf(inverse)} of its variance is lost.`)
  say(best, `${percentOf(linear)} of its variance is lost`, `The spiral brought back by the best linear map: ${percentOf(linear)} of its variance is lost.`)
  const little = Math.floor(Math.min(150, (width - 12 * 4) / 5)) - 8
  for (const each of parts.small) {
    const { back: shape, alive } = run.backs[each.n]
    paintSpiral(each.canvas, little, shape, { ...look, alive, numbers: false })
    each.button.lastChild.textContent = `n = ${each.n}: ${percentOf(run.lost.inverse[each.n - 2])}`
    each.button.setAttribute("aria-pressed", String(each.n === n))
    each.button.setAttribute("aria-label", `Take n = ${each.n}, where T⁺ loses ${percentOf(run.lost.inverse[each.n - 2])}`)
  }
}

function formulaOf(activation, n, collapsed, guessed) {
  const chance = (n + 1) / 2 ** n
  if (!guessed && activation.startsWith("relu")) return `With this T, ${percentOf(collapsed)} of the points collapse. What it is over all T, by a formula: after your guess above.`
  if (activation === "relu") {
    return `P(a point collapses) = (n + 1) ÷ 2ⁿ = ${n + 1} ÷ ${grouped(2 ** n)} = ${percentOf(chance)} over all T; with this T: ${percentOf(collapsed)}`
  }
  if (activation === "relu6") return `ReLU6 is flat above 6 too, so that a great scale adds to ReLU’s (n + 1) ÷ 2ⁿ = ${percentOf(chance)}; with this T: ${percentOf(collapsed)}`
  return `${activation === "swish" ? "Swish is curved, but flat in one place only" : "Nothing is flat"}: no point collapses, whatever n.`
}

function toldOf(data, run, n) {
  const lines = CURVES.map(({ key, name }) => {
    const others = data.bands && data.bands[key]
    const spread = others ? ` (${data.seeds} seeds: half of them up to ${percentOf(others[1][n - 2])}, nine of ten up to ${percentOf(others[2][n - 2])})` : ""
    return `${name} ${percentOf(run.lost[key][n - 2])}${spread}`
  })
  return `n = ${n}: ${lines.join("; ")}`
}

function plot(root, parts, data, run, n, width, pick) {
  const x = { ...byFactors(2, WIDEST), ticks: [2, 3, 5, 10, 15, 30, 60], title: "n, numbers a point" }
  const frame = frameOf({ width, height: 270, x, y: shares, title: "Share that is lost" })
  const xs = Array.from({ length: WIDEST - 1 }, (_, i) => i + 2)
  const svg = element("svg", { class: "lines", width, height: 270, tabindex: 0, role: "slider", "aria-label": "Losses by n; arrow keys read them, Enter takes n",
    "aria-valuemin": 2, "aria-valuemax": WIDEST, "aria-valuenow": n, "data-id": "chart" })
  svg.append(...axesOf(frame, x, shares))
  for (const { key } of CURVES) if (data.bands) svg.append(bandOf(frame, { xs, low: data.bands[key][0], high: data.bands[key][2], colour: data.lines[key] }))
  CURVES.forEach(({ key, shape, dash }, i) => svg.append(...lineOf(frame, { xs, ys: run.lost[key], colour: data.lines[key], dash, shape, every: 5, offset: 2 * i })))
  const guide = element("line", { class: "guide", x1: frame.x(n), x2: frame.x(n), y1: frame.top, y2: frame.bottom })
  svg.append(guide)
  patchChildren(parts.chart, [svg])
  const shown = parts.chart.firstChild
  let at = n
  const tell = (place) => {
    at = place ?? n
    shown.lastChild.setAttribute("x1", frame.x(at))
    shown.lastChild.setAttribute("x2", frame.x(at))
    shown.setAttribute("aria-valuenow", at)
    shown.setAttribute("aria-valuetext", parts.readout.textContent = toldOf(data, run, at))
  }
  tell(null)
  guided(shown, frame, x, () => at, tell, pick)
}

export default function (component) {
  const pick = (n) => component.setTriggerValue("picked", n)
  return follow(component, ".spiral", (root, data, width) => {
    const parts = root.parts ??= build(root)
    const { spiral_n: n, spiral_seed: seed, spiral_scale: scale } = data.hand
    const known = scale === data.scale || data.activation === "relu" || data.activation === "linear" ? data : { ...data, bands: null }
    const run = spiralRun(n, data.activation, seed, scale, WIDEST, SMALL)
    paint(root, parts, known, run, n, width)
    parts.formula.textContent = formulaOf(data.activation, n, run.lost.collapsed[n - 2], data.guessed)
    if (!parts.keys.firstChild) parts.keys.append(...CURVES.map((each) => keyOf({ ...each, colour: data.lines[each.key] })), tag("span", "", "shaded: eight of ten seeds"))
    plot(root, parts, known, run, n, width, pick)
    for (const each of parts.small) each.button.onclick = () => pick(each.n)
  })
}
