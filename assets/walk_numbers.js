// What the walking kernel computes. Pixels are whole numbers from 0 to 255 and weights whole hundredths, so that sums are exact.
const source = 96 // pixels a side of the photo that arrives

const bytesOf = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))

// The photo with `side` pixels: each the mean of the square that it covers, every colour rounded.
function shrunk(photo, side) {
  const step = source / side
  const spans = Array.from({ length: side }, (_, place) => {
    const [from, to] = [place * step, (place + 1) * step]
    return Array.from({ length: Math.ceil(to - 1e-9) - Math.floor(from) }, (_, i) => {
      const at = Math.floor(from) + i
      return [at, Math.min(to, at + 1) - Math.max(from, at)]
    })
  })
  const planes = [0, 1, 2].map(() => new Uint8Array(side * side))
  const across = new Float64Array(source * side) // rows of the photo, each already `side` pixels long
  planes.forEach((plane, colour) => {
    for (let y = 0; y < source; y += 1) {
      spans.forEach((span, column) => { across[y * side + column] = span.reduce((sum, [x, wide]) => sum + wide * photo[3 * (y * source + x) + colour], 0) })
    }
    spans.forEach((span, row) => {
      for (let column = 0; column < side; column += 1) {
        plane[row * side + column] = Math.round(span.reduce((sum, [y, high]) => sum + high * across[y * side + column], 0) / step ** 2)
      }
    })
  })
  return planes
}

const greyOf = ([red, green, blue]) => red.map((value, place) => Math.round(0.299 * value + 0.587 * green[place] + 0.114 * blue[place]))

const hundredths = (weights) => weights.map((weight) => Math.round(100 * weight))

// The numbers under the kernel at cell [row, column], the products, and their sums; `planes` are the channels that are drawn.
function cellOf({ planes, count, kernel }, [row, column]) {
  const { kernel: k, side, stride, zeros: [before] } = count
  const [top, left] = [row * stride - before, column * stride - before]
  const places = Array.from({ length: k * k }, (_, i) => [top + Math.floor(i / k), left + i % k])
  const inside = places.map(([y, x]) => y >= 0 && y < side && x >= 0 && x < side)
  const patch = planes.map((plane) => places.map(([y, x], i) => inside[i] ? plane[y * side + x] : 0))
  const products = patch.map((values, channel) => values.map((value, i) => value * kernel.hundredths[channel][i]))
  const sums = products.map((values) => values.reduce((a, b) => a + b, 0))
  const sum = sums.reduce((a, b) => a + b, 0)
  return { inside, patch, products, sums, sum, value: sum / (100 * divisorOf(kernel, planes)) }
}

// Each colour's kernel counts a third, so that three equal kernels give what one gives on the grey photo.
const divisorOf = (kernel, planes) => kernel.divisor * planes.length

// All cells at once, in whole hundredths until the end; a slider that is dragged asks for it every frame.
function mapOf({ planes, count, kernel }) {
  const { cells, kernel: k, side, stride, zeros: [before] } = count
  const values = new Float64Array(cells * cells)
  for (let place = 0; place < values.length; place += 1) {
    const [top, left] = [Math.floor(place / cells) * stride - before, place % cells * stride - before]
    const [high, low] = [Math.max(0, -top), Math.min(k, side - top)]
    const [first, last] = [Math.max(0, -left), Math.min(k, side - left)]
    planes.forEach((plane, channel) => {
      const weights = kernel.hundredths[channel]
      for (let y = high; y < low; y += 1) {
        for (let x = first; x < last; x += 1) values[place] += plane[(top + y) * side + left + x] * weights[y * k + x]
      }
    })
    values[place] /= 100 * divisorOf(kernel, planes)
  }
  return values
}

// Whether no zero of the padding lies under the kernel at that cell.
function clearOf({ count: { cells, stride, kernel, side, zeros: [before] } }, place) {
  return [Math.floor(place / cells), place % cells].every((at) => at * stride - before >= 0 && at * stride - before + kernel <= side)
}

// In which colours the output is shown: grey, from black to what a white photo would give, where one weight outweighs all negative ones, so that
// a photo stays a photo; else blue below zero and orange above, as far as the numbers go where no padding is under the kernel.
function scaleOf(now, all) {
  const weights = now.kernel.hundredths.slice(0, now.planes.length).flat()
  const gain = weights.reduce((a, b) => a + b, 0) / (100 * divisorOf(now.kernel, now.planes))
  const against = weights.reduce((sum, weight) => sum + Math.max(0, -weight), 0) / now.planes.length
  if (gain > 0 && Math.max(...weights) >= against) return { grey: true, reach: 255 * gain }
  const clear = all.filter((_, place) => clearOf(now, place))
  return { grey: false, reach: (clear.length ? clear : all).reduce((most, value) => Math.max(most, Math.abs(value)), 0) }
}

// Of hundredths: as few decimals as it takes, all of them right.
const exact = (count) => String(count / 100).replace("-", "−")

// A quotient to four decimals, and whether that is all of it.
function quotient(count, divisor) {
  const text = (count / (100 * divisor)).toFixed(4).replace(/\.?0+$/, "")
  const complete = Math.round(Number(text) * 1e4) * divisor === count * 100
  return { text: (text === "-0" ? "0" : text).replace("-", "−"), sign: complete ? "=" : "≈" }
}

// A number typed by hand in hundredths, or null.
function typed(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".")
  return /^-?[0-9]{1,2}(\.[0-9]{1,2})?$/.test(plain) ? Math.round(100 * Number(plain)) : null
}

// As effnet_core/lessons/kernels.py reads it.
function spelt({ size, divisor, hundredths: slices }) {
  return `${size}/${divisor}:${slices.map((slice) => slice.map((count) => count / 100).join(",")).join("|")}`
}
