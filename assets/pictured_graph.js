// The graph of a mirrored network, as effnet_core.graph and effnet_core.figures.lab make it.

// What is drawn, in order; a node carries its sums in `cost` and the receptive field of its last layer.
function nodesOf(mirror, made, level, opened) {
  const short = (id) => id.replace(/^stages\./, "")
  const nodes = []
  const usual = { operator: "", marks: [], units: [], cost: null, count: 1, skipFrom: "", reads: "", group: "", note: "" }
  const add = (node) => nodes.push({ ...usual, ...node })
  const one = (layer, id, unit, cost, field, more = {}) => {
    const kernel = `${layer.kernel}×${layer.kernel}`
    const operator = { se: String(layer.squeeze), linear: "linear", depthwise: kernel, maxpool: kernel }[layer.operator] ?? `conv ${kernel}`
    const name = { se: "SE", maxpool: "max pool" }[layer.operator] ?? layer.part
    const marks = layer.stride > 1 ? [`stride ${layer.stride}`] : []
    add({ key: id, kind: layer.operator, name, operator, marks, units: [unit], cost, field, input: layer.input, output: layer.output, ...more })
  }
  const folded = (stage, first, last, note = "") => {
    const [block, count] = [mirror.blockAt(stage, first), last - first + 1]
    const units = Array.from({ length: count }, (_, i) => `${stage.id}.${first + i}`)
    const cost = mirror.times(block.cost, BigInt(count))
    const common = { marks: block.marks, units, cost, field: mirror.fieldAt(stage, last), input: block.input, output: block.output }
    if (count === 1) return add({ ...common, key: units[0], kind: "block", name: short(units[0]), operator: block.label })
    add({ ...common, key: `${units[0]}-${last}`, kind: "repeats", name: `${short(units[0])}–${short(units.at(-1))}`,
      operator: `${count} × ${block.label}`, count, note })
  }
  const unfolded = (stage, place) => {
    const [block, unit, before] = [mirror.blockAt(stage, place), `${stage.id}.${place}`, nodes.at(-1).key]
    const group = `${short(unit)} · ${block.label}`
    const further = Math.max(0, place - 1) * block.wider
    block.layers.forEach((layer, i) => one(layer, `${unit}.${layer.part}`, unit, block.costs[i], block.fields[i] + further,
      { group, reads: layer.part === "shortcut" ? before : "" }))
    const added = block.layers[0].part === "shortcut" ? `${unit}.shortcut` : before
    const both = { input: block.output, output: block.output }
    if (block.skip) add({ key: `${unit}.add`, kind: "add", name: "+", units: [unit], ...both, skipFrom: added, group })
  }
  const image = [3, made.side]
  add({ key: "input", kind: "input", name: "image", input: image, output: image })
  for (const layer of made.front) one(layer, layer.part, layer.part, layer.cost, layer.field)
  const size = level === "layer" ? 5 : 1
  let room = mirror.constants.limit - 6 - made.stages.length * (size + 1)
  for (const stage of made.stages) {
    if (level === "stage") {
      wholeStage(mirror, stage, add)
      continue
    }
    const open = opened.includes(stage.id)
    const more = open ? Math.min(stage.count - 1, Math.floor(room / size)) : 0
    room -= more * size
    for (let place = 0; place <= more; place++) level === "layer" ? unfolded(stage, place) : folded(stage, place, place)
    if (more + 1 < stage.count) folded(stage, more + 1, stage.count - 1, open ? `kept folded: at most ${mirror.constants.limit} nodes` : "")
  }
  const classifier = made.back.at(-1)
  for (const layer of made.back.slice(0, -1)) one(layer, layer.part, layer.part, layer.cost, layer.field)
  const pool = { key: "pool", kind: "pool", name: "pool", operator: "global average", units: ["classifier"] }
  if (level === "layer") add({ ...pool, input: made.lastMap, output: classifier.input })
  const pooling = level === "layer" ? {} : { operator: "pool and linear", input: made.lastMap }
  one(classifier, "classifier", "classifier", classifier.cost, classifier.field, pooling)
  add({ key: "output", kind: "output", name: `${grouped(made.classes)} classes`, input: classifier.output, output: classifier.output })
  return nodes
}

function wholeStage(mirror, stage, add) {
  const blocks = [stage.first, ...stage.rest ? [stage.rest] : []]
  const squeezed = [...new Set(blocks.map(({ squeeze }) => squeeze).filter(Boolean))]
  const skipped = (stage.first.skip ? 1 : 0) + (stage.rest?.skip ? stage.count - 1 : 0)
  const marks = [stage.row.stride > 1 ? `stride ${stage.row.stride}` : "", squeezed.length ? `SE ${squeezed.join(", ")}` : "",
    skipped ? `${skipped} skip${skipped > 1 ? "s" : ""}` : ""].filter(Boolean)
  const rest = stage.rest ? mirror.times(stage.rest.cost, BigInt(stage.count - 1)) : mirror.sum([])
  add({ key: stage.id, kind: "stage", name: `stage ${stage.id.split(".")[1]}`, operator: `${stage.count} × ${stage.first.label}`, marks,
    units: Array.from({ length: stage.count }, (_, i) => `${stage.id}.${i}`), cost: mirror.sum([stage.first.cost, rest]),
    field: mirror.fieldAt(stage, stage.count - 1), input: stage.first.input, output: stage.first.output, count: stage.count })
}

function edgesOf(mirror, nodes) {
  const chain = nodes.filter((node) => !node.reads)
  const along = chain.slice(1).map((node, i) => [chain[i].key, node.key, mirror.shapeText(chain[i].output), false])
  const beside = nodes.filter((node) => node.reads).map((node) => [node.reads, node.key, mirror.shapeText(node.input), true])
  const around = nodes.filter((node) => node.skipFrom || node.marks.some((mark) => mirror.constants.skips.includes(mark)))
    .map((node) => [node.skipFrom || node.key, node.key, mirror.shapeText(node.output), true])
  return [...along, ...beside, ...around]
}

function foldOf(made, node, level, opened, place) {
  const [stage, number] = [node.units[0]?.split(".").slice(0, 2).join("."), node.units[0]?.split(".")[1]]
  if (!number || level === "stage" || node.note) return null
  if (node.kind === "repeats" || (node.kind === "block" && level === "layer")) {
    const what = node.count > 1 ? `the ${node.count} equal blocks ${node.name}` : `block ${node.name} into its layers`
    return { stage, opens: true, text: `×${node.count}`, label: `Unfold ${what}` }
  }
  if (opened.includes(stage) && node.units[0] === `${stage}.1` && place === 0 && made.stages[number].count > (level === "layer" ? 1 : 2)) {
    return { stage, opens: false, text: "fold", label: `Fold the equal blocks of stage ${number}` }
  }
  return null
}

function rowsOf(mirror, made, node) {
  const { names } = mirror.constants
  const row = (key) => {
    const [value, count] = [node.cost[key], BigInt(node.count)]
    const each = node.kind === "repeats" ? `${node.count} × ${grouped(value / count)} = ` : ""
    return [names[key], `${each}${grouped(value)} (${mirror.percent(made.total[key] ? ratio(value, made.total[key]) : 0)})`]
  }
  const beyond = node.field > made.side ? ", more than the image" : ""
  return [...["params", "macs", "activations"].map(row),
    [names.field, `${grouped(node.field)} px, ${fixed(node.field / made.side, 2)} × the image side${beyond}`]]
}

function pictureOf(mirror, made, { level, metric, opened, theme, wanted }) {
  const selected = mirror.selectedOf(made, wanted)
  const nodes = nodesOf(mirror, made, level, opened)
  const isField = metric === "field"
  const valueOf = (node) => isField ? (node.cost ? node.field / made.side : 0) : node.cost?.[metric] ?? 0n
  const most = nodes.map(valueOf).reduce((top, value) => value > top ? value : top) || (isField ? 1 : 1n)
  const shareOf = (a, b) => isField ? a / b : ratio(a, b)
  const seen = new Set()
  const drawn = nodes.map((node) => {
    const value = valueOf(node)
    const fill = node.cost ? mirror.standingOut(shareOf(value, most), theme) : ""
    const unit = node.units[0] ?? ""
    const place = seen.has(unit) ? 1 : 0
    seen.add(unit)
    const figure = isField ? `${fixed(value, 2)} ×` :
      `${mirror.si(value)} · ${mirror.percent(made.total[metric] ? ratio(value, made.total[metric]) : 0)}`
    return {
      key: node.key, kind: node.kind, name: node.name, operator: node.operator, marks: node.marks, figure: node.cost ? figure : "",
      fill, ink: fill && mirror.inkOn(fill), border: unit && mirror.unitColour(unit, theme), group: node.group, note: node.note,
      count: node.count, pick: node.units.includes(selected) ? selected : unit, chosen: node.units.includes(selected),
      fold: foldOf(made, node, level, opened, place), unit, shapes: `${mirror.shapeText(node.input)} → ${mirror.shapeText(node.output)}`,
      rows: node.cost ? rowsOf(mirror, made, node) : [],
    }
  })
  const { legend, stops } = mirror.constants
  return {
    title: `${made.name} by ${level}, coloured by ${legend[metric]}`, level, nodes: drawn, edges: edgesOf(mirror, nodes),
    legend: { title: legend[metric], top: isField ? `${fixed(most, 2)} ×` : mirror.si(most), side: isField && most > 1 ? 1 / most : 0,
      colours: Array.from({ length: stops }, (_, stop) => mirror.standingOut(stop / (stops - 1), theme)) },
  }
}
