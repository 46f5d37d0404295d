"""One cell of a convolution's map by hand: patch × kernel, batch norm, activation, and the number that the network recorded there.

Everything is computed in 64-bit floats from the network's 32-bit numbers, so that it differs from what was recorded only by the rounding of
the network's own additions.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..architecture import Architecture, Layer
from ..blocks import same_padding
from ..errors import UserError
from ..network import Network
from .inspection import Opened

CONVOLUTIONS = ("conv", "depthwise", "pointwise")


def _swish(y: float) -> float:
    return y / (1 + math.exp(min(-y, 700.0)))


ACTIVATED: dict[str | None, Callable[[float], float]] = {
    "swish": _swish, "relu": lambda y: max(y, 0.0), "relu6": lambda y: min(max(y, 0.0), 6.0), None: lambda y: y,
}


class Norm(NamedTuple):
    """Batch norm of one channel: (x − mean) / √(variance + ε) · γ + β, with the statistics that training left."""

    mean: float
    variance: float
    eps: float
    gamma: float
    beta: float

    @property
    def slope(self) -> float:
        """a of a · x + b, to which the whole folds."""
        return self.gamma / math.sqrt(self.variance + self.eps)

    @property
    def shift(self) -> float:
        """b."""
        return self.beta - self.mean * self.slope

    def of(self, x: float) -> float:
        return (x - self.mean) / math.sqrt(self.variance + self.eps) * self.gamma + self.beta


class Skip(NamedTuple):
    """What a block adds to its last layer: maps (H W) of one channel. The block hands on activation(last layer + `added`)."""

    added: np.ndarray  # the block's input, or what its shortcut makes of that
    activation: str | None
    recorded: np.ndarray  # what the block handed on
    projected: bool  # whether the shortcut has a convolution of its own


class Addition(NamedTuple):
    """A skip connection at one cell."""

    added: float
    sum: float
    value: float  # activation(sum)
    recorded: float


@dataclass(frozen=True)
class Cell:
    """One number of one map, taken apart; c is the number of input channels that it reads: all of them, or in a depthwise layer one."""

    layer: Layer
    channel: int
    row: int
    column: int
    patch: np.ndarray  # c k k, float64; zeros where padding is
    inside: np.ndarray  # k k, bool; False where padding is
    kernel: np.ndarray  # c k k, float64
    norm: Norm
    recorded: float
    addition: Addition | None

    @cached_property
    def products(self) -> np.ndarray:
        return self.patch * self.kernel

    @property
    def contributions(self) -> np.ndarray:
        """What every input channel adds, c."""
        return self.products.sum((1, 2))

    @property
    def sum(self) -> float:
        """The convolution itself."""
        return float(self.products.sum())

    @property
    def normalised(self) -> float:
        return self.norm.of(self.sum)

    @property
    def value(self) -> float:
        return ACTIVATED[self.layer.activation](self.normalised)


@dataclass(frozen=True)
class Lens:
    """One output channel of a convolution, ready to compute any of its cells. Arrays are the network's own, float32."""

    layer: Layer
    channel: int
    input: np.ndarray  # c H W
    kernel: np.ndarray  # c k k
    before: tuple[int, int]  # zeros above the input and left of it
    norm: Norm
    output: np.ndarray  # H W, as recorded
    skip: Skip | None

    def inside(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the input (k each) under the kernel; those outside 0 … side − 1 are padding."""
        return tuple(place * self.layer.stride - zeros + np.arange(self.layer.kernel)
                     for place, zeros in zip((row, column), self.before))

    def cell(self, row: int, column: int) -> Cell:
        """Raises `UserError` for a cell that the map has not."""
        height, width = self.output.shape
        if not (0 <= row < height and 0 <= column < width):
            raise UserError(f"The maps of {self.layer.id} have {height} × {width} cells, counted from 0; there is no cell {row}, {column}.")
        rows, columns = self.inside(row, column)
        tall, wide = self.input.shape[1:]
        real = ((rows >= 0) & (rows < tall))[:, None] & ((columns >= 0) & (columns < wide))
        patch = self.input[:, rows.clip(0, tall - 1)[:, None], columns.clip(0, wide - 1)].astype(np.float64)
        value = Cell(self.layer, self.channel, row, column, np.where(real, patch, 0.0), real, self.kernel.astype(np.float64), self.norm,
                     float(self.output[row, column]), None)
        return value if self.skip is None else Cell(**{**vars(value), "addition": _addition(self.skip, value)})


def _addition(skip: Skip, cell: Cell) -> Addition:
    added = float(skip.added[cell.row, cell.column])
    total = cell.value + added
    return Addition(added, total, ACTIVATED[skip.activation](total), float(skip.recorded[cell.row, cell.column]))


def convolutions(architecture: Architecture, unit: str) -> list[Layer]:
    """The convolutions of a unit, in the order of the data's way."""
    return [layer for name, layers in architecture.units() if name == unit for layer in layers if layer.operator in CONVOLUTIONS]


def macs(layer: Layer) -> int:
    """Multiply-adds of one cell: k² times the input channels that it reads."""
    return layer.kernel**2 * layer.input.channels // layer.groups


def reads(opened: Opened, layer: Layer) -> tuple[str, np.ndarray]:
    """What `layer` reads, C H W, and whose output that is: another layer of the unit, or "" for the unit's own input."""
    before = [name for name in opened.layers if not name.endswith(".shortcut")]
    place = 0 if layer.is_shortcut else before.index(layer.id)
    return (before[place - 1], opened.layers[before[place - 1]]) if place else ("", opened.input)


def _skip(architecture: Architecture, opened: Opened, layer: Layer, channel: int) -> Skip | None:
    block = next((block for block in architecture.blocks if block.id == opened.unit), None)
    if block is None or not block.skip or layer != block.layers[-1]:
        return None
    added = opened.input if block.shortcut is None else opened.layers[block.shortcut.id]
    return Skip(added[channel], block.after, opened.output[channel], block.shortcut is not None)


def lens(network: Network, opened: Opened, layer_id: str, channel: int) -> Lens:
    """Of one output channel of a convolution within the opened unit. Raises `UserError` where there is no such convolution or channel."""
    layer = next((layer for layer in convolutions(network.architecture, opened.unit) if layer.id == layer_id), None)
    if layer is None:
        raise UserError(f"{opened.unit} has no convolution {layer_id!r}.")
    if not 0 <= channel < layer.output.channels:
        raise UserError(f"{layer_id} has channels 0 … {layer.output.channels - 1}; there is no channel {channel}.")
    module, x = network.get_submodule(layer_id), reads(opened, layer)[1]
    conv, norm = module.conv, module.norm
    before = tuple(same_padding(side, layer.kernel, layer.stride)[0] if conv.same else zeros
                   for side, zeros in zip(x.shape[1:], conv.padding))
    statistics = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    mean, variance, gamma, beta = (float(each[channel].detach()) for each in statistics)
    own = x[channel : channel + 1] if layer.groups > 1 else x
    return Lens(layer, channel, own, conv.weight[channel].detach().numpy(), before, Norm(mean, variance, norm.eps, gamma, beta),
                opened.layers[layer_id][channel], _skip(network.architecture, opened, layer, channel))


def arithmetic(network: Network, opened: Opened, layer_id: str, channel: int, row: int, column: int) -> Cell:
    """How the number at `row`, `column` of one channel of a convolution comes about; see `lens` and `Lens.cell` for what is refused."""
    return lens(network, opened, layer_id, channel).cell(row, column)
