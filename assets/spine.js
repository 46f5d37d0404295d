// The spine: an SVG strip with one mark per unit of the network. Arrow keys move, Enter and click select.
const NS = "http://www.w3.org/2000/svg"
const HEIGHT = 64
const GAP = 2

function element(name, attributes) {
  const node = document.createElementNS(NS, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  return node
}

function markOf(mark, x, tallest, selected, index) {
  const height = 10 + (HEIGHT - 22) * mark.height / tallest
  const chosen = mark.id === selected
  const group = element("g", {
    class: chosen ? "mark chosen" : "mark", role: "button", tabindex: chosen ? 0 : -1, "data-id": mark.id,
    "data-index": index, "aria-pressed": chosen, "aria-label": mark.label,
  })
  const title = element("title", {})
  title.textContent = mark.label
  const y = (HEIGHT - 8 - height) / 2
  group.append(
    title,
    element("rect", { class: "reach", x: x - GAP / 2, y: 0, width: mark.width + GAP, height: HEIGHT }),
    element("rect", { class: "body", x, y, width: mark.width, height, rx: Math.min(2, mark.width / 3), fill: mark.colour }),
  )
  if (chosen) {
    const middle = x + mark.width / 2
    group.append(element("path", { class: "pointer", d: `M${middle} ${HEIGHT - 8}l5 8h-10z` }))
  }
  return group
}

function scaled(marks, room) {
  const sum = marks.reduce((total, mark) => total + mark.width, 0)
  const unit = Math.max(0.5, (room - GAP * (marks.length + 1)) / sum)
  return marks.map((mark) => ({ ...mark, width: Math.max(1.5, mark.width * unit) }))
}

function draw(root, data, pick) {
  const room = Math.max(280, root.clientWidth)
  const marks = scaled(data.marks, room)
  const tallest = Math.max(...marks.map((mark) => mark.height))
  const full = marks.reduce((total, mark) => total + mark.width + GAP, GAP)
  const svg = element("svg", { viewBox: `0 0 ${full} ${HEIGHT}`, width: "100%", height: HEIGHT, preserveAspectRatio: "none",
    role: "toolbar", "aria-label": `${data.name}, from the stem to the classifier; arrow keys move, Enter selects` })
  let x = GAP
  marks.forEach((mark, index) => {
    svg.append(markOf(mark, x, tallest, data.selected, index))
    x += mark.width + GAP
  })
  if (!svg.querySelector('[tabindex="0"]')) svg.querySelector(".mark")?.setAttribute("tabindex", 0)
  svg.onclick = (event) => {
    const mark = event.target.closest(".mark")
    if (mark) pick(mark.dataset.id)
  }
  svg.onkeydown = (event) => {
    const mark = event.target.closest(".mark")
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) {
      const next = svg.querySelector(`[data-index="${Number(mark.dataset.index) + step}"]`)
      if (next) {
        mark.setAttribute("tabindex", -1)
        next.setAttribute("tabindex", 0)
        next.focus()
      }
    } else if (event.key === "Enter" || event.key === " ") pick(mark.dataset.id)
    else return
    event.preventDefault()
  }
  const caption = document.createElement("div")
  caption.className = "caption"
  const chosen = data.marks.find((mark) => mark.id === data.selected)
  const left = document.createElement("span")
  left.textContent = `${data.name} · input ${data.input}`
  const right = document.createElement("span")
  right.textContent = chosen ? `selected: ${chosen.label}` : ""
  caption.append(left, right)
  root.replaceChildren(svg, caption)
}

const instances = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".spine")
  const state = instances.get(parentElement) ?? {}
  const focused = root.contains(root.getRootNode().activeElement)
  state.redraw = () => draw(root, data, (id) => setTriggerValue("picked", id))
  state.redraw()
  if (focused) root.querySelector(".chosen")?.focus()
  if (!state.observer) {
    state.width = root.clientWidth
    state.observer = new ResizeObserver(() => {
      if (root.clientWidth !== state.width) {
        state.width = root.clientWidth
        state.redraw()
      }
    })
    state.observer.observe(root)
  }
  instances.set(parentElement, state)
  return () => {
    state.observer.disconnect()
    instances.delete(parentElement)
  }
}
