// What is said of a tower or a window that is pointed at, and where that is.
function labelOf(head, { unit, channels, operated, spread }) {
  const [mean, std, least, greatest, distance] = ["mean", "std", "least", "greatest", "distance"].map((key) => written(spread[key], 3))
  return (
    `${unit}: ${channels} gates${operated ? ", some of them set" : ""}, mean ${mean}, standard deviation ${std}, from ${least} to ${greatest}; ` +
    `${(100 * spread.closed).toFixed(1)} % below ${head.closed}, ${(100 * spread.open).toFixed(1)} % above ${head.open}; distance from identity ${distance}`
  )
}

// What is said of a place: a tower, and a window in it where there is one.
function sayingOf(state, { tower, index }) {
  const [{ unit, spread, operated }, { gates, z, own, places }] = [state.head.towers[tower], state.blocks[tower]]
  if (index === null) return [unit, state.head.towers[tower].label.slice(unit.length + 2)]
  const channel = places[index]
  const lines = [`${unit} · channel ${channel}`, `gate ${sized(gates[channel])} · z ${sized(z[channel])}`]
  if (own && own[channel] !== gates[channel])
    lines.push(`untouched network: gate ${sized(own[channel])}${operated ? "" : "; what comes in has changed"}`)
  return [...lines, `mean of the block ${written(spread.mean, 3)}`]
}

function say(state, place) {
  state.tip.hidden = !place
  const pointed = state.svg.querySelector(".pointed")
  pointed.setAttribute("width", 0)
  if (!place) return
  const [first, ...rest] = sayingOf(state, place)
  state.tip.replaceChildren(tag("strong", "", first), ...rest.map((line) => tag("span", "", line)))
  const tower = state.scene.towers[place.tower]
  const at = place.index === null ? { x: tower.left, y: state.scene.axis - 30 } : windowAt(state.scene, tower, place.index)
  if (place.index !== null) frame(pointed, state.scene, at)
  const high = state.tip.offsetHeight
  const left = at.x - state.box.scrollLeft - state.tip.offsetWidth / 2
  state.tip.style.left = `${Math.max(0, Math.min(state.box.clientWidth - state.tip.offsetWidth - 2, left))}px`
  state.tip.style.top = `${at.y - high - 12 > -48 ? at.y - high - 12 : at.y + state.scene.size + 12}px` // above, as far as the buttons leave room
}

function frame(rect, scene, { x, y }) {
  const wide = pane(scene.size)
  const out = Math.max(0, (7 - wide) / 2) + 1
  for (const [name, value] of Object.entries({ x: x - out, y: y - out, width: wide + 2 * out, height: wide + 2 * out }))
    rect.setAttribute(name, value)
}

// Which tower and window stand at a point of the drawing, in its own pixels.
function placeAt(state, x, y) {
  const { towers, size, ground } = state.scene
  const tower = towers.findIndex(({ plot }) => x >= plot[0] && x < plot[0] + plot[1])
  if (tower < 0) return null
  const [column, row] = [Math.floor((x - towers[tower].left) / size), Math.floor((ground - y) / size)]
  const inside = column >= 0 && column < towers[tower].width && row >= 0
  const index = column + row * towers[tower].width
  return { tower, index: inside && index < towers[tower].channels ? index : null }
}
