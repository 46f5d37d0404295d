// Volumes in proportion, with their arrows and words: the parts of a drawing as figures/volumes.py and block_scene.js lay them out.
function arrowHead(path) {
  const points = path.slice(1).split("L").map((point) => point.split(" ").map(Number))
  const [[x0, y0], [x, y]] = points.slice(-2)
  const length = Math.hypot(x - x0, y - y0) || 1
  const [dx, dy] = [(x - x0) / length, (y - y0) / length]
  const corner = (back, aside) => `${x - back * dx - aside * dy} ${y - back * dy + aside * dx}`
  return element("path", { class: "head", d: `M${x} ${y}L${corner(7, 3.5)}L${corner(7, -3.5)}z` })
}

function boxOf([x, y, width, height, back]) {
  const [right, top] = [x + width, y - back]
  return [
    element("path", { class: "top", d: `M${x} ${y}L${x + back} ${top}L${right + back} ${top}L${right} ${y}z` }),
    element("path", { class: "far", d: `M${right} ${y}L${right + back} ${top}L${right + back} ${top + height}L${right} ${y + height}z` }),
    element("rect", { class: "front", x, y, width, height }),
  ]
}

function shapesOf(part) {
  return [
    ...part.lines.flatMap(([path, arrow, dashed]) => [element("path", { class: dashed ? "line dashed" : "line", d: path }), ...arrow ? [arrowHead(path)] : []]),
    ...part.boxes.flatMap(boxOf),
    ...part.needles.map(([x, y, width]) => element("rect", { class: "needle", x, y: y - 2.5, width, height: 5 })),
    ...part.nodes.flatMap(([sign, x, y]) => [element("circle", { class: "node", cx: x, cy: y, r: 9 }), words(sign, { class: "sign", x, y: y + 5, "text-anchor": "middle" })]),
    element("g", { class: "words" }, ...part.words.map(([text, x, y, anchor, strong]) => words(text, { class: strong === true ? "strong" : strong || "plain", x, y, "text-anchor": anchor }))),
  ]
}

function tag(name, className, ...children) {
  const node = document.createElement(name)
  node.className = className
  node.append(...children)
  return node
}
