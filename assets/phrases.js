// Links of the prose that act: `#set:` sends its settings to Python, `#word:` shows what the glossary says of a word.
const phrases = (window.effnetPhrases ??= { words: {}, send: () => {} })

function shown(link) {
  const [title, text] = phrases.words[decodeURIComponent(link.hash.slice(6))] ?? []
  const { card } = phrases
  if (!title) return
  clearTimeout(phrases.leaving)
  card.replaceChildren(Object.assign(document.createElement("b"), { textContent: title }), document.createTextNode(` ${text}`))
  describe(link, `${title}: ${text}`)
  card.showPopover()
  phrases.by = link
  place()
}

// For those who hear the page: a description cannot cross a shadow's border, so that it stands in the document itself.
function describe(link, text) {
  if (phrases.by !== link) phrases.by?.removeAttribute("aria-describedby")
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

const linkOf = (event, kind) => event.target instanceof Element ? event.target.closest(`a[href^="#${kind}:"]`) : null

function onClick(event) {
  const set = linkOf(event, "set"), word = linkOf(event, "word")
  if (set || word) event.preventDefault()
  if (set) phrases.send(decodeURI(set.getAttribute("href").slice(5)))
  if (word) shown(word)
  else hide()
}

function onPoint(event) {
  const word = linkOf(event, "word")
  if (word) return shown(word)
  if (!phrases.by || phrases.by.contains(document.activeElement)) return
  clearTimeout(phrases.leaving)
  if (!event.composedPath().includes(phrases.card)) phrases.leaving = setTimeout(hide, 250) // long enough to reach the card and read on
}

// A word that was reached with the keyboard may have been scrolled to just now.
function onScroll() {
  if (phrases.by?.matches(":focus")) place()
  else if (phrases.by) hide()
}

function listen() {
  document.addEventListener("click", onClick, true)
  document.addEventListener("pointerover", onPoint)
  document.addEventListener("focusin", (event) => linkOf(event, "word") ? shown(linkOf(event, "word")) : hide())
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide())
  document.addEventListener("scroll", onScroll, true)
  phrases.listening = true
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".phrases")
  if (!root.firstChild) {
    const card = Object.assign(document.createElement("div"), { className: "card", role: "tooltip" })
    card.setAttribute("popover", "manual")
    root.append(card)
  }
  Object.assign(phrases, { card: root.firstChild, words: data.words, send: (target) => setTriggerValue("followed", target) })
  if (!phrases.listening) listen()
}
