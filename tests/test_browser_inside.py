"""The page "Inside" in a real browser: its gallery is drawn and picked there, and towers are clicked."""

import re

import pytest

from effnet_core.data.datasets import Scenes

from .serving import CHROMIUM, open_page, visited

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

INKED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
  return new Set(Array.from({ length: pixels.length / 4 }, (_, i) => pixels.slice(4 * i, 4 * i + 4).join())).size
}"""  # how many colours a canvas shows


@pytest.fixture(scope="module")
def page(browser, address):
    with visited(browser, address) as page:
        yield page


@pytest.fixture()
def inside(page):
    open_page(page, page.home + "/inside?model=small-scenes&layer=stages.2.0")
    page.wait_for_selector(".st-key-pairs_lowered button.tile canvas", timeout=PATIENCE_MS)
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
    assert all(pair.locator("canvas").count() == 2 for pair in inside.locator(".st-key-pairs_raised button.tile").all())


def shows_channel(page, number):
    """Waits until channel `number` is the one that is worked out, in picture and number box alike."""
    sync_api.expect(page.locator(".st-key-se_channel input")).to_have_value(str(number), timeout=PATIENCE_MS)
    sync_api.expect(page.locator(".excitation .slider")).to_have_attribute("aria-valuenow", str(number), timeout=PATIENCE_MS)


def test_a_click_on_a_pair_takes_its_channel(inside):
    pair = inside.locator(".st-key-pairs_lowered button.tile").first
    number = int(pair.locator(".label").inner_text().removeprefix("channel "))
    pair.click()
    shows_channel(inside, number)
    is_at(inside, f"channel=middle.{number}")
    sync_api.expect(pair).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)


def opens(page, block):
    sync_api.expect(page.locator(f'.spine .mark.chosen[data-id="{block}"]')).to_have_count(1, timeout=PATIENCE_MS)
    tower = page.locator(".skyline .tower.chosen")
    sync_api.expect(tower).to_have_attribute("aria-label", re.compile(f"^{re.escape(block)}:"), timeout=PATIENCE_MS)
    sync_api.expect(page.locator("body")).to_contain_text(f"Block {block}", timeout=PATIENCE_MS)
    is_at(page, f"layer={block}")


def test_a_click_on_a_window_opens_its_block_at_its_channel(inside):
    frame = inside.locator(".skyline .tower").nth(8).locator(".frame")
    frame.evaluate("frame => frame.scrollIntoView({ block: 'center' })")
    place = frame.bounding_box()
    inside.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    block, channel = re.fullmatch(r"(stages\.5\.1) · channel (\d+)", inside.locator(".skyline .tooltip strong").inner_text()).groups()
    inside.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    opens(inside, block)
    shows_channel(inside, int(channel))
    assert float(inside.locator(".skyline .taken").get_attribute("width")) > 0


def test_the_skyline_by_keyboard(inside):
    tower = inside.locator(".skyline .tower")
    tower.nth(2).focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        inside.keyboard.press(key)
    block, channel = re.fullmatch(r"(\S+) · channel (\d+)", inside.locator(".skyline .tooltip strong").inner_text()).groups()
    assert tower.nth(3).get_attribute("aria-label").startswith(f"{block}: ")
    inside.keyboard.press("Enter")
    opens(inside, block)
    shows_channel(inside, int(channel))


def test_the_steps_follow_one_another_and_can_be_turned_back(inside):
    says, controls, lit = (inside.locator(f".excitation {part}") for part in (".says", ".controls button", "li.lit .name"))
    controls.nth(2).click()
    controls.nth(2).click()
    sync_api.expect(says).to_have_text("Step 2 of 5: Squeeze", timeout=PATIENCE_MS)
    sync_api.expect(lit).to_have_text("2 · Squeeze", timeout=PATIENCE_MS)
    inside.keyboard.press("ArrowLeft")
    sync_api.expect(says).to_have_text("Step 1 of 5: Feature map", timeout=PATIENCE_MS)
    controls.nth(1).click()  # play, from here to the end
    sync_api.expect(says).to_have_text("Step 5 of 5: Recalibrate", timeout=PATIENCE_MS)
    sync_api.expect(controls.nth(1)).to_have_text("Play", timeout=PATIENCE_MS)
    controls.nth(3).click()
    sync_api.expect(lit).to_have_count(0, timeout=PATIENCE_MS)


def test_every_picture_can_be_kept(inside):
    for button, kind in ((0, "svg"), (1, "png")):
        with inside.expect_download() as kept:
            inside.locator(".skyline .downloads button").nth(button).click()
        assert kept.value.suggested_filename == f"small-scenes-gates.{kind}"
        data = kept.value.path().read_bytes()
        if kind == "svg":
            assert data.count(b"h") and b"share below 0.1" in data and b"NaN" not in data and b"undefined" not in data
        else:
            assert data.startswith(b"\x89PNG") and len(data) > 20_000


def test_a_click_on_a_scene_looks_at_it(inside):
    inside.locator(".st-key-scenes button.tile").nth(7).click()
    sync_api.expect(inside.locator("body")).to_contain_text(f"The picture: {Scenes.labels[7]}", timeout=PATIENCE_MS)
    is_at(inside, "photo=scene-7-1")
    link = inside.url
    open_page(inside, link)
    sync_api.expect(inside.locator("body")).to_contain_text(f"The picture: {Scenes.labels[7]}", timeout=PATIENCE_MS)
