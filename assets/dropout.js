// Dropout: which of the numbers before the classifier survive one step of training; as effnet_core/lessons/chance.py draws it.
function html(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

function cellsOf(places, columns, side) {
  return places.map((place) => `M${(place % columns * side + 1).toFixed(2)} ${(Math.floor(place / columns) * side + 1).toFixed(2)}h${(side - 2).toFixed(2)}v${(side - 2).toFixed(2)}h${(2 - side).toFixed(2)}z`).join("")
}

const many = (count) => count.toLocaleString("en")

function draw(root, data, width) {
  const full = Math.max(280, width)
  const { chance_seed: seed, chance_rate: rate } = data.hand
  const next = lotsOf(seed + data.apart)
  const gone = Array.from({ length: data.count }, () => data.training && next() < rate)
  const [stay, left] = [false, true].map((wanted) => gone.flatMap((each, place) => each === wanted ? [place] : []))
  const columns = Math.max(16, Math.min(80, Math.floor(full / 12)))
  const side = Math.min(14, full / columns)
  const rows = Math.ceil(data.count / columns)
  const svg = element("svg", { width: columns * side, height: rows * side, viewBox: `0 0 ${columns * side} ${rows * side}`, role: "img", "aria-label": `${many(stay.length)} of ${many(data.count)} numbers stay` })
  svg.append(element("path", { class: "stay", d: cellsOf(stay, columns, side) }), element("path", { class: "left", d: cellsOf(left, columns, side) }))
  const factor = data.training ? 1 / (1 - rate) : 1
  const said = data.training ? ` stay, each times 1 / (1 − ${written(rate, 2)}) = ${written(factor)}; ${many(left.length)} are 0 in this step.` : " stay as they are: after training nothing is left out, and nothing is rescaled."
  patchChildren(root, [html("p", { class: "said" }, html("b", {}, `${many(stay.length)} of ${many(data.count)}`), said), svg])
  Object.assign(root.dataset, { gone: left.join(","), factor })
}

export default function (component) {
  return follow(component, ".dropout", draw)
}
