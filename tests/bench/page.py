"""`python -m tests.bench.page`: from a slider move on the Scaling page to the finished page in headless Chromium.

Server: the frames of the WebSocket, from the message that carries the new value to the last one of the answer. Page: from the key to
the last change of the document. The script alone is timed without a browser.
"""

import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from ..apps import open_app
from ..serving import CHROMIUM, QUIET, open_page, server, settle
from .report import show

MOVES = 40
REGIONS = {"numbers": ".st-key-tiles", "spine": ".st-key-spine", "graph": ".st-key-graph", "bars": ".st-key-bars"}
WATCH = """(regions) => {
  const main = document.querySelector('[data-testid=stMain]')
  window.__key = 0; window.__changed = {}
  const watch = (records) => {
    const now = performance.now()
    window.__changed.page = now
    for (const { target } of records) {
      const node = target.nodeType === 1 ? target : target.parentElement
      for (const [name, css] of Object.entries(regions)) if (node?.closest(css) || node?.getRootNode().host?.closest(css)) window.__changed[name] = now
    }
  }
  for (const root of [main, ...[...main.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot)])
    new MutationObserver(watch).observe(root, { subtree: true, childList: true, attributes: true, characterData: true })
  document.addEventListener('keydown', () => { window.__key = performance.now(); window.__changed = {} }, true)
}"""


def script_alone() -> list[float]:
    """The Scaling page's whole script, B0 to B7, as Streamlit's own test harness runs it."""
    app = open_app("scaling")
    times = []
    for move in range(MOVES):
        app.slider(key="phi").set_value(round(7 * (move + 1) / MOVES, 1))
        start = time.perf_counter()
        app.run()
        times.append(1000 * (time.perf_counter() - start))
    return times


class Frames:
    """When the browser last sent and last received something, on the clock of this process."""

    def __init__(self, page) -> None:
        self.sent = self.received = 0.0
        page.on("websocket", self._listen)

    def _listen(self, socket) -> None:
        socket.on("framesent", lambda _: setattr(self, "sent", time.perf_counter()))
        socket.on("framereceived", lambda _: setattr(self, "received", time.perf_counter()))


def in_browser(address: str, path: str) -> dict[str, list[float]]:
    """Milliseconds from the key to the last change of every region, and of the whole page; and what the server took of it."""
    times: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        frames = Frames(page)
        open_page(page, address + path)
        settle(page, 1500)
        page.evaluate(WATCH, REGIONS)
        slider = page.locator(".st-key-phi").get_by_role("slider")
        for _ in range(MOVES):
            slider.press("ArrowRight")
            page.wait_for_timeout(900)
            times.setdefault("server", []).append(1000 * (frames.received - frames.sent))
            for region, moment in page.evaluate("Object.entries(window.__changed).map(([n, t]) => [n, t - window.__key])"):
                times.setdefault(region, []).append(moment)
        browser.close()
    return times


def main() -> None:
    script = script_alone()
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as address:
        for title, path in {"φ = 0 … 4": "/scaling?phi=0", "φ = 3 … 7": "/scaling?phi=3", "φ = 3 … 7, drawn by layers": "/scaling?phi=3&level=layer"}.items():
            parts = in_browser(address, path)
            whole = {"the whole page": parts.pop("page"), "script alone, φ = 0 … 7": script, "server's answer, with the WebSocket": parts.pop("server")}
            show(f"One slider move on the Scaling page, {title}", whole | {f"until the {name} stand": times for name, times in parts.items()})


if __name__ == "__main__":
    main()
