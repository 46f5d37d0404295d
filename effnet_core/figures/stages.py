"""A figure stage by stage, for several networks side by side."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ..errors import UserError
from ..graph import METRICS, exact
from ..lab.comparison import Side
from ..palette import ACCENT, INK, STAGES, percent, themed
from . import axis, figure, linear, whole_percent

PATTERNS = ("", "/", "x", ".", "\\")  # a network is told by its pattern as well as by its colour
HUES = (None, 1, 4, 6, 3)  # of Okabe and Ito's colours; the first is the accent
COUNTED = ("params", "macs", "activations")


def by_stage(sides: Sequence[Side], metric: str, shared: bool, theme: str) -> go.Figure:
    """Grouped bars: `metric` of every stage, for each of at most five networks; `shared` shows shares of each network's total.

    Raises `UserError` for an unknown metric or theme.
    """
    if metric not in COUNTED:
        raise UserError(f"There is no figure {metric!r} to compare; there are {', '.join(COUNTED)}.")
    stages = _order(sides)
    heights = [[_height(side, stage, metric, shared) for stage in stages] for side in sides]
    top = max(value for row in heights for value in row if value is not None)
    bars = [_bars(place, side, stages, row, metric, theme) for place, (side, row) in enumerate(zip(sides, heights))]
    title = f"{METRICS[metric]}, share of the network" if shared else METRICS[metric]
    return figure(bars, theme, 340, barmode="group", bargap=0.22, bargroupgap=0.06, showlegend=True,
                  legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12, "color": INK[theme]}},
                  margin={"l": 8, "r": 8, "t": 44, "b": 8}, xaxis=axis(theme, "stage", type="category", showgrid=False, tickangle=0),
                  yaxis=axis(theme, title, **(linear(top, whole_percent) if shared else linear(top))))


def _order(sides: Sequence[Side]) -> list[str]:
    """All stages of all networks, in the order of the data's way."""
    known = {stage for side in sides for stage in side.total.stages}
    middle = sorted((stage for stage in known if stage.startswith("stages.")), key=lambda stage: int(stage.partition(".")[2]))
    front, back = ([stage for stage in ends if stage in known] for ends in (("stem", "maxpool"), ("head", "classifier")))
    return [*front, *middle, *back]


def _height(side: Side, stage: str, metric: str, shared: bool) -> float | None:
    if stage not in side.total.stages:
        return None
    return getattr(side.total.stages[stage], metric) / (getattr(side.total, metric) if shared else 1)


def _bars(place: int, side: Side, stages: list[str], heights: list[float | None], metric: str, theme: str) -> dict:
    hue = HUES[place % len(HUES)]
    colour = themed(ACCENT, theme) if hue is None else STAGES[theme][hue]
    total = getattr(side.total, metric)
    hover = [f"{exact(value, metric)}, {percent(value / total)} of {side.name}" if value is not None else ""
             for value in (getattr(side.total.stages[s], metric) if s in side.total.stages else None for s in stages)]
    return {"type": "bar", "name": side.name, "x": [stage.removeprefix("stages.") for stage in stages], "y": heights, "customdata": hover,
            "marker": {"color": colour, "line": {"color": colour, "width": 1},
                       "pattern": {"shape": PATTERNS[place % len(PATTERNS)], "size": 6}},
            "hovertemplate": "<b>stage %{x}</b>: %{customdata}<extra></extra>"}
