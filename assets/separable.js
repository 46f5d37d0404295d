// A standard convolution beside the two that take its place: volumes, the ratio of their costs term by term, its curve, and the bytes that each
// has to move.
const volume = (side, channels) => [`${side} × ${side}`, `× ${channels}`]

const panelsOf = ({ standard, depthwise, pointwise }) => [
  { conv: standard, title: "Standard", kinds: ["input", "output"],
    letters: [volume("Dᵤ", "M"), ["N kernels", "Dᵣ × Dᵣ × M"], volume("Dᵥ", "N")],
    words: "Every kernel looks at neighbours and mixes all channels, both at once.", cost: "Dᵣ² · M · N · Dᵥ²" },
  { conv: depthwise, title: "1. Depthwise", kinds: ["input", "middle"],
    letters: [volume("Dᵤ", "M"), ["M kernels", "Dᵣ × Dᵣ × 1"], volume("Dᵥ", "M")],
    words: "One kernel for each channel: it looks at neighbours and mixes nothing.", cost: "Dᵣ² · M · Dᵥ²" },
  { conv: pointwise, title: "2. Pointwise", kinds: ["middle", "output"],
    letters: [volume("Dᵥ", "M"), ["N kernels", "1 × 1 × M"], volume("Dᵥ", "N")],
    words: "N kernels of 1 × 1: they mix the channels of a cell and look at no neighbour.", cost: "M · N · Dᵥ²" },
]

function numbersOf({ kernel, inputs, outputs, cells, groups }) {
  const factors = [...kernel > 1 || groups > 1 ? [`${kernel}²`] : [], inputs, ...groups > 1 ? [] : [outputs], `${cells}²`]
  return factors.join(" · ")
}

function panel(entry, scale) {
  const { conv, title } = entry
  return tag("section", "", tag("h5", "", title), tag("div", "panel", panelOf(conv, scale, entry)), tag("p", "", entry.words),
    tag("p", "count", tag("span", "letters", entry.cost), ` = ${numbersOf(conv)} = `, tag("b", "", `${grouped(conv.macs)} MACs`)))
}

const over = (above, below) => tag("span", "fraction", tag("span", "", ...above), tag("span", "", ...below))

// One step's MACs over the standard convolution's: in letters, of which all of `above` cancel, then in numbers.
function termOf(name, above, left, counts, number, value) {
  const crossed = (factors) => factors.flatMap((factor, place) => [...place ? [" · "] : [], above.includes(factor) ? tag("s", "", factor) : factor])
  const pieces = [over(crossed(above), crossed(["Dᵣ²", "M", "N", "Dᵥ²"])), ` = ${left} = `, over([grouped(counts[0])], [grouped(counts[1])]), ` = ${number}`]
  return tag("div", "term", tag("b", "", name), tag("span", "pieces", ...pieces), tag("span", "value", `= ${share(value)}`))
}

function derivation({ standard, depthwise, pointwise, ratio }) {
  const { outputs, kernel } = standard
  const [channels, places] = [`1/${grouped(outputs)}`, `1/${kernel ** 2}`]
  const verdict = ratio < 1 ? `${digits(1 / ratio)} times fewer MACs, whatever M and the map's side are`
    : `${digits(ratio)} times as many: with so few channels out, the pair does not pay`
  return tag("div", "terms",
    termOf("Depthwise over standard", ["Dᵣ²", "M", "Dᵥ²"], "1/N", [depthwise.macs, standard.macs], channels, 1 / outputs),
    termOf("Pointwise over standard", ["M", "N", "Dᵥ²"], "1/Dᵣ²", [pointwise.macs, standard.macs], places, 1 / kernel ** 2),
    tag("div", "term total", tag("b", "", "Together"), tag("span", "pieces", `1/N + 1/Dᵣ² = ${channels} + ${places}`),
      tag("span", "value", `= ${share(ratio)}`), tag("small", "", verdict)))
}

// What each has to do and to move; MACs per byte also as bars.
function traffic(found) {
  const rows = [["Standard", found.standard], ["Depthwise", found.depthwise], ["Pointwise", found.pointwise], ["The pair", found.pair]]
  const top = Math.max(...rows.map(([, each]) => each.intensity))
  const cell = (text) => tag("td", "", text)
  const head = ["", "MACs", "Parameters", "Bytes to move", "MACs per byte", ""].map((text) => tag("th", "", text))
  const body = rows.map(([name, { macs, params, bytes, intensity }]) => {
    const bar = tag("i", "")
    bar.style.width = `${100 * intensity / top}%`
    return tag("tr", "", tag("th", "", name), ...[grouped(macs), grouped(params), grouped(bytes), digits(intensity)].map(cell), tag("td", "bar", bar))
  })
  const table = tag("table", "", tag("thead", "", tag("tr", "", ...head)), tag("tbody", "", ...body))
  const box = tag("div", "scroll", table)
  box.setAttribute("tabindex", 0)
  return box
}

// The derivation and the curve side by side, or a line that asks for the guess first.
function ratioOf(found, shape, wide) {
  if (!found.revealed) return tag("p", "waiting", "Their ratio, derived term by term: after your guess above.")
  return tag("div", "halves", tag("div", "", tag("h5", "", "The ratio, term by term"), derivation(found)),
    tag("div", "", tag("h5", "", "The ratio over N; dashed: its limit 1/Dᵣ²"), ratioChart(shape.outputs, shape.kernel, wide),
      tag("p", "readout", readout(shape.outputs))))
}

function draw(root, shown, width) {
  const shape = shapeOf(shown)
  const found = { ...separableOf(shape), revealed: shown.revealed }
  const { standard, depthwise, pointwise } = found
  const columns = width >= 960 ? 3 : 1
  const unit = Math.max(46, Math.min(84, ((width - 24 * (columns - 1)) / columns - 72) / 3 / (1 + slant)))
  const scale = scaleFor([standard, depthwise, pointwise], unit, unit)
  const wide = Math.max(280, Math.round(columns === 3 ? width / 2 - 14 : width))
  coloured(root, shown.colours)
  Object.assign(root.dataset, { standard: standard.macs, depthwise: depthwise.macs, pointwise: pointwise.macs })
  const fresh = tag("div", "", tag("div", "panels", ...panelsOf(found).map((entry) => panel(entry, scale))), ratioOf(found, shape, wide),
    tag("h5", "", "Work and traffic"), traffic(found))
  patchChildren(root, [...fresh.childNodes])
  if (shown.revealed) pointable(root.querySelector(".chart"), root.querySelector(".readout"), wide, shape.outputs)
}

export default function (component) {
  return follow(component, ".separable", draw)
}
