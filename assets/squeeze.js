// Squeeze-and-excitation on a few small maps: their means are dragged, and all behind them is computed as in effnet_core/lessons/gating.py.
const views = new WeakMap()

const narrowed = (channels, ratio) => Math.max(1, Math.floor(channels / ratio))
const params = (channels, squeezed) => squeezed ? 2 * channels * squeezed + squeezed + channels : 0
const mean = (cells) => cells.reduce((sum, value) => sum + value, 0) / cells.length

function summed(row, values, bias) {
  let result = bias
  values.forEach((value, place) => (result += row[place] * value))
  return result
}

// All that is drawn. A mean that was dragged shifts its whole map.
function computed(data, view) {
  const channels = data.hand.squeeze_channels
  const squeezed = narrowed(channels, data.hand.squeeze_ratio)
  const own = data.maps.slice(0, channels).map(mean)
  const z = own.map((value, c) => view.z[c] ?? value)
  const maps = data.maps.slice(0, channels).map((cells, c) => z[c] === own[c] ? cells : cells.map((value) => clamp(value + z[c] - own[c], 0, 1)))
  const sums = Array.from({ length: squeezed }, (_, s) => summed(data.first[s], z, data.firstBias[s]))
  const hidden = sums.map((value) => value * sigmoid(value))
  const raw = z.map((_, c) => summed(data.second[c], hidden, data.secondBias[c]))
  return { channels, squeezed, z, maps, sums, hidden, raw, gates: raw.map(sigmoid), channel: Math.min(view.channel, channels - 1) }
}

const bracketed = (value, digits) => value < 0 ? `(${written(value, digits)})` : written(value, digits)

function workOf(state, data) {
  const { channel: c, squeezed } = state
  const [least, rest] = [Math.min(2, squeezed), squeezed > 2 ? " + …" : ""]
  const sum = state.hidden.slice(0, least).map((value, s) => `${bracketed(data.second[c][s], 2)} · ${bracketed(value, 4)}`).join(" + ")
  const lines = [
    ["squeeze", `z = mean of ${data.side} × ${data.side} cells = ${written(state.z[c], 3)}`],
    ["excite", `h = swish(W₁ z + b₁): ${state.hidden.slice(0, 4).map((value) => written(value, 4)).join(", ")}${squeezed > 4 ? ", …" : ""}`],
    ["", `s = σ(W₂ h + b₂) = σ(${sum}${rest} + ${bracketed(data.secondBias[c], 2)})`],
    ["", `= σ(${written(state.raw[c], 3)}) = ${written(state.gates[c], 3)}`],
    ["scale", `every cell × ${written(state.gates[c], 3)}: the mean becomes ${written(state.gates[c] * state.z[c], 3)}`],
  ]
  return html("div", { class: "work" }, html("b", {}, `Channel ${c}, ${data.names[c]}`), ...stepsOf(lines))
}

// Parameters and MACs of the example, the selected block and the whole network, where the ratio stands now; and as EfficientNet has them.
function countsOf(state, data) {
  const ratio = data.hand.squeeze_ratio
  const counted = (units, narrow) => units.reduce((sum, [channels, own]) => {
    const squeezed = narrow ? narrowed(channels, ratio) : own
    return [sum[0] + params(channels, squeezed), sum[1] + 2 * channels * squeezed]
  }, [0, 0])
  const rows = [["These maps", [[state.channels, state.squeezed]], false], [data.block.name, [data.block.unit], true],
    [data.network.name, data.network.units, true]]
  const body = rows.map(([name, units, real]) => {
    const [[parameters, macs], own] = [counted(units, true), counted(units, false)]
    const [channels] = units[0]
    const width = units.length === 1 ? [channels, narrowed(channels, ratio), channels].map(grouped).join(" → ") : `${grouped(units.length)} units`
    const kept = !real ? "" : own[0] ? own.map(grouped).join(", ") : "no SE"
    const cells = [width, grouped(parameters), grouped(macs), kept].map((text) => html("td", {}, text))
    return html("tr", { "data-params": parameters, "data-macs": macs }, html("th", { scope: "row" }, name), ...cells)
  })
  const head = ["", `C → C ÷ ${ratio} → C`, "Parameters", "MACs", "In the network: parameters, MACs"]
  const top = html("thead", {}, html("tr", {}, ...head.map((text) => html("th", { scope: "col" }, text))))
  return html("div", { class: "counts", tabindex: 0 }, html("table", {}, top, html("tbody", {}, ...body)))
}

function draw(root, data, width, view) {
  const state = computed(data, view)
  const full = Math.max(290, width)
  const picture = drawingOf(state, data, full > 1000 ? Math.round(full * 0.62) : full)
  const untouched = Object.keys(view.z).length ? {} : { disabled: "" }
  const again = html("button", { type: "button", "data-id": "again", ...untouched }, "Back to the photo's means")
  const side = html("div", { class: "side" }, workOf(state, data), again)
  patchChildren(root, [html("div", { class: "both" }, picture, side), countsOf(state, data)])
  root.dataset.gates = JSON.stringify(state.gates)
}

function listen(root, view) {
  const barOfEvent = (event) => event.target.closest?.(".hold")
  const put = (channel, value) => {
    view.z[channel] = Math.round(100 * clamp(value, 0, 1)) / 100
    view.channel = channel
    view.again()
  }
  const drag = (event) => {
    const { channel, left, width } = view.held
    put(channel, (event.clientX - left) / width)
  }
  root.onpointerdown = (event) => {
    const bar = barOfEvent(event)
    if (!bar) return
    const frame = bar.querySelector(".track").getBoundingClientRect()
    view.held = { channel: Number(bar.dataset.channel), left: frame.left, width: frame.width }
    root.setPointerCapture(event.pointerId)
    bar.focus()
    drag(event)
    event.preventDefault()
  }
  root.onpointermove = (event) => view.held && drag(event)
  root.onpointerup = root.onpointercancel = () => (view.held = null)
  root.onkeydown = (event) => {
    const bar = barOfEvent(event)
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const next = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!bar || !(way || next)) return
    const channel = Number(bar.dataset.channel)
    if (way) put(channel, Number(bar.getAttribute("aria-valuenow")) + way * (event.shiftKey ? 0.1 : 0.02))
    else root.querySelector(`[data-channel="${channel + next}"]`)?.focus()
    event.preventDefault()
  }
  root.onclick = (event) => {
    if (!event.target.closest?.("button")) return
    view.z = {}
    view.again()
  }
  root.addEventListener("focusin", (event) => {
    const bar = barOfEvent(event)
    if (!bar || view.channel === Number(bar.dataset.channel)) return
    view.channel = Number(bar.dataset.channel)
    view.again()
  })
}

export default function (component) {
  const { parentElement, data } = component
  const known = views.get(parentElement)
  const view = known ?? { z: {}, channel: 0, held: null }
  views.set(parentElement, view)
  if (view.about !== data.about) view.z = {} // another photo: its own means
  view.about = data.about
  view.again = () => instances.get(parentElement).redraw(true)
  if (!known) listen(parentElement.querySelector(".squeeze"), view)
  return follow(component, ".squeeze", (root, shown, width) => draw(root, shown, width, view))
}
