// A block built by hand, counted while the hand moves: what effnet_core/lessons/design.py and parts.py compute, once more. Tested to be equal.
const spatialOf = (name, inputs, outputs, kernel, side, stride, groups) => ({ name, inputs, outputs, kernel, side, stride, groups })

// Zeros before and after one side, and the cells that come out.
function paddingOf(layer) {
  const { zeros: [before, after], cells } = convolutionOf(layer)
  return { before, after, cells }
}

// Where the kernel's middle stands, cell by cell of what comes out.
function sampledOf({ kernel, side, stride }, before, after) {
  const count = Math.floor((side + before + after - kernel) / stride) + 1
  return Array.from({ length: count }, (_, place) => place * stride - before + (kernel - 1) / 2)
}

const termOf = (name, ...factors) => ({
  name, symbols: factors.map(([symbol]) => symbol).join(" · "),
  numbers: factors.map(([symbol, value]) => grouped(value) + (symbol.endsWith("²") ? "²" : "")).join(" · "),
  value: factors.reduce((product, [symbol, value]) => product * (symbol.endsWith("²") ? value * value : value), 1),
})

function filterOf(layer, { bias, norm, activation }) {
  const { inputs, outputs, kernel, groups } = layer
  const { before, after, cells } = paddingOf(layer)
  const out = ["C′", outputs]
  const area = kernel > 1 || groups > 1 ? [["k²", kernel]] : []
  const terms = [
    termOf("weights", ...area, ["C", inputs], ...groups > 1 ? [] : [out]), ...bias ? [termOf("bias", out)] : [],
    ...norm ? [termOf("batch norm, scale γ", out), termOf("batch norm, shift β", out)] : [],
  ]
  return {
    ...layer, kind: "filter", before, after, cells, bias, norm, activation, terms, buffers: norm ? [termOf("running mean", out), termOf("running variance", out)] : [],
    macs: convolutionOf(layer).macs,
  }
}

function gateOf(channels, squeeze, side, activation) {
  const [wide, few] = [["C", channels], ["S", squeeze]]
  return {
    name: "se", kind: "gate", inputs: channels, outputs: channels, squeeze, side, cells: side, activation, buffers: [], macs: 2 * channels * squeeze,
    terms: [termOf("squeeze, weights", wide, few), termOf("squeeze, bias", few), termOf("excite, weights", few, wide), termOf("excite, bias", wide)],
  }
}

function counted(part) {
  return { ...part, params: part.terms.reduce((sum, term) => sum + term.value, 0), activations: part.outputs * part.cells * part.cells }
}

function planOf(made) {
  const { inputs, outputs, expand, kernel, stride, side, shape, depthwise } = made
  const strided = Math.ceil(side / stride)
  if (shape === "plain") {
    return [spatialOf("first", inputs, outputs, kernel, side, stride, 1), spatialOf("second", outputs, outputs, kernel, strided, 1, 1)]
  }
  const middle = shape === "bottleneck" ? Math.max(1, Math.floor(outputs / expand)) : inputs * expand
  const [before, after] = shape === "bottleneck" ? ["reduce", "restore"] : ["expand", "project"]
  const first = shape === "bottleneck" || expand > 1 ? [spatialOf(before, inputs, middle, 1, side, 1, 1)] : []
  return [...first, spatialOf(depthwise ? "depthwise" : "spatial", middle, middle, kernel, side, stride, depthwise ? middle : 1),
    spatialOf(after, middle, outputs, 1, strided, 1, 1)]
}

// The block of `made`, which has the fields of Python's `Design`: its layers in order, and its counts.
function designOf(made) {
  const joined = made.skip && made.stride === 1 && made.inputs === made.outputs
  const plan = planOf(made)
  const layers = plan.map((layer, place) => filterOf(layer, {
    bias: !made.norm, norm: made.norm, activation: place === plan.length - 1 && (made.linear || joined) ? null : made.activation,
  }))
  if (made.se) {
    const place = layers.length - (made.shape === "inverted" ? 1 : 0)
    const { outputs, cells } = layers[place - 1]
    layers.splice(place, 0, gateOf(outputs, Math.max(1, Math.floor((made.inputs * made.ratio) / 100)), cells, made.activation))
  }
  const parts = layers.map(counted)
  const sum = (name) => parts.reduce((total, part) => total + part[name], 0)
  return { made, layers: parts, joined, after: joined && !made.linear ? made.activation : null, params: sum("params"), macs: sum("macs"), activations: sum("activations") }
}
