// What the mosaic of maps and the enlarged map share: colours, where a cell looks, numbers as words, and which map is shown.
const NOT_FINITE = 254

function levelOf(value, reach) {
  if (!Number.isFinite(value)) return NOT_FINITE
  return Math.round((Math.min(1, Math.max(-1, value / (reach > 0 ? reach : 1))) + 1) * 126)
}

function paint(pixels, place, level, colours) {
  for (let i = 0; i < 3; i += 1) pixels[4 * place + i] = colours[3 * level + i]
  pixels[4 * place + 3] = 255
}

function number(value, digits = 4) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞"
  return (value === 0 ? "0" : value.toPrecision(digits)).replaceAll("-", "−")
}

// Along one side: the centre of a cell, and the first and last pixel that it can see.
function centreOf(grid, cell) {
  return grid.first + cell * grid.step
}

function spanOf(grid, cell) {
  const [low, high] = [-1, 1].map((side) => centreOf(grid, cell) + side * (grid.reach - 1) / 2)
  return [Math.min(Math.max(0, low), grid.side - 1), Math.max(0, Math.min(grid.side - 1, high))]
}

function cellAt(grid, pixel) {
  return Math.min(grid.cells - 1, Math.max(0, Math.floor((pixel - grid.first) / grid.step + 0.5)))
}

function wordsOf(grid, row, column) {
  const [[left, right], [top, bottom]] = [spanOf(grid, column), spanOf(grid, row)]
  return `looks at pixels ${left} to ${right} across, ${top} to ${bottom} down`
}

function node(name, className, ...children) {
  const made = document.createElement(name)
  made.className = className
  made.append(...children)
  return made
}

// The components of a page stand apart; here they tell each other which map is shown, so that neither waits for the server.
const shown = window.effnetShown ??= new EventTarget()

function tell(detail) {
  shown.now = { layer: detail.layer, channel: detail.channel }
  shown.dispatchEvent(new CustomEvent("map", { detail }))
}
