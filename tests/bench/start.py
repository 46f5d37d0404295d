"""`python -m tests.bench.start`: from the start of the server's process to a page that can be used, in headless Chromium with an empty cache.

A page stands when its title, the marks of the strip and the slider of φ are drawn; on Start also the numbers, on Scaling these, the graph and
the bars, on Latency the button that measures. Chromium runs already; it asks for the page as soon as the server answers. Beside it an app of
one title, which is what Streamlit and the browser take alone. At the end, what the server imports before the Start page stands.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from ..serving import CHROMIUM, QUIET, server
from .report import quantile

TITLE = "[data-testid=stMain] h1"
FRAME = {TITLE: "", ".st-key-spine": ".mark", ".st-key-phi input": ""}
STANDS = {  # path → what is drawn, and, where it is one of our components, what is drawn in it
    "/": {**FRAME, ".st-key-tiles": ".exact"},
    "/scaling": {**FRAME, ".st-key-tiles": ".exact", ".st-key-graph": ".mark", ".st-key-bars": ".mark"},
    "/latency": {**FRAME, ".st-key-measure_one button": ""},
}
WATCH = """(() => {
  const seen = (window.__seen = {}), at = document.querySelector.bind(document)
  const inside = (css) => [...document.querySelectorAll(`${css} [data-testid=stBidiComponentIsolated]`)].map((host) => host.shadowRoot)
  const drawn = ([css, part]) => part ? inside(css).some((root) => root?.querySelector(part)) : at(css)
  const look = () => {
    if (at(TITLE) && at("[data-testid=stApp][data-test-script-state=notRunning]")) seen.ran ??= Date.now()
    if (PARTS.every(drawn)) seen.stood ??= Date.now()
    requestAnimationFrame(look)
  }
  look()
})()"""
STREAMLIT = (sys.executable, "-m", "streamlit")
ALONE = "import sys; from streamlit.web.cli import main; sys.argv = ['streamlit', 'run', {app!r}, *sys.argv[3:]]; main()"
IMPORTED = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)


def started(browser: Browser, path: str, parts: dict[str, str], start: Sequence[str] = STREAMLIT) -> dict[str, float]:
    """Milliseconds from the start of a new server to its first answer, to the end of the first run of the page's script, and until it stands."""
    with tempfile.TemporaryDirectory() as folder:
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()  # whose cache is empty
        page.add_init_script(WATCH.replace("TITLE", json.dumps(TITLE)).replace("PARTS", json.dumps([*parts.items()])))
        began = time.time()
        with server(Path(folder), start=start) as address:
            answered = time.time()
            page.goto(address + path, wait_until="commit")
            page.wait_for_function("window.__seen.ran && window.__seen.stood", timeout=60_000)
            seen = page.evaluate("window.__seen")
            page.context.close()
    return {"answers": 1000 * (answered - began), "ran": seen["ran"] - 1000 * began, "stands": seen["stood"] - 1000 * began}


def imported() -> Counter[str]:
    """Microseconds that importing takes before the Start page stands, by package."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        with server(Path(folder), start=(sys.executable, "-X", "importtime", "-m", "streamlit")) as address:
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector(".st-key-start_tour", timeout=60_000)
        (log,) = Path(folder).glob("server-*.log")
        shares: Counter[str] = Counter()
        for spent, name in IMPORTED.findall(log.read_text(encoding="utf-8")):
            shares[name.partition(".")[0]] += int(spent)
        browser.close()
    return shares


def show(title: str, runs: list[dict[str, float]]) -> None:
    print(f"\n{title}, {len(runs)} starts\n{'':<44}{'median s':>12}{'p90':>10}")
    for part, words in {"answers": "until the server answers", "ran": "until the first run of the script has ended", "stands": "until the page stands"}.items():
        times = [run[part] / 1000 for run in runs]
        print(f"{words:<44}{statistics.median(times):>12.2f}{quantile(times, 0.9):>10.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=__doc__.partition("\n")[0])
    parser.add_argument("--starts", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = Path(folder) / "title.py"
        app.write_text("import streamlit\n\nstreamlit.title('A title')\n", encoding="utf-8")
        alone = (sys.executable, "-c", ALONE.format(app=str(app)))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        ways = {"Streamlit with a title alone": ("/", {TITLE: ""}, alone), **{path: (path, parts, STREAMLIT) for path, parts in STANDS.items()}}
        runs: dict[str, list[dict[str, float]]] = {title: [] for title in ways}
        for counted in range(asked.starts + 1):  # the first, which compiles what Python and Chromium have not compiled yet, is not counted
            for title, way in ways.items():
                run = started(browser, *way)
                runs[title] += [run] if counted else []
        browser.close()
    for title, times in runs.items():
        show(title, times)
    shares = imported()
    print(f"\nImported before the Start page stands: {sum(shares.values()) / 1e6:.2f} s, torch {'too' if shares['torch'] else 'not'}")
    for name, spent in shares.most_common(12):
        print(f"{name:<44}{spent / 1e6:>12.3f}")


if __name__ == "__main__":
    main()
