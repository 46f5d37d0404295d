"""Class lines and exciting patches in a real browser: a patch brings its picture, a point of the depth figure its block."""

import re

import pytest

from effnet_core import cards, checkpoints
from effnet_core.inside import survey, survey_files
from effnet_core.inside.survey_pictures import pictures

from .serving import CHROMIUM, open_page, server, visited

PATIENCE_MS = 60_000
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory, browser):
    cache = tmp_path_factory.mktemp("cache")
    model, weights = checkpoints.load("small-scenes"), survey_files.digest(cards.find("small-scenes"))
    found = survey.survey(model, pictures("scenes", model.preprocess), 60, facts={"weights": weights})
    path = cache / "surveys" / survey_files.place(weights, "scenes", None).name
    survey_files.save(path, found)
    with server(cache) as address, visited(browser, address + "/inside?model=small-scenes&layer=stages.4.1", height=1000) as page:
        page.found = found
        yield page


def test_a_patch_brings_its_picture(page):
    open_page(page, page.home + "&part=What+excites+it&channel=output.5")
    tiles = page.locator(".st-key-exciting_nine button.tile")
    sync_api.expect(tiles).to_have_count(9, timeout=PATIENCE_MS)
    assert len({tile.locator("canvas").evaluate("canvas => canvas.toDataURL()") for tile in tiles.all()}) == 9
    peak = page.found.peaks.of("stages.4.1", 5)[3]
    tiles.nth(3).click()
    sync_api.expect(page).to_have_url(re.compile(f"photo=scene-{peak.image % 10}-{peak.image // 10 + 1}(&|$)"), timeout=PATIENCE_MS)
    value = re.compile(f"this picture: {int(100 * peak.value) / 100:.2f}")  # cut off: a batch of many may differ in the last digit
    sync_api.expect(page.locator(".st-key-exciting_own .label")).to_have_text(value, timeout=PATIENCE_MS)
    page.locator(".st-key-exciting_all button.tile").nth(2).click()
    sync_api.expect(page).to_have_url(re.compile(r"channel=output\.(?!5(&|$))\d+"), timeout=PATIENCE_MS)
    assert not page.errors


def test_a_point_of_the_depth_figure_opens_its_block(page):
    open_page(page, page.home + "&part=Classes")
    points = page.locator(".st-key-class_depth .scatterlayer .trace").first.locator(".point")
    sync_api.expect(points).to_have_count(len(page.found.gates.blocks), timeout=PATIENCE_MS)
    points.nth(2).evaluate("point => point.scrollIntoView({ block: 'center' })")
    place = points.nth(2).bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    block = [*page.found.gates.blocks][2]
    sync_api.expect(page).to_have_url(re.compile(re.escape(f"layer={block}")), timeout=PATIENCE_MS)
    sync_api.expect(page.locator("body")).to_contain_text(f"Class lines of {block}", timeout=PATIENCE_MS)
    assert not page.errors and not page.locator("[data-testid=stException]").count()
