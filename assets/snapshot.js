// What stands in a component as one drawing that stands alone: its boxes, texts, canvases and SVGs, where they are on the page.
const ruler = document.createElement("canvas").getContext("2d")
const clear = (colour) => colour === "transparent" || /^rgba\(.*, 0\)$/.test(colour) || / \/ 0\)$/.test(colour)
const colours = /(rgba?|color)\([^)]*\)/g
let gradients = 0

function rectOf({ x, y, width, height }, attributes) {
  return element("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), ...attributes })
}

const radiusOf = (style, box) => Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.height / 2)

// A stop that is clear takes the colour of its neighbours: between colours that fade, black would show.
function stopsOf(found) {
  const last = found.length - 1
  return found.flatMap((colour, at) => {
    const near = clear(colour) ? [found[at - 1], found[at + 1]].filter(Boolean) : [colour]
    return near.map((each) => element("stop", { offset: at / last, "stop-color": plainColour(each), "stop-opacity": clear(colour) ? 0 : 1 }))
  })
}

function gradientOf(style, box) {
  const found = style.backgroundImage.match(colours) ?? []
  if (style.backgroundImage.startsWith("repeating")) {
    return [rectOf(box, { fill: plainColour(found.find((colour) => !clear(colour))), "fill-opacity": 0.4 })]
  }
  if (found.length < 2) return []
  const id = `gradient-${(gradients += 1)}`
  const narrow = style.backgroundRepeat === "no-repeat" ? parseFloat(style.backgroundSize) : NaN
  const place = narrow ? { ...box, x: box.x + (box.width - narrow) / 2, width: narrow } : box
  return [element("linearGradient", { id }, ...stopsOf(found)), rectOf(place, { fill: `url(#${id})`, rx: radiusOf(style, box) })]
}

function linesAround(style, { x, y, width, height }) {
  const [right, bottom] = [x + width, y + height]
  const sides = { Top: [x, y, right, y], Right: [right, y, right, bottom], Bottom: [x, bottom, right, bottom], Left: [x, y, x, bottom] }
  return Object.entries(sides).flatMap(([side, [x1, y1, x2, y2]]) => {
    const [wide, colour] = [parseFloat(style[`border${side}Width`]), style[`border${side}Color`]]
    return wide && !clear(colour) ? [element("line", { x1, y1, x2, y2, stroke: plainColour(colour), "stroke-width": wide })] : []
  })
}

function boxOf(style, box) {
  const round = { rx: radiusOf(style, box) }
  const filled = clear(style.backgroundColor) ? [] : [rectOf(box, { fill: plainColour(style.backgroundColor), ...round })]
  const same = ["Right", "Bottom", "Left"].every((side) => style[`border${side}Width`] === style.borderTopWidth)
  const frame = (place, colour, wide) => rectOf(place, { fill: "none", stroke: plainColour(colour), "stroke-width": wide, ...round })
  const wide = parseFloat(style.borderTopWidth)
  const around = wide && same && !clear(style.borderTopColor) ? [frame(box, style.borderTopColor, wide)] : linesAround(style, box)
  const out = /solid|dashed/.test(style.outlineStyle) ? parseFloat(style.outlineWidth) : 0
  const outer = { x: box.x - out / 2, y: box.y - out / 2, width: box.width + out, height: box.height + out }
  return [...filled, ...gradientOf(style, box), ...around, ...out ? [frame(outer, style.outlineColor, out)] : []]
}

// The words of a text as they stand in lines, each as long as it is on the page whatever font will be there.
function linesIn(text) {
  const [lines, range] = [[], document.createRange()]
  for (const { 0: word, index } of text.data.matchAll(/\S+/g)) {
    range.setStart(text, index)
    range.setEnd(text, index + word.length)
    const [seen] = range.getClientRects()
    if (!seen) continue
    const rect = placeOf(seen, text.parentElement)
    const line = lines.at(-1)
    if (line && Math.abs(line.rect.top - rect.top) < 2) Object.assign(line, { words: `${line.words} ${word}`, right: rect.right })
    else lines.push({ words: word, rect, right: rect.right })
  }
  return lines
}

// A rectangle of the window in the pixels of `node`, which differ where a component is magnified as a whole.
function placeOf({ left, top, right, bottom, width, height }, node) {
  const zoom = node.currentCSSZoom ?? 1
  const own = { left, top, right, bottom, width, height }
  return Object.fromEntries(Object.entries(own).map(([side, size]) => [side, size / zoom]))
}

function textOf(text, from) {
  const style = getComputedStyle(text.parentElement)
  ruler.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`
  const { fontBoundingBoxAscent: above, fontBoundingBoxDescent: below } = ruler.measureText("x")
  return linesIn(text).map(({ words: said, rect, right }) => words(said, {
    x: rect.left - from.x, y: rect.top - from.y + above + (rect.height - above - below) / 2,
    textLength: right - rect.left, lengthAdjust: "spacingAndGlyphs",
    fill: plainColour(style.color), "font-size": style.fontSize, "font-weight": style.fontWeight, "font-style": style.fontStyle }))
}

function imageOf(node, style, box) {
  const canvas = node instanceof HTMLCanvasElement ? node : document.createElement("canvas")
  if (canvas !== node) {
    Object.assign(canvas, { width: node.naturalWidth, height: node.naturalHeight })
    canvas.getContext("2d").drawImage(node, 0, 0)
  }
  return element("image", { href: canvas.toDataURL(), ...box, preserveAspectRatio: "none", "image-rendering": style.imageRendering })
}

function drawingIn(svg, style, box) {
  const copy = styled(svg)
  const looks = { ...box, overflow: style.overflow, viewBox: svg.getAttribute("viewBox"),
    preserveAspectRatio: svg.getAttribute("preserveAspectRatio") ?? "xMidYMid" }
  for (const name of copy.getAttributeNames()) copy.removeAttribute(name)
  for (const [name, value] of Object.entries(looks)) if (value) copy.setAttribute(name, value)
  return copy
}

function insideOf(node, style, box, from) {
  if (node instanceof SVGSVGElement) return [drawingIn(node, style, box)]
  if (node instanceof HTMLCanvasElement || node instanceof HTMLImageElement) return [imageOf(node, style, box)]
  const layer = (child) => Number(child.nodeType === Node.ELEMENT_NODE && getComputedStyle(child).zIndex) || 0
  const children = [...node.childNodes].sort((a, b) => layer(a) - layer(b))
  return [...boxOf(style, box), ...children.flatMap((child) => drawnOf(child, from))]
}

function drawnOf(node, from) {
  if (node.nodeType === Node.TEXT_NODE) return textOf(node, from)
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches(from.without)) return []
  const style = getComputedStyle(node)
  const { left, top, width, height } = placeOf(node.getBoundingClientRect(), node)
  if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return []
  const box = { x: left - from.x, y: top - from.y, width, height }
  from.bottom = Math.max(from.bottom, box.y + height)
  const content = insideOf(node, style, box, from)
  if (style.opacity === "1" && style.mixBlendMode === "normal") return content
  return [element("g", { opacity: style.opacity, style: `mix-blend-mode: ${style.mixBlendMode}` }, ...content)]
}

// The component under its title, without what can only be clicked; see export.js.
function snapshotOf(root, title, without) {
  const { left, width } = placeOf(root.getBoundingClientRect(), root)
  const style = getComputedStyle(root)
  const unseen = `.downloads, [hidden], ${without}`
  const { top } = placeOf([...root.children].find((child) => !child.matches(unseen)).getBoundingClientRect(), root)
  ruler.font = `600 14px ${style.fontFamily}`
  const long = ruler.measureText(title).width
  const wide = Math.min(long, width) // it is made to fit
  const heading = words(title, { x: 0, y: 14, fill: plainColour(style.color), "font-size": 14 * wide / long, "font-weight": 600,
    textLength: wide, lengthAdjust: "spacingAndGlyphs" })
  const from = { x: left, y: top - 28, bottom: 28, without: unseen }
  const drawn = [...root.childNodes].flatMap((node) => drawnOf(node, from))
  return alone([element("g", { transform: "translate(20 20)" }, heading, ...drawn)], { width, height: from.bottom }, paperOf(root))
}

// Buttons that hand it over; `about()` says under which title and name.
function downloadsOf(root, about, without, kinds = ["SVG", "PNG"]) {
  const keep = { SVG: saveSvg, PNG: savePng }
  return buttonsOf(kinds.map((kind) => [kind, () => keep[kind](snapshotOf(root, about().title, without), about().file)]))
}
