// One bar per unit of the network, on an axis with round ticks, above its stage's number.
const TALL = 260
const LINES = 3
const BELOW = 8 + 14 * LINES + 2
const LEFT = 56
const TOP = 26

function axisOf(data, right) {
  return data.ticks.flatMap(({ at, text }) => {
    const y = TOP + TALL * (1 - at)
    return [element("line", { class: "grid", x1: LEFT, x2: right, y1: y, y2: y }), words(text, { class: "tick", x: LEFT - 6, y: y + 4, "text-anchor": "end" })]
  })
}

// Words stand in the first line below their own where they meet no other.
function groupsOf(data, place, right) {
  const ends = []
  return data.groups.map(({ first, last, text, row }) => {
    const half = 3.4 * text.length
    const x = Math.min(right - half, (place(first) + place(last + 1)) / 2)
    while (row < LINES - 1 && ends[row] > x - half - 4) row += 1
    ends[row] = x + half
    return words(text, { class: "tick", x, y: TOP + TALL + 16 + 14 * row, "text-anchor": "middle" })
  })
}

function barOf(bar, index, x, width, chosen) {
  const height = Math.max(1, TALL * bar.height)
  return markOf(bar, index, chosen,
    element("rect", { class: "reach", x, y: TOP, width, height: TALL }),
    element("rect", { class: "body", x: x + width * 0.08, y: TOP + TALL - height, width: width * 0.84, height, fill: bar.colour }))
}

function draw(root, data, width, pick) {
  if (data.refused) return // what was drawn last stays, faint
  const full = Math.max(280, width)
  const right = full - 14
  const firsts = [0]
  for (const { span } of data.bars) firsts.push(firsts.at(-1) + span) // a bar that stands for equal blocks is as wide as they are
  const place = (unit) => LEFT + 4 + (right - LEFT - 8) * unit / firsts.at(-1)
  const [from, to] = [(index) => place(firsts[index]), (index) => place(firsts[index + 1])]
  const svg = element("svg", { width: full, height: TOP + TALL + BELOW, role: "toolbar", "aria-label": `${data.title}; arrow keys move, Enter selects` })
  svg.append(...axisOf(data, right), ...groupsOf(data, place, right))
  data.bars.forEach((bar, index) => svg.append(barOf(bar, index, from(index), to(index) - from(index), bar.id === data.selected)))
  const chosen = data.bars.findIndex((bar) => bar.id === data.selected)
  svg.append(words("", { class: "note", y: 14, "text-anchor": "middle" }))
  const title = document.createElement("div")
  title.className = "title"
  title.textContent = data.title
  patchChildren(root, [title, svg])
  const shown = root.lastChild
  const note = shown.lastChild
  root.say = (index) => {
    const bar = data.bars[index < 0 ? chosen : index]
    note.textContent = bar?.label ?? ""
    if (!bar) return
    const half = 3.3 * bar.label.length // about; measuring it would lay out the page amid a drag
    note.setAttribute("x", Math.max(half, Math.min(full - half, (from(data.bars.indexOf(bar)) + to(data.bars.indexOf(bar))) / 2)))
  }
  listen(root)
  pickable(shown, pick)
  root.say(-1)
}

// The bar that is pointed at or focused says what it is; otherwise the selected one.
function listen(root) {
  if (root.dataset.listens) return
  root.dataset.listens = "yes"
  const about = (event) => root.say(Number(event.target.closest?.(".mark")?.dataset.index ?? -1))
  root.addEventListener("pointerover", about)
  root.addEventListener("focusin", about)
  root.addEventListener("pointerleave", () => root.say(-1))
}

export default function (component) {
  const pick = (id) => component.setTriggerValue("picked", id)
  return follow(component, ".bars", (root, data, width) => draw(root, data, width, pick),
    (mirror, made, settings) => mirror.bars(made, settings))
}
