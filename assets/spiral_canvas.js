// The pictures of the spiral: points along it, and which of the n numbers of every point are not zero.
const REACH = 1.28 // of the plane that is shown, from its middle
const NUMBERED = [0, 16, 32, 48, 64, 80, 95] // points that carry a number, so that colour is not alone

function brush(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
  }
  const paint = canvas.getContext("2d")
  paint.setTransform(ratio, 0, 0, ratio, 0, 0)
  paint.clearRect(0, 0, width, height)
  return paint
}

function path(paint, xs, ys) {
  paint.beginPath()
  xs.forEach((x, i) => i ? paint.lineTo(x, ys[i]) : paint.moveTo(x, ys[i]))
  paint.stroke()
}

// `alive`: a point with fewer than two numbers is a ring; `ghost`: where the points were.
function paintSpiral(canvas, size, [xs, ys], { colours, ink, alive = null, ghost = null, numbers = true }) {
  const paint = brush(canvas, size, size)
  const across = (values) => Array.from(values, (value) => size / 2 * (1 + value / REACH))
  const up = (values) => Array.from(values, (value) => size / 2 * (1 - value / REACH))
  const [px, py] = [across(xs), up(ys)]
  paint.lineWidth = 1
  paint.strokeStyle = ink
  if (ghost) {
    paint.globalAlpha = 0.22
    path(paint, across(ghost[0]), up(ghost[1]))
  }
  paint.globalAlpha = 0.3
  path(paint, px, py)
  paint.globalAlpha = 1
  const radius = size < 130 ? 2 : Math.max(2.6, size / 75)
  px.forEach((x, i) => {
    paint.beginPath()
    paint.arc(x, py[i], radius, 0, 2 * Math.PI)
    const lost = alive && alive[i] < 2
    paint.fillStyle = paint.strokeStyle = colours[i]
    paint.lineWidth = lost ? 1.6 : 1
    if (lost) paint.stroke()
    else paint.fill()
  })
  if (numbers) numbered(paint, px, py, size, ink)
}

function numbered(paint, px, py, size, ink) {
  paint.font = "600 12px sans-serif"
  paint.textAlign = "center"
  paint.textBaseline = "middle"
  const taken = []
  NUMBERED.forEach((place, number) => {
    const [dx, dy] = [px[place] - size / 2, py[place] - size / 2]
    const away = Math.hypot(dx, dy) || 1
    const [x, y] = [px[place] + 11 * dx / away, py[place] + 11 * dy / away]
    if (taken.some(([a, b]) => Math.hypot(a - x, b - y) < 12)) return // of points that fell together the first is named
    taken.push([x, y])
    paint.fillStyle = ink
    paint.fillText(String(number + 1), Math.max(7, Math.min(size - 7, x)), Math.max(8, Math.min(size - 8, y)))
  })
}

// A row for each of the n numbers, a column for each point; flat cells stay empty. Below: how many numbers of the point are left.
function paintNumbers(canvas, width, height, run, { colours, table, ink }) {
  const paint = brush(canvas, width, height)
  const [low, count] = [height - 26, run.inner.length]
  const [w, h] = [width / POINTS, low / count]
  const most = Math.max(...run.inner.map(({ y }) => y.reduce((top, value) => Math.max(top, Math.abs(value)), 0))) || 1
  run.inner.forEach(({ y, flat }, row) => y.forEach((value, i) => {
    if (flat[i]) return
    paint.fillStyle = table[Math.round((value / most + 1) / 2 * (table.length - 1))]
    paint.fillRect(i * w, row * h, w + 0.4, h + (h > 4 ? -1 : 0.4))
  }))
  paint.strokeStyle = ink
  paint.globalAlpha = 0.35
  paint.strokeRect(0.5, 0.5, width - 1, low - 1)
  paint.globalAlpha = 1
  for (let i = 0; i < POINTS; i += 1) {
    paint.fillStyle = colours[i]
    paint.fillRect(i * w, low + 4, w + 0.4, 8)
    if (run.alive[i] > 1) continue
    paint.fillStyle = ink
    paint.fillRect(i * w, low + 15, w + 0.4, 9)
  }
}
