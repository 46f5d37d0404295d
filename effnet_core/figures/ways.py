"""Ways to run a network against each other, as `speed.race` times them."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ..errors import UserError
from ..palette import ACCENT, INK, MUTED, si, themed
from . import axis, figure, note

SYMBOLS = {"fp32": "circle", "bf16": "diamond", "fp16": "square"}
ROW = 34  # pixels


def ratios(rows: Sequence[dict], theme: str = "light") -> go.Figure:
    """A line per way: its median over the plain way's, 1 being equal, with 10 % to 90 % of its passes; a marker shape per precision.

    `rows`: those of the race that were timed, the plain way first. Raises `UserError` without rows.
    """
    if not rows:
        raise UserError("There is no way to show; a race times at least the plain one.")
    plain = rows[0]["median_ms"]
    ink, colour = themed(INK, theme), themed(ACCENT, theme)
    labels = [f"{row['name']}, {row['precision']}" for row in rows]
    data = [[label, si(row["median_ms"] / 1e3, "s"), si(row["p10_ms"] / 1e3, "s"), si(row["p90_ms"] / 1e3, "s"), f"{row['ratio']:.3f}",
             f"{row['difference']:.1e}"] for label, row in zip(labels, rows)]
    points = {
        "type": "scatter", "mode": "markers+text", "x": [row["ratio"] for row in rows], "y": [*range(len(rows))], "customdata": data,
        "text": [f"<b>{row['ratio']:.2f}</b>" for row in rows], "textposition": "top center", "textfont": {"size": 12, "color": ink},
        "marker": {"size": 12, "color": colour, "symbol": [SYMBOLS[row["precision"]] for row in rows]}, "cliponaxis": False,
        "error_x": {"type": "data", "symmetric": False, "color": colour, "thickness": 2, "width": 5,
                    "array": [(row["p90_ms"] - row["median_ms"]) / plain for row in rows],
                    "arrayminus": [(row["median_ms"] - row["p10_ms"]) / plain for row in rows]},
        "hovertemplate": "<b>%{customdata[0]}</b><br>median %{customdata[1]}, 10 % to 90 %: %{customdata[2]} to %{customdata[3]}<br>"
                         "%{customdata[4]} of the plain way's time<br>logits differ by %{customdata[5]} of the greatest<extra></extra>"}
    most = max(1.1, min(2.5, max(row["p90_ms"] / plain for row in rows)), *(row["ratio"] for row in rows))  # a long whisker is cut, no marker
    even = {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}}
    words = [note("as long as the plain way", theme, x=1, xanchor="right", yref="paper", y=1, yanchor="bottom", xshift=-4)]
    return figure([points], theme, 90 + ROW * len(rows), shapes=[even], annotations=words, margin={"l": 8, "r": 24, "t": 30, "b": 8},
                  xaxis=axis(theme, "time over that of the plain way, fp32", range=[0, 1.05 * most]),
                  yaxis=axis(theme, range=[len(rows) - 0.5, -0.7], tickvals=[*range(len(rows))], ticktext=labels, showgrid=True))
