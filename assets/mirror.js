// What effnet_core computes, once more in the browser: scaling → network → cost → what is drawn. Pure functions, no document.
// Tables and limits come from Python (`lab.constants`); equality is tested setting by setting. Counts are BigInt: they pass 2^53.

function mirrorOf(constants) {
  const { families, ranges, divisor, guard, limit, skips, names } = constants
  const texts = textsOf(constants)
  const colours = coloursOf(constants)
  const bounds = ([low, high], unit = "") => `it must be a number from ${general(low)} to ${general(high)}${unit}.`

  function check(name, value, allowed, unit, text = repr(value)) {
    if (!(value >= allowed[0] && value <= allowed[1])) throw new RangeError(`${name} is ${text}; ${bounds(allowed, unit)}`)
  }

  function roundChannels(channels, width) {
    const exact = channels * width
    const rounded = Math.max(divisor, Math.floor(Math.floor(exact + divisor / 2) / divisor) * divisor)
    return rounded < 0.9 * exact ? rounded + divisor : rounded
  }

  const roundRepeats = (repeats, depth) => Math.max(1, Math.ceil(repeats * depth - guard))

  // The factors of equation 3. Throws a RangeError in Python's words.
  function scalingOf({ phi, alpha, beta, gamma }, family) {
    check("φ", phi, ranges.phi)
    for (const [name, base] of [["α", alpha], ["β", beta], ["γ", gamma]]) check(name, base, ranges.base)
    const [depth, width] = [alpha ** phi, beta ** phi]
    check("α^φ", depth, ranges.factor)
    check("β^φ", width, ranges.factor)
    const side = Math.floor(family.side * gamma ** phi + 0.5)
    check(`The input side ${family.side}·γ^φ`, side, ranges.side, " pixels", String(side))
    return { depth, width, side }
  }

  const shrunk = (side, stride) => Math.ceil(side / stride)

  // Layers are {part, operator, kernel, stride, groups, input, output, squeeze}, shapes [channels, side].
  const layerOf = (part, operator, kernel, stride, groups, input, output, squeeze = 0) => (
    { part, operator, kernel, stride, groups, input, output, squeeze })

  const kinds = {
    mbconv(row, stride, channels, x, family) {
      const side = shrunk(x[1], stride)
      const middle = [x[0] * row.expand, x[1]]
      const strided = [middle[0], side]
      const share = row.se_ratio ?? family.se_ratio
      return [[
        ...row.expand === 1 ? [] : [layerOf("expand", "pointwise", 1, 1, 1, x, middle)],
        layerOf("depthwise", "depthwise", row.kernel, stride, middle[0], middle, strided),
        ...share ? [layerOf("se", "se", 1, 1, 1, strided, strided, Math.max(1, Math.floor(x[0] * share)))] : [],
        layerOf("project", "pointwise", 1, 1, 1, strided, [channels, side]),
      ], stride === 1 && x[0] === channels]
    },
    separable(row, stride, channels, x) {
      const strided = [x[0], shrunk(x[1], stride)]
      return [[layerOf("depthwise", "depthwise", row.kernel, stride, x[0], x, strided),
        layerOf("pointwise", "pointwise", 1, 1, 1, strided, [channels, strided[1]])], false]
    },
    bottleneck(row, stride, channels, x) {
      const strided = [channels, shrunk(x[1], stride)]
      const output = [channels * row.expand, strided[1]]
      const same = x[0] === output[0] && x[1] === output[1]
      return [[
        ...same ? [] : [layerOf("shortcut", "pointwise", 1, stride, 1, x, output)],
        layerOf("reduce", "pointwise", 1, 1, 1, x, [channels, x[1]]),
        layerOf("spatial", "conv", row.kernel, stride, 1, [channels, x[1]], strided),
        layerOf("expand", "pointwise", 1, 1, 1, strided, output),
      ], true]
    },
  }

  function blockOf(row, stride, channels, x, family) {
    const [layers, skip] = kinds[row.kind](row, stride, channels, x, family)
    const spatial = layers.find((layer) => layer.part === "depthwise" || layer.part === "spatial")
    const name = { mbconv: `MBConv${row.expand}`, separable: "Separable", bottleneck: "Bottleneck" }[row.kind]
    const squeeze = layers.find((layer) => layer.operator === "se")?.squeeze ?? 0
    const marks = [stride > 1 ? `stride ${stride}` : "", squeeze ? `SE ${squeeze}` : "",
      skip ? skips[layers[0].part === "shortcut" ? 1 : 0] : ""].filter(Boolean)
    return { layers, skip, squeeze, marks, label: `${name} ${spatial.kernel}×${spatial.kernel}`, input: x, output: layers.at(-1).output }
  }

  // Blocks after the first of a stage are equal: a stage is {row, count, first, rest}.
  function stagesOf(family, { depth, width }, x) {
    const last = family.rows.length - 1
    return family.rows.map((cells, i) => {
      const [expand, kernel, stride, base, repeats, kind, share] = cells
      const row = { expand, kernel, stride, kind, se_ratio: share }
      const channels = roundChannels(base, width)
      const count = roundRepeats(repeats, family.fixed_ends && (i === 0 || i === last) ? 1 : depth)
      const first = blockOf(row, stride, channels, x, family)
      const rest = count > 1 ? blockOf(row, 1, channels, first.output, family) : null
      x = first.output
      return { row, count, first, rest, id: `stages.${i}` }
    })
  }

  function titleOf({ base, phi, alpha, beta, gamma }, family) {
    const usual = [alpha, beta, gamma].every((value, i) => value === constants.paper[i])
    const others = usual ? "" : `, α = ${general(alpha)}, β = ${general(beta)}, γ = ${general(gamma)}`
    const title = family.title || base[0].toUpperCase() + base.slice(1).toLowerCase()
    return `${title} scaled by φ = ${general(phi)}${others}`
  }

  // The network of {base, phi, alpha, beta, gamma, classes} with its costs.
  function network(settings) {
    const family = families[settings.base]
    const scaling = scalingOf(settings, family)
    const width = family.fixed_ends ? 1 : scaling.width
    let x = [roundChannels(family.stem, width), shrunk(scaling.side, family.stem_stride)]
    const front = [layerOf("stem", "conv", family.stem_kernel, family.stem_stride, 1, [3, scaling.side], x)]
    if (family.maxpool) {
      front.push(layerOf("maxpool", "maxpool", 3, 2, 1, x, [x[0], shrunk(x[1], 2)]))
      x = front[1].output
    }
    const stages = stagesOf(family, scaling, x)
    x = (stages.at(-1).rest ?? stages.at(-1).first).output
    const back = []
    if (family.head) {
      const top = [roundChannels(family.head, family.whole_head ? Math.max(1, width) : width), x[1]]
      back.push(layerOf("head", "pointwise", 1, 1, 1, x, top))
      x = top
    }
    back.push(layerOf("classifier", "linear", 1, 1, 1, [x[0], 1], [settings.classes, 1]))
    const made = { name: titleOf(settings, family), side: scaling.side, classes: settings.classes, front, stages, back, lastMap: x,
      blocks: stages.reduce((sum, stage) => sum + stage.count, 0) }
    return { ...made, ...costOf(made) }
  }

  function layerCost(layer) {
    const [cin, cout] = [layer.input[0], layer.output[0]]
    const activations = BigInt(cout) * BigInt(layer.output[1]) ** 2n
    if (layer.operator === "maxpool") return { params: 0n, macs: 0n, activations }
    if (layer.operator === "se") {
      const weights = 2n * BigInt(cin) * BigInt(layer.squeeze)
      return { params: weights + BigInt(layer.squeeze + cin), macs: weights, activations }
    }
    const weights = BigInt(layer.kernel ** 2 * (cin / layer.groups)) * BigInt(cout)
    if (layer.operator === "linear") return { params: weights + BigInt(cout), macs: weights, activations }
    return { params: weights + BigInt(2 * cout), macs: weights * BigInt(layer.output[1]) ** 2n, activations }
  }

  const nothing = { params: 0n, macs: 0n, activations: 0n }
  const plus = (a, b) => ({ params: a.params + b.params, macs: a.macs + b.macs, activations: a.activations + b.activations })
  const sum = (costs) => costs.reduce(plus, nothing)
  const times = (cost, count) => ({ params: cost.params * count, macs: cost.macs * count, activations: cost.activations * count })

  // Hangs `cost` and `fields` (receptive field after each layer) on blocks; a block of the rest has the fields of the first of them,
  // and each further one sees `wider` pixels more. Returns the sums and the last field.
  function costOf({ front, stages, back }) {
    let [field, stride] = [1, 1]
    const walk = (layers) => layers.map((layer) => {
      const [seen, step] = [field + (layer.kernel - 1) * stride, stride * layer.stride]
      if (layer.part !== "shortcut") [field, stride] = [seen, step]
      return seen
    })
    const measure = (block) => {
      const before = field
      block.costs = block.layers.map(layerCost)
      block.cost = sum(block.costs)
      block.fields = walk(block.layers)
      block.wider = field - before
    }
    const end = (layer) => Object.assign(layer, { cost: layerCost(layer), field: walk([layer])[0] }).cost
    const parts = front.map(end)
    for (const { first, rest, count } of stages) {
      measure(first)
      parts.push(first.cost)
      if (!rest) continue
      measure(rest)
      field += (count - 2) * rest.wider
      parts.push(times(rest.cost, BigInt(count - 1)))
    }
    parts.push(...back.map(end))
    return { total: sum(parts), field: back.length > 1 ? back[0].field : fieldAt(stages.at(-1), stages.at(-1).count - 1) }
  }

  const blockAt = (stage, place) => place ? stage.rest : stage.first
  const fieldAt = (stage, place) => blockAt(stage, place).fields.at(-1) + Math.max(0, place - 1) * blockAt(stage, place).wider

  // The nearest unit that the network has, as Architecture.nearest finds it.
  function selectedOf(made, wanted) {
    const [first, stage, place] = wanted.split(".")
    if ([...made.front, ...made.back].some((layer) => layer.part === wanted.split(".").slice(0, 3).join("."))) return first
    const found = first === "stages" && made.stages.find(({ id }) => id === `${first}.${stage}`)
    const last = made.stages.at(-1)
    if (!found) return wanted === "head" || wanted.startsWith("stages.") ? `${last.id}.${last.count - 1}` : "stages.0.0"
    const known = /^(0|[1-9]\d*)$/.test(place ?? "") && Number(place) < found.count
    return `${found.id}.${known ? place : found.count - 1}`
  }

  // What is drawn as one mark of the spine or one bar: [first place, last place] of every stage's runs.
  function runsOf(made, stage) {
    if (made.blocks <= constants.most) return Array.from({ length: stage.count }, (_, place) => [place, place])
    return stage.count > 1 ? [[0, 0], [1, stage.count - 1]] : [[0, 0]]
  }

  function runOf(made, unit) {
    const [, stage, place] = unit.split(".")
    return Number(place) > 1 && made.blocks > constants.most ? `stages.${stage}.1` : unit
  }

  const shapeText = ([channels, side]) => side > 1 ? `${channels} × ${side} × ${side}` : String(channels)

  const figures = (made) => ({ ...made.total, side: BigInt(made.side), blocks: BigInt(made.blocks), field: BigInt(made.field) })

  return { ...texts, ...colours, constants, network, roundChannels, roundRepeats, selectedOf, runsOf, runOf, blockAt, fieldAt,
    shapeText, figures, sum, times }
}
