"""The part of a picture that a cell can see, cut out: as large as its receptive field, at most the whole picture."""

import math
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from .geometry import Grid
from .survey_peaks import Peak

TILE = 144  # pixels of a patch as it is shown
OUTSIDE = (128, 128, 128)  # what lies beyond the border of the picture
RING = 5  # radius of the mark at the cell's centre, pixels


class Patch(NamedTuple):
    """`left` and `top` are where it begins in the picture, `edge` how long it is, pixels; both may reach over the border."""

    left: int
    top: int
    edge: int

    @property
    def enlarged(self) -> bool:
        """Whether every pixel is seen as a square."""
        return 2 * self.edge <= TILE


def patch(grid: Grid, row: int, column: int) -> Patch:
    """What the cell can see; the whole picture where that is more than the picture."""
    if grid.reach >= grid.side:
        return Patch(0, 0, grid.side)
    half = (grid.reach - 1) // 2
    return Patch(math.floor(grid.centre(column)) - half, math.floor(grid.centre(row)) - half, grid.reach)


def strongest(values: np.ndarray, image: int = -1) -> Peak:
    """The greatest cell of a map (H W)."""
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    return Peak(float(values[row, column]), image, int(row), int(column))


def cut(view: Image.Image, grid: Grid, peak: Peak) -> np.ndarray:
    """The patch of the picture `view` (as the network sees it), `TILE` pixels a side, with a ring where the cell has its centre."""
    place = patch(grid, peak.row, peak.column)
    whole = Image.new("RGB", (place.edge, place.edge), OUTSIDE)
    whole.paste(view, (-place.left, -place.top))
    tile = whole.resize((TILE, TILE), Image.Resampling.NEAREST if place.enlarged else Image.Resampling.BICUBIC)
    scale, draw = TILE / place.edge, ImageDraw.Draw(tile)
    x, y = ((centre - start + 0.5) * scale for centre, start in ((grid.centre(peak.column), place.left), (grid.centre(peak.row), place.top)))
    for radius, colour in ((RING + 1, "black"), (RING, "white")):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=1 if colour == "black" else 2)
    return np.asarray(tile)


def sheet(tiles: Sequence[np.ndarray], columns: int, sharp: bool) -> bytes:
    """Patches row by row in one picture; `sharp` ones as PNG, since JPEG would blur the edges of enlarged pixels."""
    rows = math.ceil(len(tiles) / columns)
    whole = np.full((rows * columns, TILE, TILE, 3), OUTSIDE, np.uint8)
    whole[: len(tiles)] = tiles
    whole = whole.reshape(rows, columns, TILE, TILE, 3).swapaxes(1, 2).reshape(rows * TILE, columns * TILE, 3)
    image, file = Image.fromarray(whole), BytesIO()
    image.save(file, "PNG", compress_level=3) if sharp else image.save(file, "JPEG", quality=90)
    return file.getvalue()
