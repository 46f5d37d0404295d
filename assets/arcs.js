// The blocks in a row; an arc over each that something goes around, the others stand taller: everything has to pass through them.
const PER_LINE = { narrow: 14, wide: 28 }

function arcOf(mark, index, x, top, step) {
  const box = step * 0.74
  const [y, tall] = mark.around ? [top + 26, 20] : [top + 18, 36]
  const parts = [element("rect", { class: "reach", x: x - (step - box) / 2, y: top, width: step, height: 58 }), element("rect", { class: "body", x, y, width: box, height: tall, rx: 2, fill: mark.colour })]
  const [from, to] = [x - (step - box) / 2, x + box + (step - box) / 2]
  if (mark.around) parts.push(element("path", { class: "arc", d: `M${from},${top + 36}C${from},${top - 2} ${to},${top - 2} ${to},${top + 36}` }))
  else parts.push(element("line", { class: "arc through", x1: from, x2: to, y1: top + 36, y2: top + 36 }))
  return markOf(mark, index, mark.chosen, ...parts)
}

function draw(root, data, width, pick) {
  const line = Math.min(data.marks.length, width < 620 ? PER_LINE.narrow : data.marks.length <= PER_LINE.wide ? data.marks.length : PER_LINE.wide)
  const step = Math.min(38, (width - 8) / line)
  const lines = Math.ceil(data.marks.length / line)
  const svg = element("svg", { width, height: 64 * lines, role: "toolbar", "aria-label": `${data.title}; arrow keys move, Enter selects` })
  data.marks.forEach((mark, index) => svg.append(arcOf(mark, index, 6 + (index % line) * step, 64 * Math.floor(index / line), step)))
  const note = Object.assign(document.createElement("p"), { className: "note" })
  const chosen = data.marks.find((mark) => mark.chosen)
  note.textContent = chosen?.label ?? data.title
  patchChildren(root, [svg, note])
  const shown = root.firstChild
  pickable(shown, pick)
  const about = (event) => {
    const mark = event.target.closest?.(".mark")
    root.lastChild.textContent = (mark ? data.marks[Number(mark.dataset.index)] : chosen)?.label ?? data.title
  }
  shown.onpointerover = about
  shown.onpointerleave = about
  if (!shown.heard) shown.addEventListener("focusin", (event) => shown.about(event))
  Object.assign(shown, { heard: true, about })
}

export default function (component) {
  return follow(component, ".arcs", (root, data, width) => draw(root, data, width, (id) => component.setTriggerValue("picked", id)))
}
