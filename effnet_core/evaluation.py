"""How good a network is: run on images it never saw, counted class by class."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .datasets import Data
from .errors import UserError
from .network import Network

BATCH = 50  # fixed, so that the first n held-out images are always the same
IMAGES_RANGE = (1, 10_000_000)


@dataclass(frozen=True)
class Evaluation:
    """What a network got right. `confusion[i, j]` images of class i were called class j."""

    confusion: Tensor  # classes × classes, int64

    @property
    def images(self) -> int:
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        return self.confusion.diagonal().sum().item() / self.images

    @property
    def per_class(self) -> list[float | None]:
        """Recall of every class; None where it had no images."""
        rows = zip(self.confusion.diagonal().tolist(), self.confusion.sum(1).tolist())
        return [right / total if total else None for right, total in rows]

    def to_dict(self) -> dict:
        """JSON values, for a checkpoint's card."""
        return {"accuracy": self.accuracy, "images": self.images, "per_class": self.per_class,
                "confusion": self.confusion.tolist()}


def normalise(images: Tensor, data: Data) -> Tensor:
    """Pixels in 0 … 1 (N 3 H W) to what the network reads, channels last."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (data.preprocess.mean, data.preprocess.std))
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def check_labels(labels: tuple[str, ...], data: Data) -> None:
    """Raises `UserError` where a model with `labels` cannot be judged on `data`."""
    if tuple(labels) != tuple(data.labels):
        raise UserError(f"The model tells apart {', '.join(labels[:3])} and so on, and {data.name} consist of "
                        f"{', '.join(data.labels[:3])} and so on; a model must be judged on what it was trained for.")


@torch.inference_mode()
def evaluate(network: Network, data: Data, images: int) -> Evaluation:
    """Runs `network` in eval mode on the first `images` images of `data`; pass `data.held_out` for a fair figure."""
    classes = len(data.labels)
    confusion = torch.zeros(classes * classes, dtype=torch.int64)
    was_training = network.training
    network.eval()
    try:
        for index in range(math.ceil(images / BATCH)):
            pixels, labels = data.batch(index, BATCH)
            kept = slice(images - index * BATCH)
            predicted = network(normalise(pixels[kept], data)).argmax(1)
            confusion += torch.bincount(labels[kept] * classes + predicted, minlength=classes * classes)
    finally:
        network.train(was_training)
    return Evaluation(confusion.view(classes, classes))
