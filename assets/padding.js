// One side of a map under three kinds of padding: where zeros stand, and on which cells the kernel's middle stops.
const paddingKinds = [
  ["same", "same, as TensorFlow and Keras pad", (layer) => paddingOf({ ...layer, padding: "same" })],
  ["symmetric", "padding = k // 2, as PyTorch is mostly written", ({ kernel, side, stride }) => {
    const half = Math.floor(kernel / 2)
    return { before: half, after: half, cells: Math.floor((side + 2 * half - kernel) / stride) + 1 }
  }],
  ["valid", "valid, no padding", (layer) => paddingOf({ ...layer, padding: "valid" })],
]
const stripRow = 84, narrow = 560 // pixels

// Which indexes of the side are drawn: all of them, or both ends with a gap between.
function columnsOf({ side, kernel }, width) {
  const reach = (kernel - 1) / 2, least = 15
  const most = Math.floor(width / least)
  const all = Array.from({ length: side + 2 * reach }, (_, place) => place - reach)
  if (all.length <= most) return { shown: all, cell: Math.min(30, width / all.length), gap: false }
  const half = Math.floor((most - 2) / 2)
  return { shown: [...all.slice(0, half), null, null, ...all.slice(-half)], cell: width / (2 * half + 2), gap: true }
}

function bracketOf(first, kernel, place, cell, y, name) {
  const [from, to] = [place.get(first), place.get(first + kernel - 1)]
  if (from === undefined || to === undefined) return []
  const [x0, x1] = [from * cell + 2, (to + 1) * cell - 2]
  return [element("path", { class: "bracket", d: `M${x0} ${y}v5H${x1}v-5` }), words(name, { class: "plain", x: (x0 + x1) / 2, y: y + 18, "text-anchor": "middle" })]
}

function stripOf([kind, title, pad], layer, columns, chosen, top, broken) {
  const y = top + (broken ? lineHeight : 0)
  const { before, after, cells } = pad(layer)
  const { shown, cell } = columns
  const place = new Map(shown.map((index, column) => [index, column]).filter(([index]) => index !== null))
  const stops = new Set(sampledOf(layer, before, after))
  const marks = shown.flatMap((index, column) => {
    if (index === null) return []
    const inside = index >= 0 && index < layer.side
    const zero = !inside && index >= -before && index < layer.side + after
    if (!inside && !zero) return []
    const x = column * cell
    const box = element("rect", { class: inside ? "cell" : "zero", x: x + 1, y: y + 20, width: cell - 2, height: 22 })
    const dot = stops.has(index) ? [element("circle", { class: "stop", cx: x + cell / 2, cy: y + 31, r: Math.min(5, cell / 3.2) })] : []
    return [box, ...zero && !dot.length && cell >= 11 ? [words("0", { class: "nought", x: x + cell / 2, y: y + 35, "text-anchor": "middle" })] : [], ...dot]
  })
  const dots = columns.gap ? [words("…", { class: "plain", x: (shown.indexOf(null) + 1) * cell, y: y + 35, "text-anchor": "middle" })] : []
  const zeros = `${before} before, ${after} after: ${cells} cells come out`
  const look = { class: chosen === kind ? "strong" : "plain", x: 1 }
  const label = broken ? [words(`${title}:`, { ...look, y: y - 2 }), words(zeros, { ...look, y: y + 13 })] : [words(`${title}: ${zeros}`, { ...look, y: y + 13 })]
  const brackets = layer.kernel > 1 ? [...bracketOf(-before, layer.kernel, place, cell, y + 45, "first"),
    ...cells > 1 ? bracketOf((cells - 1) * layer.stride - before, layer.kernel, place, cell, y + 45, "last") : []] : []
  return element("g", { class: chosen === kind ? "strip chosen" : "strip" }, ...label, ...marks, ...dots, ...brackets)
}

function shiftSaid(layer) {
  const [same, half] = [paddingKinds[0][2](layer), paddingKinds[1][2](layer)]
  const shift = half.before - same.before
  if (!shift) return `Here "same" and k // 2 begin with as many zeros: the kernel stops on the same cells.`
  return `Here "same" begins with ${same.before} and k // 2 with ${half.before}, so "same" stops ${shift} ${shift > 1 ? "cells" : "cell"} further on: the same weights see another grid.`
}

// As high as the strips that will stand here, so that nothing moves.
function paddingWaits(width) {
  const waits = tag("p", "note waits", "Where the zeros go: after your guess above.")
  waits.style.minHeight = `${3 * (stripRow + (width < narrow ? lineHeight : 0))}px`
  return waits
}

// The three strips in `width` pixels, and what they show in a sentence.
function paddingStrips(layer, chosen, width) {
  const columns = columnsOf(layer, width - 2)
  const sentence = shiftSaid(layer), broken = width < narrow
  const row = stripRow + (broken ? lineHeight : 0)
  const svg = element("svg", { viewBox: `0 0 ${width} ${3 * row}`, width, height: 3 * row, role: "img",
    "aria-label": `One side of the map, ${layer.side} cells. ${paddingKinds.map(([, title, pad]) => `${title}: ${pad(layer).before} zeros before, ${pad(layer).after} after`).join("; ")}. ${sentence}` })
  svg.append(...paddingKinds.map((kind, place) => stripOf(kind, layer, columns, chosen, place * row, broken)))
  return [tag("div", "strips", svg), tag("p", "note", sentence)]
}
