// What every step costs: a row each, with bars for parameters, MACs and activations, and the difference to the step before.
const measures = [["params", "Parameters", "learnt numbers"], ["macs", "MACs", "multiply-adds for one image"], ["activations", "Activations", "numbers that the layers hand on"]]

function changeOf(now, before, si, waits) {
  if (!before || now === before) return before ? "as before" : ""
  if (waits) return "after your guess above"
  const times = now / before
  const factor = times >= 1.95 ? `, × ${three(times)}` : times <= 0.51 ? `, ÷ ${three(before / now)}` : ""
  const difference = BigInt(now) - BigInt(before)
  return `${difference > 0n ? "+" : ""}${si(difference)}${factor}`
}

function figureOf(name, value, before, most, si, words, waits) {
  const bar = tag("i", "bar", Object.assign(tag("u", ""), { style: `width:${(100 * value) / most}%` }))
  const cell = tag("span", "figure", tag("small", "what", words), tag("b", "", si(BigInt(value))), bar, tag("small", "change", changeOf(value, before, si, waits)))
  cell.title = `${grouped(value)} ${words.toLowerCase()}${before ? `, ${grouped(before)} before` : ""}`
  return cell
}

function rungOf({ name, number, block, before, waits }, chosen, most, si) {
  const figures = measures.map(([key, words]) => figureOf(key, block[key], before?.[key], most[key], si, words, key === waits))
  const row = tag(number ? "button" : "div", chosen ? "rung chosen" : "rung", tag("span", "name", number ? tag("em", "", String(number)) : "", name), ...figures)
  if (number) {
    row.type = "button"
    row.dataset.id = number - 1
    row.tabIndex = chosen ? 0 : -1
    if (chosen) row.setAttribute("aria-current", "step")
  }
  return row
}

// `rungs` in order; `pick` is called with the index of a step that was clicked or reached with the arrow keys.
function ladderOf(rungs, chosen, si, pick) {
  const most = Object.fromEntries(measures.map(([key]) => [key, Math.max(1, ...rungs.map(({ block }) => block[key]))]))
  const head = tag("div", "rung heads", tag("span", "name", "Step"), ...measures.map(([, words, explained]) => tag("span", "figure", tag("b", "", words), tag("small", "", explained))))
  const ladder = tag("div", "ladder", head, ...rungs.map((rung, index) => rungOf(rung, index === chosen, most, si)))
  ladder.setAttribute("role", "group")
  ladder.setAttribute("aria-label", "What every step costs; arrow keys go from step to step")
  ladder.onclick = (event) => {
    const row = event.target.closest("button.rung")
    if (row) pick(Number(row.dataset.id))
  }
  ladder.onkeydown = (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key]
    const row = by && event.currentTarget.querySelector(`[data-id="${Number(event.target.closest("button.rung").dataset.id) + by}"]`)
    if (!row) return
    row.focus()
    pick(Number(row.dataset.id))
    event.preventDefault()
  }
  return ladder
}
