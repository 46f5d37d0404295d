"""The skyline: all squeeze-and-excitation gates of a network on one image.

One colour scale for gates everywhere: viridis, from 0 (closed, dark) to 1 (open, yellow).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from ..errors import UserError
from ..inside.inspection import CLOSED, OPEN, Spread, spread
from ..palette import INK, MUTED, colour_scale, percent, themed, unit_colour
from . import axis, figure, note

SCALE = colour_scale()
ORDERS = ("gate", "channel")
ASPECT = 4.2  # of the skyline, width over height, at which a window is a square
BETWEEN = 2  # windows' widths between two towers
MOST_SHARES = 20  # units beyond which their shares are left to hover and table
GROUND = 0.045  # height of the coloured strip under the towers, as a share of the tallest


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


def windows(tower: Tower, gates: np.ndarray, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Gate (float32, NaN where no window is) and channel number (uint16) of every window, floors × width, from the ground."""
    places = ordered(gates, order)
    lit = np.full(tower.floors * tower.width, np.nan, np.float32)
    numbers = np.zeros(tower.floors * tower.width, np.uint16)
    lit[: len(gates)], numbers[: len(gates)] = gates[places], places
    return lit.reshape(tower.floors, tower.width), numbers.reshape(tower.floors, tower.width)


def _sash(built: list[Tower]) -> float:
    """Pixels between two windows: none where they are so small that they would vanish behind it."""
    across = built[-1].left + built[-1].width
    return 0.6 if across < 200 else 0.3 if across < 500 else 0.0


def _tower(tower: Tower, gates: np.ndarray, order: str, sash: float) -> dict:
    lit, numbers = windows(tower, gates, order)
    return {
        "type": "heatmap", "z": lit, "customdata": numbers, "x0": tower.left, "dx": 1, "y0": 0.5, "dy": 1, "zmin": 0, "zmax": 1,
        "colorscale": SCALE, "showscale": False, "name": tower.unit, "hoverongaps": False, "xgap": sash, "ygap": sash,
        "hovertemplate": f"<b>{tower.unit}</b> · channel %{{customdata}}<br>gate %{{z:.3f}}<extra></extra>",
    }


def _grounds(built: list[Tower], floors: int, theme: str) -> dict:
    """The strip on which each tower stands, in its stage's colour; `customdata` is the unit, for clicks."""
    thick = GROUND * floors
    return {
        "type": "bar", "x": [tower.centre for tower in built], "width": [tower.width for tower in built],
        "y": [-thick] * len(built), "base": -0.4 * thick, "customdata": [[tower.unit] for tower in built],
        "marker": {"color": [unit_colour(tower.unit, theme) for tower in built]}, "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}}, "hovertemplate": "<b>%{customdata[0]}</b>: click to open<extra></extra>",
    }


def _stage_ticks(built: list[Tower]) -> dict:
    stages: dict[str, list[float]] = {}
    for tower in built:
        stages.setdefault(tower.unit.split(".")[1], []).append(tower.centre)
    return {"tickvals": [(places[0] + places[-1]) / 2 for places in stages.values()], "ticktext": [*stages], "showgrid": False,
            "range": [-2, built[-1].left + built[-1].width + 1], "tickangle": 0}


def _spreads(built: list[Tower], rows: list[Spread], theme: str) -> list[dict]:
    """Per unit: a thin line from the least to the greatest gate, a thick one of ± one standard deviation, a dot at the mean."""
    base = {"type": "scatter", "mode": "markers", "yaxis": "y2", "x": [tower.centre for tower in built], "y": [row.mean for row in rows]}
    reach = {"array": [row.greatest - row.mean for row in rows], "arrayminus": [row.mean - row.least for row in rows],
             "color": MUTED[theme], "thickness": 1, "width": 3}
    return [
        {**base, "marker": {"opacity": 0}, "error_y": reach, "hoverinfo": "skip"},
        {**base, "error_y": {"array": [row.std for row in rows], "color": MUTED[theme], "thickness": 5, "width": 0},
         "marker": {"size": 11, "color": [row.mean for row in rows], "cmin": 0, "cmax": 1, "colorscale": SCALE,
                    "line": {"color": INK[theme], "width": 1}},
         "customdata": [[tower.unit, row.std, percent(row.closed), percent(row.open)] for tower, row in zip(built, rows)],
         "hovertemplate": "<b>%{customdata[0]}</b><br>mean gate %{y:.3f}, standard deviation %{customdata[1]:.3f}<br>"
                          f"%{{customdata[2]}} below {CLOSED}, %{{customdata[3]}} above {OPEN}<extra></extra>"},
    ]


def _shares(built: list[Tower], rows: list[Spread], theme: str) -> list[dict]:
    """How many gates are as good as open, above the unit's line, and as good as closed, below it; where there are any."""
    if len(built) > MOST_SHARES:
        return []
    values = [(tower.centre, y, share) for tower, row in zip(built, rows) for y, share in ((1.13, row.open), (-0.13, row.closed))]
    return [note(f"{100 * share:.0f} %" if share >= 0.005 else "&lt; 1 %", theme, x=x, y=y, yref="y2") for x, y, share in values if share]


def _chosen(tower: Tower, floors: int, theme: str) -> tuple[dict, dict]:
    """A frame round the selected tower, and its name under it."""
    foot = -1.55 * GROUND * floors
    frame = {"type": "rect", "x0": tower.left - 1.1, "x1": tower.left + tower.width + 0.1, "y0": foot, "y1": tower.floors + 0.6,
             "line": {"color": INK[theme], "width": 2}}
    side = "left" if tower.left == 0 else "center"
    return frame, note(f"<b>▲ {tower.unit}</b>", theme, x=tower.left - 1 if side == "left" else tower.centre, y=foot, xanchor=side,
                       yanchor="top", yshift=-1)


def _stamp(text: str, theme: str) -> list[dict]:
    """What the figure says of itself above its right end."""
    return [note(text, theme, xref="paper", x=1, xanchor="right", yref="paper", y=1, yanchor="bottom", yshift=6)] if text else []


def skyline(gates: Mapping[str, np.ndarray], order: str = "gate", theme: str = "light", selected: str | None = None,
            stamp: str = "") -> go.Figure:
    """All gates on one image: a tower per unit, a window per channel; beneath, the spread of each unit's gates.

    `gates`: block id → gates (C) in the order of the network. A strip under a tower has the block's id in `customdata[0]`,
    for clicks. `stamp` is what the figure says of itself, such as "untrained weights". Raises `UserError` where there is no gate,
    and for an unknown order.
    """
    if not gates:
        raise UserError("This network has no squeeze-and-excitation, hence no gates; the Lite family leaves it out.")
    themed(INK, theme)  # refused before anything is drawn
    built, rows = towers({unit: len(values) for unit, values in gates.items()}), [spread(values) for values in gates.values()]
    floors = max(tower.floors for tower in built)
    traces = [_tower(tower, values, order, _sash(built)) for tower, values in zip(built, gates.values())]
    traces[0] |= {"showscale": True, "colorbar": _bar(theme)}
    chosen = [_chosen(tower, floors, theme) for tower in built if tower.unit == selected]
    return figure(
        [*traces, _grounds(built, floors, theme), *_spreads(built, rows, theme)], theme, 500, barmode="overlay",
        hovermode="closest", margin={"l": 8, "r": 8, "t": 26, "b": 8}, shapes=[frame for frame, _ in chosen],
        annotations=[*(name for _, name in chosen), *_shares(built, rows, theme), *_stamp(stamp, theme)],
        xaxis=axis(theme, "stage", anchor="y2", **_stage_ticks(built)),
        yaxis=axis(theme, domain=[0.42, 1], showgrid=False, tickvals=[], range=[-1.7 * GROUND * floors, 1.08 * floors + 1]),
        yaxis2=axis(theme, "gate", domain=[0, 0.35], range=[-0.25, 1.25], tickvals=[0, 0.5, 1], ticktext=["0", "½", "1"]),
    )


def _bar(theme: str) -> dict:
    return {"orientation": "h", "x": 0.01, "xanchor": "left", "y": 1, "yanchor": "top", "ypad": 4, "len": 0.27, "thickness": 10,
            "tickvals": [0, 0.5, 1], "ticktext": ["0", "gate ½", "1"], "outlinewidth": 0, "xpad": 0,
            "tickfont": {"size": 12, "color": INK[theme]}}
