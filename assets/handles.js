// Gates as handles: all channels of a block as bars, and those in a window large, each with a handle that can be dragged.
// What is let go is sent; until the network has answered, the handle stays where it was put.
const WIDE = 32 // pixels of a handle and the gap beside it
const MOST = 24 // handles at a time
const HELD = 60 // milliseconds: a key that is held down would ask for a pass at every step

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)))
  const column = (place, type) => new type(bytes.slice(4 + length + 4 * place * head.channels, 4 + length + 4 * (place + 1) * head.channels).buffer)
  return { ...head, now: column(0, Float32Array), before: column(1, Float32Array), slope: column(2, Float32Array), order: column(3, Uint32Array) }
}

function make(kind, name, ...children) {
  const node = document.createElement(kind)
  node.className = name
  node.append(...children)
  return node
}

function colourOf(gate, colours) {
  const place = Math.min(1, Math.max(0, gate)) * (colours.length - 1)
  const low = Math.min(Math.floor(place), colours.length - 2)
  const channel = (colour, at) => parseInt(colour.slice(at, at + 2), 16)
  return `rgb(${[1, 3, 5].map((at) => Math.round(channel(colours[low], at) * (low + 1 - place) + channel(colours[low + 1], at) * (place - low)))})`
}

class Handles {
  constructor(root, send) {
    this.root = root
    this.send = send
    this.first = 0 // place of the first handle
    this.centre = null // place to go to
    this.active = null // channel that was touched last
    this.held = null // channel under the pointer that is down
    this.changes = {} // channel → gate, not sent yet
    this.sent = {} // sent, and not answered yet
    this.unanswered = 0 // drawings since
    this.build()
  }

  build() {
    this.canvas = document.createElement("canvas")
    this.frame = make("div", "window")
    this.overview = make("div", "overview", this.canvas, this.frame)
    this.ends = make("div", "ends", make("span", ""), make("span", ""))
    this.row = make("div", "row")
    this.about = make("div", "about", make("span", ""))
    this.about.firstChild.setAttribute("role", "status")
    this.frameful = make("div", "about", make("span", ""))
    for (const [line, channels] of [[this.about, () => [this.active]], [this.frameful, () => this.shown()]]) {
      for (const [text, gate] of [["Shut: 0", 0], ["Open: 1", 1], ["Give back", null]]) {
        const button = make("button", "", text)
        button.type = "button"
        button.onclick = () => this.let(channels(), gate)
        line.append(button)
      }
    }
    Object.assign(this.overview, { tabIndex: 0, role: "slider" })
    this.root.replaceChildren(this.overview, this.ends, this.row, this.about, this.frameful)
    this.overview.onpointerdown = (event) => {
      this.overview.setPointerCapture(event.pointerId)
      this.look(event)
    }
    this.overview.onpointermove = (event) => event.buttons && this.look(event)
    this.overview.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1, PageDown: this.count, PageUp: -this.count, Home: -1e9, End: 1e9 }[event.key]
      if (!step) return
      event.preventDefault()
      this.goto(this.first + step)
    }
  }

  look(event) {
    const box = this.overview.getBoundingClientRect()
    this.goto(Math.round((event.clientX - box.left) / box.width * this.data.channels - this.count / 2))
  }

  goto(first) {
    const before = this.first
    this.first = Math.max(0, Math.min(this.data.channels - this.count, first))
    if (this.first !== before) this.drawRow()
    this.drawFrame()
  }

  show(data) {
    const other = !this.data || this.data.block !== data.block || this.data.order.some((channel, place) => channel !== data.order[place])
    this.data = data
    if (other) this.first = 0
    if (other || this.active >= data.channels) this.active = data.order[0]
    if (data.chosen !== null && (other || data.chosen !== this.chosen)) { // picked elsewhere on the page
      this.active = data.chosen
      this.centre = data.order.indexOf(data.chosen)
    }
    this.chosen = data.chosen
    this.single = new Set(data.single)
    if (other) this.sent = this.changes = {}
    this.keep()
    if (this.held === null) this.draw()
  }

  // An answer to an earlier change does not undo a later one; what is not taken is let go after a while.
  keep() {
    const taken = ([channel, gate]) => gate === null ? !this.single.has(Number(channel)) : Math.abs(this.data.now[channel] - gate) < 0.004
    if (Object.entries(this.sent).every(taken) || (this.unanswered += 1) > 3) this.sent = {}
    for (const [channel, gate] of Object.entries({ ...this.sent, ...this.changes })) this.put(Number(channel), gate)
  }

  put(channel, gate) {
    this.data.now[channel] = gate ?? this.data.before[channel]
    if (gate === null) this.single.delete(channel)
    else this.single.add(channel)
  }

  draw() {
    this.count = Math.max(6, Math.min(MOST, this.data.channels, Math.floor(this.root.clientWidth / WIDE)))
    if (this.centre !== null) this.first = this.centre - Math.floor(this.count / 2)
    this.centre = null
    this.first = Math.max(0, Math.min(this.first, this.data.channels - this.count))
    this.drawOverview()
    this.drawRow()
    this.drawFrame()
    this.say()
  }

  drawOverview() {
    const { now, order, colours, channels } = this.data
    const width = this.canvas.width = Math.max(1, Math.round(this.overview.clientWidth * devicePixelRatio))
    const height = this.canvas.height = Math.round(64 * devicePixelRatio)
    const paint = this.canvas.getContext("2d")
    for (let place = 0; place < channels; place += 1) {
      const gate = now[order[place]]
      const [left, right] = [place, place + 1].map((edge) => Math.round(edge * width / channels))
      paint.fillStyle = colourOf(gate, colours)
      paint.fillRect(left, height * (1 - gate), Math.max(1, right - left), Math.max(1, height * gate))
    }
  }

  drawFrame() {
    const { channels, order } = this.data
    const last = Math.min(channels, this.first + this.count) - 1
    this.frame.style.left = `${100 * this.first / channels}%`
    this.frame.style.width = `${100 * (last + 1 - this.first) / channels}%`
    this.frameful.firstChild.textContent = `All ${this.count} in the frame`
    this.ends.firstChild.textContent = `places ${this.first + 1} to ${last + 1} of ${channels}`
    this.ends.lastChild.textContent = this.data.stamp || "drag the window; dashes: untouched"
    for (const [name, value] of Object.entries({ label: "Which channels are shown large", valuemin: 1, valuemax: channels - this.count + 1, valuenow: this.first + 1,
      valuetext: `channels ${order[this.first]} to ${order[last]}, places ${this.first + 1} to ${last + 1} of ${channels}` })) {
      this.overview.setAttribute(`aria-${name}`, value)
    }
  }

  drawRow() {
    const focused = this.row.contains(this.root.getRootNode().activeElement)
    const shown = this.shown()
    while (this.row.childElementCount > shown.length) this.row.lastChild.remove()
    while (this.row.childElementCount < shown.length) this.row.append(this.handle())
    shown.forEach((channel, place) => this.set(this.row.children[place], channel, this.data.now[channel]))
    if (focused) this.row.querySelector(".active .track")?.focus()
  }

  handle() {
    const track = make("div", "track", make("div", "fill"), make("div", "ghost"), make("div", "thumb"))
    track.setAttribute("role", "slider")
    track.setAttribute("aria-orientation", "vertical")
    track.setAttribute("aria-valuemin", 0)
    track.setAttribute("aria-valuemax", 1)
    const node = make("div", "handle", make("span", "value"), track, make("span", "number"))
    const at = (event) => {
      const box = track.getBoundingClientRect()
      return Math.round(100 * Math.min(1, Math.max(0, (box.bottom - event.clientY) / box.height))) / 100
    }
    track.onpointerdown = (event) => {
      if (event.button) return
      track.setPointerCapture(event.pointerId)
      this.held = node.channel
      this.touch(node.channel)
      this.set(node, node.channel, at(event))
      event.preventDefault()
      track.focus()
    }
    track.onpointermove = (event) => this.held === node.channel && this.set(node, node.channel, at(event))
    track.onpointerup = (event) => {
      if (this.held === null) return
      this.held = null
      this.let([node.channel], at(event))
    }
    track.onpointercancel = () => {
      this.held = null
      this.draw()
    }
    track.ondblclick = () => this.let([node.channel], null)
    track.onfocus = () => this.held === null && this.touch(node.channel)
    track.onkeydown = (event) => this.key(event, node)
    return node
  }

  key(event, node) {
    const step = { ArrowUp: 0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 }[event.key]
    const ends = { Home: 0, End: 1, Delete: null, Backspace: null }
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step) this.let([node.channel], Math.round(100 * Math.min(1, Math.max(0, this.data.now[node.channel] + step))) / 100, HELD)
    else if (event.key in ends) this.let([node.channel], ends[event.key])
    else if (sideways) this.step([...this.row.children].indexOf(node) + sideways)
    else return
    event.preventDefault()
  }

  step(place) {
    if (place < 0 || place >= this.count) this.goto(this.first + Math.sign(place - 0.5))
    this.row.children[Math.max(0, Math.min(this.count - 1, place))].querySelector(".track").focus()
  }

  touch(channel) {
    this.active = channel
    for (const node of this.row.children) {
      node.classList.toggle("active", node.channel === channel)
      node.querySelector(".track").tabIndex = node.channel === channel ? 0 : -1
    }
    this.say()
  }

  set(node, channel, gate) {
    const [value, track, number] = node.children
    const [fill, ghost, thumb] = track.children
    node.channel = channel
    node.classList.toggle("single", this.single.has(channel))
    node.classList.toggle("active", channel === this.active)
    track.tabIndex = channel === this.active ? 0 : -1
    value.textContent = gate.toFixed(2)
    number.textContent = channel
    fill.style.height = `${100 * gate}%`
    fill.style.background = colourOf(gate, this.data.colours)
    thumb.style.bottom = `${100 * gate}%`
    ghost.style.bottom = `${100 * this.data.before[channel]}%`
    track.setAttribute("aria-label", `gate of channel ${channel}`)
    track.setAttribute("aria-valuenow", gate.toFixed(2))
  }

  say() {
    const { now, before, slope, slopes } = this.data
    const channel = this.active
    const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`
    const how = this.single.has(channel) ? ", set by hand" : ""
    const worth = slopes ? `; the logit's slope along it: ${signed(slope[channel])}` : ""
    this.about.firstChild.textContent = `Channel ${channel}: gate ${now[channel].toFixed(3)}${how}; untouched ${before[channel].toFixed(3)}${worth}`
  }

  shown() {
    return [...this.data.order.subarray(this.first, this.first + this.count)]
  }

  let(channels, gate, patience = 0) {
    for (const channel of channels) this.put(channel, gate)
    if (channels.length === 1) this.active = channels[0]
    this.draw()
    clearTimeout(this.waiting)
    const { block } = this.data
    this.changes = { ...this.changes, ...Object.fromEntries(channels.map((channel) => [channel, gate])) }
    const tell = () => {
      this.send({ block, gates: Object.entries(this.changes).map(([key, value]) => [Number(key), value]) })
      this.sent = { ...this.sent, ...this.changes }
      this.changes = {}
      this.unanswered = 0
    }
    if (patience) this.waiting = setTimeout(tell, patience)
    else tell()
  }
}

const instances = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const send = (value) => setTriggerValue("moved", value)
  let drawn = instances.get(parentElement)
  if (!drawn) {
    drawn = new Handles(parentElement.querySelector(".handles"), send)
    instances.set(parentElement, drawn)
    drawn.observer = new ResizeObserver(() => drawn.data && drawn.held === null && drawn.draw())
    drawn.observer.observe(drawn.root)
  }
  drawn.send = send
  drawn.show(unpack(data))
  return () => {
    drawn.observer.disconnect()
    instances.delete(parentElement)
  }
}
