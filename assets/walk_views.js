// How the walking kernel is shown: two maps, three grids of numbers, and their sum.
const COLOURS = ["red", "green", "blue"]
const namesOf = (now) => now.planes.length === 3 ? COLOURS : ["grey"]

const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))

function colourOf({ grey, reach }, palette, value) {
  const t = reach ? value / reach : 0
  if (grey) return [0, 1, 2].map(() => Math.round(255 * Math.min(1, Math.max(0, t))))
  const place = (Math.min(1, Math.max(-1, t)) + 1) / 2 * (palette.length - 1)
  const low = Math.min(Math.floor(place), palette.length - 2)
  const [from, to] = [rgb(palette[low]), rgb(palette[low + 1])]
  return from.map((part, i) => Math.round(part + (to[i] - part) * (place - low)))
}

function inked(colour) {
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  const [red, green, blue] = colour.map((part) => linear(part / 255))
  return `background:rgb(${colour});color:${0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff"}`
}

function paint(canvas, side, colourAt) {
  canvas.width = canvas.height = side
  const image = new ImageData(side, side)
  for (let place = 0; place < side * side; place += 1) {
    const colour = colourAt(place)
    if (colour) image.data.set([...colour, 255], 4 * place)
  }
  canvas.getContext("2d").putImageData(image, 0, 0)
}

function paintInput(view) {
  const { planes, count } = view.now
  const [red, green = red, blue = red] = planes
  paint(view.parts.input.canvas, count.side, (place) => [red[place], green[place], blue[place]])
}

function paintOutput(view) {
  const { count, values, scale, palette } = view.now
  paint(view.parts.output.canvas, count.cells, (place) => view.seen[place] ? colourOf(scale, palette, values[place]) : null)
}

function legendOf({ scale, palette, values }) {
  const bar = html("i", { "aria-hidden": "true" })
  const low = scale.grey ? 0 : -scale.reach
  const stops = Array.from({ length: 9 }, (_, i) => colourOf(scale, palette, low + i / 8 * (scale.reach - low)))
  bar.style.background = `linear-gradient(to right,${stops.map((colour) => `rgb(${colour})`)})`
  const beyond = values.some((value) => value < low - 1e-9 || value > scale.reach + 1e-9)
  const said = (value) => quotient(100 * Math.round(100 * value) / 100, 1).text
  const note = beyond ? "colours end here, numbers do not" : ""
  return [bar, ...[said(low), note, said(scale.reach)].map((text) => html("span", {}, text))]
}

// Cells as wide as the longest number, which is printed whole.
function gridOf(title, kind, k, cells) {
  const longest = Math.max(...cells.map((cell) => (cell.value ?? cell.textContent).length))
  const wide = Math.max(k < 5 ? 44 : k < 7 ? 37 : 33, 7 * longest + 6)
  const numbers = html("div", { class: "numbers", style: `--k:${k};--wide:${wide}px` }, ...cells)
  return html("div", { class: `grid ${kind}` }, html("div", { class: "title" }, title), numbers)
}

function numberOf(text, i, style, padded = false) {
  return html("span", { class: padded ? "number zero" : "number", "data-i": i, ...padded ? { title: "0, padding" } : { style } }, text)
}

function patchGrid(view, cell) {
  const { kernel: k } = view.now.count
  return gridOf(`Patch, ${namesOf(view.now)[view.channel]}`, "patch", k, cell.patch[view.channel].map((value, i) =>
    numberOf(String(value), i, inked([value, value, value]), !cell.inside[i])))
}

function productGrid(view, cell) {
  const { count: { kernel: k }, palette } = view.now
  const values = cell.products[view.channel]
  const scale = { grey: false, reach: Math.max(...values.map(Math.abs)) }
  return gridOf("Products", "product", k, values.map((value, i) =>
    numberOf(exact(value), i, inked(colourOf(scale, palette, value)), !cell.inside[i])))
}

// Its numbers can be written over.
function kernelGrid(view, edit) {
  const { kernel, count: { kernel: k } } = view.now
  const cells = kernel.hundredths[view.channel].map((weight, i) => {
    const field = html("input", { class: "number", "data-i": i, "data-id": `weight ${i}`, autocomplete: "off", maxlength: 6, value: exact(weight),
      "aria-label": `Kernel, ${namesOf(view.now)[view.channel]}, row ${Math.floor(i / k)}, column ${i % k}` })
    field.onchange = () => edit(i, field)
    return field
  })
  return gridOf("Kernel, yours to change", "kernel", k, cells)
}

// Of a term in a sum.
const signOf = (value, first) => first ? (value < 0 ? "−" : "") : value < 0 ? " − " : " + "

// Product by product where there are few, else their number.
function sumWords(view, cell) {
  const { kernel: k } = view.now.count
  const values = cell.products[view.channel]
  const total = exact(cell.sums[view.channel])
  if (k > 3) return [`Σ of the ${k * k} products = `, html("b", {}, total)]
  const terms = values.map((value, i) => html("span", { class: "term", "data-i": i }, signOf(value, i === 0), exact(Math.abs(value))))
  return ["Σ = ", ...values.length > 1 ? [...terms, " = "] : [], html("b", {}, total)]
}

function resultWords(view, cell) {
  const { planes, kernel } = view.now
  const divisor = divisorOf(kernel, planes)
  const found = quotient(cell.sum, divisor)
  const parts = cell.sums.map((sum, channel) => `${signOf(sum, channel === 0)}${exact(Math.abs(sum))} (${COLOURS[channel]})`)
  const colours = planes.length === 3 ? [`${parts.join("")} = ${exact(cell.sum)}; `] : []
  const by = [planes.length === 3 ? "3" : "", kernel.divisor > 1 ? String(kernel.divisor) : ""].filter(Boolean)
  const under = by.length > 1 ? `(${by.join(" · ")})` : by[0]
  const before = divisor === 1 ? "the output cell = " : `${exact(cell.sum)} ÷ ${under} ${found.sign} `
  return [...colours, before, html("b", { class: "value" }, found.text)]
}
