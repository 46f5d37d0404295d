// One convolution as volumes in proportion: what comes in, the kernels, what goes out. A box is as long as its channels, as high and as deep as
// its map.
const between = 30 // pixels from a box to the next, for the arrow
const most = 5 // kernels that are drawn; the others are counted

// By which the most channels get `length` pixels and the largest map `side`.
const scaleFor = (convolutions, length, side) => ({
  channels: length / Math.max(...convolutions.flatMap(({ inputs, outputs }) => [inputs, outputs])),
  side: side / Math.max(...convolutions.flatMap(({ side: before, cells }) => [before, cells])), length, tallest: side,
})

function boxAt(scale, x, channels, side, middle) {
  const high = Math.max(thin, scale.side * side)
  return [x, middle - high * (1 - slant) / 2, Math.max(thin, scale.channels * channels), high, slant * high]
}

const endOf = ([x, , width, , back]) => x + width + back
const middleOf = ([x, , width, , back]) => x + (width + back) / 2

function arrowTo(from, to, y) {
  const path = `M${from} ${y}L${to} ${y}`
  return [element("path", { class: "line", d: path }), arrowHead(path)]
}

// The first few kernels, one below the other.
function kernelsOf(conv, scale, x, middle) {
  const [, , width, high, back] = boxAt(scale, x, conv.inputs / conv.groups, conv.kernel, 0)
  const apart = high + back + 5
  const count = Math.max(1, Math.min(conv.outputs, most, Math.floor((scale.tallest + 5) / apart)))
  const top = middle - count * apart / 2 + back + 2
  return Array.from({ length: count }, (_, place) => [x, top + place * apart, width, high, back])
}

function said(lines, x, y, kind) {
  return lines.map((line, place) => words(line, { class: kind, x, y: y + 15 * place, "text-anchor": "middle" }))
}

// What stands above and below the three: letters, and the same in numbers.
function labelsOf(conv, letters) {
  const deep = conv.inputs / conv.groups
  return [
    [letters[0], [`${conv.side} × ${conv.side}`, `× ${grouped(conv.inputs)}`]],
    [letters[1], [`${grouped(conv.outputs)} kernel${conv.outputs > 1 ? "s" : ""}`, `${conv.kernel} × ${conv.kernel} × ${grouped(deep)}`]],
    [letters[2], [`${conv.cells} × ${conv.cells}`, `× ${grouped(conv.outputs)}`]],
  ]
}

const spoken = ({ side, inputs, outputs, kernel, groups, cells }) => `${side} × ${side} × ${inputs} comes in; ${outputs} kernels of `
  + `${kernel} × ${kernel} × ${inputs / groups} make ${cells} × ${cells} × ${outputs}`

// Says that there are more kernels than are drawn.
function moreOf({ outputs }, kernels) {
  const last = kernels.at(-1)
  const at = { class: "numbers", x: middleOf(last), y: last[1] + last[3] + 14, "text-anchor": "middle" }
  return outputs > kernels.length ? [words("⋮", at)] : []
}

// `kinds` are the classes that colour the volume that comes in and the one that goes out; `letters` three pairs of lines.
function panelOf(conv, scale, { kinds, letters, title }) {
  const middle = 40 + scale.tallest * (1 + slant) / 2
  const room = Math.max(scale.length + slant * scale.tallest, 84)
  const places = [0, 1, 2].map((place) => place * (room + between) + 4)
  const put = (place, box) => [box[0] + places[place] + (room - box[2] - box[4]) / 2, ...box.slice(1)]
  const input = put(0, boxAt(scale, 0, conv.inputs, conv.side, middle))
  const kernels = kernelsOf(conv, scale, 0, middle).map((box) => put(1, box))
  const output = put(2, boxAt(scale, 0, conv.outputs, conv.cells, middle))
  const [first] = kernels
  const patch = [input[0], input[1], Math.min(input[2], first[2]), Math.min(input[3], first[3]), Math.min(input[4], first[4])]
  const slice = [output[0], output[1], Math.max(2, Math.min(output[2], scale.channels)), output[3], output[4]]
  const bottom = middle + scale.tallest * (1 + slant) / 2 + 18
  const texts = labelsOf(conv, letters).flatMap(([above, below], place) => {
    const x = places[place] + room / 2
    return [...said(above, x, 14, "letters"), ...said(below, x, bottom, "numbers")]
  })
  const group = (kind, ...boxes) => element("g", { class: kind }, ...boxes.flatMap(solidOf))
  const [width, height] = [3 * room + 2 * between + 8, bottom + 22]
  return element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${title}: ${spoken(conv)}` },
    group(kinds[0], input), group("kernels", patch), group("kernels", ...kernels), group(kinds[1], output), group("kernels", slice),
    ...moreOf(conv, kernels), ...arrowTo(endOf(input) + 3, first[0] - 3, middle), ...arrowTo(endOf(first) + 3, output[0] - 3, middle), ...texts)
}

// A line of the account: what, in letters, in numbers, and what it comes to.
function lineOf(name, letters, numbers, value, note = "") {
  return tag("div", "account", tag("b", "", name), tag("span", "letters", letters), tag("span", "", `= ${numbers}`),
    tag("span", "value", `= ${value}`), ...note ? [tag("small", "", note)] : [])
}

// D_v of the sliders, in letters and numbers.
function sideWords({ side, kernel, stride, padding }) {
  return padding === "same" ? ["⌈Dᵤ ÷ s⌉", `⌈${side} ÷ ${stride}⌉`] : ["⌊(Dᵤ − Dᵣ) ÷ s⌋ + 1", `⌊(${side} − ${kernel}) ÷ ${stride}⌋ + 1`]
}

const coloured = (root, colours) => Object.entries(colours).forEach(([name, colour]) => root.style.setProperty(`--${name}`, colour))
