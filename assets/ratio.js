// 1 / N + 1 / D_r² over N, both on logarithmic axes, for three kernels, with the limit of each and the point of the sliders.
const plotted = [3, 5, 7]
const looks = { 3: "first", 5: "second", 7: "third" }
const lowest = 0.015
const highest = 1.3
const widest = 4096 // channels
const margin = { left: 54, right: 74, top: 14, bottom: 44 }

const costOf = (outputs, kernel) => 1 / outputs + 1 / kernel ** 2

function axesOf(width, height) {
  const x = (outputs) => margin.left + Math.log(outputs) / Math.log(widest) * (width - margin.left - margin.right)
  const y = (value) => margin.top + Math.log(highest / value) / Math.log(highest / lowest) * (height - margin.top - margin.bottom)
  const outputsAt = (place) => Math.round(widest ** Math.min(1, Math.max(0, (place - margin.left) / (width - margin.left - margin.right))))
  return { x, y, outputsAt }
}

function gridOf({ x, y }, width, height) {
  const [right, bottom] = [width - margin.right, height - margin.bottom]
  const columns = [1, 4, 16, 64, 256, 1024, 4096].map((n) => [element("path", { class: "grid", d: `M${x(n)} ${margin.top}V${bottom}` }),
    words(grouped(n), { class: "tick", x: x(n), y: bottom + 16, "text-anchor": "middle" })])
  const rows = [0.02, 0.05, 0.1, 0.2, 0.5, 1].map((value) => [element("path", { class: "grid", d: `M${margin.left} ${y(value)}H${right}` }),
    words(String(value), { class: "tick", x: margin.left - 6, y: y(value) + 4, "text-anchor": "end" })])
  const title = { class: "tick", x: (margin.left + right) / 2, y: height - 8, "text-anchor": "middle" }
  return [...columns, ...rows].flat().concat(words("N, channels that go out", title))
}

function curveOf({ x, y }, kernel, width) {
  const steps = Array.from({ length: 97 }, (_, place) => widest ** (place / 96))
  const heights = steps.map((n) => y(Math.min(highest, costOf(n, kernel))).toFixed(1))
  const path = `M${steps.map((n, place) => `${x(n).toFixed(1)} ${heights[place]}`).join("L")}`
  const limit = y(1 / kernel ** 2)
  return element("g", { class: looks[kernel] }, element("path", { class: "limit", d: `M${margin.left} ${limit}H${width - margin.right}` }),
    element("path", { class: "curve", d: path }),
    words(`Dᵣ = ${kernel}: 1/${kernel ** 2}`, { class: "name", x: width - margin.right + 4, y: limit + 4 }))
}

function markOn({ x, y }, outputs, kernel) {
  const at = [x(Math.min(widest, outputs)), y(Math.min(highest, costOf(outputs, kernel)))]
  return element("g", { class: "point" }, element("path", { class: "guide", d: `M${at[0]} ${at[1]}V${y(lowest)}` }),
    element("circle", { cx: at[0], cy: at[1], r: 6.5 }))
}

const ratios = (outputs) => plotted.map((kernel) => `${share(costOf(outputs, kernel))} with Dᵣ = ${kernel}`).join(", ")
const readout = (outputs) => `N = ${grouped(outputs)}: ${ratios(outputs)}`

// Pointed at, it says the three ratios there.
function ratioChart(outputs, kernel, width) {
  const height = 290
  const axes = axesOf(width, height)
  const limits = plotted.map((k) => `with ${k} × ${k} kernels it falls towards 1/${k ** 2}`).join(", ")
  const label = `Cost of the pair over the standard convolution, against N: ${limits}; the sliders are at ${readout(outputs)}`
  return element("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ...gridOf(axes, width, height), ...plotted.map((k) => curveOf(axes, k, width)), markOn(axes, outputs, kernel))
}

function pointable(svg, line, width, outputs) {
  const { outputsAt } = axesOf(width, 290)
  const say = (n) => { if (line.textContent !== readout(n)) line.textContent = readout(n) }
  svg.onpointermove = (event) => {
    const { left, width: wide } = svg.getBoundingClientRect()
    say(Math.max(1, outputsAt((event.clientX - left) / wide * width)))
  }
  svg.onpointerleave = () => say(outputs)
}
