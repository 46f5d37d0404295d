// The experiment of effnet_core/lessons/spiral.py: a spiral in n numbers a point, an activation, and two ways back.
const POINTS = 96
const TURNS = 2
const TOLERANCE = 1e-9

function spiralPoints() {
  const [x, y] = [new Float64Array(POINTS), new Float64Array(POINTS)]
  for (let i = 0; i < POINTS; i += 1) {
    const share = Math.sqrt((i + 0.5) / POINTS)
    const angle = 2 * Math.PI * TURNS * share
    x[i] = share * Math.cos(angle)
    y[i] = share * Math.sin(angle)
  }
  return [x, y]
}

function dot(a, b) {
  let sum = 0
  for (let i = 0; i < POINTS; i += 1) sum += a[i] * b[i]
  return sum
}

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length
const centred = (values) => {
  const mean = meanOf(values)
  return values.map((value) => value - mean)
}

// What column `left` adds to the orthonormal `basis`, or null where that is rounding.
function orthonormal(left, basis) {
  const size = Math.sqrt(dot(left, left))
  left = Float64Array.from(left)
  for (let pass = 0; pass < 2; pass += 1) {
    const parts = basis.map((other) => dot(other, left))
    basis.forEach((other, j) => { for (let i = 0; i < POINTS; i += 1) left[i] -= parts[j] * other[i] })
  }
  const length = Math.sqrt(dot(left, left))
  return length > TOLERANCE * size ? left.map((value) => value / length) : null
}

const spiralTarget = (() => {
  const points = spiralPoints()
  const wanted = points.map(centred)
  return { points, wanted, power: dot(wanted[0], wanted[0]) + dot(wanted[1], wanted[1]), middle: points.map(meanOf) }
})()

function fit(back) {
  const { wanted, power, middle } = spiralTarget
  const shifted = back.map(centred)
  const own = dot(shifted[0], shifted[0]) + dot(shifted[1], shifted[1])
  const common = dot(shifted[0], wanted[0]) + dot(shifted[1], wanted[1])
  const factor = Math.max(0, common / (own > 0 ? own : 1))
  return { lost: Math.max(0, 1 - factor * common / power), back: shifted.map((axis, d) => axis.map((value) => middle[d] + factor * value)) }
}

function inverted([a, b, d], [first, second]) {
  const whole = a * d - b * b || 1
  return [first.map((value, i) => (d * value - b * second[i]) / whole), second.map((value, i) => (a * value - b * first[i]) / whole)]
}

// All widths from 2 to `widest` in one go, since a wider matrix begins with the rows of a narrower one; the whole picture at width `n`, and of
// the `others` what T⁺ brings back.
function spiralRun(n, activation, seed, scale, widest, others = []) {
  const { points, wanted, power, middle } = spiralTarget
  const { of, flat } = curves[activation]
  const rows = normals(seed, 2 * widest)
  const [gram, seen, alive, basis] = [[0, 0, 0], [new Float64Array(POINTS), new Float64Array(POINTS)], new Int16Array(POINTS), []]
  const [inner, lost, backs] = [[], { collapsed: [], inverse: [], best: [] }, {}]
  let found = 0
  let shown = null
  for (let row = 0; row < widest; row += 1) {
    const [p, q] = [scale * rows[2 * row], scale * rows[2 * row + 1]]
    const z = points[0].map((x, i) => p * x + q * points[1][i])
    const y = z.map(of)
    gram[0] += p * p
    gram[1] += p * q
    gram[2] += q * q
    for (let i = 0; i < POINTS; i += 1) {
      seen[0][i] += p * y[i]
      seen[1][i] += q * y[i]
      if (!flat(z[i])) alive[i] += 1
    }
    const more = orthonormal(centred(y), basis)
    if (more) {
      basis.push(more)
      found += dot(more, wanted[0]) ** 2 + dot(more, wanted[1]) ** 2
    }
    inner.push({ y, flat: z.map((value) => flat(value) ? 1 : 0) })
    if (row === 0) continue
    const fitted = fit(inverted(gram, seen))
    lost.collapsed.push(alive.filter((count) => count < 2).length / POINTS)
    lost.inverse.push(fitted.lost)
    lost.best.push(Math.max(0, 1 - found / power))
    if (others.includes(row + 1)) backs[row + 1] = { back: fitted.back, alive: alive.slice() }
    if (row + 1 !== n) continue
    const best = wanted.map((axis, d) => {
      const made = new Float64Array(POINTS).fill(middle[d])
      for (const each of basis) {
        const part = dot(each, axis)
        for (let i = 0; i < POINTS; i += 1) made[i] += part * each[i]
      }
      return made
    })
    shown = { inner: inner.slice(), alive: alive.slice(), back: fitted.back, best }
  }
  return { ...shown, lost, backs }
}
