"""Every page and every part of it: nothing sticks out or overlaps at three widths, an accessibility checker finds nothing serious in light or dark, and the keyboard suffices."""

from pathlib import Path

import pytest

from pages.shared import catalogue
from pages.shared.shell import PAGES, ROOT

from .serving import CHROMIUM, open_page, server, settle

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with server(tmp_path_factory.mktemp("cache")) as url:
        yield url


@pytest.fixture(scope="module")
def axe():
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()


class Window:
    """A browser window in one scheme, with what went wrong in it."""

    def __init__(self, browser, address, scheme="light", width=1440):
        self.page = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme).new_page()
        self.address, self.errors = address, []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def parts(self, page, **query):
        """Opens `page`, and one part of it after the other: their titles, "" where it has none."""
        more = "&".join(f"{key}={value}" for key, value in query.items())
        open_page(self.page, f"{self.address}/{'' if page == 'start' else page}{'?' if more else ''}{more}")
        key, titles = catalogue._chooser(ROOT / PAGES[page].file) or ("", [""])
        for title in titles:
            if title:
                self.page.locator(f".st-key-{key} button").filter(has_text=title).get_by_text(title, exact=True).click()
                self.page.mouse.move(2, 2)
                settle(self.page)
            yield title
            assert not self.page.get_by_test_id("stException").count() and not self.page.get_by_text("BidiComponent Error").count()
        assert not self.errors, self.errors

    def width(self, width):
        self.page.set_viewport_size({"width": width, "height": 1000})
        settle(self.page)

    def findings(self, axe, **options):
        return [(one["id"], [node["target"] for node in one["nodes"][:3]]) for one in axe.run(self.page, options=options or None).response["violations"]
                if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_or_overlaps_and_there_is_no_serious_finding(browser, address, axe, page):
    here, found = Window(browser, address), {}
    for part in here.parts(page):
        found[part, "light"] = here.findings(axe)
        for width in (390, 1920, 1440):
            here.width(width)
            found[part, width] = here.page.evaluate(LOOKS)
    here.page.context.close()
    assert not {place: what for place, what in found.items() if what}


@pytest.mark.parametrize("page", PAGES)
def test_colours_can_be_told_apart_in_the_dark(browser, address, axe, page):
    here = Window(browser, address, "dark")
    found = {part: here.findings(axe, runOnly=["color-contrast"]) for part in here.parts(page)}
    here.page.context.close()
    assert not {place: what for place, what in found.items() if what}


@pytest.mark.parametrize("size, width", [("large", 1440), ("larger", 1920)])
def test_a_presenters_type_fits(browser, address, size, width):
    here, found = Window(browser, address, width=width), {}
    for page in PAGES:
        for part in here.parts(page, type=size):
            found[page, part] = here.page.evaluate(LOOKS)
    here.page.context.close()
    assert not {place: what for place, what in found.items() if what}
