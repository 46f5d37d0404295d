"""Activation maps as pictures: palette indexes, one byte a cell, laid out as a mosaic and saved as PNG.

Activations lie on both sides of zero, so their one scale is blue below, the page's colour at zero, orange above: what a gate
turns down fades. (Gates have a scale of their own, viridis.)
"""

import math
from functools import cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..errors import UserError
from ..palette import diverging

LEVELS = 253  # palette indexes 0 … 252 are the colour scale, the middle one is zero
NOT_FINITE = 254
GAP = 255  # transparent
NOT_FINITE_COLOUR = "#e05bd8"  # not on the scale
SCOPES = ("map", "layer", "network")


class Mosaic(NamedTuple):
    """`png` holds the maps row by row, `columns` of them in a row, `gap` transparent pixels between them."""

    png: bytes
    columns: int
    gap: int
    height: int  # of one map, pixels
    width: int


def reaches(sizes: np.ndarray, scope: str, network: float | None = None) -> np.ndarray:
    """What the colour scale of each map reaches, up and down, from the greatest |value| of each (C): that of the map itself (`scope` "map"),
    of all maps ("layer"), or a number given for the whole `network`. C floats. Raises `UserError` for another scope."""
    shared = {"map": sizes, "layer": sizes.max(), "network": network}.get(scope)
    if shared is None:
        raise UserError(f"There is no scope {scope!r} of a colour scale here; there are {', '.join(SCOPES[:-1])}, and {SCOPES[-1]} with its reach.")
    return np.broadcast_to(shared, sizes.shape).astype(np.float64)


def tops(maps: np.ndarray, scope: str = "layer") -> np.ndarray:
    """`reaches` of maps (C H W) on the scope "map" or "layer"; what is not finite counts as 0."""
    return reaches(np.where(np.isfinite(maps), np.abs(maps), 0.0).max((1, 2)), scope)


def indexes(maps: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Values (C H W) as palette indexes: −reach is 0, zero is 126, +reach is 252, what lies beyond gets the nearer end."""
    reach = np.where(reach > 0, reach, 1.0)[:, None, None]
    with np.errstate(invalid="ignore"):
        place = (np.clip(maps / reach, -1.0, 1.0) + 1.0) * ((LEVELS - 1) / 2)
    return np.where(np.isfinite(maps), np.rint(place), NOT_FINITE).astype(np.uint8)


def layout(tiles: np.ndarray, columns: int, gap: int = 1) -> np.ndarray:
    """Tiles (C H W) of palette indexes in one picture, left to right and top to bottom; `GAP` where there is no tile."""
    count, height, width = tiles.shape
    rows = math.ceil(count / columns)
    grid = np.full((rows * columns, height + gap, width + gap), GAP, np.uint8)
    grid[:count, :height, :width] = tiles
    picture = grid.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    picture = picture.reshape(rows * (height + gap), columns * (width + gap))
    return picture[: len(picture) - gap, : picture.shape[1] - gap]


@cache
def colours(theme: str = "light") -> bytes:
    """The 256 palette entries, red, green and blue."""
    scale = [diverging(2 * index / (LEVELS - 1) - 1, theme) for index in range(LEVELS)]
    return bytes.fromhex("".join(colour[1:] for colour in (*scale, "#000000", NOT_FINITE_COLOUR, "#000000")))


def png(picture: np.ndarray, theme: str = "light") -> bytes:
    """Palette indexes (H W) as a PNG file."""
    image, file = Image.fromarray(picture), BytesIO()
    image.putpalette(colours(theme))
    image.save(file, "PNG", transparency=GAP, compress_level=3)
    return file.getvalue()


def mosaic(maps: np.ndarray, reach: np.ndarray, theme: str = "light", gap: int = 1) -> Mosaic:
    """Maps (C H W) in a nearly square mosaic, each in the colours of its `reach` (C). Raises `UserError` where there is none."""
    if maps.ndim != 3 or not maps.size:
        raise UserError(f"A mosaic takes maps as C H W, at least one; got the shape {tuple(maps.shape)}.")
    columns = math.ceil(math.sqrt(len(maps)))
    return Mosaic(png(layout(indexes(maps, reach), columns, gap), theme), columns, gap, *maps.shape[1:])
