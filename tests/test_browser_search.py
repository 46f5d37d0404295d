"""The surface of the Search page in a real browser: it turns, and a candidate is picked by a click or from the keyboard."""

import pytest

from effnet_core.figures.search import name
from effnet_core.search.grid import Grid, search

from .serving import CHROMIUM, open_page, settle

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def page(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    open_page(page, f"{address}/search")
    yield page
    page.close()


def place(page):
    """Where the paper's diamond is."""
    return page.locator(".surface .paper").get_attribute("points")


def chosen(page, network):
    sync_api.expect(page.get_by_test_id("stMain")).to_contain_text(f"{network.macs:,}", timeout=PATIENCE_MS)


def test_the_surface_turns_by_dragging_and_by_its_sliders(page):
    assert page.locator(".surface .mark").count() == len(search(Grid()).candidates) == 79
    first, box = place(page), page.locator(".surface svg").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 80, steps=5)
    page.mouse.up()
    turned = place(page)
    assert turned != first
    page.get_by_label("Turn", exact=True).fill("40")
    page.get_by_label("Tilt", exact=True).fill("24")
    assert place(page) == first  # as it was at the beginning


def test_a_candidate_is_picked_by_a_click_or_enter(page):
    found = search(Grid())
    network = next(network for network in found.networks if len(network.members) == 3)
    mark = page.locator(f'.surface .mark[data-id="{name(network.first.coefficients)}"]').first
    mark.dispatch_event("click")
    chosen(page, network)
    settle(page)
    page.locator(".surface .mark.chosen").first.focus()
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.dataset.id ?? document.activeElement.dataset.id")
    page.keyboard.press("Enter")
    chosen(page, next(network for network in found.networks if name(network.first.coefficients) == focused))
    assert page.locator(".stException").count() == 0
