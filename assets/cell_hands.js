// What a pointer and the keyboard do to the microscope.
// Lights product number `i` of an input channel: the pixel, the weight, the product and its term.
function light(view, channel, i) {
  view.lit = i === null ? null : [channel, i]
  const { root, input } = view.parts
  const { head } = view.packet
  for (const node of root.querySelectorAll("[data-i].lit")) node.classList.remove("lit")
  const area = root.querySelector(`.triple[data-channel="${channel}"]`)
  if (i !== null) {
    const terms = head.input[0] === 1 ? root.querySelectorAll(`.term[data-i="${i}"]`) : []
    for (const node of [...area?.querySelectorAll(`[data-i="${i}"]`) ?? [], ...terms]) node.classList.add("lit")
  }
  windowOn(input, cornerOf(head, view.preview ?? view.at), head.kernel, i === null ? null : [Math.floor(i / head.kernel), i % head.kernel])
}

function listen(view) {
  const { root, input, output, middle } = view.parts
  const head = () => view.packet.head
  const target = (event) => cellUnder(output.frame, output.box, event).map(Math.floor)
  output.frame.onpointermove = (event) => {
    const at = target(event)
    if (event.pointerType !== "mouse" || view.timer || !within(head(), at) || same(at, view.preview ?? view.at)) return
    view.preview = at
    update(view)
  }
  output.frame.onpointerleave = () => {
    if (!view.preview) return
    view.preview = null
    update(view)
  }
  output.frame.onclick = (event) => move(view, target(event))
  input.frame.onclick = (event) => {
    const { kernel, stride, before } = head()
    const pixel = cellUnder(input.frame, input.box, event).map(Math.floor)
    move(view, pixel.map((place, side) => Math.round((place + before[side] - (kernel - 1) / 2) / stride)))
  }
  keyed(output.frame, view, () => move(view, view.at))
  root.onpointerover = (event) => {
    const node = event.target.closest(".number, .term[data-i]")
    if (node) light(view, Number(node.closest(".triple")?.dataset.channel ?? 0), Number(node.dataset.i))
    else if (view.lit && !middle.contains(event.target)) light(view, 0, null)
  }
  root.onpointerleave = () => light(view, 0, null)
  middle.onkeydown = (event) => walk(view, event)
  middle.onclick = (event) => {
    const share = event.target.closest("button.share")
    if (share) enlarge(view, Number(share.dataset.channel))
  }
}

// Arrow keys within the products.
function walk(view, event) {
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: view.packet.head.kernel, ArrowUp: -view.packet.head.kernel }[event.key]
  const numbers = event.target.closest(".numbers")
  if (!by || !numbers) return
  const channel = Number(numbers.closest(".triple").dataset.channel)
  const next = view.lit?.[0] === channel ? view.lit[1] + by : 0
  if (next >= 0 && next < view.packet.head.kernel ** 2) light(view, channel, next)
  event.preventDefault()
}

// Shows the map of another input channel; the server has it unless the whole input is here.
function enlarge(view, channel) {
  if (view.packet.head.whole || view.packet.picture) {
    view.channel = channel
    paintInput(view)
    update(view)
  } else view.send("lighted", channel)
}
