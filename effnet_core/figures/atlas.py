"""What a browser needs to draw the maps of a layer itself: as many as suit one message, as exact as the message has room for.

Small maps travel as they are, float32, so that a browser can say the value of every cell. Of large ones only the levels of the colour scale
travel, a byte a cell, and of very large ones the means of squares of cells; the exact values follow for the one map that is enlarged.
"""

from typing import NamedTuple

import numpy as np

from .maps import indexes

MOST_BYTES = 550_000  # of the cells of one message
ENOUGH = 40  # maps in one message: where so many have room as float32, they travel as float32
MOST_SIDE = 128  # cells along a tile of a mosaic


class Plan(NamedTuple):
    """`count` maps in one message (the last one may hold a few less), `exact` or as levels, each cell the mean of `thin` × `thin` cells."""

    count: int
    exact: bool
    thin: int

    def part(self, place: int) -> int:
        """The number of the message in which the channel at this place of the order travels."""
        return place // self.count

    def parts(self, channels: int) -> int:
        return -(-channels // self.count)


def plan(channels: int, height: int, width: int) -> Plan:
    """How so many maps of this size travel: in as few messages as there have to be, all about as long."""
    whole = MOST_BYTES // (4 * height * width)
    exact = whole >= min(ENOUGH, channels)
    thin = 1 if exact else -(-max(height, width) // MOST_SIDE)
    most = whole if exact else MOST_BYTES // (-(-height // thin) * -(-width // thin))
    return Plan(-(-channels // -(-channels // most)), exact, thin)


def thinned(maps: np.ndarray, times: int) -> np.ndarray:
    """Means of `times` × `times` cells (C H W → C ⌈H/times⌉ ⌈W/times⌉); at the far edges of what is left there."""
    if times == 1:
        return maps
    _, height, width = maps.shape
    sums = np.add.reduceat(np.add.reduceat(maps, np.arange(0, height, times), 1), np.arange(0, width, times), 2)
    down, across = (np.diff(np.append(np.arange(0, side, times), side)) for side in (height, width))
    return (sums / (down[:, None] * across)).astype(maps.dtype)


def cells(maps: np.ndarray, reach: np.ndarray, how: Plan) -> tuple[bytes, int, int]:
    """Maps (C H W) as they travel, row by row, little-endian; and how many cells high and wide each then is. `reach` (C) is what the colour
    scale of each reaches."""
    small = thinned(maps, how.thin)
    data = small.astype("<f4") if how.exact else indexes(small, reach)
    return data.tobytes(), *small.shape[1:]
