"""One convolution counted, against torch's own."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from effnet_core.errors import UserError
from effnet_core.lessons.convolution import Convolution


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 7), st.integers(1, 12), st.integers(1, 4), st.sampled_from(["same", "valid"]), st.integers(1, 3))
def test_shape_parameters_and_multiply_adds_are_those_of_torch(inputs, outputs, kernel, side, stride, padding, groups):
    if padding == "valid" and kernel > side:
        side = kernel
    layer = Convolution(inputs * groups, outputs * groups, kernel, side, stride, padding, groups)
    x, weight = torch.ones(1, layer.inputs, side, side), torch.ones(layer.outputs, layer.inputs // groups, kernel, kernel)
    before, after = layer.zeros
    with FlopCounterMode(display=False) as counter:
        out = F.conv2d(F.pad(x, (before, after, before, after)), weight, None, stride, 0, 1, groups)
    assert out.shape == (1, layer.outputs, layer.cells, layer.cells)
    assert layer.params == weight.numel() and 2 * layer.macs == counter.get_total_flops()
    assert layer.bytes == 4 * (x.numel() + weight.numel() + out.numel()) and layer.intensity == layer.macs / layer.bytes
    assert padding == "valid" or (layer.cells == -(-side // stride) and 0 <= after - before <= 1)


@pytest.mark.parametrize("wrong, says", [
    ((0, 8, 3, 8), "inputs"), ((8, 8, 3, 8, 1, "full"), "same, valid"), ((8, 9, 3, 8, 1, "same", 8), "groups"), ((8, 8, 9, 8, 1, "valid"), "does not fit"),
    ((8, 8, True, 8), "kernel"),
])
def test_the_impossible_is_refused_with_what_would_be_possible(wrong, says):
    with pytest.raises(UserError, match=says):
        Convolution(*wrong)
