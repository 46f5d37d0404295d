// What figures/packing.py packs: a head, and float32 numbers behind it. And how numbers are written.
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const rest = bytes.slice(4 + length) // a copy begins where floats may
  let at = 0
  return {
    head: JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))),
    take: (count) => new Float32Array(rest.buffer, 4 * (at += count) - 4 * count, count),
  }
}

function written(value, digits = 4) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : value < 0 ? "−∞" : "not a number"
  const text = value.toFixed(digits)
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−")
}

// At least four decimals, and more of a small number: three of its digits.
const decimalsOf = (value) => Math.max(4, Math.min(12, value && Number.isFinite(value) ? 2 - Math.floor(Math.log10(Math.abs(value))) : 4))
const sized = (value) => written(value, decimalsOf(value))

// Channel numbers from the lowest gate to the highest, equal ones by number; or as they are.
function ordered(gates, byGate) {
  const places = Uint32Array.from(gates, (_, place) => place)
  return byGate ? places.sort((a, b) => gates[a] - gates[b] || a - b) : places
}

function tag(name, kind, ...children) {
  const node = document.createElement(name)
  if (kind) node.className = kind
  node.append(...children)
  return node
}

function buttonOf(text, label, act) {
  const node = tag("button", "", text)
  Object.assign(node, { type: "button", title: label, onclick: act })
  node.setAttribute("aria-label", label)
  return node
}
