"""How kinds of layers grow, against what their shapes say, and what one step of φ costs."""

import math

import pytest

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, EFFICIENTNET, compound, published
from effnet_core.lab.exponents import doublings, kind_sums, one_step

B0 = {row.kind: row for row in doublings(EFFICIENTNET)}


@pytest.mark.parametrize("kind, width, resolution", [
    ("stem", 1, 2), ("expand", 2, 2), ("depthwise", 1, 2), ("se", 2, 0), ("project", 2, 2), ("head", 2, 2), ("classifier", 1, 0)])
def test_exact_powers_of_width_and_resolution(kind, width, resolution):
    assert B0[kind][3:] == (pytest.approx(width, abs=1e-12), pytest.approx(resolution, abs=1e-12))


def test_depth_multiplies_what_is_repeated():
    assert B0["stem"].depth == B0["head"].depth == B0["classifier"].depth == 0
    assert B0["all"].depth == math.log2(cost(compound(1, 2, 1, 1)).macs / 385_814_752)


def test_who_breaks_the_rule():
    assert {kind: row.breaks for kind, row in B0.items()} == {
        "stem": ["depth", "width"], "depthwise": ["width"], "se": ["depth", "resolution"], "expand": [], "project": [], "head": ["depth"],
        "classifier": ["depth", "width", "resolution"], "all": []}


@pytest.mark.parametrize("name", BASES)
def test_shares_of_every_family_are_one(name):
    *kinds, whole = doublings(BASES[name])
    assert sum(row.share for row in kinds) == pytest.approx(1) and whole.kind == "all" and whole.share == 1
    assert 1.6 < whole.width <= 2 and 1.95 < whole.resolution <= 2 and 0.7 < whole.depth < 1.2


def test_kinds_sum_to_the_whole():
    sums = kind_sums(cost(published("b7")))
    assert sums["all"] == 37_745_884_192 == sum(count for kind, count in sums.items() if kind != "all")


def test_one_step_from_b0():
    strides = one_step(EFFICIENTNET, 1.2, 1.1, 1.15)
    assert math.prod(stride.counted for stride in strides) == pytest.approx(cost(compound(1)).macs / 385_814_752) and round(
        math.prod(stride.counted for stride in strides), 2) == 2.57
    assert [stride.promised for stride in strides] == pytest.approx([1.2, 1.21, 1.3225])
    assert strides[0].counted == pytest.approx(cost(compound(1, 1.2, 1, 1)).macs / 385_814_752) and round(strides[0].counted, 2) == 1.48


def test_a_step_out_of_range_is_refused():
    with pytest.raises(UserError, match="8 to 8192"):
        one_step(EFFICIENTNET, 1.2, 1.1, 2.0, phi=6.0)
