"""The last step, from the last map to the guess: the classifier's logits as bars."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from ..palette import ACCENT, INK, MUTED, percent, themed
from . import SIZE, axis, figure


def _titled(title: str, stamp: str) -> str:
    return f"{title} · {stamp}" if stamp else title


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
