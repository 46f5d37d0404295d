// Controls whose value a link has fixed: they are inert, for mouse, touch and keyboard, also after Streamlit has drawn them anew.
const teaching = (window.effnetTeaching ??= { fixed: [] })

function lock() {
  const wanted = new Set(teaching.fixed.flatMap((key) => [...document.querySelectorAll(`.st-key-${CSS.escape(key)}`)]))
  for (const node of document.querySelectorAll("[data-ef-fixed]")) {
    if (wanted.has(node)) continue
    node.inert = false
    delete node.dataset.efFixed
  }
  for (const node of wanted) {
    if (node.inert && node.dataset.efFixed) continue
    node.inert = true
    node.dataset.efFixed = "yes"
  }
}

export default function ({ data }) {
  teaching.fixed = data.fixed
  lock()
  teaching.watch ??= new MutationObserver(lock)
  teaching.watch.disconnect()
  if (teaching.fixed.length) teaching.watch.observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "inert"] })
}
