// Four wholes of full length, one above the other, each cut into the network's units; what is pointed at in one is marked in all.
const WHOLE_TALL = 34

function pieceOf(unit, index, words, x, width, chosen) {
  return markOf({ id: unit.id, label: words }, index, chosen,
    element("rect", { class: "body", x, y: 3, width: Math.max(0.4, width - Math.min(1, width / 4)), height: WHOLE_TALL - 6, fill: unit.colour }))
}

// The stages' numbers, and the ends' names, where they have room.
function namesOf(units, ends) {
  const found = []
  units.forEach((unit, index) => {
    const last = found.at(-1)
    if (last?.group === unit.group) last.to = ends[index + 1]
    else found.push({ group: unit.group, ink: unit.ink, from: ends[index], to: ends[index + 1] })
  })
  return found.filter(({ group, from, to }) => to - from > 7 * group.length + 6).map(({ group, ink, from, to }) =>
    words(group, { class: "group", x: (from + to) / 2, y: WHOLE_TALL / 2 + 4, "text-anchor": "middle", fill: ink }))
}

function wholeOf(data, row, width) {
  const svg = element("svg", { class: "whole", width, height: WHOLE_TALL, role: row.shares ? "toolbar" : "img",
    "aria-label": row.shares ? `${row.name}: a share for every block; arrow keys move, Enter selects` : `${row.name}: ${row.empty}` })
  if (!row.shares) {
    svg.append(element("rect", { class: "empty", x: 1, y: 3, width: width - 2, height: WHOLE_TALL - 6 }),
      words(row.empty, { class: "missing", x: width / 2, y: WHOLE_TALL / 2 + 4, "text-anchor": "middle" }))
    return svg
  }
  const ends = [0]
  for (const share of row.shares) ends.push(ends.at(-1) + share * width)
  svg.append(...data.units.map((unit, index) =>
    pieceOf(unit, index, row.told[index], ends[index], ends[index + 1] - ends[index], unit.id === data.selected)), ...namesOf(data.units, ends))
  return svg
}

function sectionOf(data, row, width) {
  const [section, head, name, about] = ["div", "div", "b", "span"].map((tag) => document.createElement(tag))
  head.className = "head"
  name.textContent = row.name
  about.textContent = row.about
  head.append(name, about)
  section.append(head, wholeOf(data, row, width))
  return section
}

function draw(root, data, width, pick) {
  const line = document.createElement("p")
  line.className = "line"
  line.setAttribute("aria-live", "polite")
  line.textContent = root.querySelector(".line")?.textContent ?? ""
  patchChildren(root, [...data.rows.map((row) => sectionOf(data, row, Math.max(280, width))), line])
  root.told = (index) => {
    const at = index < 0 ? data.units.findIndex((unit) => unit.id === data.selected) : index
    root.querySelector(".line").textContent = data.units[at]?.line ?? ""
    for (const mark of root.querySelectorAll(".mark")) mark.classList.toggle("along", index >= 0 && Number(mark.dataset.index) === index)
  }
  for (const svg of root.querySelectorAll('[role="toolbar"]')) pickable(svg, pick)
  attend(root)
  root.told(-1)
}

function attend(root) {
  if (root.dataset.attends) return
  root.dataset.attends = "yes"
  const tell = ({ target }) => root.told(Number(target.closest?.(".mark")?.dataset.index ?? -1))
  for (const event of ["pointerover", "focusin"]) root.addEventListener(event, tell)
  for (const event of ["pointerleave", "focusout"]) root.addEventListener(event, () => root.told(-1))
}

export default function (component) {
  const pick = (id) => component.setTriggerValue("picked", id)
  return follow(component, ".four", (root, data, width) => draw(root, data, width, pick))
}
