"""The roofline: how fast every layer computed against how much it computes for every byte, under the roofs of the machine.

The model and its picture: Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009.
"""

import math
from collections.abc import Collection, Mapping, Sequence

import plotly.graph_objects as go

from ..architecture import Architecture
from ..palette import ACCENT, INK, MUTED, PAGE, ink_on, percent, sequential, si, themed, unit_colour
from ..speed.intensity import Roof, Work, attainable, floor_s, network_floor_s
from . import SIZE, axis, figure, logarithmic, note, short
from .bars import Piece

KINDS = {  # operator → its name, and its shape as a marker and as a letter
    "conv": ("standard convolution", "hexagon", "⬢"), "pointwise": ("pointwise", "diamond", "◆"),
    "depthwise": ("depthwise", "square", "■"), "se": ("SE", "triangle-up", "▲"), "linear": ("classifier", "star", "★"),
    "maxpool": ("max pooling", "x", "✕"),
}
HEIGHT = 520
NAME = (0.25, 0.12)  # of the picture, what the name of a slope takes on a phone
FLAT = {"bf16": "dash", "fp16": "dot"}  # roofs of shorter formats


def roofline(architecture: Architecture, found: Sequence[Work], roof: Roof, times: Mapping[str, Mapping[str, float]], theme: str = "light",
             selected: str | None = None, kinds: Collection[str] = (), faster: Mapping[str, float] = {}) -> go.Figure:
    """A marker per layer: MACs per byte, and MACs per second of its measured time; both axes logarithmic.

    `times` has for "plain" and "fused", or for one of them, milliseconds per layer id: plain ones are hollow, and a line joins the two of
    a layer. `kinds` are the operators to show, all where empty; `faster` has the multiply rates of shorter formats. The layers of the unit
    `selected` have a ring. Every marker's `customdata` begins with its unit.
    """
    shown = [one for one in found if one.macs and (not kinds or one.operator in kinds)]
    paces = {way: [1e3 * one.macs / ms[one.id] for one in shown] for way, ms in times.items()}
    heights = [pace for series in paces.values() for pace in series]
    x = logarithmic([one.intensity for one in shown] or [0.1, 100.0], _ratio)
    y = logarithmic([roof.rate, *faster.values(), *(heights or [roof.rate / 100])])
    chosen = architecture.unit_of(selected) if selected else None
    units = {layer.id: unit for unit, layers in architecture.units() for layer in layers}
    traces = [*_roofs(roof, faster, x["range"], theme), *_joined(shown, [*paces.values()], theme)]
    traces += [_layers(units, shown, way, series, times[way], roof, theme) for way, series in paces.items()]
    traces += _rings(units, shown, paces, chosen, theme)
    points = [(math.log10(one.intensity), math.log10(pace)) for series in paces.values() for one, pace in zip(shown, series)]
    return figure(traces, theme, HEIGHT, hovermode="closest", annotations=_names(roof, faster, x["range"], y["range"], points, theme),
                  margin={"l": 8, "r": 12, "t": 24, "b": 8},
                  xaxis=axis(theme, "arithmetic intensity, MACs per byte", **x),
                  yaxis=axis(theme, **y) | {"title": {"text": "MACs per second", "font": {"size": SIZE}, "standoff": 14}})


def _ratio(value: float) -> str:
    return f"{value:g}" if value >= 1e-3 else f"{value:.0e}".replace("e-0", "e−")


def _line(x: list[float], y: list[float], colour: str, dash: str, hover: str, width: float = 2) -> dict:
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"color": colour, "width": width, "dash": dash},
            "hovertemplate": hover + "<extra></extra>"}


def _slopes(roof: Roof) -> dict[str, float]:
    """Bytes per second of the slanted roofs, the higher first; one where the machine shows no cache."""
    return {"caches": roof.cache} | ({"main memory": roof.main_memory} if roof.main_memory < roof.cache else {})


def _roofs(roof: Roof, faster: Mapping[str, float], span: Sequence[float], theme: str) -> list[dict]:
    low, high = (10**place for place in span)
    ink, found = themed(INK, theme), []
    for (name, pace), dash in zip(_slopes(roof).items(), ("solid", "dash")):
        ridge = roof.rate / pace
        ends = [low, *([ridge] if low < ridge < high else []), high]
        found.append(_line(ends, [attainable(end, Roof(roof.rate, ((1, pace),))) for end in ends], ink, dash,
                           f"{name}: {si(pace, 'B/s')}, fp32: {si(roof.rate)} MACs/s, which meet at {ridge:.3g} MACs per byte"))
    muted = themed(MUTED, theme)
    return found + [_line([max(low, rate / roof.cache), high], [rate, rate], muted, FLAT[name], f"{name}: {si(rate)} MACs/s", 1.5)
                    for name, rate in faster.items() if rate / roof.cache < high]


def _names(roof: Roof, faster: Mapping[str, float], wide: Sequence[float], tall: Sequence[float],
           points: Sequence[tuple[float, float]], theme: str) -> list[dict]:
    """What each roof is called: the upper slope above it, the lower one below it where no marker stands, a flat roof at its end."""
    words = []
    for (name, pace), above in zip(_slopes(roof).items(), (True, False)):
        bottom = max(wide[0], tall[0] - math.log10(pace))  # where the slope comes into the picture
        length = math.log10(roof.rate / pace) - bottom
        places = [bottom + part * length for part in ((0.5,) if above else (place / 20 for place in range(1, 19)))]
        if length > 0:
            place = places[0] if above else min(places, key=lambda x: _covered(x, x + math.log10(pace), wide, tall, points))
            side = ("right", "bottom", -3) if above else ("left", "top", 5)
            words.append(note(f"{name}<br>{si(pace, 'B/s')}", theme, x=place, y=place + math.log10(pace), xanchor=side[0], yanchor=side[1],
                              xshift=side[2], align=side[0]))
    flats = {"fp32": roof.rate} | dict(faster)
    return words + [note(f"{name}: {si(rate)} MACs/s", theme, x=wide[1], y=math.log10(rate), xanchor="right", yanchor="bottom")
                    for name, rate in flats.items()]


def _covered(x: float, y: float, wide: Sequence[float], tall: Sequence[float], points: Sequence[tuple[float, float]]) -> int:
    """How many markers stand right of and below that point, where a name of two lines would be; many where it would leave the picture."""
    right, low = x + NAME[0] * (wide[1] - wide[0]), y - NAME[1] * (tall[1] - tall[0])
    return len(points) if low < tall[0] else sum(x < at < right and low < height < y for at, height in points)


def _joined(shown: Sequence[Work], series: Sequence[Sequence[float]], theme: str) -> list[dict]:
    if len(series) < 2:
        return []
    xs = [x for one in shown for x in (one.intensity, one.intensity, None)]
    ys = [y for pair in zip(*series) for y in (*pair, None)]
    return [{"type": "scatter", "mode": "lines", "x": xs, "y": ys, "hoverinfo": "skip",
             "line": {"color": themed(MUTED, theme), "width": 0.8}, "opacity": 0.6}]


def _layers(units: Mapping[str, str], shown: Sequence[Work], way: str, paces: Sequence[float], times: Mapping[str, float], roof: Roof,
            theme: str) -> dict:
    hollow, colours = "-open" if way == "plain" else "", [unit_colour(one.id, theme) for one in shown]
    line = {"width": 1.6, "color": colours} if hollow else {"width": 0.7, "color": PAGE[theme]}
    return {"type": "scatter", "mode": "markers", "x": [one.intensity for one in shown], "y": [*paces], "name": way,
            "marker": {"size": 11, "symbol": [KINDS[one.operator][1] + hollow for one in shown], "color": colours, "line": line},
            "customdata": [[units[one.id], _told(one, way, pace, times[one.id], roof)] for one, pace in zip(shown, paces)],
            "hovertemplate": "%{customdata[1]}<extra></extra>", "unselected": {"marker": {"opacity": 1}}}  # a click is answered by the ring


def _told(one: Work, way: str, pace: float, ms: float, roof: Roof) -> str:
    least = floor_s(one, roof)
    return (f"<b>{one.id}</b> · {KINDS[one.operator][0]} · {way}<br>"
            f"{one.macs:,} MACs, {one.bytes:,} bytes: {one.intensity:.3g} MACs per byte<br>"
            f"{si(ms / 1e3, 's')}, {si(pace)} MACs/s: {percent(1e3 * least / ms)} of what its roof allows<br>"
            f"floor {si(least, 's')}, by {_by(one, roof)}")


def _by(one: Work, roof: Roof) -> str:
    return "the multiply rate" if one.macs / roof.rate >= floor_s(one, roof) else f"moving at {si(roof.bandwidth(one.held), 'B/s')}"


def _rings(units: Mapping[str, str], shown: Sequence[Work], paces: Mapping[str, Sequence[float]], chosen: str | None,
           theme: str) -> list[dict]:
    mine = [place for place, one in enumerate(shown) if units[one.id] == chosen]
    points = [(shown[place].intensity, series[place]) for series in paces.values() for place in mine]
    look = {"size": 19, "symbol": "circle-open", "color": themed(INK, theme), "line": {"width": 2, "color": themed(INK, theme)}}
    return [{"type": "scatter", "mode": "markers", "x": [x for x, _ in points], "y": [y for _, y in points], "hoverinfo": "skip",
             "marker": look}] if points else []


def stages(architecture: Architecture, theme: str = "light") -> dict[str, str]:
    """What the colours stand for: the name of every stage and of every layer beside them, and its colour."""
    units = [part.id for part in (*architecture.front, *architecture.stages, *architecture.back)]
    return {unit.replace("stages.", "stage "): unit_colour(unit, theme) for unit in units}


def memory(roof: Roof, movements: Sequence[Mapping], found: Sequence[Work], theme: str = "light") -> go.Figure:
    """Bytes moved per second against the bytes that are held, a line per kind of movement; ticks at the foot are the layers."""
    x = logarithmic([*(size for size, _ in roof.memory), *(one.held for one in found)], lambda size: short(size, "B"))
    y = logarithmic([row["bytes_per_s"] for row in movements], lambda pace: short(pace, "B/s"))
    looks = {"copy": ("circle", themed(ACCENT, theme), "copied into another array"),
             "in place": ("square", unit_colour("stages.1", theme), "read and written in place")}
    lines = [_movement([row for row in movements if row["kind"] == kind], *look) for kind, look in looks.items()]
    ticks = {"size": 12, "symbol": "line-ns-open", "color": [unit_colour(one.id, theme) for one in found]}
    foot = {"type": "scatter", "mode": "markers", "name": "what the layers hold", "x": [one.held for one in found], "marker": ticks,
            "y": [10 ** (0.96 * y["range"][0] + 0.04 * y["range"][1])] * len(found), "customdata": [one.id for one in found],
            "hovertemplate": "%{customdata}: %{x:,} bytes<extra></extra>"}
    return figure([*lines, foot], theme, 300, showlegend=True, hovermode="closest", margin={"l": 8, "r": 16, "t": 8, "b": 8},
                  legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
                  xaxis=axis(theme, "bytes that are held", **x), yaxis=axis(theme, "bytes moved per second", **y))


def _movement(rows: Sequence[Mapping], symbol: str, colour: str, name: str) -> dict:
    return {"type": "scatter", "mode": "lines+markers", "name": name, "x": [row["held"] for row in rows],
            "y": [row["bytes_per_s"] for row in rows], "line": {"color": colour, "width": 2},
            "marker": {"size": 9, "symbol": symbol, "color": colour}, "customdata": [si(row["bytes_per_s"], "B/s") for row in rows],
            "hovertemplate": f"{name}: %{{customdata}} of %{{x:,}} bytes<extra></extra>"}


def parts(found: Sequence[Work], roof: Roof, times: Mapping[str, Mapping[str, float]], theme: str = "light") -> dict[str, list[Piece]]:
    """The share of every kind of layer in the MACs, in the floor, and in the measured time of each way."""
    themed(PAGE, theme)
    groups = {kind: mine for kind in KINDS if (mine := [one for one in found if one.operator == kind])}
    rows = {"MACs": {kind: sum(one.macs for one in mine) for kind, mine in groups.items()},
            "floor": {kind: network_floor_s(mine, roof) for kind, mine in groups.items()}}
    rows |= {f"time, {way}": {kind: sum(ms[one.id] for one in mine) / 1e3 for kind, mine in groups.items()} for way, ms in times.items()}
    return {title: _pieces(values, "MACs" if title == "MACs" else "s") for title, values in rows.items()}


def _pieces(values: Mapping[str, float], unit: str) -> list[Piece]:
    total, pieces = sum(values.values()), []
    for place, (kind, value) in enumerate(values.items()):
        colour = sequential(0.1 + 0.9 * place / max(1, len(values) - 1))
        name = KINDS[kind][0]
        pieces.append(Piece(name, value / total, colour, ink_on(colour), f"{name}: {si(value, unit)}, {percent(value / total)}"))
    return [piece for piece in pieces if piece.share]
