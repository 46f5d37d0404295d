// Squeeze-and-excitation on a few small maps: their means are dragged, and everything behind them is computed anew, as effnet_core/lessons/gating.py does.
const views = new WeakMap()

function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const small = Math.exp(x)
  return small / (1 + small)
}

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
  const maps = data.maps.slice(0, channels).map((cells, c) => cells.map((value) => Math.min(1, Math.max(0, value + z[c] - own[c]))))
  const sums = Array.from({ length: squeezed }, (_, s) => summed(data.first[s], z, data.firstBias[s]))
  const hidden = sums.map((value) => value * sigmoid(value))
  const raw = z.map((_, c) => summed(data.second[c], hidden, data.secondBias[c]))
  return { channels, squeezed, z, maps, sums, hidden, raw, gates: raw.map(sigmoid), channel: Math.min(view.channel, channels - 1) }
}

function html(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

const bracketed = (value) => value < 0 ? `(${written(value, 2)})` : written(value, 2)

function workOf(state, data) {
  const { channel: c, squeezed } = state
  const [least, rest] = [Math.min(2, squeezed), squeezed > 2 ? " + …" : ""]
  const sum = state.hidden.slice(0, least).map((value, s) => `${bracketed(data.second[c][s])} · ${bracketed(value)}`).join(" + ")
  const lines = [
    ["squeeze", `z = mean of ${data.side} × ${data.side} cells = ${written(state.z[c], 3)}`],
    ["excite", `h = swish(W₁ z + b₁): ${state.hidden.slice(0, 4).map((value) => written(value, 2)).join(", ")}${squeezed > 4 ? ", …" : ""}`],
    ["", `s = σ(W₂ h + b₂) = σ(${sum}${rest} + ${bracketed(data.secondBias[c])}) = σ(${written(state.raw[c], 3)}) = ${written(state.gates[c], 3)}`],
    ["scale", `every cell × ${written(state.gates[c], 3)}: the mean becomes ${written(state.gates[c] * state.z[c], 3)}`],
  ]
  return html("div", { class: "work" }, html("b", {}, `Channel ${c}, ${data.names[c]}`), ...lines.map(([name, line]) => html("div", {}, html("span", {}, name), line)))
}

const many = (count) => count.toLocaleString("en")

// Parameters and MACs of the example, the selected block and the whole network, where the ratio stands now; and as EfficientNet has them.
function countsOf(state, data) {
  const ratio = data.hand.squeeze_ratio
  const counted = (units, narrow) => units.reduce((sum, [channels, own]) => {
    const squeezed = narrow ? narrowed(channels, ratio) : own
    return [sum[0] + params(channels, squeezed), sum[1] + 2 * channels * squeezed]
  }, [0, 0])
  const rows = [["These maps", [[state.channels, state.squeezed]], false], [`${data.block.name}`, [data.block.unit], true], [data.network.name, data.network.units, true]]
  const cells = rows.map(([name, units, real]) => {
    const [[parameters, macs], own] = [counted(units, true), counted(units, false)]
    const width = units.length === 1 ? `${many(units[0][0])} → ${many(narrowed(units[0][0], ratio))} → ${many(units[0][0])}` : `${many(units.length)} units`
    const kept = !real ? "" : own[0] ? `${many(own[0])}, ${many(own[1])}` : "no SE"
    return html("tr", { "data-params": parameters, "data-macs": macs }, ...[["th", name], ["td", width], ["td", many(parameters)], ["td", many(macs)], ["td", kept]].map(([tag, text]) => html(tag, tag === "th" ? { scope: "row" } : {}, text)))
  })
  const head = ["", `C → C ÷ ${ratio} → C`, "Parameters", "MACs", "In the network: parameters, MACs"].map((text) => html("th", { scope: "col" }, text))
  return html("div", { class: "counts", tabindex: 0 }, html("table", {}, html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...cells)))
}

function draw(root, data, width, view) {
  const state = computed(data, view)
  const full = Math.max(290, width)
  const picture = drawingOf(state, data, full > 1000 ? Math.round(full * 0.62) : full)
  const again = html("button", { type: "button", "data-id": "again", ...Object.keys(view.z).length ? {} : { disabled: "" } }, "Back to the photo's means")
  const side = html("div", { class: "side" }, workOf(state, data), again)
  patchChildren(root, [html("div", { class: "both" }, picture, side), countsOf(state, data)])
  root.dataset.gates = JSON.stringify(state.gates)
}

function listen(root, view) {
  const barOfEvent = (event) => event.target.closest?.(".hold")
  const put = (channel, value) => {
    view.z[channel] = Math.round(100 * Math.min(1, Math.max(0, value))) / 100
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
