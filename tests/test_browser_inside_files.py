"""What is seen on the page Inside, taken home from a real browser: every file opens by itself, on the page's colour, under a name that says
what it is; and answers that are no numbers are drawn all the same."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_core import checkpoints
from effnet_core.architecture import assemble
from effnet_core.data.datasets import Scenes
from effnet_core.families import SMALL
from effnet_core.network import build
from effnet_core.palette import PAGE
from effnet_core.scaling import Scaling

from .serving import CHROMIUM, open_page, server

PATIENCE_MS = 60_000  # nothing here takes that long; it turns a hang into a failure
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
SVG = "{http://www.w3.org/2000/svg}"
BLOCK = "stages.2.0"
FILES = [  # part, where the buttons are, how the files' names begin, what they say, images in them
    ("One block", ".excitation", rf"raw-{BLOCK}-se-channel-\d+", "through squeeze-and-excitation", 2),
    ("One block", ".st-key-pairs_raised", rf"raw-{BLOCK}-raised", "maps before and after", 8),
    ("Maps", ".lens", rf"raw-{BLOCK}-output-channel-\d+", f"Output of {BLOCK}", 2),
    ("Maps", ".atlas", rf"raw-{BLOCK}-output", "", 0),
    ("One cell", ".st-key-cell .cell", rf"raw-{BLOCK}.depthwise-channel-\d+-row-\d+-column-\d+", "Batch norm", 2),
    ("Where it looks", ".st-key-cam_large", r"raw-evidence-[\w-]+", "evidence of a cell", 1),
    ("Two photos", ".cloud", rf"raw-{BLOCK}-two-photos", "Gates of", 1),
]


def model(folder, name, factor):
    network, data = build(assemble(SMALL, Scaling(0.5, 0.35, 32, 0.0), 10, name), seed=5).eval(), Scenes(32)
    with torch.no_grad():
        for key, value in network.named_parameters():
            if key.startswith(BLOCK) and value.dim() == 4:
                value.mul_(factor)
    card = checkpoints.make_card(name, network, data.labels, data.preprocess, trained=False)
    checkpoints.save(folder / f"{name}.safetensors", network, card)


@pytest.fixture(scope="module")
def page(tmp_path_factory, browser):
    cache = tmp_path_factory.mktemp("cache")
    (cache / "models").mkdir()
    model(cache / "models", "raw", 1)
    model(cache / "models", "huge", 1e37)  # finite, but what comes out of them is not
    with server(cache) as address:
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme="dark")
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: page.errors.append(message.text) if "Error:" in message.text else None)
        page.home = address + f"/inside?photo=scene-0-1&layer={BLOCK}"
        yield page
        page.close()


def kept(page, button):
    """The file's name and content, asked for by keyboard."""
    button.focus()
    with page.expect_download(timeout=PATIENCE_MS) as waiting:
        page.keyboard.press("Enter")
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


@pytest.mark.parametrize("part, spot, name, words, images", FILES)
def test_a_file_is_what_is_seen(page, part, spot, name, words, images):
    if f"part={part.replace(' ', '+')}" not in page.url:
        open_page(page, f"{page.home}&model=raw&part={part.replace(' ', '+')}")
    buttons = page.locator(f"{spot} .downloads button")
    sync_api.expect(buttons).to_have_count(2 if images else 1, timeout=PATIENCE_MS)
    for button in buttons.all():
        file, data = kept(page, button)
        kind = button.inner_text()
        assert button.get_attribute("aria-label") == f"Download as {kind}" and re.fullmatch(rf"{name}\.{kind.lower()}", file)
        if kind == "SVG":
            is_a_drawing(data, words, images)
        else:
            is_a_picture(data)
    assert not page.errors


def is_a_drawing(data, words, images):
    root = ET.fromstring(data)
    assert root.find(SVG + "rect").get("fill").lower() == PAGE["dark"]
    said = " ".join("".join(text.itertext()) for text in root.iter(SVG + "text"))
    assert words in said and "untrained weights" in said and not re.search(rb"NaN|undefined|var\(", re.sub(rb'href="[^"]*"', b"", data))
    pictures = [image.get("href") for image in root.iter(SVG + "image")]
    assert len(pictures) == images and all(picture.startswith("data:image/png;base64,iVBOR") for picture in pictures)


def is_a_picture(data):
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    paper = [*bytes.fromhex(PAGE["dark"][1:])]
    assert (image[:30] == paper).all() and (image[:, :30] == paper).all()  # the margin
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 50 and (image != paper).any(-1).mean() > 0.02


def test_a_chart_of_plotly_is_kept_as_svg(page):
    open_page(page, f"{page.home.replace(BLOCK, 'classifier')}&model=raw&part=One+block")
    buttons = page.locator(".st-key-logits .modebar-btn")
    sync_api.expect(buttons).to_have_count(1, timeout=PATIENCE_MS)
    with page.expect_download(timeout=PATIENCE_MS) as waiting:
        buttons.click()
    root = ET.fromstring(waiting.value.path().read_bytes())
    assert waiting.value.suggested_filename == "raw-logits.svg"
    assert "untrained weights" in "".join(root.itertext()) and f"rgb({', '.join(map(str, bytes.fromhex(PAGE['dark'][1:])))})" in ET.tostring(root, "unicode")


@pytest.mark.parametrize("part, shown", [
    ("One block", ".excitation li"), ("Maps", ".atlas[data-drawn]"), ("Maps", ".lens[data-drawn]"), ("One cell", ".st-key-cell .chain"),
    ("Where it looks", ".st-key-cam_large .panel"), ("Surgery", ".handles .handle"), ("Two photos", ".cloud .say")])
def test_answers_that_are_no_numbers_are_drawn(page, part, shown):
    page.errors.clear()
    if "model=huge" not in page.url or f"part={part.replace(' ', '+')}" not in page.url:
        open_page(page, f"{page.home}&model=huge&part={part.replace(' ', '+')}")
    sync_api.expect(page.locator(shown).first).to_be_visible(timeout=PATIENCE_MS)
    assert not page.errors
