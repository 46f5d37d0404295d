// Where the nodes of the graph stand and how its edges run. Pure geometry, in pixels at scale 1.
//
// A stage is a row: its first block in the backbone on the left, its repeats beside it, wrapped where there is no room. Drawn by layers,
// a block is a group in a row of its own: its layers side by side, what stands beside the chain below them.
const GAP = 88 // between the nodes of a row, room for a shape
const GUTTER = 42 // between rows
const LANE = 34 // on the left of groups, where edges come in
const SIZES = { node: [226, 46], stage: [290, 46], layer: [116, 46], small: [112, 28], add: [24, 24] }
const INSIDE = { top: 26, side: 14, gap: 56, below: 24, line: 26 }

function sizeOf(node, level) {
  if (node.kind === "add") return SIZES.add
  if (!node.fill) return SIZES.small
  return node.group ? SIZES.layer : SIZES[level === "stage" ? "stage" : "node"]
}

// Runs of nodes that share a row if there is room: a stage, what comes before the stages one by one, what comes after together.
function rowsOf(nodes, columns) {
  const rows = []
  let last = null
  for (const node of nodes) {
    const [first, number] = node.unit.split(".")
    const own = node.group ? `group ${node.group}` : first === "stages" ? `stage ${number}` : rows.some((row) => row.stage) ? "back" : `front ${node.key}`
    if (own !== last || (!node.group && rows.at(-1).nodes.length >= columns)) rows.push({ nodes: [], group: node.group, stage: first === "stages" })
    rows.at(-1).nodes.push(node)
    last = own
  }
  return rows
}

function placeGroup(row, picture, boxes, left, top) {
  const beside = new Set(picture.edges.filter(([, target, , skip]) => skip && !target.endsWith(".add")).map(([, target]) => target))
  const y = top + INSIDE.top
  let x = left + INSIDE.side
  for (const node of row.nodes.filter(({ key }) => !beside.has(key))) {
    const [width, height] = sizeOf(node)
    boxes.set(node.key, { x, y: y + (SIZES.layer[1] - height) / 2, width, height, row })
    x += width + INSIDE.gap
  }
  let bottom = y + SIZES.layer[1] + (row.nodes.some(({ kind }) => kind === "add") ? INSIDE.below : 14)
  for (const node of row.nodes.filter(({ key }) => beside.has(key))) {
    boxes.set(node.key, { x: left + INSIDE.side + SIZES.layer[0] + INSIDE.gap, y: bottom - 4, width: SIZES.layer[0], height: SIZES.layer[1], row, beside: true })
    bottom += SIZES.layer[1] + 12
  }
  return { x: left, y: top, width: x - INSIDE.gap + INSIDE.side - left, height: bottom - top }
}

// Boxes by key, frames of the groups, and the size of it all, for a window of `room` pixels.
function layoutOf(picture, room) {
  const layers = picture.nodes.some(({ group }) => group)
  const left = layers ? LANE : 0
  const widest = SIZES[picture.level === "stage" ? "stage" : "node"][0]
  const columns = layers ? 1 : Math.max(1, Math.min(4, Math.floor((room - 24 + GAP) / (widest + GAP))))
  const rows = rowsOf(picture.nodes, columns)
  const boxes = new Map()
  const frames = []
  let y = 0
  let full = 0
  for (const row of rows) {
    row.top = y
    row.left = left
    if (row.group) {
      const frame = { ...placeGroup(row, picture, boxes, left, y), title: row.group, row }
      frames.push(frame)
      full = Math.max(full, frame.x + frame.width)
      y += frame.height + GUTTER
      continue
    }
    const tall = Math.max(...row.nodes.map((node) => sizeOf(node, picture.level)[1]))
    let x = left
    row.nodes.forEach((node, place) => {
      const [width, height] = sizeOf(node, picture.level)
      const at = place === 0 ? x + (widest - width) / 2 : x
      boxes.set(node.key, { x: at, y: y + (tall - height) / 2, width, height, row })
      x = at + width + (place === 0 ? (widest - width) / 2 : 0) + GAP
    })
    full = Math.max(full, x - GAP)
    y += tall + GUTTER
  }
  return { boxes, frames, width: full, height: y - GUTTER }
}

const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2]

// A line with rounded corners through points that differ in x or in y.
function rounded(points, radius = 6) {
  let path = `M${points[0].join(" ")}`
  for (let i = 1; i < points.length - 1; i++) {
    const [before, at, after] = [points[i - 1], points[i], points[i + 1]]
    const toward = (end) => {
      const length = Math.hypot(end[0] - at[0], end[1] - at[1])
      const part = length ? Math.min(radius, length / 2) / length : 0
      return [at[0] + (end[0] - at[0]) * part, at[1] + (end[1] - at[1]) * part]
    }
    path += `L${toward(before).join(" ")}Q${at.join(" ")} ${toward(after).join(" ")}`
  }
  return `${path}L${points.at(-1).join(" ")}`
}

// The chain: within a row to the right; to the next row down, back through the gutter. A label stands where the edge is calm.
function chainRoute(a, b) {
  const [[ax, ay], [bx, by]] = [middle(a), middle(b)]
  if (a.row === b.row) {
    const [from, to] = [a.x + a.width, b.x]
    return { path: `M${from} ${ay}L${to} ${by}`, label: [(from + to) / 2, ay - 6], anchor: "middle", split: Boolean(a.row.group) }
  }
  const gutter = b.row.top - GUTTER + 11
  const start = a.row.group ? [[a.x + a.width, ay], [a.x + a.width + INSIDE.side + 8, ay], [a.x + a.width + INSIDE.side + 8, gutter]]
    : [[ax, a.y + a.height], [ax, gutter]]
  if (b.row.group) return { path: rounded([...start, [10, gutter], [10, by], [b.x, by]]), label: [18, b.row.top - 11], anchor: "start" }
  const straight = !a.row.group && Math.abs(ax - bx) < 1
  return { path: straight ? `M${ax} ${a.y + a.height}L${bx} ${b.y}` : rounded([...start, [bx, gutter], [bx, b.y]]), label: [bx + 8, b.row.top - 15], anchor: "start" }
}

// A skip connection: an arc over the node, or within a group a line below the layers; `b` is the sum, or what stands beside the chain.
function skipRoute(a, b, loop) {
  if (loop) {
    const [from, to, top] = [b.x + 20, b.x + b.width - 58, b.y]
    return `M${from} ${top}C${from + 6} ${top - 15} ${to - 6} ${top - 15} ${to} ${top}`
  }
  const [bx, by] = middle(b)
  if (b.beside) return rounded([[22, entry(b.row)], [22, by], [b.x, by]])
  if (a.beside) return rounded([[a.x + a.width, middle(a)[1]], [bx, middle(a)[1]], [bx, b.y + b.height]])
  const below = entry(b.row) + SIZES.layer[1] / 2 + 14
  return rounded([[22, entry(b.row)], [22, below], [bx, below], [bx, b.y + b.height]])
}

const entry = (row) => row.top + INSIDE.top + SIZES.layer[1] / 2
