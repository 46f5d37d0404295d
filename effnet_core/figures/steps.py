"""One squeeze-and-excitation unit step by step, and the classifier's logits: real numbers as bars."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from ..palette import ACCENT, INK, MUTED, percent, themed
from . import SIZE, axis, figure, note
from .gates import SCALE, ordered

HEIGHT = 230  # pixels


def _titled(title: str, stamp: str) -> str:
    return f"{title} · {stamp}" if stamp else title


def _pointer(at: int, count: int, channel: int, theme: str) -> dict:
    """Above the plot over the bar `at` of `count`, turned inwards."""
    right = 2 * at > count
    return note(f"channel {channel} ▼" if right else f"▼ channel {channel}", theme, x=at, yref="paper", y=1, yanchor="bottom",
                xanchor="right" if right else "left", xshift=6 if right else -6)


def _channels(y: np.ndarray, gates: np.ndarray, order: str, theme: str, chosen: int | None, stamp: str, text: str,
              **yaxis) -> go.Figure:
    """One bar per channel (C), in the order of `gates`, the channel `chosen` pointed at."""
    themed(INK, theme)  # refused before anything is drawn
    places, count = ordered(gates, order), len(y)
    bars = {"type": "bar", "x": np.arange(count, dtype=np.uint16), "y": y[places].astype(np.float32),
            "marker": {"color": ACCENT[theme], "line": {"width": 0}}, "customdata": places.astype(np.uint16),
            "hovertemplate": f"channel %{{customdata}}<br>{text}<extra></extra>"}
    marks = [] if chosen is None else [_pointer(int(np.flatnonzero(places == chosen)[0]), count, chosen, theme)]
    title = f"{count:,} channels, " + ("lowest gate first" if order == "gate" else "by number")
    return figure([bars], theme, HEIGHT, bargap=0.12 if count < 100 else 0, annotations=marks, yaxis=axis(theme, **yaxis),
                  xaxis=axis(theme, _titled(title, stamp), showgrid=False, tickvals=[], range=[-0.8, count - 0.2]))


def squeezed(z: np.ndarray, s: np.ndarray, order: str = "gate", theme: str = "light", chosen: int | None = None,
             stamp: str = "") -> go.Figure:
    """Step 1, z (C): the mean of every channel's map. `s` are the gates (C) by which `order` sorts."""
    return _channels(z, s, order, theme, chosen, stamp, "z = %{y:.4f}")


def gated(s: np.ndarray, order: str = "gate", theme: str = "light", chosen: int | None = None, stamp: str = "") -> go.Figure:
    """Step 3, s (C): the gate of every channel, in the one colour scale of gates.

    A thousand bars of a thousand colours would take the browser a third of a second: one area carries the colours, and the bars,
    unseen, what is shown on hover.
    """
    drawn = _channels(s, s, order, theme, chosen, stamp, "gate %{y:.3f}", range=[0, 1.02], tickvals=[0, 0.5, 1])
    (bars,) = drawn.data
    edges = np.arange(len(s) + 1, dtype=np.float32) - 0.5
    area = {"type": "scatter", "mode": "lines", "x": edges, "y": np.append(bars.y, bars.y[-1:]), "fill": "tozeroy", "hoverinfo": "skip",
            "line": {"shape": "hv", "width": 1, "color": INK[theme]},
            "fillgradient": {"type": "vertical", "colorscale": SCALE, "start": 0, "stop": 1}}
    return go.Figure([area, {**bars.to_plotly_json(), "opacity": 0}], drawn.layout, _validate=False)


def bottleneck(hidden: np.ndarray, theme: str = "light", stamp: str = "") -> go.Figure:
    """Step 2, the S numbers between W₁ and W₂, after their activation."""
    bars = {"type": "bar", "x": np.arange(len(hidden), dtype=np.uint16), "y": hidden.astype(np.float32),
            "marker": {"color": themed(ACCENT, theme), "line": {"width": 0}},
            "hovertemplate": "squeezed channel %{x}<br>h = %{y:.4f}<extra></extra>"}
    title = _titled(f"{len(hidden):,} squeezed channels", stamp)
    return figure([bars], theme, HEIGHT, bargap=0.25, yaxis=axis(theme, zeroline=True, zerolinecolor=MUTED[theme]),
                  xaxis=axis(theme, title, showgrid=False, tickvals=[], range=[-0.8, len(hidden) - 0.2]))


def logits(values: np.ndarray, labels: Sequence[str], theme: str = "light", stamp: str = "", most: int = 10) -> go.Figure:
    """The `most` greatest logits, the best class on top; hover adds the probability."""
    p = np.exp(values.astype(np.float64) - values.max())
    p, places = p / p.sum(), np.argsort(-values, kind="stable")[:most]
    bars = {
        "type": "bar", "orientation": "h", "x": values[places].astype(np.float32), "y": [*range(len(places))],
        "marker": {"color": themed(ACCENT, theme)}, "customdata": [[escape(labels[i]), percent(p[i])] for i in places],
        "text": [f"{values[i]:.2f}".replace("-", "−") for i in places], "textposition": "outside", "cliponaxis": False,
        "hovertemplate": "<b>%{customdata[0]}</b><br>logit %{x:.4f}, probability %{customdata[1]}<extra></extra>",
    }
    return figure([bars], theme, 60 + 27 * len(places), margin={"l": 8, "r": 48, "t": 8, "b": 8},
                  xaxis=axis(theme, _titled("logit", stamp), zeroline=True, zerolinecolor=MUTED[theme]),
                  yaxis=axis(theme, showgrid=False, range=[len(places) - 0.4, -0.6], tickvals=[*range(len(places))],
                             ticktext=[escape(labels[i]) for i in places], tickfont={"size": SIZE, "color": INK[theme]}))
