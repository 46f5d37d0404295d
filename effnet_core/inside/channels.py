"""What the channels of one layer answered to one picture, in numbers; and in which order to look at them."""

from typing import NamedTuple

import numpy as np

from ..errors import UserError

ORDERS = ("strength", "gate", "attribution", "channel")


class Channels(NamedTuple):
    """Of the maps of one layer (C H W): a number per channel (C), and what the layer as a whole is like."""

    least: np.ndarray
    mean: np.ndarray
    greatest: np.ndarray
    strength: np.ndarray  # mean |value|
    reach: np.ndarray  # greatest finite |value|
    dead: np.ndarray  # bool: the same number in all cells, hence nothing about this picture
    average: float
    std: float
    negative: float  # share of the cells
    zero: float  # share of the cells; exactly zero

    @property
    def strongest(self) -> int:
        return int(np.nan_to_num(self.strength, nan=-1.0).argmax())


def summarise(maps: np.ndarray) -> Channels:
    """Of maps (C H W); float64 sums. A map of a single cell is not called dead."""
    sizes = np.abs(maps)
    strength = sizes.mean((1, 2), dtype=np.float64)
    finite = np.where(np.isfinite(sizes), sizes, 0.0).max((1, 2))
    least, greatest, mean = maps.min((1, 2)), maps.max((1, 2)), maps.mean((1, 2), dtype=np.float64)
    dead = (least == greatest) & (maps[0].size > 1)
    shares = [float(np.count_nonzero(chosen)) / maps.size for chosen in (maps < 0, maps == 0)]
    return Channels(least, mean, greatest, strength, finite, dead, float(mean.mean()), float(maps.std(dtype=np.float64)), *shares)


def ranked(by: str, channels: Channels, gates: np.ndarray | None = None, attributed: np.ndarray | None = None) -> np.ndarray:
    """Channel numbers, the greatest of what is asked for first; of equals the lower number. Where there are no gates (C), the order is that of
    strength. Raises `UserError` for another order, and for one by attribution without any."""
    if by not in ORDERS:
        raise UserError(f"There is no order {by!r} of channels; there are {', '.join(ORDERS[:-1])} and {ORDERS[-1]}.")
    if by == "channel":
        return np.arange(len(channels.strength))
    if by == "attribution" and attributed is None:
        raise UserError("An order by attribution needs the attribution of every channel.")
    keys = {"strength": channels.strength, "gate": channels.strength if gates is None else gates, "attribution": attributed}
    return np.argsort(-keys[by], kind="stable")
