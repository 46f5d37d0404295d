"""Where a channel answers most strongly in a whole data set: its greatest cells, at most one of every image."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

KEPT = 9  # cells of every channel


class Peak(NamedTuple):
    """One cell: its value, the number of the image in the data, and its place in the map."""

    value: float
    image: int
    row: int
    column: int


class Peaks(NamedTuple):
    """The greatest cells of all channels (T) of all keys, the greatest first; fewer than `KEPT` where there were fewer images."""

    keys: dict[str, int]  # unit or depthwise layer id → channels
    values: np.ndarray  # T K, float32
    images: np.ndarray  # T K, int32
    rows: np.ndarray  # T K, uint16
    columns: np.ndarray

    def of(self, key: str, channel: int) -> list[Peak]:
        """Those of one channel. Raises `KeyError` for an unknown key."""
        place = self._start(key) + channel
        return [Peak(*cell) for cell in zip(*(array[place].tolist() for array in self[1:]))]

    def tops(self, key: str) -> np.ndarray:
        """The greatest value of every channel of that unit or layer, C."""
        start = self._start(key)
        return self.values[start : start + self.keys[key], 0]

    def _start(self, key: str) -> int:
        return sum([*self.keys.values()][: [*self.keys].index(key)]) if key in self.keys else {}[key]


class Keeper(dict[str, Tensor]):
    """What `probing.keeping` fills with the maps (N C H W) of one batch after the other; only their peaks stay, so that no map waits."""

    def __init__(self, keys: Mapping[str, int]) -> None:
        super().__init__()
        self.keys_of, self.first = dict(keys), 0  # the number of the batch's first image
        self._kept: dict[str, tuple[Tensor, Tensor, Tensor]] = {}  # values, images, cells; C K each

    def __setitem__(self, key: str, maps: Tensor) -> None:
        values, cells = maps.flatten(2).max(2)  # N C
        images = torch.arange(self.first, self.first + len(maps)).expand(maps.shape[1], -1)
        fresh = values.T, images, cells.T * 65536 + maps.shape[3]
        found = [torch.cat(pair, 1) for pair in zip(self._kept[key], fresh)] if key in self._kept else fresh
        order = found[0].sort(dim=1, descending=True, stable=True).indices[:, :KEPT]  # of equals the earlier image
        self._kept[key] = tuple(each.gather(1, order) for each in found)

    def peaks(self) -> Peaks:
        values, images, cells = (torch.cat([self._kept[key][part] for key in self.keys_of]).numpy() for part in range(3))
        places, width = cells >> 16, cells & 65535
        return Peaks(self.keys_of, values, images.astype(np.int32), (places // width).astype(np.uint16), (places % width).astype(np.uint16))
