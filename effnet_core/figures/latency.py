"""Measured time: the spread of repeats, time against MACs, and where in the network it goes.

A record is the dictionary of `Latency.to_dict()`: name, device, device_name, batch, macs (of one image), median_ms, p10_ms, p90_ms.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from ..architecture import Architecture
from ..cost import Cost
from ..errors import UserError
from ..graph import exact
from ..palette import ACCENT, INK, MUTED, PAGE, percent, si, themed, unit_colour
from ..speed.ways import WAYS
from . import SIZE, axis, figure, linear, logarithmic, note, short, whole_percent
from .units import UNIT_MARGIN, per_unit, unit_names, unit_ticks

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")  # one per device


def _ms(value: float) -> str:
    return si(value / 1e3, "s")


def distribution(samples_ms: Sequence[float], p10: float, median: float, p90: float, theme: str = "light") -> go.Figure:
    """Every repeat in the order it was measured, with the median as a line and the band from p10 to p90. All in ms.

    Raises `UserError` without samples.
    """
    if not samples_ms:
        raise UserError("There are no samples to show; a distribution needs at least one measured pass.")
    colour, last = themed(ACCENT, theme), len(samples_ms)
    order = [*range(1, last + 1)]
    points = {"type": "scatter", "mode": "markers", "x": [*samples_ms], "y": order,
              "marker": {"size": 7, "color": colour, "opacity": 0.75},
              "hovertemplate": "pass %{y}: %{x:.4~g} ms<extra></extra>"}
    counts = {"type": "histogram", "x": [*samples_ms], "yaxis": "y2", "marker": {"color": colour}, "nbinsx": 40,
              "hovertemplate": "%{x} ms: %{y} passes<extra></extra>"}
    band = {"type": "rect", "x0": p10, "x1": p90, "y0": 0, "y1": 1, "yref": "paper", "fillcolor": colour, "opacity": 0.13,
            "line": {"width": 0}, "layer": "below"}
    middle = {"type": "line", "x0": median, "x1": median, "y0": 0, "y1": 1, "yref": "paper",
              "line": {"color": INK[theme], "width": 2}}
    title = note(f"<b>median {_ms(median)}</b>, 10 % to 90 %: {_ms(p10)} to {_ms(p90)}", theme, xref="paper", x=0,
                 xanchor="left", yref="paper", y=1, yanchor="bottom", yshift=4, font={"size": SIZE, "color": INK[theme]})
    return figure([points, counts], theme, 300, bargap=0.06, shapes=[band, middle], annotations=[title],
                  margin={"l": 8, "r": 16, "t": 34, "b": 8},
                  xaxis=axis(theme, "time of one forward pass, ms", anchor="y"),
                  yaxis=axis(theme, "pass in order", domain=[0, 0.46], range=[last + 1, 0], showgrid=False, nticks=5),
                  yaxis2=axis(theme, "passes", domain=[0.54, 1], nticks=4))


def history(records: Sequence[Mapping], theme: str = "light") -> go.Figure:
    """Measured time against MACs, both logarithmic, one marker shape per device; bars from p10 to p90.

    The dotted line is what time would be if it only followed the MACs, through the middle of a device's points.
    """
    macs = [record["macs"] * record["batch"] for record in records]
    times = [record[key] / 1e3 for record in records for key in ("p10_ms", "p90_ms")]
    x, y = logarithmic(macs or [1e8, 1e10]), logarithmic(times or [1e-2, 1.0], lambda seconds: short(seconds, "s"))
    devices = [*dict.fromkeys((record["device"], record["device_name"]) for record in records)]
    colours = (themed(ACCENT, theme), unit_colour("stages.1", theme), unit_colour("stages.4", theme))
    traces = []
    for i, device in enumerate(devices):
        mine = [record for record in records if (record["device"], record["device_name"]) == device]
        traces += _points(mine, escape(device[1]), SYMBOLS[i % len(SYMBOLS)], colours[i % len(colours)], x["range"], theme)
    words = [note("dotted: if time followed the MACs", theme, xref="paper", x=1, xanchor="right", yref="paper", y=0, yanchor="bottom",
                  font={"size": 12, "color": MUTED[theme]})] if any(trace["mode"] == "lines" for trace in traces) else []
    if not records:
        words = [note("No measurement yet", theme, xref="paper", yref="paper", x=0.5, y=0.5)]
    return figure(traces, theme, 380, annotations=words, showlegend=len(devices) > 1, margin={"l": 8, "r": 40, "t": 16, "b": 8},
                  legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
                  xaxis=axis(theme, "MACs of one forward pass (all images of the batch)", **x),
                  yaxis=axis(theme, "median time of a forward pass", **y))


def _points(records: list[Mapping], device: str, symbol: str, colour: str, span: list[float], theme: str) -> list[dict]:
    macs = [record["macs"] * record["batch"] for record in records]
    times = [record["median_ms"] for record in records]
    labels = [escape(_label(record)) for record in records]
    told = [*zip(labels, macs)]
    data = [[exact(m, "macs"), *(f"{r[key]:.4g}" for key in ("median_ms", "p10_ms", "p90_ms")), label]
            for m, r, label in zip(macs, records, labels)]
    points = {
        "type": "scatter", "mode": "markers+text", "name": device, "x": macs, "y": [ms / 1e3 for ms in times],
        "text": ["" if told[i] in told[i + 1:] else label for i, label in enumerate(labels)],  # repeats of a measurement share one
        "textposition": [f"middle {'right' if 2 * math.log10(m) < sum(span) else 'left'}" for m in macs],  # away from the edge
        "textfont": {"size": 12, "color": INK[theme]}, "customdata": data, "cliponaxis": False,
        "marker": {"size": 10, "symbol": symbol, "color": colour, "line": {"color": PAGE[theme], "width": 1}},
        "error_y": {"type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
                    "array": [(r["p90_ms"] - r["median_ms"]) / 1e3 for r in records],
                    "arrayminus": [(r["median_ms"] - r["p10_ms"]) / 1e3 for r in records]},
        "hovertemplate": f"<b>%{{customdata[4]}}</b> on {device}<br>%{{customdata[0]}}<br>median %{{customdata[1]}} ms, 10 % to 90 %: "
                         "%{customdata[2]} to %{customdata[3]} ms<extra></extra>",
    }
    return [_proportional(macs, times, colour), points] if len({*macs}) > 1 else [points]


def _label(record: Mapping) -> str:
    name = record["name"].removeprefix("EfficientNet-").removeprefix("B0 scaled by ")
    way, precision = record.get("way", "plain"), record.get("precision", "fp32")
    return ", ".join([name, *([] if record["batch"] == 1 else [f"batch {record['batch']}"]), *([] if way == "plain" else [WAYS[way].name]),
                      *([] if precision == "fp32" else [precision])])


def _proportional(macs: list[int], times: list[float], colour: str) -> dict:
    rate = 1.0
    for m, t in zip(macs, times):
        rate *= (t / m) ** (1 / len(macs))  # geometric mean
    ends = [min(macs), max(macs)]
    return {"type": "scatter", "mode": "lines", "x": ends, "y": [rate * end / 1e3 for end in ends], "showlegend": False,
            "line": {"color": colour, "width": 1.5, "dash": "dot"}, "opacity": 0.7, "hoverinfo": "skip"}


def layers(times: Mapping[str, float], architecture: Architecture, table: Cost, theme: str = "light",
           selected: str | None = None) -> go.Figure:
    """Per unit, its share of the measured time (upwards) over its share of the MACs (downwards, hatched).

    `times` in ms per layer id; raises `UserError` where a layer lacks one. The unit of `selected`, a unit or layer, is outlined.
    """
    ms, macs = per_unit(table, architecture, "time", times), per_unit(table, architecture, "macs")
    names, all_ms, all_macs = unit_names(architecture), sum(ms.values()) or 1.0, sum(macs.values())
    chosen = architecture.unit_of(selected) if selected else None
    colours, outline = [unit_colour(unit, theme) for unit in ms], [2.5 if unit == chosen else 0 for unit in ms]
    data = [[unit, name, exact(ms[unit], "time"), percent(ms[unit] / all_ms), exact(macs[unit], "macs"), percent(macs[unit] / all_macs)]
            for unit, name in zip(ms, names)]
    hover = ("<b>%{customdata[0]}</b> · %{customdata[1]}<br>%{customdata[2]}, %{customdata[3]} of the time<br>"
             "%{customdata[4]}, %{customdata[5]} of the MACs<extra></extra>")
    common = {"type": "bar", "x": [*range(len(ms))], "customdata": data, "hovertemplate": hover,
              "unselected": {"marker": {"opacity": 1}}}  # a click is answered by the outline
    line = {"color": INK[theme], "width": outline}
    up = {**common, "y": [value / all_ms for value in ms.values()], "marker": {"color": colours, "line": line}}
    down = {**common, "y": [-value / all_macs for value in macs.values()],
            "marker": {"color": colours, "line": line, "opacity": 0.75, "pattern": {"shape": "/", "size": 5, "solidity": 0.5}}}
    most = 1.1 * max(*up["y"], *(-y for y in down["y"]))
    words = [note(text, theme, xref="paper", x=0.01, xanchor="left", yref="paper", y=y, yanchor=side)
             for text, y, side in (("<b>share of the time</b>", 1, "top"), ("<b>share of the MACs</b>", 0, "bottom"))]
    return figure([up, down], theme, 340, margin=UNIT_MARGIN, barmode="overlay", bargap=0.18, annotations=words,
                  xaxis=axis(theme, "stage", **unit_ticks(architecture)),
                  yaxis=axis(theme, "", zeroline=True, zerolinecolor=MUTED[theme], **linear(most, whole_percent, below=True)))
