"""Under a presenter's type, where components are magnified as a whole, a pointer means the place that it is at."""

import re

import pytest

from .hand import eventually
from .serving import CHROMIUM, open_page, visited

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address + "/blocks", 2600) as page:
        yield page


def lesson(page, name, more=""):
    open_page(page, f"{page.home}?type=larger&lesson={name}{more}")


def tick(page, chart, text):
    """Middle of the last label of a chart that says this, and a height within the chart."""
    chart.scroll_into_view_if_needed()
    box, whole = chart.locator("text").get_by_text(text, exact=True).last.bounding_box(), chart.bounding_box()
    return box["x"] + box["width"] / 2, whole["y"] + whole["height"] / 2


def test_activations(page):
    lesson(page, "Activations")
    plots = page.locator(".activation svg[role=slider]")
    for place in (0, 1):
        for text, x in (("−8", -8.0), ("4", 4.0), ("8", 8.0)):
            page.mouse.click(*tick(page, plots.nth(place), text))
            eventually(page, lambda: float(plots.nth(place).get_attribute("aria-valuenow")) == pytest.approx(x, abs=0.03))  # noqa: B023  half a pixel


@pytest.mark.parametrize("name, more, chart, places", [
    ("Why+skip+connections", "&depth_blocks=32", ".stack [data-id=spreads]", (10, 20, 30)),
    ("Why+skip+connections", "&depth_blocks=32", ".stack [data-id=slopes]", (10, 20, 30)),
    ("Why+linear", "", ".spiral [data-id=chart]", (5, 30, 60)),
])
def test_charts(page, name, more, chart, places):
    lesson(page, name, more)
    for place in places:
        page.mouse.move(*tick(page, page.locator(chart), str(place)))
        sync_api.expect(page.locator(chart)).to_have_attribute("aria-valuenow", str(place), timeout=PATIENCE_MS)


def test_walking_kernel(page):
    lesson(page, "Convolution")
    frame = page.locator(".walk .frame.output")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    for row, column in ((0, 0), (10, 20), (31, 31)):
        page.mouse.click(box["x"] + (column + 0.5) / 32 * box["width"], box["y"] + (row + 0.5) / 32 * box["height"])
        sync_api.expect(page.locator(".walk")).to_have_attribute("data-at", f"{row},{column}", timeout=PATIENCE_MS)


def test_squeezed_means(page):
    lesson(page, "Squeeze-and-excitation", "&squeeze_channels=4")
    bar = page.locator(".squeeze .hold").nth(1)
    bar.scroll_into_view_if_needed()
    for share in (0.1, 0.5, 0.9):
        box = bar.locator(".track").bounding_box()
        page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        eventually(page, lambda: float(bar.get_attribute("aria-valuenow")) == pytest.approx(share, abs=0.011))  # noqa: B023


def test_ratio_of_a_separable_convolution(page):
    lesson(page, "Separable+convolution")
    page.locator(".st-key-guess_separable summary").click()  # in this type the guess is a line until it is opened
    page.locator("[class*=st-key-guessed_separable] button").first.click()
    chart = page.locator("svg.chart")
    sync_api.expect(page.locator(".readout")).to_have_count(1, timeout=PATIENCE_MS)
    told = lambda: int(re.search(r"N = ([\d,]+)", page.locator(".readout").inner_text())[1].replace(",", ""))  # noqa: E731
    for n in (16, 256):
        def follows(n=n):  # the chart may yet move, as what stands above it is drawn
            page.mouse.move(*tick(page, chart, str(n)))
            return told() == pytest.approx(n, rel=0.05)  # a pixel is three hundredths

        eventually(page, follows)


def test_arcs_and_steps_are_picked_where_they_stand(page):
    lesson(page, "Why+skip+connections")
    mark = page.locator(".arcs .mark").nth(7)
    mark.scroll_into_view_if_needed()
    box = mark.locator(".body").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    sync_api.expect(page.locator(".arcs .note")).to_have_text(mark.get_attribute("aria-label"), timeout=PATIENCE_MS)
    lesson(page, "The+block,+step+by+step")
    rung = page.locator(".ladder button.rung").nth(2)
    rung.scroll_into_view_if_needed()
    box = rung.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    sync_api.expect(page.locator(".ladder button.rung").nth(2)).to_have_attribute("aria-current", "step", timeout=PATIENCE_MS)


PICTURES = {  # page → of each what is to be shown
    "/blocks?lesson=Convolution&": ".walk .frame", "/blocks?lesson=Separable+convolution&": ".separable svg", "/blocks?lesson=Activations&": ".activation svg",
    "/blocks?lesson=Why+linear&": ".spiral canvas", "/blocks?lesson=Why+skip+connections&": ".stack [data-id=spreads]",
    "/blocks?lesson=Squeeze-and-excitation&": ".squeeze svg", "/blocks?lesson=The+block,+step+by+step&": ".built svg", "/blocks?lesson=Modules&": ".modules svg",
    "/blocks?lesson=Norm+and+chance&": ".fold svg", "/scaling?": ".graph svg", "/inside?": ".st-key-as_seen img",
}
SCREEN = {"width": 1920, "height": 1080}


def test_what_is_to_be_shown_begins_on_the_first_screen(page):
    """Of a projector, with the largest type: at least its head is on the screen."""
    before, tops = page.viewport_size, {}
    page.set_viewport_size(SCREEN)
    for address, picture in PICTURES.items():
        open_page(page, f"{page.home.removesuffix('/blocks')}{address}type=larger")
        page.wait_for_selector(picture, timeout=PATIENCE_MS)
        tops[address] = page.locator(picture).first.bounding_box()["y"]
    page.set_viewport_size(before)
    assert {address: top for address, top in tops.items() if top > 0.95 * SCREEN["height"]} == {}
