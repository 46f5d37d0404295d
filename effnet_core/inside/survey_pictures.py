"""The pictures of a data set one by one, as a network sees them: held-out photos, or scenes that are drawn when they are asked for."""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

import numpy as np
from PIL import Image

from ..data.datasets import Scenes, example
from ..data.folders import Collection, Item
from ..data.pictures import Shelf, order
from ..data.sources import collection
from ..preprocess import Preprocess

EACH = 500  # scenes of every class


class Pictures(Protocol):
    """Pictures by number, which is the same at every visit."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    def __len__(self) -> int: ...
    def label(self, number: int) -> int: ...
    def title(self, number: int) -> str: ...
    def view(self, number: int) -> Image.Image: ...


@dataclass(frozen=True)
class Drawn:
    """`EACH` held-out scenes of every class: number i is class i mod 10, the scene's seed i div 10 + 1."""

    preprocess: Preprocess
    name: str = Scenes.name
    labels: tuple[str, ...] = Scenes.labels

    def __len__(self) -> int:
        return EACH * len(self.labels)

    @property
    def fingerprint(self) -> str:
        """Of what is drawn: another way of drawing is other data."""
        return _fingerprint()

    def scene(self, number: int) -> tuple[int, int]:
        """Label index and seed."""
        return number % len(self.labels), number // len(self.labels) + 1

    def label(self, number: int) -> int:
        return self.scene(number)[0]

    def title(self, number: int) -> str:
        return f"scene {self.scene(number)[1]} of its class"

    def view(self, number: int) -> Image.Image:
        return Image.fromarray(_drawn(*self.scene(number), self.preprocess.crop))


@cache
def _fingerprint() -> str:
    seen = hashlib.blake2b(digest_size=8)
    for label in range(len(Scenes.labels)):
        seen.update(_drawn(label, 1, 48).tobytes())
    return seen.hexdigest()


def _drawn(label: int, seed: int, side: int) -> np.ndarray:
    pixels = example(label, seed, side).mul(255).round().byte()
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy())


@dataclass(frozen=True)
class Kept:
    """The held-out photos of a collection, in the order in which a network is judged on them; none stays in memory."""

    collection: Collection
    preprocess: Preprocess
    shelf: Shelf = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.collection.held_out, self.preprocess.resize, reserve=1.0))

    @property
    def name(self) -> str:
        return self.collection.name

    @property
    def fingerprint(self) -> str:
        return self.collection.fingerprint

    @property
    def labels(self) -> tuple[str, ...]:
        return self.collection.labels

    def __len__(self) -> int:
        return len(self.collection.held_out)

    def _place(self, number: int) -> int:
        return int(order(len(self), 0, 0)[number])

    def item(self, number: int) -> Item:
        """The photo with that number in the order in which they are looked at, which is shuffled."""
        return self.collection.held_out[self._place(number)]

    def label(self, number: int) -> int:
        return self.item(number).label

    def title(self, number: int) -> str:
        return self.item(number).path.name

    def whole(self, number: int) -> Image.Image:
        """The photo, its shorter side as the network wants it."""
        return self.shelf[self._place(number)]

    def view(self, number: int) -> Image.Image:
        return self.preprocess.view(self.shelf[self._place(number)])


def pictures(name: str, preprocess: Preprocess, **options) -> Pictures:
    """The pictures of the data called `name`, to be judged on; `options` and errors as of `sources.collection`."""
    return Drawn(preprocess) if name == Scenes.name else Kept(collection(name, **options), preprocess)
