// A map between the centres of its cells, and the marks of its cells.
const SVG = "http://www.w3.org/2000/svg"
const looks = (window.effnetOverlay ??= { opacity: 0.7, cells: true })

function said(value, signed) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "not a number"
  const size = Math.abs(value)
  const text = value === 0 ? "0" : size >= 999.5 && size < 1e6 ? String(Math.round(value)) : value.toPrecision(3)
  return (signed && value > 0 ? "+" : "") + text.replace("-", "−")
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  return node
}

// Where each of `size` pixels of the drawing lies between the centres of cells, as `spread_out` in effnet_core has it.
function places(panel, size) {
  return Array.from({ length: size }, (_, index) => between(panel, (index + 0.5) * panel.side / size - 0.5))
}

function between(panel, pixel) {
  const place = Math.min(panel.cells - 1, Math.max(0, (pixel - panel.first) / panel.step))
  const low = Math.min(Math.floor(place), Math.max(0, panel.cells - 2))
  return [low, Math.min(low + 1, panel.cells - 1), place - low]
}

function valueAt(panel, [top, bottom, down], [left, right, across]) {
  const { values, cells } = panel
  const line = (column) => values[top * cells + column] * (1 - down) + values[bottom * cells + column] * down
  return line(left) * (1 - across) + line(right) * across
}

function paint(panel, head) {
  const { canvas, bitmap } = panel
  const size = canvas.width
  const context = canvas.getContext("2d", { willReadFrequently: true })
  context.drawImage(bitmap, 0, 0, size, size)
  const image = context.getImageData(0, 0, size, size)
  const { data } = image
  const spots = places(panel, size)
  const { opacity } = looks
  for (let y = 0, at = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1, at += 4) {
      const value = valueAt(panel, spots[y], spots[x])
      const share = panel.reach > 0 ? Math.min(1, Math.max(head.positive ? 0 : -1, value / panel.reach)) : 0
      const known = Number.isFinite(value)
      const colour = !known ? head.unknown : share < 0 ? head.against : head.for
      const cover = opacity * (known ? Math.abs(share) : 1)
      const luma = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]
      for (let channel = 0; channel < 3; channel += 1) {
        const grey = data[at + channel] + Math.min(1, 2 * opacity) * (luma - data[at + channel])
        data[at + channel] = Math.round(grey + cover * (colour[channel] - grey))
      }
    }
  }
  context.putImageData(image, 0, 0)
}

// Lines half-way between the centres of cells; none where they would be closer than a few pixels.
function lines(panel, room) {
  const { first, step, cells, side } = panel
  if (!looks.cells || step / side * room < 7) return []
  const edges = Array.from({ length: cells - 1 }, (_, cell) => first + (cell + 0.5) * step + 0.5).filter((edge) => edge < side)
  return edges.flatMap((edge) => [{ x1: edge, x2: edge, y1: 0, y2: side }, { y1: edge, y2: edge, x1: 0, x2: side }])
    .map((ends) => shape("line", { class: "cell", ...ends }))
}

function nearest(panel, pixel) {
  return Math.min(panel.cells - 1, Math.max(0, Math.round((pixel - panel.first) / panel.step)))
}

function span(panel, cell) {
  const middle = panel.first + cell * panel.step
  const half = (panel.reach_px - 1) / 2
  const cut = (place) => Math.min(panel.side - 1, Math.max(0, place))
  return [Math.ceil(cut(middle - half)), Math.floor(cut(middle + half))]
}

function box(name, [left, right], [top, bottom], side) {
  const [x, y] = [Math.max(0, left), Math.max(0, top)]
  return shape("rect", { class: name, x, y, width: Math.min(side, right) - x, height: Math.min(side, bottom) - y })
}

// Draws what is pointed at: the nearest cell's own square, what it can see, and the place itself.
function mark(panel, place) {
  const drawn = lines(panel, panel.canvas.clientWidth || 200)
  if (place) {
    const [x, y] = place.map((part) => Math.min(panel.side - 1, Math.floor(part * panel.side)))
    const [column, row] = [nearest(panel, x), nearest(panel, y)]
    const edge = (cell) => panel.first + (cell - 0.5) * panel.step + 0.5
    const own = (cell) => [cell === 0 ? 0 : edge(cell), cell === panel.cells - 1 ? panel.side : edge(cell + 1)]
    const [across, down] = [span(panel, column), span(panel, row)]
    drawn.push(box("sees", [across[0], across[1] + 1], [down[0], down[1] + 1], panel.side), box("own", own(column), own(row), panel.side),
      shape("circle", { class: "spot", cx: x + 0.5, cy: y + 0.5, r: panel.side / 70 }))
  }
  panel.svg.replaceChildren(...drawn)
}
