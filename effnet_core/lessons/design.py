"""A block built by hand: from two plain convolutions in nine steps to EfficientNet's MBConv, and whatever else its switches make."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from ..architecture import Architecture, Block, Shape
from ..errors import UserError
from .convolution import Convolution
from .parts import ACTIVATIONS, Filter, Gate, Part

SHAPES = ("plain", "bottleneck", "inverted")
RANGES = {  # lowest, highest and step of every number
    "inputs": (8, 640, 8), "outputs": (8, 640, 8), "expand": (1, 8, 1), "kernel": (3, 7, 2), "stride": (1, 2, 1), "side": (4, 336, 1),
    "ratio": (5, 100, 5),
}
WORDS = {"inputs": "channels in are", "outputs": "channels out are", "expand": "ratio is", "kernel": "kernel is", "stride": "stride is",
         "side": "side is", "ratio": "SE ratio in percent is"}
NAMES = {"relu": "ReLU", "relu6": "ReLU6", "swish": "swish"}  # of activations, as `Layer` has them


@dataclass(frozen=True)
class Design:
    """C × D × D → C′ × D′ × D′. Raises `UserError` where a number or a name is none.

    "plain": two convolutions. "bottleneck": narrow in the middle (arXiv 1512.03385, Fig. 5). "inverted": wide in the middle
    (arXiv 1801.04381, Fig. 3). The last activation follows the sum where there is one; a linear bottleneck has none. Without batch norm,
    convolutions have a bias.
    """

    inputs: int = 24  # C
    outputs: int = 24  # C′
    expand: int = 6  # t: how many times wider, or narrower, the middle is
    kernel: int = 3
    stride: int = 1
    side: int = 56  # D
    ratio: int = 25  # percent of C to which squeeze-and-excitation narrows
    shape: str = "inverted"
    skip: bool = True
    depthwise: bool = True  # the convolution in the middle; "plain" has none
    norm: bool = True
    activation: str = "swish"
    linear: bool = True
    se: bool = True

    def __post_init__(self) -> None:
        for name, value, known in (("shape", self.shape, SHAPES), ("activation", self.activation, ACTIVATIONS)):
            if value not in known:
                raise UserError(f"The {name} of a block is {value!r}; it must be one of {', '.join(known)}.")
        for name in ("expand", "ratio"):
            if not isinstance(value := getattr(self, name), int) or value < 1:
                raise UserError(f"The {name} of a block must be a whole number from 1 on, not {value!r}.")

    @property
    def joined(self) -> bool:
        """Whether the input is added: asked for, and of the shape of what comes out."""
        return self.skip and self.stride == 1 and self.inputs == self.outputs

    @property
    def after(self) -> str | None:
        """The activation after the sum."""
        return self.activation if self.joined and not self.linear else None

    @property
    def middle(self) -> int:
        """Channels in the middle."""
        return {"plain": self.outputs, "bottleneck": max(1, self.outputs // self.expand), "inverted": self.inputs * self.expand}[self.shape]

    @property
    def squeeze(self) -> int:
        """S: a share of the block's input channels, as EfficientNet has it."""
        return max(1, self.inputs * self.ratio // 100)

    @cached_property
    def layers(self) -> tuple[Part, ...]:
        """In the order of the data's way."""
        plan = self._plan
        filters = [self._filter(name, convolution, last=place == len(plan) - 1) for place, (name, convolution) in enumerate(plan)]
        if not self.se:
            return tuple(filters)
        place = len(filters) - (self.shape == "inverted")  # after the last one in a residual block (arXiv 1709.01507, Fig. 3)
        shape = filters[place - 1].output
        return (*filters[:place], Gate("se", shape.channels, self.squeeze, shape.height, self.activation), *filters[place:])

    @property
    def _plan(self) -> list[tuple[str, Convolution]]:
        """Every convolution by its name."""
        came, middle, left, strided = self.inputs, self.middle, self.outputs, -(-self.side // self.stride)
        if self.shape == "plain":
            first = Convolution(came, left, self.kernel, self.side, self.stride)
            return [("first", first), ("second", Convolution(left, left, self.kernel, strided))]
        name, groups = ("depthwise", middle) if self.depthwise else ("spatial", 1)
        spatial = name, Convolution(middle, middle, self.kernel, self.side, self.stride, "same", groups)
        before, after = ("reduce", "restore") if self.shape == "bottleneck" else ("expand", "project")
        first = [(before, Convolution(came, middle, 1, self.side))] * (self.shape == "bottleneck" or self.expand > 1)
        return [*first, spatial, (after, Convolution(middle, left, 1, strided))]

    def _filter(self, name: str, convolution: Convolution, last: bool) -> Filter:
        silent = last and (self.linear or self.joined)
        return Filter(name, convolution, not self.norm, self.norm, None if silent else self.activation)

    @property
    def input(self) -> Shape:
        return self.layers[0].input

    @property
    def output(self) -> Shape:
        return self.layers[-1].output

    @property
    def params(self) -> int:
        return sum(layer.params for layer in self.layers)

    @property
    def buffers(self) -> int:
        """Numbers that batch norm keeps and that are no parameters."""
        return sum(term.value for layer in self.layers for term in layer.buffers)

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)

    @property
    def activations(self) -> int:
        """Elements of all layers' outputs; the sum is not counted."""
        return sum(layer.activations for layer in self.layers)


class Step(NamedTuple):
    """One step of the way to MBConv: its name, and how its block differs from that before."""

    name: str
    changes: dict[str, Any]


STEPS = (
    Step("Convolutions", {"shape": "plain", "skip": False, "depthwise": False, "norm": False, "activation": "ReLU", "linear": False,
                          "se": False}),
    Step("Residual", {"skip": True}),
    Step("Bottleneck", {"shape": "bottleneck"}),
    Step("Inverted", {"shape": "inverted"}),
    Step("Depthwise", {"depthwise": True}),
    Step("Batch norm", {"norm": True, "activation": "ReLU6"}),
    Step("Linear", {"linear": True}),
    Step("Swish", {"activation": "swish"}),
    Step("SE", {"se": True}),
)


def design(step: int, **numbers: int) -> Design:
    """The block after the steps 0 … `step`, with the given numbers."""
    made = Design(**numbers)
    for _, changes in STEPS[: step + 1]:
        made = replace(made, **changes)
    return made


def of(network: Architecture, block: Block) -> Design:
    """The same block of a network. Raises `UserError` where it is no inverted residual, or too large for the sliders."""
    if block.kind != "mbconv":
        raise UserError(f"{block.id} is a {block.label} block; only MBConv blocks can be filled in here.")
    gate = next((layer for layer in block.layers if layer.operator == "se"), None)
    share = network.family.rows[int(block.id.split(".")[1])].se_ratio
    numbers = {"inputs": block.input.channels, "outputs": block.output.channels, "expand": block.expand, "kernel": block.kernel,
               "stride": block.stride, "side": block.input.height,
               "ratio": round(100 * (network.family.se_ratio if share is None else share)) if gate else 25}
    for name, value in numbers.items():
        low, high, by = RANGES[name]
        if not low <= value <= high or (value - low) % by:
            raise UserError(f"{block.id} does not fit the sliders: its {WORDS[name]} {value:,}, and they go from {low:,} to {high:,} "
                            f"in steps of {by}.")
    return Design(**numbers, activation=NAMES[network.family.activation], se=gate is not None)
