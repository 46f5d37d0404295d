"""Squeeze-and-excitation counted: the width of its bottleneck, EfficientNet's and SENet's way, and what each costs.

Hu et al., arXiv 1709.01507: z = the mean of every map, s = σ(W₂ δ(W₁ z)), W₁ of S × C and W₂ of C × S with S = C / r.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ..architecture import Architecture, Block
from ..errors import UserError
from .activations import sigmoid, swish
from .lots import Lots
from .parts import Gate

SENET = 16  # r in all of SENet's experiments (§6.1)
ABLATION = {2: (22.29, 45.7), 4: (22.25, 35.7), 8: (22.26, 30.7), 16: (22.28, 28.1), 32: (22.72, 26.9)}  # r → top-1 error in %, millions
# of parameters, of SE-ResNet-50 on ImageNet (arXiv 1709.01507, §6.1)
PLAIN = 23.30  # of ResNet-50 without SE (the same place)
EXCITATIONS = {"ReLU": 23.47, "tanh": 23.00, "sigmoid": 22.28}  # what ends the excitation → top-1 error in % (§6.3)
CHANNELS, RATIOS, GRID = 16, (1, 32), 6  # of the small example: at most so many maps; r; cells along a side


class Squeeze(NamedTuple):
    """The SE unit of one block: C channels are gated, through S numbers (0: it has none)."""

    block: str
    channels: int
    squeezed: int
    entering: int  # channels of the block's input

    def narrowed(self, ratio: int) -> int:
        """S as SENet would have it: C / r, at least one."""
        return narrowed(self.channels, ratio)


def narrowed(channels: int, ratio: int) -> int:
    """⌊C / r⌋, at least 1. Raises `UserError` where one of them is no count."""
    for name, value in (("number of channels", channels), ("reduction ratio", ratio)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserError(f"The {name} must be a whole number from 1 on, not {value!r}.")
    return max(1, channels // ratio)


def params(channels: int, squeezed: int) -> int:
    """W₁, b₁, W₂ and b₂: 2 · C · S + S + C; none without SE."""
    return Gate("se", channels, squeezed, 1).params if squeezed else 0


def macs(channels: int, squeezed: int) -> int:
    """2 · C · S for one image, whatever its size; the mean and the product with the gates are not counted, as in the paper."""
    return Gate("se", channels, squeezed, 1).macs if squeezed else 0


def squeezes(network: Architecture) -> tuple[Squeeze, ...]:
    """Of every block; where it has no SE, of the channels that SENet would gate: the widest that a convolution per channel hands on, or
    what a residual block adds."""
    return tuple(map(_squeeze, network.blocks))


def _squeeze(block: Block) -> Squeeze:
    parts = {layer.part: layer for layer in block.layers}
    gated = parts.get("se") or parts.get("depthwise") or block.layers[-1]
    return Squeeze(block.id, gated.output.channels, gated.squeeze, block.input.channels)


class Sum(NamedTuple):
    params: int
    macs: int


def total(units: Iterable[Squeeze], ratio: int | None = None) -> Sum:
    """Of all units; as they are, or with SENet's S = C / `ratio`."""
    widths = [(unit.channels, unit.squeezed if ratio is None else unit.narrowed(ratio)) for unit in units]
    return Sum(sum(params(*width) for width in widths), sum(macs(*width) for width in widths))


class Weights(NamedTuple):
    """Of the small example: W₁ and W₂ for up to `CHANNELS` channels and as many hidden numbers, of which smaller ones are the corner."""

    first: tuple[tuple[float, ...], ...]  # S × C
    first_bias: tuple[float, ...]
    second: tuple[tuple[float, ...], ...]  # C × S
    second_bias: tuple[float, ...]


@lru_cache(maxsize=128)
def weights(seed: int) -> Weights:
    """Drawn evenly from −2 … 2, biases from −1 … 1; the same for the same `seed`."""
    lots = Lots(seed)

    def drawn(count: int, reach: float) -> tuple[float, ...]:
        return tuple(round((2 * lots.next() - 1) * reach, 2) for _ in range(count))

    return Weights(tuple(drawn(CHANNELS, 2.0) for _ in range(CHANNELS)), drawn(CHANNELS, 1.0),
                   tuple(drawn(CHANNELS, 2.0) for _ in range(CHANNELS)), drawn(CHANNELS, 1.0))


class Excited(NamedTuple):
    hidden: list[float]  # S
    gates: list[float]  # C


def excite(z: list[float], squeezed: int, given: Weights) -> Excited:
    """h = swish(W₁ z + b₁), s = σ(W₂ h + b₂) with the first C = len(z) channels and `squeezed` hidden numbers of `given`."""
    sums = (_sum(given.first[row], z, given.first_bias[row]) for row in range(squeezed))
    hidden = [swish(value) for value in sums]
    return Excited(hidden, [sigmoid(_sum(given.second[row], hidden, given.second_bias[row])) for row in range(len(z))])


def _sum(row: tuple[float, ...], values: list[float], bias: float) -> float:
    """One after the other, as a browser adds them."""
    result = bias
    for weight, value in zip(row, values):
        result += weight * value
    return result
