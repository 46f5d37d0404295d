// Several networks, a strip each: one mark per unit, as wide as its share of its own strip, as high as its map on one scale for all.
const HEIGHT = 46
const GAP = 1.5

function placed(marks, room) {
  const sum = marks.reduce((total, mark) => total + mark.width, 0)
  const unit = Math.max(0.4, (room - GAP * (marks.length + 1)) / sum)
  let x = GAP
  return marks.map((mark) => {
    const width = Math.max(1.2, mark.width * unit)
    x += width + GAP
    return { ...mark, width, x: x - width - GAP }
  })
}

function unitOf(mark, index, tallest, chosen) {
  const height = 6 + (HEIGHT - 16) * mark.height / tallest
  return markOf(mark, index, chosen,
    element("rect", { class: "reach", x: mark.x - GAP / 2, y: 0, width: mark.width + GAP, height: HEIGHT }),
    element("rect", { class: "body", x: mark.x, y: (HEIGHT - 8 - height) / 2, width: mark.width, height, rx: Math.min(2, mark.width / 3), fill: mark.colour }),
    ...chosen ? [element("path", { class: "pointer", d: `M${mark.x + mark.width / 2} ${HEIGHT - 8}l5 8h-10z` })] : [])
}

function stripOf(strip, room, tallest, pick) {
  const marks = placed(strip.marks, room)
  const last = marks[marks.length - 1]
  const svg = element("svg", { viewBox: `0 0 ${last.x + last.width + GAP} ${HEIGHT}`, width: "100%", height: HEIGHT, preserveAspectRatio: "none",
    role: "toolbar", "aria-label": `${strip.name}, from the stem to the classifier; arrow keys move, Enter selects in all networks` })
  svg.append(...marks.map((mark, index) => unitOf(mark, index, tallest, mark.id === strip.selected)))
  pickable(svg, pick)
  return svg
}

function headOf(strip) {
  const head = document.createElement("div")
  head.className = "about"
  for (const [name, text] of [["b", strip.name], ["span", strip.note], ["span", strip.chosen]]) {
    const node = document.createElement(name)
    node.textContent = text
    head.append(node)
  }
  return head
}

function draw(root, data, pick) {
  const tallest = Math.max(...data.strips.flatMap((strip) => strip.marks.map((mark) => mark.height)))
  const shown = root.getRootNode().activeElement?.closest?.(".strip")?.dataset.name
  root.replaceChildren(...data.strips.map((strip) => {
    const section = document.createElement("div")
    section.className = "strip"
    section.dataset.name = strip.name
    section.append(headOf(strip), stripOf(strip, Math.max(280, root.clientWidth), tallest, pick))
    return section
  }))
  if (shown !== undefined) [...root.children].find((section) => section.dataset.name === shown)?.querySelector(".chosen")?.focus()
}

export default function (component) {
  const { data, setTriggerValue } = component
  return follow(component, ".strips", (root) => draw(root, data, (id) => setTriggerValue("picked", id)))
}
