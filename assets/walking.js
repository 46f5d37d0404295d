// A kernel that goes over a map cell by cell: it steps, plays, and answers the keyboard. The component has `move(view, [row, column])`, its `speeds` in cells
// per second, and `extent(view)`, the height and width of the map.
function step(view, by) {
  const [height, width] = extent(view)
  const place = (view.at[0] * width + view.at[1] + by + height * width) % (height * width)
  move(view, [Math.floor(place / width), place % width])
}

function play(view, on) {
  clearInterval(view.timer)
  view.timer = on ? setInterval(() => view.waiting || step(view, 1), 1000 / speeds[view.speed]) : null
  view.parts.play.textContent = on ? "❚❚ Pause" : "▶ Play"
  view.parts.status.setAttribute("aria-live", on ? "off" : "polite")
}

// The buttons that step and play, and the choice of the pace; `paused` follows a pause.
function paceOf(view, paused = () => {}) {
  const speed = html("select", { "aria-label": "Cells per second" },
    ...Object.entries(speeds).map(([name, cells]) => html("option", { value: name }, `${name}, ${cells}/s`)))
  speed.value = view.speed
  speed.onchange = () => {
    view.speed = speed.value
    if (view.timer) play(view, true)
  }
  view.parts.play = buttonOf("▶ Play", "Play or pause", () => turn(view, paused))
  view.parts.status = html("span", { class: "status", role: "status", "aria-live": "polite" })
  return [buttonOf("‹ Step", "One cell back", () => step(view, -1)), view.parts.play, buttonOf("Step ›", "One cell on", () => step(view, 1)), speed]
}

function turn(view, paused) {
  play(view, !view.timer)
  if (!view.timer) paused()
}

function keyed(frame, view, paused = () => {}) {
  frame.onkeydown = (event) => {
    const [row, column] = view.at
    const to = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
      Home: [row, 0], End: [row, Infinity] }[event.key]
    if (to) move(view, to)
    else if (event.key === " ") turn(view, paused)
    else return
    event.preventDefault()
  }
}

const firstSpeed = () => matchMedia("(prefers-reduced-motion: reduce)").matches ? "slow" : "medium"
