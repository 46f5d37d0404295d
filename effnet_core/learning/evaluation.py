"""How good a network is: run on images it never saw, counted class by class."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ..data.datasets import Data
from ..errors import UserError
from .distributed import ALONE, World

BATCH = 50  # fixed, so that the first n held-out images are always the same
IMAGES_RANGE = (1, 10_000_000)


@dataclass(frozen=True)
class Evaluation:
    """What a network got right. `confusion[i, j]` images of class i were called class j."""

    confusion: Tensor  # classes × classes, int64
    among_five: int = 0  # images whose class was among the five likeliest

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return self.confusion.diagonal().sum().item() / self.images

    @property
    def top5(self) -> float:
        return self.among_five / self.images

    @property
    def per_class(self) -> list[float | None]:
        """Recall of every class; None where it had no images."""
        rows = zip(self.confusion.diagonal().tolist(), self.confusion.sum(1).tolist())
        return [right / total if total else None for right, total in rows]

    def to_dict(self) -> dict:
        """JSON values, for a checkpoint's card."""
        return {"accuracy": self.accuracy, "top5": self.top5, "images": self.images, "per_class": self.per_class,
                "confusion": self.confusion.tolist()}


def normalise(images: Tensor, data: Data) -> Tensor:
    """Pixels in 0 … 1 (N 3 H W) to what the network reads, channels last."""
    mean, std = (torch.tensor(values, device=images.device).view(1, 3, 1, 1) for values in (data.preprocess.mean, data.preprocess.std))
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def check_labels(labels: tuple[str, ...], data: Data) -> None:
    """Raises `UserError` where a model with `labels` cannot be judged on `data`."""
    if tuple(labels) != tuple(data.labels):
        raise UserError(f"The model tells apart {', '.join(labels[:3])} and so on, and {data.name} consist of "
                        f"{', '.join(data.labels[:3])} and so on; a model must be judged on what it was trained for.")


@torch.inference_mode()
def evaluate(run: Callable[[Tensor], Tensor], data: Data, images: int, device: str = "cpu", world: World = ALONE) -> Evaluation:
    """Judges `run` (N 3 H W, normalised, on `device` → logits N classes), a network in eval mode or its fused form, on the first `images`
    images of `data`, or all where it has fewer; pass `data.held_out` for a fair figure.

    The processes of a `world` share the work, and all get the same result.
    """
    images = images if data.images is None else min(images, data.images)
    classes = len(data.labels)
    confusion, among_five = torch.zeros(classes * classes, dtype=torch.int64), 0
    for index in range(world.rank, math.ceil(images / BATCH), world.size):
        pixels, labels = data.batch(index, BATCH)
        kept = slice(images - index * BATCH)
        logits = run(normalise(pixels[kept].to(device), data)).cpu()
        labels, best = labels[kept], logits.topk(min(5, classes)).indices
        confusion += torch.bincount(labels * classes + best[:, 0], minlength=classes * classes)
        among_five += int((best == labels[:, None]).sum())
    *counts, among_five = world.total(torch.cat([confusion, torch.tensor([among_five])])).tolist()
    return Evaluation(torch.tensor(counts).view(classes, classes), among_five)
