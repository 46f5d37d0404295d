"""What can be trained on: labelled batches by number. Procedural scenes are endless and need no download."""

import hashlib
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from torch import Tensor

from ..preprocess import Preprocess
from ..scaling import SIDE_RANGE, check_count
from .scenes import CLASSES, Dice, SceneClass, render

SEED_RANGE = (0, 2**63 - 1)
BATCH_RANGE = (1, 65_536)
HELD_OUT_SEED = 0
MEAN, STD = (0.46, 0.45, 0.42), (0.25, 0.24, 0.24)  # of the scenes' pixels, measured


class Data(Protocol):
    """What can be trained on: labelled batches by number, and a stream of others to be judged on."""

    @property
    def name(self) -> str: ...
    @property
    def side(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def preprocess(self) -> Preprocess: ...
    @property
    def images(self) -> int | None: ...  # None where there is no end of them
    @property
    def growing(self) -> int: ...  # bytes that it will take in addition once all of it was read
    @property
    def held_out(self) -> "Data": ...
    def at(self, side: int) -> "Data": ...
    def batch(self, index: int, size: int, part: slice = slice(None)) -> tuple[Tensor, Tensor]: ...


def stream(seed: int, index: int, held_out: bool) -> int:
    """The generator's seed for one batch. Held-out streams are odd and the others even, so the two never meet.

    PyTorch's CPU generator uses 32 bits of its seed; 31 of them hash (seed, index).
    """
    digest = hashlib.blake2b(f"{seed} {index}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1 << 1 | held_out


@dataclass(frozen=True, slots=True)
class Scenes:
    """Scenes of ten classes; every batch is a pure function of (seed, held out or not, index, size) and the side."""

    name: ClassVar[str] = "scenes"
    classes: ClassVar[tuple[SceneClass, ...]] = CLASSES
    labels: ClassVar[tuple[str, ...]] = tuple(scene.label for scene in CLASSES)
    images: ClassVar[None] = None
    growing: ClassVar[int] = 0
    side: int = 48  # pixels
    seed: int = 0
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD
    is_held_out: bool = False

    def __post_init__(self) -> None:
        check_count("The side of the scenes", self.side, SIDE_RANGE, " pixels")
        check_count("The seed", self.seed, SEED_RANGE)

    @property
    def held_out(self) -> "Scenes":
        """Scenes that no training batch of any seed shows; the same ones for every seed, so that accuracies compare."""
        return replace(self, seed=HELD_OUT_SEED, is_held_out=True)

    def at(self, side: int) -> "Scenes":
        """The same scenes drawn at another side."""
        return replace(self, side=side)

    @property
    def preprocess(self) -> Preprocess:
        """What turns a photo into what a network saw in training; a scene of this side only gets normalised."""
        return Preprocess(self.side, self.side, mean=self.mean, std=self.std)

    def batch(self, index: int, size: int, part: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Batch number `index`, or that part of it: images (N 3 H W in 0 … 1) and class indices (N)."""
        check_count("The batch number", index, SEED_RANGE)
        check_count("The batch size", size, BATCH_RANGE, " images")
        dice = Dice(stream(self.seed, index, self.is_held_out), size)
        labels = dice(0, len(CLASSES)).long().clamp_(max=len(CLASSES) - 1)  # a draw just below 10 may round to it
        return render(dice, labels.tolist(), self.side)[part], labels[part]


def example(label_index: int, seed: int = 0, side: int = 48) -> Tensor:
    """One held-out scene of class `label_index`, 3 H W in 0 … 1. Raises `UserError` for an unknown class."""
    check_count("The class", label_index, (0, len(CLASSES) - 1))
    check_count("The side of the scenes", side, SIDE_RANGE, " pixels")
    check_count("The seed", seed, SEED_RANGE)
    return render(Dice(stream(seed, label_index, True), 1), [label_index], side)[0]
