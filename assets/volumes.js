// Volumes in proportion, with their arrows and words: the parts of a drawing as figures/volumes.py and block_scene.js lay them out.
function shapesOf(part) {
  return [
    ...part.lines.flatMap(([path, arrow, dashed]) => [element("path", { class: dashed ? "line dashed" : "line", d: path }), ...arrow ? [arrowHead(path)] : []]),
    ...part.boxes.flatMap(solidOf),
    ...part.needles.map(([x, y, width]) => element("rect", { class: "needle", x, y: y - 2.5, width, height: 5 })),
    ...part.nodes.flatMap(([sign, x, y]) => [element("circle", { class: "node", cx: x, cy: y, r: 9 }), words(sign, { class: "sign", x, y: y + 5, "text-anchor": "middle" })]),
    element("g", { class: "words" }, ...part.words.map(([text, x, y, anchor, strong]) => words(text, { class: strong === true ? "strong" : strong || "plain", x, y, "text-anchor": anchor }))),
  ]
}
