"""What a ReLU after the projection would zero, and what it would cost, block by block."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from ..lessons.rectified import Cut
from ..palette import INK, MUTED, percent, themed, unit_colour
from . import axis, figure, linear, note, whole_percent


def cuts(found: Sequence[Cut], untouched: float, label: str, theme: str = "light", chosen: str = "") -> go.Figure:
    """Two panels over the blocks; the dotted line is the probability of `label` in the network as it is. `customdata` is a bar's block."""
    names = [cut.block.removeprefix("stages.") for cut in found]
    colours = [unit_colour(cut.block, theme) for cut in found]
    ink, line = themed(INK, theme), [2.5 if cut.block == chosen else 0 for cut in found]
    looks = {"color": colours, "line": {"color": ink, "width": line}}
    common = {"type": "bar", "x": names, "customdata": [[cut.block] for cut in found], "marker": looks}
    zero = {**common, "y": [cut.negative for cut in found], "hovertext": [
        f"<b>{cut.block}</b>: {percent(cut.negative)} of the numbers of its {cut.channels} channels are below zero" for cut in found]}
    left = {**common, "y": [cut.probability for cut in found], "yaxis": "y2", "xaxis": "x2", "hovertext": [
        f"<b>{cut.block}</b>: with a ReLU after this projection alone, {escape(label)} gets {percent(cut.probability)}" for cut in found]}
    for panel in (zero, left):
        panel["hovertemplate"] = "%{hovertext}<extra></extra>"
    guide = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": untouched, "y1": untouched,
             "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}}
    asked = f"<b>probability of {escape(label)} with a ReLU there</b><br>dotted: as it is, {percent(untouched)}"
    words = [note(text, theme, xref="paper", x=0, xanchor="left", yref="paper", y=y, yanchor="bottom", yshift=4, align="left")
             for text, y in (("<b>below zero after the projection</b>", 1), (asked, 0.4))]
    ticks = {"type": "category", "showgrid": False}
    return figure([zero, left], theme, 430, shapes=[guide], annotations=words, bargap=0.18, margin={"l": 8, "r": 8, "t": 30, "b": 8},
                  xaxis=axis(theme, "", anchor="y", showticklabels=False, **ticks), xaxis2=axis(theme, "block", anchor="y2", **ticks),
                  yaxis=axis(theme, "", domain=[0.62, 1], **linear(1.0, whole_percent)),
                  yaxis2=axis(theme, "", domain=[0, 0.4], **linear(1.0, whole_percent)))
