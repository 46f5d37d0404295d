"""The part "Maps" in a real browser: what is drawn there, pixel by pixel, and what pointing, clicking and keys do."""

import numpy as np
import pytest

from effnet_core import load
from effnet_core.figures import maps
from effnet_core.inside.geometry import grids, spread_out
from effnet_core.inside.inspection import inspect, open_unit
from pages.shared.photo import picture

from .serving import CHROMIUM, open_page
from .test_browser_inside import PATIENCE_MS, is_at, page, sync_api  # noqa: F401  the third is a fixture

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
UNIT, PHOTO = "stages.2.0", "scene-3-1"
PIXELS = "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)"


@pytest.fixture(scope="module")
def model():
    return load("small-scenes")


@pytest.fixture(scope="module")
def opened(model):
    return open_unit(model, inspect(model, picture(PHOTO).tensor(model.preprocess)), UNIT)


@pytest.fixture(scope="module")
def grid(model):
    return grids(model.network.architecture, model.network.padding, model.preprocess.crop)[f"{UNIT}.depthwise"]


@pytest.fixture()
def atlas(page):  # noqa: F811
    open_page(page, f"{page.home}/inside?model=small-scenes&photo={PHOTO}&layer={UNIT}&part=Maps&maps=depthwise&sort=Number&channel=middle.5")
    shows(page, 5)
    page.locator(".st-key-lens .stack").evaluate("stack => stack.scrollIntoView({ block: 'center' })")
    yield page
    assert not page.errors and not page.locator("[data-testid=stException]").count()


def shows(page, channel, layer="Depthwise (before SE)"):  # noqa: F811
    """Waits until this channel is drawn large."""
    drawn = page.locator(f'.st-key-lens .lens[data-drawn^="{layer} of {UNIT} {channel} "]')
    sync_api.expect(drawn).to_have_count(1, timeout=PATIENCE_MS)


def drawn(page, side):  # noqa: F811
    """Palette indexes of the enlarged map, side × side."""
    palette = np.frombuffer(maps.colours("light"), np.uint8).reshape(256, 3)[: maps.LEVELS].astype(int)
    pixels = np.array(page.locator(".st-key-lens canvas").evaluate(PIXELS)).reshape(side, side, 4)
    assert (pixels[..., 3] == 255).all()
    apart = np.abs(pixels[:, :, None, :3] - palette).sum(3)
    assert (apart.min(2) == 0).all()  # each is a colour of the scale
    return apart.argmin(2)


def levels(values):
    """As the browser computes them, in float64."""
    return maps.indexes(values[None].astype(np.float64), np.array([np.abs(values).max()], np.float32).astype(np.float64))[0].astype(int)


def test_every_pixel_of_the_enlarged_map_is_in_its_place(atlas, opened, grid):
    values = opened.layers[f"{UNIT}.depthwise"][5].astype(np.float64)
    near = np.clip(np.floor((np.arange(grid.side) - grid.first) / grid.step + 0.5).astype(int), 0, grid.cells - 1)
    assert np.abs(drawn(atlas, grid.side) - levels(values[near][:, near])).max() == 0
    atlas.get_by_label("smooth").check()
    spread = maps.indexes(spread_out(values, grid)[None], np.array([np.float64(np.float32(np.abs(values).max()))]))[0].astype(int)
    found = drawn(atlas, grid.side)
    assert np.abs(found - spread).max() <= 1 and (found == spread).mean() > 0.99  # colours next to each other may be the same one
    atlas.get_by_label("smooth").uncheck()


def test_arrow_keys_move_the_cell_and_its_square_is_what_it_can_see(atlas, opened, grid):
    values, stack = opened.layers[f"{UNIT}.depthwise"][5], atlas.locator(".st-key-lens .stack")
    said = atlas.locator(".st-key-lens .said")
    stack.click(position={"x": 8, "y": 8})  # a corner itself is rounded off
    stack.focus()
    for keys, (row, column) in (([], (0, 0)), (["ArrowDown", "ArrowRight", "ArrowRight"], (1, 2)), (["ArrowUp", "ArrowUp", "ArrowLeft"], (0, 1))):
        for key in keys:
            atlas.keyboard.press(key)
        sync_api.expect(said).to_contain_text(f"Row {row}, column {column}: ", timeout=PATIENCE_MS)
        shown = float(said.inner_text().split(": ")[1].split(". ")[0].replace("−", "-"))
        assert shown == pytest.approx(float(values[row, column]), rel=5e-4)
        left, top, right, bottom = map(float, atlas.locator(".st-key-lens .sees").get_attribute("data-box").split())
        assert ((left, right), (top, bottom)) == (grid.span(column), grid.span(row))
    atlas.locator(".st-key-lens .ask").click()
    sync_api.expect(atlas.locator("h4", has_text="One cell")).to_have_count(1, timeout=PATIENCE_MS)
    for part in (f"cell_layer={UNIT}.depthwise", "cell_channel=5", "cell_at=0%2C1"):
        is_at(atlas, part)


def test_pointing_says_the_value_and_picking_enlarges(atlas, opened):
    view, said = atlas.locator(".st-key-all_maps .view"), atlas.locator(".st-key-all_maps .said")
    canvas = view.locator("canvas").bounding_box()
    atlas.mouse.move(canvas["x"] + 5, canvas["y"] + 5)  # the first cell of channel 0
    value = float(opened.layers[f"{UNIT}.depthwise"][0, 0, 0])
    sync_api.expect(said).to_contain_text("channel 0 · gate", timeout=PATIENCE_MS)
    assert float(said.inner_text().split("row 0, column 0: ")[1].split(" · ")[0].replace("−", "-")) == pytest.approx(value, rel=5e-4)
    atlas.mouse.click(canvas["x"] + 5, canvas["y"] + 5)
    shows(atlas, 0)
    is_at(atlas, "channel=middle.0")
    view.focus()
    atlas.keyboard.press("ArrowRight")
    atlas.keyboard.press("Enter")
    shows(atlas, 1)
    is_at(atlas, "channel=middle.1")
    sync_api.expect(atlas.locator(".st-key-channel_number input")).to_have_value("1", timeout=PATIENCE_MS)
    assert view.locator("[role=option]").text_content().startswith("channel 1 ")


def test_however_many_maps_the_canvas_is_as_large_as_its_window(page):  # noqa: F811
    open_page(page, f"{page.home}/inside?model=b0-imagenette&layer=head&part=Maps")
    view = page.locator(".st-key-all_maps .view")
    sync_api.expect(page.locator('.st-key-all_maps .atlas[data-drawn$=" 0"]')).to_have_count(1, timeout=PATIENCE_MS)
    assert view.evaluate("view => view.querySelector('canvas').clientHeight <= view.clientHeight && view.scrollHeight > 10 * view.clientHeight")
    view.focus()
    page.keyboard.press("End")
    sync_api.expect(page.locator('.st-key-all_maps .atlas[data-drawn$=" 0"]')).to_have_count(0, timeout=PATIENCE_MS)
    sync_api.expect(view.locator("[role=option]")).to_have_attribute("aria-posinset", "1280", timeout=PATIENCE_MS)
    assert not page.errors
