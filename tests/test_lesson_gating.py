"""Squeeze-and-excitation counted, against the built modules, and the small example against torch."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from effnet_core import build, cost, published
from effnet_core.errors import UserError
from effnet_core.figures import gating as drawn
from effnet_core.lessons import gating as core
from effnet_core.photos import samples


@pytest.mark.parametrize("name", ["b0", "b4", "mnasnet-a1", "lite0"])
def test_what_se_costs_is_what_its_modules_have(name):
    architecture = published(name)
    network, units = build(architecture, initialised=False), core.squeezes(architecture)
    real = sum(part.numel() for path, part in network.named_parameters() if ".se." in path)
    assert core.total(units).params == real
    table = cost(architecture).operators.get("se")
    assert core.total(units) == ((table.params, table.macs) if table else (0, 0))
    assert [unit.block for unit in units] == [block.id for block in architecture.blocks]


@given(st.integers(1, 400), st.integers(1, 40))
def test_parameters_are_those_of_two_layers(channels, ratio):
    narrow = core.narrowed(channels, ratio)
    layers = nn.Linear(channels, narrow, device="meta"), nn.Linear(narrow, channels, device="meta")
    assert core.params(channels, narrow) == sum(part.numel() for layer in layers for part in layer.parameters())
    assert core.macs(channels, narrow) == sum(layer.weight.numel() for layer in layers) and narrow == max(1, channels // ratio)


def test_efficientnet_is_narrower_than_senet():
    for unit, block in zip(core.squeezes(published("b0")), published("b0").blocks):
        assert unit.channels == unit.squeezed * (24 if block.expand == 6 else 4) and unit.squeezed == unit.entering // 4
    units = core.squeezes(published("b0"))
    assert core.total(units, core.SENET).params == sum(core.params(unit.channels, unit.channels // 16) for unit in units)


def test_without_se_the_channels_are_those_that_senet_would_gate():
    found = core.squeezes(published("resnet50"))
    assert found[0].channels == 256 and found[-1].channels == 2048 and core.total(found) == (0, 0)
    assert core.total(found, 16).params > 0


@pytest.mark.parametrize("channels, squeezed, seed", [(2, 1, 0), (8, 2, 1), (16, 16, 99), (16, 1, 7)])
def test_the_small_example_is_squeeze_and_excitation(channels, squeezed, seed):
    z = [place / 20 for place in range(channels)]
    given_weights = core.weights(seed)
    first, second = (torch.tensor(part, dtype=torch.float64) for part in (given_weights.first, given_weights.second))
    biases = [torch.tensor(part, dtype=torch.float64) for part in (given_weights.first_bias, given_weights.second_bias)]
    hidden = nn.functional.silu(first[:squeezed, :channels] @ torch.tensor(z, dtype=torch.float64) + biases[0][:squeezed])
    gates = torch.sigmoid(second[:channels, :squeezed] @ hidden + biases[1][:channels])
    found = core.excite(z, squeezed, given_weights)
    assert found.hidden == pytest.approx(hidden.tolist(), abs=1e-12) and found.gates == pytest.approx(gates.tolist(), abs=1e-12)


@pytest.mark.parametrize("wrong", [(0, 4), (8, 0), (8, -1), (8.0, 2), (True, 2)])
def test_counts_are_whole_numbers(wrong):
    with pytest.raises(UserError, match="whole number"):
        core.narrowed(*wrong)


def test_the_small_maps_are_cells_of_a_photo():
    names, found = drawn.small_maps(samples()["cat"].open())
    assert len(names) == len(set(names)) == len(found) == core.CHANNELS
    assert all(len(cells) == core.GRID**2 and 0 <= min(cells) and max(cells) <= 1 for cells in found)
    brightness, rgb = found[names.index("brightness")], [found[names.index(name)] for name in ("red", "green", "blue")]
    assert brightness == pytest.approx([sum(parts) / 3 for parts in zip(*rgb)], abs=1e-4)


@pytest.mark.parametrize("ratio", [1, 16, 32])
def test_the_paper_s_errors_are_drawn_as_printed(ratio):
    figure = drawn.ablation(ratio, "light")
    assert dict(zip(figure.data[0].x, figure.data[0].y)) == {2: 22.29, 4: 22.25, 8: 22.26, 16: 22.28, 32: 22.72}
    type(figure)(figure.to_dict())
