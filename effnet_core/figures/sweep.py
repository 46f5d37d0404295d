"""A sweep as small multiples over what was swept: images per second, time, memory, each with what it would be if it followed the work.

A record is what `speed.sweep.sweep` returns; while it is measured, its points are those so far.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import plotly.graph_objects as go

from ..palette import ACCENT, INK, MUTED, PAGE, si, themed, unit_colour
from ..speed import reading
from . import axis, figure, linear, logarithmic, note, short

AXES = {"batch": "images in a batch", "phi": "φ", "side": "side of the images, pixels"}
MOST_TICKS = 7
BESIDE = (("stages.1", "square"), ("stages.4", "diamond"), ("stages.6", "triangle-up"))  # looks of other sweeps
Row = Mapping
Three = tuple[float, float, float]  # median, and the ends of what eight of ten passes took


class Panel(NamedTuple):
    """One quantity over the sweep."""

    title: str
    figures: Callable[[Row], Three | None]
    expected: Callable[[Mapping, Row], list[float]]  # of a record and its first point: at every value
    text: Callable[[float], str]
    means: str  # of the dotted line
    log: bool


def _rate(row: Row) -> Three:
    return row["images_per_second"], 1e3 * row["batch"] / row["p90_ms"], 1e3 * row["batch"] / row["p10_ms"]


def _seconds(row: Row) -> Three:
    return row["median_ms"] / 1e3, row["p10_ms"] / 1e3, row["p90_ms"] / 1e3


def _pace(row: Row) -> Three:
    done = 1e3 * reading.work(row)
    return done / row["median_ms"], done / row["p90_ms"], done / row["p10_ms"]


def _memory(row: Row) -> Three | None:
    held = reading.held(row)
    return None if held is None else (held, held, held)


def _batches(record: Mapping, first: Row) -> list[int]:
    return record["values"] if record["over"] == "batch" else [first["batch"]] * len(record["values"])


def _in_proportion(record: Mapping, first: Row) -> list[float]:
    """Seconds of a pass, if time followed the MACs."""
    return [first["median_ms"] / 1e3 * work / reading.work(first) for work in record["work"]]


FOLLOWED = "dotted: if time followed the MACs"
PANELS = {
    "rate": Panel("Images per second", _rate,
                  lambda record, first: [batch / time for batch, time in zip(_batches(record, first), _in_proportion(record, first))],
                  short, FOLLOWED, False),
    "time": Panel("Time of a pass", _seconds, _in_proportion, lambda value: short(value, "s"), FOLLOWED, True),
    "pace": Panel("Multiply-adds per second", _pace, lambda record, first: [reading.pace(first)] * len(record["values"]), short, FOLLOWED,
                  False),
    "memory": Panel("Memory at the peak", _memory, lambda record, first: record["counted"], lambda value: short(value, "B"),
                    "dotted: counted from the shapes", True),
}
OF = {"batch": ("rate", "time", "memory"), "phi": ("time", "pace", "memory"), "side": ("time", "pace", "memory")}


def panel(record: Mapping, name: str, theme: str = "light", beside: Sequence[tuple[str, Mapping]] = ()) -> go.Figure:
    """The panel `name` of `PANELS`; `beside` are other sweeps of the same quantity with what to call them, at most three."""
    what, values = PANELS[name], record["values"]
    rows = [row for row in reading.measured(record) if what.figures(row) is not None]
    expected = what.expected(record, rows[0]) if rows else []
    reach = [*values, *(value for _, other in beside if other["points"] for value in other["values"])]
    others = [(label, [row for row in reading.measured(other) if what.figures(row) is not None]) for label, other in beside[: len(BESIDE)]]
    seen = [value for row in (*rows, *(row for _, theirs in others for row in theirs)) for value in what.figures(row)]
    y = _scale(what, [*seen, *expected])
    traces = [_dotted(values, expected, what, theme)] if rows else []
    traces += [_line(theirs, what, label, looks, theme) for (label, theirs), looks in zip(others, BESIDE) if theirs]
    traces += [_line(rows, what, "", None, theme)] if rows else []
    if out := reading.left_out(record):
        traces.append(_crosses(out, y, theme))
    words = [note(what.means, theme, xref="paper", x=0, xanchor="left", yref="paper", y=1, yanchor="bottom",
                  font={"size": 12, "color": MUTED[theme]})] if rows else [_nothing(what, record, theme)]
    return figure(traces, theme, 280, annotations=words, margin={"l": 8, "r": 14, "t": 24, "b": 8}, hovermode="closest",
                  xaxis=axis(theme, AXES[record["over"]], **_across(record["over"], values, reach)), yaxis=axis(theme, **y))


def _scale(what: Panel, values: list[float]) -> dict:
    if what.log:
        return logarithmic(values or [1.0], what.text)
    return linear(max(values, default=1.0), what.text)


def _across(over: str, values: Sequence[float], reach: Sequence[float]) -> dict:
    """The horizontal axis around `reach`: with ticks at all values asked for, measured or not, so that it stays as points come in."""
    every = math.ceil(len(values) / MOST_TICKS)
    ticks = sorted(values)[::every]
    options = {"tickvals": ticks, "ticktext": [f"{tick:,.4g}".replace("-", "−") for tick in ticks]}
    low, high = min(reach), max(reach)
    if over == "phi":
        room = 0.06 * (high - low)
        return {**options, "range": [low - room, high + room]}
    room = 0.06 * math.log10(high / low)
    return {**options, "type": "log", "range": [math.log10(low) - room, math.log10(high) + room]}


def _dotted(values: Sequence[float], expected: Sequence[float], what: Panel, theme: str) -> dict:
    x, y = zip(*sorted(zip(values, expected)))
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"color": themed(MUTED, theme), "width": 1.5, "dash": "dot"},
            "customdata": [what.text(value) for value in y],
            "hovertemplate": what.means.partition(": ")[2] + ": %{customdata}<extra></extra>"}


def _line(rows: Sequence[Row], what: Panel, label: str, looks: tuple[str, str] | None, theme: str) -> dict:
    """Points that cannot be trusted are hollow."""
    colour = unit_colour(looks[0], theme) if looks else themed(ACCENT, theme)
    symbol = looks[1] if looks else "circle"
    figures = [what.figures(row) for row in rows]
    whiskers = {"type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
                "array": [high - middle for middle, _, high in figures], "arrayminus": [middle - low for middle, low, _ in figures]}
    return {"type": "scatter", "mode": "lines+markers", "name": label, "x": [row["value"] for row in rows],
            "y": [middle for middle, _, _ in figures], "error_y": whiskers, "line": {"color": colour, "width": 1.5 if looks else 2},
            "marker": {"size": 9, "color": colour, "symbol": [symbol if row["steady"] else f"{symbol}-open" for row in rows],
                       "line": {"color": [PAGE[theme] if row["steady"] else colour for row in rows], "width": 1.5}},
            "cliponaxis": False, "customdata": [_told(row, what, label) for row in rows], "hovertemplate": "%{customdata}<extra></extra>"}


def _told(row: Row, what: Panel, label: str) -> str:
    """Exact figures, and why they are doubtful."""
    lines = [f"<b>{escape(row['name'])}, batch {row['batch']}</b>" + (f", {escape(label)}" if label else ""),
             f"median {row['median_ms']:,.4g} ms, 10 % to 90 %: {row['p10_ms']:,.4g} to {row['p90_ms']:,.4g} ms",
             f"{row['images_per_second']:,.4g} images per second, {si(reading.pace(row))} MACs/s"]
    if (held := reading.held(row)) is not None:
        lines.append(f"{held:,} bytes at the peak, {row['weights']:,} of them weights")
    return "<br>".join(lines + ([] if row["steady"] else ["hollow: other work disturbed it"]))


def _crosses(rows: Sequence[Row], y: dict, theme: str) -> dict:
    """Where a point was left out, at the foot of the chart."""
    foot = 10 ** y["range"][0] if y.get("type") == "log" else y["range"][0]
    return {"type": "scatter", "mode": "markers", "x": [row["value"] for row in rows], "y": [foot] * len(rows), "cliponaxis": False,
            "marker": {"symbol": "x", "size": 9, "color": themed(INK, theme)},
            "customdata": [f"<b>{escape(row['name'])}, batch {row['batch']}</b><br>left out: {_wrapped(escape(row['error']))}"
                           for row in rows],
            "hovertemplate": "%{customdata}<extra></extra>"}


def _wrapped(text: str, width: int = 60) -> str:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{word} "
    return "<br>".join(line.strip() for line in lines)


def _nothing(what: Panel, record: Mapping, theme: str) -> dict:
    rows = reading.measured(record)
    later = any(row["memory_by"] == "later" for row in rows)
    words = "nothing measured yet" if not rows else "measured last, when all times are there" if later else "not measured on this device"
    return note(words, theme, xref="paper", yref="paper", x=0.5, y=0.5)
