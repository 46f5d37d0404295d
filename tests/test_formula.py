"""The formula beside the released table, against figures worked out by hand and by others."""

import math

import pytest

from effnet_core.cost import cost
from effnet_core.families import EFFICIENTNET, PAPER, assemble, compound, published
from effnet_core.lab.formula import RELEASED, comparisons, implied, nearest, number, readings, released
from effnet_core.lab.rounding import macs, scaled

MEANT = {  # φ of depth, width and resolution, with the paper's α, β, γ
    "b0": (0, 0, 0), "b1": (0.52, 0, 0.49), "b2": (1.00, 1.00, 1.07), "b3": (1.85, 1.91, 2.09), "b4": (3.22, 3.53, 3.78),
    "b5": (4.32, 4.93, 5.09), "b6": (5.24, 6.17, 6.14), "b7": (6.21, 7.27, 7.05), "b8": (7.03, 8.27, 7.86), "l2": (9.15, 15.30, 9.11)}


@pytest.mark.parametrize("name", MEANT)
def test_the_phi_that_each_dimension_means(name):
    assert tuple(implied(published(name).scaling)) == pytest.approx(MEANT[name], abs=0.005)


def test_all_ten_networks_are_compared():
    assert RELEASED == tuple(MEANT) == tuple(row.name for row in comparisons(*PAPER)) and [*released()] == [*MEANT]


def test_a_base_of_one_means_no_phi():
    assert implied(published("b7").scaling, 1.0, 1.1, 1.0) == (None, pytest.approx(7.27, abs=0.005), None)


@pytest.mark.parametrize("bases", [PAPER, (1.25, 1.1, 1.15), (1.5, 2.0, 1.4), (1.0, 1.0, 2.0), (2.0, 1.0, 1.0)])
@pytest.mark.parametrize("name", ["b0", "b1", "b4", "b7", "l2"])
def test_nothing_on_the_formula_is_nearer_than_the_nearest(name, bases):
    wanted = cost(published(name)).macs
    found = nearest(wanted, EFFICIENTNET, *bases)
    gap = abs(math.log(found.macs / wanted))
    for phi in [found.low + 4 * (step - 200) / 200 for step in range(401)] + [found.low - 1e-4, found.high + 1e-4]:
        if (scaling := scaled(EFFICIENTNET, phi, *bases)) is not None:
            assert abs(math.log(macs(EFFICIENTNET, scaling) / wanted)) >= gap - 1e-12
    for phi in (found.phi, found.low + 1e-9, found.high - 1e-4):
        assert macs(EFFICIENTNET, scaled(EFFICIENTNET, phi, *bases)) == found.macs


def test_the_nearest_phi_is_told_with_few_decimals():
    assert nearest(cost(published("b0")).macs).phi == 0.0
    assert nearest(cost(compound(3.5)).macs).phi == 3.5


def test_no_phi_where_nothing_grows_or_reaches():
    assert nearest(cost(published("b7")).macs, EFFICIENTNET, 1.0, 1.0, 1.0) is None
    assert nearest(10**30) is None and nearest(1) is None


@pytest.mark.parametrize("at, name, phi", [("nearest", "b0", 0.0), ("number", "b7", 7.0), (2.5, "b1", 2.5), ("number", "l2", None)])
def test_the_formula_at_a_phi(at, name, phi):
    row = next(row for row in comparisons(*PAPER, at) if row.name == name)
    assert row.phi == phi and (row.formula is None) == (row.ours is None) == (phi is None)
    if phi is not None:
        assert row.ours == cost(compound(phi)) and row.formula.scaling.side == compound(phi).scaling.side
    assert row.theirs == cost(published(name))


def test_phi_7_against_b7():
    row = comparisons(*PAPER, "number")[7]
    assert (round(row.ours.params / 1e6, 1), round(row.ours.macs / 1e9, 1)) == (68.7, 39.7)
    assert (row.theirs.params, row.theirs.macs) == (66_347_960, 37_745_884_192)
    assert [number(name) for name in ("b0", "b8", "l2")] == [0.0, 8.0, None]


def test_b7_stage_4_three_ways():
    rough, built, table = readings()
    assert (rough.enters, rough.channels[0], rough.repeats[0]) == pytest.approx((109.13, 77.95, 7.17), abs=0.005)
    assert rough.enters == 56 * 1.1**7 and rough.channels == (40 * 1.1**7, None) and rough.repeats == (2 * 1.2**7, None)
    assert (built.side, built.enters, built.leaves, built.channels[1], built.repeats[1]) == (596, 149, 75, 80, 8)
    assert (table.side, table.enters, table.leaves, table.channels[1], table.repeats) == (600, 150, 75, 80, (6.2, 7))


def test_a_far_scaling_is_no_network():
    assert comparisons(1.2, 1.1, 2.0, 8.0)[0].formula is None
    assert assemble(EFFICIENTNET, scaled(EFFICIENTNET, 10.9, *PAPER), 1000, "").scaling.side == 1028  # beyond the sliders, as L2 needs
