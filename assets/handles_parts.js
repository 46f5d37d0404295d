// What the handles are made of: the data, pieces of HTML, the colours of gates, and the picture of all of them.
function read(bytes) {
  const { head, take } = unpack(bytes)
  const [now, before, slope] = [take(head.channels), take(head.channels), take(head.channels)]
  return { ...head, now, before, slope, order: take(head.channels, Uint32Array) }
}

function make(kind, name, ...children) {
  const node = document.createElement(kind)
  node.className = name
  node.append(...children)
  return node
}

const NOWHERE = "#e05bd8" // of a gate that is not a number; not on the scale

function colourOf(gate, colours) {
  if (!Number.isFinite(gate)) return NOWHERE
  const place = Math.min(1, Math.max(0, gate)) * (colours.length - 1)
  const low = Math.min(Math.floor(place), colours.length - 2)
  const channel = (colour, at) => parseInt(colour.slice(at, at + 2), 16)
  return `rgb(${[1, 3, 5].map((at) => Math.round(channel(colours[low], at) * (low + 1 - place) + channel(colours[low + 1], at) * (place - low)))})`
}

// Of a gate that is not a number the full height, so that it is seen.
const heightOf = (gate) => Number.isFinite(gate) ? gate : 1

// All channels as bars on `canvas`, which is as wide as it is on the page.
function drawAll(canvas, { now, order, colours, channels }) {
  const width = canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio))
  const height = canvas.height = Math.round(64 * devicePixelRatio)
  const paint = canvas.getContext("2d")
  for (let place = 0; place < channels; place += 1) {
    const gate = now[order[place]]
    const tall = heightOf(gate)
    const [left, right] = [place, place + 1].map((edge) => Math.round(edge * width / channels))
    paint.fillStyle = colourOf(gate, colours)
    paint.fillRect(left, height * (1 - tall), Math.max(1, right - left), Math.max(1, height * tall))
  }
}

// What a key does to the place of the window; `count` handles are in it.
const strideOf = (key, count) => ({ ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1, PageDown: count, PageUp: -count, Home: -1e9, End: 1e9 })[key]

// A line of words and buttons that set the gates of `channels()`.
function lineOf(channels, set) {
  const line = make("div", "about", make("span", ""))
  for (const [text, gate] of [["Shut: 0", 0], ["Open: 1", 1], ["Give back", null]]) {
    line.append(Object.assign(make("button", "", text), { type: "button", onclick: () => set(channels(), gate) }))
  }
  return line
}

// One channel's handle; `hands` says what a pointer does to it: down, move and up with the gate under it, lost, back, focus, key.
function handleOf(hands) {
  const track = make("div", "track", make("div", "fill"), make("div", "ghost"), make("div", "thumb"))
  const said = { role: "slider", "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": 1 }
  for (const [name, value] of Object.entries(said)) track.setAttribute(name, value)
  const node = make("div", "handle", make("span", "value"), track, make("span", "number"))
  const at = (event) => {
    const box = track.getBoundingClientRect()
    return Math.round(100 * Math.min(1, Math.max(0, (box.bottom - event.clientY) / box.height))) / 100
  }
  track.onpointerdown = (event) => {
    if (event.button) return
    track.setPointerCapture(event.pointerId)
    hands.down(node, at(event))
    event.preventDefault()
    track.focus()
  }
  track.onpointermove = (event) => hands.move(node, at(event))
  track.onpointerup = (event) => hands.up(node, at(event))
  track.onpointercancel = () => hands.lost()
  track.ondblclick = () => hands.back(node)
  track.onfocus = () => hands.focus(node)
  track.onkeydown = (event) => hands.key(event, node)
  return node
}

// Shows a channel's gate on its handle.
function setHandle(node, { channel, gate, before, single, active, colours }) {
  const [value, track, number] = node.children
  const [fill, ghost, thumb] = track.children
  node.channel = channel
  node.classList.toggle("single", single)
  node.classList.toggle("active", active)
  track.tabIndex = active ? 0 : -1
  value.textContent = Number.isFinite(gate) ? written(gate, 2) : "–"
  number.textContent = channel
  fill.style.height = `${100 * heightOf(gate)}%`
  fill.style.background = colourOf(gate, colours)
  thumb.style.bottom = `${100 * heightOf(gate)}%`
  ghost.style.bottom = `${100 * heightOf(before)}%`
  track.setAttribute("aria-label", `gate of channel ${channel}`)
  track.setAttribute("aria-valuenow", Number.isFinite(gate) ? gate.toFixed(2) : 0)
  track.setAttribute("aria-valuetext", written(gate, 2))
}
