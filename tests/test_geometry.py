"""Where cells look: against uniform filters on a network that answers to one pixel, and against the cost table."""

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained
from effnet_core.cost import cost
from effnet_core.families import SMALL, compound, published
from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import Grid, grids, spread_out
from effnet_core.inside.inspection import inspect
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling


@pytest.mark.parametrize("name", ["b0", "b3", "b7", "lite2", "resnet50", "mobilenetv2", "mobilenetv1"])
@pytest.mark.parametrize("padding", ["same", "symmetric"])
def test_reach_step_and_cells_are_those_of_the_cost_table(name, padding):
    network = published(name)
    found = grids(network, padding, network.scaling.side)
    for layer, row in zip(network.layers[:-1], cost(network).layers):
        grid = found[layer.id]
        assert (grid.reach, grid.step, grid.cells) == (row.receptive_field, row.stride, layer.output.height)


@pytest.mark.parametrize("side, shift", [(224, 31), (240, 15), (260, 3), (300, 11), (380, 27), (456, 7), (528, 15), (600, 23), (225, 0)])
def test_the_last_map_is_shifted_by_what_padding_adds(side, shift):
    network = published("b0")
    assert grids(network, "same", side)["head"].first == shift
    assert grids(network, "symmetric", side)["head"].first == 0


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("side", [48, 54, 65])
def test_a_cell_answers_to_the_pixels_of_its_span_and_to_no_other(padding, side):
    """All filters one, batch norm idle, no activation, SE shut out: the gradient of a cell is not zero just where it can see."""
    network = build(compound(0, base="small", classes=10), padding=padding, seed=0).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    places = grids(network.architecture, padding, side)
    x = torch.ones(1, 3, side, side, dtype=torch.float64).requires_grad_()
    y, blocks = network.double().stem.conv(x), iter(network.architecture.blocks)
    for unit in ("stem", "stages.1.0", "stages.2.0", "stages.3.0"):
        while unit != "stem":
            block, start = next(blocks), y
            module = network.get_submodule(block.id)
            for part in ("expand", "depthwise", "project"):
                y = getattr(module, part).conv(y) if hasattr(module, part) else y
            y = y + start if block.skip else y
            if block.id == unit:
                break
        grid = places[unit]
        assert y.shape[-1] == grid.cells
        for cell in {0, 1, grid.cells // 2, grid.cells - 1}:
            (slope,) = torch.autograd.grad(y[0, 0, cell, cell], x, retain_graph=True)
            seen = np.flatnonzero(slope[0].abs().sum((0, 1)).numpy() > 0)
            assert (seen[0], seen[-1]) == grid.span(cell)


def test_a_map_is_spread_between_the_centres_of_its_cells():
    grid = Grid(first=31, step=32, reach=851, cells=7, side=224)
    values = np.arange(49, dtype=float).reshape(7, 7) ** 2
    full = spread_out(values, grid)
    assert full.shape == (224, 224)
    for row in range(7):
        for column in range(7):
            assert full[min(223, 31 + 32 * row), min(223, 31 + 32 * column)] == pytest.approx(values[row, column])
    assert full[47, 31] == pytest.approx((values[0, 0] + values[1, 0]) / 2)
    assert (full[:31] == full[31]).all()
    half = spread_out(values, grid, 112)  # a pixel of it is the middle of two
    np.testing.assert_allclose(half[40, 50], full[80:82, 100:102].mean(), rtol=0.02)


def test_a_single_cell_covers_everything():
    assert (spread_out(np.array([[3.0]]), Grid(15, 32, 99, 1, 32)) == 3).all()


def peaked(kernel):
    """A filter with its greatest weight in the middle, kernel kernel."""
    line = torch.tensor([0.0] * ((kernel - 3) // 2) + [1.0, 4.0, 1.0] + [0.0] * ((kernel - 3) // 2)) if kernel > 1 else torch.ones(1)
    return line[:, None] * line / line.sum() ** 2


@pytest.mark.parametrize("padding, side, first", [("same", 128, 15), ("same", 140, 11), ("same", 129, 0), ("symmetric", 128, 0),
                                                  ("symmetric", 129, 0)])
def test_the_evidence_for_a_bright_spot_lies_on_its_pixel(padding, side, first):
    """A whole network with all filters alike: the class map of a spot at a cell's centre has its peak there, to the pixel."""
    network = build(assemble(SMALL, Scaling(0.25, 0.2, side, 0.0), 1, "uniform"), padding=padding, seed=0).eval()
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = (peaked(parameter.shape[-1]) * 2 / parameter.shape[1]).expand(parameter.shape).clone()
        elif parameter.ndim == 2:
            torch.nn.init.ones_(parameter)
    model = Pretrained("uniform", network, Preprocess(side, side), ("spot",), {})
    grid = grids(network.architecture, padding, side)[network.architecture.last_unit]
    assert (grid.first, grid.step) == (first, 16)
    naive = grid._replace(first=(side / grid.cells - 1) / 2, step=side / grid.cells)  # what enlarging the map like a photo amounts to
    for row, column in [(2, 1), (1, 6), (6, 2)]:
        y, x = first + 16 * row, first + 16 * column
        picture = torch.zeros(1, 3, side, side)
        picture[0, :, y, x] = 100.0
        cam = class_map(model, inspect(model, picture), 0)
        assert np.unravel_index(spread_out(cam, grid).argmax(), (side, side)) == (y, x)
        missed = np.unravel_index(spread_out(cam, naive).argmax(), (side, side))
        assert abs(missed[0] - y) >= 3 and abs(missed[1] - x) >= 3
