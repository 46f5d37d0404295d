"""The lesson on the standard convolution: what reaches the browser, and what an address, a browser and a phrase may ask for."""

import base64
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from effnet_core.lessons import kernels
from effnet_core.lessons.convolution import Convolution
from effnet_core.photos import samples
from pages.shared import phrases
from pages.shared.lessons import convolution

from .apps import open_app, unpacked

SLIDERS = {"conv_inputs": (1, 64), "conv_outputs": (1, 64), "conv_stride": (1, 4), "conv_side": (8, 48)}


def sent(app, name):
    (data,) = [unpacked(element) for element in app.get("bidi_component") if element.proto.component_name.endswith(f"effnet_{name}")]
    return data


def words(app):
    return "\n".join(element.proto.body for kind in ("markdown", "caption", "warning", "info") for element in app.get(kind))


def test_it_is_the_first_lesson():
    assert open_app("blocks").pills(key="lesson").value == "Convolution"


def test_the_browser_gets_the_sliders_the_photo_and_the_kernel_in_every_size():
    app = open_app("blocks", conv_inputs="8", conv_kernel="5", conv_padding="valid", conv_filter="Blur", photo="sample-coffee")
    data = sent(app, "walk")
    assert data["hand"] == {"conv_inputs": 8, "conv_outputs": 16, "conv_kernel": 2, "conv_stride": 1, "conv_side": 32}
    assert data["padding"] == "valid"
    assert {int(size): kernel["divisor"] for size, kernel in data["kernels"].items()} == {1: 1, 3: 9, 5: 25, 7: 49}
    pixels = np.frombuffer(base64.b64decode(data["photo"]), np.uint8).reshape(96, 96, 3)
    whole = np.asarray(samples()["coffee"].open().convert("RGB"), float)
    side = min(whole.shape[:2])
    top, left = (whole.shape[0] - side) // 2, (whole.shape[1] - side) // 2
    middle = whole[top : top + side, left : left + side]
    assert np.abs(pixels.mean((0, 1)) - middle.mean((0, 1))).max() < 1.5  # nothing but rounding and half a pixel at the border
    assert sent(app, "convolution")["hand"] == data["hand"]
    assert "**M = 8** is counted below" in words(app) and not app.exception


@pytest.mark.parametrize("inputs, said", [("3", "red, green and blue"), ("1", "0.299 · red"), ("2", "a photo has no 2 channels")])
def test_what_walks_is_said(inputs, said):
    assert said in words(open_app("blocks", conv_inputs=inputs))


@pytest.mark.parametrize("wild", ["-3", "9999", "3.5", "nan", "viele", "", "4", "1e3"])
def test_no_address_breaks_it(wild):
    app = open_app("blocks", **dict.fromkeys((*SLIDERS, "conv_kernel", "conv_padding", "conv_filter", "photo", "kernel_numbers"), wild))
    assert not app.exception
    hand = sent(app, "walk")["hand"]
    assert all(low <= hand[key] <= high for key, (low, high) in SLIDERS.items()) and hand["conv_kernel"] in range(4)


def test_every_corner_of_the_sliders_is_a_convolution():
    for side in SLIDERS["conv_side"]:
        for stride in SLIDERS["conv_stride"]:
            for size in kernels.SIZES:
                assert Convolution(1, 1, size, side, stride, "valid").cells >= 1


def test_numbers_written_into_the_kernel_are_kept_and_others_ignored(monkeypatch):
    session = {"walk": SimpleNamespace(edited=None)}
    monkeypatch.setattr(st, "session_state", session)
    for wrong in (None, 3, "", "3/1:1", [1], "1/1:1|1|<b>"):
        session["walk"] = SimpleNamespace(edited=wrong)
        convolution._edited()
        assert [*session] == ["walk"]
    text = kernels.write(kernels.Kernel(3, 2, ((0.5, -1.25, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0),) * 3))
    session["walk"] = SimpleNamespace(edited=text)
    convolution._edited()
    assert session["kernel_numbers"] == text and session["conv_filter"] == "By hand"


def test_an_address_brings_numbers_of_ones_own():
    text = "3/4:1,2,3,4,5,6,7,8,9|0,0,0,0,1,0,0,0,0|0.5,0,0,0,0,0,0,0,-0.25"
    app = open_app("blocks", conv_filter="By hand", kernel_numbers=text)
    found = sent(app, "walk")["kernels"]
    assert found["3"] == {"divisor": 4, "slices": [list(weights) for weights in kernels.read(text).slices]} and found["1"]["slices"] == [[5], [1], [0]]
    assert app.query_params["kernel_numbers"] in (text, [text])


def test_others_are_drawn_at_random():
    app = open_app("blocks", conv_filter="Random")
    before = sent(app, "walk")["kernels"]
    app.button(key="conv_deal").click().run()
    assert sent(app, "walk")["kernels"] != before and not app.exception


def test_the_guess_is_right_by_counting():
    app = open_app("blocks")
    app.button_group(key="guessed_convolution").set_value(2).run()
    assert "As you expected" in words(app) and "From 2,359,296 to 18,874,368 MACs, 8 times" in words(app)
    assert (Convolution(16, 16, 3, 32).macs, Convolution(16, 32, 3, 64).macs) == (2_359_296, 18_874_368)


@pytest.mark.parametrize("page", ["lesson_convolution", "lesson_separable"])
def test_phrases_set_controls_to_what_these_take(page):
    targets = phrases.targets(page)
    assert len(targets) >= 5
    app = open_app("blocks", lesson="Convolution" if page == "lesson_convolution" else "Separable convolution")
    for target in targets:
        values = phrases.read(target).settings
        for key, value in values.items():
            app.session_state[key] = value
        app.run()
        assert not app.exception
        assert {key: app.session_state[key] for key in values} == values


def test_a_photo_of_any_shape_becomes_a_square():
    for size in ((1, 1), (5, 200), (1024, 3)):
        image = Image.new("L", size, 77)
        assert {*base64.b64decode(convolution._pixels(f"test-{size}", image))} == {77}
