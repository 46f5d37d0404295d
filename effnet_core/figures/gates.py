"""The skyline: all squeeze-and-excitation gates of a network on one image, a tower per block and a window per channel.

One colour scale for gates everywhere: viridis, from 0 (closed, dark) to 1 (open, yellow). The picture that can be clicked is drawn by
assets/skyline.js from `packed`, the one that can be kept by figures/skyline.py; both stand on `towers`.
"""

import math
from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from ..inside.inspection import CLOSED, OPEN, spread
from ..palette import sequential, unit_colour
from .packing import pack

ORDERS = ("gate", "channel")
LEVELS = 256  # colours of the scale in pictures
ASPECT = 3.2  # of the skyline, width over height, at which a window is a square
BETWEEN = 2  # windows' widths between two towers
NO_GATES = "This network has no squeeze-and-excitation, hence no gates; the Lite family leaves it out."


class Tower(NamedTuple):
    """One SE unit: a rectangle of windows, one per channel, filled from the ground row by row. Lengths in windows."""

    unit: str
    left: int
    width: int
    floors: int

    @property
    def centre(self) -> float:
        return self.left + (self.width - 1) / 2


def ordered(gates: np.ndarray, order: str) -> np.ndarray:
    """Channel numbers from the lowest gate to the highest, or as they are. Raises `UserError` for another order."""
    if order not in ORDERS:
        raise UserError(f"There is no order {order!r} of channels; there are {' and '.join(ORDERS)}.")
    return np.argsort(gates, kind="stable") if order == "gate" else np.arange(len(gates))


def towers(channels: Mapping[str, int]) -> list[Tower]:
    """Towers of equal proportions for units with so many channels: every window of the skyline has the same size."""
    sides = [math.sqrt(count) for count in channels.values()]
    slenderness = max(1.0, sum(sides) / (ASPECT * max(sides)))
    left, result = 0, []
    for unit, count in channels.items():
        width = max(1, round(math.sqrt(count / slenderness)))
        result.append(Tower(unit, left, width, math.ceil(count / width)))
        left += width + BETWEEN
    return result


@cache
def levels() -> tuple[str, ...]:
    """The colours of gates from 0 to 1, `#rrggbb`."""
    return tuple(sequential(place / (LEVELS - 1)) for place in range(LEVELS))


def level(gates: np.ndarray) -> np.ndarray:
    """Of each gate, which of the `levels` is nearest; what was set beyond 0 … 1 gets the nearer end."""
    return np.floor(np.clip(gates.astype(np.float64), 0, 1) * (LEVELS - 1) + 0.5).astype(np.uint8)


def head(gates: Mapping[str, np.ndarray], theme: str, operated: Collection[str] = ()) -> dict:
    """What a drawing of the skyline needs beside the gates. Raises `UserError` where there is no gate."""
    if not gates:
        raise UserError(NO_GATES)
    built = towers({unit: len(values) for unit, values in gates.items()})
    return {
        "towers": [{**tower._asdict(), "channels": len(values), "stage": tower.unit.split(".")[1], "colour": unit_colour(tower.unit, theme),
                    "spread": spread(values)._asdict(), "operated": tower.unit in operated}
                   for tower, values in zip(built, gates.values())],
        "across": built[-1].left + built[-1].width, "floors": max(tower.floors for tower in built), "colours": levels(),
        "closed": CLOSED, "open": OPEN,
    }


def packed(gates: Mapping[str, np.ndarray], squeezed: Mapping[str, np.ndarray], untouched: Mapping[str, np.ndarray] | None = None,
           operated: Collection[str] = (), theme: str = "light", **words: str) -> bytes:
    """The skyline for assets/skyline.js: of every block its gates s, then its z, then the gates of the `untouched` pass where that is
    another one (C each, float32). `operated`: blocks with gates that were set. `words`: `name` and `stamp`."""
    more = () if untouched is None else (untouched,)
    arrays = (part[unit] for unit in gates for part in (gates, squeezed, *more))
    return pack({**head(gates, theme, operated), **words, "compared": untouched is not None}, *arrays)
