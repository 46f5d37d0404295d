// Where the nodes of the graph stand and how its edges run. Pure geometry, in pixels at scale 1.
//
// A stage is a row: its first block in the backbone on the left, its repeats beside it, wrapped where there is no room. Drawn by layers,
// a block is a group that begins a row: its layers side by side, what stands beside the chain below them.
const GAP = 88 // between the nodes of a row, room for a shape
const GUTTER = 42 // between rows
const TIGHT = 0.88 // a row may be that much wider than the window: the whole is drawn smaller then
const LANE = 30 // on the left of groups, where edges come in
const SIZES = { node: [226, 46], stage: [290, 46], layer: [114, 46], small: [112, 28], pool: [156, 28], add: [24, 24] }
const INSIDE = { top: 26, side: 10, gap: 48, below: 24 }

function sizeOf(node, level) {
  if (node.kind === "add") return SIZES.add
  if (!node.fill) return SIZES[node.kind] ?? SIZES.small
  return node.group ? SIZES.layer : SIZES[level === "stage" ? "stage" : "node"]
}

// Runs of nodes that share a row: what comes before the stages, each stage, what comes after them, wrapped at `room` pixels.
function rowsOf(nodes, level, room) {
  const rows = []
  let part = null
  let before = null
  for (const node of nodes) {
    const [first, number] = node.unit.split(".")
    const own = first === "stages" ? `stage ${number}` : before?.startsWith("stage") || before === "back" ? "back" : "front"
    const [size] = sizeOf(node, level)
    const widest = Math.max(size, SIZES[level === "stage" ? "stage" : "node"][0]) // all that begin a row have one middle
    const joins = own === before && (node.group ? node.group === part : rows.at(-1).width + GAP + size <= room)
    if (!joins) rows.push({ nodes: [], group: node.group, width: -GAP })
    const row = rows.at(-1)
    row.nodes.push(node)
    const begins = row.nodes.length === 1
    row.width += node.group ? size + (begins ? GAP + 2 * INSIDE.side : INSIDE.gap) : GAP + (begins ? widest : size)
    before = own
    part = node.group
  }
  return rows
}

function placeGroup(row, picture, boxes, left) {
  const members = row.nodes.filter(({ group }) => group)
  const beside = new Set(picture.edges.filter(([, target, , skip]) => skip && !target.endsWith(".add")).map(([, target]) => target))
  const y = row.top + INSIDE.top
  let x = left + INSIDE.side
  for (const node of members.filter(({ key }) => !beside.has(key))) {
    const [width, height] = sizeOf(node)
    boxes.set(node.key, { x, y: y + (SIZES.layer[1] - height) / 2, width, height, row, inside: true })
    x += width + INSIDE.gap
  }
  let bottom = y + SIZES.layer[1] + (members.some(({ kind }) => kind === "add") ? INSIDE.below : INSIDE.side)
  for (const { key } of members.filter(({ key }) => beside.has(key))) {
    const [width, height] = SIZES.layer
    boxes.set(key, { x: left + 2 * INSIDE.side + width, y: bottom - 4, width, height, row, inside: true, beside: true })
    bottom += SIZES.layer[1] + 8
  }
  return { x: left, y: row.top, width: x - INSIDE.gap + INSIDE.side - left, height: bottom - row.top }
}

function placeNodes(row, boxes, level, left, line) {
  const widest = SIZES[level === "stage" ? "stage" : "node"][0]
  let x = left
  for (const node of row.nodes.filter(({ group }) => !group)) {
    const [width, height] = sizeOf(node, level)
    const shift = x === 0 || x === LANE ? (widest - width) / 2 : 0
    boxes.set(node.key, { x: x + shift, y: line - height / 2, width, height, row })
    x += width + 2 * shift + GAP
  }
  return x - GAP
}

// Boxes by key, frames of the groups, and the size of it all, for a window of `room` pixels.
function layoutOf(picture, room) {
  const left = picture.nodes.some(({ group }) => group) ? LANE : 0
  const [boxes, frames] = [new Map(), []]
  let [y, full] = [0, 0]
  for (const row of rowsOf(picture.nodes, picture.level, room / TIGHT - left)) {
    row.top = y
    if (row.group) {
      const frame = { ...placeGroup(row, picture, boxes, left), title: row.group, row }
      frames.push(frame)
      full = Math.max(full, frame.x + frame.width, placeNodes(row, boxes, picture.level, frame.x + frame.width + GAP, entry(row)))
      y += frame.height + GUTTER
      continue
    }
    const tall = Math.max(...row.nodes.map((node) => sizeOf(node, picture.level)[1]))
    full = Math.max(full, placeNodes(row, boxes, picture.level, left, y + tall / 2))
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
    const within = a.inside && b.inside
    const [from, to] = [a.x + a.width, b.x]
    const frame = a.inside && !within ? INSIDE.side : 0
    return { path: `M${from} ${ay}L${to} ${by}`, label: [(from + frame + to) / 2, ay - 6], anchor: "middle", split: within }
  }
  const gutter = b.row.top - GUTTER + 11
  const out = a.x + a.width + INSIDE.side + 12
  const start = a.inside ? [[a.x + a.width, ay], [out, ay], [out, gutter]] : [[ax, a.y + a.height], [ax, gutter]]
  const label = [b.inside ? 18 : bx + 8, b.row.top - 17]
  if (b.inside) return { path: rounded([...start, [10, gutter], [10, by], [b.x, by]]), label, anchor: "start" }
  const straight = !a.inside && Math.abs(ax - bx) < 1
  return { path: straight ? `M${ax} ${a.y + a.height}L${bx} ${b.y}` : rounded([...start, [bx, gutter], [bx, b.y]]), label, anchor: "start" }
}

// A skip connection: an arc over the node, or within a group a line below the layers; `b` is the sum, or what stands beside the chain.
function skipRoute(a, b, loop) {
  if (loop) {
    const [from, to, top] = [b.x + 18, b.x + b.width - 62, b.y]
    return `M${from} ${top}C${from + 6} ${top - 15} ${to - 6} ${top - 15} ${to} ${top}`
  }
  const [bx, by] = middle(b)
  if (b.beside) return rounded([[20, entry(b.row)], [20, by], [b.x, by]])
  if (a.beside) return rounded([[a.x + a.width, middle(a)[1]], [bx, middle(a)[1]], [bx, b.y + b.height]])
  const below = entry(b.row) + SIZES.layer[1] / 2 + 14
  return rounded([[20, entry(b.row)], [20, below], [bx, below], [bx, b.y + b.height]])
}

const entry = (row) => row.top + INSIDE.top + SIZES.layer[1] / 2
