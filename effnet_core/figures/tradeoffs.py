"""One dimension or all three: the staircase of each way, and what equal MACs cost besides. A way keeps its colour, dash and marker."""

from collections.abc import Mapping

import plotly.graph_objects as go

from ..errors import UserError
from ..lab.tradeoffs import WAYS, Nearest, Point, curve, unscaled
from ..palette import ACCENT, INK, MUTED, PAGE, bytes_text, si, themed, unit_colour
from . import SIZE, axis, figure, logarithmic, note, short

LOOKS = {"depth": ("stages.1", "dash", "triangle-up"), "width": ("stages.3", "dot", "square"),
         "resolution": ("stages.4", "dashdot", "diamond"), "compound": ("", "solid", "circle")}  # colour, dash, marker
SIZES = {"depth": 17}  # its triangle looks out from behind the others
METRICS = {"params": "parameters", "activation_bytes": "memory of all layers' outputs, one image",
           "field_ratio": "receptive field, sides of the image"}
DRAWN = (0.05, 1 / 2, 2, 8, 32, 256, 2048)  # how far curves are drawn, in MACs of the base, so that few different ones are needed


def colour(key: str, theme: str) -> str:
    unit = LOOKS[key][0]
    return unit_colour(unit, theme) if unit else themed(ACCENT, theme)


def ratio_text(ratio: float) -> str:
    """`× 4`, `× 0.5`, `× 98`."""
    return f"× {ratio:,.0f}" if ratio >= 100 else f"× {ratio:.3g}"


def sides_text(ratio: float) -> str:
    """`3.8`, `403`, `1,083`."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def metric_text(metric: str, value: float) -> str:
    """`5.29 M`, `33.1 MB`, `3.80 sides`. Raises `UserError` for an unknown metric."""
    if metric not in METRICS:
        raise UserError(f"There is no metric {metric!r}; there are {', '.join(METRICS)}.")
    return {"params": si, "activation_bytes": bytes_text}.get(metric, lambda v: f"{sides_text(v)} sides")(value)


def reach(ratio: float) -> float:
    """How far the curves go for a wanted `ratio`."""
    return max((step for step in DRAWN[:2] if step <= ratio), default=DRAWN[0]) if ratio < 1 else next(
        (step for step in DRAWN[2:] if step >= 1.5 * ratio), DRAWN[-1])


def staircase(base: str, found: Nearest, wanted: float, theme: str = "light") -> go.Figure:
    """The counted MACs of one way over the number that is turned, both sides of `wanted` MACs; dotted, the law without rounding."""
    way, one = found.way, unscaled(base).macs
    ratio, shade = wanted / one, colour(found.way.key, theme)
    line = curve(base, way.key, reach(ratio))
    shown = [(x, p) for x, p in line if p.macs / one <= 2.2 * max(1.0, ratio) and p.macs / one >= 0.6 * min(1.0, ratio)] or line
    top = max(p.macs / one for _, p in shown)
    steps = {"type": "scatter", "mode": "lines", "x": [x for x, _ in shown], "y": [p.macs / one for _, p in shown],
             "line": {"color": shade, "width": 2.5, "shape": "hv"}, "customdata": [f"{p.macs:,}" for _, p in shown],
             "hovertemplate": f"{way.letter} = %{{x:.3~g}}: %{{customdata}} MACs, × %{{y:.3~g}}<extra></extra>"}
    law = {"type": "scatter", "mode": "lines", "x": steps["x"], "y": [way.law(x) for x, _ in shown], "hoverinfo": "skip",
           "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}}
    mark = {"type": "scatter", "mode": "markers", "x": [found.value], "y": [found.point.macs / one],
            "marker": {"size": 12, "symbol": LOOKS[way.key][2], "color": shade, "line": {"color": PAGE[theme], "width": 1.5}},
            "hovertemplate": f"<b>{way.letter} = {found.value:.4g}</b><br>{found.point.macs:,} MACs<extra></extra>"}
    goal = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": ratio, "y1": ratio, "layer": "below",
            "line": {"color": INK[theme], "width": 1.5}}
    title = note(f"<b>{way.name}</b>, {way.letter} = {found.value:.4g}", theme, xref="paper", x=0, xanchor="left", yref="paper", y=1,
                 yanchor="bottom", yshift=3, font={"size": SIZE, "color": INK[theme]})
    y = logarithmic([min(1.0, ratio), max(top, ratio)], ratio_text)
    return figure([law, steps, mark], theme, 250, shapes=[goal] if ratio <= 1.4 * top else [], annotations=[title],
                  margin={"l": 8, "r": 10, "t": 30, "b": 8}, xaxis=axis(theme, way.letter, nticks=5),
                  yaxis=axis(theme, "MACs of the base", **y))


def beside(base: str, metric: str, found: Mapping[str, Nearest], wanted: float, live: Point, theme: str = "light") -> go.Figure:
    """`metric` of all four ways over their MACs, both logarithmic, what is nearest to `wanted` MACs marked, and the live network.

    `metric` is one of `METRICS`; raises `UserError` for anything else.
    """
    metric_text(metric, 1.0)
    one = unscaled(base).macs
    pairs = [_way(base, metric, found[key], reach(wanted / one), theme) for key in WAYS]
    traces = [*(line for line, _ in pairs), *(mark for _, mark in pairs)]
    value = getattr(live, metric)
    star = {"type": "scatter", "mode": "markers", "name": "the sliders' network", "x": [live.macs], "y": [value],
            "marker": {"size": 15, "symbol": "star", "color": INK[theme], "line": {"color": PAGE[theme], "width": 1}},
            "hovertemplate": f"<b>the sliders' network</b><br>{live.macs:,} MACs<br>{metric_text(metric, value)}<extra></extra>"}
    x = logarithmic([min(one, wanted, live.macs), max(2 * one, wanted, live.macs)])
    low, high = (10 ** (end + pad) for end, pad in zip(x["range"], (0, 0.02)))
    seen = [y for trace in traces for m, y in zip(trace["x"], trace["y"]) if low <= m <= high] + [value]
    goal = {"type": "line", "x0": wanted, "x1": wanted, "yref": "paper", "y0": 0, "y1": 1, "layer": "below",
            "line": {"color": INK[theme], "width": 1.5}}
    text = {"params": short, "activation_bytes": lambda v: short(v, "B")}.get(metric, sides_text)
    return figure([*traces, star], theme, 380, shapes=[goal], showlegend=True, margin={"l": 8, "r": 16, "t": 16, "b": 8},
                  legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}, xaxis=axis(theme, "MACs, one image", **x),
                  yaxis=axis(theme, METRICS[metric], **logarithmic(seen, text)))


def _way(base: str, metric: str, found: Nearest, ratio: float, theme: str) -> tuple[dict, dict]:
    key, line, shade = found.way.key, curve(base, found.way.key, ratio), colour(found.way.key, theme)
    _, dash, symbol = LOOKS[key]
    curved = {"type": "scatter", "mode": "lines", "x": [p.macs for _, p in line], "y": [getattr(p, metric) for _, p in line],
              "line": {"color": shade, "width": 2.5, "dash": dash}, "showlegend": False, "legendgroup": key, "hoverinfo": "skip"}
    point, value = found.point, getattr(found.point, metric)
    mark = {"type": "scatter", "mode": "lines+markers", "name": found.way.name, "legendgroup": key, "x": [point.macs], "y": [value],
            "line": {"color": shade, "width": 2.5, "dash": dash},
            "marker": {"size": SIZES.get(key, 12), "symbol": symbol, "color": shade, "line": {"color": PAGE[theme], "width": 1.5}},
            "hovertemplate": f"<b>{found.way.name}, {found.way.letter} = {found.value:.4g}</b><br>{point.macs:,} MACs<br>"
                             f"{metric_text(metric, value)}<extra></extra>"}
    return curved, mark
