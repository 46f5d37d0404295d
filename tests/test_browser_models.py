"""The chooser of models in a real browser: a download that is watched by two visitors, a file of one's own, a narrow screen, and axe."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import torch

from effnet_core.families import published
from effnet_core.network import build
from effnet_core.weights import registry
from effnet_core.weights.layouts import from_ours

from .mirrors import serving
from .serving import CHROMIUM, open_page, server, settle

PATIENCE_MS = 120_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")


def weights(path, layout, **options):
    made = build(published("b0", **options), padding="symmetric", eps=1e-5, seed=1)
    torch.save(from_ours(made.state_dict(), made.architecture, layout), path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    file = registry.ROWS["imagenet-b0"].file
    with serving() as here:
        here.files[file] = weights(tmp_path_factory.mktemp("mirror") / file, "torchvision")
        here.manners[file] = "slow"
        yield here


@pytest.fixture(scope="module")
def address(mirror, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        (content,) = mirror.files.values()
        patch.setenv("EFFNET_MIRROR", mirror.url)
        patch.setenv("EFFNET_TEST_FILES", json.dumps({"imagenet-b0": hashlib.sha256(content).hexdigest()}))
        patch.setenv("PYTHONPATH", str(Path(__file__).parent / "published"))
        with server(tmp_path_factory.mktemp("cache")) as url:
            yield url


@pytest.fixture()
def visit(browser, address):
    """Opens the page as a new visitor."""
    pages = []

    def opened(path="/inside", width=1440, **options):
        page = browser.new_page({"width": width, "height": 900}, **options)
        page.set_default_timeout(PATIENCE_MS)
        pages.append(page)
        open_page(page, address + path)
        return page

    yield opened
    for page in pages:
        assert not page.locator("[data-testid=stException]").count()
        page.close()


def group(page, name):
    page.locator(".st-key-model_group").get_by_text(name, exact=True).click()
    settle(page)


def shows(place, text):
    sync_api.expect(place).to_contain_text(text, timeout=PATIENCE_MS)


def fits(page):
    """Nothing is wider than the window."""
    return page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth")


def test_a_download_is_seen_by_everybody_and_ends_as_a_model(visit, mirror):
    page, other = visit("/inside?model=small-scenes"), visit("/inside?model=imagenet-b0")
    group(page, "ImageNet")
    picture = page.locator(".st-key-photo_source")
    page.locator(".st-key-model_download button:visible").scroll_into_view_if_needed()  # as a click would
    before = picture.bounding_box()["y"]
    page.locator(".st-key-model_download button:visible").click()
    for visitor in (page, other):
        arrival = visitor.locator(".st-key-model_arrival")
        sync_api.expect(arrival).to_contain_text(re.compile(r"MB of 21\.4 MB, 2[45] %"), timeout=PATIENCE_MS)
    assert abs(picture.bounding_box()["y"] - before) < 3  # nothing jumped
    assert page.locator(".st-key-model_download_stop").count() and not other.locator(".st-key-model_download_stop").count()
    assert "The picture: red plain disc" in page.locator("body").inner_text()  # the page goes on meanwhile
    mirror.more.set()
    for visitor in (page, other):
        shows(visitor.locator("body"), "EfficientNet-B0 · input 3 × 224 × 224")
        shows(visitor.locator("body"), "The picture: Chelsea the cat")
        shows(visitor.locator(".ef-card"), "as published by torchvision; not measured here")
        assert not visitor.locator(".st-key-model_arrival").count()
    open_page(page, page.url)
    shows(page.locator("body"), "EfficientNet-B0 · input 3 × 224 × 224")


def test_a_file_of_one_s_own_on_a_narrow_screen(visit, tmp_path):
    weights(tmp_path / "leaves.pth", "timm", classes=3)
    page = visit(width=390)
    group(page, "Yours")
    page.locator(".st-key-model_adding input[type=file]").set_input_files(tmp_path / "leaves.pth")
    page.get_by_role("textbox", name="Name of the model").wait_for()
    shows(page.locator(".st-key-model_adding"), "ε of batch norm")
    assert fits(page)
    page.get_by_role("textbox", name="Labels, one a line").fill("oak\nbeech\nbirch")
    page.locator(".st-key-model_adding").get_by_role("button", name="Add the model").click()
    shows(page.locator("body"), "All that it can say, whatever the picture shows: oak, beech, birch.")
    sync_api.expect(page).to_have_url(re.compile("model=leaves"), timeout=PATIENCE_MS)
    assert fits(page)


@pytest.mark.parametrize("theme, rules", [("light", ()), ("dark", ("color-contrast",))])
def test_the_chooser_is_accessible(visit, serious, theme, rules):
    page = visit(color_scheme=theme)
    for name in ("ImageNet", "Yours"):
        page.locator(".st-key-model_group").get_by_text(name, exact=True).focus()
        page.keyboard.press("Enter")
        settle(page)
        assert not serious(page, *rules)
