// A standard convolution beside the two that take its place: volumes, the ratio of their costs term by term, its curve, and the bytes that each has to move.
const panelsOf = ({ standard, depthwise, pointwise }) => [
  { conv: standard, title: "Standard", kinds: ["input", "output"], letters: [["Dᵤ × Dᵤ", "× M"], ["N kernels", "Dᵣ × Dᵣ × M"], ["Dᵥ × Dᵥ", "× N"]],
    words: "Every kernel looks at neighbours and mixes all channels, both at once.", cost: "Dᵣ² · M · N · Dᵥ²" },
  { conv: depthwise, title: "1. Depthwise", kinds: ["input", "middle"], letters: [["Dᵤ × Dᵤ", "× M"], ["M kernels", "Dᵣ × Dᵣ × 1"], ["Dᵥ × Dᵥ", "× M"]],
    words: "One kernel for each channel: it looks at neighbours and mixes nothing.", cost: "Dᵣ² · M · Dᵥ²" },
  { conv: pointwise, title: "2. Pointwise", kinds: ["middle", "output"], letters: [["Dᵥ × Dᵥ", "× M"], ["N kernels", "1 × 1 × M"], ["Dᵥ × Dᵥ", "× N"]],
    words: "N kernels of 1 × 1: they mix the channels of a cell and look at no neighbour.", cost: "M · N · Dᵥ²" },
]

function numbersOf({ kernel, inputs, outputs, cells, groups }) {
  const factors = [...kernel > 1 || groups > 1 ? [`${kernel}²`] : [], inputs, ...groups > 1 ? [] : [outputs], `${cells}²`]
  return factors.join(" · ")
}

function panel(entry, scale) {
  const { conv, title } = entry
  const label = `${title}: ${conv.side} × ${conv.side} × ${conv.inputs} comes in; ${conv.outputs} kernels of ${conv.kernel} × ${conv.kernel} × ${conv.inputs / conv.groups} make ${conv.cells} × ${conv.cells} × ${conv.outputs}`
  return tag("section", "", tag("h5", "", title), tag("div", "panel", panelOf(conv, scale, { ...entry, label })), tag("p", "", entry.words),
    tag("p", "count", tag("span", "letters", entry.cost), ` = ${numbersOf(conv)} = `, tag("b", "", `${whole(conv.macs)} MACs`)))
}

// A fraction whose factors in capitals of `gone` cancel.
function fractionOf(above, below, gone) {
  const side = (factors) => factors.flatMap((factor, place) => [...place ? [" · "] : [], gone.includes(factor) ? tag("s", "", factor) : factor])
  return tag("span", "fraction", tag("span", "", ...side(above)), tag("span", "", ...side(below)))
}

function termOf(name, above, gone, left, counts, value) {
  const [share1, share2] = counts
  return tag("div", "term", tag("b", "", name), tag("span", "pieces", fractionOf(above, ["Dᵣ²", "M", "N", "Dᵥ²"], gone), ` = ${left[0]} = `,
    tag("span", "fraction", tag("span", "", whole(share1)), tag("span", "", whole(share2))), ` = ${left[1]}`), tag("span", "value", `= ${share(value)}`))
}

function derivation({ standard, depthwise, pointwise, ratio }) {
  const { outputs, kernel } = standard
  return tag("div", "terms",
    termOf("Depthwise over standard", ["Dᵣ²", "M", "Dᵥ²"], ["Dᵣ²", "M", "Dᵥ²"], ["1/N", `1/${whole(outputs)}`], [depthwise.macs, standard.macs], 1 / outputs),
    termOf("Pointwise over standard", ["M", "N", "Dᵥ²"], ["M", "N", "Dᵥ²"], ["1/Dᵣ²", `1/${kernel ** 2}`], [pointwise.macs, standard.macs], 1 / kernel ** 2),
    tag("div", "term total", tag("b", "", "Together"), tag("span", "pieces", `1/N + 1/Dᵣ² = 1/${whole(outputs)} + 1/${kernel ** 2}`), tag("span", "value", `= ${share(ratio)}`),
      tag("small", "", ratio < 1 ? `${digits(1 / ratio)} times fewer MACs, whatever M and the map's side are` : `${digits(ratio)} times as many: with so few channels out, the pair does not pay`)))
}

// MACs per byte as bars; the standard convolution's is the longest, or nearly.
function traffic(found) {
  const rows = [["Standard", found.standard], ["Depthwise", found.depthwise], ["Pointwise", found.pointwise], ["The pair", found.pair]]
  const top = Math.max(...rows.map(([, each]) => each.intensity))
  const cell = (text) => tag("td", "", text)
  const head = ["", "MACs", "Parameters", "Bytes to move", "MACs per byte", ""].map((text) => tag("th", "", text))
  const body = rows.map(([name, { macs, params, bytes, intensity }]) => {
    const bar = tag("i", "")
    bar.style.width = `${100 * intensity / top}%`
    return tag("tr", "", tag("th", "", name), cell(whole(macs)), cell(whole(params)), cell(whole(bytes)), cell(digits(intensity)), tag("td", "bar", bar))
  })
  const table = tag("table", "", tag("thead", "", tag("tr", "", ...head)), tag("tbody", "", ...body))
  const box = tag("div", "scroll", table)
  box.setAttribute("tabindex", 0)
  return box
}

function draw(root, shown, width) {
  const shape = shapeOf(shown)
  const found = separableOf(shape)
  const columns = width >= 960 ? 3 : 1
  const unit = Math.max(46, Math.min(84, ((width - 24 * (columns - 1)) / columns - 72) / 3 / (1 + slant)))
  const scale = scaleFor([found.standard, found.depthwise, found.pointwise], unit, unit)
  const wide = Math.round(width >= 960 ? width * 0.5 - 14 : width)
  const chart = ratioChart(shape.outputs, shape.kernel, Math.max(280, wide))
  const line = tag("p", "readout", readout(shape.outputs))
  coloured(root, shown.colours)
  Object.assign(root.dataset, { standard: found.standard.macs, depthwise: found.depthwise.macs, pointwise: found.pointwise.macs, bytes: found.pair.bytes, ratio: found.ratio })
  const fresh = tag("div", "", tag("div", "panels", ...panelsOf(found).map((entry) => panel(entry, scale))),
    shown.revealed ? tag("div", "halves", tag("div", "", tag("h5", "", "The ratio, term by term"), derivation(found)), tag("div", "", tag("h5", "", "The ratio over N; dashed: its limit 1/Dᵣ²"), chart, line)) : tag("p", "waiting", "Once you have guessed above, their ratio is derived here term by term."),
    tag("h5", "", "Work and traffic"), traffic(found))
  patchChildren(root, [...fresh.childNodes])
  if (shown.revealed) pointable(root.querySelector(".chart"), root.querySelector(".readout"), Math.max(280, wide), shape.outputs)
}

export default function (component) {
  return follow(component, ".separable", draw)
}
