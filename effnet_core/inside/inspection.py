"""What a model makes of one picture, as arrays: its guesses, what every block squeezed, gated and handed on, and any unit opened.

A pass keeps what units hand on. What goes on within a unit is computed again from its input when somebody opens it: the same numbers to the
bit, for a fraction of the memory.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from ..checkpoints import Pretrained
from ..network import Network
from .probing import Gates, chain, check_images, follow, keeping, operating

UNDECIDED = 0.5  # entropy beyond this share of the greatest possible one
CLOSED, OPEN = 0.1, 0.9  # a gate below is as good as closed, one above as good as open

Operation = Mapping[str, np.ndarray]  # block id → gates (C, float32) that were set; NaN leaves a channel to the network


class Guess(NamedTuple):
    index: int
    label: str
    probability: float
    logit: float


class Spread(NamedTuple):
    """How the gates of one unit are distributed."""

    mean: float
    std: float
    least: float
    greatest: float
    closed: float  # share below `CLOSED`
    open: float  # share above `OPEN`
    distance: float  # from identity, mean |1 − s|: 0 would hand every map on unchanged


def spread(gates: np.ndarray) -> Spread:
    """Of the gates of one unit (C)."""
    gates = gates.astype(np.float64)
    shape = [float(f(gates)) for f in (np.mean, np.std, np.min, np.max)]
    return Spread(*shape, float((gates < CLOSED).mean()), float((gates > OPEN).mean()), float(np.abs(1 - gates).mean()))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (float64), over the last axis."""
    raised = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


class Excitation(NamedTuple):
    """One SE unit at work: s = σ(W₂ h + b₂) with h = swish(W₁ z + b₁), z the mean of every map of `before`."""

    before: np.ndarray  # C H W
    z: np.ndarray  # C
    hidden: np.ndarray  # S
    s: np.ndarray  # C; as they were applied
    own: np.ndarray  # C; as the network would have them: the same, unless they were set

    def after(self, channels: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The recalibrated maps s · x of some or all channels, C H W."""
        return self.before[channels] * self.s[channels, None, None]


class Opened(NamedTuple):
    """One unit at work. `layers`: layer id → what it hands on, C H W; of an SE unit the recalibrated maps."""

    unit: str
    input: np.ndarray  # C H W
    layers: dict[str, np.ndarray]
    output: np.ndarray  # C H W
    excitation: Excitation | None

    @property
    def bytes(self) -> int:
        return sum(layer.nbytes for layer in self.layers.values())


@dataclass(frozen=True)
class Inspection:
    """One image through one network. Keys are unit ids: "stem", "stages.2.0", "head"."""

    labels: tuple[str, ...]
    logits: np.ndarray  # classes
    image: np.ndarray  # 3 H W, normalised
    outputs: dict[str, np.ndarray]  # of every unit but the classifier, C H W
    squeezed: dict[str, np.ndarray]  # z of every block with squeeze-and-excitation, C
    gates: dict[str, np.ndarray]  # s, C; as they were applied
    operation: Operation = field(default_factory=dict)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Of the classes."""
        return softmax(self.logits)

    @property
    def uncertainty(self) -> float:
        """Entropy of the probabilities over that of blind guessing: 0 is certain, 1 has no idea."""
        p = self.probabilities
        return float(-(p * np.log(np.maximum(p, 1e-300))).sum() / math.log(len(p))) if len(p) > 1 else 0.0

    def top(self, count: int = 5) -> list[Guess]:
        """The `count` most probable classes, the best first."""
        return [self.guess(label) for label in self.ranked()[:count]]

    def ranked(self) -> list[int]:
        """All classes, the most probable first; by logits, since probabilities may be too small to differ."""
        return np.argsort(-self.logits, kind="stable").tolist()

    def guess(self, label: int) -> Guess:
        return Guess(label, self.labels[label], float(self.probabilities[label]), float(self.logits[label]))

    def input_of(self, unit: str) -> np.ndarray:
        """What goes into the unit, C H W; of the classifier the last map."""
        names = [*self.outputs]
        place = names.index(unit) if unit in self.outputs else len(names)
        return self.outputs[names[place - 1]] if place else self.image


def tensors(operation: Operation) -> Gates:
    """The same gates as tensors, for a pass."""
    return {block: torch.from_numpy(gates) for block, gates in operation.items()}


def _seen(model: Pretrained, image: np.ndarray, before: dict[str, np.ndarray], record, kept: Inspection | None,
          operation: Operation) -> Inspection:
    names = {se: se.removesuffix(".se") for se in record.gates}
    parts = ({} if kept is None else kept.squeezed) | {names[se]: z[0].numpy() for se, z in record.squeezed.items()}
    gates = ({} if kept is None else kept.gates) | {names[se]: s[0].numpy() for se, s in record.gates.items()}
    outputs = before | {unit: maps[0].numpy() for unit, maps in record.activations.items()}
    return Inspection(model.labels, record.logits[0].numpy(), image, outputs, parts, gates, dict(operation))


def inspect(model: Pretrained, x: torch.Tensor) -> Inspection:
    """Runs `model` once on one normalised image `x` (1 3 H W) and keeps what can be looked at; safe from several threads."""
    check_images(x)
    return _seen(model, x[0].numpy(), {}, follow(model.network, x), None, {})


def operate(model: Pretrained, seen: Inspection, operation: Operation) -> Inspection:
    """The pass `seen` once more with gates that are set: the network's own forward pass from the first block that is operated on."""
    places = [*seen.outputs]
    blocks = [unit for unit in places if unit in operation]
    if not blocks:
        return seen
    start = blocks[0]
    record = follow(model.network, torch.from_numpy(seen.input_of(start))[None], start, tensors(operation))
    return _seen(model, seen.image, {unit: seen.outputs[unit] for unit in places[: places.index(start)]}, record, seen, operation)


@torch.inference_mode()
def open_unit(model: Pretrained, seen: Inspection, unit: str) -> Opened:
    """What goes on within a unit other than the classifier, computed again from its input."""
    network, x = model.network, seen.input_of(unit)
    layers = [layer for name, layers in network.architecture.units() if name == unit for layer in layers]
    with operating(network, tensors({block: gates for block, gates in seen.operation.items() if block == unit})):
        with keeping([(layer.id, network.get_submodule(layer.id)) for layer in layers], {}) as kept:
            output = chain(network)[unit](torch.from_numpy(x)[None])
    maps = {layer.id: kept[layer.id][0].numpy() for layer in layers}
    return Opened(unit, x, maps, output[0].numpy(), _excitation(network, seen, unit, maps) if unit in seen.gates else None)


def _excitation(network: Network, seen: Inspection, unit: str, maps: dict[str, np.ndarray]) -> Excitation:
    se, z = network.get_submodule(unit + ".se"), torch.from_numpy(seen.squeezed[unit])[None, :, None, None]
    hidden = se.activation(se.reduce(z))  # 1 S 1 1
    own = se.gate(se.expand(hidden)).flatten().numpy()
    return Excitation(maps[unit + ".depthwise"], seen.squeezed[unit], hidden.flatten().numpy(), seen.gates[unit], own)


def speakers(model: Pretrained, seen: Inspection, label: int, count: int = 8) -> list[tuple[int, float]]:
    """The channels of the last map that add most to the logit of class `label`: (channel, weight × mean of its map), greatest first."""
    weights = model.network.classifier.weight[label].detach().numpy()
    shares = weights * seen.outputs[model.network.architecture.last_unit].mean((1, 2))
    return [(int(channel), float(shares[channel])) for channel in np.argsort(-shares, kind="stable")[:count]]
