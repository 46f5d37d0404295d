"""Gates set by hand in a real browser: handles are dragged and moved by keys, a scatter is pointed at and picked from."""

import re

import pytest

from .serving import CHROMIUM, open_page, settle, visited

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address + "/inside?model=small-scenes&photo=scene-3-4&layer=stages.4.1") as page:
        yield page


def is_at(page, part):
    """Waits until the address has `part`; it follows what is shown by a moment."""
    sync_api.expect(page).to_have_url(re.compile(re.escape(part)), timeout=PATIENCE_MS)


def test_a_handle_is_dragged_moved_by_keys_and_restored(page):
    open_page(page, page.home + "&part=Surgery&surgery_sort=Number")
    page.wait_for_selector(".handles .handle", timeout=PATIENCE_MS)
    tracks = page.locator(".handles .track")
    tracks.nth(2).scroll_into_view_if_needed()
    settle(page)
    box = tracks.nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.25 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.5 * box["height"])
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 2 * box["height"])  # below its end
    sync_api.expect(tracks.nth(2)).to_have_attribute("aria-valuenow", "0.00")
    assert "surgery=" not in page.url  # nothing is run before it is let go
    page.mouse.up()
    is_at(page, "surgery=set%3A4.1%3A2%3D0")
    sync_api.expect(page.locator("body")).to_contain_text("Gates are set by hand: stages.4.1, channel 2 to 0", timeout=PATIENCE_MS)
    settle(page)
    tracks.nth(2).focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    is_at(page, "surgery=set%3A4.1%3A2%3D0.21")
    settle(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    is_at(page, "surgery=set%3A4.1%3A2%3D0.21%2C3%3D1")
    sync_api.expect(tracks.nth(3)).to_have_attribute("aria-valuenow", "1.00")
    settle(page)
    page.get_by_role("button", name="Restore").click()
    sync_api.expect(page.locator("body")).not_to_contain_text("Gates are set by hand", timeout=PATIENCE_MS)
    sync_api.expect(page).not_to_have_url(re.compile("surgery="), timeout=PATIENCE_MS)


def test_the_frame_moves_along_all_channels(page):
    open_page(page, page.home + "&part=Surgery&surgery_sort=Number")
    page.wait_for_selector(".handles .handle", timeout=PATIENCE_MS)
    shown = page.locator(".handles .number").first
    sync_api.expect(shown).to_have_text("0")
    page.locator(".handles .overview").focus()
    page.keyboard.press("ArrowRight")
    sync_api.expect(shown).to_have_text("1")
    page.keyboard.press("End")
    sync_api.expect(page.locator(".handles .number").last).to_have_text("239")  # of 240 channels


def test_a_channel_is_picked_from_the_scatter(page):
    open_page(page, page.home + "&part=Two+photos")
    plot = page.locator(".cloud .plot")
    plot.scroll_into_view_if_needed()
    settle(page)
    said = page.locator(".cloud .say")
    before = said.inner_text()
    plot.focus()
    page.keyboard.press("ArrowRight")
    sync_api.expect(said).not_to_have_text(before)
    pointed = re.match(r"Channel (\d+):", said.inner_text())[1]
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(f'.st-key-pair_maps button.tile.chosen[aria-label^="channel {pointed}:"]')).to_have_count(
        1, timeout=PATIENCE_MS
    )
