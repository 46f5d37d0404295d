"""The filters of the first layer as colour pictures: one cell per weight, mid-grey for zero."""

import math
from io import BytesIO

import numpy as np
from PIL import Image

from ..errors import UserError
from .maps import Mosaic

GREY = 127.5


def reach(filters: np.ndarray) -> float:
    """What the colours of filters (O 3 k k) reach, up and down from grey: the greatest finite |weight|; 0 where all are zero."""
    sizes = np.abs(filters[np.isfinite(filters)])
    return float(sizes.max()) if sizes.size else 0.0


def pixels(filters: np.ndarray, top: float) -> np.ndarray:
    """Weights (O 3 k k) as red, green and blue (O k k 3, bytes): −top is 0, zero is mid-grey, +top is 255.

    A weight for red thus shows as much redder or less red; what is no number is black. Raises `UserError` for another shape.
    """
    if filters.ndim != 4 or filters.shape[1] != 3 or not filters.size:
        raise UserError(f"Filters that look at colours have the shape O × 3 × k × k; got {' × '.join(map(str, filters.shape))}.")
    with np.errstate(invalid="ignore"):
        place = GREY * (1.0 + np.clip(filters / (top or 1.0), -1.0, 1.0))
    return np.rint(np.where(np.isfinite(filters), place, 0.0)).astype(np.uint8).transpose(0, 2, 3, 1)


def mosaic(filters: np.ndarray, top: float, gap: int = 1) -> Mosaic:
    """Filters (O 3 k k) as one picture, a pixel per weight, in nearly as many columns as rows; transparent between them."""
    tiles = pixels(filters, top)
    count, height, width, _ = tiles.shape
    columns = math.ceil(math.sqrt(count))
    sheet = np.zeros((math.ceil(count / columns) * (height + gap) - gap, columns * (width + gap) - gap, 4), np.uint8)
    for place, tile in enumerate(tiles):
        y, x = place // columns * (height + gap), place % columns * (width + gap)
        sheet[y : y + height, x : x + width, :3] = tile
        sheet[y : y + height, x : x + width, 3] = 255
    file = BytesIO()
    Image.fromarray(sheet).save(file, "PNG", compress_level=3)
    return Mosaic(file.getvalue(), columns, gap, height, width)
