"""Stochastic depth and dropout: rates, draws and distributions, against the built network and brute force."""

import itertools
import math
import statistics

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from effnet_core import build, published
from effnet_core.blocks import StochasticDepth
from effnet_core.errors import UserError
from effnet_core.lessons import chance as core
from effnet_core.lessons.kept import rescaled
from effnet_core.lessons.lots import Lots
from effnet_core.lessons.normals import words


@pytest.mark.parametrize("name", ["b0", "b7", "mobilenetv2"])
def test_rates_are_those_of_the_built_network(name):
    network = build(published(name), initialised=False)
    assert core.rates(network.architecture) == [module.rate for module in network.modules() if isinstance(module, StochasticDepth)]
    most = network.architecture.family.stochastic_depth
    assert core.rates(network.architecture, most) == core.rates(network.architecture)
    assert network.dropout.p == core.B_TABLE.get(name, 0.2)


def test_the_released_dropout_rates():
    assert list(core.B_TABLE.values()) == [0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5]  # reference code, B0 … B7


@settings(deadline=None)
@given(st.lists(st.floats(0, 0.95), min_size=1, max_size=7))
def test_the_distribution_is_that_of_all_outcomes(rates):
    odds = [0.0] * (len(rates) + 1)
    for gone in itertools.product((True, False), repeat=len(rates)):
        odds[len(rates) - sum(gone)] += math.prod(rate if left else 1 - rate for rate, left in zip(rates, gone))
    assert core.distribution(rates) == pytest.approx(odds, abs=1e-12)
    assert core.expected(rates) == pytest.approx(sum(count * odd for count, odd in enumerate(core.distribution(rates))))


def test_draws_are_even_and_repeatable():
    lots = Lots(0)
    numbers = [lots.next() for _ in range(20_000)]
    again = Lots(0)
    assert numbers == [again.next() for _ in range(20_000)] == ((words(0, 20_000) + 0.5) / 2**32).tolist() and 0 < min(numbers) and max(numbers) < 1 and len(set(numbers)) > 19_990
    assert abs(statistics.fmean(numbers) - 0.5) < 5 / math.sqrt(12 * 20_000)
    tenths = [sum(place <= 10 * number < place + 1 for number in numbers) for place in range(10)]
    assert sum((count - 2000) ** 2 / 2000 for count in tenths) < 33.7  # χ² with 9 degrees of freedom, p = 0.0001


def test_blocks_are_left_out_as_often_as_their_rates_say():
    rates, draws = core.rates(published("b0"), 0.5), 4000
    gone = [sum(column) for column in zip(*(core.dropped(rates, seed) for seed in range(draws)))]
    for count, rate in zip(gone, rates):
        assert abs(count - draws * rate) <= 5 * math.sqrt(draws * rate * (1 - rate))


def test_survivors_of_dropout():
    assert core.survivors(1280, 0.2) == (1024.0, pytest.approx(math.sqrt(1280 * 0.2 * 0.8)))


@pytest.mark.parametrize("wrong", [-1, 2**32, 1.0, True])
def test_a_seed_is_a_whole_number(wrong):
    with pytest.raises(UserError, match="seed"):
        Lots(wrong)


@pytest.mark.parametrize("wrong", [-0.1, 0.96, float("nan")])
def test_a_rate_leaves_something(wrong):
    with pytest.raises(UserError, match="from 0 to 0.95"):
        core.rates(published("b0"), wrong)


def test_the_kept_are_divided_by_what_is_kept():
    found = rescaled(0.25, 100_000)
    assert found.mean == pytest.approx(found.kept / 0.75 / 100_000, rel=1e-12) and abs(found.mean - 1) < 5 * found.error


def test_dropout_s_factor_is_torch_s():
    assert set(nn.Dropout(0.2).train()(torch.ones(4000)).tolist()) == {0.0, 1 / (1 - 0.2)}
