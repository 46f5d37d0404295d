// Not seen: brings the mirror with Python's tables to the components of the page.
export default function ({ data }) {
  const mirror = mirrorOf(data)
  live.mirror = { ...mirror, bars: (made, settings) => barsOf(mirror, made, settings), picture: (made, settings) => pictureOf(mirror, made, settings) }
  live.wake()
}
