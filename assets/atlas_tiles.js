// The maps of a message as pictures, each with its number, and in words.
const GAP = 6
const LABEL = 32

function sheetOf(data) {
  const { head, cells, reach, colours, channels } = data
  const columns = Math.ceil(Math.sqrt(channels.length))
  const sheet = document.createElement("canvas")
  sheet.width = columns * head.width
  sheet.height = Math.ceil(channels.length / columns) * head.height
  const brush = sheet.getContext("2d")
  const image = brush.createImageData(head.width, head.height)
  const size = head.width * head.height
  channels.forEach((_, tile) => {
    for (let i = 0; i < size; i += 1) {
      const cell = cells[tile * size + i]
      paint(image.data, i, head.exact ? levelOf(cell, reach[tile]) : cell, colours)
    }
    brush.putImageData(image, tile % columns * head.width, Math.floor(tile / columns) * head.height)
  })
  return { sheet, columns }
}

function read(bytes) {
  const { head, take } = unpack(bytes)
  const data = { head, colours: take(768, Uint8Array), channels: take(head.count, Uint16Array), dead: take(head.count, Uint8Array),
    reach: take(head.count), notes: take(head.count), cells: take(head.count * head.width * head.height, head.exact ? Float32Array : Uint8Array) }
  return { ...data, ...sheetOf(data) }
}

const noteOf = ({ data }, tile) => Number.isNaN(data.notes[tile]) ? "" : `${data.head.signed && data.notes[tile] > 0 ? "+" : ""}${number(data.notes[tile], data.head.signed ? 2 : 3)}`

function label(brush, it, tile, x, y, style) {
  const [channel, dead] = [it.data.channels[tile], it.data.dead[tile]]
  brush.fillStyle = style.ink
  brush.font = `600 12px ${style.font}`
  brush.fillText(dead ? `${channel} constant` : channel, x, y + 13, it.plan.tile)
  brush.font = `12px ${style.font}`
  brush.fillText(noteOf(it, tile), x, y + 26, it.plan.tile)
}

function frame(brush, { plan }, x, y, colour, width, dash = []) {
  brush.strokeStyle = colour
  brush.lineWidth = width
  brush.setLineDash(dash)
  brush.strokeRect(x - 1.5, y - 1.5, plan.tile + 3, plan.height + 3)
  brush.setLineDash([])
}

// One map, its number and what is said of it, as if the first one stood at the top of the canvas plus `top`.
function drawTile(brush, it, tile, style, top) {
  const { plan, data } = it
  const { width, height } = data.head
  const x = 3 + tile % plan.columns * plan.across
  const y = 3 + Math.floor(tile / plan.columns) * plan.down + top
  brush.drawImage(data.sheet, tile % data.columns * width, Math.floor(tile / data.columns) * height, width, height, x, y, plan.tile, plan.height)
  label(brush, it, tile, x, y + plan.height, style)
  if (data.dead[tile]) frame(brush, it, x, y, style.ink, 1, [3, 3])
  if (shown.now?.layer === data.head.layer && shown.now.channel === data.channels[tile]) frame(brush, it, x, y, style.ink, 3)
  else if (it.pointed?.tile === tile) frame(brush, it, x, y, style.faint, 2)
  if (it.focused && it.cursor === tile) frame(brush, it, x, y, style.accent, 2.5)
}

// In words: a cell's exact value where the numbers are here, else the middle of what its colour stands for.
function cellWords(it, tile, [row, column]) {
  const { head, cells, reach } = it.data
  const value = cells[(tile * head.height + row) * head.width + column]
  const words = head.exact ? number(value) : value === NOT_FINITE ? "not finite" : `≈ ${number((value / 126 - 1) * reach[tile], 2)}`
  if (head.thin === 1) return `row ${row}, column ${column}: ${words} · ${wordsOf(head.grid, row, column)}`
  const [rows, columns] = [row, column].map((place) => `${place * head.thin} to ${Math.min(head.grid.cells, (place + 1) * head.thin) - 1}`)
  return `mean of rows ${rows}, columns ${columns}: ${words}`
}

function tileWords(it, tile) {
  const note = noteOf(it, tile)
  return `channel ${it.data.channels[tile]}${note ? ` · ${it.data.head.note} ${note}` : ""}${it.data.dead[tile] ? " · constant on this picture" : ""}${it.data.head.stamp ? ` · ${it.data.head.stamp}` : ""}`
}
