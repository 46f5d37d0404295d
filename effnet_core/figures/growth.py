"""How squeeze-and-excitation gates change while a network learns: a strip of cells per block, and the spread of its gates over time.

Gates have their one fixed scale, viridis from 0 to 1; changes have another, from blue (lower) over the page's colour to orange.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from ..palette import INK, MUTED, sequential, themed, unit_colour
from . import axis, figure, maps, note

LEVELS = 256
REACH = 0.25  # change of a gate at which its colour is at the end of its scale


class Row(NamedTuple):
    """One block: its gates and how they changed, each a PNG of one row with a pixel per channel."""

    unit: str
    channels: int
    gates: bytes
    change: bytes | None  # None where there is nothing to compare with
    mean: float
    std: float
    moved: float | None  # mean |change|


@cache
def _viridis() -> bytes:
    return bytes.fromhex("".join(sequential(level / (LEVELS - 1))[1:] for level in range(LEVELS)))


def _row(indexes: np.ndarray, palette: bytes) -> bytes:
    image, file = Image.fromarray(indexes[None]), BytesIO()
    image.putpalette(palette)
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()


def gate_strip(gates: np.ndarray) -> bytes:
    """Gates (C, 0 … 1) as a picture one pixel high."""
    return _row(np.rint(np.clip(np.nan_to_num(gates), 0.0, 1.0) * (LEVELS - 1)).astype(np.uint8), _viridis())


def change_strip(change: np.ndarray, theme: str = "light") -> bytes:
    """Changes of gates (C) as a picture one pixel high; beyond ± `REACH` the colour stays that of the end."""
    return _row(maps.indexes(change[None, None], np.array([REACH]))[0, 0], maps.colours(theme))


def rows(gates: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray] | None, theme: str = "light") -> list[Row]:
    """A row per block of `gates` (block → C), in their order, compared with those of an earlier look, where there was one."""
    found = []
    for unit, values in gates.items():
        old = (before or {}).get(unit)
        change = None if old is None else values.astype(np.float64) - old
        found.append(Row(unit, len(values), gate_strip(values), None if change is None else change_strip(change, theme), float(values.mean()),
                         float(values.std()), None if change is None else float(np.abs(change).mean())))
    return found


def spread(gates: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The standard deviation of every block's gates."""
    return {unit: float(values.std()) for unit, values in gates.items()}


def spreads(course: Sequence[tuple[float, Mapping[str, float]]], theme: str = "light", shown: float | None = None,
            title: str = "epoch") -> go.Figure:
    """The spread of every block's gates over the course of a training; `course` has (epoch or step, what `spread` gives).

    `shown` is where the reader looks now: a vertical line.
    """
    x, last = np.array([place for place, _ in course], np.float32), course[-1][1] if course else {}
    lines = [{
        "type": "scatter", "mode": "lines+markers", "x": x, "y": np.array([row[unit] for _, row in course], np.float32), "name": unit,
        "line": {"color": unit_colour(unit, theme), "width": 1.5}, "marker": {"size": 5, "color": unit_colour(unit, theme)},
        "hovertemplate": f"<b>{unit}</b>, {title} %{{x:.3~g}}: standard deviation %{{y:.3f}}<extra></extra>"} for unit in last]
    mark = {"type": "line", "x0": shown, "x1": shown, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": themed(MUTED, theme), "width": 1.5, "dash": "dot"}}
    ends = [note(f"<b>{unit.removeprefix('stages.')}</b>", theme, x=float(x[-1]), y=last[unit], xanchor="left", xshift=6,
                 font={"size": 12, "color": INK[theme]}) for unit in _apart(last)]
    return figure(lines, theme, 240, shapes=[] if shown is None else [mark], annotations=ends, hovermode="closest",
                  margin={"l": 8, "r": 44, "t": 12, "b": 8}, xaxis=axis(theme, title, nticks=8),
                  yaxis=axis(theme, "standard deviation", rangemode="tozero", nticks=5))


def _apart(ends: Mapping[str, float]) -> list[str]:
    """The blocks whose names fit beside the ends of their lines without covering each other."""
    gap, chosen = 0.09 * max(ends.values(), default=0.0), []
    for unit in sorted(ends, key=lambda unit: -ends[unit]):
        if not chosen or ends[chosen[-1]] - ends[unit] >= gap:
            chosen.append(unit)
    return chosen
