// Two gates per channel as a scatter: pointing says which channel it is, a click or Enter takes it, arrow keys go from channel to channel.
const PAD = { left: 44, bottom: 40, top: 8, right: 8 }

class Cloud {
  constructor(root) {
    this.root = root
    this.canvas = document.createElement("canvas")
    this.plot = document.createElement("div")
    this.plot.className = "plot"
    this.plot.tabIndex = 0
    this.plot.setAttribute("role", "slider")
    this.plot.append(this.canvas)
    this.line = document.createElement("div")
    this.line.className = "say"
    this.line.setAttribute("role", "status")
    root.replaceChildren(this.plot, this.line, this.downloads())
    this.plot.onpointermove = (event) => this.point(this.nearest(event))
    this.plot.onpointerleave = () => this.point(null)
    this.plot.onclick = (event) => this.take(this.nearest(event))
    this.plot.onkeydown = (event) => this.key(event)
  }

  downloads() {
    const keep = (save) => {
      this.draw(3) // finer than on the page
      const { block, stamp, file } = this.data
      save(snapshotOf(this.root, `Gates of ${block} on two pictures${stamp ? ` (${stamp})` : ""}`, ".downloads"), file)
      this.draw()
    }
    return buttonsOf([["SVG", () => keep(saveSvg)], ["PNG", () => keep(savePng)]])
  }

  show(data) {
    this.data = data
    this.pointed = null
    this.draw()
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key]
    if (step) this.point(((this.pointed ?? this.data.chosen) + step + this.data.channels) % this.data.channels)
    else if (event.key === "Enter" || event.key === " ") this.take(this.pointed)
    else return
    event.preventDefault()
  }

  take(channel) {
    if (channel !== null) this.pick(channel)
  }

  nearest(event) {
    const [x, y] = placeIn(this.plot, event)
    let [found, least] = [null, 24 ** 2] // further away no channel is meant
    for (let channel = 0; channel < this.data.channels; channel += 1) {
      const far = (this.across(this.data.x[channel]) - x) ** 2 + (this.up(this.data.y[channel]) - y) ** 2
      if (far < least) [found, least] = [channel, far]
    }
    return found
  }

  point(channel) {
    if (channel === this.pointed) return
    this.pointed = channel
    this.draw()
  }

  across(gate) {
    return PAD.left + gate * (this.side - PAD.left - PAD.right)
  }

  up(gate) {
    return this.side - PAD.bottom - gate * (this.side - PAD.top - PAD.bottom)
  }

  draw(fine = devicePixelRatio) {
    this.side = this.plot.clientWidth
    this.canvas.width = this.canvas.height = Math.max(1, Math.round(this.side * fine))
    const paint = this.canvas.getContext("2d")
    paint.scale(fine, fine)
    const style = getComputedStyle(this.root)
    const [ink, font] = [style.color, style.fontFamily]
    this.axes(paint, ink, font)
    paint.fillStyle = paint.strokeStyle = this.data.colour
    paint.globalAlpha = 0.6
    for (let channel = 0; channel < this.data.channels; channel += 1) this.dot(paint, channel, 2.6, true)
    paint.globalAlpha = 1
    paint.strokeStyle = ink
    paint.lineWidth = 2
    for (const channel of new Set([this.data.chosen, this.pointed])) if (channel !== null) this.dot(paint, channel, 7, false)
    this.say()
  }

  dot(paint, channel, radius, filled) {
    paint.beginPath()
    paint.arc(this.across(this.data.x[channel]), this.up(this.data.y[channel]), radius, 0, 7)
    if (filled) paint.fill()
    else paint.stroke()
  }

  axes(paint, ink, font) {
    paint.fillStyle = paint.strokeStyle = ink
    paint.font = `12px ${font}`
    paint.lineWidth = 1
    const line = (...places) => {
      paint.beginPath()
      places.forEach(([x, y]) => paint.lineTo(this.across(x), this.up(y)))
      paint.stroke()
    }
    paint.globalAlpha = 0.25
    for (const tick of [0, 0.5, 1]) {
      line([tick, 0], [tick, 1])
      line([0, tick], [1, tick])
    }
    paint.globalAlpha = 0.6
    paint.setLineDash([4, 4])
    line([0, 0], [1, 1])
    paint.setLineDash([])
    paint.globalAlpha = 1
    for (const tick of [0, 0.5, 1]) {
      paint.textAlign = "center"
      paint.fillText(tick, this.across(tick), this.side - PAD.bottom + 15)
      paint.textAlign = "right"
      paint.fillText(tick, PAD.left - 5, this.up(tick) + 4)
    }
    paint.textAlign = "center"
    paint.fillText(`gate on ${this.data.names[0]}`, this.across(0.5), this.side - 6, this.side - 60)
    paint.translate(12, this.up(0.5))
    paint.rotate(-Math.PI / 2)
    paint.fillText(`gate on ${this.data.names[1]}`, 0, 0, this.side - 60)
    paint.rotate(Math.PI / 2)
    paint.translate(-12, -this.up(0.5))
  }

  say() {
    const { x, y, chosen, names, channels, stamp } = this.data
    const channel = this.pointed ?? chosen
    const text = `Channel ${channel}: gate ${written(x[channel], 3)} on ${names[0]}, ${written(y[channel], 3)} on ${names[1]}`
    this.line.textContent = stamp ? `${text} (${stamp})` : text
    for (const [name, value] of Object.entries({ label: `Channels of ${this.data.block}; arrow keys move, Enter takes one`, valuemin: 0,
      valuemax: channels - 1, valuenow: channel, valuetext: text })) this.plot.setAttribute(`aria-${name}`, value)
  }
}

const clouds = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let drawn = clouds.get(parentElement)
  if (!drawn) {
    drawn = new Cloud(parentElement.querySelector(".cloud"))
    clouds.set(parentElement, drawn)
    drawn.observer = new ResizeObserver(() => drawn.plot.clientWidth !== drawn.side && drawn.draw())
    drawn.observer.observe(drawn.root)
  }
  drawn.pick = (channel) => setTriggerValue("picked", channel)
  const { head, take } = unpack(data)
  drawn.show({ ...head, x: take(head.channels), y: take(head.channels) })
  return () => {
    drawn.observer.disconnect()
    clouds.delete(parentElement)
  }
}
