// What is shown as a file of its own: an SVG with all its styles written into it, or a PNG made from that.
const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-size",
  "font-weight", "text-anchor", "font-variant-numeric"]
const RARE = { "vector-effect": "none", "paint-order": "normal" } // kept where they are not this
const DROPPED = ["class", "tabindex", "role", "aria-pressed", "aria-label", "data-id", "data-index", "style"]
const FONT = '"Source Sans 3", "Source Sans Pro", "Helvetica Neue", Arial, sans-serif'

const paperOf = (root) => getComputedStyle(root).getPropertyValue("--st-background-color").trim() || "#ffffff"

// A colour that was mixed by the browser, as other programs read it.
function plainColour(text) {
  const [, red, green, blue, opacity = 1] = /^color\(srgb ([^ ]+) ([^ ]+) ([^ )]+)(?: \/ ([^)]+))?\)$/.exec(text) ?? []
  return red === undefined ? text : `rgba(${[red, green, blue].map((part) => Math.round(255 * part)).join(", ")}, ${opacity})`
}

// A copy with all its styles written into it.
function styled(svg) {
  const copy = svg.cloneNode(true)
  const originals = svg.querySelectorAll("*")
  copy.querySelectorAll("*").forEach((node, index) => {
    const style = getComputedStyle(originals[index])
    for (const name of KEPT) if (style.getPropertyValue(name)) node.setAttribute(name, plainColour(style.getPropertyValue(name)))
    for (const [name, usual] of Object.entries(RARE)) if (style.getPropertyValue(name) !== usual) node.setAttribute(name, style.getPropertyValue(name))
    if (node.nodeName === "text" && node.textContent && !node.childElementCount) { // whatever font will be there
      node.setAttribute("textLength", originals[index].getComputedTextLength())
      node.setAttribute("lengthAdjust", "spacingAndGlyphs")
    }
    for (const name of DROPPED) node.removeAttribute(name)
  })
  for (const seen of copy.querySelectorAll('[opacity="0"]')) seen.remove()
  return copy
}

// These on a paper with a margin of 20 pixels; they say themselves that they begin at (20, 20).
function alone(nodes, size, paper) {
  const [width, height] = [Math.ceil(size.width) + 40, Math.ceil(size.height) + 40]
  const attributes = { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT }
  const svg = element("svg", attributes, element("rect", { width, height, fill: paper }), ...nodes)
  return { text: new XMLSerializer().serializeToString(svg), width, height }
}

function standAlone(svg, size, paper) {
  const copy = styled(svg)
  copy.querySelector("g").setAttribute("transform", "translate(20 20)")
  return alone([...copy.childNodes], size, paper)
}

// Small buttons, [text, what it does] each.
function buttonsOf(made) {
  const box = document.createElement("div")
  box.className = "downloads"
  box.append(...made.map(([text, act]) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, title: `Download as ${text}`, onclick: act })
    button.setAttribute("aria-label", `Download as ${text}`)
    return button
  }))
  return box
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
  saveCanvas(canvas, name)
}

function saveCanvas(canvas, name) {
  canvas.toBlob((blob) => save(blob, `${name}.png`), "image/png")
}
