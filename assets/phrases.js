// Links of the prose that act: `#set:` sends its settings to Python, `#word:` shows what the glossary says of a word.
const PATIENCE_MS = 5000
const PLACES = { layer: "spine", surgery: "operated", q: "predict", maps: "map_choice", class: "class_choice" } // what shows a value that is no widget's own

const linkOf = (event, kind) => event.target instanceof Element ? event.target.closest(`a[href^="#${kind}:"]`) : null
const inSight = ({ top, bottom, width }) => width > 0 && bottom > 60 && top < window.innerHeight

// Once the app has answered: rings what was set where it is in sight; where nothing of it is, says at the phrase where to look.
function point(link, keys, since) {
  const places = keys.flatMap((key) => [...document.querySelectorAll(`.st-key-${CSS.escape(PLACES[key] ?? key)}`)])
  const settled = document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]")
  const drawn = places.filter((place) => place.getBoundingClientRect().width > 0)
  if ((!settled || !drawn.length) && performance.now() - since < PATIENCE_MS) return setTimeout(() => point(link, keys, since), 120)
  const seen = drawn.filter((place) => inSight(place.getBoundingClientRect()))
  for (const place of seen) ring(place)
  if (seen.length || !link.isConnected) return
  const above = drawn.length && drawn[0].getBoundingClientRect().top < link.getBoundingClientRect().top
  tell(link, "Set.", drawn.length ? `It is ${above ? "above" : "below"}, out of sight.` : "")
}

function ring(place) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--ef-accent").trim() || "currentColor"
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
  const lit = { outline: `3px solid ${colour}`, outlineOffset: "4px", borderRadius: "6px" }
  place.animate(still ? [lit, lit] : [lit, { ...lit, outlineColor: "transparent" }], { duration: 1400, easing: "ease-in" })
}

function act(link) {
  const target = link.getAttribute("href").slice(5)
  const keys = target.slice(target.lastIndexOf("?") + 1).split("&").map((part) => part.split("=")[0])
  phrases.send(target)
  setTimeout(() => point(link, keys, performance.now()), 250)
}

function onClick(event) {
  const set = linkOf(event, "set"), word = linkOf(event, "word")
  if (set || word) event.preventDefault()
  if (word) shown(word)
  else hide()
  if (set) act(set)
}

function onKey(event) {
  if (event.key === "Escape") hide()
  const set = event.key === " " && linkOf(event, "set")
  if (!set) return
  event.preventDefault() // a button answers to the space bar, and does not scroll
  act(set)
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

// A phrase is announced as what it is: a button that sets the figure.
function announce() {
  for (const link of document.querySelectorAll('a[href^="#set:"]:not([role])')) {
    link.setAttribute("role", "button")
    link.title = link.getAttribute("href").includes("?") ? "Shows it on another page" : "Sets the figure"
  }
  phrases.waiting = false
}

function listen() {
  document.addEventListener("click", onClick, true)
  document.addEventListener("pointerover", onPoint)
  document.addEventListener("focusin", (event) => linkOf(event, "word") ? shown(linkOf(event, "word")) : hide())
  document.addEventListener("keydown", onKey)
  document.addEventListener("scroll", onScroll, true)
  new MutationObserver(() => {
    if (!phrases.waiting) requestAnimationFrame(announce)
    phrases.waiting = true
  }).observe(document.body, { subtree: true, childList: true })
  announce()
  phrases.listening = true
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".phrases")
  Object.assign(phrases, { card: card(root), words: data.words, send: (target) => setTriggerValue("followed", target) })
  if (!phrases.listening) listen()
}
