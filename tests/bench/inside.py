"""`python -m tests.bench.inside`: from a click on the page Inside to the finished page in headless Chromium, with B0 at 224 pixels.

Server: the frames of the WebSocket, from the message that carries the click to the last one of the answer. Page: from the click to the
last change of the document. A new picture includes one forward pass, which is timed beside it.
"""

import statistics
import tempfile
import time
from pathlib import Path

import torch
from playwright.sync_api import sync_playwright

from effnet_core import load, published
from effnet_core.checkpoints import make_card, save
from effnet_core.inside.inspection import inspect
from effnet_core.network import build
from effnet_core.photos import samples
from effnet_core.preprocess import Preprocess

from ..serving import CHROMIUM, QUIET, open_page, server, settle
from .page import Frames
from .report import show

MOVES = 12
WATCH = """() => {
  window.__start = 0; window.__last = 0
  const watch = () => { window.__last = performance.now() }
  const seen = new WeakSet()
  const observe = (root) => {
    if (seen.has(root)) return
    seen.add(root)
    new MutationObserver(() => { watch(); hosts() }).observe(root, { subtree: true, childList: true, attributes: true, characterData: true })
  }
  const main = document.querySelector('[data-testid=stMain]')
  const hosts = () => { for (const host of main.querySelectorAll('[data-testid=stBidiComponentIsolated]')) if (host.shadowRoot) observe(host.shadowRoot) }
  observe(main); hosts()
  for (const kind of ['pointerdown', 'keydown'])
    document.addEventListener(kind, () => { window.__start = performance.now(); window.__last = 0 }, true)
}"""


def model_at_224(folder: Path) -> str:
    """B0 at 224 pixels with the weights of the bundled model, as a model of one's own in the server's cache."""
    bundled = load("b0-imagenette")
    network = build(published("b0", len(bundled.labels)))
    network.load_state_dict(bundled.network.state_dict())
    card = make_card("b0-at-224", network, bundled.labels, Preprocess(256, 224), trained=True)
    save(folder / "models" / "b0-at-224.safetensors", network, card)
    return "b0-at-224"


def pass_ms() -> list[float]:
    torch.set_num_threads(1)
    model = load("b0-imagenette")
    x = Preprocess(256, 224).tensor(samples()["cat"].open())
    times = []
    for _ in range(MOVES):
        start = time.perf_counter()
        inspect(model, x)
        times.append(1000 * (time.perf_counter() - start))
    return times


class Visit:
    """A page in the browser, and how long it takes to answer."""

    def __init__(self, page) -> None:
        self.page, self.frames = page, Frames(page)

    def open(self, address: str) -> None:
        open_page(self.page, address)
        settle(self.page, 2500)
        self.page.evaluate(WATCH)

    def timed(self, act) -> tuple[float, float]:
        act()
        self.page.wait_for_timeout(1500)
        start, last = self.page.evaluate("[window.__start, window.__last]")
        return last - start, 1000 * (self.frames.received - self.frames.sent)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        name = model_at_224(Path(folder))
        with server(Path(folder)) as address:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            visit = Visit(browser.new_page(viewport={"width": 1440, "height": 1000}))
            for title, part, moves in acts(visit.page):
                visit.open(f"{address}/inside?model={name}&photo=sample-cat&part={part.replace(' ', '+')}")
                pairs = [visit.timed(move) for move in moves]
                show(title, {"until the page stands": [whole for whole, _ in pairs], "server's answer": [served for _, served in pairs]})
            browser.close()
    print(f"\none forward pass, kept to be looked at: {statistics.median(pass_ms()):.1f} ms")


def acts(page):
    """Title, part of the page, and what is done, move by move."""
    def clicks(css, places):
        return [lambda place=place: page.locator(css).nth(place).click(force=True) for place in places]

    marks = [3, 6, 9, 12] * (MOVES // 4)
    yield "A new picture (one forward pass included)", "One block", clicks(".st-key-samples button.tile", [1, 2, 3, 4])
    for part in ("One block", "Maps"):
        yield f"Another block, part “{part}”", part, clicks(".spine .mark", marks)
    view = page.locator(".st-key-all_maps .view")
    yield "Another channel", "Maps", [lambda x=x: view.click(position={"x": 30 + x, "y": 30}) for x in (100, 200, 300, 0) * (MOVES // 4)]
    yield "Another scope of the colour scale", "Maps", clicks(".st-key-scope button", [1, 2, 0] * (MOVES // 3))
    yield "Another order", "Maps", clicks(".st-key-sort button", [1, 3, 0] * (MOVES // 3))
    yield "Another layer", "Maps", clicks(".st-key-map_choice button", [1, 2, 3, 5] * (MOVES // 4))
    yield "Another channel, part “One block”", "One block", clicks(".st-key-pairs_lowered button.tile", [0, 1, 2, 3] * (MOVES // 4))


if __name__ == "__main__":
    main()
