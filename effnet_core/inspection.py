"""What a model makes of one picture, as arrays: its guesses, and what every block squeezed, gated and handed on."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .checkpoints import Pretrained
from .probing import Record, probe

UNDECIDED = 0.5  # entropy beyond this share of the greatest possible one
CLOSED, OPEN = 0.1, 0.9  # a gate below is as good as closed, one above as good as open


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


def spread(gates: np.ndarray) -> Spread:
    """Of the gates of one unit (C)."""
    gates = gates.astype(np.float64)
    shape = [float(f(gates)) for f in (np.mean, np.std, np.min, np.max)]
    return Spread(*shape, float((gates < CLOSED).mean()), float((gates > OPEN).mean()))


class Excitation(NamedTuple):
    """One SE unit at work: s = σ(W₂ h + b₂) with h = swish(W₁ z + b₁), z the mean of every map of `before`."""

    before: np.ndarray  # C H W
    z: np.ndarray  # C
    hidden: np.ndarray  # S
    s: np.ndarray  # C

    def after(self, channels: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The recalibrated maps s · x of some or all channels, C H W."""
        return self.before[channels] * self.s[channels, None, None]


@dataclass(frozen=True)
class Inspection:
    """One image through one network. Keys are unit ids: "stem", "stages.2.0", "head"."""

    labels: tuple[str, ...]
    logits: np.ndarray  # classes
    outputs: dict[str, np.ndarray]  # of every unit but the classifier, C H W
    excitations: dict[str, Excitation]  # of every block with squeeze-and-excitation

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits."""
        raised = np.exp(self.logits.astype(np.float64) - self.logits.max())
        return raised / raised.sum()

    @property
    def gates(self) -> dict[str, np.ndarray]:
        return {unit: excitation.s for unit, excitation in self.excitations.items()}

    @property
    def uncertainty(self) -> float:
        """Entropy of the probabilities over that of blind guessing: 0 is certain, 1 has no idea."""
        p = self.probabilities
        return float(-(p * np.log(np.maximum(p, 1e-300))).sum() / math.log(len(p))) if len(p) > 1 else 0.0

    def top(self, count: int = 5) -> list[Guess]:
        """The `count` most probable classes, the best first."""
        p = self.probabilities
        return [Guess(int(i), self.labels[i], float(p[i]), float(self.logits[i])) for i in np.argsort(-p, kind="stable")[:count]]


def _excitation(model: Pretrained, record: Record, se_id: str) -> Excitation:
    unit, z = model.network.get_submodule(se_id), record.squeezed[se_id]
    hidden = unit.activation(unit.reduce(z[:, :, None, None])).flatten(1)  # N S
    return Excitation(record.before(se_id)[0].numpy(), z[0].numpy(), hidden[0].numpy(), record.gates[se_id][0].numpy())


@torch.inference_mode()
def inspect(model: Pretrained, x: Tensor) -> Inspection:
    """Runs `model` once on one normalised image `x` (1 3 H W) and keeps what can be looked at; safe from several threads."""
    record = probe(model.network, x)
    *units, _ = (unit for unit, _ in model.network.architecture.units())
    return Inspection(
        model.labels, record.logits[0].numpy(), {unit: record.activations[unit][0].numpy() for unit in units},
        {se_id.removesuffix(".se"): _excitation(model, record, se_id) for se_id in record.gates},
    )


def speakers(model: Pretrained, seen: Inspection, label: int, count: int = 8) -> list[tuple[int, float]]:
    """The channels of the last map that add most to the logit of class `label`: (channel, weight × mean of its map), greatest first."""
    weights = model.network.classifier.weight[label].detach().numpy()
    shares = weights * seen.outputs[model.network.architecture.last_unit].mean((1, 2))
    return [(int(channel), float(shares[channel])) for channel in np.argsort(-shares, kind="stable")[:count]]
