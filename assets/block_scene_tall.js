// The block's drawing from top to bottom, for a narrow screen: the skip connection on the left, the main line, squeeze-and-excitation on its right.
const tallWidth = 330, mainLine = 108, wordsAt = 176, needlesAt = 138, needleRow = 42

function tallOf(block, before, size, si) {
  const parts = []
  const volume = (to, top, channels, cells) => {
    const box = size(channels, cells)
    const [x, y] = [mainLine - box.width / 2, top + box.back]
    to.boxes.push([x, y, box.width, box.height, box.back])
    to.words.push([cube([channels, cells]), wordsAt, y + (box.height - box.back) / 2 + 4, "start", false])
    return { ...box, x, y, bottom: y + box.height }
  }
  const entry = pieceOf("input")
  const top = block.joined ? 26 : 16
  arrow(entry, [[mainLine, 0], [mainLine, top - 2]])
  let last = volume(entry, top, block.layers[0].inputs, block.layers[0].side)
  let from = last.bottom
  parts.push(entry)
  for (const layer of block.layers) {
    const own = pieceOf(layer.name)
    const text = wordsOf(layer, si, before)
    own.fresh = changedBox(layer, before)
    if (layer.kind === "gate") from = tallBranch(own, layer, last, text)
    else {
      const lines = [...text.above, ...text.below]
      const end = from + lineHeight * lines.length + 20
      arrow(own, [[mainLine, from + 3], [mainLine, end - 3]])
      say(own, lines, wordsAt, from + 22, "start")
      last = volume(own, end, layer.outputs, layer.cells)
      from = last.bottom
    }
    parts.push(own)
  }
  return { width: tallWidth, height: tallFinish(parts, block, before, from) + 4, parts }
}

function tallBranch(own, layer, last, text) {
  const start = last.bottom + 3, small = Math.max(thin, last.perChannel * layer.squeeze)
  const [means, few, gates] = [0, 1, 2].map((place) => last.bottom + 30 + needleRow * place)
  const middle = needlesAt + last.width / 2, leaves = Math.min(mainLine + last.width / 2 - 4, needlesAt + 4)
  arrow(own, [[mainLine, start], [mainLine, gates - 11]])
  arrow(own, [[leaves, start], [leaves, means - 5]])
  arrow(own, [[middle, means + 5], [middle, few - 5]])
  arrow(own, [[middle, few + 5], [middle, gates - 5]])
  arrow(own, [[needlesAt - 2, gates], [mainLine + 11, gates]])
  own.needles.push([needlesAt, means, last.width], [middle - small / 2, few, small], [needlesAt, gates, last.width])
  own.nodes.push(["×", mainLine, gates])
  const right = needlesAt + last.width + 10
  say(own, [[`${grouped(layer.inputs)} means`, false]], right, means + 4, "start")
  say(own, [[grouped(layer.squeeze), false], [layer.activation, false]], right, few + 4, "start")
  say(own, [[`${grouped(layer.inputs)} gates`, false], ["sigmoid", false]], right, gates + 4, "start")
  say(own, [...text.above, ...text.below], mainLine - 12, means, "end")
  own.lines.push([`M${mainLine} ${gates + 9}V${gates + 28}`, false, false])
  return gates + 25
}

function tallFinish(parts, block, before, from) {
  const out = pieceOf("sum")
  parts.push(out)
  if (!block.joined) {
    arrow(out, [[mainLine, from + 3], [mainLine, from + 26]])
    return from + 26
  }
  const plus = from + 32, around = pieceOf("skip")
  around.fresh = Boolean(before) && !before.joined
  arrow(around, [[mainLine, 8], [8, 8], [8, plus], [mainLine - 11, plus]], true)
  arrow(out, [[mainLine, from + 3], [mainLine, plus - 11]])
  arrow(out, [[mainLine, plus + 10], [mainLine, plus + 32]])
  out.nodes.push(["+", mainLine, plus])
  parts.unshift(around)
  say(around, [["the input is added", around.fresh ? "fresh" : false]], wordsAt, plus + 4, "start")
  if (block.after) say(out, [[block.after, before && before.after !== block.after ? "fresh" : false]], wordsAt, plus + 19, "start")
  return plus + 32
}
