// The toy of effnet_core/lessons/stack.py: a deep stack, its forward pass and the chain rule, in numbers of 64 bits.
const WIDTH = 24
const PLACES = 24
const COUNT = 2 * PLACES // points
const EPS = 1e-5
const INPUT = 1.9
const KINDS = [
  { name: "plain", skip: false, norm: false }, { name: "skip", skip: true, norm: false },
  { name: "norm", skip: false, norm: true }, { name: "skip + norm", skip: true, norm: true },
]

// a (n × m) · b (m × k)
function product(a, b, n, m, k, made = new Float64Array(n * k)) {
  for (let i = 0; i < n; i += 1) for (let j = 0; j < m; j += 1) {
    const factor = a[i * m + j]
    if (factor !== 0) for (let l = 0, to = i * k, from = j * k; l < k; l += 1) made[to + l] += factor * b[from + l]
  }
  return made
}

function turned(a, n, m) {
  const made = new Float64Array(n * m)
  for (let i = 0; i < n; i += 1) for (let j = 0; j < m; j += 1) made[j * n + i] = a[i * m + j]
  return made
}

const stackDrawn = { seed: null, numbers: [] } // those of the last seed: a deeper stack begins with the same

function stackNormals(seed, count) {
  if (stackDrawn.seed !== seed || stackDrawn.numbers.length < count) Object.assign(stackDrawn, { seed, numbers: normals(seed, count) })
  return stackDrawn.numbers
}

function stackWeights(depth, gain, seed) {
  const ends = 2 * WIDTH
  const drawn = stackNormals(seed, 2 * ends + depth * WIDTH ** 2)
  const scaled = (from, to, factor) => drawn.slice(from, to).map((value) => factor * value)
  const at = (layer) => 2 * ends + layer * WIDTH ** 2
  return {
    embedding: scaled(0, ends, INPUT), reading: scaled(ends, 2 * ends, 1 / Math.sqrt(WIDTH)),
    layers: Array.from({ length: depth }, (_, layer) => scaled(at(layer), at(layer + 1), gain * Math.sqrt(2 / WIDTH))),
  }
}

function armPoints() {
  const made = new Float64Array(2 * COUNT)
  for (let i = 0; i < PLACES; i += 1) {
    const turn = 0.25 + 1.25 * (i + 0.5) / PLACES
    const pair = [turn / 1.5 * Math.cos(2 * Math.PI * turn), turn / 1.5 * Math.sin(2 * Math.PI * turn)]
    for (const d of [0, 1]) {
      made[2 * i + d] = pair[d]
      made[2 * (PLACES + i) + d] = -pair[d]
    }
  }
  return made
}

// Per column, the mean over the points of x, or of x · y.
function means(x, y = null) {
  const made = new Float64Array(WIDTH)
  for (let row = 0; row < x.length; row += WIDTH) for (let j = 0; j < WIDTH; j += 1) made[j] += y ? x[row + j] * y[row + j] : x[row + j]
  return made.map((sum) => sum / COUNT)
}

// Values less their column's mean, and the variance of every column.
function moments(x) {
  const mean = means(x)
  const left = new Float64Array(x.length)
  for (let row = 0; row < x.length; row += WIDTH) for (let j = 0; j < WIDTH; j += 1) left[row + j] = x[row + j] - mean[j]
  return { left, variance: means(left, left) }
}

const spreadOf = (x) => Math.sqrt(moments(x).variance.reduce((sum, value) => sum + value, 0) / WIDTH)

function lengthOf(x) {
  let sum = 0
  for (let i = 0; i < x.length; i += 1) sum += x[i] * x[i]
  return Math.sqrt(sum)
}

function judged(logits) {
  const slope = new Float64Array(2 * COUNT)
  let [loss, right] = [0, 0]
  for (let i = 0; i < COUNT; i += 1) {
    const arm = i < PLACES ? 0 : 1
    const [own, other] = [logits[2 * i + arm], logits[2 * i + 1 - arm]]
    const most = Math.max(own, other)
    const odds = [Math.exp(own - most), Math.exp(other - most)]
    loss += (Math.log(odds[0] + odds[1]) - (own - most)) / COUNT
    right += (arm === 0 ? own >= other : own > other) ? 1 / COUNT : 0 // as numpy's argmax: the first of equals
    slope[2 * i + arm] = (odds[0] / (odds[0] + odds[1]) - 1) / COUNT
    slope[2 * i + 1 - arm] = odds[1] / (odds[0] + odds[1]) / COUNT
  }
  return { loss, right, slope }
}

function normed(branch) {
  const { left, variance } = moments(branch)
  const size = variance.map((value) => Math.sqrt(value + EPS))
  for (let row = 0; row < left.length; row += WIDTH) for (let j = 0; j < WIDTH; j += 1) left[row + j] /= size[j]
  return { branch: left, size }
}

// Batch norm's own chain rule: its mean and deviation depend on every point.
function throughNorm(x, branch, size) {
  const [mean, common, made] = [means(x), means(x, branch), new Float64Array(x.length)]
  for (let row = 0; row < x.length; row += WIDTH) for (let j = 0; j < WIDTH; j += 1) {
    made[row + j] = (x[row + j] - mean[j] - branch[row + j] * common[j]) / size[j]
  }
  return made
}

function stackForward(weights, kind, activation) {
  const { of } = curves[activation]
  const inputs = [product(armPoints(), weights.embedding, COUNT, 2, WIDTH)]
  const kept = []
  for (const layer of weights.layers) {
    const x = inputs.at(-1)
    const inner = x.map(of)
    let made = { branch: product(inner, layer, COUNT, WIDTH, WIDTH) }
    if (kind.norm) made = normed(made.branch)
    kept.push({ inner, ...made })
    inputs.push(kind.skip ? x.map((value, i) => value + made.branch[i]) : made.branch)
  }
  return { inputs, kept, ...judged(product(inputs.at(-1), weights.reading, COUNT, WIDTH, 2)) }
}

// Loss, share that is right, spread and length of the slope at every place; with `learning` the weights' slopes too.
function stackRun(weights, kind, activation, learning = false) {
  const { inputs, kept, loss, right, slope } = stackForward(weights, kind, activation)
  let x = product(slope, turned(weights.reading, WIDTH, 2), COUNT, 2, WIDTH)
  const slopes = [lengthOf(x)]
  const steps = { layers: [], reading: learning ? product(turned(inputs.at(-1), COUNT, WIDTH), slope, WIDTH, COUNT, 2) : null }
  for (let l = weights.layers.length - 1; l >= 0; l -= 1) {
    const { inner, branch, size } = kept[l]
    const through = kind.norm ? throughNorm(x, branch, size) : x
    if (learning) steps.layers[l] = product(turned(inner, COUNT, WIDTH), through, WIDTH, COUNT, WIDTH)
    const before = product(through, turned(weights.layers[l], WIDTH, WIDTH), COUNT, WIDTH, WIDTH)
    for (let i = 0; i < before.length; i += 1) before[i] = (kind.skip ? x[i] : 0) + before[i] * curves[activation].slope(inputs[l][i])
    x = before
    slopes.push(lengthOf(x))
  }
  return { loss, right, spread: inputs.map(spreadOf), slope: slopes.reverse(), steps }
}

function stackDescend(weights, steps, rate) {
  const less = (values, slopes) => values.map((value, i) => value - rate * slopes[i])
  return { ...weights, reading: less(weights.reading, steps.reading), layers: weights.layers.map((layer, l) => less(layer, steps.layers[l])) }
}
