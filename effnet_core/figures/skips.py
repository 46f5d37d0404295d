"""The blocks of a network as boxes with an arc over each that something goes around; and how signal and gradient fare there with and without them."""

from collections.abc import Sequence
from html import escape
from math import isfinite

import plotly.graph_objects as go

from ..architecture import Architecture
from ..lessons.skips import has_way_around, ways
from ..palette import INK, four, themed, unit_colour
from . import axis, figure, logarithmic, note

BOX, GAP, HIGH = 20, 6, 18


def arcs(network: Architecture, theme: str = "light", chosen: str = "") -> str:
    """SVG, as wide as its place. A box is a block in its stage's colour; one without an arc has to be passed through, and stands taller."""
    count, marks, ink = ways(network), [], themed(INK, theme)
    for place, block in enumerate(network.blocks):
        left, around = GAP + place * (BOX + GAP), has_way_around(block)
        top, tall = (26, HIGH) if around else (20, HIGH + 12)
        line = f' stroke="{ink}" stroke-width="2.5"' if block.id == chosen else ""
        way = "its input is added at its end" if around else "its input is not added: stride or channels change"
        marks.append(f'<g><title>{escape(block.id)}, {escape(block.label)}: {way}</title><rect x="{left}" y="{top}" width="{BOX}" height="{tall}" rx="2" '
                     f'fill="{unit_colour(block.id, theme)}"{line}/>')
        if around:
            marks.append(f'<path d="M{left - GAP / 2},{top + tall / 2} C{left - 2},2 {left + BOX + 2},2 {left + BOX + GAP / 2},{top + tall / 2}" fill="none" '
                         f'stroke="{ink}" stroke-width="1.8"/>')
        marks.append("</g>")
    width = GAP + len(network.blocks) * (BOX + GAP)
    words = f"{count.blocks} blocks of {network.name}, {count.around} with a skip connection, drawn as an arc, and {count.through} without"
    return (f'<svg viewBox="0 0 {width} 56" width="{min(width * 1.6, 1400):.0f}" style="max-width:100%;height:auto;min-height:24px" role="img" '
            f'aria-label="{escape(words)}">{"".join(marks)}</svg>')


def flows(with_skips: Sequence, without: Sequence, what: str, theme: str = "light") -> go.Figure:
    """Two logarithmic panels over the units (`lessons.shortcuts.Flow`): the gradient of `what`, and the signal's standard deviation."""
    names = [flow.unit.removeprefix("stages.") for flow in with_skips]
    looks = (("as it is", with_skips, "stages.4", "solid", "circle"), ("without skips", without, "stages.1", "8px,4px", "square"))
    data = [_line(names, title, [getattr(flow, part) for flow in found], unit_colour(unit, theme), dash, symbol, panel, words)
            for title, found, unit, dash, symbol in looks for panel, part, words in (("", "slope", "gradient"), ("2", "spread", "deviation"))]
    slopes, spreads = ([getattr(flow, part) for flow in (*with_skips, *without)] for part in ("slope", "spread"))
    heads = [note(f"<b>gradient, ‖∂{what}/∂output‖</b>", theme, xref="paper", x=0, xanchor="left", yref="paper", y=1, yanchor="bottom", yshift=4),
             note("<b>signal, standard deviation of the output</b>", theme, xref="paper", x=0, xanchor="left", yref="paper", y=0.36, yanchor="bottom", yshift=4)]
    every = {"tickvals": names if len(names) < 24 else names[:: 1 + len(names) // 16], "type": "category", "showgrid": False}
    return figure(data, theme, 470, annotations=heads, showlegend=True, hovermode="x", margin={"l": 8, "r": 8, "t": 30, "b": 8},
                  legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom", "font": {"size": 13}},
                  xaxis=axis(theme, "", anchor="y", showticklabels=False, **every), xaxis2=axis(theme, "unit", anchor="y2", **every),
                  yaxis=axis(theme, "", domain=[0.5, 1], **_log(slopes)), yaxis2=axis(theme, "", domain=[0, 0.36], **_log(spreads)))


def _log(values: Sequence[float]) -> dict:
    """A logarithmic axis whose ticks are at most seven powers of ten where it spans many."""
    found = logarithmic([value for value in values if value > 0 and isfinite(value)] or [1.0], _power)
    ticks = found["tickvals"]
    each = 1 + len(ticks) // 7
    return {**found, "tickvals": ticks[::each], "ticktext": found["ticktext"][::each]}


def _power(value: float) -> str:
    """`10⁻⁹`, and what is nearer to 1 plainly."""
    if 0.005 < value < 2000:
        return f"{value:g}"
    digits, power = f"{value:.0e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if digits == "1" else f"{digits}·10{raised}"


def _line(names: list[str], title: str, values: list[float], colour: str, dash: str, symbol: str, panel: str, words: str) -> dict:
    return {"type": "scatter", "mode": "lines+markers", "x": names, "y": values, "name": title, "xaxis": f"x{panel}", "yaxis": f"y{panel}",
            "showlegend": not panel, "legendgroup": title, "line": {"color": colour, "width": 2.2, "dash": dash}, "marker": {"size": 7, "symbol": symbol, "color": colour},
            "hovertext": [f"{title}: {words} {four(value)}" for value in values], "hovertemplate": "%{x}: %{hovertext}<extra></extra>"}
