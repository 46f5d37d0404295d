// The microscope's numbers: what arrived, one cell computed in doubles, and digits written as effnet_core/inside/digits.py writes them.
const plainest = 1e7
const decimals = 9

const kinds = { f4: Float32Array, f8: Float64Array, u1: Uint8Array }

function read(bytes) {
  const { head, take, file } = unpack(bytes)
  const arrays = Object.fromEntries(head.arrays.map(([name, kind, size]) => [name, take(size, kinds[kind])]))
  const picture = file()
  return { head, arrays, picture: picture.size ? picture : null }
}

const exponentOf = (value) => Number(Math.abs(value).toExponential(30).split("e")[1])
const signed = (text, value) => value < 0 && /[1-9]/.test(text) ? `−${text}` : text

// Rounded, halves away from zero, to a multiple of 10^place.
function written(value, place) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞"
  const size = Math.abs(value)
  if (-decimals <= place && place <= 0 && size < plainest) return signed(size.toFixed(-place), value)
  const whole = size === 0 ? 0 : exponentOf(size) - place
  if (size === 0 || whole < 0) {
    if (size < Number(`5e${place - 1}`)) return "0"
    return signed(`1 × 10${superscript(place)}`, value)
  }
  let [digits, power] = size.toExponential(whole).split("e")
  if (Number(power) > exponentOf(size)) digits = `1.${"0".repeat(whole + 1)}` // 9.96 became 10.0
  return signed(`${digits} × 10${superscript(Number(power))}`, value)
}

const finest = (size, digits) => {
  const place = exponentOf(size) - digits + 1
  return size < plainest ? Math.min(0, place) : place
}

const short = (value, digits = 4) => value === 0 ? "0" : written(value, Number.isFinite(value) ? finest(Math.abs(value), digits) : 0)

// The most digits to which both are rounded to the same, or an empty text.
function agreed(a, b, most = 4) {
  const size = Math.max(Math.abs(a), Math.abs(b))
  if (!size || !Number.isFinite(size)) return short(a) === short(b) ? short(a, most) : ""
  for (let place = finest(size, most); place <= exponentOf(size); place += 1) {
    if (written(a, place) === written(b, place)) return written(a, place)
  }
  return ""
}

const activated = {
  swish: (y) => y / (1 + Math.exp(Math.min(-y, 700))),
  relu: (y) => Math.max(y, 0),
  relu6: (y) => Math.min(Math.max(y, 0), 6),
  null: (y) => y,
}

// The input's rows and columns under the kernel: where the first one lies.
const cornerOf = (head, [row, column]) => [row * head.stride - head.before[0], column * head.stride - head.before[1]]

function patchOf({ head, arrays }, at) {
  const [channels, height, width] = head.input
  const [top, left] = cornerOf(head, at)
  const [, , first, last] = head.band
  const k = head.kernel
  const patch = new Float64Array(channels * k * k)
  const inside = Array.from({ length: k * k }, (_, i) => {
    const [y, x] = [top + Math.floor(i / k), left + i % k]
    return y >= 0 && y < height && x >= 0 && x < width
  })
  for (let channel = 0; channel < channels; channel += 1) {
    for (let i = 0; i < k * k; i += 1) {
      const row = channel * (last - first) + top + Math.floor(i / k) - first
      if (inside[i]) patch[channel * k * k + i] = arrays.values[row * width + left + i % k]
    }
  }
  return { patch, inside }
}

function additionOf({ head, arrays }, [row, column], value) {
  if (!head.skip) return null
  const place = (row - head.band[0]) * head.output[1] + column
  const added = arrays.added[place]
  const sum = value + added
  return { added, sum, value: activated[head.skip.activation](sum), recorded: arrays.handed[place] }
}

// Everything about the cell at [row, column].
function compute(packet, at) {
  const { head, arrays } = packet
  const { patch, inside } = patchOf(packet, at)
  const [mean, variance, eps, gamma, beta] = arrays.norm
  const products = patch.map((value, i) => value * arrays.weights[i])
  const area = head.kernel ** 2
  const total = (numbers) => numbers.reduce((a, b) => a + b, 0)
  const shares = Array.from({ length: head.input[0] }, (_, channel) => total(products.subarray(channel * area, (channel + 1) * area)))
  const sum = total(products)
  const normalised = (sum - mean) / Math.sqrt(variance + eps) * gamma + beta
  const value = activated[head.activation](normalised)
  const place = at[0] * head.output[1] + at[1]
  const slope = gamma / Math.sqrt(variance + eps)
  return {
    patch, inside, products, shares, sum, normalised, value, mean, variance, eps, gamma, beta, slope, shift: beta - mean * slope,
    recorded: arrays.recorded[place], addition: additionOf(packet, at, value),
  }
}
