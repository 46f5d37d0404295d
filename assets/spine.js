// The spine: a strip with one mark per unit of the network.
const HEIGHT = 64
const GAP = 2

function scaled(marks, room) {
  const widths = marks.map((mark) => Math.sqrt(mark.channels))
  const unit = Math.max(0.5, (room - GAP * (marks.length + 1)) / widths.reduce((sum, width) => sum + width, 0))
  return marks.map((mark, index) => ({ ...mark, width: Math.max(1.5, widths[index] * unit), height: Math.log2(mark.side + 1) }))
}

function unitOf(mark, index, x, tallest, chosen) {
  const height = 10 + (HEIGHT - 22) * mark.height / tallest
  const middle = x + mark.width / 2
  return markOf(mark, index, chosen,
    element("rect", { class: "reach", x: x - GAP / 2, y: 0, width: mark.width + GAP, height: HEIGHT }),
    element("rect", { class: "body", x, y: (HEIGHT - 8 - height) / 2, width: mark.width, height, rx: Math.min(2, mark.width / 3), fill: mark.colour }),
    ...chosen ? [element("path", { class: "pointer", d: `M${middle} ${HEIGHT - 8}l5 8h-10z` })] : [])
}

function captionOf(data) {
  const caption = document.createElement("div")
  caption.className = "caption"
  const chosen = data.marks.find((mark) => mark.id === data.selected)
  const folded = data.marks.some((mark) => mark.count > 1) ? " · some marks stand for many equal blocks" : ""
  for (const text of [`${data.name} · input ${data.input}${folded}`, chosen ? `selected: ${chosen.label}` : ""]) {
    const span = document.createElement("span")
    span.textContent = text
    caption.append(span)
  }
  return caption
}

function draw(root, data, width, pick) {
  if (data.refused) return // what was drawn last stays, faint
  const marks = scaled(data.marks, Math.max(280, width))
  const tallest = Math.max(...marks.map((mark) => mark.height))
  const full = marks.reduce((total, mark) => total + mark.width + GAP, GAP)
  const svg = element("svg", { viewBox: `0 0 ${full} ${HEIGHT}`, width: "100%", height: HEIGHT, preserveAspectRatio: "none",
    role: "toolbar", "aria-label": `${data.name}, from the stem to the classifier; arrow keys move, Enter selects` })
  let x = GAP
  marks.forEach((mark, index) => {
    svg.append(unitOf(mark, index, x, tallest, mark.id === data.selected))
    x += mark.width + GAP
  })
  patchChildren(root, [svg, captionOf(data)])
  pickable(root.firstChild, pick)
}

export default function (component) {
  const pick = (id) => component.setTriggerValue("picked", id)
  return follow(component, ".spine", (root, data, width) => draw(root, data, width, pick),
    (mirror, made, settings) => mirror.strip(made, settings))
}
