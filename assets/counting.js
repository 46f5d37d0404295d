// One convolution counted, as effnet_core/lessons/convolution.py and separable.py count it; every number stays whole below 2 to the 53rd.
function convolutionOf({ inputs, outputs, kernel, side, stride = 1, padding = "same", groups = 1 }) {
  const same = padding === "same"
  const cells = same ? Math.ceil(side / stride) : Math.floor((side - kernel) / stride) + 1
  const zeros = same ? Math.max((cells - 1) * stride + kernel - side, 0) : 0
  const params = kernel ** 2 * (inputs / groups) * outputs
  const macs = params * cells ** 2
  const bytes = 4 * (inputs * side ** 2 + params + outputs * cells ** 2)
  const halves = [Math.floor(zeros / 2), Math.ceil(zeros / 2)]
  return { inputs, outputs, kernel, side, stride, padding, groups, cells, zeros: halves, params, macs, bytes, intensity: macs / bytes }
}

function separableOf(shape) {
  const standard = convolutionOf(shape)
  const depthwise = convolutionOf({ ...shape, outputs: shape.inputs, groups: shape.inputs })
  const pointwise = convolutionOf({ inputs: shape.inputs, outputs: shape.outputs, kernel: 1, side: depthwise.cells })
  const [macs, params, bytes] = ["macs", "params", "bytes"].map((name) => depthwise[name] + pointwise[name])
  return { standard, depthwise, pointwise, pair: { macs, params, bytes, intensity: macs / bytes }, ratio: macs / standard.macs }
}

// What the sliders say now: `fields` has the name of each value's slider; one that chooses among `options` says which.
function shapeOf({ fields, options, hand, padding }) {
  const value = (key) => options[key] ? options[key][Math.round(hand[key])] : hand[key]
  return { padding, ...Object.fromEntries(Object.entries(fields).map(([name, key]) => [name, value(key)])) }
}

// Four decimals of a share; of a small one four digits.
const share = (value) => value >= 0.01 ? value.toFixed(4) : value.toPrecision(3)
const digits = (value, count = 3) => value >= 10 ** count ? grouped(Math.round(value)) : String(Number(value.toPrecision(count)))
