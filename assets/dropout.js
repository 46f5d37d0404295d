// Dropout: which of the numbers before the classifier survive one step of training; as effnet_core/lessons/chance.py draws it.
function cellsOf(places, columns, side) {
  const [gap, inner] = [1, (side - 2).toFixed(2)]
  const at = (step) => (step * side + gap).toFixed(2)
  return places.map((place) => `M${at(place % columns)} ${at(Math.floor(place / columns))}h${inner}v${inner}h-${inner}z`).join("")
}

function draw(root, data, width) {
  const { count, training } = data
  const { chance_seed: seed, chance_rate: rate } = data.hand
  const next = lotsOf(seed + data.apart)
  const gone = Array.from({ length: count }, () => training && next() < rate)
  const [stay, left] = [false, true].map((wanted) => gone.flatMap((each, place) => each === wanted ? [place] : []))
  const columns = clamp(Math.floor(Math.max(280, width) / 12), 16, 80)
  const side = Math.min(14, Math.max(280, width) / columns)
  const svg = svgOf(columns * side, Math.ceil(count / columns) * side, `${grouped(stay.length)} of ${grouped(count)} numbers stay`)
  for (const [kind, places] of [["stay", stay], ["left", left]]) svg.append(element("path", { class: kind, d: cellsOf(places, columns, side) }))
  const factor = training ? 1 / (1 - rate) : 1
  const rest = training ? ` stay, ${data.guessed ? `each times 1 / (1 − ${written(rate, 2)}) = ${written(factor)}` : "and what is done to them: after your guess above"}; ${grouped(left.length)} are 0 in this step.`
    : " stay as they are: after training nothing is left out, and nothing is rescaled."
  patchChildren(root, [html("p", { class: "said" }, html("b", {}, `${grouped(stay.length)} of ${grouped(count)}`), rest), svg])
  Object.assign(root.dataset, { gone: left.join(","), factor })
}

export default function (component) {
  return follow(component, ".dropout", draw)
}
