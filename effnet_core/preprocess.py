"""How a photo becomes the input of a network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .errors import UserError
from .scaling import SIDE_RANGE, check, check_count

if TYPE_CHECKING:
    import torch

RATIO = 4  # long over short side beyond which only the middle is preprocessed
INTERPOLATIONS = {  # Pillow's filters widen when they shrink: antialiased
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How a photo becomes the input of a network: it belongs to the weights, which were trained with it."""

    resize: int  # the shorter side after resizing, pixels
    crop: int  # side of the centre square, pixels
    interpolation: str = "bicubic"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)  # of ImageNet's red, green and blue, in 0…1
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        crop = check_count("The side of the crop", self.crop, SIDE_RANGE, " pixels")
        limits = (crop, SIDE_RANGE[1])
        resize = check_count("The shorter side after resizing", self.resize, limits, " pixels, no less than the crop")
        if self.interpolation not in tuple(INTERPOLATIONS):
            raise UserError(f"There is no interpolation {self.interpolation!r}; there are {', '.join(INTERPOLATIONS)}.")
        mean, std = _three("mean", self.mean, 0.0), _three("std", self.std, 0.001)
        for name, value in (("resize", resize), ("crop", crop), ("mean", mean), ("std", std)):
            object.__setattr__(self, name, value)  # JSON's lists and whole floats become tuples and integers

    def view(self, image: Image.Image) -> Image.Image:
        """The photo as the network sees it: shorter side to `resize`, then the centre `crop` × `crop`, RGB."""
        image = _middle(image.convert("RGB"))
        short = min(image.size)
        width, height = (int(self.resize * side / short) for side in image.size)
        left, top = round((width - self.crop) / 2), round((height - self.crop) / 2)
        resized = image.resize((width, height), INTERPOLATIONS[self.interpolation])
        return resized.crop((left, top, left + self.crop, top + self.crop))

    def tensor(self, image: Image.Image) -> "torch.Tensor":
        """`view` scaled to 0…1 and normalised per channel, (x − mean) / std: float32."""
        import torch

        x = np.asarray(self.view(image), np.float32) / np.float32(255)  # H W C
        x = (x - np.float32(self.mean)) / np.float32(self.std)
        return torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1))[None])  # 1 C H W

    def to_dict(self) -> dict:
        """JSON values, for a checkpoint's card."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping) -> "Preprocess":
        """The inverse of `to_dict`. Raises `UserError` where a value is missing, unknown or impossible."""
        known = {field.name for field in fields(cls)}
        given = set(values) if isinstance(values, Mapping) else set()
        if not {"resize", "crop"} <= given <= known:
            raise UserError(f"The preprocessing names {', '.join(sorted(map(str, given))) or 'nothing'}; "
                            "it needs resize and crop, and may have interpolation, mean and std.")
        return cls(**values)


def _three(name: str, values: object, low: float) -> tuple[float, ...]:
    if not isinstance(values, (tuple, list)) or len(values) != 3:
        raise UserError(f"The {name} is {values!r}; it must be three numbers, for red, green and blue.")
    return tuple(check(f"A value of the {name}", value, (low, 1.0), " (pixels are 0 to 1)") for value in values)


def _middle(image: Image.Image) -> Image.Image:
    """A sliver's middle: resized whole, it would have gigapixels of which the centre crop keeps nothing."""
    keep = RATIO * min(image.size)
    left, top = (max(0, (side - keep) // 2) for side in image.size)
    return image.crop((left, top, image.width - left, image.height - top))
