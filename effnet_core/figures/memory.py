"""Memory of the released networks and of the present one, against their MACs, and the parts of a budget."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from ..lab.memory import Budget
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
    """Lines through `rows` (the released networks), `live` as large marks, and the sizes of `cards` in GB as horizontal lines.

    Both axes are logarithmic.
    """
    data = [trace for name, (field, *looks) in SERIES.items() for trace in _series(name, field, rows, live, theme, *looks)]
    shapes = [*(_rule(theme, "x", card * GIB, "dot") for card in cards), _rule(theme, "y", live.macs, "solid")]
    words = [note(f"{card} GB", theme, xref="paper", x=0.14 * (place % 2), xanchor="left", y=math.log10(card * GIB),
                  yanchor="bottom", font={"size": 12, "color": MUTED[theme]}) for place, card in enumerate(cards)]
    macs = [row.macs for row in (*rows, live)]
    side = "left" if live.macs == min(macs) else "right" if live.macs == max(macs) else "center"
    words.append(note("<b>this network</b>", theme, x=math.log10(live.macs), xanchor=side, yref="paper", y=1, yanchor="bottom"))
    return figure(data, theme, 460, shapes=shapes, annotations=words, showlegend=True, hovermode="closest",
                  margin={"l": 8, "r": 16, "t": 28, "b": 8},
                  legend={"orientation": "h", "x": 0, "y": -0.17, "yanchor": "top", "font": {"size": SIZE}},
                  xaxis=axis(theme, "networks by their MACs, logarithmic", type="log", showgrid=False,
                             range=[math.log10(0.7 * min(macs)), math.log10(1.4 * max(macs))],
                             tickvals=[row.macs for row in rows], ticktext=[row.name for row in rows]),
                  yaxis=axis(theme, "", **_bytes([*rows, live], max(cards) * GIB)))


def _rule(theme: str, along: str, place: float, dash: str) -> dict:
    """A line across the whole picture, along the x or the y axis."""
    across = "y" if along == "x" else "x"
    return {"type": "line", f"{along}ref": "paper", f"{along}0": 0, f"{along}1": 1, f"{across}0": place, f"{across}1": place,
            "line": {"color": MUTED[theme], "width": 1, "dash": dash}}


def _bytes(rows: Sequence[Row], largest: int) -> dict:
    scale = decades(0.6 * min(row.weights for row in rows), 1.6 * max(largest, *(row.training for row in rows)))
    texts = [bytes_text(round(tick)).replace(".00", "").replace(".0 ", " ") for tick in scale["tickvals"]]
    return {**scale, "ticktext": texts}


def _series(name: str, field: str, rows: Sequence[Row], live: Row, theme: str, shape: str, dash: str, place: int) -> list[dict]:
    colour = themed(STAGES, theme)[place]
    return [_trace(name, field, rows, mode="lines+markers", line={"color": colour, "width": 2, "dash": dash},
                   marker={"symbol": shape, "size": 8, "color": colour}),
            _trace(name, field, [live], mode="markers", showlegend=False,
                   marker={"symbol": shape, "size": 15, "color": colour, "line": {"width": 2, "color": INK[theme]}})]


def _trace(name: str, field: str, rows: Sequence[Row], **looks) -> dict:
    texts = [f"<b>{row.name}</b>, {name}: {bytes_text(getattr(row, field))}" for row in rows]
    return {"type": "scatter", "name": name, "x": [row.macs for row in rows], "y": [getattr(row, field) for row in rows],
            "customdata": texts, "hovertemplate": "%{customdata}<extra></extra>", **looks}


def pieces(budgets: Mapping[str, Budget], theme: str = "light") -> dict[str, list[Piece]]:
    """Every budget as a bar that is cut into its parts."""
    colours = {part: themed(STAGES, theme)[place] for part, place in PARTS.items()}
    return {title: [_cut(part, getattr(budget, part), budget.total, colour) for part, colour in colours.items() if getattr(budget, part)]
            for title, budget in budgets.items()}


def _cut(part: str, count: int, total: int, colour: str) -> Piece:
    return Piece(part, count / total, colour, ink_on(colour), f"{part}: {count:,} bytes, {percent(count / total)}")
