"""What every gate is worth: the logit's slope along it, and squeeze-and-excitation switched off in one block at a time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..checkpoints import Pretrained
from .gradients import layer_gradients
from .inspection import Inspection, open_unit, operate


class Ablated(NamedTuple):
    """The network without squeeze-and-excitation in one block, and otherwise as it is."""

    block: str
    probability: float  # of the class that is watched
    logit: float
    best: int  # class that is now the most probable


def one_at_a_time(model: Pretrained, seen: Inspection, label: int) -> Iterator[Ablated]:
    """Every gate of one block set to 1, block by block, as the passes are run. After Hu et al., arXiv 1709.01507, who remove
    squeeze-and-excitation from whole stages and train again; here nothing is trained again."""
    for block, gates in seen.gates.items():
        off = operate(model, seen, {block: np.ones_like(gates)})
        yield Ablated(block, float(off.probabilities[label]), float(off.logits[label]), int(off.logits.argmax()))


def slopes(model: Pretrained, seen: Inspection, unit: str, slope: np.ndarray) -> np.ndarray:
    """d logit / d s of every channel (C) of a block with squeeze-and-excitation, from `slope`, d logit / d output of the block (C H W):
    the sum over places of x · d logit / d x̃, as x̃ = s · x."""
    after = layer_gradients(model, seen, unit, slope)[unit + ".se"]
    return (after.astype(np.float64) * open_unit(model, seen, unit).excitation.before).sum((1, 2)).astype(np.float32)
