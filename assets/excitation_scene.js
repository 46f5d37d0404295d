// Where the parts of one channel's excitation stand, and their drawing. The map goes down on the left; the branch that makes its gate runs
// right along the top and back along the bottom. On a narrow screen the parts stand one below the other. Lengths in CSS pixels.
const [VALUES, WEIGHTS, PRODUCTS, LABEL] = [62, 34, 46, 22]
const LAYER = VALUES + WEIGHTS + PRODUCTS + 3 * LABEL + 26 // a row of values, one of weights, one of products, and their sum

function rowsOf(x, y, width) {
  const at = (top, height) => ({ x, y: top, width, height })
  const [values, weights] = [y + LABEL, y + 2 * LABEL + VALUES]
  const products = weights + WEIGHTS + LABEL
  return { values: at(values, VALUES), weights: at(weights, WEIGHTS), products: at(products, PRODUCTS), sum: { x, y: products + PRODUCTS + 18 } }
}

function layoutOf(width) {
  if (width < 720) {
    const side = Math.min(190, (width - 56) / 2)
    const maps = LABEL + side + 46
    const bottom = maps + 2 * LAYER + 16
    const [before, after] = [{ x: 2, y: LABEL, side }, { x: width - 2 - side, y: LABEL, side }]
    return {
      wide: false, width, height: bottom + 226, before, after, times: { x: width / 2, y: LABEL + side / 2 }, scale: { x: 2, y: LABEL + side + 16, width: side },
      z: rowsOf(2, maps, width - 4), h: rowsOf(2, maps + LAYER, width - 4),
      sigma: { x: 34, y: bottom + LABEL, width: Math.min(240, width - 60), height: 84 }, gates: { x: 2, y: bottom + 84 + 3 * LABEL, width: width - 4, height: VALUES },
    }
  }
  const side = 158
  const left = side + 64
  const narrow = Math.max(190, Math.min(330, (width - left) * 0.33))
  const wide = width - left - narrow - 56
  const [h, bottom] = [left + wide + 50, LAYER + 44]
  return {
    wide: true, width, height: Math.max(bottom + LABEL + 124, LABEL + 2 * side + 126), before: { x: 2, y: LABEL, side }, after: { x: 2, y: LABEL + side + 82, side },
    times: { x: 2 + side / 2, y: LABEL + side + 30 }, scale: { x: 2, y: LABEL + 2 * side + 96, width: side },
    z: rowsOf(left, 0, wide), h: rowsOf(h, 0, narrow),
    sigma: { x: h + 26, y: bottom + LABEL, width: narrow - 30, height: 84 }, gates: { x: left, y: bottom + LABEL + 10, width: wide, height: VALUES },
  }
}

// Bars of `values` in the order of `places`, those in `marked` in a colour of their own. Drawn into a frame that can be narrowed: what has not happened yet.
function barsOf({ x, y, width, height }, values, places, colourOf, top = 0) {
  const plain = Array.from(places, (place) => Number.isFinite(values[place]) ? values[place] : 0)
  const [high, low] = plain.reduce(([most, least], value) => [Math.max(most, value), Math.min(least, value)], [top, 0])
  const unit = height / (high - low || 1)
  const [each, zero] = [width / places.length, high * unit]
  const wide = Math.max(0.7, each > 4 ? each * 0.82 : each)
  const paths = new Map()
  plain.forEach((value, index) => {
    const colour = colourOf(value, places[index])
    paths.set(colour, `${paths.get(colour) ?? ""}M${(index * each).toFixed(2)} ${zero.toFixed(2)}v${(-value * unit).toFixed(2)}h${wide.toFixed(2)}V${zero.toFixed(2)}z`)
  })
  const frame = element("svg", { class: "bars", x, y, width, height }, ...[...paths].map(([fill, d]) => element("path", { d, fill })),
    element("path", { class: "zero", d: `M0 ${zero}H${width}` }))
  const index = new Map(Array.from(places, (channel, at) => [channel, at]))
  const roof = (channel) => y + zero - Math.max(0, values[channel] * unit || 0)
  return { frame, width, values, zero: y + zero, unit, wide, x: (channel) => x + index.get(channel) * each + wide / 2, top: roof, box: { x, y, width, height }, places }
}

// Names of some bars, pushed apart until none covers another, each with a line down to its bar.
function namesOf(row, names, y) {
  const sorted = names.map((name) => ({ ...name, at: row.x(name.place), wide: 6.6 * name.text.length + 8 })).sort((a, b) => a.at - b.at)
  const [left, right] = [row.box.x, row.box.x + row.box.width]
  let edge = left
  for (const name of sorted) {
    name.x = Math.max(edge + name.wide / 2, Math.min(right - name.wide / 2, name.at))
    edge = name.x + name.wide / 2
  }
  edge = right
  for (const name of [...sorted].reverse()) {
    name.x = Math.min(name.x, edge - name.wide / 2)
    edge = name.x - name.wide / 2
  }
  return sorted.flatMap(({ text, at, x, place }) => [
    element("path", { class: "lead", d: `M${x} ${y + 3}L${at} ${row.top(place) - 1}` }), words(text, { class: "term", x, y, "text-anchor": "middle" })])
}

const group = (name, ...children) => element("g", { class: "part", "data-part": name }, ...children.filter(Boolean))

function arrow(points) {
  const [[x0, y0], [x, y]] = points.slice(-2)
  const length = Math.hypot(x - x0, y - y0) || 1
  const [dx, dy] = [(x - x0) / length, (y - y0) / length]
  const corner = (aside) => `${x - 8 * dx - aside * dy} ${y - 8 * dy + aside * dx}`
  return [element("path", { class: "flow", d: `M${points.map((point) => point.join(" ")).join("L")}` }),
    element("path", { class: "tip", d: `M${x} ${y}L${corner(4)}L${corner(-4)}z` })]
}

function sigmaOf({ x, y, width, height }, { total, value }, s, digits) {
  const reach = Math.max(6, Math.ceil(Math.abs(total ?? 0) + 1))
  const at = (input) => [x + width * (input + reach) / (2 * reach), y + height * (1 - 1 / (1 + Math.exp(-input)))]
  const curve = Array.from({ length: 81 }, (_, step) => at(reach * (step / 40 - 1)).map((part) => part.toFixed(1)).join(" ")).join("L")
  const dot = element("circle", { class: "dot", r: 5 })
  const set = s === value ? [] : [element("path", { class: "set", d: `M${at(total)[0]} ${y + height * (1 - s) - 6}l6 6l-6 6l-6 -6z` })]
  return {
    at, dot, nodes: [element("path", { class: "axis", d: `M${x} ${y}h${width}M${x} ${y + height / 2}h${width}M${x} ${y + height}h${width}M${x + width / 2} ${y}v${height}` }),
      element("path", { class: "curve", d: `M${curve}` }), ...[[0, "1"], [0.5, "½"], [1, "0"]].map(([share, text]) => words(text, { class: "label", x: x - 7, y: y + height * share + 4, "text-anchor": "end" })),
      ...[[-1, `−${reach}`], [0, "0"], [1, `${reach}`]].map(([side, text]) => words(text, { class: "label", x: x + width * (side + 1) / 2, y: y + height + 15, "text-anchor": "middle" })), ...set, dot],
  }
}

function flowsOf(layout, h) {
  const { before, after, times, z, gates, sigma } = layout
  if (!layout.wide) {
    return { squeeze: [], first: [], second: [], back: arrow([[times.x, gates.y], [times.x, times.y + 12]]).slice(0, 0), down: arrow([[before.x + before.side + 4, times.y], [times.x - 11, times.y]]),
      out: arrow([[times.x + 11, times.y], [after.x - 3, times.y]]) }
  }
  const [middle, gap] = [before.x + before.side / 2, h.values.x - 26]
  const level = gates.y + gates.height / 2
  return {
    squeeze: arrow([[before.x + before.side + 4, z.values.y + 40], [z.values.x - 6, z.values.y + 40]]),
    first: arrow([[z.products.x + z.products.width + 4, z.products.y + 24], [gap, z.products.y + 24], [gap, h.values.y + 40], [h.values.x - 5, h.values.y + 40]]),
    second: arrow([[sigma.x + sigma.width / 2, h.sum.y + 8], [sigma.x + sigma.width / 2, sigma.y - 20]]),
    back: [...arrow([[sigma.x - 22, level], [gates.x + gates.width + 6, level]]), ...arrow([[gates.x - 6, level], [gates.x - 30, level], [gates.x - 30, times.y], [times.x + 11, times.y]])],
    down: arrow([[middle, before.y + before.side + 3], [middle, times.y - 11]]), out: arrow([[middle, times.y + 11], [middle, after.y - LABEL]]),
  }
}
