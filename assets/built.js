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

// In the middle of `stage`, [width, height], enlarged by `zoom`: steps change, the page does not move.
function paint(scene, [width, height], zoom, sentence, title) {
  const svg = element("svg", { viewBox: `${(scene.width - width) / 2} ${(scene.height - height) / 2} ${width} ${height}`, width: width * zoom, height: height * zoom,
    role: "img", "aria-label": `${title}. ${sentence}` })
  svg.append(...scene.parts.map((part) => element("g", { class: part.fresh ? "part changed" : "part" }, ...shapesOf(part))))
  return svg
}

// The drawing of `now`, as wide as there is room for, else from top to bottom; all steps are laid out to know how large the stage must be.
function stageOf(all, now, before, side, width, si) {
  const layout = (make, block, against, length, height) => make(block, against, scaleOf(all, side, length, height), si)
  const wide = all.map((block) => layout(wideOf, block, null, 84, 84))
  const most = [Math.max(...wide.map((scene) => scene.width)), Math.max(...wide.map((scene) => scene.height))]
  if (most[0] <= width) return { scene: layout(wideOf, now, before, 84, 84), size: most, zoom: Math.min(1.3, width / most[0]), tall: false }
  const scene = layout(tallOf, now, before, 66, 60)
  return { scene, size: [scene.width, scene.height], zoom: 1, tall: true }
}

function draw(root, data, width, send) {
  const { si } = textsOf(data.texts)
  const { made, mine } = designsOf(data)
  const now = mine ?? made[data.step]
  const before = mine ? made[data.step] : made[data.step - 1]
  const { scene, size, zoom, tall } = stageOf(mine ? [...made, mine] : made, now, before, data.hand.built_side, width, si)
  root.style.setProperty("--colour", data.colour)
  const rungs = made.map((block, index) => ({ name: data.steps[index].name, number: index + 1, block, before: made[index - 1], waits: data.steps[index].name === data.waits && "macs" }))
  if (mine) rungs.push({ name: "Your own, against the step it is made from", number: 0, block: mine, before: made[data.step] })
  const ladder = ladderOf(rungs, mine ? made.length : data.step, si, send)
  if (mine) ladder.querySelector(`[data-id="${data.step}"]`).tabIndex = 0
  const title = mine ? "Your own block" : data.steps[data.step].name
  patchChildren(root, [tag("div", tall ? "drawing tall" : "drawing", paint(scene, size, zoom, said(now), title)), ladder])
  const drawn = root.querySelector(".ladder")
  Object.assign(drawn, { onclick: ladder.onclick, onkeydown: ladder.onkeydown })
}

export default function (component) {
  const { setTriggerValue } = component
  return follow(component, ".built", (root, data, width) => draw(root, data, width, (step) => step !== data.step && setTriggerValue("stepped", step)))
}
