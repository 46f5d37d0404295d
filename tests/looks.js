// What a person would call broken, found by measure: [kind, what, where] for everything that sticks out of the page or lies on something else.
() => {
  const main = document.querySelector("[data-testid=stMain]")
  const found = []
  if (main.scrollWidth > main.clientWidth + 1) found.push(["wider than the page", main.scrollWidth, main.clientWidth])
  const said = (node) => (node.getAttribute?.("aria-label") || node.textContent || node.className?.baseVal || node.className || "").trim().slice(0, 40)
  const roots = (node) => [node, ...[...node.querySelectorAll("*")].filter((one) => one.shadowRoot).flatMap((one) => roots(one.shadowRoot))]
  const shown = (node) => {
    const box = node.getBoundingClientRect()
    return box.width > 1 && box.height > 1 && node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) ? box : null
  }
  const clipped = (node, box) => { // what a scrolling parent does not show lies on nothing
    let { left, top, right, bottom } = box
    for (let up = node.parentElement ?? node.getRootNode().host; up; up = up.parentElement ?? up.getRootNode().host) {
      const style = getComputedStyle(up)
      if (style.position === "sticky" || style.position === "fixed") return null
      if (style.overflow === "visible" || up === main) continue
      const edge = up.getBoundingClientRect()
      ;[left, top, right, bottom] = [Math.max(left, edge.left), Math.max(top, edge.top), Math.min(right, edge.right), Math.min(bottom, edge.bottom)]
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null
  }
  const boxes = (root, query) => [...root.querySelectorAll(query)].filter((node) => !node.closest("[data-testid=stSlider]") || node.closest("[data-testid=stWidgetLabel]")).map((node) => {
    const box = shown(node)
    return box && [node, clipped(node, box)]
  }).filter((pair) => pair?.[1])
  const crossed = (pairs, kind, most) => pairs.forEach(([a, p], place) => pairs.slice(place + 1).forEach(([b, q]) => {
    const [wide, high] = [Math.min(p.right, q.right) - Math.max(p.left, q.left), Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top)]
    if (wide > most && high > most && !a.contains(b) && !b.contains(a)) found.push([kind, said(a), said(b)])
  }))
  const prose = "[data-testid=stMarkdownContainer] > *, [data-testid=stWidgetLabel], button, [role=radiogroup], [data-baseweb=select], dt, dd, h1"
  crossed(boxes(main, prose), "overlap", 3)
  for (const root of roots(main).slice(1)) {
    crossed(boxes(root, "button, p, dt, dd, td, th, h3, h4, h5, label, select, input"), "overlap in a component", 3)
    for (const drawing of root.querySelectorAll(".drawing, .strips")) if (drawing.scrollWidth > drawing.clientWidth + 1) found.push(["a drawing is cut", said(drawing), drawing.scrollWidth])
    for (const svg of root.querySelectorAll("svg")) crossed(boxes(svg, "text"), "words on words", 4)
  }
  for (const root of roots(main)) for (const word of root.querySelectorAll("svg.lines text")) {
    const [box, edge] = [shown(word), word.closest("svg").getBoundingClientRect()]
    if (box && (box.right > edge.right + 1 || box.left < edge.left - 1)) found.push(["words of a chart are cut", word.textContent.slice(0, 60), edge.width])
  }
  for (const plot of main.querySelectorAll(".js-plotly-plot")) crossed(boxes(plot, ".xtick text, .ytick text, .xtitle, .ytitle, .legendtext"), "words on words in a chart", 4)
  for (const root of roots(main)) for (const node of root.querySelectorAll("text, .js-plotly-plot text")) {
    const size = Number.parseFloat(getComputedStyle(node).fontSize)
    if (shown(node) && size < 11.5 && node.textContent.trim()) found.push(["smaller than 12 px", node.textContent.slice(0, 40), size])
  }
  return found
}
