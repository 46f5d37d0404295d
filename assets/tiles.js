// Number tiles: a name, three digits, the exact figure below, and what changed. In place of numbers, the sentence of a refusal.
function line(name, kind, text) {
  const node = document.createElement(name)
  node.className = kind
  node.textContent = text
  return node
}

function tileOf({ label, value, exact, change, explain }) {
  const tile = line("div", "tile", "")
  tile.title = explain
  const figures = document.createElement("dd")
  figures.append(line("span", "value", value), ...change ? [line("span", "change", change)] : [], line("span", "exact", exact))
  figures.lastChild.title = exact
  if (change) figures.children[1].title = "against the last look"
  tile.append(line("dt", "", label), figures)
  return tile
}

function draw(root, data) {
  const numbers = data.tiles ? document.createElement("dl") : root.querySelector("dl").cloneNode(true)
  if (data.tiles) numbers.append(...data.tiles.map(tileOf))
  const since = line("p", "since", data.tiles?.some((tile) => tile.change) ? "In colour: against what was shown just before" : "")
  const refusal = line("p", "refusal", data.refused ?? "")
  refusal.setAttribute("role", "status")
  patchChildren(root, [numbers, since, refusal])
}

export default function (component) {
  const { figures } = component.data
  return follow(component, ".tiles", draw, (mirror, made, settings) => ({ tiles: mirror.tiles(made, { ...settings, before: figures }) }))
}
