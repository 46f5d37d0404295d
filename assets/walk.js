// A kernel walks over a photo: what lies under it, times its numbers, summed up, becomes one cell of the map that goes out.
const speeds = { slow: 2, medium: 12, fast: 60 } // cells per second

function controlsOf(view) {
  return html("div", { class: "controls" }, ...paceOf(view),
    buttonOf("Fill the map", "Compute all cells at once", () => fill(view, true)),
    buttonOf("Empty it", "Empty the map and start at the first cell", () => fill(view, false)),
    downloadsOf(view.parts.root, () => ({ title: view.title, file: "convolution" }), ".controls"), view.parts.status)
}

function build(view, root) {
  view.parts = { root, note: html("span", { class: "note", role: "alert" }) }
  for (const name of ["desk", "sums", "words"]) view.parts[name] = html("div", { class: name })
  view.parts.channels = html("div", { class: "channels", role: "group", "aria-label": "Which colour's numbers are shown" })
  root.replaceChildren(view.parts.desk, controlsOf(view), view.parts.channels, view.parts.sums, view.parts.words, view.parts.note)
  root.onpointerover = (event) => light(view, event.target.dataset?.i ? Number(event.target.dataset.i) : null)
  root.onpointerleave = () => light(view, null)
}

function frames(view) {
  const { side, cells, zeros: [before, after] } = view.now.count
  const made = (name, said, size, padding) => frameOf([size, size], padding, { class: `frame ${name}`, tabindex: 0, role: "application",
    "data-id": name, "aria-label": `${said}; arrow keys move the kernel, space plays and pauses` })
  view.parts.input = made("input", `The photo, ${side} × ${side} pixels, with the kernel on it`, side, [before, before, after, after])
  view.parts.output = made("output", `The map that goes out, ${cells} × ${cells} cells`, cells, [0, 0, 0, 0])
  const { input, output } = view.parts
  draggable(input.frame, (event) => under(view, event), view)
  draggable(output.frame, (event) => cellUnder(output.frame, output.box, event).map(Math.floor), view)
  for (const { frame } of [input, output]) keyed(frame, view)
  view.parts.legend = html("div", { class: "legend" })
  const ring = before + after ? "hatched: the zeros of the padding" : "no padding"
  const figure = (title, frame, legend) => html("figure", { class: "map" }, html("figcaption", {}, title), frame, legend)
  view.parts.desk.replaceChildren(
    figure(`In: ${side} × ${side} pixels`, input.frame, html("div", { class: "legend plain" }, `0 is black, 255 white; ${ring}`)),
    figure(`Out: ${cells} × ${cells} cells`, output.frame, view.parts.legend))
}

function show(view) {
  const { parts, now, at } = view
  const cell = cellOf(now, at)
  const { cells } = now.count
  paintOutput(view)
  windowOn(parts.output, at, 1)
  light(view, null)
  patchChildren(parts.sums.querySelector(".patch"), [...patchGrid(view, cell).childNodes])
  patchChildren(parts.sums.querySelector(".product"), [...productGrid(view, cell).childNodes])
  parts.words.replaceChildren(html("p", {}, ...sumWords(view, cell)), html("p", {}, ...resultWords(view, cell)))
  const padded = cell.inside.filter((real) => !real).length
  const zeros = padded ? `; ${padded} of ${cell.inside.length} under the kernel are padding` : ""
  parts.status.textContent = `row ${at[0]}, column ${at[1]}${zeros}`
  ;[...parts.channels.children].forEach((button, channel) => { button.textContent = `${COLOURS[channel]}, Σ = ${exact(cell.sums[channel])}` })
  Object.assign(parts.root.dataset, { at: at.join(","), value: cell.value, filled: view.seen.reduce((a, b) => a + b, 0) })
}

// The grids around what moves: the kernel's fields stay as they are while it walks.
function grids(view) {
  const sign = (text) => html("span", { class: "sign", "aria-hidden": "true" }, text)
  const empty = (kind) => html("div", { class: `grid ${kind}` })
  const kernel = kernelGrid(view, (i, field) => edit(view, i, field))
  view.parts.sums.replaceChildren(empty("patch"), sign("×"), kernel, sign("="), empty("product"))
  const buttons = view.now.planes.length < 3 ? [] : COLOURS.map((name, channel) => {
    const button = buttonOf(name, `Show the numbers of ${name}`, () => {
      view.channel = channel
      grids(view)
      show(view)
    })
    button.setAttribute("aria-pressed", channel === view.channel)
    return button
  })
  view.parts.channels.replaceChildren(...buttons)
  view.parts.channels.hidden = !buttons.length
}

// What is known of the numbers now; the photo is shrunk anew only where its side changes.
function computed(view, shown) {
  const shape = shapeOf(shown)
  const subject = `${shown.photo.length} ${shown.name} ${shape.side}`
  if (view.subject !== subject) Object.assign(view, { subject, planes: shrunk(bytesOf(shown.photo), shape.side) })
  const given = shown.kernels[shape.kernel]
  const sent = { size: shape.kernel, divisor: given.divisor, hundredths: given.slices.map(hundredths) }
  const planes = shape.inputs === 3 ? view.planes : [greyOf(view.planes)]
  const now = { count: convolutionOf(shape), kernel: view.own?.size === sent.size ? view.own : sent, planes, palette: shown.palette }
  now.values = mapOf(now)
  now.scale = scaleOf(now, now.values)
  return now
}

function draw(view, root, shown) {
  if (!view.parts) build(view, root)
  view.now = computed(view, shown)
  view.title = `${shown.filter}, ${view.now.count.kernel} × ${view.now.count.kernel}, on ${shown.name}`
  const { side, kernel, stride, padding, cells } = view.now.count
  const geometry = [side, kernel, stride, padding].join()
  if (view.geometry !== geometry) {
    const full = view.seen?.every(Boolean)
    const half = Math.floor(cells / 2) // it has come half way: both the walk and what it leaves are seen at once
    view.at = [half, half]
    view.seen = Uint8Array.from({ length: cells * cells }, (_, place) => full || place <= half * cells + half ? 1 : 0)
    view.geometry = geometry
    frames(view)
  }
  view.channel = Math.min(view.channel ?? 0, view.now.planes.length - 1)
  paintInput(view)
  view.parts.legend.replaceChildren(...legendOf(view.now))
  grids(view)
  show(view)
}

const walks = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const view = walks.get(parentElement) ?? { speed: firstSpeed() }
  walks.set(parentElement, view)
  view.send = setTriggerValue
  view.own = null // Python knows it by now
  const leave = follow(component, ".walk", (root, shown) => draw(view, root, shown))
  view.redraw = () => instances.get(parentElement).redraw(true)
  return () => {
    clearInterval(view.timer)
    walks.delete(parentElement)
    leave()
  }
}
