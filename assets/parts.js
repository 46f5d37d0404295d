// What our components share: SVG elements, marks that can be picked, and one drawing per instance that follows its width.
function element(name, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function words(text, attributes) {
  const node = element("text", attributes)
  node.textContent = text
  return node
}

// A group that can be clicked, focused and announced; one mark of a drawing is in the tab order, arrow keys reach the others.
function markOf(mark, index, chosen, ...children) {
  const title = element("title", {})
  title.textContent = mark.label
  return element("g", {
    class: chosen ? "mark chosen" : "mark", role: "button", tabindex: chosen ? 0 : -1, "data-id": mark.id, "data-index": index,
    "aria-pressed": chosen, "aria-label": mark.label,
  }, title, ...children)
}

function pickable(svg, pick) {
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
}

const instances = new WeakMap()

// Draws now, and again whenever the width changes; keeps the keyboard's place. Returns what Streamlit calls at the end.
function follow({ parentElement }, selector, draw) {
  const root = parentElement.querySelector(selector)
  const instance = instances.get(parentElement) ?? {}
  instances.set(parentElement, instance)
  instance.redraw = () => {
    const focused = root.contains(root.getRootNode().activeElement)
    instance.width = root.clientWidth
    draw(root)
    if (focused && !root.contains(root.getRootNode().activeElement)) root.querySelector(".chosen")?.focus()
  }
  instance.redraw()
  if (!instance.observer) {
    instance.observer = new ResizeObserver(() => {
      if (root.clientWidth !== instance.width) instance.redraw()
    })
    instance.observer.observe(root)
  }
  return () => {
    instance.observer.disconnect()
    instances.delete(parentElement)
  }
}
