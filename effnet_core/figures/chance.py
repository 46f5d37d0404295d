"""What assets/fold.js, chance.js and dropout.js draw, and the running mean of batch norm as a chart."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ..architecture import Architecture
from ..lessons.norm import Step
from ..palette import ACCENT, MUTED, unit_colour
from . import axis, figure, note
from .strip import runs

DOTS = 19  # numbers of a map that are drawn
APART = 1000  # the draw of dropout is another one than that of the blocks


def spread_out(values: np.ndarray) -> list[float]:
    """`DOTS` of the values at even shares, from the least to the greatest, four decimals."""
    return [round(float(value), 4) for value in np.quantile(values, np.linspace(0, 1, DOTS))]


def fold(values: list[float], weight: float, hand: dict[str, float]) -> dict:
    return {"values": values, "weight": weight, "hand": hand}


def blocks(network: Architecture, seed: int, most: float, theme: str) -> dict:
    """All blocks, equal ones in a row together where there are too many (`count`, and `last` of them), and the draw for one image."""
    rows = [{"id": run.first.id, "last": run.last.id, "count": run.count, "index": run.first.index, "skip": run.first.skip,
             "colour": unit_colour(run.first.id, theme)} for run in runs(network)]
    return {"blocks": rows, "hand": {"chance_seed": seed, "chance_most": most}}


def dropout(count: int, seed: int, rate: float, training: bool) -> dict:
    return {"count": count, "training": training, "apart": APART, "hand": {"chance_seed": seed, "chance_rate": rate}}


def running(steps: Sequence[Step], mean: float, theme: str) -> go.Figure:
    """The mean of every batch as a dot, the running mean as a line, and what both are after."""
    places = np.arange(1, len(steps) + 1)
    own = {"type": "scatter", "mode": "markers", "x": places, "y": np.array([step.mean for step in steps]),
           "marker": {"size": 5, "color": MUTED[theme], "opacity": 0.6}, "name": "mean of the batch",
           "hovertemplate": "step %{x}: mean of the batch %{y:.4f}<extra></extra>"}
    line = {"type": "scatter", "mode": "lines", "x": places, "y": np.array([step.running_mean for step in steps]),
            "line": {"color": ACCENT[theme], "width": 3}, "name": "running mean",
            "hovertemplate": "step %{x}: running mean %{y:.4f}<extra></extra>"}
    goal = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": mean, "y1": mean,
            "line": {"color": MUTED[theme], "dash": "dash", "width": 1.5}}
    return figure([own, line], theme, 320, shapes=[goal], showlegend=True, legend={"orientation": "h", "y": 1.14, "x": 0},
                  annotations=[note(f"the true mean, {mean:g}", theme, x=1, xref="paper", y=mean, xanchor="right", yanchor="bottom")],
                  xaxis=axis(theme, "step of training"), yaxis=axis(theme, "mean of the channel"))
