"""What the channels of a layer answered in numbers, and their orders, against plain loops."""

import math

import numpy as np
import pytest

from effnet_core.errors import UserError
from effnet_core.inside.channels import ranked, summarise

MAPS = np.array([[[-2.0, 0.0], [1.0, 2.0]], [[0.5, 0.5], [0.5, 0.5]], [[0.0, -4.0], [0.0, 0.0]]], np.float32)  # C H W


def test_every_number_is_that_of_a_loop():
    maps = np.random.default_rng(0).normal(1, 3, (5, 4, 3)).astype(np.float32)
    maps[2] = 0
    found = summarise(maps)
    rows = [[float(value) for value in channel.flatten()] for channel in maps]
    everything = sum(rows, [])
    mean = sum(everything) / len(everything)
    assert found.least.tolist() == [min(row) for row in rows] and found.greatest.tolist() == [max(row) for row in rows]
    assert found.mean.tolist() == pytest.approx([sum(row) / 12 for row in rows])
    assert found.strength.tolist() == pytest.approx([sum(map(abs, row)) / 12 for row in rows])
    assert found.reach.tolist() == [max(map(abs, row)) for row in rows]
    assert found.average == pytest.approx(mean)
    assert found.std == pytest.approx(math.sqrt(sum((value - mean) ** 2 for value in everything) / 60))
    assert found.negative == sum(value < 0 for value in everything) / 60 and found.zero == 12 / 60
    assert found.dead.tolist() == [False, False, True, False, False]


def test_a_constant_map_is_dead_whatever_its_number():
    found = summarise(MAPS)
    assert found.dead.tolist() == [False, True, False] and found.strongest == 0
    assert (found.negative, found.zero) == (2 / 12, 4 / 12)
    assert summarise(MAPS[:, :1, :1]).dead.tolist() == [False] * 3  # one cell is always constant


def test_what_is_not_finite_spoils_nothing_else():
    broken = MAPS.copy()
    broken[1, 0, 0] = np.nan
    found = summarise(broken)
    assert found.reach.tolist() == [2.0, 0.5, 4.0] and found.strongest == 0 and found.dead.tolist() == [False] * 3
    assert ranked("strength", found).tolist() == [0, 2, 1]


def test_orders():
    found = summarise(MAPS)  # strengths 1.25, 0.5, 1
    gates, attributed = np.array([0.1, 0.9, 0.9]), np.array([-1.0, 0.0, 2.0])
    assert ranked("strength", found, gates).tolist() == [0, 2, 1]
    assert ranked("gate", found, gates).tolist() == [1, 2, 0] and ranked("gate", found).tolist() == [0, 2, 1]
    assert ranked("attribution", found, gates, attributed).tolist() == [2, 1, 0]
    assert ranked("channel", found).tolist() == [0, 1, 2]


@pytest.mark.parametrize("by, sentence", [("size", "no order 'size'"), ("attribution", "needs the attribution")])
def test_no_such_order(by, sentence):
    with pytest.raises(UserError, match=sentence):
        ranked(by, summarise(MAPS))
