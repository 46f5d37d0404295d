"""The microscope in a real browser: it computes there, digit for digit, what Python computes. Its script is mounted by itself with the bytes
that the page sends; once it is met on the page."""

import base64
import re

import numpy as np
import pytest

from effnet_core.inside.arithmetic import lens
from effnet_core.inside.digits import agreed, short, written
from pages.shared.inside import packet

from .apps import open_app
from .serving import CHROMIUM, mounted, open_page, visited
from .test_page_inside_cell import PART, model, opened  # noqa: F401  fixtures

PATIENCE_MS = 60_000
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

MOUNT = """data => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))
  window.sent ??= []
  mount({ data: bytes, parentElement: document.body, setTriggerValue: (name, value) => window.sent.push([name, value]) })
}"""
PRINTED = """() => ({
  at: document.querySelector(".cell").dataset.at,
  steps: Object.fromEntries([...document.querySelectorAll(".step")].map((step) => [
    step.dataset.step, step.querySelector(".result").textContent.slice(2)])),
  grids: ["patch", "kernel", "product"].map((kind) => [...document.querySelectorAll(`.grid.${kind} .number`)]
    .map((cell) => cell.dataset.value)),
  zeros: [...document.querySelectorAll(".grid.patch .number")].map((cell) => cell.classList.contains("zero")),
  shares: [...document.querySelectorAll("button.share")].map((share) => [
    Number(share.dataset.channel), share.querySelector(".amount").textContent]),
  others: document.querySelector(".others .amount")?.textContent ?? null,
})"""


@pytest.fixture(scope="module")
def glass(browser):
    """A blank page with the component's script."""
    with mounted(browser, "cell", "written", "short", "agreed") as page:
        yield page


def bytes_of(layer, channel, at):
    app = open_app("inside", **PART, layer=".".join(layer.split(".")[:3]), cell_layer=layer, cell_channel=str(channel), cell_at=at)
    (data,) = [element.proto.bytes for element in app.get("bidi_component") if b'"subject"' in element.proto.bytes[:200]]
    return base64.b64encode(data).decode()


def shows(page, eye, at):
    """Whether what is printed is, to the last digit, what Python makes of the same cell."""
    printed, cell = page.evaluate(PRINTED), eye.cell(*at)
    assert printed["at"] == "{},{}".format(*at)
    value = agreed(cell.value, cell.recorded).text
    steps = {"sum": short(cell.sum, 6), "norm": short(cell.normalised), "activation": value, "recorded": value}
    if more := cell.addition:
        handed = agreed(more.value, more.recorded).text
        steps |= {"skip": handed, "handed": handed}
    assert value and printed["steps"] == steps
    if eye.layer.kernel > 1:
        assert printed["grids"] == [[short(x) for x in values.ravel()] for values in (cell.patch, cell.kernel, cell.products)]
        assert printed["zeros"] == [not real for _ in cell.patch for real in cell.inside.ravel()]
        return
    order = sorted(range(len(cell.patch)), key=lambda c: (-abs(cell.contributions[c]), c))
    assert printed["shares"] == [[c, short(cell.contributions[c])] for c in order[:8]]
    assert printed["others"] == (short(cell.contributions[order[8:]].sum()) if order[8:] else None)


def test_numbers_are_written_as_in_python(glass):
    rng = np.random.default_rng(7)
    boundaries = [0.03125, -0.03125, 0.5, 2.5, 9.99996, 9.9996e7, -9.9996e-11, 0.0, 1e7, 123456.5]
    values = (rng.normal(size=1500) * 10.0 ** rng.integers(-13, 12, 1500)).tolist() + boundaries
    others = [value * (1 + float(rng.choice([0, 1e-6, 1e-3, 0.3])) * float(rng.normal())) for value in values]
    places = rng.integers(-14, 9, len(values)).tolist()
    found = glass.evaluate("rows => rows.map(([a, b, place]) => [short(a), written(a, place), agreed(a, b)])", [*zip(values, others, places)])
    assert found == [[short(a), written(a, place), agreed(a, b).text] for a, b, place in zip(values, others, places)]


@pytest.mark.parametrize("layer, channel", [("stem", 3), ("stages.2.0.depthwise", 7), ("stages.1.0.depthwise", 2)])
def test_a_kernel_slides_over_padding_and_picture(glass, model, opened, layer, channel):
    glass.evaluate(MOUNT, bytes_of(layer, channel, "0,0"))
    eye = lens(model.network, opened(".".join(layer.split(".")[:3])), layer, channel)
    height, width = eye.output.shape
    shows(glass, eye, (0, 0))
    target = glass.locator(".target")
    target.focus()
    for keys, at in ((["ArrowRight"], (0, 1)), (["ArrowDown", "ArrowDown"], (2, 1)), (["End"], (2, width - 1)), (["ArrowRight"], (2, width - 1))):
        for key in keys:
            glass.keyboard.press(key)
        shows(glass, eye, at)
    glass.get_by_role("button", name="One cell on").click()
    shows(glass, eye, (3, 0))
    glass.get_by_role("button", name="One cell back").click()
    box = target.bounding_box()
    target.click(position={"x": box["width"] * (width - 0.5) / width, "y": box["height"] * (height - 0.5) / height})
    shows(glass, eye, (height - 1, width - 1))


def test_a_product_lights_its_pixel_its_weight_and_its_term(glass, model, opened):
    glass.evaluate(MOUNT, bytes_of("stages.2.0.depthwise", 7, "4,4"))
    glass.locator(".grid.product .number").nth(8).hover()
    assert glass.locator(".number.lit").evaluate_all("nodes => nodes.map((node) => node.dataset.i)") == ["8", "8", "8"]
    assert glass.locator(".term.lit").get_attribute("data-i") == "8" and glass.locator(".source .pixel").count() == 1
    glass.locator(".product .numbers").focus()
    glass.keyboard.press("ArrowDown")
    assert glass.locator(".number.lit").evaluate_all("nodes => nodes.map((node) => node.dataset.i)") == ["13", "13", "13"]
    before = lens(model.network, opened("stages.2.0"), "stages.2.0.depthwise", 7).before
    pixel = glass.locator(".source .pixel")
    assert [pixel.get_attribute(side) for side in "yx"] == [str(4 * 2 - before[0] + 2), str(4 * 2 - before[1] + 3)]


def test_contributions_are_sorted_and_the_rest_is_summed_up(glass, model, opened):
    glass.evaluate(MOUNT, bytes_of("stages.3.1.project", 2, "4,5"))
    eye = lens(model.network, opened("stages.3.1"), "stages.3.1.project", 2)
    shows(glass, eye, (4, 5))
    glass.locator(".target").focus()
    glass.keyboard.press("ArrowUp")
    shows(glass, eye, (3, 5))
    share = glass.locator("button.share").nth(3)
    channel = share.get_attribute("data-channel")
    share.click()
    assert glass.locator("figcaption").first.inner_text() == f"Input, channel {channel}"


def test_it_plays_until_it_is_stopped(glass):
    glass.evaluate(MOUNT, bytes_of("stages.2.0.depthwise", 7, "0,0"))
    assert glass.locator("select").input_value() == "slow"  # who asked for less motion
    glass.locator("select").select_option("fast")
    glass.get_by_role("button", name="Play or pause").click()
    glass.wait_for_function("() => Number(document.querySelector('.cell').dataset.at.split(',')[1]) >= 3", timeout=PATIENCE_MS)
    glass.get_by_role("button", name="Play or pause").click()
    at = glass.evaluate("() => document.querySelector('.cell').dataset.at")
    glass.wait_for_function("at => window.sent.length && window.sent.at(-1).join() === `moved,${at}`", arg=at, timeout=PATIENCE_MS)
    assert glass.evaluate("() => document.querySelector('.cell').dataset.at") == at


def test_a_row_that_is_not_here_is_asked_for(glass, model, opened, monkeypatch):
    monkeypatch.setattr(packet, "WHOLE", 0)
    monkeypatch.setattr(packet, "BAND", 10_000)
    eye = lens(model.network, opened("stages.3.1"), "stages.3.1.project", 2)
    low, high = packet.rows(eye, 0)[:2]
    glass.evaluate(MOUNT, bytes_of("stages.3.1.project", 2, f"{high - 1},5"))
    glass.evaluate("() => { window.sent = [] }")
    glass.locator(".target").focus()
    glass.keyboard.press("ArrowDown")
    assert glass.evaluate("() => window.sent") == [["moved", [high, 5]]]
    shows(glass, eye, (high - 1, 5))  # meanwhile
    glass.evaluate(MOUNT, bytes_of("stages.3.1.project", 2, f"{high},5"))
    shows(glass, eye, (high, 5))


def test_the_address_follows_the_microscope(browser, address):
    with visited(browser, address + "/inside?part=One+cell&model=small-scenes&layer=stages.2.0&cell_at=0,0", height=1000) as page:
        open_page(page, page.home)
        page.locator(".st-key-cell .step").first.wait_for(timeout=PATIENCE_MS)
        page.locator(".st-key-cell .target").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        sync_api.expect(page).to_have_url(re.compile(r"cell_at=1(,|%2C)1"), timeout=PATIENCE_MS)
        sync_api.expect(page.locator(".st-key-cell .status")).to_contain_text("row 1, column 1 of", timeout=PATIENCE_MS)
        value, recorded = (page.locator(f'.st-key-cell [data-step="{step}"] .result').inner_text() for step in ("activation", "recorded"))
        assert value == recorded and not page.locator("[data-testid=stException]").count()
