// What the lessons' smaller drawings share: lines, labels, and steps of a calculation.
function svgOf(width, height, label, more = {}) {
  return element("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, ...more })
}

const lineAt = (kind, [x1, y1], [x2, y2], more = {}) => element("line", { class: kind, x1, y1, x2, y2, ...more })
const labelAt = (text, x, y, anchor = "start", kind = "tick") => words(text, { class: kind, x, y, "text-anchor": anchor })

// A mark that says what it is when pointed at.
function titled(node, text) {
  const title = element("title", {})
  title.textContent = text
  node.append(title)
  return node
}

// A line of a calculation below its name.
const stepsOf = (lines) => lines.map(([name, line]) => html("div", {}, html("span", {}, name), line))

const clamp = (value, low, high) => Math.min(high, Math.max(low, value))
