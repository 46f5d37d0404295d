// Random numbers as effnet_core/lessons/normals.py draws them.
function finalise(word) {
  word = Math.imul(word ^ (word >>> 16), 0x85EBCA6B)
  word = Math.imul(word ^ (word >>> 13), 0xC2B2AE35)
  return (word ^ (word >>> 16)) >>> 0
}

function normals(seed, count) {
  const key = finalise(seed + 1)
  const share = (place) => (finalise((key + Math.imul(place, 0x9E3779B9)) | 0) + 0.5) / 2 ** 32
  const drawn = new Float64Array(count)
  for (let place = 0; place < count; place += 2) {
    const radius = Math.sqrt(-2 * Math.log(share(place)))
    const angle = 2 * Math.PI * share(place + 1)
    drawn[place] = radius * Math.cos(angle)
    if (place + 1 < count) drawn[place + 1] = radius * Math.sin(angle)
  }
  return drawn
}
