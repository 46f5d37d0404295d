// The window on a drawing that is larger than it: drag moves, Ctrl and the wheel, two fingers, buttons or + − 0 zoom.
// The plain wheel and one finger up or down belong to the page.
const MARGIN = 14
const SMALLEST = 0.85 // below this a text is too small to read: then the selected node is brought into view instead

function viewOf(window_, moved = () => {}) {
  const view = { x: 0, y: 0, scale: 1, touched: false, size: { width: 1, height: 1 }, moved: false }
  const pointers = new Map()
  let pinch = 0

  const apply = () => {
    view.place()
    moved()
  }
  view.place = () => window_.querySelector(".world")?.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`)

  // What can be seen, and half as much again on all sides.
  view.around = () => {
    const [width, height] = room()
    const [x, y] = [(at) => (at - view.x) / view.scale, (at) => (at - view.y) / view.scale]
    return { left: x(-width / 2), right: x(1.5 * width), top: y(-height / 2), bottom: y(1.5 * height) }
  }
  let space = [1, 1]
  const room = () => space
  view.measure = () => {
    space = [window_.clientWidth, window_.clientHeight]
  }

  // At least a part of the drawing stays in the window.
  function keep() {
    const [width, height] = room()
    const inside = (at, size, whole) => Math.min(whole - 60, Math.max(60 - size, at))
    view.x = inside(view.x, view.size.width * view.scale, width)
    view.y = inside(view.y, view.size.height * view.scale, height)
    apply()
  }

  // The whole drawing, however small; at first readable, with `focus` in the middle where it does not fit.
  view.fit = (focus = null) => {
    const [width, height] = room()
    const scale = Math.min(1, (width - 2 * MARGIN) / view.size.width, (height - 2 * MARGIN) / view.size.height)
    view.scale = focus && scale < SMALLEST ? Math.min(1, Math.max(SMALLEST, (width - 2 * MARGIN) / view.size.width)) : scale
    const centred = (whole, size, at) => size * view.scale <= whole - MARGIN ? (whole - size * view.scale) / 2
      : Math.min(MARGIN, Math.max(whole - MARGIN - size * view.scale, whole / 2 - (at ?? 0) * view.scale))
    view.x = centred(width, view.size.width, focus?.[0])
    view.y = centred(height, view.size.height, focus?.[1])
    if (view.size.height * view.scale <= height - MARGIN) view.y = Math.min(view.y, MARGIN)
    apply()
  }

  // A new drawing: follows it until somebody has moved the window.
  view.show = (size, focus) => {
    view.size = size
    view.touched ? keep() : view.fit(focus)
  }

  view.zoom = (factor, at = room().map((length) => length / 2)) => {
    const scale = Math.min(3, Math.max(0.1, view.scale * factor))
    view.x = at[0] - (at[0] - view.x) * scale / view.scale
    view.y = at[1] - (at[1] - view.y) * scale / view.scale
    Object.assign(view, { scale, touched: true })
    keep()
  }

  // Moves just so far that `box` is seen.
  view.reveal = (box) => {
    const [width, height] = room()
    const shift = (at, size, whole) => at < 24 ? 24 - at : at + size > whole - 24 ? whole - 24 - at - size : 0
    view.x += shift(view.x + box.x * view.scale, box.width * view.scale, width)
    view.y += shift(view.y + box.y * view.scale, box.height * view.scale, height)
    apply()
  }

  const place = (event) => placeIn(window_, event)

  window_.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    view.zoom(Math.exp(-event.deltaY / 300), place(event))
  }, { passive: false })

  window_.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return
    view.moved = false
    pointers.set(event.pointerId, place(event))
    pinch = 0
  })
  window_.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const now = place(event)
    if (!view.moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4) return
    if (!view.moved) window_.setPointerCapture(event.pointerId)
    view.moved = true
    pointers.set(event.pointerId, now)
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()]
      const length = Math.hypot(a[0] - b[0], a[1] - b[1])
      if (pinch) view.zoom(length / pinch, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2])
      pinch = length
    }
    view.x += (now[0] - before[0]) / pointers.size
    view.y += (now[1] - before[1]) / pointers.size
    view.touched = true
    keep()
  })
  for (const end of ["pointerup", "pointercancel"]) {
    window_.addEventListener(end, (event) => {
      pointers.delete(event.pointerId)
      pinch = 0
    })
  }
  return view
}
