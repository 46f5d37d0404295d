// Where everything of a block's drawing stands: `wideOf` from left to right, `tallOf` from top to bottom. Coordinates are pixels. Box lengths are in proportion
// to channels, heights and depths to sides, on one scale for all steps, so that narrow and wide can be compared from step to step.
const lineHeight = 15, character = 6.4
const cube = ([channels, side]) => side > 1 ? `${grouped(channels)} × ${side} × ${side}` : grouped(channels)
const roomOf = (text) => character * text.length
const pieceOf = (id) => ({ id, boxes: [], needles: [], lines: [], words: [], nodes: [], fresh: false })
const arrow = (to, points, dashed = false) => to.lines.push([`M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`, true, dashed])
const say = (to, lines, x, y, anchor = "middle") => lines.forEach(([text, look], place) => to.words.push([text, x, y + lineHeight * place, anchor, look]))

// Lines above and below a layer's arrow; those that the block before had at this place are plain, the others fresh.
function wordsOf(layer, si, before) {
  const size = `${layer.kernel}×${layer.kernel}`
  const above = layer.kind === "gate" ? ["SE", "squeeze and", "excitation"]
    : [layer.name, `${size} ${layer.groups > 1 ? "depthwise" : "conv"}`, ...layer.stride > 1 ? [`stride ${layer.stride}`] : []]
  const below = layer.kind === "gate" ? [] : [...layer.norm ? ["batch norm"] : [], ...layer.bias ? ["bias"] : [],
    ...layer.activation === undefined ? [] : [layer.activation ?? "no activation"]]
  const same = before?.layers.find((other) => other.name === layer.name)
  const known = !before ? [...above, ...below] : same ? Object.values(wordsOf(same, si)).flat().map(([text]) => text) : []
  const mark = (text, place) => [text, known.includes(text) ? place === 0 : place === 0 ? "strong fresh" : "fresh"]
  const counts = [si(BigInt(layer.params), "params"), si(BigInt(layer.macs), "MACs")].map((text) => [text, false])
  return { above: above.map(mark), below: below.map((text) => mark(text, 1)).concat(counts) }
}

function scaleOf(designs, side, length, height) {
  const widest = Math.max(...designs.flatMap(({ layers }) => layers.flatMap(({ inputs, outputs }) => [inputs, outputs])))
  const [perChannel, perCell] = [length / widest, height / side]
  return (channels, cells) => {
    const [width, tall] = [Math.max(thin, perChannel * channels), Math.max(thin, perCell * cells)]
    return { width, height: tall, back: slant * tall, perChannel }
  }
}

const changedBox = (layer, before) => {
  const same = before?.layers.find((other) => other.name === layer.name)
  return Boolean(before) && !(same && same.outputs === layer.outputs && same.cells === layer.cells)
}

function wideOf(block, before, size, si) {
  const gate = block.layers.find(({ kind }) => kind === "gate")
  const centre = block.joined ? 112 : 86
  const drop = centre + 112
  const parts = [], came = [block.layers[0].inputs, block.layers[0].side]
  const place = (to, x, channels, cells) => {
    const box = size(channels, cells)
    const label = cube([channels, cells])
    Object.assign(box, { x, y: centre - box.height * (1 - slant) / 2, right: x + box.width + box.back, middle: x + (box.width + box.back) / 2 })
    to.boxes.push([box.x, box.y, box.width, box.height, box.back])
    to.words.push([label, box.middle, centre - 66, "middle", false])
    return { ...box, clear: Math.max(box.right, box.middle + roomOf(label) / 2), label }
  }
  const entry = pieceOf("input")
  const first = size(...came)
  let last = place(entry, Math.max(24, 12 + (roomOf(cube(came)) - first.width - first.back) / 2), ...came)
  let from = last.right
  arrow(entry, [[0, centre], [last.x - 2, centre]])
  parts.push(entry)
  for (const layer of block.layers) {
    const own = pieceOf(layer.name)
    const text = wordsOf(layer, si, before)
    if (layer.kind === "gate") {
      from = branch(own, layer, last, from, { centre, drop, size, text, fresh: changedBox(layer, before) })
      if (layer === block.layers.at(-1)) {
        arrow(own, [[from + 1, centre], [from + 38, centre]])
        last = place(own, from + 40, layer.outputs, layer.cells)
        from = last.right
      }
    } else {
      const lines = [...text.above, ...text.below].map(([line]) => roomOf(line))
      const box = size(layer.outputs, layer.cells)
      const label = roomOf(cube([layer.outputs, layer.cells]))
      let x = from + Math.max(...lines) + 20
      x += Math.max(0, last.middle + roomOf(last.label) / 2 + 10 + label / 2 - (x + (box.width + box.back) / 2))
      arrow(own, [[from + 2, centre], [x - 2, centre]])
      say(own, text.above, (from + x) / 2, centre - 9 - lineHeight * (text.above.length - 1))
      say(own, text.below, (from + x) / 2, centre + 17)
      last = place(own, x, layer.outputs, layer.cells)
      own.fresh = changedBox(layer, before)
      from = last.right
    }
    parts.push(own)
  }
  const end = finish(parts, block, before, Math.max(from, last.clear), from, centre)
  const reach = ([text, x, , anchor]) => x + roomOf(text) * { start: 1, middle: 0.5, end: 0 }[anchor]
  const width = Math.max(end, ...parts.flatMap((part) => part.words.map(reach))) + 10
  return { width, height: gate ? drop + 66 : centre + 84, parts }
}

// Squeeze-and-excitation: down to a mean per channel, through the few, up again as gates onto the main line. Returns where the line goes on.
function branch(own, layer, last, from, { centre, drop, size, text, fresh }) {
  const times = Math.max(from + 62, last.x + last.width + 78)
  const small = Math.max(thin, last.perChannel * layer.squeeze)
  const half = last.x + last.width / 2, gates = times - 6
  const few = (last.x + last.width + gates - small) / 2
  own.fresh = fresh
  arrow(own, [[from + 2, centre], [times - 10, centre]])
  own.nodes.push(["×", times, centre])
  own.needles.push([last.x, drop, last.width], [few, drop, small], [gates, drop, last.width])
  arrow(own, [[half, last.y + last.height + 3], [half, drop - 6]])
  arrow(own, [[last.x + last.width + 3, drop], [few - 3, drop]])
  arrow(own, [[few + small + 3, drop], [gates - 3, drop]])
  arrow(own, [[times, drop - 5], [times, centre + 11]])
  const [name, ...rest] = text.above.map(([line]) => line)
  say(own, [[`${name}: ${rest.join(" ")}`, fresh ? "strong fresh" : true]], times + 12, drop - 24, "start")
  say(own, [[`${grouped(layer.inputs)} means`, false]], half - 8, drop + 19)
  say(own, [[grouped(layer.squeeze), false], [layer.activation, false]], few + small / 2, drop + 19)
  say(own, [[`${grouped(layer.inputs)} gates, sigmoid`, false], [text.below.map(([line]) => line).join(" · "), false]], gates, drop + 19, "start")
  return times + 9
}

// The sum, where there is one, and the way out. Returns where the drawing ends.
function finish(parts, block, before, clear, from, centre) {
  const out = pieceOf("sum")
  if (!block.joined) {
    arrow(out, [[from + 2, centre], [clear + 26, centre]])
    parts.push(out)
    return clear + 26
  }
  const plus = clear + 18, around = pieceOf("skip"), end = plus + (block.after ? 66 : 28)
  around.fresh = Boolean(before) && !before.joined
  arrow(around, [[8, centre], [8, 18], [plus, 18], [plus, centre - 11]], true)
  say(around, [["skip connection: the input is added", around.fresh ? "fresh" : false]], (8 + plus) / 2, 12)
  arrow(out, [[from + 2, centre], [plus - 10, centre]])
  arrow(out, [[plus + 10, centre], [end, centre]])
  out.nodes.push(["+", plus, centre])
  if (block.after) say(out, [[block.after, before && before.after !== block.after ? "fresh" : false]], plus + 36, centre - 9)
  parts.unshift(around)
  parts.push(out)
  return end
}
