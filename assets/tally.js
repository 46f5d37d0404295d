// What the sliders' convolution comes to, in a line right below them; it follows the hand. For phones, where the whole account is some screens away.
function tallied({ cells, macs, params }) {
  return [["Dᵥ", cells], ["MACs", macs], ["parameters", params]].map(([name, count]) => tag("span", "", tag("b", "", grouped(count)), ` ${name}`))
}

export default function (component) {
  return follow(component, ".tally", (root, shown) => patchChildren(root, tallied(convolutionOf(shapeOf(shown)))))
}
