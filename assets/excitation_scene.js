// Where the parts of one channel's excitation stand, and their drawing. The map goes down on the left; the branch that makes its gate runs
// right along the top and back along the bottom. On a narrow screen the parts stand one below the other. Lengths in CSS pixels.
const [VALUES, WEIGHTS, PRODUCTS, LABEL] = [62, 34, 46, 22]
const LAYER = VALUES + WEIGHTS + PRODUCTS + 3 * LABEL + 26 // a row of values, one of weights, one of products, and their sum

function rowsOf(x, y, width) {
  const at = (top, height) => ({ x, y: top, width, height })
  const [values, weights] = [y + LABEL, y + 2 * LABEL + VALUES]
  const products = weights + WEIGHTS + LABEL
  return {
    values: at(values, VALUES),
    weights: at(weights, WEIGHTS),
    products: at(products, PRODUCTS),
    sum: { x, y: products + PRODUCTS + 18 },
  }
}

function layoutOf(width) {
  if (width < 720) {
    const side = Math.min(190, (width - 56) / 2)
    const maps = LABEL + side + 46
    const bottom = maps + 2 * LAYER + 16
    const [before, after] = [
      { x: 2, y: LABEL, side },
      { x: width - 2 - side, y: LABEL, side },
    ]
    return {
      wide: false,
      width,
      height: bottom + 226,
      before,
      after,
      times: { x: width / 2, y: LABEL + side / 2 },
      scale: { x: 2, y: LABEL + side + 16, width: side },
      z: rowsOf(2, maps, width - 4),
      h: rowsOf(2, maps + LAYER, width - 4),
      sigma: { x: 34, y: bottom + LABEL, width: Math.min(240, width - 60), height: 84 },
      gates: { x: 2, y: bottom + 84 + 3 * LABEL, width: width - 4, height: VALUES },
    }
  }
  const side = 158
  const left = side + 64
  const narrow = Math.max(190, Math.min(330, (width - left) * 0.33))
  const wide = width - left - narrow - 56
  const [h, bottom] = [left + wide + 50, LAYER + 44]
  return {
    wide: true,
    width,
    height: Math.max(bottom + LABEL + 124, LABEL + 2 * side + 126),
    before: { x: 2, y: LABEL, side },
    after: { x: 2, y: LABEL + side + 82, side },
    times: { x: 2 + side / 2, y: LABEL + side + 30 },
    scale: { x: 2, y: LABEL + 2 * side + 96, width: side },
    z: rowsOf(left, 0, wide),
    h: rowsOf(h, 0, narrow),
    sigma: { x: h + 26, y: bottom + LABEL, width: narrow - 30, height: 84 },
    gates: { x: left, y: bottom + LABEL + 10, width: wide, height: VALUES },
  }
}

// Bars of `values` in the order of `places`, reaching up to `top` at least. Drawn into a frame, which can be narrowed to what has happened so far.
function barsOf({ x, y, width, height }, values, places, colourOf, top = 0) {
  const plain = Array.from(places, (place) => (Number.isFinite(values[place]) ? values[place] : 0))
  const [high, low] = plain.reduce(([most, least], value) => [Math.max(most, value), Math.min(least, value)], [top, 0])
  const unit = height / (high - low || 1)
  const [each, zero] = [width / places.length, high * unit]
  const wide = Math.max(0.7, each > 4 ? each * 0.82 : each)
  const paths = new Map()
  plain.forEach((value, index) => {
    const colour = colourOf(value, places[index])
    paths.set(
      colour,
      `${paths.get(colour) ?? ""}M${(index * each).toFixed(2)} ${zero.toFixed(2)}v${(-value * unit).toFixed(2)}h${wide.toFixed(2)}V${zero.toFixed(2)}z`,
    )
  })
  const frame = element(
    "svg",
    { class: "bars", x, y, width, height },
    ...[...paths].map(([fill, d]) => element("path", { d, fill })),
    element("path", { class: "zero", d: `M0 ${zero}H${width}` }),
  )
  const index = new Map(Array.from(places, (channel, at) => [channel, at]))
  const roof = (channel) => y + zero - Math.max(0, values[channel] * unit || 0)
  return {
    frame,
    width,
    values,
    zero: y + zero,
    unit,
    wide,
    x: (channel) => x + index.get(channel) * each + wide / 2,
    top: roof,
    box: { x, y, width, height },
    places,
  }
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
    element("path", { class: "lead", d: `M${x} ${y + 3}L${at} ${row.top(place) - 1}` }),
    words(text, { class: "term", x, y, "text-anchor": "middle" }),
  ])
}
