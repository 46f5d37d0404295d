// Links of the prose that act: `#set:` sends its settings to Python, `#word:` shows what the glossary says of a word.
const phrases = (window.effnetPhrases ??= { words: {}, send: () => {} })

function shown(link) {
  const [title, text] = phrases.words[decodeURIComponent(link.hash.slice(6))] ?? []
  const { card } = phrases
  if (!title) return
  card.replaceChildren(Object.assign(document.createElement("b"), { textContent: title }), document.createTextNode(` ${text}`))
  card.showPopover()
  const at = link.getBoundingClientRect()
  const { offsetWidth: width, offsetHeight: height } = card
  card.style.left = `${Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8))}px`
  card.style.top = `${at.bottom + height + 12 > window.innerHeight && at.top > height + 12 ? at.top - height - 6 : at.bottom + 6}px`
  phrases.by = link
}

function hide() {
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
  if (word) shown(word)
  else if (phrases.by && !phrases.by.contains(document.activeElement)) hide()
}

function listen() {
  document.addEventListener("click", onClick, true)
  document.addEventListener("pointerover", onPoint)
  document.addEventListener("focusin", (event) => linkOf(event, "word") ? shown(linkOf(event, "word")) : hide())
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide())
  document.addEventListener("scroll", hide, true)
  phrases.listening = true
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".phrases")
  if (!root.firstChild) {
    const card = Object.assign(document.createElement("div"), { className: "card", role: "status" })
    card.setAttribute("popover", "manual")
    root.append(card)
  }
  Object.assign(phrases, { card: root.firstChild, words: data.words, send: (target) => setTriggerValue("followed", target) })
  if (!phrases.listening) listen()
}
