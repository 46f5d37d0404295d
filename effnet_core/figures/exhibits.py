"""The paper's charts with the costs counted here. An accuracy that the paper only draws is a dotted line: it lies somewhere on it."""

import math
from functools import cache

import plotly.graph_objects as go

from ..errors import UserError
from ..lab.paper import FIGURE_3, FIGURE_4, SATURATION, TABLE_7, B, Result, Scaled, counted, excess, flops_text, scaled_b0
from ..palette import INK, MUTED, PAGE, themed, unit_colour
from . import SIZE, axis, figure, logarithmic, note, signed_percent
from .tradeoffs import LOOKS, colour

RANGE = (76.0, 82.0)  # percent
BESIDE = {"depth": "bottom center", "width": "middle left", "resolution": "top center", "compound": "top center"}  # of a marker, its name
BETWEEN = BESIDE | {"width": "bottom right", "resolution": "bottom right"}  # among the poles
LETTERS = {"width": "w", "depth": "d", "resolution": "r"}
CEILING = 25 * B  # MACs, the end of Figure 4
WIDTHS = tuple(round(1 + 0.05 * step, 2) for step in range(200))
BASES = (("stages.0", "solid", "circle"), ("stages.4", "dash", "diamond"), ("stages.1", "dot", "square"),
         ("stages.6", "dashdot", "triangle-up"))  # colour, dash and marker of the four baselines


def way_of(row: Scaled) -> str:
    """Which of its dimensions a row scales; "compound" where more than one, or none."""
    scaled = [key for key in ("depth", "width", "resolution") if getattr(row, key) != 1]
    return scaled[0] if len(scaled) == 1 else "compound"


def single(dimension: str, theme: str = "light") -> go.Figure:
    """A panel of Figure 3: one dimension of B0 scaled by the paper's factors, placed at the MACs counted here.

    Dots are the accuracies that Table 7 prints; the others are only drawn in the paper. Raises `UserError` for another dimension.
    """
    if dimension not in FIGURE_3:
        raise UserError(f"There is no panel {dimension!r} in Figure 3; there are {', '.join(FIGURE_3)}.")
    letter, shade = LETTERS[dimension], colour(dimension, theme)
    costs = {factor: scaled_b0(**{dimension: factor}) for factor in FIGURE_3[dimension]}
    known = [row for row in TABLE_7 if row.label == "baseline" or way_of(row) == dimension]
    hidden = {factor: total for factor, total in costs.items() if factor not in {getattr(row, dimension) for row in known}}
    told = [f"{letter} = {factor:g}: {total.macs:,} MACs, {total.params:,} parameters"
            + ("<br>accuracy drawn, not printed" if factor in hidden else "") for factor, total in costs.items()]
    feet = {"type": "scatter", "mode": "markers", "x": [total.macs for total in costs.values()], "y": [RANGE[0]] * len(costs),
            "marker": {"size": 9, "symbol": "line-ns-open", "color": shade, "line": {"width": 2}}, "cliponaxis": False,
            "customdata": told, "hovertemplate": "%{customdata}<extra></extra>"}
    poles = [{"type": "line", "x0": total.macs, "x1": total.macs, "y0": RANGE[0], "y1": RANGE[1],
              "line": {"color": shade, "width": 1.5, "dash": "dot"}} for total in hidden.values()]
    limit = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": SATURATION, "y1": SATURATION,
             "line": {"color": MUTED[theme], "width": 1, "dash": "dash"}}
    words = [note(f"{factor:g}", theme, x=math.log10(total.macs), y=RANGE[1], yanchor="bottom") for factor, total in costs.items()]
    x = logarithmic([total.macs for total in costs.values()])
    return figure([feet, *_printed(known, theme, BETWEEN)], theme, 300, shapes=[*poles, limit], annotations=words,
                  margin={"l": 8, "r": 12, "t": 22, "b": 8}, xaxis=axis(theme, f"MACs counted here, for {letter} as above", **x),
                  yaxis=axis(theme, "top-1, %", range=[*RANGE], dtick=1))


def _printed(rows: list[Scaled], theme: str, beside: dict[str, str]) -> list[dict]:
    """Printed accuracies: full at the counted MACs, hollow at the paper's FLOPS, joined by a line."""
    traces = []
    for row in rows:
        ours, shade, symbol = counted(row).macs, colour(way_of(row), theme), LOOKS[way_of(row)][2]
        traces.append({
            "type": "scatter", "mode": "lines+markers+text", "x": [row.flops, ours], "y": [row.top1, row.top1],
            "name": row.label, "line": {"color": shade, "width": 1.5}, "text": ["", row.label], "textposition": beside[way_of(row)],
            "textfont": {"size": 12, "color": INK[theme]}, "cliponaxis": False,
            "marker": {"size": 11, "symbol": [f"{symbol}-open", symbol], "color": shade,
                       "line": {"color": [shade, PAGE[theme]], "width": [2, 1]}},
            "customdata": [f"the paper's {flops_text(row.flops)} FLOPS", f"{ours:,} MACs counted here"],
            "hovertemplate": f"<b>B0, {row.label}</b><br>%{{customdata}}<br>top-1 {row.top1} %, printed in Table 7<extra></extra>"})
    return traces


def methods(theme: str = "light") -> go.Figure:
    """The place of Figure 8: the five networks of Table 7, whose accuracies are printed."""
    themed(INK, theme)
    key = note("full: counted here · hollow: the paper's FLOPS", theme, xref="paper", x=1, xanchor="right", yref="paper", y=0,
               yanchor="bottom", font={"size": 12, "color": MUTED[theme]})
    ticks = {"tickvals": [0.5e9 * step for step in range(5)], "ticktext": ["0", *(f"{0.5 * step:g} G" for step in range(1, 5))]}
    return figure(_printed([*TABLE_7], theme, BESIDE), theme, 360, annotations=[key], margin={"l": 8, "r": 40, "t": 20, "b": 8},
                  xaxis=axis(theme, "MACs, one image", range=[0, 2.2e9], **ticks),
                  yaxis=axis(theme, "top-1 on ImageNet, %", range=[76.8, 81.8], dtick=1))


@cache
def _widths(depth: float, resolution: float) -> tuple[list[float], list[int]]:
    """Width factors and MACs from 1 until Figure 4 ends."""
    found = [(width, scaled_b0(depth, width, resolution).macs) for width in WIDTHS]
    kept = [(width, macs) for width, macs in found if macs <= CEILING]
    return [width for width, _ in kept], [macs for _, macs in kept]


def widths(theme: str = "light") -> go.Figure:
    """What Figure 4 varies: the MACs of its four baselines over the width factor, counted here, as far as the paper's axis goes."""
    traces = []
    for (depth, resolution), (unit, dash, symbol) in zip(FIGURE_4, BASES):
        x, y = _widths(depth, resolution)
        shade, name = unit_colour(unit, theme), f"d = {depth:g}, r = {resolution:g}"
        traces.append({"type": "scatter", "mode": "lines+markers", "name": name, "x": x, "y": y,
                       "line": {"color": shade, "width": 2, "dash": dash}, "customdata": [f"{macs:,}" for macs in y],
                       "marker": {"symbol": symbol, "size": 9, "color": shade, "maxdisplayed": 6},
                       "hovertemplate": f"{name}, w = %{{x:.3~g}}: %{{customdata}} MACs<extra></extra>"})
    return figure(traces, theme, 360, showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
                  margin={"l": 8, "r": 12, "t": 16, "b": 8}, xaxis=axis(theme, "width factor w", nticks=8),
                  yaxis=axis(theme, "MACs, one image", **logarithmic([scaled_b0().macs, CEILING])))


def agreement(rows: list[tuple[str, Result | Scaled]], theme: str = "light") -> go.Figure:
    """How far each printed FLOPS figure lies from the count, as a share of it; `rows` have a label each. Zero is agreement."""
    ink = themed(INK, theme)
    off = [excess(row.flops, counted(row).macs) for _, row in rows]
    reach = 1.45 * max(0.02, *map(abs, off))
    each = 0.02 if reach < 0.08 else 0.05 if reach < 0.12 else 0.1
    steps = [each * step for step in range(-int(reach / each), int(reach / each) + 1)]
    stems = [{"type": "line", "x0": 0, "x1": value, "y0": i, "y1": i, "line": {"color": MUTED[theme], "width": 2}}
             for i, value in enumerate(off)]
    dots = {"type": "scatter", "mode": "markers+text", "x": off, "y": [*range(len(off))], "text": [signed_percent(v) for v in off],
            "textposition": [f"middle {'left' if v < 0 else 'right'}" for v in off], "textfont": {"size": 12, "color": ink},
            "cliponaxis": False, "marker": {"size": 11, "color": colour("compound", theme)},
            "customdata": [f"<b>{label}</b><br>printed {flops_text(row.flops)}, counted {counted(row).macs:,}" for label, row in rows],
            "hovertemplate": "%{customdata}<extra></extra>"}
    ticks = {"tickvals": [*range(len(rows))], "ticktext": [label for label, _ in rows], "tickfont": {"size": SIZE, "color": ink}}
    scale = {"range": [-reach, reach], "tickvals": steps, "ticktext": [signed_percent(step, 0) for step in steps]}
    return figure([dots], theme, 80 + 30 * len(rows), shapes=stems, margin={"l": 8, "r": 16, "t": 8, "b": 8},
                  xaxis=axis(theme, "printed FLOPS over counted MACs", zeroline=True, zerolinecolor=ink, tickangle=0, **scale),
                  yaxis=axis(theme, "", showgrid=False, range=[len(rows) - 0.4, -0.6], **ticks))
