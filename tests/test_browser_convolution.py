"""The lessons on convolutions in a real browser: they count as Python does, the walking kernel computes what torch computes, both follow the hand."""

import math
import random
import re
from dataclasses import asdict

import pytest
import torch
from torch.nn import functional as F

from effnet_core.lessons import kernels
from effnet_core.lessons.convolution import Convolution
from effnet_core.lessons.kernels import Kernel, write
from effnet_core.lessons.separable import Separable
from pages.shared.lessons.separable import CHANNELS

from .apps import open_app
from .hand import drag, eventually
from .serving import CHROMIUM, mounted, settle
from .test_browser import Visit
from .test_page_convolution import sent

PATIENCE_MS = 60_000
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

PRINTED = """() => {
  const pixels = (name) => {
    const canvas = document.querySelector(`.frame.${name} canvas`)
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    return { side: canvas.width, data: [...data] }
  }
  const numbers = (kind) => [...document.querySelectorAll(`.${kind} .number`)].map((cell) => cell.value ?? cell.textContent)
  return { ...document.querySelector(".walk").dataset, input: pixels("input"), output: pixels("output"), patch: numbers("patch"),
    kernel: numbers("kernel"), products: numbers("product"), words: [...document.querySelectorAll(".words p")].map((line) => line.textContent) }
}"""

MOUNT = """data => {
  document.querySelector(".walk").replaceChildren()
  window.leave?.()
  window.leave = mount({ data, parentElement: document.body, setTriggerValue() {} })
}"""


@pytest.fixture(scope="module")
def blank(browser):
    """A blank page with the walking kernel's scripts."""
    with mounted(browser, "walk", "convolutionOf", "separableOf", "mapOf", "quotient") as page:
        yield page


def test_it_counts_as_python_does_to_the_integer(blank):
    dice = random.Random(0)
    shapes = [Separable(dice.randint(1, 8192), dice.randint(1, 8192), dice.choice([1, 3, 5, 7]), dice.randint(7, 1024), dice.randint(1, 4),
                        dice.choice(["same", "valid"])) for _ in range(500)]
    found = blank.evaluate("shapes => shapes.map(separableOf)", [asdict(shape) for shape in shapes])
    for shape, mirrored in zip(shapes, found):
        for name in ("standard", "depthwise", "pointwise"):
            counted: Convolution = getattr(shape, name)
            assert {key: mirrored[name][key] for key in asdict(counted)} == asdict(counted) and tuple(mirrored[name]["zeros"]) == counted.zeros
            assert all(mirrored[name][figure] == getattr(counted, figure) for figure in ("cells", "params", "macs", "bytes", "intensity"))
        assert mirrored["pair"]["macs"] == shape.depthwise.macs + shape.pointwise.macs and mirrored["ratio"] == float(shape.ratio)


def walked(blank, step=0, **query):
    """What the walking kernel prints for a page with that address, after so many clicks on "Step"."""
    data = sent(open_app("blocks", **query), "walk")
    blank.evaluate(MOUNT, data)
    blank.get_by_role("button", name="Compute all cells at once").click()
    for _ in range(step):
        blank.get_by_role("button", name="One cell on").click()
    return data, blank.evaluate(PRINTED)


def plain(text):
    return float(text.replace("−", "-"))


def planes_of(shown, colours):
    side, rgba = shown["input"]["side"], torch.tensor(shown["input"]["data"], dtype=torch.float64)
    return rgba.reshape(side, side, 4).permute(2, 0, 1)[: 3 if colours else 1]


OWN = write(Kernel(3, 7, ((0.25, -1.5, 3.0, 0.01, 2.0, -7.75, 1.0, 0.0, 99.0), (1.0,) * 9, (-2.0, 0.5) * 4 + (0.0,))))


@pytest.mark.parametrize("query", [
    {}, {"conv_inputs": "1", "conv_kernel": "5", "conv_filter": "Blur", "conv_stride": "2"},
    {"conv_kernel": "7", "conv_padding": "valid", "conv_filter": "Sharpen", "conv_side": "19"},
    {"conv_filter": "By hand", "kernel_numbers": OWN, "conv_stride": "3", "conv_side": "20"},
    {"conv_kernel": "1", "conv_side": "48", "conv_inputs": "9"},
    {"conv_filter": "Random", "conv_stride": "4", "conv_side": "9", "photo": "sample-astronaut"},
], ids=["edge", "blur", "sharpen", "own", "one", "random"])
def test_every_cell_is_torchs(blank, query):
    data, shown = walked(blank, 5, **query)
    colours = data["hand"]["conv_inputs"] == 3
    size = (1, 3, 5, 7)[data["hand"]["conv_kernel"]]
    given, stride = data["kernels"][str(size)], data["hand"]["conv_stride"]
    planes = planes_of(shown, colours)
    shape = Convolution(1, 1, size, data["hand"]["conv_side"], stride, data["padding"])
    assert planes.shape[1:] == (shape.side, shape.side) and shown["output"]["side"] == shape.cells and int(shown["filled"]) == shape.cells**2
    before, after = shape.zeros
    weight = torch.tensor(given["slices"][: len(planes)], dtype=torch.float64).reshape(1, -1, size, size)
    padded = F.pad(planes, (before, after, before, after))
    expected = F.conv2d(padded[None], weight / (given["divisor"] * len(planes)), stride=stride)[0, 0]
    kernel = {"divisor": given["divisor"], "hundredths": (weight[0] * 100).round().int().flatten(1).tolist()}
    whole = blank.evaluate("([planes, shape, kernel]) => [...mapOf({ planes, count: convolutionOf(shape), kernel })]",
                           [planes.flatten(1).tolist(), asdict(shape), kernel])
    assert torch.allclose(torch.tensor(whole, dtype=torch.float64).reshape(expected.shape), expected, rtol=1e-12, atol=1e-9)
    row, column = map(int, shown["at"].split(","))
    assert float(shown["value"]) == pytest.approx(expected[row, column].item(), rel=1e-12, abs=1e-9)
    patch = padded[0, row * stride : row * stride + size, column * stride : column * stride + size].flatten()
    assert [*map(plain, shown["patch"])] == patch.tolist() and [*map(plain, shown["kernel"])] == given["slices"][0]
    assert [*map(plain, shown["products"])] == pytest.approx((patch * weight[0, 0].flatten()).tolist(), rel=1e-12)
    # on a pocket calculator: the last line's quotient, and the first line's sum of products
    divided = re.search(r"([−\d.]+) ÷ \(?([\d ·]+)\)? [=≈] ([−\d.]+)$", shown["words"][1])
    above, below, quotient = divided.groups() if divided else (shown["words"][1].removeprefix("the output cell = "), "1", shown["value"])
    assert plain(quotient) == pytest.approx(plain(above) / math.prod(map(int, below.split("·"))), abs=5e-5)
    assert plain(re.search(r"= ([−\d.]+)$", shown["words"][0])[1]) == pytest.approx((patch * weight[0, 0].flatten()).sum().item(), abs=1e-9)


def test_the_picture_of_the_output_shows_its_numbers(blank):
    _, shown = walked(blank, conv_inputs="1", conv_filter="Identity", conv_kernel="3")
    assert shown["output"]["data"] == shown["input"]["data"]  # a photo stays the photo
    data, edge = walked(blank, conv_inputs="1")
    planes = planes_of(edge, False)
    expected = F.conv2d(F.pad(planes[None], (1, 1, 1, 1)), torch.tensor([[[[-1.0, 0, 1]] * 3]]).double().reshape(1, 1, 3, 3))[0, 0]
    painted = torch.tensor(edge["output"]["data"]).reshape(*expected.shape, 4)
    bluer = painted[..., 2] > painted[..., 0]
    clear = expected.abs() > 0.1 * expected[1:-1, 1:-1].abs().max()
    assert torch.equal(bluer[clear], expected[clear] < 0)


@pytest.mark.parametrize("count, divisor, said", [(-1700, 3, "≈ −5.6667"), (1600, 1, "= 16"), (5, 1, "= 0.05"), (100, 4, "= 0.25"),
                                                  (-1, 300, "≈ 0"), (0, 9, "= 0"), (100, 16, "= 0.0625")])
def test_quotients_say_whether_they_are_rounded(blank, count, divisor, said):
    found = blank.evaluate("([count, divisor]) => quotient(count, divisor)", [count, divisor])
    assert f"{found['sign']} {found['text']}" == said


@pytest.fixture
def visit(browser, address):
    visits = []

    def new(path, **options):
        visits.append(Visit(browser, address, **options).open(path))
        return visits[-1]

    yield new
    for here in visits:
        assert not here.page.get_by_test_id("stException").count() and not here.outside and not here.errors
        here.page.close()


def follows(page, key, by, shown, expected):
    """Drags the thumb of `key`: what it stands for is shown while it is held, and after it was let go."""
    page.locator(f".st-key-{key}").scroll_into_view_if_needed()
    at = int(drag(page, key, by))

    eventually(page, lambda: shown() == expected(at))
    page.mouse.up()
    settle(page)
    assert shown() == expected(at)
    return at


def figures(page, root, *names):
    return page.locator(root).evaluate("(node, names) => names.map((name) => Number(node.dataset[name]))", names)


def test_volumes_and_numbers_follow_the_hand_as_python_then_says(visit):
    page = visit("/blocks").page
    shown = lambda: figures(page, ".convolution", "macs", "params", "cells")  # noqa: E731
    told = lambda shape: [shape.macs, shape.params, shape.cells]  # noqa: E731
    inputs = follows(page, "conv_inputs", 60, shown, lambda at: told(Convolution(at, 16, 3, 32)))
    size = kernels.SIZES[follows(page, "conv_kernel", 90, shown, lambda at: told(Convolution(inputs, 16, kernels.SIZES[at], 32)))]
    assert f"{Convolution(inputs, 16, size, 32).macs:,}" in page.locator(".convolution").inner_text()


def test_the_pair_follows_the_hand_over_real_channels(visit):
    page = visit("/blocks?lesson=Separable+convolution").page

    def counted(at):
        shape = Separable(CHANNELS[at], 24, 3, 56)
        return [shape.standard.macs, shape.depthwise.macs, shape.pointwise.macs]

    at = follows(page, "sep_inputs", 40, lambda: figures(page, ".separable", "standard", "depthwise", "pointwise"), counted)
    assert CHANNELS[at] != 144


def test_the_kernel_walks_by_mouse_keys_and_play_and_takes_numbers(visit):
    page = visit("/blocks").page
    walk = page.locator(".walk")
    at = lambda cell: sync_api.expect(walk).to_have_attribute("data-at", cell, timeout=PATIENCE_MS)  # noqa: E731
    walk.locator(".frame.input").scroll_into_view_if_needed()
    photo = walk.locator(".frame.input").bounding_box()
    page.mouse.move(photo["x"] + photo["width"] / 2, photo["y"] + photo["height"] / 2)
    page.mouse.down()
    pixel = photo["width"] / 34  # 32 and a ring of zeros
    page.mouse.move(photo["x"] + 3.5 * pixel, photo["y"] + 5.5 * pixel, steps=4)
    page.mouse.up()
    at("4,2")
    walk.locator(".frame.output").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    at("5,1")
    page.keyboard.press("Space")
    page.wait_for_function("node => node.dataset.at !== '5,1'", arg=walk.element_handle(), timeout=PATIENCE_MS)
    page.keyboard.press("Space")
    field = walk.locator("input.number").first
    field.fill("7,5")
    field.press("Enter")
    sync_api.expect(page.locator(".st-key-conv_filter [data-selected=true]")).to_have_text("By hand", timeout=PATIENCE_MS)
    sync_api.expect(page).to_have_url(re.compile(re.escape("kernel_numbers=3%2F1%3A7.5%2C0%2C1")), timeout=PATIENCE_MS)
    sync_api.expect(walk.locator("input.number").first).to_have_value("7.5", timeout=PATIENCE_MS)
    settle(page)
    field = walk.locator("input.number").first
    field.fill("many")
    field.press("Enter")
    sync_api.expect(walk.locator(".note")).to_contain_text("from −99 to 99")
