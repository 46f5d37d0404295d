"""What the microscope's component gets: numbers as bytes, so that the browser computes any cell within a band of rows by itself."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from effnet_core.figures import packing
from effnet_core.inside.arithmetic import Lens

WHOLE = 400_000  # bytes of an input that travels whole: any one map of B7 at 600 pixels does
BAND = 200_000  # bytes of as many of its rows as travel otherwise; at least those that one row of cells reads


class Rows(NamedTuple):
    """Cells of rows `low` … `high` − 1 read the input's rows `first` … `last` − 1; all of either where the input travels whole."""

    low: int
    high: int
    first: int
    last: int


def rows(lens: Lens, row: int) -> Rows:
    """The band that has `row`. The bands of a map do not overlap, so that stepping within one asks for nothing."""
    channels, height, width = lens.input.shape
    layer, cells = lens.layer, len(lens.output)
    if lens.input.nbytes <= WHOLE:
        return Rows(0, cells, 0, height)
    line = channels * width * lens.input.itemsize
    count = max(1, (BAND // line - layer.kernel) // layer.stride + 1)
    low = row // count * count
    high = min(low + count, cells)
    first = low * layer.stride - lens.before[0]
    return Rows(low, high, max(0, first), min(height, first + (high - 1 - low) * layer.stride + layer.kernel))


def pack(head: Mapping[str, object], arrays: Mapping[str, np.ndarray], picture: bytes = b"") -> bytes:
    """A head with name, type and length of every array, the arrays as they are, a picture's file."""
    kinds = [[name, array.dtype.str[1:], array.size] for name, array in arrays.items()]
    return packing.pack({**head, "arrays": kinds}, *(np.ascontiguousarray(array).tobytes() for array in arrays.values()), picture)
