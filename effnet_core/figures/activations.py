"""What assets/activation.js draws of the activations, a map before and after each, and the gates that other endings would give."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ..palette import GRID, unit_colour
from . import axis, figure, maps, note

LOOKS = {"swish": ("stages.1", ""), "ReLU": ("stages.0", "7 4"), "ReLU6": ("stages.4", "2 4"), "hard-swish": ("stages.6", "10 3 2 3"),
         "sigmoid": ("stages.3", "5 2 1 2")}  # colour of this unit, and dashes
ENDINGS = {"sigmoid": "stages.3", "ReLU": "stages.0", "tanh": "stages.6"}
BINS = 40


def curves(theme: str, shown: list[str], x: float, beta: float) -> dict:
    """The curves that are `shown`, the place x, and swish's β, which both follow the hand."""
    looks = [{"name": name, "colour": unit_colour(LOOKS[name][0], theme), "dashes": LOOKS[name][1]} for name in LOOKS if name in shown]
    return {"curves": looks, "hand": {"acts_x": x, "acts_beta": beta}}


def picture(channel: np.ndarray, reach: float, theme: str) -> bytes:
    """One map (H W) as PNG, a pixel per cell, on the signed scale that reaches ±`reach`."""
    return maps.png(maps.indexes(channel[None], np.array([reach]))[0], theme)


def gates(found: Mapping[str, np.ndarray], theme: str) -> go.Figure:
    """How many channels get which gate, one row per ending, on one scale; the range 0 … 1 is marked."""
    low, high = (choose(float(edge(values)) for values in found.values()) for choose, edge in ((min, np.min), (max, np.max)))
    low, high = min(low, -1.0), max(high, 1.0)
    edges = np.linspace(low, high, BINS + 1)
    rows, layout, notes = [], {}, []
    for place, (name, values) in enumerate(found.items()):
        counts, _ = np.histogram(values, edges)
        suffix = str(place + 1) if place else ""
        hover = [f"{name}: {count:,} of {len(values):,} gates from {left:.2f} to {right:.2f}"
                 for count, left, right in zip(counts, edges, edges[1:])]
        rows.append({"type": "bar", "x": (edges[:-1] + edges[1:]) / 2, "y": counts, "width": (high - low) / BINS, "xaxis": "x",
                     "yaxis": f"y{suffix}", "marker": {"color": unit_colour(ENDINGS[name], theme)}, "customdata": hover,
                     "hovertemplate": "%{customdata}<extra></extra>"})
        top = 1 - place / 3
        layout[f"yaxis{suffix}"] = axis(theme, "channels", domain=[top - 0.27, top - 0.04], nticks=3, rangemode="tozero")
        notes.append(note(f"<b>{name}</b>", theme, x=0.5, y=top - 0.01, xref="x", yref="paper", yanchor="middle"))
    band = {"type": "rect", "xref": "x", "yref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "fillcolor": GRID[theme], "opacity": 0.5,
            "line": {"width": 0}, "layer": "below"}
    across = axis(theme, "gate", range=[low, high], anchor="y3")
    return figure(rows, theme, 380, bargap=0, shapes=[band], annotations=notes, xaxis=across, **layout)
