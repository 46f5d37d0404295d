// Squeeze-and-excitation on a few small maps, drawn: maps → their means → through the bottleneck → gates → scaled maps, a row per channel.
const ROW = 31
const HEAD = 40
const MAP = 27

function columns(width) {
  const named = width > 620 ? 108 : 0
  const bar = Math.max(46, Math.min(120, width * 0.14))
  const left = { map: named, z: named + MAP + 10 }
  const right = { map: width - MAP - 2, gate: width - MAP - 12 - bar }
  return { named, bar, ...{ map: left.map, z: left.z, hidden: (left.z + bar + right.gate) / 2, gate: right.gate, out: right.map } }
}

const rowAt = (channel) => HEAD + channel * ROW + ROW / 2

// A map as a picture of one pixel a cell: the higher the number, the more of the colour. Made once per map, since drawing it takes longest.
const painted = new WeakMap()

function pictureOf(cells, side, colour) {
  const known = painted.get(cells)
  if (known?.colour === colour) return known.url
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side })
  const paint = canvas.getContext("2d")
  paint.fillStyle = colour
  cells.forEach((value, place) => {
    paint.globalAlpha = value
    paint.fillRect(place % side, Math.floor(place / side), 1, 1)
  })
  const url = canvas.toDataURL()
  painted.set(cells, { colour, url })
  return url
}

function mapOf(cells, x, y, data, opacity) {
  return element("image", { class: "map", x, y: y - MAP / 2, width: MAP, height: MAP, opacity, href: pictureOf(cells, data.side, data.accent) })
}

const frameOf = (x, y) => element("rect", { class: "frame", x: x - 0.5, y: y - MAP / 2 - 0.5, width: MAP + 1, height: MAP + 1 })

function barOf(kind, x, y, width, value, channel) {
  const inside = value > 0.55
  const parts = [element("rect", { class: "track", x, y: y - 7, width, height: 14, rx: 3 }),
    element("rect", { class: kind, x, y: y - 7, width: width * value, height: 14, rx: 3 }),
    labelAt(written(value, 2), inside ? x + 5 : x + width - 5, y + 4.5, inside ? "start" : "end", "figure")]
  if (kind !== "z") return element("g", {}, ...parts)
  parts.push(element("rect", { class: "grip", x: x + width * value - 2.5, y: y - 10, width: 5, height: 20, rx: 2 }))
  return element("g", { class: "hold", tabindex: 0, role: "slider", "data-id": `z${channel}`, "data-channel": channel,
    "aria-label": `Mean of channel ${channel}`, "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": value.toFixed(2),
    "aria-valuetext": written(value, 2) }, ...parts)
}

function edgeOf(from, to, weight, data) {
  return lineAt("edge", from, to, { stroke: weight < 0 ? data.down : data.up, "stroke-width": 0.6 + 1.4 * Math.abs(weight),
    ...weight < 0 ? { "stroke-dasharray": "4 3" } : {} })
}

// Those of the lit channel one by one, above the others, which are one faint line per sign: there may be hundreds.
function edgesOf(state, data, at, places) {
  const faint = { up: [], down: [] }, lit = []
  for (let s = 0; s < state.squeezed; s += 1) {
    for (let c = 0; c < state.channels; c += 1) {
      const [start, end, hidden] = [[at.z + at.bar, rowAt(c)], [at.gate, rowAt(c)], [at.hidden, places[s]]]
      for (const [from, to, weight] of [[start, hidden, data.first[s][c]], [hidden, end, data.second[c][s]]]) {
        if (c === state.channel) lit.push(edgeOf(from, to, weight, data))
        else faint[weight < 0 ? "down" : "up"].push(`M${from}L${to}`)
      }
    }
  }
  const paths = Object.entries(faint).map(([sign, lines]) => element("path", { class: `faint ${sign}`, d: lines.join(""), stroke: data[sign] }))
  return [...paths, ...lit]
}

function titlesOf(at, width, state) {
  const wide = width > 620
  const titles = [[at.z, "start", "1 squeeze", "mean z"], [at.hidden, "middle", `2 reduce to ${state.squeezed}`, "swish"],
    ...wide ? [[at.gate + at.bar - 44, "end", "3 expand", "sigmoid: s"], [width - 2, "end", "4 scale", "s · x"]]
      : [[width - 2, "end", "3 expand, 4 scale", "s, then s · x"]]]
  return titles.flatMap(([x, anchor, first, second]) => [labelAt(first, x, 14, anchor, "title"), labelAt(second, x, 30, anchor)])
}

function rowOf(state, data, at, c) {
  const [y, cells] = [rowAt(c), state.maps[c]]
  return [...at.named ? [labelAt(data.names[c], 0, y + 4)] : [], mapOf(cells, at.map, y, data, 1), frameOf(at.map, y),
    barOf("z", at.z, y, at.bar, state.z[c], c), barOf("gate", at.gate, y, at.bar, state.gates[c], c),
    mapOf(cells, at.out, y, data, state.gates[c]), frameOf(at.out, y)]
}

function drawingOf(state, data, width) {
  const at = columns(width)
  const height = HEAD + state.channels * ROW + 6
  const each = state.channels * ROW / state.squeezed
  const places = state.hidden.map((_, s) => HEAD + (s + 0.5) * each)
  const radius = clamp(each / 2.4, 4, 13)
  const label = `Squeeze-and-excitation of ${state.channels} channels through ${state.squeezed}; the means can be dragged, or moved by arrow keys`
  const svg = svgOf(width, height, label, { role: "group" })
  const lit = element("rect", { class: "lit", x: 0, y: rowAt(state.channel) - ROW / 2, width, height: ROW, rx: 4 })
  svg.append(...titlesOf(at, width, state), lit, ...edgesOf(state, data, at, places))
  state.hidden.forEach((value, s) => {
    svg.append(element("circle", { class: "neuron", cx: at.hidden, cy: places[s], r: radius }))
    if (radius > 11) svg.append(labelAt(written(value, 1), at.hidden, places[s] + 4, "middle", "figure"))
  })
  for (let c = 0; c < state.channels; c += 1) svg.append(...rowOf(state, data, at, c))
  return svg
}
