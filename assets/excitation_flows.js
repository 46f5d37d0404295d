// What leads from part to part of one channel's excitation, and the curve of the sigmoid.
const group = (name, ...children) => element("g", { class: "part", "data-part": name }, ...children.filter(Boolean))

function arrow(points) {
  const [[x0, y0], [x, y]] = points.slice(-2)
  const length = Math.hypot(x - x0, y - y0) || 1
  const [dx, dy] = [(x - x0) / length, (y - y0) / length]
  const corner = (aside) => `${x - 8 * dx - aside * dy} ${y - 8 * dy + aside * dx}`
  return [
    element("path", { class: "flow", d: `M${points.map((point) => point.join(" ")).join("L")}` }),
    element("path", { class: "tip", d: `M${x} ${y}L${corner(4)}L${corner(-4)}z` }),
  ]
}

function sigmaOf({ x, y, width, height }, { total, value }, s, digits) {
  const reach = Math.max(6, Math.ceil(Math.abs(total ?? 0) + 1))
  const at = (input) => [x + (width * (input + reach)) / (2 * reach), y + height * (1 - 1 / (1 + Math.exp(-input)))]
  const curve = Array.from({ length: 81 }, (_, step) =>
    at(reach * (step / 40 - 1))
      .map((part) => part.toFixed(1))
      .join(" "),
  ).join("L")
  const dot = element("circle", { class: "dot", r: 5 })
  const set = s === value || !Number.isFinite(s) ? [] : [element("path", { class: "set", d: `M${at(total)[0]} ${y + height * (1 - s) - 6}l6 6l-6 6l-6 -6z` })]
  return {
    at,
    dot,
    nodes: [
      element("path", {
        class: "axis",
        d: `M${x} ${y}h${width}M${x} ${y + height / 2}h${width}M${x} ${y + height}h${width}M${x + width / 2} ${y}v${height}`,
      }),
      element("path", { class: "curve", d: `M${curve}` }),
      ...[
        [0, "1"],
        [0.5, "½"],
        [1, "0"],
      ].map(([share, text]) => words(text, { class: "label", x: x - 7, y: y + height * share + 4, "text-anchor": "end" })),
      ...[
        [-1, `−${reach}`],
        [0, "0"],
        [1, `${reach}`],
      ].map(([side, text]) =>
        words(text, { class: "label", x: x + (width * (side + 1)) / 2, y: y + height + 15, "text-anchor": "middle" }),
      ),
      ...set,
      dot,
    ],
  }
}

function flowsOf(layout, h) {
  const { before, after, times, z, gates, sigma } = layout
  if (!layout.wide) {
    return {
      squeeze: [],
      first: [],
      second: [],
      back: arrow([
        [times.x, gates.y],
        [times.x, times.y + 12],
      ]).slice(0, 0),
      down: arrow([
        [before.x + before.side + 4, times.y],
        [times.x - 11, times.y],
      ]),
      out: arrow([
        [times.x + 11, times.y],
        [after.x - 3, times.y],
      ]),
    }
  }
  const [middle, gap] = [before.x + before.side / 2, h.values.x - 26]
  const level = gates.y + gates.height / 2
  return {
    squeeze: arrow([
      [before.x + before.side + 4, z.values.y + 40],
      [z.values.x - 6, z.values.y + 40],
    ]),
    first: arrow([
      [z.products.x + z.products.width + 4, z.products.y + 24],
      [gap, z.products.y + 24],
      [gap, h.values.y + 40],
      [h.values.x - 5, h.values.y + 40],
    ]),
    second: arrow([
      [sigma.x + sigma.width / 2, h.sum.y + 8],
      [sigma.x + sigma.width / 2, sigma.y - 20],
    ]),
    back: [
      ...arrow([
        [sigma.x - 22, level],
        [gates.x + gates.width + 6, level],
      ]),
      ...arrow([
        [gates.x - 6, level],
        [gates.x - 30, level],
        [gates.x - 30, times.y],
        [times.x + 11, times.y],
      ]),
    ],
    down: arrow([
      [middle, before.y + before.side + 3],
      [middle, times.y - 11],
    ]),
    out: arrow([
      [middle, times.y + 11],
      [middle, after.y - LABEL],
    ]),
  }
}
