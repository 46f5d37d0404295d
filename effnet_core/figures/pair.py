"""Two pictures through one network: where their gates differ, block by block and channel by channel."""

import math
from collections.abc import Mapping
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..palette import GRID, MUTED, unit_colour
from .maps import GAP, Mosaic, layout
from .packing import pack

SIDE = 56  # of a small panel, pixels
BACK, LINE, DOT = 0, 1, 2  # palette indexes; from DOT on the stages' colours


class Difference(NamedTuple):
    """How far the gates of one block lie apart on two pictures."""

    block: str
    mean: float  # of |difference|
    most: float  # the greatest one
    channel: int  # where that is
    correlation: float  # Pearson's; NaN where either has no spread


def differences(gates: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray]) -> list[Difference]:
    """A row per block, in the order of the network."""
    return [_difference(block, gates[block].astype(np.float64), others[block].astype(np.float64)) for block in gates]


def _difference(block: str, these: np.ndarray, those: np.ndarray) -> Difference:
    apart = np.abs(these - those)
    left, right = these - these.mean(), those - those.mean()
    spread = float(np.sqrt((left**2).sum() * (right**2).sum()))
    correlation = float((left * right).sum()) / spread if spread else np.nan
    return Difference(block, float(apart.mean()), float(apart.max()), int(apart.argmax()), correlation)


def panel(these: np.ndarray, those: np.ndarray, dot: int = DOT) -> np.ndarray:
    """A small scatter of gates as palette indexes (SIDE SIDE): these to the right, those upwards, the diagonal where they are equal. Gates
    that are no finite numbers have no dot."""
    picture = np.full((SIDE, SIDE), BACK, np.uint8)
    places = np.arange(SIDE)
    picture[SIDE - 1 - places, places] = LINE
    known = np.isfinite(these) & np.isfinite(those)
    right, up = (np.minimum((gates[known] * SIDE).astype(int), SIDE - 1) for gates in (these, those))
    picture[SIDE - 1 - up, right] = dot
    return picture


def panels(gates: Mapping[str, np.ndarray], others: Mapping[str, np.ndarray], theme: str = "light") -> Mosaic:
    """A panel per block, its dots in the colour of its stage."""
    stages = sorted({unit_colour(block, theme) for block in gates})
    columns = math.ceil(math.sqrt(len(gates)))
    tiles = np.stack([panel(gates[block], others[block], DOT + stages.index(unit_colour(block, theme))) for block in gates])
    image, file = Image.fromarray(layout(tiles, columns)), BytesIO()
    entries = bytes.fromhex("".join(colour[1:] for colour in (GRID[theme], MUTED[theme], *stages)))
    image.putpalette(entries + bytes(768 - len(entries)))
    image.save(file, "PNG", transparency=GAP, compress_level=3)
    return Mosaic(file.getvalue(), columns, 1, SIDE, SIDE)


def cloud(block: str, these: np.ndarray, those: np.ndarray, names: tuple[str, str], chosen: int, theme: str = "light",
          stamp: str = "", file: str = "") -> bytes:
    """What the large scatter is drawn from: packed, both gates of every channel; `file` is what a file of it is called."""
    head = {"block": block, "channels": len(these), "names": names, "chosen": chosen, "colour": unit_colour(block, theme), "stamp": stamp,
            "file": file}
    return pack(head, these, those)


def farthest(these: np.ndarray, those: np.ndarray, count: int) -> np.ndarray:
    """The `count` channels whose gates differ most, the farthest first."""
    return np.argsort(-np.abs(these - those), kind="stable")[:count]
