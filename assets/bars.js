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
  if (data.refused) return // what was drawn last stays, faint
  const full = Math.max(280, root.clientWidth)
  const right = full - 14
  const firsts = [0]
  for (const { span } of data.bars) firsts.push(firsts.at(-1) + span) // a bar that stands for equal blocks is as wide as they are
  const place = (unit) => LEFT + 4 + (right - LEFT - 8) * unit / firsts.at(-1)
  const [from, to] = [(index) => place(firsts[index]), (index) => place(firsts[index + 1])]
  const svg = element("svg", { width: full, height: TOP + TALL + BELOW, role: "toolbar", "aria-label": `${data.title}; arrow keys move, Enter selects` })
  svg.append(...axisOf(data, right), ...groupsOf(data, place, right))
  data.bars.forEach((bar, index) => svg.append(barOf(bar, index, from(index), to(index) - from(index), bar.id === data.selected)))
  const chosen = data.bars.findIndex((bar) => bar.id === data.selected)
  const note = words("", { class: "note", y: 14, "text-anchor": "middle" })
  const say = (index) => {
    if (index < 0) return note.replaceChildren()
    note.textContent = data.bars[index].label
    const half = note.getComputedTextLength() / 2 + 2
    note.setAttribute("x", Math.max(half, Math.min(full - half, (from(index) + to(index)) / 2)))
  }
  svg.append(note)
  svg.onpointerover = svg.onfocus = (event) => {
    const mark = event.target.closest?.(".mark")
    say(mark ? Number(mark.dataset.index) : chosen)
  }
  svg.addEventListener("focusin", svg.onfocus)
  svg.onpointerleave = () => say(chosen)
  pickable(svg, pick)
  const title = document.createElement("div")
  title.className = "title"
  title.textContent = data.title
  root.replaceChildren(title, svg)
  say(chosen)
}

export default function (component) {
  const pick = (id) => component.setTriggerValue("picked", id)
  return follow(component, ".bars", (root, data) => draw(root, data, pick), (mirror, made, settings) => mirror.bars(made, settings))
}
