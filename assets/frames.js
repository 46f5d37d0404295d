// Maps in frames, with a window on them.
function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  return node
}

// A map in its frame; `padding` [top, left, bottom, right] is room for zeros around it.
function frameOf([height, width], padding, attributes) {
  const [top, left, bottom, right] = padding
  const [tall, wide] = [top + height + bottom, left + width + right]
  const canvas = html("canvas", { "aria-hidden": "true" })
  const share = (part, all) => `${100 * part / all}%`
  canvas.style.cssText = `left:${share(left, wide)};top:${share(top, tall)};width:${share(width, wide)};height:${share(height, tall)}`
  const svg = shape("svg", { viewBox: `${-left} ${-top} ${wide} ${tall}`, preserveAspectRatio: "none", "aria-hidden": "true" })
  const frame = html("div", { class: "frame", ...attributes }, canvas, svg)
  frame.style.aspectRatio = `${wide} / ${tall}`
  return { frame, canvas, svg, box: [-left, -top, wide, tall] }
}

// The square at [y, x] with lines to the borders, so that it is found even where it is small.
function windowOn({ svg, box: [left, top, wide, tall] }, [y, x], size, lit) {
  const [cy, cx] = [y + size / 2, x + size / 2]
  const line = (x1, y1, x2, y2) => shape("line", { class: "guide", x1, y1, x2, y2 })
  const guides = [line(left, cy, x, cy), line(x + size, cy, left + wide, cy), line(cx, top, cx, y), line(cx, y + size, cx, top + tall)]
  const square = (kind) => shape("rect", { class: kind, x, y, width: size, height: size })
  const one = lit ? [shape("rect", { class: "pixel", x: x + lit[1], y: y + lit[0], width: 1, height: 1 })] : []
  svg.replaceChildren(...guides, square("halo"), square("window"), ...one)
}

function cellUnder(frame, box, event) {
  const { left, top, width, height } = frame.getBoundingClientRect()
  return [box[1] + (event.clientY - top) / height * box[3], box[0] + (event.clientX - left) / width * box[2]]
}
