"""Where on the picture a cell of a map looks: its centre and the square it can see, for both ways of padding."""

from typing import NamedTuple

import numpy as np

from ..architecture import Architecture, Layer
from ..blocks import same_padding


class Grid(NamedTuple):
    """The cells of a map along one side of the picture, in pixels; the centre of the first pixel is 0.

    Cell i looks at `reach` pixels around `first` + i · `step`. Padding that is not symmetric, TensorFlow's "SAME" on even sides, moves `first`:
    after five such layers it is 31, where a plain enlargement of the map would put 15.5.
    """

    first: float
    step: int
    reach: int
    cells: int
    side: int  # of the picture

    def centre(self, cell: int) -> float:
        return self.first + cell * self.step

    def span(self, cell: int) -> tuple[float, float]:
        """The first and last pixel that the cell can see, cut off at the border."""
        half = (self.reach - 1) / 2
        low, high = self.centre(cell) - half, self.centre(cell) + half
        return min(max(0.0, low), self.side - 1.0), max(0.0, min(self.side - 1.0, high))

    def after(self, layer: Layer, padding: str) -> "Grid":
        """That of the layer's output, where this is that of its input."""
        if layer.operator in ("se", "linear"):
            return self
        before = same_padding(self.cells, layer.kernel, layer.stride)[0] if padding == "same" else (layer.kernel - 1) // 2
        first = self.first + ((layer.kernel - 1) / 2 - before) * self.step
        return Grid(first, self.step * layer.stride, self.reach + (layer.kernel - 1) * self.step, -(-self.cells // layer.stride), self.side)


def grids(architecture: Architecture, padding: str, side: int) -> dict[str, Grid]:
    """Unit and layer id → its grid, for a square picture of `side` pixels. Global pooling in SE sees everything and is left aside."""
    grid, found = Grid(0.0, 1, 1, side, side), {}
    for unit, layers in [*architecture.units()][:-1]:
        start = grid
        for layer in layers:
            if layer.is_shortcut:
                found[layer.id] = start.after(layer, padding)
            else:
                grid = found[layer.id] = grid.after(layer, padding)
        found[unit] = grid
    return found


def spread_out(values: np.ndarray, grid: Grid, side: int | None = None) -> np.ndarray:
    """A map (H W) over the picture, `side` × `side` (the picture's own side where None): every cell at its centre, straight lines between
    centres, the outermost value beyond them."""
    side = side or grid.side
    pixels = (np.arange(side) + 0.5) * (grid.side / side) - 0.5  # centres of the pixels to be filled, in pixels of the picture
    place = np.clip((pixels - grid.first) / grid.step, 0, grid.cells - 1)
    low = np.minimum(place.astype(int), max(0, grid.cells - 2))
    high, part = np.minimum(low + 1, grid.cells - 1), place - low
    rows = values[low] * (1 - part)[:, None] + values[high] * part[:, None]
    return rows[:, low] * (1 - part) + rows[:, high] * part
