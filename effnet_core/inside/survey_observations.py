"""Three observations of the squeeze-and-excitation paper (arXiv 1709.01507, journal version, Figures 6 and 7), put to the test on any model.

The paper made them on ImageNet with SE-ResNet-50; whether they hold elsewhere is measured, and the answer may be no.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .occlusion import spearman
from .survey_gates import Statistics

RISING = 0.5  # a rank correlation with depth from here on counts as growth
FACTOR = 2.0  # and so often must the last third be the first, to be clearly more
MOST = 0.5  # a share of the gates beyond which a block is as good as saturated
LAST = 2  # blocks that count as the last ones
ANSWERS = ("no", "in part", "yes")


class Observation(NamedTuple):
    """One answer with its figures. `early` and `late` are means over the first and the last third of the blocks."""

    answer: str  # of `ANSWERS`
    correlation: float  # Spearman's, of depth and spread
    early: float
    late: float

    @property
    def ratio(self) -> float:
        """Late over early; infinite where there is none early."""
        return self.late / self.early if self.early else float("inf") if self.late else 1.0


class Saturation(NamedTuple):
    """The gates of the last blocks: shares that are as good as open and closed, over all of them, and the mean gate of each."""

    answer: str
    blocks: tuple[str, ...]
    open: tuple[float, ...]
    closed: tuple[float, ...]
    means: tuple[float, ...]


def growth(values: Sequence[float]) -> Observation:
    """Whether something grows over the blocks: "yes" where both the correlation and the ratio say so, "in part" where one does."""
    third = max(1, len(values) // 3)
    early, late = float(np.mean(values[:third])), float(np.mean(values[-third:]))
    found = Observation("", spearman(np.arange(len(values)), np.asarray(values)), early, late)
    return found._replace(answer=ANSWERS[(found.correlation >= RISING) + (found.ratio >= FACTOR)])


def classes_part(gates: Statistics) -> Observation:
    """Early blocks treat all classes alike, late ones do not: does the spread of the class means grow with depth?"""
    return growth([gates.between(block) for block in gates.blocks])


def images_part(gates: Statistics) -> Observation:
    """Late blocks answer to the single image: does the spread within a class grow with depth?"""
    return growth([gates.within(block) for block in gates.blocks])


def saturation(gates: Statistics) -> Saturation:
    """The last blocks are nearly the identity: are most of their gates as good as open? "in part" where those of one block are."""
    blocks = (*gates.blocks,)[-LAST:]
    closed, opened = zip(*map(gates.shares, blocks))
    answer = ANSWERS[round(2 * sum(share > MOST for share in opened) / len(blocks))]
    return Saturation(answer, blocks, opened, closed, tuple(float(gates.overall(block).mean()) for block in blocks))
