"""Where a network's parameters, MACs, activations and time are: per unit, per kind of layer, and against another network."""

import math
from collections.abc import Callable, Mapping
from html import escape

import plotly.graph_objects as go

from ..architecture import Architecture
from ..cost import Cost, cost
from ..graph import METRICS, exact, per_layer, quantity
from ..palette import ACCENT, INK, MUTED, PAGE, ink_on, percent, sequential, si, themed, unit_colour
from . import SIZE, axis, figure, linear, note, short, whole_percent

KINDS = {"stem": "stem", "expand": "expand", "depthwise": "depthwise", "se": "SE", "project": "project", "head": "head",
         "classifier": "classifier"}  # last part of a layer id → what it is called; in the order of the data's way
TITLES = {"params": "parameters", "macs": "MACs, one image", "activations": "activations, one image", "time": "measured time"}
CHARACTER = 0.013  # its share of the bar's length on a narrow page
UNIT_MARGIN = {"l": 8, "r": 36, "t": 28, "b": 8}  # on the right, room for half of the last label


def per_unit(table: Cost, architecture: Architecture, metric: str, times: Mapping[str, float] | None = None) -> dict[str, float]:
    """`metric` summed over the layers of every unit, in the order of the network."""
    values = per_layer(table, metric, times)
    return {unit: sum(values[layer.id] for layer in layers) for unit, layers in architecture.units()}


def unit_ticks(architecture: Architecture) -> dict:
    """Ticks for an axis with one place per unit: the stages' numbers centred under their blocks, the ends a line below."""
    places, texts, at = [0], ["<br>stem"], 1
    for stage in architecture.stages:
        places.append(at + (len(stage.blocks) - 1) / 2)
        texts.append(str(stage.index))
        at += len(stage.blocks)
    return {"tickvals": [*places, at, at + 1], "ticktext": [*texts, "<br>head", "<br><br>classifier"], "ticklen": 3,
            "showgrid": False, "range": [-0.7, at + 1.7], "tickangle": 0, "ticklabeloverflow": "allow"}


def unit_names(architecture: Architecture) -> list[str]:
    """What each unit is, for people, in the order of the network."""
    return ["conv 3×3", *(block.label for block in architecture.blocks), "conv 1×1", "pool and linear"]


def by_unit(table: Cost, architecture: Architecture, metric: str = "macs", theme: str = "light", selected: str | None = None,
            times: Mapping[str, float] | None = None) -> go.Figure:
    """One bar per unit in its stage's colour; `customdata[0]` of a bar is the unit's id, for clicks.

    `metric` is "params", "macs", "activations" or "time" (with `times`, ms per layer id). `selected` is a unit or layer.
    """
    values, chosen = per_unit(table, architecture, metric, times), architecture.unit_of(selected) if selected else None
    total = sum(values.values()) or 1
    bars = {
        "type": "bar", "x": [*range(len(values))], "y": [*values.values()],
        "customdata": [[unit, name, exact(value, metric), percent(value / total)]
                       for (unit, value), name in zip(values.items(), unit_names(architecture))],
        "marker": {"color": [unit_colour(unit, theme) for unit in values],
                   "line": {"color": INK[theme], "width": [2.5 if unit == chosen else 0 for unit in values]}},
        "hovertemplate": "<b>%{customdata[0]}</b> · %{customdata[1]}<br>%{customdata[2]}, %{customdata[3]} of the network<extra></extra>",
    }
    marks = [_mark(chosen, [*values].index(chosen), len(values), quantity(values[chosen], metric), theme)] if chosen else []
    title, text = TITLES[metric], (lambda ms: short(ms / 1e3, "s")) if metric == "time" else short
    return figure([bars], theme, 300, bargap=0.18, annotations=marks, margin=UNIT_MARGIN,
                  xaxis=axis(theme, "stage", **unit_ticks(architecture)),
                  yaxis=axis(theme, title, **linear(max(values.values()), text)))


def _mark(unit: str, index: int, units: int, text: str, theme: str) -> dict:
    """Above the plot over its bar, and turned inwards in the right half."""
    right = 2 * index > units
    words = f"{text}  <b>{unit} ▼</b>" if right else f"<b>▼ {unit}</b>  {text}"
    return note(words, theme, x=index, xanchor="right" if right else "left", xshift=8 if right else -8, yref="paper", y=1,
                yanchor="bottom", yshift=4)


def _kind(layer_id: str) -> str:
    return layer_id.rpartition(".")[2]


def by_operator(table: Cost, theme: str = "light", times: Mapping[str, float] | None = None) -> go.Figure:
    """The share of each kind of layer in the parameters, MACs, activations and, given `times`, the measured time."""
    metrics = [*METRICS] if times else ["params", "macs", "activations"]
    sums = {metric: dict.fromkeys(KINDS, 0) for metric in metrics}
    for metric in metrics:
        for layer_id, value in per_layer(table, metric, times).items():
            sums[metric][_kind(layer_id)] += value
    shown = [kind for kind in KINDS if any(sums[metric][kind] for metric in metrics)]
    traces = [_segments(kind, [*KINDS].index(kind) / (len(KINDS) - 1), sums, theme) for kind in shown]
    return figure(traces, theme, 90 + 58 * len(metrics), barmode="stack", bargap=0.28, margin={"l": 8, "r": 24, "t": 8, "b": 8},
                  showlegend=True, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal",
                                           "itemclick": False, "itemdoubleclick": False},
                  xaxis=axis(theme, "share of the network", **{**linear(1.0, whole_percent), "range": [0, 1]}),
                  yaxis=axis(theme, autorange="reversed", showgrid=False, tickfont={"size": 13, "color": INK[theme]}))


def _segments(kind: str, place: float, sums: dict[str, dict[str, float]], theme: str) -> dict:
    colour = sequential(0.1 + 0.9 * place)  # the lowest end would vanish on a dark page
    totals = {metric: sum(row.values()) or 1 for metric, row in sums.items()}
    shares = [row[kind] / totals[metric] for metric, row in sums.items()]
    return {
        "type": "bar", "orientation": "h", "name": KINDS[kind], "x": shares, "y": [_row_name(metric) for metric in sums],
        "text": [_fitting(KINDS[kind], share) for share in shares],
        "textposition": "inside", "insidetextanchor": "middle", "textangle": 0, "constraintext": "none",
        "textfont": {"size": 12, "color": ink_on(colour)}, "cliponaxis": False,
        "marker": {"color": colour, "line": {"color": themed(PAGE, theme), "width": 1}},
        "customdata": [[exact(row[kind], metric), percent(share)] for (metric, row), share in zip(sums.items(), shares)],
        "hovertemplate": f"<b>{KINDS[kind]}</b><br>%{{customdata[0]}}, %{{customdata[1]}}<extra></extra>",
    }


def _fitting(name: str, share: float) -> str:
    text = percent(share)
    return f"{name}<br>{text}" if share >= CHARACTER * max(len(name), len(text)) else ""


def _row_name(metric: str) -> str:
    return "time" if metric == "time" else METRICS[metric]


def compare(ours: Architecture, theirs: Architecture, theme: str = "light") -> go.Figure:
    """How many times as much `ours` has of each figure as `theirs`, on a logarithmic axis; the line at × 1 is "equal"."""
    rows, page = _both(ours, theirs), themed(PAGE, theme)
    ratios, places = [a / b for _, a, b, _ in rows], [*range(len(rows))]
    stems = [{"type": "line", "x0": 1, "x1": ratio, "y0": y, "y1": y, "line": {"color": MUTED[theme], "width": 2}}
             for y, ratio in zip(places, ratios)]
    one = {"type": "line", "x0": 1, "x1": 1, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": MUTED[theme], "width": 1}}
    texts = [note(f"<b>× {a / b:.3g}</b>   {text(a)} / {text(b)}", theme, xref="paper", x=1.02, xanchor="left", y=y)
             for y, (_, a, b, text) in zip(places, rows)]
    dots = {
        "type": "scatter", "mode": "markers", "x": ratios, "y": places, "cliponaxis": False,
        "marker": {"size": 13, "color": ACCENT[theme], "line": {"color": page, "width": 2}},
        "customdata": [[name, f"{a:,}", f"{b:,}"] for name, a, b, _ in rows],
        "hovertemplate": f"<b>%{{customdata[0]}}</b><br>{escape(ours.name)}: %{{customdata[1]}}<br>"
                         f"{escape(theirs.name)}: %{{customdata[2]}}<extra></extra>",
    }
    return figure([dots], theme, 60 + 34 * len(rows), shapes=[one, *stems], annotations=texts,
                  margin={"l": 8, "r": 185, "t": 8, "b": 8},
                  xaxis=axis(theme, f"times as much as {escape(theirs.name)}", type="log", **_ratio_ticks(ratios)),
                  yaxis=axis(theme, tickvals=places, ticktext=[name for name, *_ in rows], range=[len(rows) - 0.4, -0.6],
                             showgrid=False, tickfont={"size": SIZE, "color": INK[theme]}))


def _both(ours: Architecture, theirs: Architecture) -> list[tuple[str, int, int, Callable[[int], str]]]:
    """(name, our figure, their figure, how to print it)"""
    a, b = cost(ours), cost(theirs)
    return [("parameters", a.params, b.params, si), ("MACs", a.macs, b.macs, si), ("activations", a.activations, b.activations, si),
            ("input side", ours.input.height, theirs.input.height, lambda pixels: f"{pixels} px"),
            ("blocks", len(ours.blocks), len(theirs.blocks), str)]


def _ratio_ticks(ratios: list[float]) -> dict:
    """At most nine powers of two, from ½ to 2 at least."""
    low, high = math.floor(math.log2(min(0.5, *ratios))), math.ceil(math.log2(max(2.0, *ratios)))
    step = -(-(high - low) // 8)
    powers = [power for power in range(low, high + 1) if power % step == 0]
    return {"tickvals": [2.0**power for power in powers], "range": [(low - 0.3) * math.log10(2), (high + 0.3) * math.log10(2)],
            "ticktext": [f"× {2**power}" if power >= 0 else f"× 1/{2**-power}" for power in powers]}
