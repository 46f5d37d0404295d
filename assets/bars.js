// One bar per unit of the network, on an axis with round ticks, above its stage's number.
const TALL = 210
const BELOW = 44
const LEFT = 56
const TOP = 26

function axisOf(data, right) {
  return data.ticks.flatMap(({ at, text }) => {
    const y = TOP + TALL * (1 - at)
    return [element("line", { class: "grid", x1: LEFT, x2: right, y1: y, y2: y }), words(text, { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" })]
  })
}

function groupsOf(data, place, right) {
  return data.groups.map(({ first, last, text, row }) => {
    const x = Math.min(right - 4 * text.length, (place(first) + place(last + 1)) / 2)
    return words(text, { class: "tick", x, y: TOP + TALL + 16 + 14 * row, "text-anchor": "middle" })
  })
}

function barOf(bar, index, x, width, chosen) {
  const height = Math.max(1, TALL * bar.height)
  return markOf(bar, index, chosen,
    element("rect", { class: "reach", x, y: TOP, width, height: TALL }),
    element("rect", { class: "body", x: x + width * 0.08, y: TOP + TALL - height, width: width * 0.84, height, fill: bar.colour }))
}

function draw(root, data, pick) {
  const full = Math.max(280, root.clientWidth)
  const right = full - 14
  const place = (index) => LEFT + 4 + (right - LEFT - 8) * index / data.bars.length
  const svg = element("svg", { width: full, height: TOP + TALL + BELOW, role: "toolbar", "aria-label": `${data.title}; arrow keys move, Enter selects` })
  svg.append(...axisOf(data, right), ...groupsOf(data, place, right))
  data.bars.forEach((bar, index) => svg.append(barOf(bar, index, place(index), place(index + 1) - place(index), bar.id === data.selected)))
  const chosen = data.bars.findIndex((bar) => bar.id === data.selected)
  const note = words("", { class: "note", y: 14, "text-anchor": "middle" })
  const say = (index) => {
    if (index < 0) return note.replaceChildren()
    note.textContent = data.bars[index].label
    const half = note.getComputedTextLength() / 2 + 2
    note.setAttribute("x", Math.max(half, Math.min(full - half, (place(index) + place(index + 1)) / 2)))
  }
  svg.append(note)
  svg.onpointerover = svg.onfocus = (event) => {
    const mark = event.target.closest?.(".mark")
    say(mark ? Number(mark.dataset.index) : chosen)
  }
  svg.addEventListener("focusin", svg.onfocus)
  svg.onpointerleave = () => say(chosen)
  pickable(svg, pick)
  root.replaceChildren(svg)
  say(chosen)
}

export default function (component) {
  const { data, setTriggerValue } = component
  return follow(component, ".bars", (root) => draw(root, data, (id) => setTriggerValue("picked", id)))
}
