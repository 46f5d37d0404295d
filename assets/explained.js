// The card that explains a word where it stands, or says where to look.
const phrases = (window.effnetPhrases ??= { words: {}, send: () => {} })

function raise(link, role) {
  clearTimeout(phrases.leaving)
  phrases.by?.removeAttribute("aria-describedby")
  phrases.card.setAttribute("role", role)
  phrases.card.replaceChildren()
  phrases.card.showPopover()
  phrases.by = link
}

function write(title, text) {
  phrases.card.replaceChildren(Object.assign(document.createElement("b"), { textContent: title }), document.createTextNode(` ${text}`))
  place()
}

function show(link, title, text) {
  raise(link, "tooltip")
  describe(link, `${title}: ${text}`)
  write(title, text)
}

// What has just happened is read out unasked: of a status those words are heard that come to it, so that it stands there a frame before them.
function tell(link, title, text) {
  raise(link, "status")
  requestAnimationFrame(() => phrases.by === link && write(title, text))
}

function shown(link) {
  const [title, text] = phrases.words[decodeURIComponent(link.hash.slice(6))] ?? []
  if (title) show(link, title, text)
}

// For those who hear the page: a description cannot cross a shadow's border, so that it stands in the document itself.
function describe(link, text) {
  const said = document.getElementById("ef-word") ?? Object.assign(document.createElement("div"), { id: "ef-word", hidden: true })
  said.textContent = text
  if (!said.isConnected) document.body.append(said)
  link.setAttribute("aria-describedby", "ef-word")
}

// Below the word, or above it where there is no room; again after the page has moved.
function place() {
  const { card, by } = phrases
  const at = by.getBoundingClientRect()
  const { offsetWidth: width, offsetHeight: height } = card
  card.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8))}px`
  card.style.top = `${at.bottom + height + 12 > window.innerHeight && at.top > height + 12 ? at.top - height - 6 : at.bottom + 6}px`
}

function hide() {
  clearTimeout(phrases.leaving)
  phrases.by?.removeAttribute("aria-describedby")
  phrases.by = null
  if (phrases.card?.matches(":popover-open")) phrases.card.hidePopover()
}

function card(root) {
  if (!root.firstChild) {
    const made = Object.assign(document.createElement("div"), { className: "card" })
    made.setAttribute("popover", "manual")
    root.append(made)
  }
  return root.firstChild
}
