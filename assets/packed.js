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

const written = (value, digits = 4) => Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : value > 0 ? "∞" : value < 0 ? "−∞" : "not a number"

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
