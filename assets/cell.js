// The microscope: the input's map with the patch on it, patch × kernel, the output's map with the cell on it, and the chain of formulas.
// All cells within the band of rows that arrived are computed here; for another band the server is asked.
const speeds = { slow: 1, medium: 4, fast: 12 } // cells per second
const settleMs = 500 // after a move, until the address follows

const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1]
const within = ({ band, output }, [row, column]) => band[0] <= row && row < band[1] && 0 <= column && column < output[1]
const gridded = (head) => head.input[0] <= 3 && head.kernel <= 5 // all patches at once; else those of the channel that is picked

function tell(view, at) {
  if (same(view.told, at)) return
  view.told = at
  view.send("moved", at)
}

function move(view, at) {
  const [height, width] = view.packet.head.output
  const next = [Math.max(0, Math.min(height - 1, at[0])), Math.max(0, Math.min(width - 1, at[1]))]
  view.preview = null
  clearTimeout(view.sync)
  if (!within(view.packet.head, next)) {
    view.waiting = next
    view.parts.root.classList.add("busy")
    tell(view, next)
    return
  }
  view.at = next
  view.waiting = null
  window.effnetCell = { subject: view.packet.head.subject, start: view.packet.head.start, at: next }
  if (!view.timer) view.sync = setTimeout(() => tell(view, view.at), settleMs)
  update(view)
}

const extent = (view) => view.packet.head.output

function middleOf(view, cell) {
  const { head } = view.packet
  const alone = head.input[0] === 1
  if (gridded(head)) return Array.from({ length: head.input[0] }, (_, channel) => tripleOf(view.packet, cell, channel, { alone, together: true }))
  return [barsOf(view.packet, cell, view.channel), ...head.kernel > 1 ? [tripleOf(view.packet, cell, view.channel, {})] : []]
}

function focusKept(root, draw) {
  const focused = root.getRootNode().activeElement
  const kind = root.contains(focused) ? ["share", "numbers"].find((name) => focused.classList.contains(name)) : null
  const channel = kind && focused.closest("[data-channel]").dataset.channel
  draw()
  const place = `[data-channel="${channel}"]`
  if (kind) root.querySelector(kind === "share" ? `.share${place}` : `.triple${place} .product .numbers`)?.focus()
}

function update(view) {
  const { root, output, middle, chain, status } = view.parts
  const { head } = view.packet
  const at = view.preview ?? view.at
  const cell = compute(view.packet, at)
  focusKept(root, () => {
    middle.replaceChildren(...middleOf(view, cell))
    chain.replaceChildren(chainOf(view.packet, cell))
  })
  windowOn(output, at, 1)
  const zeros = cell.inside.filter((real) => !real).length
  status.textContent = `row ${at[0]}, column ${at[1]} of ${head.output[0]} × ${head.output[1]}`
    + (zeros ? `; ${zeros} of ${cell.inside.length} under the kernel are padding` : "")
  root.dataset.at = at.join(",")
  light(view, view.lit?.[0] ?? 0, view.lit?.[1] ?? null)
}

function paintInput(view) {
  const { head, arrays, picture } = view.packet
  const { input, caption, legend } = view.parts
  const [, height, width] = head.input
  if (picture) {
    createImageBitmap(picture).then((bitmap) => {
      input.canvas.width = bitmap.width
      input.canvas.height = bitmap.height
      input.canvas.getContext("2d").drawImage(bitmap, 0, 0)
      bitmap.close()
    })
    return
  }
  const area = height * width
  const values = head.whole ? arrays.values.subarray(view.channel * area, (view.channel + 1) * area) : null
  const reach = values ? reachOf(values) : head.reach
  paint(input.canvas, values ? values.map((value) => indexOf(value, reach)) : arrays.shown, height, width, arrays.palette)
  caption.textContent = `Input, ${labelOf(head, view.channel)}`
  legend.replaceChildren(...scaleOf(arrays.palette, reach))
}

function scaleOf(palette, reach) {
  const bar = html("i", { "aria-hidden": "true" })
  const stops = Array.from({ length: 7 }, (_, i) => `rgb(${rgbOf(palette, i * levels / 6)})`)
  bar.style.background = `linear-gradient(to right,${stops})`
  return [bar, html("span", {}, short(-reach, 3)), html("span", {}, "0"), html("span", {}, short(reach, 3))]
}

function controlsOf(view) {
  const pace = paceOf(view, () => move(view, view.at)) // the address follows once it stands
  return html("div", { class: "controls" }, ...pace, view.parts.status, downloadsOf(view.parts.root, () => aboutOf(view), ".controls"))
}

function aboutOf({ packet: { head }, at: [row, column] }) {
  const title = `One cell: ${head.layer}, channel ${head.channel}, row ${row}, column ${column}${head.stamp ? ` (${head.stamp})` : ""}`
  return { title, file: `${head.file}-row-${row}-column-${column}` }
}

function build(view, root) {
  const { head, arrays, picture } = view.packet
  const [, height, width] = head.input
  const [top, left] = head.before
  const beyond = (cells, zeros, side) => Math.max(0, (cells - 1) * head.stride - zeros + head.kernel - side)
  const padding = [top, left, beyond(head.output[0], top, height), beyond(head.output[1], left, width)]
  const input = frameOf([height, width], padding, { class: "frame source" })
  const output = frameOf(head.output, [0, 0, 0, 0], { class: "frame target", tabindex: 0, role: "application",
    "aria-label": `Output map, channel ${head.channel}, ${head.output.join(" × ")} cells; arrow keys move the cell, space plays and pauses` })
  const caption = html("figcaption", {}, picture ? "The picture" : "Input")
  const legend = html("div", { class: "legend" }, picture ? "all three channels; its numbers are normalised" : "")
  const reach = reachOf(arrays.recorded)
  paint(output.canvas, arrays.recorded.map((value) => indexOf(value, reach)), ...head.output, arrays.palette)
  view.parts = { root, input, output, caption, legend, middle: html("div", { class: "middle" }), chain: html("div", {}) }
  const controls = controlsOf(view)
  root.replaceChildren(
    html("div", { class: `desk ${head.kernel > 3 || (gridded(head) && head.input[0] > 1) ? "wide" : "narrow"}` },
      html("figure", { class: "map" }, caption, input.frame, legend), view.parts.middle,
      html("figure", { class: "map" }, html("figcaption", {}, `Output, channel ${head.channel}`), output.frame,
        html("div", { class: "legend" }, ...scaleOf(arrays.palette, reach)), head.stamp ? html("div", { class: "stamp" }, head.stamp) : null)),
    controls, view.parts.chain)
  listen(view)
}

function adopt(view, root, packet) {
  const { head } = packet
  const before = view.packet?.head
  const known = before && before.subject === head.subject && same(before.start, head.start)
  const left = window.effnetCell // where it was when the page showed something else
  const wanted = known ? view.waiting ?? view.at : left?.subject === head.subject && same(left.start, head.start) ? left.at : head.start
  if (known && !within(head, wanted) && within(before, view.at)) return // the band that was asked for is still on its way
  if (!known) halt(view)
  view.packet = packet
  if (!known || head.lit !== before.lit) view.channel = head.lit
  view.at = within(head, wanted) ? wanted : within(head, head.start) ? head.start : [head.band[0], 0]
  view.waiting = view.preview = null
  if (!known || before.theme !== head.theme) {
    view.lit = null
    view.told = known ? view.told : view.at
    build(view, root)
  }
  root.classList.remove("busy")
  paintInput(view)
  update(view)
}

function halt(view) {
  clearInterval(view.timer)
  clearTimeout(view.sync)
  view.timer = null
}

const glasses = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cell")
  const view = glasses.get(parentElement) ?? { speed: firstSpeed() }
  glasses.set(parentElement, view)
  view.send = setTriggerValue
  adopt(view, root, read(data))
  return () => {
    halt(view)
    glasses.delete(parentElement)
  }
}
