"""Photos to train on: a `Collection` of files as labelled batches, cropped at random in training and as the preprocessing says otherwise."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import machine
from ..errors import UserError
from ..photos import decode
from ..preprocess import Preprocess
from ..scaling import SIDE_RANGE, check, check_count
from .datasets import BATCH_RANGE, SEED_RANGE, Data, Scenes, stream
from .folders import Collection, Item
from .sources import collection

RATIOS = (3 / 4, 4 / 3)  # width over height of a crop, as of Szegedy et al., arXiv 1409.4842 §6
TRIES = 10  # to place a crop of random size and shape inside a photo
SPARE = 1.75  # photos are kept with this many times the side, so that small crops need not be enlarged
RESERVE = 0.25  # of the machine's memory that decoded photos leave free, for this process and all others
PLAIN = Preprocess(224, 224)  # its normalisation, by ImageNet's mean and standard deviation, is what photos get
TEST = 1.25  # objects look larger in random crops than in centre crops, which a larger side makes up for (arXiv 1906.06423)


class Shelf:
    """Decoded photos, their shorter side at most `short` pixels; kept in memory while there is room, otherwise decoded each time."""

    def __init__(self, items: Sequence[Item], short: int, reserve: float = RESERVE) -> None:
        self.items, self.short = items, short
        self._reserve = reserve * machine.memory_total()  # bytes
        self._kept: dict[int, np.ndarray] = {}
        self._size = 0  # bytes

    def __getitem__(self, index: int) -> Image.Image:
        """Photo `index`, RGB, upright. Raises `UserError` where its file is gone or damaged by now."""
        if (pixels := self._kept.get(index)) is not None:
            return Image.fromarray(pixels)
        image = self._decode(self.items[index])
        size = 3 * image.width * image.height
        if size <= self._room:
            self._size += size
            self._kept[index] = np.asarray(image)
        return image

    @property
    def _room(self) -> float:
        """Bytes; whoever else needs memory meanwhile leaves less."""
        return machine.memory_available() - self._reserve

    @property
    def growing(self) -> int:
        """Bytes by which it will still grow, as far as the photos seen so far tell."""
        typical = self._size / len(self._kept) if self._kept else 3 * self.short**2
        return round(max(0.0, min(self._room, typical * (len(self.items) - len(self._kept)))))

    def _decode(self, item: Item) -> Image.Image:
        try:
            image = decode(item.path.read_bytes(), self.short)
        except (OSError, UserError) as broken:
            raise UserError(f"The photo {item.path.name} could be read when the data was checked and cannot be now ({broken}); "
                            "restore it, or check the data again without it.") from broken
        scale = self.short / min(image.size)
        return image if scale >= 1 else image.resize([max(self.short, round(side * scale)) for side in image.size],
                                                     Image.Resampling.BICUBIC, reducing_gap=2.0)


def square(side: int, like: Preprocess = PLAIN) -> Preprocess:
    """The whole shorter side of a photo in `side` pixels, normalised as `like` does."""
    return replace(like, resize=side, crop=side)


@lru_cache(maxsize=4)
def order(images: int, seed: int, epoch: int) -> np.ndarray:
    """In which order epoch number `epoch` shows the photos."""
    return np.random.default_rng((seed, epoch)).permutation(images)


def place(width: int, height: int, least: float, dice: random.Random) -> tuple[float, float, float, float]:
    """A random crop (left, top, right, bottom) that covers `least` … 1 of a photo's area, of a random shape."""
    for _ in range(TRIES):
        area = width * height * dice.uniform(least, 1.0)
        shape = math.exp(dice.uniform(*map(math.log, RATIOS)))
        w, h = math.sqrt(area * shape), math.sqrt(area / shape)
        if w <= width and h <= height:
            break
    else:
        w = h = min(width, height)
    left, top = dice.uniform(0, width - w), dice.uniform(0, height - h)
    return left, top, left + w, top + h


@dataclass(frozen=True)
class Photos:
    """A collection as training data: every batch is a pure function of (collection, seed, index, size), every epoch shows each photo once.

    `side` is that of the crops; what is held out is prepared by `preprocess`, as a photo in use will be.
    """

    collection: Collection
    side: int = 128  # pixels
    seed: int = 0
    judged: Preprocess | None = None  # by default `TEST` times the side of training, of the whole shorter side
    least: float = 0.35  # share of a photo's area that a random crop keeps at least
    is_held_out: bool = False
    shelf: Shelf = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count("The side of the crops", self.side, SIDE_RANGE, " pixels")
        check_count("The seed", self.seed, SEED_RANGE)
        check("The least share of a crop", self.least, (0.01, 1.0))
        if self.shelf is None:
            short = self.preprocess.resize if self.is_held_out else math.ceil(SPARE * self.side)
            object.__setattr__(self, "shelf", Shelf(self._items, short))

    @property
    def _items(self) -> tuple[Item, ...]:
        return self.collection.held_out if self.is_held_out else self.collection.train

    @property
    def name(self) -> str:
        return self.collection.name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.collection.labels

    @property
    def images(self) -> int:
        return len(self._items)

    @property
    def growing(self) -> int:
        return self.shelf.growing

    @property
    def preprocess(self) -> Preprocess:
        return self.judged or square(round(TEST * self.side))

    @property
    def held_out(self) -> "Photos":
        """The photos that no training batch shows, in an order of their own that is the same for every seed."""
        return replace(self, judged=self.preprocess, seed=0, is_held_out=True, shelf=None)

    def at(self, side: int) -> "Photos":
        """The same photos in the same order with crops of another side; judged as before."""
        return replace(self, side=side, judged=self.preprocess)

    def batch(self, index: int, size: int, part: slice = slice(None)) -> tuple[Tensor, Tensor]:
        """Batch number `index`, or that part of it: images (N 3 H W in 0 … 1) and class indices (N); the last held-out one is shorter."""
        check_count("The batch number", index, SEED_RANGE)
        check_count("The batch size", size, BATCH_RANGE, " images")
        numbers = range(index * size, (index + 1) * size)
        if self.is_held_out:
            numbers = range(numbers.start, min(numbers.stop, self.images))
        chosen = [self._photo(number) for number in numbers[part]]
        pixels = np.stack([np.asarray(self._crop(*pair)) for pair in zip(numbers[part], chosen)])  # N H W C
        labels = torch.tensor([self._items[photo].label for photo in chosen])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div(255), labels

    def _photo(self, number: int) -> int:
        epoch, place = divmod(number, self.images)
        return int(order(self.images, self.seed, epoch)[place])

    def _crop(self, number: int, photo: int) -> Image.Image:
        image = self.shelf[photo]
        if self.is_held_out:
            return self.preprocess.view(image)
        dice = random.Random(stream(self.seed, number, False))
        box = place(*image.size, self.least, dice)
        crop = image.resize((self.side, self.side), Image.Resampling.BILINEAR, box=box, reducing_gap=None)
        return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if dice.random() < 0.5 else crop


def dataset(name: str, side: int, seed: int = 0, *, test: int | None = None, like: Preprocess = PLAIN, **options) -> Data:
    """The data called `name`, to train on: "scenes", or what `sources.collection` finds by that name or path.

    Images are normalised as `like` does; photos are judged at the side `test`. `options` go to `sources.collection`. Raises `UserError`
    where there is no such data, or it cannot be used.
    """
    if name == Scenes.name:
        return Scenes(side, seed) if like == PLAIN else Scenes(side, seed, like.mean, like.std)
    return Photos(collection(name, **options), side, seed, square(test or round(TEST * side), like))


def held_out(name: str, prepared: Preprocess, **options) -> Data:
    """What the data called `name` keep for judging, prepared in that way."""
    if name == Scenes.name:
        return Scenes(prepared.crop, mean=prepared.mean, std=prepared.std).held_out
    return Photos(collection(name, **options), prepared.crop, judged=prepared).held_out
