// What is shown as a file of its own: an SVG with all its styles written into it, or a PNG made from that.
const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-size",
  "font-weight", "text-anchor", "font-variant-numeric"]
const DROPPED = ["class", "tabindex", "role", "aria-pressed", "aria-label", "data-id", "data-index", "style"]
const FONT = '"Source Sans 3", "Source Sans Pro", "Helvetica Neue", Arial, sans-serif'

function standAlone(svg, size, paper) {
  const copy = svg.cloneNode(true)
  const originals = svg.querySelectorAll("*")
  copy.querySelectorAll("*").forEach((node, index) => {
    const style = getComputedStyle(originals[index])
    for (const name of KEPT) if (style.getPropertyValue(name)) node.setAttribute(name, style.getPropertyValue(name))
    for (const name of DROPPED) node.removeAttribute(name)
  })
  for (const seen of copy.querySelectorAll('[opacity="0"]')) seen.remove()
  copy.querySelector("g").setAttribute("transform", "translate(20 20)")
  const [width, height] = [Math.ceil(size.width) + 40, Math.ceil(size.height) + 40]
  const attributes = { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT }
  for (const name of [...copy.getAttributeNames()]) copy.removeAttribute(name)
  for (const [name, value] of Object.entries(attributes)) copy.setAttribute(name, value)
  copy.prepend(element("rect", { width, height, fill: paper }))
  return { text: new XMLSerializer().serializeToString(copy), width, height }
}

function save(blob, name) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

function saveSvg({ text }, name) {
  save(new Blob([`<?xml version="1.0" encoding="UTF-8"?>\n${text}`], { type: "image/svg+xml" }), `${name}.svg`)
}

// Twice as fine as on screen, less for a drawing that no canvas could hold.
async function savePng({ text, width, height }, name) {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`
  await image.decode()
  const scale = Math.min(2, 16_000 / Math.max(width, height))
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) })
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
  canvas.toBlob((blob) => save(blob, `${name}.png`), "image/png")
}
