// Random numbers from a seed, the same ones as effnet_core/lessons/lots.py draws.
function finalise(word) {
  word = Math.imul(word ^ (word >>> 16), 0x85EBCA6B)
  word = Math.imul(word ^ (word >>> 13), 0xC2B2AE35)
  return (word ^ (word >>> 16)) >>> 0
}

function lotsOf(seed) {
  const key = finalise(seed + 1)
  let place = 0
  return () => (finalise((key + Math.imul(place++, 0x9E3779B9)) | 0) + 0.5) / 2 ** 32
}
