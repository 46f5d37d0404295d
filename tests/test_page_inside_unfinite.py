"""A model whose answers are not all finite: every part of the page says what there is, and a browser can read all that travels."""

import json

import numpy as np
import pytest
import torch

from effnet_core import cards, checkpoints
from effnet_core.architecture import assemble
from effnet_core.families import SMALL
from effnet_core.figures import pair
from effnet_core.figures import surgery as draw
from effnet_core.figures.cam import blend
from effnet_core.figures.maps import NOT_FINITE_COLOUR
from effnet_core.figures.packing import pack
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling
from pages.shared.inside.overlay import reach_of

from .apps import open_app

BLOCK = "stages.2.0"
PARTS = ["One block", "Maps", "One cell", "Where it looks", "Occlusion", "Surgery", "Two photos", "Classes", "What excites it", "Take home"]
NAN = np.float32("nan")


def refuse(name):
    raise AssertionError(f"JSON has no {name}.")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Finite weights so large that a block in the middle answers with infinities and what is no number."""
    cache = tmp_path_factory.mktemp("cache")
    network = build(assemble(SMALL, Scaling(0.5, 0.35, 32, 0.0), 3, "hostile"), seed=5).eval()
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.startswith(BLOCK) and value.dim() == 4:
                value.mul_(1e37)
    card = checkpoints.make_card("hostile", network, ("a", "b", "c"), Preprocess(32, 32), trained=True)
    checkpoints.save(cache / "models" / "hostile.safetensors", network, card)
    return cache


@pytest.mark.parametrize("part", PARTS)
def test_every_part_stands_and_what_travels_can_be_read(hostile, part, monkeypatch):
    monkeypatch.setattr(cards, "BUNDLED", hostile / "none")
    monkeypatch.setenv("EFFNET_CACHE", str(hostile))
    app = open_app("inside", model="hostile", photo="scene-0-1", layer=BLOCK, part=part)
    assert not app.exception and not app.warning
    sent = [element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes]
    assert len(sent) > 1 and all(isinstance(json.loads(data[4 : 4 + int.from_bytes(data[:4])], parse_constant=refuse), dict) for data in sent)


def test_numbers_that_are_none_travel_as_they_are_behind_a_head_without_them():
    data = pack({"a": [float("inf")], "b": ({"c": np.float64("nan")},)}, np.array([1, NAN, np.inf], np.float64), b"file")
    size = int.from_bytes(data[:4])
    assert json.loads(data[4 : 4 + size], parse_constant=refuse) == {"a": [None], "b": [{"c": None}]}
    numbers = np.frombuffer(data[4 + size : -4], "<f4")
    assert numbers[0] == 1 and np.isnan(numbers[1]) and np.isposinf(numbers[2]) and data.endswith(b"file")


def test_a_scale_reaches_what_is_finite():
    assert reach_of([np.array([[1, NAN], [-3, np.inf]]), np.array([[2.0]])]) == 3 and reach_of([np.array([[NAN]])]) == 0


def test_where_a_map_is_no_number_a_photo_has_the_colour_of_that():
    photo = np.full((1, 2, 3), 100, np.uint8)
    seen = blend(photo, np.array([[0.0, NAN]], np.float32), 1.0, opacity=1.0)
    assert seen[0].tolist() == [[100] * 3, [*bytes.fromhex(NOT_FINITE_COLOUR[1:])]]


def test_gates_that_are_no_numbers_have_no_place_in_a_scatter():
    right, up = np.array([0.5, NAN], np.float32), np.array([0.5, 0.1], np.float32)
    assert (pair.panel(right, up) == pair.panel(right[:1], up[:1])).all()


def test_shifts_that_are_no_numbers_leave_the_axis_to_the_others():
    assert draw._points(np.array([0.25, np.nan, -0.1]))["range"] == draw._points(np.array([0.25, -0.1]))["range"]
