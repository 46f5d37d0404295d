// One unit of the network as volumes, and below them the formulas; a layer is lit in both at once.
// What a pointer may hit: all that the part shows, a little enlarged; of a shortcut, which goes around everything, its words. Known only once it is drawn.
function reachOf(group) {
  const { x, y, width, height } = (group.querySelector(".dashed") ? group.querySelector(".words") : group).getBBox()
  group.prepend(element("rect", { class: "reach", x: x - 3, y: y - 3, width: width + 6, height: height + 6 }))
}

function drawingOf(data, scene) {
  const svg = element("svg", { viewBox: `0 0 ${scene.width} ${scene.height}`, width: scene.width, height: scene.height, role: "toolbar",
    "aria-label": `${data.title}, layer by layer; arrow keys move, Enter keeps a layer lit` })
  const layers = new Map(data.layers.map((layer) => [layer.id, layer]))
  const order = data.layers.map((layer) => layer.id)
  const groups = scene.parts.map((part) => layers.has(part.id) ? markOf(layers.get(part.id), order.indexOf(part.id), false, ...shapesOf(part))
    : element("g", { "aria-hidden": true }, ...shapesOf(part)))
  const around = groups.filter((group) => group.querySelector(".needle, .dashed"))
  svg.append(...around, ...groups.filter((group) => !around.includes(group)))  // branches below what they lead around, so that each volume answers a pointer
  svg.querySelector('[data-index="0"]').setAttribute("tabindex", 0)
  return svg
}

// A line breaks before an equals sign and nowhere else, as long as there is room.
function cellOf(cell) {
  const alone = cell.terms.length === 1
  const terms = cell.terms.map(([name, symbols, numbers, value]) => tag("dd", "term", ...name ? [tag("span", "piece", name), " "] : [],
    tag("span", "piece symbols", symbols), " ", ...numbers === value ? [] : [tag("span", "piece", `= ${numbers}`), " "], tag("span", alone ? "piece result" : "piece", `= ${value}`)))
  const sum = alone ? [] : [tag("dd", "result", cell.terms.length ? `together ${cell.value}` : cell.value)]
  return tag("div", "cell", tag("dt", "what", cell.name), ...terms, ...sum, tag("dd", "small", cell.note))
}

function rowOf(layer) {
  const name = tag("button", "name", tag("b", "", layer.name), layer.words)
  const row = tag("section", "row", name, tag("dl", "cells", ...layer.cells.map(cellOf)))
  name.setAttribute("aria-pressed", false)
  row.dataset.id = layer.id
  return row
}

function draw(root, data, kept) {
  const scene = root.clientWidth >= data.wide.width ? data.wide : data.tall
  const svg = drawingOf(data, scene)
  const rows = tag("div", "rows", ...data.layers.map(rowOf))
  root.style.setProperty("--colour", data.colour)
  const opened = tag("div", scene === data.tall && root.clientWidth >= 640 ? "beside" : "stacked", tag("div", "drawing", svg), rows)
  root.replaceChildren(opened)
  svg.querySelectorAll(".mark").forEach(reachOf)
  const all = [...root.querySelectorAll(".mark, .row")]
  const light = (id) => all.forEach((node) => node.classList.toggle("lit", node.dataset.id === id))
  const keep = (id) => {
    kept.id = kept.id === id ? null : id
    show()
    light(id)
  }
  const show = () => all.forEach((node) => {
    const chosen = node.dataset.id === kept.id
    node.classList.toggle("chosen", chosen)
    const button = node.matches(".row") ? node.querySelector(".name") : node
    button.setAttribute("aria-pressed", chosen)
  })
  const idOf = (event) => event.target.closest?.(".mark, .row")?.dataset.id ?? kept.id
  for (const kind of ["pointerover", "focusin"]) opened.addEventListener(kind, (event) => light(idOf(event)))
  for (const kind of ["pointerleave", "focusout"]) opened.addEventListener(kind, () => light(kept.id))
  pickable(svg, keep)
  rows.onclick = (event) => {
    const name = event.target.closest(".name")
    if (name) keep(name.closest(".row").dataset.id)
  }
  show()
  light(kept.id)
}

const keptOf = new WeakMap()

export default function (component) {
  const { data, parentElement } = component
  const kept = keptOf.get(parentElement) ?? { id: null }
  keptOf.set(parentElement, kept)
  return follow(component, ".block", (root) => draw(root, data, kept))
}
