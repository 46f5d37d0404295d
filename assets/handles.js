// Gates as handles: all channels of a block as bars, and those in a window large, each with a handle that can be dragged.
// What is let go is sent; until the network has answered, the handle stays where it was put.
const WIDE = 32 // pixels of a handle and the gap beside it
const MOST = 24 // handles at a time
const HELD = 60 // milliseconds: a key that is held down would ask for a pass at every step

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
    this.about = lineOf(() => [this.active], (...gates) => this.let(...gates))
    this.about.firstChild.setAttribute("role", "status")
    this.frameful = lineOf(() => this.shown(), (...gates) => this.let(...gates))
    Object.assign(this.overview, { tabIndex: 0, role: "slider" })
    this.root.replaceChildren(this.overview, this.ends, this.row, this.about, this.frameful)
    this.overview.onpointerdown = (event) => {
      this.overview.setPointerCapture(event.pointerId)
      this.look(event)
    }
    this.overview.onpointermove = (event) => event.buttons && this.look(event)
    this.overview.onkeydown = (event) => {
      const step = strideOf(event.key, this.count)
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
    keep(this)
    if (this.held === null) this.draw()
  }

  draw() {
    this.count = Math.max(6, Math.min(MOST, this.data.channels, Math.floor(this.root.clientWidth / WIDE)))
    if (this.centre !== null) this.first = this.centre - Math.floor(this.count / 2)
    this.centre = null
    this.first = Math.max(0, Math.min(this.first, this.data.channels - this.count))
    drawAll(this.canvas, this.data)
    this.drawRow()
    this.drawFrame()
    this.say()
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
    return handleOf({
      down: (node, gate) => {
        this.held = node.channel
        this.touch(node.channel)
        this.set(node, node.channel, gate)
      },
      move: (node, gate) => this.held === node.channel && this.set(node, node.channel, gate),
      up: (node, gate) => {
        if (this.held === null) return
        this.held = null
        this.let([node.channel], gate)
      },
      lost: () => {
        this.held = null
        this.draw()
      },
      back: (node) => this.let([node.channel], null),
      focus: (node) => this.held === null && this.touch(node.channel),
      key: (event, node) => this.key(event, node),
    })
  }

  key(event, node) {
    const step = { ArrowUp: 0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 }[event.key]
    const ends = { Home: 0, End: 1, Delete: null, Backspace: null }
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step) this.let([node.channel], Math.round(100 * Math.min(1, Math.max(0, (this.data.now[node.channel] || 0) + step))) / 100, HELD)
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
    const { before, colours } = this.data
    setHandle(node, { channel, gate, before: before[channel], single: this.single.has(channel), active: channel === this.active, colours })
  }

  say() {
    const { now, before, slope, slopes } = this.data
    const channel = this.active
    const signed = (value) => (value < 0 || !Number.isFinite(value) ? "" : "+") + written(value, 3)
    const how = this.single.has(channel) ? ", set by hand" : ""
    const worth = slopes ? `; the logit's slope along it: ${signed(slope[channel])}` : ""
    this.about.firstChild.textContent = `Channel ${channel}: gate ${written(now[channel], 3)}${how}; untouched ${written(before[channel], 3)}${worth}`
  }

  shown() {
    return [...this.data.order.subarray(this.first, this.first + this.count)]
  }

  let(channels, gate, patience = 0) {
    for (const channel of channels) put(this, channel, gate)
    if (channels.length === 1) this.active = channels[0]
    this.draw()
    tellSoon(this, Object.fromEntries(channels.map((channel) => [channel, gate])), patience)
  }
}

const boards = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const send = (value) => setTriggerValue("moved", value)
  let drawn = boards.get(parentElement)
  if (!drawn) {
    drawn = new Handles(parentElement.querySelector(".handles"), send)
    boards.set(parentElement, drawn)
    drawn.observer = new ResizeObserver(() => drawn.data && drawn.held === null && drawn.draw())
    drawn.observer.observe(drawn.root)
  }
  drawn.send = send
  drawn.show(read(data))
  return () => {
    drawn.observer.disconnect()
    boards.delete(parentElement)
  }
}
