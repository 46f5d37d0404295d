"""Every page and every part of it: nothing sticks out or overlaps at three widths, an accessibility checker finds nothing serious in light or dark, and a presenter's type fits."""

from pathlib import Path

import pytest

from pages.shared import catalogue
from pages.shared.shell import PAGES, ROOT

from .serving import CHROMIUM, open_page, settle

LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
STATES = [  # what no choice among a page's parts leads to
    "scaling?ask=Compare&pins=f%3A3%2C1.2%2C1.1%2C1.15%3Bp%3Ab7%3Bp%3Aresnet50&layer=stages.4.2", "scaling?tour=12-0ff", "?tour=1-00",
    "learn?tour=3-03", "learn?learn=Predict&q=field", "search?picture=Promise+and+count", "blocks?lesson=Norm+and+chance&chance_part=Stochastic+depth",
]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


class Window:
    """A browser window in one scheme, with what went wrong in it."""

    def __init__(self, browser, address, scheme="light", width=1440):
        self.page = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme).new_page()
        self.address, self.errors, self.outside = address, [], []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)

    def _note(self, request):
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(request.url)

    def opened(self, place):
        open_page(self.page, f"{self.address}/{place}")
        self.is_well()

    def parts(self, page, query=""):
        """Opens `page`, and one part of it after the other: their titles, "" where it has none."""
        self.opened(("" if page == "start" else page) + query)
        key, titles = catalogue._chooser(ROOT / PAGES[page].file) or ("", [""])
        for title in titles:
            if title:
                self.page.locator(f".st-key-{key} button").filter(has_text=title).get_by_text(title, exact=True).click()
                self.page.mouse.move(2, 2)
                settle(self.page)
            yield title
            self.is_well()

    def is_well(self):
        assert not self.page.get_by_test_id("stException").count() and not self.page.get_by_text("BidiComponent Error").count()
        assert not self.errors and not self.outside, (self.errors, self.outside)

    def looks(self, *widths):
        """What sticks out or overlaps, by width; the last one stays."""
        found = {}
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": 1000})
            settle(self.page)
            found[width] = self.page.evaluate(LOOKS)
        return found


@pytest.fixture()
def window(browser, address):
    windows = []

    def new(*options, **more):
        windows.append(Window(browser, address, *options, **more))
        return windows[-1]

    yield new
    for one in windows:
        one.page.context.close()


@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_or_overlaps_and_there_is_no_serious_finding(window, serious, page):
    here, found = window(), {}
    for part in here.parts(page):
        found[part, "serious"] = serious(here.page)
        found |= {(part, width): what for width, what in here.looks(390, 1920, 1440).items()}
    assert not {place: what for place, what in found.items() if what}


@pytest.mark.parametrize("page", PAGES)
def test_colours_can_be_told_apart_in_the_dark(window, serious, page):
    """Where a part asks for a guess, after it: the answer has colours, too."""
    here, found = window("dark"), {}
    for part in here.parts(page):
        if (guesses := here.page.locator('[class*="st-key-guessed_"] button')).count():
            guesses.first.click()
            settle(here.page)
        found[part, "serious"], found[part, "looks"] = serious(here.page, "color-contrast"), here.page.evaluate(LOOKS)
    assert not {place: what for place, what in found.items() if what}


@pytest.mark.parametrize("state", STATES)
def test_nor_in_a_state_that_an_address_leads_to(window, serious, state):
    here = window()
    here.opened(state)
    found = {"light": serious(here.page), **here.looks(1920, 390)}
    here.page.emulate_media(color_scheme="dark")
    here.opened(state)
    found["dark"] = serious(here.page, "color-contrast")
    assert not {place: what for place, what in found.items() if what}


@pytest.mark.parametrize("size, width", [("large", 1440), ("larger", 1920)])
def test_a_presenters_type_fits(window, size, width):
    here, found = window(width=width), {}
    for page in PAGES:
        found |= {(page, part): here.page.evaluate(LOOKS) for part in here.parts(page, f"?type={size}")}
    assert not {place: what for place, what in found.items() if what}
