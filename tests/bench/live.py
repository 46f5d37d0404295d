"""`python -m tests.bench.live`: how closely the Scaling page follows the hand on a slider, in headless Chromium.

Hand to paint: from the event of the mouse or the key to the moment after the frame that shows the new numbers was painted. Commit to
paint: the same from the key, which commits at once; the mirror paints before the server has answered. Updates: changes of the numbers painted during a drag.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ..serving import CHROMIUM, QUIET, open_page, server, settle
from .report import quantile, show

SWEEPS = 6
STEPS = 60  # events of the mouse in a sweep
KEYS = 20
WATCH = """() => {
  const seen = window.__seen = { input: 0, hand: [], texts: new Set(), draws: 0, work: [] }
  for (const kind of ['pointermove', 'keydown']) document.addEventListener(kind, () => { seen.input = performance.now() }, true)
  const tiles = document.querySelector('.st-key-tiles [data-testid=stBidiComponentIsolated]').shadowRoot
  const exact = () => [...tiles.querySelectorAll('.exact')].map((e) => e.textContent).join('|')
  const after = new MessageChannel()
  let waiting = null
  after.port1.onmessage = () => {
    const text = exact()
    if (text !== seen.last) { seen.draws += 1; seen.texts.add(text); seen.last = text; seen.hand.push(performance.now() - waiting.input) }
  }
  window.effnetLive.subscribe(() => { waiting = { input: seen.input }; after.port2.postMessage(0) })  // last of all: the others have drawn
}"""

START = """() => {
  const seen = Object.assign(window.__seen, { draws: 0, hand: [], start: performance.now(), frames: 0 })
  const tick = () => { seen.frames += 1; seen.timer = requestAnimationFrame(tick) }
  tick()
}"""
STOP = """() => {
  cancelAnimationFrame(window.__seen.timer)
  const { hand, draws, frames, start } = window.__seen
  return { hand, draws, frames, seconds: (performance.now() - start) / 1000 }
}"""
CAPACITY = """() => new Promise((done) => {
  const input = document.querySelector('.st-key-phi input')
  const [base, seen, start] = [Number(input.getAttribute('value')), window.__seen, performance.now()]
  let step = 0
  seen.draws = 0
  const tick = () => {
    if (performance.now() - start > 3000) return done(1000 * seen.draws / (performance.now() - start))
    step += 1
    input.setAttribute('value', String(base + (step % 10 + 1) / 10))
    requestAnimationFrame(tick)
  }
  tick()
})"""  # what could be drawn if the mouse sent an event for every frame
PLACES = {"B0 to φ = 7": "/scaling", "by layers": "/scaling?level=Layers", "all unfolded": "/scaling?opened=1,2,3,4,5",
          "absurd, α = 2": "/scaling?alpha=2&gamma=1", "by layers, all unfolded, φ = 3": "/scaling?phi=3&level=Layers&opened=0,1,2,3,4,5,6"}
REACH = 130  # pixels to the right and back


def thumb(page: Page, key: str) -> tuple[float, float]:
    box = page.locator(f".st-key-{key} [data-testid=stSliderThumbValue]").locator("..").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, key: str, reach: float) -> dict:
    """Back and forth, as fast as the browser takes it; what was seen, and the seconds and frames that it took."""
    x, y = thumb(page, key)
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(START)
    for sweep in range(SWEEPS):
        page.mouse.move(x + reach * (1 - sweep % 2), y, steps=STEPS)
    seen = page.evaluate(STOP)
    page.mouse.up()
    settle(page, 400)
    return seen


def keys(page: Page) -> list[float]:
    """Milliseconds from a key to the paint."""
    slider = page.locator(".st-key-phi").get_by_role("slider")
    page.evaluate("() => { window.__seen.hand = [] }")
    for _ in range(KEYS):
        slider.press("ArrowRight")
        page.wait_for_timeout(500)
    return page.evaluate("window.__seen.hand")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        for title, path in PLACES.items():
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            open_page(page, address + path)
            settle(page, 1500)
            page.evaluate(WATCH)
            seen = drag(page, "phi", 60 if "phi" in path else REACH)
            pressed = keys(page)
            show(f"The Scaling page, {title}", {"hand to paint, while dragging": seen["hand"], "key (a commit) to paint": pressed})
            print(f"{seen['draws'] / seen['seconds']:.0f} updates a second for {SWEEPS * STEPS / seen['seconds']:.0f} events of the mouse, "
                  f"of {seen['frames'] / seen['seconds']:.0f} frames; {page.evaluate(CAPACITY):.0f} updates a second with an event in every frame; "
                  f"p95 of a commit {quantile(pressed, 0.95):.0f} ms")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
