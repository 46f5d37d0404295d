"""How much memory a network takes, in training and in inference, derived by walking one forward pass on sizes alone.

Counted for training: every tensor that automatic differentiation keeps until the backward pass, once each: the input of every
convolution (its padded copy where the padding is uneven), the input of every batch norm and its two statistics per channel, the input
of every swish (of a ReLU its output), what the SE units' parts need, the masks of stochastic depth and dropout, what max pooling read and
where the maxima were, and the classifier's input.
Counted for inference: the tensors that are alive at one moment when layer follows layer: what a layer reads and writes, and what the code
around it still holds (the image, and what the stages, the stage and the block were called with).
Left aside: parameters and buffers (they are the weights' part), libraries' working space, and gradients on their way back.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from ..architecture import Architecture, Block, Family, Layer, assemble
from ..cost import Cost, cost
from ..scaling import Scaling

FORMATS = {"fp32": 4, "fp16": 2}  # bytes of a number
OPTIMISERS = {  # name → copies of every weight that it keeps
    "SGD": 0,
    "SGD with momentum": 1,
    "RMSProp with momentum": 2,  # the paper's: mean square and momentum
    "Adam": 2,
}


class Footprint(NamedTuple):
    """Elements of tensors, for a network in training and in inference."""

    saved: int  # kept for the backward pass, for each image of a batch
    saved_once: int  # kept whatever the batch
    peak: int  # alive at the fullest moment of inference, for each image
    at: str  # the layer where that is
    image: int  # of the input

    def training(self, batch: int) -> int:
        """Elements kept for the backward pass of a batch."""
        return batch * self.saved + self.saved_once


class _Pass:
    """One forward pass. Tensors are numbers of a list of sizes, in elements per image."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.saved: set[int] = set()
        self.saved_once = 0
        self.held: list[int] = []
        self.peak, self.at, self.layer = 0, "", ""

    def tensor(self, elements: int, reads: Iterable[int] = (), saves: Iterable[int] = ()) -> int:
        """What an operation writes, while what it `reads` and what is held are alive; `saves` is kept for its backward pass."""
        made = len(self.sizes)
        self.sizes.append(elements)
        self.saved.update(saves)
        alive = sum(self.sizes[tensor] for tensor in {*self.held, *reads, made})
        if alive > self.peak:
            self.peak, self.at = alive, self.layer
        return made

    def mask(self, elements: int) -> None:
        """Random numbers of training that inference does not draw."""
        self.saved.add(len(self.sizes))
        self.sizes.append(elements)

    def activation(self, kind: str | None, x: int) -> int:
        if kind is None:
            return x
        made = self.tensor(self.sizes[x], (x,))
        self.saved.add(made if kind == "relu" else x)
        return made

    def convolution(self, layer: Layer, x: int) -> int:
        """Convolution → batch norm → activation."""
        self.layer = layer.id
        self.held.append(x)
        read = self.tensor(_framed(layer), (x,)) if layer.kernel > 1 and _zeros(layer) % 2 else x  # an even frame needs no copy
        y = self.tensor(layer.output.elements, (read,), (read,))
        self.saved_once += 2 * layer.output.channels  # mean and deviation of the batch
        y = self.activation(layer.activation, self.tensor(layer.output.elements, (y,), (y,)))
        self.held.pop()
        return y

    def excitation(self, layer: Layer, x: int) -> int:
        self.layer = layer.id
        self.held.append(x)
        z = self.tensor(layer.output.channels, (x,))
        self.held.append(z)
        reduced = self.tensor(layer.squeeze, (z,), (z,))
        active = self.activation(layer.activation, reduced)
        gates = self.tensor(layer.output.channels, (active,), (active,))
        s = self.tensor(layer.output.channels, (gates,))
        made = self.tensor(layer.output.elements, (x, s), (x, s))
        del self.held[-2:]
        return made

    def block(self, block: Block, x: int) -> int:
        depth = len(self.held)
        self.held.append(x)
        beside, y = x, x
        for layer in block.layers:
            if layer.is_shortcut:
                beside = self.convolution(layer, x)
                self.held.append(beside)
            else:
                y = self.excitation(layer, y) if layer.operator == "se" else self.convolution(layer, y)
        if block.skip:
            if block.drop_rate:
                self.mask(1)
            y = self.tensor(self.sizes[y], (beside, y))
        del self.held[depth + 1 :]
        y = self.activation(block.after, y)
        self.held.pop()
        return y


    def pooling(self, layer: Layer, x: int) -> int:
        """Max pooling: of a padded copy, with the place of every maximum as a 64-bit number."""
        self.layer = layer.id
        self.held.append(x)
        read = self.tensor(_framed(layer), (x,))
        places = self.tensor(2 * layer.output.elements, (read,))
        y = self.tensor(layer.output.elements, (read, places), (read, places))
        self.held.pop()
        return y


def _zeros(layer: Layer) -> int:
    """How many rows of zeros "same" padding adds."""
    return max((layer.output.height - 1) * layer.stride + layer.kernel - layer.input.height, 0)


def _framed(layer: Layer) -> int:
    """Elements of a copy of the input with the zeros around it."""
    return layer.input.channels * (layer.input.height + _zeros(layer)) ** 2


def footprint(architecture: Architecture) -> Footprint:
    """One pass through the network of `build(architecture)`, padded as the reference implementation does ("same")."""
    run = _Pass()
    image = run.tensor(architecture.input.elements)
    run.held.append(image)
    x = run.convolution(architecture.stem, image)
    x = x if architecture.maxpool is None else run.pooling(architecture.maxpool, x)
    run.held.append(x)
    for stage in architecture.stages:
        run.held.append(x)
        for block in stage.blocks:
            x = run.block(block, x)
        run.held.pop()
    run.held.pop()
    x = x if architecture.head is None else run.convolution(architecture.head, x)
    run.layer = architecture.classifier.id
    x = run.tensor(architecture.classifier.input.channels, (x,))
    if architecture.scaling.dropout:
        run.mask(run.sizes[x])
        run.saved.add(run.tensor(run.sizes[x]))
    else:
        run.saved.add(x)
    run.tensor(architecture.classes, (x,))
    return Footprint(sum(run.sizes[tensor] for tensor in run.saved), run.saved_once, run.peak, run.at, run.sizes[image])


class Budget(NamedTuple):
    """Bytes of one way to use a network, part by part."""

    weights: int
    gradients: int
    optimiser: int
    activations: int

    @property
    def total(self) -> int:
        return sum(self)


def training(table: Cost, walked: Footprint, batch: int, optimiser: str) -> Budget:
    """32-bit training at the moment between the forward and the backward pass."""
    weights = FORMATS["fp32"] * table.params
    return Budget(weights, weights, OPTIMISERS[optimiser] * weights, FORMATS["fp32"] * walked.training(batch))


def inference(table: Cost, walked: Footprint, batch: int, kind: str = "fp32") -> Budget:
    """The fullest moment of a forward pass that keeps nothing."""
    return Budget(FORMATS[kind] * table.params, 0, 0, FORMATS[kind] * batch * walked.peak)


def largest_batch(one: Budget, two: Budget, room: int) -> int:
    """The most images at once for which the budget stays within `room` bytes, from the budgets of one image and of two; 0 if none."""
    each = two.total - one.total
    return max(0, (room - one.total) // each + 1)


class Doubling(NamedTuple):
    """What doubling one dimension of a base network multiplies."""

    dimension: str
    weights: float
    saved: float  # for each image
    peak: float
    macs: float


@cache
def doublings(family: Family) -> tuple[Doubling, ...]:
    """Depth, width and resolution of `family`'s base, each doubled by itself."""

    def measured(scaling: Scaling) -> tuple[int, int, int, int]:
        network = assemble(family, scaling, 1000, "")
        walked, table = footprint(network), cost(network)
        return table.params, walked.saved, walked.peak, table.macs

    base = measured(Scaling(1.0, 1.0, family.side))
    ways = {"depth": (2.0, 1.0, 1), "width": (1.0, 2.0, 1), "resolution": (1.0, 1.0, 2)}
    return tuple(Doubling(name, *(after / before for after, before in zip(measured(Scaling(d, w, r * family.side)), base)))
                 for name, (d, w, r) in ways.items())
