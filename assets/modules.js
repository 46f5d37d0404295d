// One module of a lesson: its volumes, where its zeros go, and its parameters term by term, counted here while the hand is on a slider.
const moduleNumbers = ({ hand }) => Object.fromEntries(Object.entries(hand).map(([key, value]) => [key.replace(/^module_/, ""), value]))

function moduleOf(data) {
  const { inputs, outputs, kernel, stride, side, ratio } = moduleNumbers(data)
  if (data.kind === "se") return counted(gateOf(inputs, Math.max(1, Math.floor(inputs / ratio)), side, "swish"))
  const layer = spatialOf(data.kind, inputs, data.kind === "depthwise" ? inputs : outputs, data.kind === "pointwise" ? 1 : kernel, side,
    data.kind === "pointwise" ? 1 : stride, data.kind === "depthwise" ? inputs : 1)
  return counted(filterOf({ ...layer, padding: data.kind === "pointwise" ? "same" : data.padding }, { bias: data.bias, norm: data.norm }))
}

const cellsOf = (kind, ...texts) => texts.map((text) => tag(kind, "", text))

function accountOf(part) {
  const row = (term, kind) => tag("tr", kind, Object.assign(tag("th", "", term.name), { scope: "row" }), ...cellsOf("td", term.symbols, term.numbers, grouped(term.value)))
  const sum = (name, value, kind) => tag("tr", kind, Object.assign(tag("th", "", name), { scope: "row", colSpan: 3 }), ...cellsOf("td", grouped(value)))
  const macs = part.kind === "gate" ? { name: "MACs", symbols: "2 · C · S", numbers: `2 · ${grouped(part.inputs)} · ${grouped(part.squeeze)}`, value: part.macs }
    : { name: "MACs", symbols: "weights · D′²", numbers: `${grouped(part.terms[0].value)} · ${grouped(part.cells)}²`, value: part.macs }
  const kept = part.buffers.length ? [...part.buffers.map((term) => row(term, "kept")), sum("Measured, not learnt: no parameters", part.buffers.reduce((all, { value }) => all + value, 0), "kept sum")] : []
  const head = tag("thead", "", tag("tr", "", ...cellsOf("th", "What", "Formula", "In numbers", "Count")))
  return tag("table", "account", head, tag("tbody", "", ...part.terms.map((term) => row(term, "")), sum("Parameters", part.params, "sum"), ...kept, row(macs, "sum")))
}

function draw(root, data, width) {
  const { si } = textsOf(data.texts)
  const part = moduleOf(data)
  const block = { layers: [part], joined: false, after: null }
  const wide = wideOf(block, null, scaleOf([block], part.side, 84, 84), si)
  const scene = wide.width <= width ? wide : tallOf(block, null, scaleOf([block], part.side, 66, 60), si)
  const svg = element("svg", { viewBox: `0 0 ${scene.width} ${scene.height}`, width: scene.width, height: scene.height, role: "img",
    "aria-label": `${part.inputs} channels of ${part.side} by ${part.side} become ${part.outputs} of ${part.cells} by ${part.cells}; ${grouped(part.params)} parameters, ${grouped(part.macs)} MACs.` })
  svg.append(...scene.parts.map((each) => element("g", { class: "part" }, ...shapesOf(each))))
  root.style.setProperty("--colour", data.colour)
  const padded = part.kind === "filter" && (part.kernel > 1 || part.stride > 1)
  patchChildren(root, [tag("div", scene === wide ? "drawing" : "drawing tall", svg), tag("div", "scroll", accountOf(part)), ...!padded ? [] : data.guessed ? paddingStrips(part, data.padding, width) : [paddingWaits(width)]])
}

export default function (component) {
  return follow(component, ".modules", draw)
}
