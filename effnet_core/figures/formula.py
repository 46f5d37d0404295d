"""The formula beside the table, and what one step of φ promises and costs."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from ..lab.exponents import Stride
from ..lab.formula import Comparison, number
from ..palette import ACCENT, INK, MUTED, PAGE, STAGES, ink_on, themed
from . import SIZE, axis, figure, note

DIMENSIONS = {"depth": ("circle", 0), "width": ("square", 1), "resolution": ("diamond", 4)}  # → shape, place among the colours
APART = {"depth": -0.2, "width": 0.0, "resolution": 0.2}  # of a line: marks at one φ do not hide each other
TICKS = (1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128)


def dimension_colour(dimension: str, theme: str) -> str:
    return themed(STAGES, theme)[DIMENSIONS[dimension][1]]


def implied(rows: Sequence[Comparison], theme: str = "light", phi: float | None = None, chosen: str = "") -> go.Figure:
    """One line per released network: the φ that its depth, its width and its resolution mean, the φ with the nearest MACs, and the number
    in its name. A vertical line at `phi`, the sliders'; `chosen` is the name to stress."""
    marks = [_numbers(rows, theme), *(_marks(rows, dimension, theme) for dimension in DIMENSIONS), _nearest(rows, theme)]
    lines, words = _spans(rows, theme), []
    if phi is not None:
        blue = themed(ACCENT, theme)
        lines.append(_upright(phi, blue))
        words.append(note(_minus(f"<b>the sliders: φ = {phi:g}</b>"), theme, x=phi, yref="paper", y=1, yanchor="bottom",
                          font={"size": 12, "color": blue}))
    names = [f"<b>{row.name.upper()}</b>" if row.name == chosen else row.name.upper() for row in rows]
    return figure(marks, theme, 92 + 36 * len(rows), shapes=lines, annotations=words, showlegend=True, hovermode="closest",
                  legend={"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "font": {"size": SIZE}},
                  margin={"l": 8, "r": 16, "t": 26, "b": 8}, xaxis=axis(theme, "φ", nticks=12),
                  yaxis=axis(theme, "", tickvals=[*range(len(rows))], ticktext=names, range=[len(rows) - 0.4, -0.6],
                             tickfont={"size": SIZE, "color": INK[theme]}))


def _upright(x: float, colour: str) -> dict:
    """A dashed line from the foot of the picture to its top."""
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": colour, "width": 2, "dash": "dash"}}


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _spans(rows: Sequence[Comparison], theme: str) -> list[dict]:
    """A thin line per network from the lowest φ that it means to the highest."""
    spans = [[value for value in row.implied if value is not None] for row in rows]
    looks = {"color": themed(MUTED, theme), "width": 1.5}
    return [{"type": "line", "x0": min(span), "x1": max(span), "y0": place, "y1": place, "line": looks}
            for place, span in enumerate(spans) if span]


def _points(name: str, points: list[tuple[float, float, str]], marker: dict) -> dict:
    return {"type": "scatter", "mode": "markers", "name": name, "x": [x for x, _, _ in points], "y": [y for _, y, _ in points],
            "customdata": [text for _, _, text in points], "marker": marker, "hovertemplate": "%{customdata}<extra></extra>"}


def _marks(rows: Sequence[Comparison], dimension: str, theme: str) -> dict:
    points = []
    for place, row in enumerate(rows):
        if (value := getattr(row.implied, dimension)) is not None:
            text = f"<b>{row.name.upper()}</b>: its {dimension}, {_factor(row, dimension)}, means φ = {value:.2f}"
            points.append((value, place + APART[dimension], _minus(text)))
    return _points(dimension, points, {"symbol": DIMENSIONS[dimension][0], "size": 10, "color": dimension_colour(dimension, theme),
                                       "line": {"width": 1, "color": PAGE[theme]}})


def _factor(row: Comparison, dimension: str) -> str:
    s = row.released.scaling
    return {"depth": f"× {s.depth:g}", "width": f"× {s.width:g}", "resolution": f"{s.side} px"}[dimension]


def _nearest(rows: Sequence[Comparison], theme: str) -> dict:
    points = [(row.nearest.phi, place, _minus(f"<b>{row.name.upper()}</b>: the formula's MACs are nearest at φ = {row.nearest.phi:g}"))
              for place, row in enumerate(rows) if row.nearest]
    looks = {"symbol": "line-ns-open", "size": 20, "color": INK[theme], "line": {"width": 2.5, "color": INK[theme]}}
    return _points("nearest MACs", points, looks)


def _numbers(rows: Sequence[Comparison], theme: str) -> dict:
    points = [(number(row.name), place, f"the number in the name {row.name.upper()}")
              for place, row in enumerate(rows) if number(row.name) is not None]
    grey = themed(MUTED, theme)
    looks = {"symbol": "circle-open", "size": 22, "color": grey, "line": {"width": 1.5, "color": grey}}
    return _points("number in the name", points, looks)


def step(strides: Sequence[Stride], theme: str = "light") -> go.Figure:
    """What one step of φ multiplies the work by, as lengths on a logarithmic axis, so that factors of dimensions add up: the promise above,
    the count below, and a line at 2, where the paper wants the end of the promise."""
    bars, names, totals = [], [], []
    for name in ("counted", "promised"):
        base = 1.0
        for stride in strides:
            bars.append(_piece(name, stride.dimension, base, getattr(stride, name), theme))
            base *= getattr(stride, name)
        names.append(f"{name} <b>×{base:.3f}</b>")
        totals.append(base)
    top = max(2.6, 1.25 * max(totals))
    ticks = [tick for tick in TICKS if tick <= top]
    return figure(bars, theme, 190, barmode="overlay", bargap=0.3, shapes=[_upright(2, INK[theme])],
                  margin={"l": 8, "r": 24, "t": 22, "b": 8},
                  annotations=[note("the paper's 2", theme, x=math.log10(2), yref="paper", y=1, yanchor="bottom")],
                  uniformtext={"mode": "hide", "minsize": 12},
                  xaxis=axis(theme, "factor on the MACs", type="log", range=[0, math.log10(top)], tickvals=ticks,
                             ticktext=[f"×{tick:g}" for tick in ticks]),
                  yaxis=axis(theme, "", tickvals=[0, 1], ticktext=names, range=[-0.5, 1.5], showgrid=False,
                             tickfont={"size": SIZE, "color": INK[theme]}))


def _piece(row: str, dimension: str, base: float, factor: float, theme: str) -> dict:
    colour = dimension_colour(dimension, theme)
    return {"type": "bar", "orientation": "h", "y": [int(row == "promised")], "base": [base], "x": [base * (factor - 1)],
            "marker": {"color": colour}, "text": [f"{dimension} ×{factor:.2f}"], "textposition": "inside", "insidetextanchor": "middle",
            "textangle": 0, "constraintext": "inside", "textfont": {"size": 12, "color": ink_on(colour)},
            "hovertemplate": f"{dimension}, {row}: ×{factor:.4f}<extra></extra>"}
