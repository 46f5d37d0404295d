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
    operator: str  # "conv", "depthwise", "pointwise", "se", "maxpool" or "linear"
    kernel: int
    stride: int
    groups: int
    input: Shape
    output: Shape
    activation: str | None  # "swish", "relu6", "relu" or None; the inner activation for "se"
    squeeze: int = 0  # channels of the bottleneck of an SE unit

    @property
    def part(self) -> str:
        """Its name within its block; the whole id of a layer outside the blocks."""
        return self.id.rpartition(".")[2]

    @property
    def is_shortcut(self) -> bool:
        """Whether it stands beside the other layers of its block and reads the block's input: a projected skip connection."""
        return self.part == "shortcut"


class Row(NamedTuple):
    """One row of a table such as the paper's Table 1: a stage before scaling."""

    expand: int  # how many times wider the middle of an "mbconv" is than its input, or the output of a "bottleneck" than its middle
    kernel: int
    stride: int
    channels: int  # of the output; of a "bottleneck", of its middle
    repeats: int
    kind: str = "mbconv"  # the inverted residual; or "separable" (MobileNetV1) or "bottleneck" (ResNet's residual)
    se_ratio: float | None = None  # where it is not the family's


@dataclass(frozen=True, slots=True)
class Family:
    """A base network, the thing that gets scaled."""

    name: str
    rows: tuple[Row, ...]
    side: int  # pixels
    stem: int = 32
    stem_kernel: int = 3
    stem_stride: int = 2
    maxpool: bool = False  # 3×3 with stride 2 after the stem
    head: int = 1280  # 0: the classifier reads what the last stage hands on
    activation: str = "swish"
    se_ratio: float = 0.25  # of the block's input channels; 0 means no SE
    fixed_ends: bool = False  # Lite: stem, head and the repeats of the first and last stage do not scale
    whole_head: bool = False  # the head never gets narrower than in the base network
    stochastic_depth: float = STOCHASTIC_DEPTH  # the drop rate that the last block would have if there were one more
    dropout: float | None = None  # before the classifier at any size; None: as the paper scales it
    title: str = ""  # for people


@dataclass(frozen=True, slots=True)
class Block:
    """What a stage repeats; `layers` in the order of the data's way, a shortcut first.

    "mbconv": expand (absent when the ratio is 1) → depthwise → SE → project, and the input added where shapes agree.
    "separable": depthwise → pointwise. "bottleneck": reduce → spatial → expand, and the input added, projected where shapes differ.
    """

    id: str
    index: int  # 0-based, over the whole network
    expand: int
    layers: tuple[Layer, ...]
    skip: bool
    drop_rate: float  # stochastic depth
    kind: str = "mbconv"
    after: str | None = None  # activation after the sum

    @property
    def _spatial(self) -> Layer:
        return next(layer for layer in self.layers if layer.part in ("depthwise", "spatial"))

    @property
    def kernel(self) -> int:
        return self._spatial.kernel

    @property
    def stride(self) -> int:
        return self._spatial.stride

    @property
    def shortcut(self) -> Layer | None:
        """The projection of the input, where it cannot be added as it is."""
        return self.layers[0] if self.layers[0].is_shortcut else None

    @property
    def input(self) -> Shape:
        return self.layers[0].input

    @property
    def output(self) -> Shape:
        return self.layers[-1].output

    @property
    def label(self) -> str:
        name = {"mbconv": f"MBConv{self.expand}", "separable": "Separable", "bottleneck": "Bottleneck"}[self.kind]
        return f"{name} {self.kernel}×{self.kernel}"


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
    maxpool: Layer | None
    stages: tuple[Stage, ...]
    head: Layer | None
    classifier: Layer

    @property
    def input(self) -> Shape:
        return self.stem.input

    @property
    def last_map(self) -> Shape:
        """What global average pooling reads."""
        return self.stages[-1].output if self.head is None else self.head.output

    @property
    def last_unit(self) -> str:
        """The id of the unit that hands on `last_map`."""
        return self.blocks[-1].id if self.head is None else self.head.id

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for stage in self.stages for block in stage.blocks)

    @cached_property
    def front(self) -> tuple[Layer, ...]:
        """The layers before the blocks."""
        return tuple(layer for layer in (self.stem, self.maxpool) if layer is not None)

    @cached_property
    def back(self) -> tuple[Layer, ...]:
        """The layers after the blocks."""
        return tuple(layer for layer in (self.head, self.classifier) if layer is not None)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return (*self.front, *(layer for block in self.blocks for layer in block.layers), *self.back)

    def unit_of(self, layer_id: str) -> str:
        """The id of the block that `layer_id` names or lies in; the layers before and after the blocks are their own units."""
        known = {layer.id for layer in (*self.front, *self.back)} | {block.id for block in self.blocks}
        unit = ".".join(layer_id.split(".")[:3])
        if unit not in known:
            ends = [layer.id for layer in (*self.front, *self.back)]
            raise UserError(f"{self.name} has no layer {layer_id!r}; its units are stages.0.0 … {self.blocks[-1].id}, "
                            f"{', '.join(ends[:-1])} and {ends[-1]}.")
        return unit

    def nearest(self, layer_id: str) -> str:
        """The unit that `layer_id` names, or the nearest that this network has: the last block of its stage or of the network, or the first."""
        try:
            return self.unit_of(layer_id)
        except UserError:
            stage = ".".join(layer_id.split(".")[:2])
            past = layer_id == "head" or layer_id.startswith("stages.")
            return next((s.blocks[-1].id for s in self.stages if s.id == stage), self.blocks[-1 if past else 0].id)

    def units(self) -> Iterator[tuple[str, tuple[Layer, ...]]]:
        """What is drawn as one mark, with its layers: every block, and every layer before and after them."""
        yield from ((layer.id, (layer,)) for layer in self.front)
        yield from ((block.id, block.layers) for block in self.blocks)
        yield from ((layer.id, (layer,)) for layer in self.back)


def _halved(side: int, stride: int) -> int:
    """Same padding: the ceiling, for every kernel."""
    return -(-side // stride)


def _mbconv(block_id: str, row: Row, stride: int, channels: int, x: Shape, family: Family) -> tuple[list[Layer], bool]:
    side, act = _halved(x.height, stride), family.activation
    middle = Shape(x.channels * row.expand, x.height, x.width)
    strided = Shape(middle.channels, side, side)
    layers = []
    if row.expand != 1:
        layers.append(Layer(block_id + ".expand", "pointwise", 1, 1, 1, x, middle, act))
    layers.append(Layer(block_id + ".depthwise", "depthwise", row.kernel, stride, middle.channels, middle, strided, act))
    if ratio := family.se_ratio if row.se_ratio is None else row.se_ratio:
        layers.append(Layer(block_id + ".se", "se", 1, 1, 1, strided, strided, act, max(1, int(x.channels * ratio))))
    layers.append(Layer(block_id + ".project", "pointwise", 1, 1, 1, strided, Shape(channels, side, side), None))
    return layers, stride == 1 and x.channels == channels


def _separable(block_id: str, row: Row, stride: int, channels: int, x: Shape, family: Family) -> tuple[list[Layer], bool]:
    side, act = _halved(x.height, stride), family.activation
    strided = Shape(x.channels, side, side)
    depthwise = Layer(block_id + ".depthwise", "depthwise", row.kernel, stride, x.channels, x, strided, act)
    return [depthwise, Layer(block_id + ".pointwise", "pointwise", 1, 1, 1, strided, Shape(channels, side, side), act)], False


def _bottleneck(block_id: str, row: Row, stride: int, channels: int, x: Shape, family: Family) -> tuple[list[Layer], bool]:
    side, act = _halved(x.height, stride), family.activation
    narrow, strided = Shape(channels, x.height, x.width), Shape(channels, side, side)
    output = Shape(channels * row.expand, side, side)
    layers = [
        Layer(block_id + ".reduce", "pointwise", 1, 1, 1, x, narrow, act),
        Layer(block_id + ".spatial", "conv", row.kernel, stride, 1, narrow, strided, act),
        Layer(block_id + ".expand", "pointwise", 1, 1, 1, strided, output, None),
    ]
    projected = [] if x == output else [Layer(block_id + ".shortcut", "pointwise", 1, stride, 1, x, output, None)]
    return projected + layers, True


KINDS = {"mbconv": _mbconv, "separable": _separable, "bottleneck": _bottleneck}


def _stages(family: Family, scaling: Scaling, x: Shape) -> tuple[Stage, ...]:
    last = len(family.rows) - 1
    depths = [1.0 if family.fixed_ends and i in (0, last) else scaling.depth for i in range(len(family.rows))]
    repeats = [round_repeats(row.repeats, depth) for row, depth in zip(family.rows, depths)]
    total, stages, index = sum(repeats), [], 0
    for i, (row, count) in enumerate(zip(family.rows, repeats)):
        channels, blocks = round_channels(row.channels, scaling.width), []
        for j in range(count):
            block_id = f"stages.{i}.{j}"
            layers, skip = KINDS[row.kind](block_id, row, row.stride if j == 0 else 1, channels, x, family)
            rate = family.stochastic_depth * index / total if skip else 0.0
            after = family.activation if row.kind == "bottleneck" else None
            blocks.append(Block(block_id, index, row.expand, tuple(layers), skip, rate, row.kind, after))
            x, index = blocks[-1].output, index + 1
        stages.append(Stage(f"stages.{i}", row, tuple(blocks)))
    return tuple(stages)


def assemble(family: Family, scaling: Scaling, classes: int, name: str) -> Architecture:
    """Scale `family` and lay out every layer with its shapes. Raises `UserError` for an impossible class count."""
    classes = check_count("The number of classes", classes, CLASSES_RANGE)
    width = 1.0 if family.fixed_ends else scaling.width
    side = _halved(scaling.side, family.stem_stride)
    image, x = Shape(3, scaling.side, scaling.side), Shape(round_channels(family.stem, width), side, side)
    stem, maxpool = Layer("stem", "conv", family.stem_kernel, family.stem_stride, 1, image, x, family.activation), None
    if family.maxpool:
        pooled = Shape(x.channels, _halved(side, 2), _halved(side, 2))
        maxpool, x = Layer("maxpool", "maxpool", 3, 2, 1, x, pooled, None), pooled
    stages, head = _stages(family, scaling, x), None
    x = stages[-1].output
    if family.head:
        top = Shape(round_channels(family.head, max(1.0, width) if family.whole_head else width), x.height, x.width)
        head, x = Layer("head", "pointwise", 1, 1, 1, x, top, family.activation), top
    classifier = Layer("classifier", "linear", 1, 1, 1, Shape(x.channels, 1, 1), Shape(classes, 1, 1), None)
    return Architecture(name, family, scaling, classes, stem, maxpool, stages, head, classifier)
