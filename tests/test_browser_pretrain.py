"""The Pretrain page in a real browser: a training that outlives its tab, visitors who wait for each other, and what is drawn there."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from .serving import CHROMIUM, open_page, server, settle

PATIENCE_MS = 180_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

SEEN = """img => { const canvas = Object.assign(document.createElement("canvas"), { width: img.naturalWidth, height: 1 })
  canvas.getContext("2d").drawImage(img, 0, 0); return [img.naturalWidth, ...canvas.getContext("2d").getImageData(0, 0, 1, 1).data] }"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of two classes."""
    folder, dice = tmp_path_factory.mktemp("photos") / "Two things", np.random.default_rng(0)
    for label, name in enumerate(("cool", "warm")):
        (folder / name).mkdir(parents=True)
        for number in range(8):
            pixels = dice.integers(0, 256, (40, 40, 3), np.uint8)
            pixels[..., 2 * label] //= 6
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            (folder / name / f"{number}.png").write_bytes(file.getvalue())
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with server(tmp_path_factory.mktemp("cache")) as address:
        yield address


def shows(page, text):
    sync_api.expect(page.get_by_test_id("stMain")).to_contain_text(text, timeout=PATIENCE_MS)


def choose(page, key, option):
    page.locator(f".st-key-{key}").get_by_text(option, exact=True).click()
    settle(page)


def start(page, key, photos=None):
    """A long training of little work on the photos: only a new classifier of the small network learns."""
    choose(page, "data_kind", "Your photos")
    if photos is not None:
        choose(page, "upload_way", "A folder")
        page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files(photos)
        shows(page, "16 photos of 2 classes")
        settle(page)
    model = page.locator(".st-key-tuned_from_choice input")
    model.click()
    model.fill("small-scenes")
    page.get_by_role("option").filter(has_text="small-scenes").click()
    shows(page, "The layers of small-scenes are frozen")
    settle(page)
    side, epochs = (page.locator(f".st-key-{name}").get_by_role("slider") for name in ("side_tuned_photos", "epochs_10"))
    side.press("Home")
    epochs.press("End")
    settle(page)
    page.get_by_role("button", name="Start training").click()
    sync_api.expect(page).to_have_url(re.compile("job="), timeout=PATIENCE_MS)


def progress(page):
    """The epoch that the bar tells."""
    shown = re.search(r"epoch ([0-9.]+) of 100", page.locator(".st-key-bar_training").inner_text())
    return float(shown[1]) if shown else -1.0


def until(page, condition):
    for _ in range(PATIENCE_MS // 250):
        if condition():
            return
        page.wait_for_timeout(250)
    raise AssertionError("this never came true")


def test_a_training_outlives_its_tab_and_is_paused_and_gone_on_with(browser, home, photos, serious):
    page = browser.new_page({"width": 1440, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_page(page, f"{home}/pretrain")
    start(page, "own", photos)
    until(page, lambda: progress(page) > 2)
    seen, address = progress(page), page.url
    page.close()

    page = browser.new_page({"width": 1440, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)  # and no waiting for rest: this page looks at its training every second
    page.locator(".st-key-bar_training").wait_for(timeout=PATIENCE_MS)
    until(page, lambda: progress(page) > seen)

    # every gate is a cell of its strip, and the slider goes back through the looks while the training goes on
    page.wait_for_selector(".ef-gates [role=row] img")
    widths = [img.evaluate(SEEN)[0] for img in page.locator(".ef-gates [role=row] > span:nth-child(2) img").all()]
    assert widths == [16, 48, 48, 96, 192, 192, 240, 240, 384, 384]
    slider = page.locator(".st-key-looks").get_by_role("slider")
    sync_api.expect(slider).to_be_enabled(timeout=PATIENCE_MS)
    slider.press("Home")
    shows(page, "before the first step")
    here = progress(page)
    until(page, lambda: progress(page) > here)
    shows(page, "before the first step")  # it stays where the visitor went
    page.get_by_role("button", name="Latest").click()
    until(page, lambda: "before the first step" not in page.locator(".st-key-looks").inner_text())
    page.locator(".st-key-filters button.tile").nth(3).click()
    shows(page, "Filter 3: how much it looks for red")

    # a second visitor with one core each would wait; whoever waits sees its place
    other = browser.new_page({"width": 390, "height": 844}, color_scheme="dark")
    open_page(other, f"{home}/pretrain")
    shows(other, "at work now")
    assert other.locator("[class*=st-key-resume_] button").first.is_disabled()
    wide = other.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return [m.scrollWidth, m.clientWidth] }")
    assert wide[0] <= wide[1] + 1
    other.close()

    assert not serious(page)

    page.get_by_role("button", name="Pause").click(timeout=PATIENCE_MS)
    shows(page, "is paused. Everything it needs to go on is kept")
    page.get_by_role("button", name="Go on").click(timeout=PATIENCE_MS)
    until(page, lambda: progress(page) > seen)
    page.get_by_role("button", name="Stop", exact=True).click(timeout=PATIENCE_MS)
    shows(page, "What had been learnt by then is kept as")
    shows(page, "What it still confuses")
    assert not page.get_by_test_id("stException").count() and not errors, errors
    page.close()


@pytest.mark.parametrize("scheme, rules", [("light", ()), ("dark", ("color-contrast",))])
def test_photos_of_ones_own_and_their_settings_have_no_serious_finding_and_fit_a_phone(browser, home, serious, scheme, rules):
    page = browser.new_page({"width": 390, "height": 844}, color_scheme=scheme)
    open_page(page, f"{home}/pretrain")
    choose(page, "data_kind", "Your photos")
    page.get_by_text("More settings").click()
    page.get_by_text("Add photos of your own").click()
    choose(page, "network_own", "Scaled")
    assert not serious(page, *rules)
    wide = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return [m.scrollWidth, m.clientWidth] }")
    assert wide[0] <= wide[1] + 1 and not page.get_by_test_id("stException").count()
    page.close()
