"""Maps over a photo and the grey patch in a real browser: both are painted, pointed at and moved there."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from effnet_core import checkpoints
from effnet_core.figures.cam import OPACITY, blend
from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import grids, spread_out
from effnet_core.inside.inspection import inspect
from effnet_core.photos import samples

from .serving import CHROMIUM, open_page, settle, visited

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
BARE = """canvas => { window.effnetOverlay.opacity = 0; window.dispatchEvent(new Event("effnet-overlay")); return canvas.toDataURL() }"""


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address + "/inside?model=small-scenes&photo=sample-cat&part=", height=1000) as page:
        yield page


@pytest.fixture(scope="module")
def seen():
    model = checkpoints.load("small-scenes")
    return model, inspect(model, model.preprocess.tensor(samples()["cat"].open()))


def drawn(url):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def test_the_browser_paints_what_python_would(page, seen):
    model, of = seen
    open_page(page, page.home + "Where+it+looks")
    canvas = page.locator(".st-key-cam_large canvas")
    sync_api.expect(canvas).to_have_count(1, timeout=PATIENCE_MS)
    painted, bare = drawn(canvas.evaluate("canvas => canvas.toDataURL()")), drawn(canvas.evaluate(BARE))
    values, grid = class_map(model, of, of.top(1)[0].index), grids(model.network.architecture, model.network.padding, 48)["head"]
    right = blend(bare, spread_out(values, grid, len(bare)), float(np.abs(values).max()), OPACITY)
    assert np.abs(painted.astype(int) - right).max() <= 1 and np.abs(painted.astype(int) - bare).max() > 40


def test_pointing_and_arrow_keys_tell_value_and_cell(page, seen):
    model, of = seen
    best = of.top(1)[0]
    values, grid = class_map(model, of, best.index), grids(model.network.architecture, model.network.padding, 48)["head"]
    open_page(page, page.home + "Where+it+looks")
    stage, says = page.locator(".st-key-cam_large .stage"), page.locator(".st-key-cam_large .says")
    stage.scroll_into_view_if_needed()
    frame = stage.bounding_box()
    stage.hover(position={"x": 20.5 / 48 * frame["width"], "y": 35.5 / 48 * frame["height"]})
    words = r"Pixel 20 across, 35 down: ([+−\d.]+)\. .* row (\d+), column (\d+), has ([+−\d.]+); over 9 cells, it adds ([+−\d.]+) to"
    found = re.search(words, says.inner_text())
    here, row, column, cell, share = (float(text.replace("−", "-")) for text in found.groups())
    assert here == pytest.approx(spread_out(values, grid)[35, 20], rel=6e-3)
    nearest = [min(range(3), key=lambda cell: abs(grid.centre(cell) - pixel)) for pixel in (35, 20)]
    assert [row - 1, column - 1] == nearest
    assert cell == pytest.approx(values[*nearest], rel=6e-3) and share == pytest.approx(values[*nearest] / 9, rel=6e-3)
    page.mouse.move(5, 5)
    stage.focus()
    page.keyboard.press("ArrowRight")
    start = re.search(r"row (\d+), column (\d+)", says.inner_text()).groups()
    page.keyboard.press("ArrowUp")
    assert re.search(r"row (\d+), column (\d+)", says.inner_text()).groups() == (str(int(start[0]) - 1), start[1])


def test_a_click_takes_a_class_and_a_unit(page, seen):
    _, of = seen
    third = of.top(3)[2]
    open_page(page, page.home + "Where+it+looks")
    page.locator(f'.st-key-cam_several .stage[data-id="{third.index}"]').click()
    sync_api.expect(page.locator(".st-key-cam_large figcaption b")).to_have_text(third.label, timeout=PATIENCE_MS)
    sync_api.expect(page).to_have_url(re.compile("class=" + third.label.replace(" ", r"(\+|%20)")), timeout=PATIENCE_MS)
    page.locator(".st-key-cam_sweep button.tile").nth(3).click()
    sync_api.expect(page).to_have_url(re.compile("layer=stages"), timeout=PATIENCE_MS)
    unit = re.search(r"layer=([\w.]+)", page.url)[1]
    sync_api.expect(page.locator(".st-key-cam_unit figcaption b")).to_contain_text(unit, timeout=PATIENCE_MS)


def test_the_patch_is_dragged_stepped_and_sized(page):
    open_page(page, page.home + "Occlusion")
    square, told = page.locator(".st-key-patch .square"), page.locator(".st-key-patch .told")
    result = page.locator("p", has_text="its probability goes from")
    square.scroll_into_view_if_needed()
    ground, place, before = page.locator(".st-key-patch .ground").bounding_box(), square.bounding_box(), result.inner_text()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()
    page.mouse.move(ground["x"] + ground["width"] * 0.75, ground["y"] + ground["height"] * 0.25, steps=4)
    page.mouse.up()
    sync_api.expect(told).to_have_text("12 × 12 pixels, the first at 30 across, 6 down", timeout=PATIENCE_MS)
    sync_api.expect(result).not_to_have_text(before, timeout=PATIENCE_MS)
    dragged = result.inner_text()
    square.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowDown")
    sync_api.expect(told).to_have_text("12 × 12 pixels, the first at 27 across, 7 down", timeout=PATIENCE_MS)
    sync_api.expect(result).not_to_have_text(dragged, timeout=PATIENCE_MS)
    page.locator(".st-key-patch input").focus()
    page.keyboard.press("End")
    sync_api.expect(page.locator("p", has_text="Every place in turn")).to_contain_text("16 places", timeout=PATIENCE_MS)
    page.locator(".st-key-occlude button").click()
    sync_api.expect(page.locator(".st-key-occlusion_map canvas")).to_have_count(2, timeout=PATIENCE_MS)
    sync_api.expect(told).to_contain_text("24 × 24 pixels", timeout=PATIENCE_MS)


COUNTED = """() => {
  const [heard, open] = [new Set(), new Set()]
  window.counted = () => [heard.size, open.size]
  const [add, remove, decode, close] = [window.addEventListener, window.removeEventListener, window.createImageBitmap, ImageBitmap.prototype.close]
  window.addEventListener = function (kind, listener, ...more) {
    if (kind === "effnet-overlay") heard.add(listener)
    return add.call(window, kind, listener, ...more)
  }
  window.removeEventListener = function (kind, listener, ...more) {
    heard.delete(listener)
    return remove.call(window, kind, listener, ...more)
  }
  window.createImageBitmap = async (...given) => {
    const made = await decode.call(window, ...given)
    open.add(made)
    return made
  }
  ImageBitmap.prototype.close = function () {
    open.delete(this)
    close.call(this)
  }
}"""


def test_maps_that_were_replaced_are_let_go(page):
    """Every change draws the maps anew; what listens and what was decoded stays as much as is shown."""
    page.add_init_script(f"({COUNTED})()")
    open_page(page, page.home + "Where+it+looks")
    stages = page.locator(".st-key-cam_several .stage")
    sync_api.expect(stages).to_have_count(5, timeout=PATIENCE_MS)
    shown = page.locator(".overlay:visible").count()
    for place in (1, 2, 3, 0):
        name = page.locator(".st-key-cam_several figcaption b").nth(place).inner_text()
        stages.nth(place).click()
        sync_api.expect(page.locator(".st-key-cam_large figcaption b")).to_have_text(name, timeout=PATIENCE_MS)
        settle(page)
    assert page.evaluate("counted()") == [shown, shown]  # a picture each
    page.locator(".st-key-part").get_by_text("Maps", exact=True).click()
    sync_api.expect(page.locator(".lens[data-drawn]")).to_have_count(1, timeout=PATIENCE_MS)
    settle(page)
    assert page.evaluate("counted()") == [0, 0]
