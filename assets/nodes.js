// The graph as SVG: nodes with their texts, the buttons that fold, edges with their shapes.
function labelsOf(node, box) {
  const [left, right] = [box.x + 12, box.x + box.width - 12]
  const ink = { fill: node.ink }
  if (node.kind === "add") return [words("+", { class: "sum", x: box.x + 12, y: box.y + 17, "text-anchor": "middle" })]
  const centred = (text, kind, y) => words(text, { class: kind, x: box.x + box.width / 2, y: box.y + y, "text-anchor": "middle", ...node.fill && ink })
  if (!node.fill) return [centred([node.name, node.operator].filter(Boolean).join(" · "), "plain", 18)]
  if (node.group) {
    const what = [node.name, node.operator.replace("conv ", ""), ...node.marks.map((mark) => mark.replace("stride ", "↓"))]
    return [centred(what.join(" "), "first", 19), centred(node.figure, "second", 36)]
  }
  return [
    words(node.operator, { class: "first", x: left, y: box.y + 19, ...ink }),
    words(node.name, { class: "second", x: right, y: box.y + 19, "text-anchor": "end", ...ink }),
    words(node.note || node.marks.join(" · "), { class: "second", x: left, y: box.y + 36, ...ink }),
    words(node.figure, { class: "second", x: right, y: box.y + 36, "text-anchor": "end", ...ink }),
  ]
}

function spoken(node) {
  const costs = node.rows.map(([name, text]) => `${name} ${text}`)
  return [node.key, node.operator, ...node.marks, node.shapes, ...costs, node.note].filter(Boolean).join("; ")
}

function nodeOf(node, box, index) {
  const round = node.kind === "add" ? 12 : node.fill ? 7 : 14
  const body = element("rect", {
    class: node.fill ? "body" : "body bare", x: box.x, y: box.y, width: box.width, height: box.height, rx: round,
    ...node.fill && { fill: node.fill }, ...node.border && { stroke: node.border },
  })
  const ring = element("rect", { class: "ring", x: box.x - 5, y: box.y - 5, width: box.width + 10, height: box.height + 10, rx: round + 5 })
  if (!node.pick) return element("g", { class: "still", "data-key": node.key }, body, ...labelsOf(node, box))
  return element("g", {
    class: `mark${node.group ? " inner" : ""}${node.chosen ? " chosen" : ""}`, role: "button", tabindex: node.chosen ? 0 : -1,
    "data-id": node.key, "data-index": index, "aria-pressed": node.chosen, "aria-label": spoken(node),
  }, ring, body, ...labelsOf(node, box))
}

function foldOf(node, box, frame, index) {
  const width = node.fold.opens ? 22 + 7 * node.fold.text.length : 48
  const [x, y] = frame ? [frame.x + frame.width - 26, frame.y] : [box.x + box.width - 24, box.y - 5] // on the upper edge
  const words_ = node.fold.opens ? `${node.fold.text} +` : "fold −"
  return element("g", {
    class: "mark fold", role: "button", tabindex: -1, "data-id": `fold ${node.fold.stage}`, "data-index": index, "data-key": node.key,
    "aria-label": node.fold.label,
  },
  element("rect", { class: "pill", x: x - width + 14, y: y - 10, width, height: 20, rx: 10, stroke: node.border }),
  words(words_, { class: "first", x: x - width / 2 + 14, y: y + 4, "text-anchor": "middle" }))
}

function edgesOn(world, picture, boxes, seen) {
  for (const [source, target, shape, skip] of picture.edges) {
    const [a, b] = [boxes.get(source), boxes.get(target)]
    if (!seen(a) && !seen(b)) continue
    if (skip) {
      world.append(element("path", { class: "skip", d: skipRoute(a, b, source === target), "marker-end": "url(#tip)" }))
      continue
    }
    const route = chainRoute(a, b)
    world.append(element("path", { class: "edge", d: route.path, "marker-end": "url(#tip)" }))
    if (!route.split) {
      world.append(words(shape, { class: "shape", x: route.label[0], y: route.label[1], "text-anchor": route.anchor }))
      continue
    }
    const [channels, ...side] = shape.split(" × ") // between layers there is room for two short lines
    world.append(words(channels, { class: "shape", x: route.label[0], y: route.label[1], "text-anchor": "middle" }),
      words(side.length ? `${side[0]}²` : "", { class: "shape", x: route.label[0], y: route.label[1] + 21, "text-anchor": "middle" }))
  }
}

// Where there are very many nodes, those near the window.
function drawingOf(picture, layout, seen = () => true) {
  const looks = { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }
  const tip = element("marker", { ...looks, markerUnits: "userSpaceOnUse" }, element("path", { class: "tip", d: "M0 0.5L8 4L0 7.5z" }))
  const world = element("g", { class: "world" })
  for (const frame of layout.frames.filter(seen)) {
    const own = frame.row.nodes.some(({ chosen, group }) => chosen && group)
    const { x, y, width, height } = frame
    world.append(element("rect", { class: own ? "frame own" : "frame", x, y, width, height, rx: 10 }),
      words(frame.title, { class: "first group", x: frame.x + INSIDE.side, y: frame.y + 18 }))
  }
  edgesOn(world, picture, layout.boxes, seen)
  let index = 0
  for (const node of picture.nodes) {
    const box = layout.boxes.get(node.key)
    const [place, button] = [node.pick ? index++ : -1, node.fold ? index++ : -1]
    if (!seen(box)) continue
    world.append(nodeOf(node, box, place))
    if (node.fold) world.append(foldOf(node, box, node.group && layout.frames.find(({ row }) => row === box.row), button))
  }
  return element("svg", { class: "drawing", width: "100%", height: "100%", role: "toolbar",
    "aria-label": `${picture.title}. Arrow keys walk along the network, Enter selects, plus and minus zoom, 0 shows all.` },
  element("defs", {}, tip), world)
}
