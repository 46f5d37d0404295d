"""The formula beside the table, and what one step of φ promises and costs."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from ..formula import Comparison
from ..exponents import Stride
from ..palette import ACCENT, INK, MUTED, PAGE, STAGES, ink_on, themed
from . import SIZE, axis, figure, note

DIMENSIONS = {"depth": ("circle", 0), "width": ("square", 1), "resolution": ("diamond", 4)}  # → shape, place among the colours
APART = {"depth": -0.2, "width": 0.0, "resolution": 0.2}  # of a line: marks at one φ do not hide each other


def dimension_colour(dimension: str, theme: str) -> str:
    return themed(STAGES, theme)[DIMENSIONS[dimension][1]]


def implied(rows: Sequence[Comparison], theme: str = "light", phi: float | None = None, chosen: str = "") -> go.Figure:
    """One line per released network: the φ that its depth, its width and its resolution mean, the φ with the nearest MACs, and the number
    in its name. A vertical line at `phi`, the sliders'; `chosen` is the name to stress."""
    names, marks = [row.name.upper() for row in rows], [_marks(rows, dimension, theme) for dimension in DIMENSIONS]
    spans = [[value for value in row.implied if value is not None] for row in rows]
    lines = [{"type": "line", "x0": min(span), "x1": max(span), "y0": place, "y1": place, "line": {"color": MUTED[theme], "width": 1.5}}
             for place, span in enumerate(spans) if span]
    words = []
    if phi is not None:
        lines.append({"type": "line", "x0": phi, "x1": phi, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": ACCENT[theme], "width": 2, "dash": "dash"}})
        words.append(note(f"<b>the sliders: φ = {phi:g}</b>".replace("-", "−"), theme, x=phi, yref="paper", y=1, yanchor="bottom",
                          font={"size": 12, "color": ACCENT[theme]}))
    labels = [f"<b>{name}</b>" if row.name == chosen else name for name, row in zip(names, rows)]
    return figure([_numbers(rows, theme), *marks, _nearest(rows, theme)], theme, 92 + 36 * len(rows), shapes=lines, annotations=words, showlegend=True,
                  legend={"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "font": {"size": SIZE}}, hovermode="closest",
                  margin={"l": 8, "r": 16, "t": 26, "b": 8}, xaxis=axis(theme, "φ", nticks=12),
                  yaxis=axis(theme, "", tickvals=[*range(len(rows))], ticktext=labels, range=[len(rows) - 0.4, -0.6], tickfont={"size": SIZE, "color": INK[theme]}))


def _points(name: str, points: list[tuple[float, float, str]], marker: dict) -> dict:
    return {"type": "scatter", "mode": "markers", "name": name, "x": [x for x, _, _ in points], "y": [y for _, y, _ in points],
            "customdata": [text for _, _, text in points], "marker": marker, "hovertemplate": "%{customdata}<extra></extra>"}


def _marks(rows: Sequence[Comparison], dimension: str, theme: str) -> dict:
    shape, _ = DIMENSIONS[dimension]
    found = [(getattr(row.implied, dimension), place, row) for place, row in enumerate(rows)]
    points = [(value, place + APART[dimension], f"<b>{row.name.upper()}</b>: its {dimension}, {_factor(row, dimension)}, means φ = {value:.2f}".replace("-", "−"))
              for value, place, row in found if value is not None]
    colour = dimension_colour(dimension, theme)
    return _points(dimension, points, {"symbol": shape, "size": 10, "color": colour, "line": {"width": 1, "color": PAGE[theme]}})


def _factor(row: Comparison, dimension: str) -> str:
    s = row.released.scaling
    return {"depth": f"× {s.depth:g}", "width": f"× {s.width:g}", "resolution": f"{s.side} px"}[dimension]


def _nearest(rows: Sequence[Comparison], theme: str) -> dict:
    points = [(row.nearest.phi, place, f"<b>{row.name.upper()}</b>: the formula's MACs are nearest at φ = {row.nearest.phi:g}".replace("-", "−"))
              for place, row in enumerate(rows) if row.nearest]
    return _points("nearest MACs", points, {"symbol": "line-ns-open", "size": 20, "color": INK[theme], "line": {"width": 2.5, "color": INK[theme]}})


def _numbers(rows: Sequence[Comparison], theme: str) -> dict:
    points = [(float(row.name[1:]), place, f"the number in the name {row.name.upper()}") for place, row in enumerate(rows) if row.name[0] == "b"]
    return _points("number in the name", points, {"symbol": "circle-open", "size": 22, "color": MUTED[theme], "line": {"width": 1.5, "color": MUTED[theme]}})


def step(strides: Sequence[Stride], theme: str = "light") -> go.Figure:
    """What one step of φ multiplies the work by, as lengths on a logarithmic axis, so that factors of dimensions add up: the promise above,
    the count below, and a line at 2, where the paper wants the end of the promise."""
    bars, names = [], {"counted": "", "promised": ""}
    totals = {"promised": math.prod(s.promised for s in strides), "counted": math.prod(s.counted for s in strides)}
    for name, total in totals.items():
        base = 1.0
        for stride in strides:
            factor = getattr(stride, name)
            bars.append(_piece(name, stride.dimension, base, factor, theme))
            base *= factor
        names[name] = f"{name} <b>×{total:.3f}</b>"
    top = max(2.6, 1.25 * max(totals.values()))
    words = [note("the paper's 2", theme, x=math.log10(2), yref="paper", y=1, yanchor="bottom")]
    two = {"type": "line", "x0": 2, "x1": 2, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": INK[theme], "width": 2, "dash": "dash"}}
    ticks = [tick for tick in (1, 1.25, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128) if tick <= top]
    return figure(bars, theme, 190, barmode="overlay", shapes=[two], annotations=words, margin={"l": 8, "r": 24, "t": 22, "b": 8}, bargap=0.3,
                  uniformtext={"mode": "hide", "minsize": 12},
                  xaxis=axis(theme, "factor on the MACs", type="log", range=[0, math.log10(top)], tickvals=ticks, ticktext=[f"×{tick:g}" for tick in ticks]),
                  yaxis=axis(theme, "", categoryorder="array", categoryarray=[*names], tickvals=[*names], ticktext=[*names.values()], showgrid=False, tickfont={"size": SIZE, "color": INK[theme]}))


def _piece(row: str, dimension: str, base: float, factor: float, theme: str) -> dict:
    colour = dimension_colour(dimension, theme)
    return {"type": "bar", "orientation": "h", "y": [row], "base": [base], "x": [base * (factor - 1)], "marker": {"color": colour},
            "text": [f"{dimension} ×{factor:.2f}"], "textposition": "inside", "insidetextanchor": "middle", "textangle": 0,
            "constraintext": "inside", "textfont": {"size": 12, "color": ink_on(colour)},
            "hovertemplate": f"{dimension}, {row}: ×{factor:.4f}<extra></extra>"}
