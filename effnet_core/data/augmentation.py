"""What training does to a batch of photos beyond cropping and mirroring, by kornia on tensors: colours, distortions, mixtures of two."""

from collections.abc import Callable

import torch
from kornia import augmentation as K
from torch import Tensor
from torch.nn import functional as F

from ..errors import UserError

Change = Callable[[Tensor], Tensor]


def _light() -> Change:
    """Brightness, contrast and saturation up to ±30 %; a rectangle left grey in every fifth photo (arXiv 1708.04896)."""
    return K.AugmentationSequential(K.ColorJitter(0.3, 0.3, 0.3, 0.0, p=0.8), K.RandomErasing((0.02, 0.2), value=0.45, p=0.2), data_keys=["input"])


def _strong() -> Change:
    """Two random distortions of middling strength (RandAugment, arXiv 1909.13719), then a rectangle left grey in every fourth photo."""
    return K.AugmentationSequential(K.auto.RandAugment(2, 7), K.RandomErasing((0.02, 0.25), value=0.45, p=0.25), data_keys=["input"])


POLICIES: dict[str, Callable[[], Change]] = {"none": lambda: lambda images: images, "light": _light, "strong": _strong}


def policy(name: str) -> Change:
    """What `name` ("none", "light" or "strong") does to a batch (N 3 H W in 0 … 1), drawing from torch's generator."""
    if name not in POLICIES:
        raise UserError(f"There is no augmentation {name!r}; there are {', '.join(POLICIES)}.")
    return POLICIES[name]()


def mix(images: Tensor, labels: Tensor, classes: int, mixup: float, cutmix: float) -> tuple[Tensor, Tensor]:
    """The batch, in some batches with each image mixed with another, and the shares of the classes in it (N classes).

    A share `mixup` of the batches is blended (arXiv 1710.09412) and a share `cutmix` has rectangles of the other image pasted in
    (arXiv 1905.04899), in random proportions.
    """
    draw = torch.rand(()).item()
    if draw < mixup:
        images, mixed = K.RandomMixUpV2(p=1.0, data_keys=["input", "class"])(images, labels)
        own = 1 - mixed[:, 2]
    elif draw < mixup + cutmix:
        images, mixed = K.RandomCutMixV2(p=1.0, use_correct_lambda=True, data_keys=["input", "class"])(images, labels)
        mixed = mixed[0]  # one rectangle
        own = mixed[:, 2]
    else:
        return images, F.one_hot(labels, classes).to(images.dtype)
    first, second = (F.one_hot(mixed[:, column].long(), classes).to(images.dtype) for column in (0, 1))
    return images, own[:, None] * first + (1 - own[:, None]) * second
