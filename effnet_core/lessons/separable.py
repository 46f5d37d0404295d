"""A standard convolution and the two that take its place: depthwise, then pointwise."""

from dataclasses import dataclass
from fractions import Fraction

from ..architecture import Block
from .convolution import Convolution


@dataclass(frozen=True)
class Separable:
    """M × D × D → N × D′ × D′ in one step or in two (MobileNetV1, arXiv 1704.04861, §3.1). Raises `UserError` as `Convolution` does."""

    inputs: int  # M
    outputs: int  # N
    kernel: int  # D_r
    side: int  # D, of the map that comes in
    stride: int = 1
    padding: str = "same"

    def __post_init__(self) -> None:
        self.standard  # refuses what is impossible

    @property
    def standard(self) -> Convolution:
        return Convolution(self.inputs, self.outputs, self.kernel, self.side, self.stride, self.padding)

    @property
    def depthwise(self) -> Convolution:
        """One kernel for every channel: M kernels of D_r × D_r × 1."""
        return Convolution(self.inputs, self.inputs, self.kernel, self.side, self.stride, self.padding, self.inputs)

    @property
    def pointwise(self) -> Convolution:
        """N kernels of 1 × 1 × M mix the channels."""
        return Convolution(self.inputs, self.outputs, 1, self.depthwise.cells)

    @property
    def ways(self) -> dict[str, tuple[Convolution, ...]]:
        """What can be compared, step by step; the "pair" does what "standard" does."""
        return {"standard": (self.standard,), "depthwise": (self.depthwise,), "pointwise": (self.pointwise,),
                "pair": (self.depthwise, self.pointwise)}

    @property
    def shares(self) -> tuple[Fraction, Fraction]:
        """Multiply-adds of the depthwise and of the pointwise step over the standard convolution's: exactly 1 / N and 1 / D_r²."""
        whole = self.standard.macs
        return Fraction(self.depthwise.macs, whole), Fraction(self.pointwise.macs, whole)

    @property
    def ratio(self) -> Fraction:
        """1 / N + 1 / D_r²."""
        return sum(self.shares, Fraction())


def of_block(block: Block) -> Separable:
    """The shapes of a block: its convolution that looks at neighbours, and the channels that the block hands on."""
    spatial = next(layer for layer in block.layers if layer.part in ("depthwise", "spatial"))
    outputs = block.output if spatial.operator == "depthwise" else spatial.output
    return Separable(spatial.input.channels, outputs.channels, spatial.kernel, spatial.input.height, spatial.stride)
