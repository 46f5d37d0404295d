// Pieces of HTML, by their class or by their attributes, and buttons.
function tag(name, kind, ...children) {
  const node = document.createElement(name)
  if (kind) node.className = kind
  node.append(...children)
  return node
}

// Children that are null or undefined are left out.
function html(name, attributes, ...children) {
  const node = tag(name, "", ...children.filter((child) => child !== null && child !== undefined))
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
  return node
}

function buttonOf(text, label, act) {
  const node = tag("button", "", text)
  Object.assign(node, { type: "button", title: label, onclick: act })
  node.setAttribute("aria-label", label)
  return node
}
