// Figures as Python prints them, to the last digit: exact halves go to the even neighbour, whole numbers are BigInt, others doubles.

// Whether `x` lies exactly between two decimals: `longer` has one digit more and ends with 5.
const isHalf = (longer, exact) => longer.endsWith("5") && /^[0]*$/.test(exact.slice(longer.length))

const isOdd = (digits) => Number(digits.at(-1)) % 2 === 1

// [digits without a point, power of ten] of x > 0 with `count` significant digits.
function significant(x, count) {
  const [text, power] = x.toExponential(count - 1).split("e")
  const longer = x.toExponential(count).split("e")[0]
  const half = longer.endsWith("5") && isHalf(longer, x.toExponential(100).split("e")[0])
  const digits = (half && isOdd(text) ? longer.slice(0, -1) : text).replace(".", "")
  return [digits, Number(power)]
}

// f"{x:.{places}f}" of x >= 0.
function fixed(x, places) {
  if (x >= 1e21) return `${BigInt(x)}${places ? `.${"0".repeat(places)}` : ""}` // where toFixed gives up; such doubles are whole
  const text = x.toFixed(places)
  const longer = x.toFixed(places + 1)
  const half = longer.endsWith("5") && isHalf(longer, x.toFixed(100))
  return half && isOdd(text) ? longer.slice(0, -1).replace(/\.$/, "") : text
}

// f"{x:.{count}g}" of any double.
function general(x, count = 6) {
  if (x === 0) return "0"
  const [digits, power] = significant(Math.abs(x), count)
  const plain = (text) => text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text
  const sign = x < 0 ? "-" : ""
  if (power < -4 || power >= count) {
    const size = String(Math.abs(power)).padStart(2, "0")
    return `${sign}${plain(`${digits[0]}.${digits.slice(1)}`)}e${power < 0 ? "-" : "+"}${size}`
  }
  if (power < 0) return sign + plain(`0.${"0".repeat(-power - 1)}${digits}`)
  return sign + plain(`${digits.slice(0, power + 1)}.${digits.slice(power + 1)}`)
}

// `three` of palette.py: three significant digits, written out where that is no power of ten.
function three(x) {
  const value = Number(general(x, 3))
  return Math.abs(value) >= 1000 && Math.abs(value) < 1e15 ? grouped(value) : general(x, 3)
}

// repr of a double.
function repr(x) {
  const [mantissa, power] = x.toExponential().split("e")
  if (x !== 0 && (Number(power) < -4 || Number(power) >= 16)) {
    return `${mantissa}e${Number(power) < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`
  }
  const text = String(x)
  return /[.e]/.test(text) ? text : `${text}.0`
}

// a / b of BigInts >= 0 as the nearest double, as Python divides whole numbers.
function ratio(a, b) {
  const safe = BigInt(Number.MAX_SAFE_INTEGER)
  if (a <= safe && b <= safe) return Number(a) / Number(b)
  const shift = BigInt(Math.max(0, 66 - (a.toString(2).length - b.toString(2).length)))
  const quotient = (a << shift) / b
  const rest = (a << shift) % b === 0n ? 0n : 1n
  return Number(quotient * 2n + rest) / 2 ** Number(shift + 1n)
}

function textsOf({ prefixes, symbols, metrics }) {
  function scaled(size, small) {
    const [digits, power] = significant(size, 3)
    const rounded = Number(`${digits[0]}.${digits.slice(1)}e${power}`)
    if (!(rounded >= 1e-12 && rounded < 1e21) || (rounded < 1 && !small)) return [general(rounded, 3), ""]
    const [factor, prefix] = prefixes.find(([limit]) => rounded >= limit)
    const value = rounded / factor
    return [fixed(value, Math.max(0, 2 - Math.floor(Math.log10(value)))), prefix]
  }

  function si(value, unit = "") {
    const symbol = symbols.includes(unit) ? unit : ""
    const after = unit && !symbol ? ` ${unit}` : ""
    const whole = typeof value === "bigint"
    if (value == 0 || (whole && value < 1000n && value > -1000n)) {
      return String(value).replace("-", "−") + (symbol ? ` ${symbol}` : after)
    }
    const number = Number(value)
    const [text, prefix] = scaled(Math.abs(number), symbol !== "")
    return (number < 0 ? "−" : "") + text + (prefix || symbol ? ` ${prefix}${symbol}` : "") + after
  }

  // `si` without closing zeros, for ticks.
  function short(value) {
    const [digits, ...rest] = si(value).split(" ")
    return [digits.includes(".") ? digits.replace(/0+$/, "").replace(/\.$/, "") : digits, ...rest].join(" ")
  }

  const percent = (share) => share > 0 && share < 0.0005 ? "< 0.1 %" : `${fixed(100 * share, 1)} %`

  function quantity(value, metric) {
    return metric === "field" ? `${fixed(value, 2)} × the image side` : si(value, metrics[metric])
  }

  // Against the last look.
  function changed(now, before) {
    if (before === undefined || before === now || before === 0n) return ""
    const times = ratio(now, before)
    if (times >= 1000) return `×${grouped(fixed(times, 0))}`
    if (times >= 2 || times <= 0.5) return `×${general(times, 3)}`
    const more = general(100 * (times - 1), 3)
    return `${more.startsWith("-") ? more.replaceAll("-", "−") : `+${more.replaceAll("-", "−")}`} %`
  }

  return { si, short, percent, quantity, changed }
}

// Nearest whole number, exact halves to the even one.
function even(x) {
  const low = Math.floor(x)
  return x - low === 0.5 ? low + low % 2 : Math.round(x)
}

function coloursOf({ page, stages, ends, viridis }) {
  const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))

  function mix(low, high, t) {
    const to = channels(high)
    return `#${channels(low).map((a, i) => even(a + (to[i] - a) * t).toString(16).padStart(2, "0")).join("")}`
  }

  function sequential(t) {
    const place = Math.min(1, Math.max(0, t)) * (viridis.length - 1)
    const index = Math.min(Math.floor(place), viridis.length - 2)
    return mix(viridis[index], viridis[index + 1], place - index)
  }

  function standingOut(t, theme) {
    return mix(page[theme], sequential(theme === "light" ? 0.9 * (1 - t) : 0.1 + 0.9 * t), 0.2 + 0.8 * Math.min(1, Math.max(0, t)))
  }

  function luminance(colour) {
    const [r, g, b] = channels(colour).map((v) => v / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }

  const contrast = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (high + 0.05) / (low + 0.05)
  }

  const inkOn = (colour) => contrast("#000000", colour) >= contrast("#ffffff", colour) ? "#000000" : "#ffffff"

  function unitColour(unit, theme) {
    const [first, stage] = unit.split(".")
    return first === "stages" ? stages[theme][Number(stage)] : ends[theme][first]
  }

  return { mix, sequential, standingOut, inkOn, unitColour }
}
