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

function mapOf(cells, x, y, side, colour, opacity) {
  const each = MAP / side
  return element("g", { opacity }, ...cells.map((value, place) => element("rect", { x: x + each * (place % side), y: y - MAP / 2 + each * Math.floor(place / side), width: each + 0.2,
    height: each + 0.2, fill: colour, "fill-opacity": value })))
}

const frameOf = (x, y) => element("rect", { class: "frame", x: x - 0.5, y: y - MAP / 2 - 0.5, width: MAP + 1, height: MAP + 1 })

function barOf(kind, x, y, width, value, channel) {
  const parts = [element("rect", { class: "track", x, y: y - 7, width, height: 14, rx: 3 }), element("rect", { class: kind, x, y: y - 7, width: Math.max(0, width * value), height: 14, rx: 3 }),
    words(written(value, 2), { class: "figure", x: value > 0.55 ? x + 5 : x + width - 5, y: y + 4.5, "text-anchor": value > 0.55 ? "start" : "end" })]
  if (kind !== "z") return element("g", {}, ...parts)
  parts.push(element("rect", { class: "grip", x: x + width * value - 2.5, y: y - 10, width: 5, height: 20, rx: 2 }))
  return element("g", { class: "hold", tabindex: 0, role: "slider", "data-id": `z${channel}`, "data-channel": channel, "data-from": x, "data-width": width, "aria-label": `Mean of channel ${channel}`,
    "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": value.toFixed(2), "aria-valuetext": written(value, 2) }, ...parts)
}

function edgeOf(from, to, weight, strong, data) {
  return element("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1], stroke: weight < 0 ? data.down : data.up, "stroke-width": (strong ? 0.6 : 0.3) + Math.abs(weight) * (strong ? 1.4 : 0.5),
    "stroke-opacity": strong ? 0.95 : 0.22, ...weight < 0 ? { "stroke-dasharray": "4 3" } : {} })
}

function edgesOf(state, data, at, places) {
  const faint = [], strong = []
  for (let s = 0; s < state.squeezed; s += 1) for (let c = 0; c < state.channels; c += 1) {
    const own = c === state.channel;
    (own ? strong : faint).push(edgeOf([at.z + at.bar, rowAt(c)], [at.hidden, places[s]], data.first[s][c], own, data), edgeOf([at.hidden, places[s]], [at.gate, rowAt(c)], data.second[c][s], own, data))
  }
  return [...faint, ...strong]
}

function titlesOf(at, width, state) {
  const titles = [[at.z, "start", "1 squeeze", "mean z"], [at.hidden, "middle", `2 reduce to ${state.squeezed}`, "swish"], [at.gate + at.bar, "end", "3 expand", "sigmoid: s"], [width - 2, "end", "4 scale", "s · x"]]
  if (width < 620) titles.splice(2, 2, [width - 2, "end", "3 expand, 4 scale", "s, then s · x"])
  else titles[2][0] = at.gate + at.bar - 44
  return titles.flatMap(([x, anchor, first, second]) => [words(first, { class: "step", x, y: 14, "text-anchor": anchor }), words(second, { class: "sub", x, y: 30, "text-anchor": anchor })])
}

function drawingOf(state, data, width) {
  const at = columns(width)
  const height = HEAD + state.channels * ROW + 6
  const places = Array.from({ length: state.squeezed }, (_, s) => HEAD + (s + 0.5) * state.channels * ROW / state.squeezed)
  const svg = element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group",
    "aria-label": `Squeeze-and-excitation of ${state.channels} channels through ${state.squeezed}; the means can be dragged, or moved by arrow keys` })
  const radius = Math.max(4, Math.min(13, state.channels * ROW / state.squeezed / 2.4))
  svg.append(...titlesOf(at, width, state), element("rect", { class: "lit", x: 0, y: rowAt(state.channel) - ROW / 2, width, height: ROW, rx: 4 }), ...edgesOf(state, data, at, places))
  state.hidden.forEach((value, s) => svg.append(element("circle", { class: "neuron", cx: at.hidden, cy: places[s], r: radius }),
    ...radius > 11 ? [words(written(value, 1), { class: "figure", x: at.hidden, y: places[s] + 4, "text-anchor": "middle" })] : []))
  for (let c = 0; c < state.channels; c += 1) {
    const y = rowAt(c), cells = state.maps[c]
    if (at.named) svg.append(words(data.names[c], { class: "name", x: 0, y: y + 4 }))
    svg.append(mapOf(cells, at.map, y, data.side, data.accent, 1), frameOf(at.map, y), barOf("z", at.z, y, at.bar, state.z[c], c), barOf("gate", at.gate, y, at.bar, state.gates[c], c),
      mapOf(cells, at.out, y, data.side, data.accent, state.gates[c]), frameOf(at.out, y))
  }
  return svg
}
