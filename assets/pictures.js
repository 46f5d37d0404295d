// The spine, the tiles and the bars of a mirrored network, as effnet_core.figures.strip, .numbers and .bars make them.

function stripOf(mirror, made, { theme, wanted }) {
  const mark = (id, label, [channels, side], count = 1) => ({
    id, label: `${label}${count > 1 ? ` × ${count}` : ""}: ${channels} channels of ${side} × ${side}`, channels, side,
    colour: mirror.unitColour(id, theme), count })
  const end = (layer) => mark(layer.part, `${layer.part}, ${layer.operator === "maxpool" ? "max pooling" :
    `convolution ${layer.kernel}×${layer.kernel}`}`, layer.output)
  const blocks = made.stages.flatMap((stage) => mirror.runsOf(made, stage).map(([first, last]) => {
    const id = `${stage.id}.${first}`
    return mark(id, `${id}, ${mirror.blockAt(stage, first).label}`, mirror.blockAt(stage, first).output, last - first + 1)
  }))
  const classifier = { ...mark("classifier", "", [1, 1]), label: `classifier: ${made.classes} classes` }
  return { name: made.name, input: `3 × ${made.side} × ${made.side}`, selected: mirror.runOf(made, mirror.selectedOf(made, wanted)),
    marks: [...made.front.map(end), ...blocks, ...made.back.slice(0, -1).map(end), classifier] }
}

// `before`: the figures of the last look as decimal strings.
function tilesOf(mirror, made, { before, flops }) {
  const now = mirror.figures(made)
  const work = flops ? 2n : 1n
  const tile = (key, label, value, exact, explain) => ({ label, value, exact, explain,
    change: mirror.changed(now[key], before ? BigInt(before[key]) : undefined) })
  return [
    tile("params", "Parameters", mirror.si(now.params), grouped(now.params),
      `Learnt numbers. As 32-bit floats they take ${mirror.si(4n * now.params, "B")}.`),
    tile("macs", flops ? "FLOPs per image" : "MACs per image", mirror.si(work * now.macs), grouped(work * now.macs), flops
      ? "Floating-point operations: a multiply and an add for each of the network's MACs."
      : "Multiply-adds of all convolutions and the classifier; a FLOP count is twice this."),
    tile("activations", "Activations", mirror.si(now.activations), grouped(now.activations),
      `Numbers that the layers hand on for one image: ${mirror.si(4n * now.activations, "B")} as 32-bit floats.`),
    tile("side", "Image side", `${grouped(made.side)} px`, `last map ${made.lastMap[1]} × ${made.lastMap[1]}`, "Height and width of the input."),
    tile("blocks", "Blocks", grouped(made.blocks), made.stages.map(({ count }) => count).join(" + "), "Blocks, stage by stage."),
    tile("field", "Receptive field", `${grouped(made.field)} px`, `${fixed(made.field / made.side, 1)} × the image side`,
      "Input pixels, side by side, that one cell of the last map can see."),
  ]
}

function barsOf(mirror, made, { metric, theme, wanted }) {
  const { titles } = mirror.constants
  const valueOf = (cost, field) => metric === "field" ? field / made.side : cost[metric]
  const bars = [
    ...made.front.map((layer) => ({ id: layer.part, span: 1, name: endName(layer), value: valueOf(layer.cost, layer.field) })),
    ...made.stages.flatMap((stage) => mirror.runsOf(made, stage).map(([first, last]) => ({
      id: `${stage.id}.${first}`, span: last - first + 1, name: mirror.blockAt(stage, first).label,
      value: valueOf(mirror.blockAt(stage, first).cost, mirror.fieldAt(stage, last)) }))),
    ...made.back.map((layer) => ({ id: layer.part, span: 1, name: endName(layer), value: valueOf(layer.cost, layer.field) })),
  ]
  const most = bars.reduce((top, { value }) => value > top ? value : top, bars[0].value)
  const top = 1.06 * Number(most) || 1
  const total = metric === "field" ? 0n : made.total[metric] || 1n
  const text = ({ id, name, value, span }) => `${id}, ${name}: ${mirror.quantity(value, metric)}` +
    (total ? `, ${mirror.percent(ratio(value, total))}` : "") + (span > 1 ? `, and ${span - 1} like it` : "")
  return {
    title: titles[metric],
    ticks: ticksOf(Number(most), (value) => mirror.short(value)).map(({ value, text }) => ({ at: value / top, text })),
    bars: bars.map((bar) => ({
      id: bar.id, span: bar.span, height: Number(bar.value) / top, colour: mirror.unitColour(bar.id, theme), label: text(bar) })),
    groups: groupsOf(made), selected: mirror.runOf(made, mirror.selectedOf(made, wanted)),
  }
}

function endName(layer) {
  const kernel = `${layer.kernel}×${layer.kernel}`
  return { stem: `conv ${kernel}`, maxpool: "max pool 3×3", head: "conv 1×1", classifier: "pool and linear" }[layer.part]
}

// About five round ticks from 0 to `most`.
function ticksOf(most, text) {
  const top = most > 0 ? most : 1
  const power = Number(`1e${(top / 5).toExponential().split("e")[1]}`)
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => top / size <= 6)
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, place) => ({ value: place * step, text: text(place * step) }))
}

function groupsOf(made) {
  const word = (layer, at, row) => ({ first: at, last: at, text: layer.part, row })
  let at = made.front.length
  const stages = made.stages.map(({ count }, index) => {
    at += count
    return { first: at - count, last: at - 1, text: String(index), row: 0 }
  })
  return [...made.front.map((layer, i) => word(layer, i, 1 + i)), ...stages, ...made.back.map((layer, i) => word(layer, at + i, i))]
}
