// What the lessons' smaller drawings share: HTML, lines, labels, and the sigmoid.
function html(tag, attributes, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  node.append(...children)
  return node
}

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

const many = (count) => count.toLocaleString("en")
const clamp = (value, low, high) => Math.min(high, Math.max(low, value))

// Without an overflow for any x, as effnet_core/lessons/activations.py has it.
function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const small = Math.exp(x)
  return small / (1 + small)
}
