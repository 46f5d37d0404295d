"""The separable pair counted, against torch's own counters and the counted networks."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import compound, published
from effnet_core.lessons.racing import built
from effnet_core.lessons.separable import Separable, of_block

SHAPES = st.builds(Separable, st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 5, 7]), st.integers(1, 12), st.integers(1, 3))


@settings(deadline=None)
@given(SHAPES)
def test_every_way_is_what_torch_builds_and_counts(shape):
    for way in shape.ways.values():
        module, first = built(way), way[0]
        with FlopCounterMode(display=False) as counter:
            out = module(torch.ones(1, first.inputs, first.side, first.side))
        assert out.shape == (1, way[-1].outputs, way[-1].cells, way[-1].cells)
        assert 2 * sum(one.macs for one in way) == counter.get_total_flops()
        assert sum(one.params for one in way) == sum(weight.numel() for weight in module.parameters())


@given(SHAPES)
def test_the_ratio_is_the_papers_exactly(shape):
    assert shape.shares == (Fraction(1, shape.outputs), Fraction(1, shape.kernel**2))
    assert shape.ratio == Fraction(shape.depthwise.macs + shape.pointwise.macs, shape.standard.macs)
    assert (shape.standard.cells, shape.standard.outputs) == (shape.pointwise.cells, shape.pointwise.outputs)


@pytest.mark.parametrize("network", [published("b0"), compound(2.5), published("mobilenetv1")], ids=lambda network: network.name)
def test_a_block_has_the_counted_networks_figures(network):
    total = cost(network)
    for block in network.blocks:
        shape, rows = of_block(block), {layer.part: total.rows[layer.id] for layer in block.layers}
        last = rows.get("project") or rows["pointwise"]
        first = rows["depthwise"]
        assert (shape.depthwise.macs, shape.depthwise.params) == (first.macs, first.params - 2 * shape.inputs)  # without batch norm
        assert (shape.pointwise.macs, shape.pointwise.params) == (last.macs, last.params - 2 * shape.outputs)


def test_a_bottleneck_has_its_standard_convolution():
    network = published("resnet50")
    for block in network.blocks:
        spatial = next(layer for layer in block.layers if layer.part == "spatial")
        assert of_block(block).standard.macs == cost(network).rows[spatial.id].macs


def test_the_impossible_is_refused():
    with pytest.raises(UserError, match="does not fit"):
        Separable(8, 8, 7, 5, padding="valid")
    with pytest.raises(UserError, match="outputs"):
        Separable(8, 0, 3, 5)
