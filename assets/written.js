// Numbers as words, and channels in order.
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
