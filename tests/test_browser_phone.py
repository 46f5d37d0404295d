"""The lesson on convolutions on a phone: what the sliders change stands beside them, in the hand's sight."""

import pytest

from effnet_core.lessons.convolution import Convolution

from .serving import CHROMIUM, open_page, settle, visited

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
SCREEN = {"width": 390, "height": 844}


def said(shape):
    return f"{shape.cells} Dᵥ{shape.macs:,} MACs{shape.params:,} parameters"


def test_the_count_stands_below_the_sliders_that_change_it(browser, address):
    with visited(browser, address + "/blocks?lesson=Convolution") as page:
        page.set_viewport_size(SCREEN)
        open_page(page, page.home)
        tally = page.locator(".tally")
        sync_api.expect(tally).to_have_text(said(Convolution(3, 16, 3, 32)), timeout=30_000)
        first, last = page.locator(".st-key-conv_inputs").bounding_box(), tally.bounding_box()
        assert 0 < last["y"] + last["height"] - first["y"] < SCREEN["height"] / 2
        page.locator(".st-key-conv_outputs input").focus()
        page.keyboard.press("ArrowRight")
        sync_api.expect(tally).to_contain_text(f"{Convolution(3, 17, 3, 32).macs:,} MACs", timeout=30_000)
        settle(page)
        page.set_viewport_size({"width": 1440, "height": 900})
        sync_api.expect(tally).to_be_hidden()
