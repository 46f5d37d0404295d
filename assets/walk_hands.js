// What a pointer and the keyboard do to the walking kernel.
const within = (side, place) => Math.max(0, Math.min(side - 1, place))

function move(view, [row, column]) {
  const { cells } = view.now.count
  view.at = [within(cells, row), within(cells, column)]
  view.seen[view.at[0] * cells + view.at[1]] = 1
  show(view)
}

const extent = (view) => [view.now.count.cells, view.now.count.cells]

function fill(view, whole) {
  view.seen.fill(whole ? 1 : 0)
  if (!whole) view.at = [0, 0]
  move(view, view.at)
}

// The cell whose kernel has its middle at that pixel.
function under(view, event) {
  const { kernel, stride, zeros: [before] } = view.now.count
  const { frame, box } = view.parts.input
  return cellUnder(frame, box, event).map((place) => Math.round((Math.floor(place) + before - (kernel - 1) / 2) / stride))
}

function draggable(frame, at, view) {
  const go = (event) => {
    play(view, false)
    move(view, at(event))
  }
  frame.onpointerdown = (event) => {
    if (event.pointerType === "mouse" && event.button) return
    frame.setPointerCapture(event.pointerId)
    go(event)
  }
  frame.onpointermove = (event) => frame.hasPointerCapture(event.pointerId) && go(event)
}

// A number written into the kernel: it is drawn at once, and the page is told. A colour's numbers are its own; the grey photo's are for all three.
function edit(view, i, field) {
  const { kernel, planes } = view.now
  const weight = typed(field.value)
  field.setAttribute("aria-invalid", weight === null)
  view.parts.note.textContent = weight === null ? "A number from −99 to 99 with at most two decimals, please." : ""
  if (weight === null) return
  const changed = (channel) => planes.length < 3 || channel === view.channel
  const slices = kernel.hundredths.map((slice, channel) => slice.map((old, place) => place === i && changed(channel) ? weight : old))
  view.own = { size: kernel.size, divisor: kernel.divisor, hundredths: slices }
  view.send("edited", spelt(view.own))
  view.redraw()
}

// The same number in the patch, the kernel, the products and the sum.
function light(view, i) {
  const { root, input } = view.parts
  for (const node of root.querySelectorAll("[data-i].lit")) node.classList.remove("lit")
  if (i !== null) for (const node of root.querySelectorAll(`[data-i="${i}"]`)) node.classList.add("lit")
  const { kernel, stride, zeros: [before] } = view.now.count
  windowOn(input, view.at.map((place) => place * stride - before), kernel, i === null ? null : [Math.floor(i / kernel), i % kernel])
}
