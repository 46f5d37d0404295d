"""What assets/activation.js draws of the activations, a map before and after each, and the gates that other endings would give."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from ..lessons.activations import functions
from ..palette import GRID, unit_colour
from . import axis, figure, maps, note

LOOKS = {"swish": ("stages.1", ""), "ReLU": ("stages.0", "7 4"), "ReLU6": ("stages.4", "2 4"), "hard-swish": ("stages.6", "10 3 2 3"),
         "sigmoid": ("stages.3", "5 2 1 2")}  # colour of this unit, and dashes
ENDINGS = {"sigmoid": "stages.3", "ReLU": "stages.0", "tanh": "stages.6"}
BINS = 40


class After(NamedTuple):
    """What became of a layer's maps (C H W) before its activation; shares of all cells."""

    name: str
    values: np.ndarray  # C H W
    zero: float  # exactly zero
    full: float  # at 6 or above before it: where ReLU6 cuts off
    flat: float  # slope exactly zero: nothing is learnt through these cells
    negative: float


def curves(theme: str, shown: list[str], x: float, beta: float) -> dict:
    """The curves that are `shown`, the place x, and swish's β, which both follow the hand."""
    looks = [{"name": name, "colour": unit_colour(LOOKS[name][0], theme), "dashes": LOOKS[name][1]} for name in LOOKS if name in shown]
    return {"curves": looks, "hand": {"acts_x": x, "acts_beta": beta}}


def apply(name: str, values: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """One of the activations on numbers of any shape; float64."""
    x = values.astype(np.float64)
    if name in ("swish", "sigmoid"):
        bounded = np.exp(-np.abs(x if name == "sigmoid" else beta * x))
        gate = np.where(x >= 0, 1 / (1 + bounded), bounded / (1 + bounded))
        return gate if name == "sigmoid" else x * gate
    six = np.clip(x, 0.0, 6.0)
    return {"ReLU": np.maximum(x, 0.0), "ReLU6": six, "hard-swish": x * np.clip(x + 3, 0.0, 6.0) / 6}[name]


def after(values: np.ndarray, beta: float = 1.0) -> list[After]:
    """Maps (C H W) before their activation through each of them."""
    return [_after(name, values, apply(name, values, beta)) for name in functions()]


def _after(name: str, before: np.ndarray, made: np.ndarray) -> After:
    flat = {"ReLU": before <= 0, "ReLU6": (before <= 0) | (before >= 6), "hard-swish": before <= -3}.get(name, np.zeros_like(before, bool))
    full = before >= 6 if name == "ReLU6" else np.zeros_like(before, bool)
    return After(name, made, *(float(np.count_nonzero(chosen)) / before.size for chosen in (made == 0, full, flat, made < 0)))


def picture(channel: np.ndarray, reach: float, theme: str) -> bytes:
    """One map (H W) as PNG, a pixel per cell, on the signed scale that reaches ±`reach`."""
    return maps.png(maps.indexes(channel[None], np.array([reach]))[0], theme)


def endings(before: np.ndarray) -> dict[str, np.ndarray]:
    """The numbers that come out of the second matrix of an SE unit (C), as gates under each ending that SENet compares."""
    x = before.astype(np.float64)
    return {"sigmoid": apply("sigmoid", x), "ReLU": np.maximum(x, 0.0), "tanh": np.tanh(x)}


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
