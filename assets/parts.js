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

// Where a pointer is within `node`, in the node's own pixels: those of a component that is magnified as a whole are larger than the window's.
function placeIn(node, event) {
  const { left, top } = node.getBoundingClientRect()
  const zoom = node.currentCSSZoom ?? 1
  return [(event.clientX - left) / zoom, (event.clientY - top) / zoom]
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

// Makes `old` what `fresh` is and touches only what differs: a drawing that changes sixty times a second keeps its focus and costs little.
function patch(old, fresh) {
  if (old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh)
    return fresh
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data
    return old
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name)
  patchChildren(old, [...fresh.childNodes])
  return old
}

function patchChildren(parent, children) {
  const before = [...parent.childNodes]
  children.forEach((child, index) => index < before.length ? patch(before[index], child) : parent.append(child))
  for (const left of before.slice(children.length)) left.remove()
}

const instances = new WeakMap()

// Draws now, and again whenever the width or the hand on a slider changes; keeps the keyboard's place. `mirrored` makes the data of another
// network, see live.js. The width is measured by the observer alone: asking for it amid changes would lay out the page each time.
// Returns what Streamlit calls at the end.
function follow({ parentElement, data }, selector, draw, mirrored) {
  const root = parentElement.querySelector(selector)
  const instance = instances.get(parentElement) ?? { width: root.clientWidth }
  instances.set(parentElement, instance)
  instance.redraw = (always = false) => {
    const shown = live.shown(data, mirrored)
    const drawn = JSON.stringify([shown, instance.width])
    if (drawn === instance.drawn && !always) return
    if (shown.refused && instance.drawn === undefined) draw(root, data, instance.width) // something has to stand behind the sentence
    instance.drawn = drawn
    root.classList.toggle("refused", Boolean(shown.refused))
    const focused = root.getRootNode().activeElement
    const place = root.contains(focused) ? focused.dataset?.id : undefined
    draw(root, shown, instance.width)
    const now = root.getRootNode().activeElement
    if (place === undefined || (root.contains(now) && (now !== focused || now.dataset.id === place))) return
    const again = root.querySelector(`[data-id="${CSS.escape(place)}"]`) ?? root.querySelector(".chosen")
    again?.focus()
  }
  instance.redraw(true)
  if (!instance.observer) {
    instance.observer = new ResizeObserver(([{ contentRect }]) => {
      if (Math.abs(contentRect.width - instance.width) < 1) return
      instance.width = Math.round(contentRect.width)
      instance.redraw()
    })
    instance.observer.observe(root)
    instance.leave = live.subscribe(() => instance.redraw())
  }
  return () => {
    instance.observer.disconnect()
    instance.leave()
    instances.delete(parentElement)
  }
}
