"""A network as data: stages of blocks of layers, every layer with its id and its shapes, before a tensor exists.

Shapes are `(channels, height, width)` of one image. A layer's id is the attribute path of the module that `build` makes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .errors import UserError
from .scaling import CLASSES_RANGE, Scaling, check_count, round_channels, round_repeats

STOCHASTIC_DEPTH = 0.2  # paper §5.2: survival probability 0.8 at the far end


class Shape(NamedTuple):
    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels} × {self.height} × {self.width}"

    @property
    def elements(self) -> int:
        return self.channels * self.height * self.width


class Layer(NamedTuple):
    """One named unit of computation: a convolution with its batch norm and activation, an SE unit, or the classifier."""

    id: str
    operator: str  # "conv", "depthwise", "pointwise", "se" or "linear"
    kernel: int
    stride: int
    groups: int
    input: Shape
    output: Shape
    activation: str | None  # "swish", "relu6" or None; the inner activation for "se"
    squeeze: int = 0  # channels of the bottleneck of an SE unit


class Row(NamedTuple):
    """One row of the paper's Table 1: a stage before scaling."""

    expand: int
    kernel: int
    stride: int
    channels: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Family:
    """A base network, the thing that gets scaled."""

    name: str
    rows: tuple[Row, ...]
    side: int  # pixels
    stem: int = 32
    stem_stride: int = 2
    head: int = 1280
    activation: str = "swish"
    se_ratio: float = 0.25  # of the block's input channels; 0 means no SE
    fixed_ends: bool = False  # Lite: stem, head and the repeats of the first and last stage do not scale


@dataclass(frozen=True, slots=True)
class Block:
    """An MBConv block: expand (absent when the ratio is 1) → depthwise → SE → project, and the input added where shapes agree."""

    id: str
    index: int  # 0-based, over the whole network
    expand: int
    layers: tuple[Layer, ...]
    skip: bool
    drop_rate: float  # stochastic depth

    @property
    def kernel(self) -> int:
        return next(layer.kernel for layer in self.layers if layer.operator == "depthwise")

    @property
    def stride(self) -> int:
        return next(layer.stride for layer in self.layers if layer.operator == "depthwise")

    @property
    def input(self) -> Shape:
        return self.layers[0].input

    @property
    def output(self) -> Shape:
        return self.layers[-1].output

    @property
    def label(self) -> str:
        return f"MBConv{self.expand} {self.kernel}×{self.kernel}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one resolution; the first may stride and change channels, the others repeat."""

    id: str
    row: Row
    blocks: tuple[Block, ...]

    @property
    def index(self) -> int:
        return int(self.id.rpartition(".")[2])

    @property
    def output(self) -> Shape:
        return self.blocks[-1].output


@dataclass(frozen=True)
class Architecture:
    """A whole network. `name` is for people; `family`, `scaling` and `classes` determine everything else."""

    name: str
    family: Family
    scaling: Scaling
    classes: int
    stem: Layer
    stages: tuple[Stage, ...]
    head: Layer
    classifier: Layer

    @property
    def input(self) -> Shape:
        return self.stem.input

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for stage in self.stages for block in stage.blocks)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return (self.stem, *(layer for block in self.blocks for layer in block.layers), self.head, self.classifier)

    def unit_of(self, layer_id: str) -> str:
        """The id of the block that `layer_id` names or lies in; the stem, the head and the classifier are their own units."""
        known = {self.stem.id, self.head.id, self.classifier.id, *(block.id for block in self.blocks)}
        unit = ".".join(layer_id.split(".")[:3])
        if unit not in known:
            raise UserError(f"{self.name} has no layer {layer_id!r}; its units are stem, stages.0.0 … "
                            f"{self.blocks[-1].id}, head and classifier.")
        return unit

    def units(self) -> Iterator[tuple[str, tuple[Layer, ...]]]:
        """What is drawn as one mark: stem, every block, head, classifier; each with its layers."""
        yield self.stem.id, (self.stem,)
        for block in self.blocks:
            yield block.id, block.layers
        yield self.head.id, (self.head,)
        yield self.classifier.id, (self.classifier,)


def _mbconv(block_id: str, index: int, total: int, row: Row, stride: int, channels: int, x: Shape, family: Family) -> Block:
    side = -(-x.height // stride)  # same padding: the ceiling, for every kernel
    middle = Shape(x.channels * row.expand, x.height, x.width)
    strided = Shape(middle.channels, side, side)
    output = Shape(channels, side, side)
    act = family.activation
    layers = []
    if row.expand != 1:
        layers.append(Layer(block_id + ".expand", "pointwise", 1, 1, 1, x, middle, act))
    layers.append(Layer(block_id + ".depthwise", "depthwise", row.kernel, stride, middle.channels, middle, strided, act))
    if family.se_ratio:
        squeeze = max(1, int(x.channels * family.se_ratio))
        layers.append(Layer(block_id + ".se", "se", 1, 1, 1, strided, strided, act, squeeze))
    layers.append(Layer(block_id + ".project", "pointwise", 1, 1, 1, strided, output, None))
    skip = stride == 1 and x.channels == channels
    return Block(block_id, index, row.expand, tuple(layers), skip, STOCHASTIC_DEPTH * index / total if skip else 0.0)


def assemble(family: Family, scaling: Scaling, classes: int, name: str) -> Architecture:
    """Scale `family` and lay out every layer with its shapes. Raises `UserError` for an impossible class count."""
    classes = check_count("The number of classes", classes, CLASSES_RANGE)
    width = 1.0 if family.fixed_ends else scaling.width
    last = len(family.rows) - 1
    depths = [1.0 if family.fixed_ends and i in (0, last) else scaling.depth for i in range(len(family.rows))]
    repeats = [round_repeats(row.repeats, depth) for row, depth in zip(family.rows, depths)]
    total = sum(repeats)

    side = -(-scaling.side // family.stem_stride)
    image = Shape(3, scaling.side, scaling.side)
    x = Shape(round_channels(family.stem, width), side, side)
    stem = Layer("stem", "conv", 3, family.stem_stride, 1, image, x, family.activation)
    stages, index = [], 0
    for i, (row, count) in enumerate(zip(family.rows, repeats)):
        channels, blocks = round_channels(row.channels, scaling.width), []
        for j in range(count):
            block = _mbconv(f"stages.{i}.{j}", index, total, row, row.stride if j == 0 else 1, channels, x, family)
            blocks.append(block)
            x, index = block.output, index + 1
        stages.append(Stage(f"stages.{i}", row, tuple(blocks)))
    top = Shape(round_channels(family.head, width), x.height, x.width)
    head = Layer("head", "pointwise", 1, 1, 1, x, top, family.activation)
    classifier = Layer("classifier", "linear", 1, 1, 1, Shape(top.channels, 1, 1), Shape(classes, 1, 1), None)
    return Architecture(name, family, scaling, classes, stem, tuple(stages), head, classifier)
