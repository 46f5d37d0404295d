"""The layers that a block is built of, as data: what goes in, what comes out, and every parameter accounted for."""

import math
from dataclasses import dataclass

from ..architecture import Shape
from ..errors import UserError
from ..lab.terms import Term
from .convolution import Convolution

ACTIVATIONS = ("ReLU", "ReLU6", "swish")


def _term(name: str, *factors: tuple[str, int]) -> Term:
    """The product of (symbol, value) pairs; a symbol that ends in ² has the root as its value."""
    values = [value**2 if symbol.endswith("²") else value for symbol, value in factors]
    numbers = [f"{value:,}²" if symbol.endswith("²") else f"{value:,}" for symbol, value in factors]
    return Term(name, " · ".join(symbol for symbol, _ in factors), " · ".join(numbers), math.prod(values))


@dataclass(frozen=True)
class Filter:
    """A convolution and what follows it. Everything is counted for one image."""

    name: str
    convolution: Convolution
    bias: bool = False
    norm: bool = True  # batch norm
    activation: str | None = None  # one of `ACTIVATIONS`, or none

    @property
    def depthwise(self) -> bool:
        return self.convolution.groups > 1

    @property
    def input(self) -> Shape:
        return Shape(self.convolution.inputs, self.convolution.side, self.convolution.side)

    @property
    def output(self) -> Shape:
        return Shape(self.convolution.outputs, self.convolution.cells, self.convolution.cells)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Its parameters, all of which training changes."""
        layer, out = self.convolution, ("C′", self.convolution.outputs)
        kernel = [("k²", layer.kernel)] if layer.kernel > 1 or self.depthwise else []
        channels = [("C", layer.inputs)] if self.depthwise else [("C", layer.inputs), out]
        return (_term("weights", *kernel, *channels), *[_term("bias", out)] * self.bias,
                *[_term("batch norm, scale γ", out), _term("batch norm, shift β", out)] * self.norm)

    @property
    def buffers(self) -> tuple[Term, ...]:
        """What batch norm keeps beside its parameters: measured on the data, not learnt."""
        out = ("C′", self.convolution.outputs)
        return (_term("running mean", out), _term("running variance", out)) if self.norm else ()

    @property
    def params(self) -> int:
        return sum(term.value for term in self.terms)

    @property
    def macs(self) -> int:
        return self.convolution.macs

    @property
    def activations(self) -> int:
        return self.output.elements


@dataclass(frozen=True)
class Gate:
    """Squeeze-and-excitation (arXiv 1709.01507, §3): C × D × D stays so, each channel times a gate made from all channels' means."""

    name: str
    channels: int  # C
    squeeze: int  # S
    side: int
    activation: str = "swish"  # between the two layers

    def __post_init__(self) -> None:
        if min(self.channels, self.squeeze, self.side) < 1:
            raise UserError("Squeeze-and-excitation takes at least 1 channel, squeezed to at least 1; "
                            f"got {self.channels} and {self.squeeze}.")

    @property
    def input(self) -> Shape:
        return Shape(self.channels, self.side, self.side)

    @property
    def output(self) -> Shape:
        return self.input

    @property
    def terms(self) -> tuple[Term, ...]:
        wide, few = ("C", self.channels), ("S", self.squeeze)
        return (_term("squeeze, weights", wide, few), _term("squeeze, bias", few),
                _term("excite, weights", few, wide), _term("excite, bias", wide))

    @property
    def buffers(self) -> tuple[Term, ...]:
        return ()

    @property
    def params(self) -> int:
        return sum(term.value for term in self.terms)

    @property
    def macs(self) -> int:
        """Of the two layers; the means and the products with the gates are not counted, as in the paper."""
        return 2 * self.channels * self.squeeze

    @property
    def activations(self) -> int:
        return self.output.elements


Part = Filter | Gate


def symmetric(kernel: int) -> tuple[int, int]:
    """Zeros before and after one side as PyTorch's `padding=kernel // 2` has them, for odd kernels as many outputs as "same"."""
    return kernel // 2, kernel // 2


def sampled(side: int, kernel: int, stride: int, zeros: tuple[int, int]) -> list[int]:
    """Over which cells of a map's side, from 0 on, the kernel's middle stands; outside it where it is on a zero."""
    before, after = zeros
    return [place * stride - before + kernel // 2 for place in range((side + before + after - kernel) // stride + 1)]
