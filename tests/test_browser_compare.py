"""The opened unit and the pinned networks in a real browser: what is lit together, and what a click selects everywhere."""

import pytest

from .serving import CHROMIUM
from .test_browser import PATIENCE_MS, Visit

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
COMPARED = "/scaling?ask=Compare&pins=f%3A3%2C1.2%2C1.1%2C1.15%3Bp%3Ab7%3Bp%3Aresnet50&layer=stages.4.2"


@pytest.fixture()
def visit(browser, address):
    visits = []

    def new(path, **options):
        visits.append(Visit(browser, address, **options))
        return visits[-1].open(path)

    yield new
    for one in visits:
        one.page.close()


def chosen(here, *units):
    """Waits until the strips have `units` selected, from the first to the last."""
    for place, unit in enumerate(units):
        mark = here.page.locator(".strip").nth(place).locator(f'.mark.chosen[data-id="{unit}"]')
        sync_api.expect(mark).to_have_count(1, timeout=PATIENCE_MS)


def lit(here, layer):
    """Waits until `layer` is lit in the drawing and among the formulas, and nothing else is."""
    for part in (".mark", ".row"):
        sync_api.expect(here.page.locator(f".block {part}.lit")).to_have_count(1, timeout=PATIENCE_MS)
        sync_api.expect(here.page.locator(f'.block {part}.lit[data-id="{layer}"]')).to_have_count(1, timeout=PATIENCE_MS)


def test_a_click_in_any_strip_selects_everywhere_and_the_link_reopens(visit):
    here = visit(COMPARED)
    chosen(here, "stages.4.2", "stages.4.2", "stages.4.2", "stages.3.2")
    here.page.locator(".strip").nth(2).locator('.mark[data-id="stages.5.12"]').click()
    chosen(here, "stages.5.3", "stages.5.6", "stages.5.12", "stages.3.2")
    here.marks("stages.5.3")  # the spine, too
    here.page.keyboard.press("ArrowLeft")  # the keyboard stays in the strip of B7
    here.page.keyboard.press("Enter")
    chosen(here, "stages.5.3", "stages.5.6", "stages.5.11")
    here.is_at("layer=stages.5.11", "pins=f%3A3%2C1.2%2C1.1%2C1.15%3Bp%3Ab7%3Bp%3Aresnet50")
    there = visit(here.page.url.removeprefix(here.address))
    chosen(there, "stages.5.3", "stages.5.6", "stages.5.11", "stages.3.2")
    assert not here.outside and not there.page.get_by_test_id("stException").count()


def test_a_layer_and_its_formula_are_lit_together(visit):
    here = visit("/scaling?layer=stages.4.2")
    here.page.locator('.block .row[data-id="stages.4.2.project"]').hover()
    lit(here, "stages.4.2.project")
    here.page.locator('.block .mark[data-id="stages.4.2.se"] .needle').first.hover(force=True)
    lit(here, "stages.4.2.se")
    here.page.locator('.block .mark[data-index="0"]').focus()
    here.page.keyboard.press("ArrowRight")
    lit(here, "stages.4.2.depthwise")
    here.page.keyboard.press("Enter")
    here.page.mouse.move(2, 2)
    lit(here, "stages.4.2.depthwise")  # kept
    assert here.page.locator('.block .row[data-id="stages.4.2.depthwise"] .name').get_attribute("aria-pressed") == "true"
    assert "5² · 672 · 14 · 14" in here.page.locator('.block .row[data-id="stages.4.2.depthwise"]').inner_text()


@pytest.mark.parametrize("address_of", ["/scaling?source=Published&name=ResNet-50&layer=stages.1.0", "/scaling?layer=stages.4.2"])
def test_every_volume_answers_a_pointer_itself(visit, address_of):
    here = visit(address_of)
    layers = here.page.locator(".block .mark")
    for place in range(layers.count()):
        front = layers.nth(place).locator(".front")
        if front.count():
            front.hover(force=True)
            lit(here, layers.nth(place).get_attribute("data-id"))
