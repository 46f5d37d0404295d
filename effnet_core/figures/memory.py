"""Memory of the released networks and of the present one, against their MACs, and the parts of a budget."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from ..memory import Budget
from ..palette import INK, MUTED, STAGES, bytes_text, ink_on, percent, themed
from . import SIZE, axis, figure, note
from .bars import Piece
from .staircase import decades

SERIES = {  # → field of Row, shape, dash, place among the colours
    "training, everything": ("training", "circle", "solid", 1),
    "inference, everything": ("inference", "diamond", "dot", 0),
    "training, without activations": ("states", "square", "dash", 6),
    "weights alone": ("weights", "triangle-up", "dashdot", 4),
}
PARTS = {"weights": 4, "gradients": 6, "optimiser": 5, "activations": 3}  # of a budget → place among the colours
GIB = 2**30


class Row(NamedTuple):
    """One network; bytes."""

    name: str
    macs: int
    training: int
    inference: int
    states: int  # weights, gradients and the optimiser's
    weights: int


def over_networks(rows: Sequence[Row], live: Row, cards: Sequence[int], theme: str = "light") -> go.Figure:
    """Lines through `rows` (the released networks), `live` as large marks, and the sizes of `cards` in GB as horizontal lines; both axes logarithmic."""
    data, everything = [], [*rows, live]
    for name, (field, shape, dash, place) in SERIES.items():
        colour = themed(STAGES, theme)[place]
        data.append(_line(name, rows, field, theme, line={"color": colour, "width": 2, "dash": dash}, marker={"symbol": shape, "size": 8, "color": colour}))
        data.append(_line(name, [live], field, theme, mode="markers", showlegend=False,
                          marker={"symbol": shape, "size": 15, "color": colour, "line": {"width": 2, "color": INK[theme]}}))
    low, high = 0.6 * min(row.weights for row in everything), 1.6 * max(max(row.training for row in everything), max(cards) * GIB)
    macs = [row.macs for row in everything]
    shapes = [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": card * GIB, "y1": card * GIB, "line": {"color": MUTED[theme], "width": 1, "dash": "dot"}} for card in cards]
    words = [note(f"{card} GB", theme, xref="paper", x=1 - 0.14 * (place % 2), xanchor="right", y=math.log10(card * GIB), yanchor="bottom",
                  font={"size": 12, "color": MUTED[theme]}) for place, card in enumerate(cards)]
    words.append(note(f"<b>{live.name}</b>", theme, x=math.log10(live.macs), yref="paper", y=1, yanchor="bottom", font={"size": 12, "color": INK[theme]}))
    shapes.append({"type": "line", "x0": live.macs, "x1": live.macs, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": MUTED[theme], "width": 1}})
    y = decades(low, high)
    return figure(data, theme, 460, shapes=shapes, annotations=words, showlegend=True, hovermode="closest", margin={"l": 8, "r": 16, "t": 28, "b": 8},
                  legend={"orientation": "h", "x": 0, "y": -0.17, "yanchor": "top", "font": {"size": SIZE}},
                  xaxis=axis(theme, "networks by their MACs, logarithmic", type="log", range=[math.log10(0.7 * min(macs)), math.log10(1.4 * max(macs))],
                             tickvals=[row.macs for row in rows], ticktext=[row.name for row in rows], showgrid=False),
                  yaxis=axis(theme, "", **{**y, "ticktext": [bytes_text(round(tick)).replace(".00", "").replace(".0 ", " ") for tick in y["tickvals"]]}))


def _line(name: str, rows: Sequence[Row], field: str, theme: str, **looks) -> dict:
    texts = [f"<b>{row.name}</b>, {name}: {bytes_text(getattr(row, field))}" for row in rows]
    return {"type": "scatter", "mode": "lines+markers", "name": name, "x": [row.macs for row in rows], "y": [getattr(row, field) for row in rows],
            "customdata": texts, "hovertemplate": "%{customdata}<extra></extra>", **looks}


def pieces(budgets: Mapping[str, Budget], theme: str = "light") -> dict[str, list[Piece]]:
    """Every budget as a bar that is cut into its parts."""
    found = {}
    for title, budget in budgets.items():
        found[title] = []
        for part, place in PARTS.items():
            if value := getattr(budget, part):
                colour, share = themed(STAGES, theme)[place], value / budget.total
                found[title].append(Piece(part, share, colour, ink_on(colour), f"{part}: {value:,} bytes, {percent(share)}"))
    return found
