"""The app as a visitor meets it: a real server in a process of its own, and Chromium to open it. Used by tests and benchmarks."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from pages.shared import components

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"


class Windows:
    """Chromium, whose windows keep what Streamlit's scripts were compiled to: a second or two of work for every window that is opened. What an
    app knows of a visitor hangs on the window, not on this.
    """

    def __init__(self, chromium) -> None:
        self.chromium, self._together = chromium, chromium.new_context()

    def new_page(self, viewport: Mapping[str, int] = MappingProxyType({"width": 1280, "height": 720}), **media: str):
        """A window of that size, with `media` as for Playwright's `emulate_media`; to be closed by `page.close()`."""
        page = self._together.new_page()
        page.set_viewport_size({**viewport})
        page.emulate_media(**media)
        return page

    def new_context(self, **options):
        """For windows with a touch screen, say: a browser of their own."""
        return self.chromium.new_context(**options)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(cache: Path, *options: str, start: Sequence[str] = (sys.executable, "-m", "streamlit")) -> Iterator[str]:
    """The address of a freshly started app, which ends with the block; `start` is how Streamlit is called."""
    port = free_port()
    environment = {**os.environ, "EFFNET_CACHE": str(cache)}
    command = [*start, "run", "app.py", "--server.port", str(port), "--server.address", "127.0.0.1",
               "--server.fileWatcherType", "none", "--server.headless", "true", *options]
    log = (cache / f"server-{port}.log").open("w+")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _await_health(process, f"http://127.0.0.1:{port}/_stcore/health", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _await_health(process: subprocess.Popen, address: str, log) -> None:
    for _ in range(3000):
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"The server ended at once:\n{log.read()}")
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("The server never answered.")


def settle(page, rest_ms: int = 250) -> None:
    """Waits until the app has stayed idle for `rest_ms`."""
    for _ in range(200):
        page.wait_for_selector(SETTLED, timeout=60_000)
        page.wait_for_timeout(rest_ms)
        if page.locator(SETTLED).count():
            return


def open_page(page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("h1", timeout=60_000)
    settle(page)


@contextmanager
def visited(browser, home: str, height: int = 900) -> Iterator:
    """A page of `browser` that knows its `home`, an address in the app. Errors of the page's scripts are kept in `errors`, and there must be
    none at the end."""
    page = browser.new_page(viewport={"width": 1440, "height": height})
    page.home, page.errors = home, []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    yield page
    assert not page.errors
    page.close()


@contextmanager
def mounted(browser, name: str, *exported: str) -> Iterator:
    """A blank page with the component `name` alone: `mount` is its default export, and `exported` are names in its scripts. Errors of the
    scripts are kept in `errors`, and there must be none at the end."""
    page = browser.new_page(viewport={"width": 1000, "height": 900}, reduced_motion="reduce")
    page.set_content(f'<div class="{name}"></div>')
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    scripts = (ROOT / "assets" / f"{file}.js" for file in components.scripts(name))
    script = "\n".join(path.read_text(encoding="utf-8") for path in scripts).replace("export default function", "window.mount = function")
    page.add_script_tag(content=f"{script}\nObject.assign(window, {{ {', '.join(exported)} }})", type="module")
    page.wait_for_function("() => window.mount")
    yield page
    assert not page.errors
    page.close()
