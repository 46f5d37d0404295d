// The drawing of one channel's excitation from what Python packed: maps on canvases, everything else as SVG.
function readWork(bytes) {
  const { head, take } = unpack(bytes)
  const [cells, { channels, squeezed }] = [head.height * head.width, head]
  const [before, z, s, own, h] = [take(cells), take(channels), take(channels), take(channels), take(squeezed)]
  const first = head.hidden.map(() => take(channels))
  const made = { ...head, s: head.s ?? NaN, before, values: { z, s, own, h }, first, second: take(squeezed) }
  made.places = ordered(s, head.order === "gate")
  made.narrow = Uint32Array.from(h, (_, place) => place)
  made.strongest = before.reduce((best, value, cell) => (Math.abs(value) > Math.abs(before[best]) ? cell : best), 0)
  return made
}

const product = (weights, inputs) => weights.map((weight, place) => weight * inputs[place])
const signed = (value) => (value > 0 ? "+" : "") + written(value, decimalsOf(value) - 1)

const low = (number) => [...String(number)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("")

// What a row is, on the side where its pointer is not.
function labelled(row, text, right = false, lift = 0) {
  return words(text, { class: "label", x: right ? row.x + row.width : row.x, y: row.y - 7 - lift, "text-anchor": right ? "end" : "start" })
}

// Values over their weights over the products; what adds most is named.
function layerOf(work, place, values, weights, neuron, input, chosen) {
  const accent = (marked) => (_, at) => (marked.has(at) ? work.accent : "var(--plain)")
  const order = values.length === work.channels ? work.places : work.narrow
  const rows = {
    values: barsOf(place.values, values, order, accent(new Set(chosen))),
    weights: barsOf(place.weights, weights, order, (value) => (value < 0 ? work.down : work.up)),
    products: barsOf(place.products, product(weights, values), order, (value) => (value < 0 ? work.down : work.up)),
  }
  const terms = neuron.terms.map((at) => ({ place: at, text: `${input}${low(at)} ${signed(weights[at] * values[at])}` }))
  return { rows, terms: namesOf(rows.products, terms, place.products.y - 7) }
}

// Points at one bar, and says beside it what the row is.
function pointer(row, place, text, label) {
  const at = row.x(place)
  const right = at > row.box.x + row.box.width / 2
  const room = right ? at - row.box.x : row.box.x + row.box.width - at
  const lift = room < 7 * (text.length + label.length) + 24 ? 15 : 0 // a narrow row has one above the other
  return [
    element("path", { class: "drop", d: `M${at} ${row.box.y - 4}V${row.top(place)}` }),
    words(right ? `${text} ▼` : `▼ ${text}`, {
      class: "pointer",
      x: at + (right ? 6 : -6),
      y: row.box.y - 7,
      "text-anchor": right ? "end" : "start",
    }),
    labelled(row.box, label, !right, lift),
  ]
}

// Where gates are set: what the network itself would decide.
function ghostsOf(work, { places, box, x, wide, unit, zero }) {
  const { s, own } = work.values
  const moves = Array.from(places)
    .filter((place) => own[place] !== s[place] && Number.isFinite(own[place]))
    .map(
      (place) =>
        `M${(x(place) - box.x - wide / 2).toFixed(2)} ${(zero - box.y - own[place] * unit).toFixed(2)}h${Math.max(4, wide).toFixed(2)}`,
    )
  return element("path", { class: "ghost", d: moves.join("") })
}

function sceneOf(work, layout, at) {
  const { z, s, own, h } = work.values
  const neuron = work.hidden[at]
  const one = layerOf(work, layout.z, z, work.first[at], neuron, "z", [work.channel])
  const two = layerOf(work, layout.h, h, work.second, work.gate, "h", [neuron.place])
  const gates = barsOf(layout.gates, s, work.places, (value) => work.gates[Math.floor(Math.min(1, Math.max(0, value)) * 255 + 0.5)], 1)
  const sigma = sigmaOf(layout.sigma, work.gate, work.s)
  const flows = flowsOf(layout, layout.h)
  const sums = [
    words("", { class: "sum", x: layout.z.sum.x, y: layout.z.sum.y }),
    words("", { class: "sum", x: layout.h.sum.x, y: layout.h.sum.y }),
  ]
  const C = grouped(work.channels)
  const parts = {
    map: group("map", words(`map before, ${work.height} × ${work.width}`, { class: "label", x: layout.before.x, y: layout.before.y - 7 })),
    squeeze: group(
      "squeeze",
      ...flows.squeeze,
      one.rows.values.frame,
      ...pointer(one.rows.values, work.channel, `z${low(work.channel)} ${sized(z[work.channel])}`, `${C} means z`),
    ),
    hidden: group(
      "hidden",
      labelled(layout.z.weights, `row ${neuron.place} of W₁`),
      one.rows.weights.frame,
      one.rows.products.frame,
      ...one.terms,
      sums[0],
      ...flows.first,
    ),
    narrow: group(
      "narrow",
      two.rows.values.frame,
      ...pointer(two.rows.values, neuron.place, `h${low(neuron.place)} ${sized(h[neuron.place])}`, `${work.squeezed} numbers h`),
    ),
    gate: group(
      "gate",
      labelled(layout.h.weights, `row ${work.channel} of W₂`),
      two.rows.weights.frame,
      two.rows.products.frame,
      ...two.terms,
      sums[1],
      ...flows.second,
      words("sigmoid σ", { class: "label", x: layout.sigma.x, y: layout.sigma.y - 7 }),
      ...sigma.nodes,
    ),
    gates: group(
      "gates",
      gates.frame,
      ...pointer(gates, work.channel, `s${low(work.channel)} ${sized(work.s)}`, `${C} gates s`),
      ...flows.back,
    ),
    after: group(
      "after",
      ...flows.down,
      ...flows.out,
      element("circle", { class: "times", cx: layout.times.x, cy: layout.times.y, r: 10 }),
      words("×", { class: "sign", x: layout.times.x, y: layout.times.y + 5, "text-anchor": "middle" }),
      words("map after, s · x", { class: "label", x: layout.after.x, y: layout.after.y - 7 }),
    ),
  }
  gates.frame.append(ghostsOf(work, gates))
  const scan = element("path", { class: "scan", d: "" })
  const cells = [element("rect", { class: "cell" }), element("rect", { class: "cell" })]
  const svg = element(
    "svg",
    { width: layout.width, height: layout.height, role: "img", "aria-label": work.title },
    ...Object.values(parts),
    scan,
    ...cells,
  )
  const rows = [
    ["z", one.rows.values],
    ["w", one.rows.weights],
    ["w · z", one.rows.products],
    ["h", two.rows.values],
    ["v", two.rows.weights],
    ["v · h", two.rows.products],
    ["s", gates],
  ]
  return { svg, parts, one: one.rows, two: two.rows, gates, sigma, sums, scan, cells, rows }
}

// A map in the signed colours, all its values times `factor`.
function paintMap(canvas, work, factor) {
  canvas.width = work.width
  canvas.height = work.height
  const brush = canvas.getContext("2d")
  const picture = brush.createImageData(work.width, work.height)
  work.table ??= work.signed.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)))
  const last = work.table.length - 1
  work.before.forEach((value, cell) => {
    const share = Math.min(1, Math.max(-1, (value * factor) / (work.reach || 1)))
    const colour = Number.isFinite(value) ? work.table[Math.round(((share + 1) / 2) * last)] : [224, 91, 216]
    picture.data.set([...colour, 255], 4 * cell)
  })
  brush.putImageData(picture, 0, 0)
}
