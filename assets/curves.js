// Activations and where they are flat or how steep, as effnet_core/lessons has them.
function sigmoid(x) { // without an overflow for any x
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const small = Math.exp(x)
  return small / (1 + small)
}

const curves = {
  relu: { of: (x) => Math.max(x, 0), slope: (x) => x > 0 ? 1 : 0, flat: (x) => x <= 0 },
  relu6: { of: (x) => Math.min(Math.max(x, 0), 6), slope: (x) => x > 0 && x < 6 ? 1 : 0, flat: (x) => x <= 0 || x >= 6 },
  swish: { of: (x) => x / (1 + Math.exp(-x)), slope: (x) => { const gate = sigmoid(x); return gate * (1 + x * (1 - gate)) }, flat: () => false },
  linear: { of: (x) => x, slope: () => 1, flat: () => false },
}
