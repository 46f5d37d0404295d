"""Kernels for a photo: what each does is checked by torch's convolution, and what is written by hand comes back."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from effnet_core.errors import UserError
from effnet_core.lessons import kernels
from effnet_core.lessons.kernels import Kernel, preset, read, resized, write

WEIGHTS = st.integers(-9900, 9900).map(lambda count: count / 100)
KERNELS = st.sampled_from(kernels.SIZES).flatmap(lambda size: st.builds(
    Kernel, st.just(size), st.integers(1, 999), st.tuples(*[st.tuples(*[WEIGHTS] * size**2)] * 3)))


def through(kernel, photo):
    """The grey `photo` (H W) through the first slice, where no padding is needed."""
    weight = torch.tensor(kernel.slices[0], dtype=torch.float64).reshape(1, 1, kernel.size, kernel.size) / kernel.divisor
    return F.conv2d(photo[None, None].double(), weight)[0, 0]


PHOTO = torch.randint(0, 256, (15, 15), generator=torch.Generator().manual_seed(0)).double()
ACROSS = torch.arange(15.0).repeat(15, 1)  # brighter to the right, alike from top to bottom


@pytest.mark.parametrize("size", kernels.SIZES)
def test_every_kernel_does_what_it_is_called(size):
    margin = size // 2
    middle = PHOTO[margin : 15 - margin, margin : 15 - margin]
    assert torch.equal(through(preset("Identity", size), PHOTO), middle)
    means = F.avg_pool2d(PHOTO[None, None], size, 1)[0, 0]
    assert torch.allclose(through(preset("Blur", size), PHOTO), means, rtol=1e-12)
    assert torch.allclose(through(preset("Sharpen", size), PHOTO), 2 * middle - means, rtol=1e-12, atol=1e-9)
    assert not through(preset("Horizontal edge", size), ACROSS).any() and not through(preset("Vertical edge", size), ACROSS.T).any()
    answer = through(preset("Vertical edge", size), ACROSS)
    assert torch.equal(answer, through(preset("Horizontal edge", size), ACROSS.T).T) and (answer > 0).all() == (size > 1)


@pytest.mark.parametrize("size", kernels.SIZES)
def test_random_numbers_are_the_same_for_the_same_seed(size):
    found = [preset("Random", size, seed) for seed in range(6)]
    assert found == [preset("Random", size, seed) for seed in range(6)] and len({*found}) > 1
    assert all(abs(weight) <= kernels.RANDOM_MOST for kernel in found for weights in kernel.slices for weight in weights)


@given(KERNELS)
def test_what_is_written_is_read(kernel):
    assert read(write(kernel)) == kernel and len(write(kernel)) <= kernels.LONGEST


@pytest.mark.parametrize("text", [
    "", None, 3, "3/1:1", "1/1:1|1", "1/1:1|1|1|1", "1/0:1|1|1", "1/1000:1|1|1", "2/1:1,1,1,1|1,1,1,1|1,1,1,1", "1/1:100|1|1",
    "1/1:1.234|1|1", "1/1:--1|1|1", "1/1:|1|1", "1/1:1e3|1|1", "1/1:nan|1|1", "1/1:1|1|1\n", "1/1:" + "1" * 2000, "1/1:١|1|1",
])
def test_anything_else_is_none(text):
    assert read(text) is None


@given(KERNELS, st.sampled_from(kernels.SIZES))
def test_another_size_keeps_the_middle(kernel, size):
    other = resized(kernel, size)
    low, high = min(kernel.size, size), max(kernel.size, size)
    before = [torch.tensor(weights).reshape(kernel.size, kernel.size) for weights in kernel.slices]
    after = [torch.tensor(weights).reshape(size, size) for weights in other.slices]
    grown, small = (after, before) if size == high else (before, after)
    edge = (high - low) // 2
    assert all(torch.equal(large[edge : edge + low, edge : edge + low], little) for large, little in zip(grown, small))
    assert size < kernel.size or all(torch.equal(large.count_nonzero(), little.count_nonzero()) for large, little in zip(grown, small))
    assert other.divisor == kernel.divisor


@pytest.mark.parametrize("name, size", [("Emboss", 3), ("Blur", 4), ("By hand", 3)])
def test_an_unknown_kernel_is_refused_with_those_that_there_are(name, size):
    with pytest.raises(UserError, match="Vertical edge, .*1, 3, 5, 7"):
        preset(name, size)
