// Normal random numbers as effnet_core/lessons/normals.py makes them of lots.
function normals(seed, count) {
  const next = lotsOf(seed)
  const drawn = new Float64Array(count)
  for (let place = 0; place < count; place += 2) {
    const [radius, angle] = [Math.sqrt(-2 * Math.log(next())), 2 * Math.PI * next()]
    drawn[place] = radius * Math.cos(angle)
    if (place + 1 < count) drawn[place + 1] = radius * Math.sin(angle)
  }
  return drawn
}
