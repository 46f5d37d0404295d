// Boxes and arrows of drawings in which volumes stand in proportion.
const thin = 3 // pixels; nothing is drawn thinner
const slant = 0.32 // how far the depth runs to the upper right, per pixel of a side

function arrowHead(path) {
  const points = path.slice(1).split("L").map((point) => point.split(" ").map(Number))
  const [[x0, y0], [x, y]] = points.slice(-2)
  const length = Math.hypot(x - x0, y - y0) || 1
  const [dx, dy] = [(x - x0) / length, (y - y0) / length]
  const corner = (back, aside) => `${x - back * dx - aside * dy} ${y - back * dy + aside * dx}`
  return element("path", { class: "head", d: `M${x} ${y}L${corner(7, 3.5)}L${corner(7, -3.5)}z` })
}

// A box from its front face [x, y, width, height] and how far it goes back.
function solidOf([x, y, width, height, back]) {
  const [right, top] = [x + width, y - back]
  return [
    element("path", { class: "top", d: `M${x} ${y}L${x + back} ${top}L${right + back} ${top}L${right} ${y}z` }),
    element("path", { class: "far", d: `M${right} ${y}L${right + back} ${top}L${right + back} ${top + height}L${right} ${y + height}z` }),
    element("rect", { class: "front", x, y, width, height }),
  ]
}
