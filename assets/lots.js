// Random numbers from a seed, the same ones as effnet_core/lessons/chance.py draws.
function lotsOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9E3779B9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21F0AAAD) >>> 0
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735A2D97) >>> 0
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4294967296
  }
}
