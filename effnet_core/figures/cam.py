"""Evidence over a picture: the picture turns grey, so that colour is the map's alone; blue covers it where a map is below zero and orange
where it is above, the more the farther.

`assets/overlay.js` draws the same in the browser, where the strength can be changed.
"""

from io import BytesIO

import numpy as np
from PIL import Image

from ..palette import SIGNED
from .maps import NOT_FINITE_COLOUR, Mosaic, layout

AGAINST, FOR = SIGNED["light"][1], SIGNED["light"][5]  # on a photo the page's theme does not matter
OPACITY = 0.7
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def _colour(text: str) -> np.ndarray:
    return np.array([int(text[place : place + 2], 16) for place in (1, 3, 5)], float)


def blend(photo: np.ndarray, values: np.ndarray, reach: float, opacity: float = OPACITY, positive: bool = False) -> np.ndarray:
    """`photo` (H W 3, bytes) under `values` (H W): at ±`reach` the colour covers as much as `opacity` says, at zero nothing.

    With `positive` what is below zero stays clear; what is not finite has a colour of its own. H W 3, bytes.
    """
    known = np.isfinite(values)[..., None]
    share = np.clip(values / reach if reach > 0 else np.zeros_like(values), 0.0 if positive else -1.0, 1.0)[..., None]
    colour = np.where(known, np.where(share < 0, _colour(AGAINST), _colour(FOR)), _colour(NOT_FINITE_COLOUR))
    grey = photo + min(1.0, 2 * opacity) * ((photo @ LUMA)[..., None] - photo)
    return np.rint(grey + opacity * np.where(known, np.abs(share), 1.0) * (colour - grey)).astype(np.uint8)


def sheet(pictures: list[np.ndarray], columns: int) -> Mosaic:
    """Equal pictures (H W 3, bytes) as one PNG, left to right and top to bottom."""
    stack, (height, width) = np.stack(pictures), pictures[0].shape[:2]
    whole = np.stack([layout(stack[..., channel], columns, 0) for channel in range(3)], -1)
    file = BytesIO()
    Image.fromarray(whole).save(file, "PNG", compress_level=3)
    return Mosaic(file.getvalue(), columns, 0, height, width)
