// Not seen: brings the mirror with Python's tables to the components of the page.
export default function ({ data }) {
  const mirror = mirrorOf(data)
  const made = { strip: stripOf, tiles: tilesOf, bars: barsOf, picture: pictureOf }
  for (const [name, picture] of Object.entries(made)) mirror[name] = (network, settings) => picture(mirror, network, settings)
  live.mirror = mirror
  live.wake()
}
