"""The page "Inside" in a real browser: its gallery is drawn and picked there, and towers are clicked."""

import re

import pytest

from effnet_core.data.datasets import Scenes

from .serving import CHROMIUM, open_page, server

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

INKED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
  return new Set(Array.from({ length: pixels.length / 4 }, (_, i) => pixels.slice(4 * i, 4 * i + 4).join())).size
}"""  # how many colours a canvas shows


@pytest.fixture(scope="module")
def page(tmp_path_factory, browser):
    with server(tmp_path_factory.mktemp("cache")) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.home = address
        yield page
        page.close()


@pytest.fixture()
def inside(page):
    open_page(page, page.home + "/inside?model=small-scenes&layer=stages.2.0")
    page.wait_for_selector(".st-key-pairs_down button.tile canvas", timeout=60_000)
    yield page
    assert not page.errors and not page.locator("[data-testid=stException]").count()


def is_at(page, part):
    """Waits until the address has `part`; it follows what is shown by a moment."""
    sync_api.expect(page).to_have_url(re.compile(re.escape(part)), timeout=PATIENCE_MS)


def test_every_tile_shows_its_own_part_of_the_sheet(inside):
    scenes = inside.locator(".st-key-scenes button.tile")
    assert [scene.get_attribute("aria-label") for scene in scenes.all()] == [*Scenes.labels]
    assert all(scene.locator("canvas").evaluate(INKED) > 1 for scene in scenes.all())
    assert len({scene.locator("canvas").evaluate("canvas => canvas.toDataURL()") for scene in scenes.all()}) == len(Scenes.labels)
    assert all(pair.locator("canvas").count() == 2 for pair in inside.locator(".st-key-pairs_kept button.tile").all())


def test_a_click_on_a_pair_enlarges_it_after_recalibration(inside):
    pair = inside.locator(".st-key-pairs_down button.tile").first
    number = int(pair.locator(".label").inner_text().removeprefix("channel "))
    pair.click()
    is_at(inside, f"channel=middle.{number}")
    is_at(inside, "maps=se")
    sync_api.expect(inside.locator(f'.st-key-lens .lens[data-drawn^="After SE of stages.2.0 {number} "]')).to_have_count(1, timeout=PATIENCE_MS)


def test_a_click_under_a_tower_opens_its_block(inside):
    foot = inside.locator(".st-key-skyline .barlayer .point").nth(8)
    foot.evaluate("bar => bar.scrollIntoView({ block: 'center' })")
    place = foot.bounding_box()  # Plotly hears clicks on a layer of its own, above the bars
    inside.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    sync_api.expect(inside.locator('.spine .mark.chosen[data-id="stages.5.1"]')).to_have_count(1, timeout=PATIENCE_MS)
    sync_api.expect(inside.locator("body")).to_contain_text("Block stages.5.1", timeout=PATIENCE_MS)
    is_at(inside, "layer=stages.5.1")


def test_a_click_on_a_scene_looks_at_it(inside):
    inside.locator(".st-key-scenes button.tile").nth(7).click()
    sync_api.expect(inside.locator("body")).to_contain_text(f"The picture: {Scenes.labels[7]}", timeout=PATIENCE_MS)
    is_at(inside, "photo=scene-7-1")
    link = inside.url
    open_page(inside, link)
    sync_api.expect(inside.locator("body")).to_contain_text(f"The picture: {Scenes.labels[7]}", timeout=PATIENCE_MS)
