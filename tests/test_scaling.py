"""Scaling and rounding against the reference sheet's numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_core.errors import UserError
from effnet_core.families import PUBLISHED, compound
from effnet_core.scaling import Compound, Scaling, round_channels, round_repeats

WIDTHS = {  # stem, stages, head, as the reference implementations build them
    "b0": (32, 16, 24, 40, 80, 112, 192, 320, 1280),
    "b2": (32, 16, 24, 48, 88, 120, 208, 352, 1408),
    "b3": (40, 24, 32, 48, 96, 136, 232, 384, 1536),
    "b5": (48, 24, 40, 64, 128, 176, 304, 512, 2048),
    "b7": (64, 32, 48, 80, 160, 224, 384, 640, 2560),
    "l2": (136, 72, 104, 176, 344, 480, 824, 1376, 5504),
}
REPEATS = {"b0": (1, 2, 2, 3, 3, 4, 1), "b1": (2, 3, 3, 4, 4, 5, 2), "b4": (2, 4, 4, 6, 6, 8, 2), "b7": (4, 7, 7, 10, 10, 13, 4),
           "l2": (6, 11, 11, 16, 16, 22, 6)}


@pytest.mark.parametrize("name", WIDTHS)
def test_widths_of_published_networks(name):
    width = PUBLISHED[name][1].width
    assert tuple(round_channels(c, width) for c in WIDTHS["b0"]) == WIDTHS[name]


@pytest.mark.parametrize("name", REPEATS)
def test_depths_of_published_networks(name):
    depth = PUBLISHED[name][1].depth
    assert tuple(round_repeats(n, depth) for n in REPEATS["b0"]) == REPEATS[name]


def test_rounding_never_loses_more_than_a_tenth():
    assert round_channels(16, 1.2) == 24  # 19.2 would round to 16, more than 10 % below
    assert round_channels(100, 0.52) == 56  # halves go up
    assert round_channels(1, 0.1) == 8


@given(channels=st.integers(1, 4096), width=st.floats(0.02, 20))
def test_rounded_channels_are_multiples_of_8_near_the_exact_value(channels, width):
    rounded = round_channels(channels, width)
    assert rounded % 8 == 0
    assert rounded >= 0.9 * channels * width
    assert rounded <= max(8, channels * width + 8)


def test_floating_error_does_not_add_a_block():
    assert math.sqrt(2) ** 2 > 2  # the trap
    assert round_repeats(1, Compound(2, alpha=math.sqrt(2)).depth) == 2
    assert round_repeats(3, 1.1) == 4 and round_repeats(1, 1.0000001) == 2


def test_the_paper_s_coefficients():
    paper = Compound(1)
    assert paper.constraint == pytest.approx(1.92027, abs=5e-6)
    assert (paper.depth, paper.width, paper.resolution) == (1.2, 1.1, 1.15)
    assert paper.scaling(224).side == 258
    assert Compound(7).scaling(224).side == 596
    assert Compound(7, gamma=1.1).scaling(224).side == 437  # the popular mistake


def test_dropout_follows_the_paper_s_line():
    assert [round(Compound(phi).scaling(224).dropout, 6) for phi in (-1, 0, 3.5, 7, 8)] == [0.2, 0.2, 0.35, 0.5, 0.5]


@pytest.mark.parametrize("arguments, words", [
    ({"phi": 50}, ("φ is 50", "-4 to 10")),
    ({"phi": math.nan}, ("φ is nan",)),
    ({"phi": math.inf}, ("φ is inf",)),
    ({"phi": "7"}, ("φ is '7'",)),
    ({"phi": 1, "alpha": 0}, ("α is 0", "0.5 to 3")),
    ({"phi": 1, "gamma": -1.0}, ("γ is -1.0",)),
    ({"phi": 10, "alpha": 2.0}, ("α^φ is 1024", "256")),
    ({"phi": 10, "gamma": 2.0}, ("229376", "8192 pixels")),
    ({"phi": 1, "classes": 0}, ("classes is 0",)),
    ({"phi": 1, "classes": 10.5}, ("classes is 10.5", "whole number")),
    ({"phi": 1, "base": "b1"}, ("'b1'", "lite0")),
])
def test_absurd_input_is_refused_with_what_is_allowed(arguments, words):
    with pytest.raises(UserError) as refused:
        compound(**arguments)
    assert all(word in str(refused.value) for word in words), str(refused.value)


def test_a_scaling_checks_itself():
    for broken in ((0, 1, 224, 0.2), (1, 1, 224.5, 0.2), (1, 1, 4, 0.2), (1, 1, 224, 1.5)):
        with pytest.raises(UserError):
            Scaling(*broken)
