// The steps of one channel's excitation, and each one's formula with this channel's numbers.
const STEPS = [
  // what each lights up, and how long it plays, in milliseconds
  { name: "Feature map", parts: ["map"], time: 900 },
  { name: "Squeeze", parts: ["map", "squeeze"], time: 2000 },
  { name: "First layer, swish", parts: ["squeeze", "hidden", "narrow"], time: 2200 },
  { name: "Second layer, sigmoid", parts: ["narrow", "gate", "gates"], time: 2600 },
  { name: "Recalibrate", parts: ["map", "gates", "after"], time: 1800 },
]

// Text with parts written low: "z_{12}".
function lowered(text) {
  return text.split(/(_\{[^}]*\})/).map((part) => (part.startsWith("_{") ? tag("sub", "", part.slice(2, -1)) : part))
}

const linesOf = (lines) => tag("div", "lines", ...lines.map((line) => tag("div", "line", ...lowered(line))))

// The fewest decimals with which x times s, as printed, is what is printed for their product.
function pixelLines(work, cell) {
  const [x, after] = [work.before[cell], Math.fround(work.before[cell] * Math.fround(work.s))]
  const [shown, round] = [decimalsOf(after), (value, digits) => Number(value.toFixed(digits))]
  const holds = (digits) => written(round(x, digits) * round(work.s, digits), shown) === written(after, shown)
  const digits = Array.from({ length: 9 }, (_, more) => shown + more).find(holds) ?? shown + 8
  const place = `${Math.floor(cell / work.width)}, ${cell % work.width}`
  return [
    `x̃_{${work.channel}}(${place}) = s_{${work.channel}} · x_{${work.channel}}(${place})`,
    `= ${written(work.s, digits)} · ${x < 0 ? `(${written(x, digits)})` : written(x, digits)}`,
    `= ${written(after, shown)}`,
  ]
}

function gateLines(work) {
  if (!work.set) return work.formulas.gate
  return [
    ...work.formulas.gate.slice(0, -1),
    `${work.formulas.gate.at(-1)}: what the network would decide`,
    `set by you: s_{${work.channel}} = ${sized(work.s)}`,
  ]
}

function contentOf(state, step) {
  const { work } = state
  if (step === 0) {
    const values = [...work.before].filter(Number.isFinite)
    const [least, most] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity])
    return [
      linesOf([
        `x_{${work.channel}}: ${work.height} · ${work.width} = ${grouped(work.height * work.width)} answers, from ${sized(least)} to ${sized(most)}`,
      ]),
    ]
  }
  if (step === 1) return [linesOf(work.formulas.squeeze)]
  if (step === 2) {
    const tabs = work.hidden.map((neuron, at) => {
      const button = buttonOf("", `Work out hidden number ${neuron.place}`, () => choose(state, at))
      button.append(...lowered(`h_{${neuron.place}}`))
      button.setAttribute("aria-pressed", at === state.neuron)
      return button
    })
    return [tag("div", "tabs", tag("span", "", "Weigh most for this gate:"), ...tabs), linesOf(work.formulas.hidden[state.neuron])]
  }
  return [linesOf(step === 3 ? gateLines(work) : pixelLines(work, state.cell))]
}

function formulas(state) {
  state.list.replaceChildren(
    ...STEPS.map((step, index) => {
      const name = buttonOf(`${index + 1} · ${step.name}`, `Step ${index + 1}: ${step.name}`, () => go(state, index + 1))
      name.className = "name"
      name.setAttribute("aria-pressed", state.step === index + 1)
      return tag("li", state.step === index + 1 ? "lit" : state.step ? "dim" : "", name, ...contentOf(state, index))
    }),
  )
}
