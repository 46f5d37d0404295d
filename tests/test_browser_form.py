"""Every page and every part of it: nothing sticks out or overlaps at three widths, an accessibility checker finds nothing serious in light or dark, and the keyboard suffices."""

import re
from pathlib import Path

import pytest

from effnet_core.palette import contrast
from pages.shared import catalogue
from pages.shared.shell import PAGES, ROOT

from .serving import CHROMIUM, open_page, settle

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


ALSO = {  # addresses that show what no part shows at first
    "search": ["picture=Promise+and+count"],
    "scaling": ["ask=Compare&pins=f%3A3%2C1.2%2C1.1%2C1.15%3Bp%3Ab7%3Bp%3Aresnet50&layer=stages.4.2", "phi=3&hide=alpha,preset&fix=phi,level",
                "tour=12-0ff"],
    "learn": ["learn=Words&seek=stride", "tour=1-00", "learn=Predict&q=field"],
    "blocks": ["lesson=Norm+and+chance&chance_part=Stochastic+depth"],
}


class Window:
    """A browser window in one scheme, with what went wrong in it."""

    def __init__(self, browser, address, scheme="light"):
        self.page = browser.new_page({"width": 1440, "height": 1000}, color_scheme=scheme)
        self.address, self.errors, self.outside = address, [], []
        self.page.on("request", lambda one: one.url.startswith((address, address.replace("http", "ws"), "data:", "blob:")) or self.outside.append(one.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def parts(self, page, more=""):
        """Opens `page`, and one part of it after the other: their titles, "" where it has none; then what `ALSO` knows of it."""
        self._open(page, more)
        key, titles, _ = catalogue._chooser(ROOT / PAGES[page].file) or ("", [""], {})
        for title in titles:
            if title:
                self.page.locator(f".st-key-{key} button").filter(has_text=title).get_by_text(title, exact=True).click()
                self.page.mouse.move(2, 2)
                settle(self.page)
            yield title
            self._sound()
        for query in ALSO.get(page, ()):
            self._open(page, "&".join(filter(None, (query, more))))
            yield query
            self._sound()
        assert not self.errors and not self.outside, (self.errors, self.outside)

    def _open(self, page, query):
        open_page(self.page, f"{self.address}/{'' if page == 'start' else page}{'?' if query else ''}{query}")
        settle(self.page, 600)

    def _sound(self):
        assert not self.page.get_by_test_id("stException").count() and not self.page.get_by_text("BidiComponent Error").count()

    def width(self, width):
        if self.page.viewport_size["width"] != width:
            self.page.set_viewport_size({"width": width, "height": 1000})
            settle(self.page, 150)

    def guess(self):
        """Where a part asks for a guess: its answer has words and colours, too."""
        if (guesses := self.page.locator('[class*="st-key-guessed_"] button:visible')).count():
            guesses.first.click()
            settle(self.page)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_or_overlaps_and_there_is_no_serious_finding(browser, address, serious, page):
    here, found = Window(browser, address), {}
    for part in here.parts(page):
        found[part, "rules"] = serious(here.page)
        for width in {1440: (1440, 390, 1920), 1920: (1920, 390, 1440)}[here.page.viewport_size["width"]]:
            here.width(width)
            found[part, width] = here.page.evaluate(LOOKS)
    here.page.close()
    assert not {place: what for place, what in found.items() if what}


@pytest.mark.parametrize("page", PAGES)
def test_the_largest_type_fits_and_colours_can_be_told_apart_in_the_dark_also_after_a_guess(browser, address, serious, page):
    here, found = Window(browser, address, "dark"), {}
    for part in here.parts(page, "type=larger"):
        here.guess()
        found[part, "colours"], found[part, "looks"] = serious(here.page, "color-contrast"), here.page.evaluate(LOOKS)
    here.page.close()
    assert not {place: what for place, what in found.items() if what}


def where(page):
    """What has the focus: the nearest name by which a test knows it."""
    return page.evaluate("""() => { const node = document.activeElement; const key = node.closest("[class*=st-key-]")?.className.match(/st-key-(\\w+)/)
      return key?.[1] ?? node.dataset.testid ?? node.tagName }""")


def test_main_controls_are_reached_and_turned_with_the_keyboard_alone(browser, address):
    here = Window(browser, address).page
    open_page(here, f"{address}/scaling")
    reached = []
    for _ in range(60):
        here.keyboard.press("Tab")
        reached.append(where(here))
    assert [key for key in dict.fromkeys(reached) if key in ("source", "base", "phi", "alpha", "beta", "gamma", "preset", "level", "colour", "flops", "graph")] == [
        "source", "base", "phi", "alpha", "beta", "gamma", "preset", "level", "colour", "flops", "graph"]
    here.locator(".st-key-phi").get_by_role("slider").focus()
    here.keyboard.press("ArrowRight")
    sync_api.expect(here.locator(".st-key-phi")).to_contain_text("0.1", timeout=PATIENCE_MS)
    here.close()


def test_a_fixed_control_answers_neither_mouse_nor_keyboard_and_shows_its_lock(browser, address):
    here = Window(browser, address).page
    open_page(here, f"{address}/scaling?phi=3&fix=phi&hide=alpha")
    place = here.locator(".st-key-phi")
    sync_api.expect(place).to_have_js_property("inert", True, timeout=PATIENCE_MS)
    assert "Fixed by the link" in place.evaluate("node => getComputedStyle(node, '::after').content")
    assert not here.locator(".st-key-alpha").is_visible()
    box = place.bounding_box()
    here.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 40)
    reached = []
    for _ in range(30):
        here.keyboard.press("Tab")
        reached.append(where(here))
    assert "source" in reached and "beta" in reached and not {"phi", "alpha"} & {*reached}
    here.locator(".st-key-preset").get_by_text("φ = 7").click()
    settle(here)
    assert "3.0" in place.inner_text() and place.evaluate("node => node.inert")
    here.get_by_role("button", name="Show everything").click()
    sync_api.expect(place).to_have_js_property("inert", False, timeout=PATIENCE_MS)
    sync_api.expect(here.locator(".st-key-alpha")).to_be_visible(timeout=PATIENCE_MS)
    here.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_word_explains_itself_to_keyboard_pointer_and_touch(browser, address, scheme):
    page = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme, has_touch=True).new_page()
    open_page(page, f"{address}/tradeoffs")
    word, card = page.locator('a[href="#word:width"]').first, page.locator(".phrases .card")
    card.wait_for(state="attached", timeout=PATIENCE_MS)
    settle(page, 800)
    word.focus()
    sync_api.expect(card).to_be_visible(timeout=PATIENCE_MS)
    assert "How many channels" in card.inner_text() and card.get_attribute("role") == "tooltip"
    assert "How many channels" in page.locator(f"#{word.get_attribute('aria-describedby')}").text_content()
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    ink, ground = (card.evaluate(f"node => getComputedStyle(node).{name}") for name in ("color", "backgroundColor"))
    assert contrast(*("#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3]) for colour in (ink, ground))) > 7
    page.keyboard.press("Escape")
    sync_api.expect(card).to_be_hidden(timeout=PATIENCE_MS)
    page.locator('a[href="#word:depth"]').first.tap()
    sync_api.expect(card).to_contain_text("How many layers", timeout=PATIENCE_MS)
    page.locator("h1").tap()
    sync_api.expect(card).to_be_hidden(timeout=PATIENCE_MS)
    page.context.close()
