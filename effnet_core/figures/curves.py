"""Training as it goes: loss on the training batches and accuracy on held-out images, over the same steps."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from ..palette import ACCENT, INK, MUTED, PAGE, ink_on, mix, percent, themed, unit_colour
from . import SIZE, axis, figure, linear, note, whole_percent

POINTS = 1000  # no screen shows more
SMOOTHING = 0.02  # of the run: how far back the firm line looks


def smoothed(values: Sequence[float], keep: float) -> list[float]:
    """The exponential moving average, divided by the weight it has seen so far, so that it starts at the first value."""
    average, weight, out = 0.0, 0.0, []
    for value in values:
        average, weight = keep * average + (1 - keep) * value, keep * weight + 1 - keep
        out.append(average / weight)
    return out


def training(history: Sequence[Mapping], classes: int, theme: str = "light", steps: int | None = None) -> go.Figure:
    """Two panels over the steps. A row of `history` has "step" and "loss", "accuracy" (held out, 0 … 1), or both.

    The dotted line is the accuracy of guessing, 1 / `classes`; `steps` is how long the run will be.
    """
    losses = [(row["step"], row["loss"]) for row in history if _finite(row.get("loss"))]
    tests = [(row["step"], row["accuracy"]) for row in history if _finite(row.get("accuracy"))]
    end = steps or max((row["step"] for row in history), default=1)
    guess = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": 1 / classes, "y1": 1 / classes,
             "line": {"color": themed(MUTED, theme), "width": 1.5, "dash": "dot"}}
    words = [_heading("loss on the training batches", 1.0, theme), _heading("accuracy on held-out images", 0.43, theme),
             note(f"guessing, {percent(1 / classes)}", theme, xref="paper", x=1, xanchor="right", yref="y2", y=1 / classes,
                  yanchor="bottom", font={"size": 12, "color": MUTED[theme]})]
    x = {"range": [0, end], "nticks": 8}
    return figure([*_loss(losses, theme), _accuracy(tests, theme)], theme, 400, shapes=[guess], annotations=words,
                  hovermode="x", margin={"l": 8, "r": 16, "t": 30, "b": 8},
                  xaxis=axis(theme, "", anchor="y", matches="x2", showticklabels=False, **x),
                  xaxis2=axis(theme, "step", anchor="y2", **x),
                  yaxis=axis(theme, "", domain=[0.57, 1], rangemode="tozero", nticks=5),
                  yaxis2=axis(theme, "", domain=[0, 0.43], **{**linear(1.0, whole_percent), "range": [0, 1.02]}))


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _heading(text: str, top: float, theme: str) -> dict:
    return note(f"<b>{text}</b>", theme, xref="paper", x=0, xanchor="left", yref="paper", y=top, yanchor="bottom", yshift=4)


def _loss(losses: list[tuple[int, float]], theme: str) -> list[dict]:
    """Every batch faintly, and the average firmly; thinned to what a screen shows after averaging."""
    each = max(1, math.ceil(len(losses) / POINTS))
    raw = [loss for _, loss in losses]
    gap = losses[-1][0] / len(losses) if losses else 0.0  # steps from one row to the next
    average = smoothed(raw, math.exp(-gap / (SMOOTHING * losses[-1][0])) if gap else 0.0)
    # Arrays travel to the browser as bytes, a fifth of the same numbers as text.
    common = {"type": "scatter", "mode": "lines", "x": np.array([step for step, _ in losses[::each]], np.int32)}
    return [{**common, "y": np.array(raw[::each], np.float32), "line": {"color": ACCENT[theme], "width": 1}, "opacity": 0.35,
             "hoverinfo": "skip"},
            {**common, "y": np.array(average[::each], np.float32), "line": {"color": ACCENT[theme], "width": 2.5},
             "hovertemplate": "step %{x:,}: averaged loss %{y:.4~g}<extra></extra>"}]


def _accuracy(tests: list[tuple[int, float]], theme: str) -> dict:
    colour = unit_colour("stages.1", theme)
    return {"type": "scatter", "mode": "lines+markers+text", "x": [step for step, _ in tests], "y": [value for _, value in tests],
            "xaxis": "x2", "yaxis": "y2", "line": {"color": colour, "width": 2}, "marker": {"size": 8, "color": colour},
            "text": ["" for _ in tests[:-1]] + [f"<b>{percent(value)}</b>" for _, value in tests[-1:]],
            "textposition": "bottom center", "textfont": {"size": 12, "color": INK[theme]}, "cliponaxis": False,
            "hovertemplate": "step %{x:,}: %{y:.2%} right<extra></extra>"}


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str], theme: str = "light", thing: str = "scene") -> go.Figure:
    """`counts[i][j]` images of class i that were called class j, as shares of class i; mistakes say their number."""
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    hover = [[f"{count:,} of {sum(row):,} images of {escape(labels[i])} were called {escape(labels[j])}" for j, count in enumerate(row)]
             for i, row in enumerate(counts)]
    names, page, strong = [escape(label) for label in labels], themed(PAGE, theme), ACCENT[theme]
    cells = {"type": "heatmap", "z": np.array(shares, np.float32), "zmin": 0, "zmax": 1, "xgap": 1, "ygap": 1, "showscale": False,
             "colorscale": [[0, page], [0.02, mix(page, strong, 0.12)], [1, strong]], "customdata": hover,
             "hovertemplate": "%{customdata}<extra></extra>"}
    texts = [note(f"{count:,}", theme, x=j, y=i, font={"size": 12, "color": ink_on(mix(page, strong, shares[i][j]))})
             for i, row in enumerate(counts) for j, count in enumerate(row) if count]
    title = {"text": f"the {thing} shows", "font": {"size": SIZE}, "standoff": 12}  # clear of the labels, whatever their length
    ticks = {"tickvals": [*range(len(names))], "ticktext": names, "showgrid": False, "ticks": ""}
    return figure([cells], theme, 120 + 32 * len(names), annotations=texts, margin={"l": 8, "r": 8, "t": 8, "b": 8},
                  xaxis=axis(theme, "the network says", tickangle=-40, **ticks),
                  yaxis=axis(theme, "", autorange="reversed", **ticks) | {"title": title})
