// The block of a lesson: its drawing, its counts, and the ladder of all steps; everything is counted here while the hand is on a slider.
const prefix = /^built_/

function designsOf({ hand, steps, own }) {
  const numbers = Object.fromEntries(Object.entries(hand).map(([key, value]) => [key.replace(prefix, ""), value]))
  const made = steps.reduce((all, { changes }) => [...all, { ...numbers, ...all.at(-1), ...changes }], []).map(designOf)
  return { made, mine: own && designOf({ ...numbers, ...own }) }
}

// A sentence for those who do not see the drawing.
function said({ layers, joined, after }) {
  const way = layers.map((layer) => layer.kind === "gate" ? `squeeze-and-excitation through ${layer.squeeze}`
    : `${layer.name} ${layer.kernel} by ${layer.kernel}${layer.groups > 1 ? " depthwise" : ""} to ${layer.outputs} channels of ${layer.cells} by ${layer.cells}`)
  return `From ${layers[0].inputs} channels of ${layers[0].side} by ${layers[0].side}: ${way.join(", ")}${joined ? ", then the input is added" : ""}${after ? `, then ${after}` : ""}.`
}

function paint(scene, sentence, title) {
  const svg = element("svg", { viewBox: `0 0 ${scene.width} ${scene.height}`, width: scene.width, height: scene.height, role: "img", "aria-label": `${title}. ${sentence}` })
  svg.append(...scene.parts.map((part) => element("g", { class: part.fresh ? "part changed" : "part" }, ...shapesOf(part))))
  return svg
}

function draw(root, data, width, send) {
  const { si } = textsOf(data.texts)
  const { made, mine } = designsOf(data)
  const now = mine ?? made[data.step]
  const before = mine ? made[data.step] : made[data.step - 1]
  const all = mine ? [...made, mine] : made
  const side = data.hand.built_side
  const layout = (make, length, height) => make(now, before, scaleOf(all, side, length, height), si)
  const wide = layout(wideOf, 84, 84)
  const scene = wide.width <= width ? wide : layout(tallOf, 66, 60)
  root.style.setProperty("--colour", data.colour)
  const rungs = made.map((block, index) => ({ name: data.steps[index].name, number: index + 1, block, before: made[index - 1] }))
  if (mine) rungs.push({ name: "Your own, against the step it is made from", number: 0, block: mine, before: made[data.step] })
  const ladder = ladderOf(rungs, mine ? made.length : data.step, si, send)
  if (mine) ladder.querySelector(`[data-id="${data.step}"]`).tabIndex = 0
  const title = mine ? "Your own block" : data.steps[data.step].name
  patchChildren(root, [tag("div", scene === wide ? "drawing" : "drawing tall", paint(scene, said(now), title)), ladder])
  const drawn = root.querySelector(".ladder")
  Object.assign(drawn, { onclick: ladder.onclick, onkeydown: ladder.onkeydown })
}

export default function (component) {
  const { setTriggerValue } = component
  return follow(component, ".built", (root, data, width) => draw(root, data, width, (step) => step !== data.step && setTriggerValue("stepped", step)))
}
