// What all our components of a page share: where the hand has the sliders, the mirror of effnet_core, and one redraw per frame.
// Streamlit sends a slider's value when it is let go; its thumb tells the document every step before that, and from there we read it.
function makeLive() {
  const keys = ["phi", "alpha", "beta", "gamma"]
  const watched = new Set(keys)
  const listeners = new Set()
  const live = { mirror: null, hand: {}, frames: 0, known: new Map() }
  let waiting = false

  function thumb(key) {
    const input = document.querySelector(`.st-key-${key} input[type="range"]`)
    if (!input) return null
    const [value, step] = ["value", "step"].map((name) => Number(input.getAttribute(name)))
    return Number.isFinite(value) && step > 0 ? { value, step } : null
  }

  function look() {
    let moved = false
    for (const key of watched) {
      const found = thumb(key)
      if (found?.value !== live.hand[key]?.value) moved = true
      live.hand[key] = found
    }
    if (moved) live.wake()
  }

  // Draws on the next frame whatever is newest then: any number of moves before it are one.
  live.wake = () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      live.frames += 1
      for (const listener of listeners) listener()
    })
  }

  // Where the hand is, or null where it is where Python last saw it. A thumb shows whole steps only: what is off them is kept.
  function away(settings) {
    const now = {}
    let moved = false
    for (const key of keys) {
      const found = live.hand[key]
      const differs = found && Math.abs(found.value - settings[key]) > found.step / 2 + 1e-9
      now[key] = differs ? found.value : settings[key]
      moved ||= Boolean(differs)
    }
    return moved ? now : null
  }

  function network(settings) {
    const key = JSON.stringify([settings.base, settings.classes, ...keys.map((name) => settings[name])])
    if (!live.known.has(key)) {
      live.known.clear() // all components of a frame ask for the same one
      try {
        live.known.set(key, live.mirror.network(settings))
      } catch (refused) {
        if (!(refused instanceof RangeError)) throw refused
        live.known.set(key, { refused: refused.message })
      }
    }
    return live.known.get(key)
  }

  // The values of a lesson's own sliders where the hand has them; `settings` is what Python last saw of each, by its key.
  live.handed = (settings) => {
    const now = { ...settings }
    for (const [key, value] of Object.entries(settings)) {
      watched.add(key)
      const found = (live.hand[key] = thumb(key))
      if (found && Math.abs(found.value - value) > found.step / 2 + 1e-9) now[key] = found.value
    }
    return now
  }

  // What is to be drawn: what Python said, or while the hand is elsewhere what `draw` makes of the network there, or {refused}.
  live.shown = (data, draw) => {
    if (data.hand) return { ...data, hand: live.handed(data.hand) }
    const now = live.mirror && data.settings?.live ? away(data.settings) : null
    if (data.settings) document.body.classList.toggle("ef-away", now !== null) // what only the server knows stands faint until it has answered
    if (!now) return data
    const settings = { ...data.settings, ...now }
    const made = network(settings)
    return made.refused ? made : { ...draw(live.mirror, made, settings), settings: data.settings }
  }

  live.subscribe = (listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  look()
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["value"] })
  return live
}

const live = window.effnetLive ??= makeLive()
