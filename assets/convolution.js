// A standard convolution: its volumes in proportion, and what it costs; both follow the hand on the sliders.
const letters = [["Dᵤ × Dᵤ", "× M"], ["N kernels", "Dᵣ × Dᵣ × M"], ["Dᵥ × Dᵥ", "× N"]]

function accountOf(conv) {
  const { inputs, outputs, kernel, cells, params, macs, zeros: [before, after] } = conv
  const each = kernel ** 2 * inputs
  const padded = conv.padding === "valid" ? "no zeros are added; ⌊ ⌋ rounds down"
    : `zeros added along each side: ${before} before and ${after} after; ⌈ ⌉ rounds up`
  return [
    lineOf("Side of the map that goes out, Dᵥ", ...sideWords(conv), grouped(cells), padded),
    lineOf("MACs of one cell", "Dᵣ² · M", `${kernel}² · ${inputs}`, grouped(each),
      "every number under the kernel, in all M channels, is multiplied once and added"),
    lineOf("MACs", "Dᵣ² · M · N · Dᵥ²", `${kernel}² · ${inputs} · ${outputs} · ${cells}²`, grouped(macs),
      `the same for every one of the N · Dᵥ² = ${grouped(outputs * cells ** 2)} cells that go out`),
    lineOf("Parameters", "Dᵣ² · M · N", `${kernel}² · ${inputs} · ${outputs}`, grouped(params),
      "the N kernels, the same at every place: the side of the map does not matter"),
  ]
}

function draw(root, shown, width) {
  const conv = convolutionOf(shapeOf(shown))
  const unit = Math.max(46, Math.min(150, (width - 80) / 3 / (1 + slant)))
  const picture = panelOf(conv, scaleFor([conv], unit, unit), { kinds: ["input", "output"], letters, title: "Standard convolution" })
  coloured(root, shown.colours)
  root.dataset.macs = conv.macs
  root.dataset.params = conv.params
  root.dataset.cells = conv.cells
  const fresh = tag("div", "", tag("div", "panel", picture), tag("div", "accounts", ...accountOf(conv)))
  patchChildren(root, [...fresh.childNodes])
}

export default function (component) {
  return follow(component, ".convolution", draw)
}
