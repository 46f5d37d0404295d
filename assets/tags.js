// Pieces of HTML, and buttons.
function tag(name, kind, ...children) {
  const node = document.createElement(name)
  if (kind) node.className = kind
  node.append(...children)
  return node
}

function buttonOf(text, label, act) {
  const node = tag("button", "", text)
  Object.assign(node, { type: "button", title: label, onclick: act })
  node.setAttribute("aria-label", label)
  return node
}
