"""Activations and their slopes, against torch and its autograd."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from effnet_core import build
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.figures import activations as drawn
from effnet_core.lessons import activations as core
from effnet_core.lessons import applied

TORCH = {"swish": F.silu, "ReLU": F.relu, "ReLU6": F.relu6, "hard-swish": F.hardswish, "sigmoid": torch.sigmoid}
PLACES = [*np.linspace(-12, 12, 961), -1e6, -800.0, 800.0, 1e6]  # the kinks 0, ±3 and 6 are among them


@pytest.mark.parametrize("name", TORCH)
def test_values_and_slopes_are_those_of_torch(name):
    x = torch.tensor(PLACES, dtype=torch.float64, requires_grad=True)
    y = TORCH[name](x)
    y.sum().backward()
    function = core.functions()[name]
    assert max(abs(function.value(place) - value) for place, value in zip(PLACES, y.tolist())) < 1e-6
    assert max(abs(function.slope(place) - slope) for place, slope in zip(PLACES, x.grad.tolist())) < 1e-6
    assert np.abs(applied.apply(name, np.array(PLACES)) - y.detach().numpy()).max() < 1e-6


@given(st.floats(-30, 30), st.floats(0, 10))
def test_swish_with_any_beta_is_x_times_a_sigmoid(x, beta):
    place = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = place * torch.sigmoid(beta * place)
    y.backward()
    function = core.functions(beta)["swish"]
    assert function.value(x) == pytest.approx(y.item(), abs=1e-9) and function.slope(x) == pytest.approx(place.grad.item(), abs=1e-9)
    assert applied.apply("swish", np.array([x]), beta)[0] == pytest.approx(y.item(), abs=1e-9)


def test_beta_leads_from_a_line_to_relu():
    grid = np.linspace(-8, 8, 321)
    assert all(core.swish(x, 0.0) == x / 2 for x in grid)
    gaps = [max(abs(core.swish(x, beta) - core.relu(x)) for x in grid) for beta in (1, 10, 100, 1000)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 3e-4


def test_the_lowest_place_of_swish_and_how_far_hard_swish_is_from_it():
    grid = torch.linspace(-10, 10, 2_000_001, dtype=torch.float64)
    place, low = core.least_of_swish()
    assert low == pytest.approx(F.silu(grid).min().item(), abs=1e-10) and low <= F.silu(grid).min() and abs(core.swish_slope(place)) < 1e-12
    where, most = core.furthest()
    assert most == pytest.approx((F.hardswish(grid) - F.silu(grid)).abs().max().item(), abs=1e-9) and where == 3


def test_numbers_are_read_as_people_write_them():
    assert core.read_numbers(" -3, −1.5;.5 2e1,\n+7 ") == [-3.0, -1.5, 0.5, 20.0, 7.0]


@pytest.mark.parametrize("text, says", [
    ("", "no number yet"), (" , ; ", "no number yet"), ("1 two", "'two' is no number"), ("nan", "no number"), ("1,5x", "'5x'"),
    ("1e7", "too large"), ("-1e999", "too large"), ("1 " * 21, "at most 20"), ("٣", "no number"), ("--1", "no number"),
])
def test_what_is_no_number_is_named(text, says):
    with pytest.raises(UserError, match=says):
        core.read_numbers(text)


@pytest.mark.parametrize("name", ["b0", "b3", "lite0", "mobilenetv1", "mobilenetv2", "mnasnet-a1", "resnet50"])
def test_the_table_counts_the_modules_of_the_built_network(name):
    classes = {nn.SiLU: "swish", nn.ReLU6: "ReLU6", nn.ReLU: "ReLU", nn.Sigmoid: "sigmoid", nn.Identity: "none"}
    network = build(published(name), initialised=False)
    found = dict.fromkeys(classes.values(), 0)
    for path, module in network.named_modules():
        if path.rpartition(".")[2] in ("activation", "gate"):
            found[classes[type(module)]] += 1
    found["none"] += 1  # the classifier's, which has no module
    counted = sum(core.uses(network.architecture).values(), start=type(next(iter(core.uses(network.architecture).values())))())
    assert dict(counted) == {key: count for key, count in found.items() if count}


def test_shares_are_those_of_the_cells():
    values = np.array([[[-4.0, -3.0, -1.0, 0.0, 0.5, 6.0, 7.0, 2.0]]])
    found = applied.shares(values)
    assert (found["ReLU"].zero, found["ReLU"].negative, found["ReLU"].flat) == (0.5, 0.0, 0.5)
    assert (found["ReLU6"].full, found["ReLU6"].flat) == (0.25, 0.75)
    assert (found["hard-swish"].zero, found["hard-swish"].flat, found["hard-swish"].negative) == (3 / 8, 0.25, 1 / 8)
    assert (found["swish"].zero, found["swish"].negative, found["swish"].flat) == (1 / 8, 3 / 8, 0.0)
    assert found["sigmoid"].zero == found["sigmoid"].negative == 0


def test_maps_keep_their_precision():
    maps = np.random.default_rng(1).normal(0, 4, (3, 5, 7)).astype(np.float32)
    for name, function in TORCH.items():
        made = applied.apply(name, maps)
        assert made.dtype == np.float32 and np.abs(made - function(torch.from_numpy(maps)).numpy()).max() < 2e-6
    assert applied.before(np.stack([maps[0], np.abs(maps[1]), np.zeros((5, 7), np.float32)])) == (0, np.mean(maps[0] < 0) / 3)


def test_gates_under_other_endings_are_those_of_torch_and_drawn_once_each():
    numbers = np.random.default_rng(0).normal(0, 2, 500).astype(np.float32)
    found = applied.endings(numbers)
    for name, function in (("sigmoid", torch.sigmoid), ("ReLU", F.relu), ("tanh", torch.tanh)):
        assert np.abs(found[name] - function(torch.from_numpy(numbers).double()).numpy()).max() < 1e-12
    figure = drawn.gates(found, "dark")
    assert [int(sum(trace.y)) for trace in figure.data] == [500, 500, 500]
    type(figure)(figure.to_dict())  # Plotly's own validation
