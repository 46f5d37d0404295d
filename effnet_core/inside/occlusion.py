"""What happens to the logits when a part of the picture is covered: Zeiler and Fergus, arXiv 1311.2901, §4.2.

The patch is grey, the preprocessing's mean pixel: 0 after normalisation. Nothing but the pixels of the picture is touched, so this is
a check of maps that are made from what is inside.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from ..checkpoints import Pretrained
from .geometry import Grid
from .inspection import Inspection, tensors
from .probing import operating


class Patch(NamedTuple):
    """A square of `size` × `size` pixels whose first one is (`left`, `top`); it may stick out of the picture."""

    left: int
    top: int
    size: int

    def within(self, side: int) -> tuple[slice, slice]:
        """Rows and columns of a picture of `side` × `side` pixels that it covers."""
        return tuple(slice(min(side, max(0, start)), min(side, max(0, start + self.size))) for start in (self.top, self.left))


def cover(image: np.ndarray, patch: Patch) -> np.ndarray:
    """The normalised picture (3 H W) with the patch over it; the picture itself stays as it is."""
    covered = image.copy()
    covered[:, *patch.within(image.shape[-1])] = 0
    return covered


def raster(side: int, size: int) -> Grid:
    """Where patches of `size` pixels, 2 or more, go so that each covers half of its neighbour and all together the picture, of which the
    outermost stick out."""
    step = size // 2
    cells = -(-side // step)
    start = (side - (cells - 1) * step - size) // 2
    return Grid(start + (size - 1) / 2, step, size, cells, side)


def patches(grid: Grid) -> list[Patch]:
    """The patches of a raster, row by row."""
    starts = [round(grid.centre(cell) - (grid.reach - 1) / 2) for cell in range(grid.cells)]
    return [Patch(left, top, grid.reach) for top in starts for left in starts]


@torch.inference_mode()
def logits_of(model: Pretrained, seen: Inspection, covers: list[Patch]) -> np.ndarray:
    """The logits (len(covers) classes) that the network, with the gates of `seen`, gives when each of these patches covers the picture."""
    x = torch.from_numpy(np.stack([cover(seen.image, patch) for patch in covers]))
    if not seen.operation:  # a plain pass needs no hooks and lets other visitors have the network meanwhile
        return model.output(x).numpy()
    with operating(model.network, tensors(seen.operation)):
        return model.network(x).numpy()


def score_map(model: Pretrained, seen: Inspection, size: int, batch: int = 1,
              go_on: Callable[[int], bool] = lambda done: True) -> np.ndarray | None:
    """Logits with the patch at every place of its raster (row, column, class), `batch` places in one pass. After each pass `go_on`
    hears how many places are done; where it says no, the rest is left and there is no result."""
    grid, found = raster(seen.image.shape[-1], size), []
    every = patches(grid)
    for start in range(0, len(every), batch):
        found.append(logits_of(model, seen, every[start : start + batch]))
        if not go_on(min(start + batch, len(every))):
            return None
    return np.concatenate(found).reshape(grid.cells, grid.cells, -1)


def under(values: np.ndarray, grid: Grid) -> np.ndarray:
    """The mean of a full-size map (H W) under every patch of a raster, cells cells."""
    return np.array([values[patch.within(grid.side)].mean() for patch in patches(grid)]).reshape(grid.cells, grid.cells)


def ranks(values: np.ndarray) -> np.ndarray:
    """1 for the least; values that are equal share the mean of their places."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts.cumsum() - (counts - 1) / 2)[which.reshape(-1)]


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation of two arrays of equal size, −1 … 1; 0 where one of them is the same everywhere."""
    one, other = (ranks(values.reshape(-1)) for values in (a, b))
    one, other = one - one.mean(), other - other.mean()
    length = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / length) if length else 0.0
