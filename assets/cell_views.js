// How the microscope shows things: small grids of numbers, contributions as bars, and the chain of formulas.
const barsShown = 8

const levels = 252 // of the palette's steps, the middle one is zero
const indexOf = (value, reach) => Number.isFinite(value) ? Math.round((Math.max(-1, Math.min(1, value / (reach || 1))) + 1) * levels / 2) : 254
const reachOf = (values) => values.reduce((most, value) => Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most, 0)
const rgbOf = (palette, index) => [0, 1, 2].map((part) => palette[3 * index + part])

// Background of a number, and black or white on it, whichever reads better.
function inked(palette, value, reach) {
  const rgb = rgbOf(palette, indexOf(value, reach))
  const [r, g, b] = rgb.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  return `background:rgb(${rgb});color:${0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff"}`
}

function paint(canvas, indexes, height, width, palette) {
  canvas.width = width
  canvas.height = height
  const image = new ImageData(width, height)
  for (let i = 0; i < indexes.length; i += 1) image.data.set([...rgbOf(palette, indexes[i]), 255], 4 * i)
  canvas.getContext("2d").putImageData(image, 0, 0)
}

const brief = (value) => {
  const size = Math.abs(value)
  return Number.isFinite(size) ? signed(size.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3), value) : written(value, 0)
}

// A power of ten that brings numbers which are all tiny, or huge, to a readable length.
const powerOf = (reach) => reach && (reach < 0.01 || reach >= 1000) ? exponentOf(reach) : 0

function gridOf(title, values, k, { palette, reach, inside, kind }) {
  const power = powerOf(reachOf(values))
  const cells = [...values].map((value, i) => {
    const real = inside ? inside[i] : true
    const exact = `${title}, row ${Math.floor(i / k)}, column ${i % k}: ${real ? short(value) : "0, padding"}`
    const cell = html("span", { class: real ? "number" : "number zero", "data-i": i, title: exact, "data-value": short(value) })
    cell.textContent = real ? brief(value / 10 ** power) : "0"
    if (real) cell.style.cssText = inked(palette, value, reach)
    return cell
  })
  const scale = power ? html("i", {}, ` × 10${superscript(power)}`) : null
  const reachable = kind === "product" ? { tabindex: 0, role: "group", "aria-label": `${title}; arrow keys light one` } : {}
  const body = html("div", { class: "numbers", style: `--k:${k}`, ...reachable }, ...cells)
  return html("div", { class: `grid ${kind}` }, html("div", { class: "title" }, title, scale), body)
}

const sign = (text) => html("span", { class: "sign", "aria-hidden": "true" }, text)
const nameOf = (head, channel) => head.names.length ? head.names[head.names.length === 1 ? 0 : channel] : channel
const labelOf = (head, channel) => head.names.length === 3 ? nameOf(head, channel) : `channel ${nameOf(head, channel)}`

// Patch × kernel = products of one input channel; in colours of its own, or in one scale for all channels `together`.
function tripleOf({ head, arrays }, cell, channel, { alone, together }) {
  const k = head.kernel
  const part = (values) => values.subarray(channel * k * k, (channel + 1) * k * k)
  const grid = (title, values, kind) => gridOf(title, part(values), k, {
    palette: arrays.palette, inside: kind === "kernel" ? null : cell.inside, kind, reach: reachOf(together ? values : part(values)) })
  const sum = short(cell.shares[channel])
  return html("div", { class: "triple", "data-channel": channel },
    alone ? null : html("div", { class: together ? "whose" : "whose over" }, labelOf(head, channel), together ? "" : `: Σ = ${sum}`),
    grid("Patch", cell.patch, "patch"), sign("×"), grid("Kernel", arrays.weights, "kernel"), sign("="), grid("Products", cell.products, "product"),
    alone || !together ? null : html("div", { class: "whose total" }, "Σ = ", sum))
}

const columns = (name, words, amount) => [html("span", {}, String(name)), html("span", { class: "words" }, words), html("span", { class: "amount" }, amount)]

// The input channels that add most, each with what it is made of, and the rest summed up.
function barsOf({ head, arrays }, cell, lit) {
  const order = cell.shares.map((_, channel) => channel).sort((a, b) => Math.abs(cell.shares[b]) - Math.abs(cell.shares[a]) || a - b)
  const first = order.slice(0, barsShown)
  const rest = order.slice(barsShown)
  const others = rest.reduce((total, channel) => total + cell.shares[channel], 0)
  const reach = reachOf(first.map((channel) => cell.shares[channel]))
  const single = head.kernel === 1
  const bar = (share) => {
    const line = html("span", { class: "track", "aria-hidden": "true" }, html("i", {}))
    const width = reach && Number.isFinite(share) ? 50 * Math.abs(share) / reach : 0
    const colour = rgbOf(arrays.palette, share < 0 ? 42 : 210)
    line.firstChild.style.cssText = `left:${share < 0 ? 50 - width : 50}%;width:${width}%;background:rgb(${colour})`
    return line
  }
  const rows = first.map((channel) => {
    const words = single ? `${short(cell.patch[channel])} × ${short(arrays.weights[channel])}` : `${head.kernel ** 2} products`
    return html("button", {
      type: "button", class: channel === lit ? "share lit" : "share", "data-channel": channel, "aria-pressed": channel === lit,
      title: `Input ${labelOf(head, channel)}: ${words}, together ${short(cell.shares[channel])}. Click to see its map.`,
    }, ...columns(nameOf(head, channel), words, short(cell.shares[channel])), bar(cell.shares[channel]))
  })
  const remainder = rest.length ? [html("div", { class: "share others" }, ...columns("", `and ${grouped(rest.length)} others`, short(others)))] : []
  const titles = html("div", { class: "share heads" }, ...columns("Input", single ? "x × w" : "patch × kernel", "= adds"))
  return html("div", { class: "bars" }, titles, ...rows, ...remainder)
}

// Terms of a sum with their signs, all to the place of the largest one's fourth digit.
function termsOf(values) {
  const reach = reachOf(values.map(({ value }) => value))
  const place = reach ? finest(reach, 4) : 0
  return values.flatMap(({ value, i, note }, index) => {
    const before = value < 0 ? (index ? "− " : "−") : index ? "+ " : ""
    const term = html("span", i === undefined ? { class: "term" } : { class: "term", "data-i": i }, before, written(Math.abs(value), place))
    if (note) term.append(html("small", {}, ` ${note}`))
    return [term, " "]
  })
}

function sumTerms({ head }, cell) {
  if (head.input[0] === 1) {
    const real = [...cell.products].map((value, i) => ({ value, i })).filter(({ i }) => cell.inside[i])
    const zeros = cell.products.length - real.length
    return [...termsOf(real), ...zeros ? [html("span", { class: "term" }, "+ 0 ", html("small", {}, `(${zeros} × padding)`))] : []]
  }
  const order = cell.shares.map((value, channel) => ({ value, channel }))
  order.sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.channel - b.channel)
  const shown = order.length <= barsShown ? order : order.slice(0, 4)
  const rest = order.slice(shown.length)
  const terms = shown.map(({ value, channel }) => ({ value, note: `(${head.names.length === 3 ? nameOf(head, channel) : channel})` }))
  const others = { value: rest.reduce((total, { value }) => total + value, 0), note: `(${grouped(rest.length)} others)` }
  return termsOf(rest.length ? [...terms, others] : terms)
}

// What is calculated with has more digits than its result, so that a pocket calculator gives what is printed.
const fine = (value) => short(value, 6)
const round = (value) => value < 0 ? `(${fine(value)})` : fine(value)
const minus = (value) => value < 0 ? `+ ${fine(-value)}` : `− ${fine(value)}`
const plus = (value) => value < 0 ? `− ${fine(-value)}` : `+ ${fine(value)}`
const root = (...inside) => html("span", { class: "root" }, "√", html("span", {}, ...inside))
const over = (above, below) => html("span", { class: "fraction" }, html("span", {}, ...above), html("span", {}, ...below))

function stepOf(key, name, formula, numbers, result, note) {
  return html("li", { class: "step", "data-step": key }, html("span", { class: "name" }, name), html("span", { class: "formula" }, ...formula),
    html("span", { class: "filled" }, ...numbers), html("b", { class: "result" }, `= ${result}`), note ? html("small", { class: "note" }, ...note) : null)
}

const activations = {
  swish: ["Swish", () => [over(["y"], ["1 + e", html("sup", {}, "−y")])], (y) => [over([short(y)], ["1 + e", html("sup", {}, short(-y))])]],
  relu: ["ReLU", () => ["max(0, y)"], (y) => [`max(0, ${short(y)})`]],
  relu6: ["ReLU6", () => ["min(6, max(0, y))"], (y) => [`min(6, max(0, ${short(y)}))`]],
  null: ["No activation", () => ["y"], (y) => [short(y)]],
}

function verdictOf(mine, recorded) {
  const text = agreed(mine, recorded)
  return text ? { shown: text, recorded: text, words: "equal to the last digit shown" }
    : { shown: short(mine), recorded: short(recorded), words: "32-bit additions came out otherwise" }
}

function recordedOf(key, name, mine, recorded) {
  const verdict = verdictOf(mine, recorded)
  return html("li", { class: "step recorded", "data-step": key }, html("span", { class: "name" }, name), html("span", { class: "formula" }),
    html("span", { class: "filled" }, `in the network's own pass: ${verdict.words}`), html("b", { class: "result" }, `= ${verdict.recorded}`))
}

function chainOf(packet, cell) {
  const { head } = packet
  const { sum, mean, variance, eps, gamma, beta, slope, shift, normalised, value, recorded, addition } = cell
  const [title, formula, filled] = activations[head.activation]
  const steps = [
    stepOf("sum", "Convolution", [head.kernel === 1 ? "Σ x · w" : "Σ patch · kernel"], sumTerms(packet, cell), fine(sum)),
    stepOf("norm", "Batch norm", ["y = ", over(["Σ − μ"], [root("σ² + ε")]), " · γ + β"],
      [over([`${fine(sum)} ${minus(mean)}`], [root(`${fine(variance)} + ${eps < 1e-6 ? short(eps, 1) : eps}`)]), ` · ${round(gamma)} ${plus(beta)}`], short(normalised),
      [`folded: a · Σ + b = ${round(slope)} · ${round(sum)} ${plus(shift)}`]),
    stepOf("activation", title, formula(), filled(normalised), verdictOf(value, recorded).shown),
    recordedOf("recorded", "Recorded", value, recorded),
  ]
  if (addition) {
    const [name, general, fill] = activations[head.skip.activation]
    const active = head.skip.activation !== null
    const handed = verdictOf(addition.value, addition.recorded).shown
    steps.push(stepOf("skip", "Skip connection", [`value + ${head.skip.name}`], [`${short(value)} ${plus(addition.added)}`], active ? short(addition.sum) : handed))
    if (active) steps.push(stepOf("after", name, general(), fill(addition.sum), handed))
    steps.push(recordedOf("handed", "Block output", addition.value, addition.recorded))
  }
  return html("ol", { class: "chain" }, ...steps)
}
