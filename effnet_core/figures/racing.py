"""A standard convolution and the separable pair, measured: what the pair takes of its work, traffic and time, and how fast each is."""

import math

import plotly.graph_objects as go

from ..palette import INK, MUTED, si, themed, unit_colour
from . import SIZE, axis, figure, linear, logarithmic, note

NAMES = {"standard": "standard", "depthwise": "depthwise", "pointwise": "pointwise", "pair": "the pair"}
LOOKS = {"standard": ("stages.0", "circle"), "depthwise": ("stages.1", "square"), "pointwise": ("stages.4", "diamond"),
         "pair": ("stages.6", "triangle-up")}
KINDS = {"macs": "MACs", "bytes": "bytes to move", "median_ms": "time measured"}


def parts(record: dict, theme: str = "light") -> go.Figure:
    """Bars of the pair's MACs, bytes and time over the standard convolution's; `record` as `lessons.racing.race` gives it."""
    standard, pair = record["ways"]["standard"], record["ways"]["pair"]
    shares = {kind: pair[kind] / standard[kind] for kind in KINDS}
    low, high = (pair[key] / standard["median_ms"] for key in ("p10_ms", "p90_ms"))
    ends = {kind: high if kind == "median_ms" else share for kind, share in shares.items()}  # of each bar with its whisker
    rows = [*KINDS][::-1]
    whiskers = {"type": "data", "symmetric": False, "color": themed(INK, theme), "thickness": 1.5, "width": 6,
                "array": [ends[kind] - shares[kind] for kind in rows],
                "arrayminus": [shares[kind] - low if kind == "median_ms" else 0 for kind in rows]}
    bars = {"type": "bar", "orientation": "h", "x": [shares[kind] for kind in rows], "y": [KINDS[kind] for kind in rows],
            "error_x": whiskers,
            "marker": {"color": [unit_colour("stages.6" if kind == "median_ms" else "stages.0", theme) for kind in rows]},
            "customdata": [_exact(pair[kind], standard[kind], kind) for kind in rows], "hovertemplate": "%{customdata}<extra></extra>"}
    words = [note(f"<b>{shares[kind]:.3g}</b>", theme, x=ends[kind], y=KINDS[kind], xanchor="left", xshift=8) for kind in rows]
    line = {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": themed(MUTED, theme), "width": 1.5, "dash": "dot"}}
    x = axis(theme, "the pair, over the standard convolution", **linear(1.08 * max(1.0, *ends.values()), lambda value: f"{value:.3g}"))
    return figure([bars], theme, 250, shapes=[line], margin={"l": 8, "r": 40, "t": 26, "b": 8}, xaxis=x, yaxis=axis(theme, showgrid=False),
                  annotations=[*words, note("standard = 1", theme, x=1, yref="paper", y=1, yanchor="bottom")])


def _exact(pair: float, standard: float, kind: str) -> str:
    one, other = ((si(value / 1e3, "s") for value in (pair, standard)) if kind == "median_ms" else (f"{value:,}" for value in (pair,
                                                                                                                               standard)))
    return f"{KINDS[kind]}: the pair {one}, standard {other}"


def paces(record: dict, theme: str = "light") -> go.Figure:
    """MACs per second, as measured, against MACs per byte, as counted; both axes logarithmic.

    The dashed line is as fast as copying a map: bytes per second times MACs per byte, the sloping part of a roofline (Williams, Waterman
    and Patterson, 2009).
    """
    batch, ways, copied = record["batch"], record["ways"], record["copied_per_s"]
    places = {name: (batch * way["macs"] / way["bytes"], way["macs_per_s"]) for name, way in ways.items()}
    x, y = zip(*places.values())
    wide, high = logarithmic(x), logarithmic([*y, *(_pace(way, "p90_ms", batch) for way in ways.values())])
    roof = _roof(copied, [10**place for place in wide["range"]], theme)
    words = [note(NAMES[name], theme, x=math.log10(x), y=math.log10(y), xanchor="left", xshift=11, yshift=9) for name,
             (x, y) in places.items()]
    title = {"text": "MACs per second", "font": {"size": SIZE}, "standoff": 14}
    room = {"range": [wide["range"][0], wide["range"][1] + 0.25]}  # for the last name
    return figure([*(_point(name, ways[name], *place, batch, theme) for name, place in places.items()), roof], theme, 250,
                  annotations=words,
                  hovermode="closest", margin={"l": 8, "r": 24, "t": 12, "b": 8},
                  xaxis=axis(theme, "MACs per byte moved", **{**wide, **room}),
                  yaxis=axis(theme, **high) | {"title": title})


def _roof(copied: float, ends: list[float], theme: str) -> dict:
    return {"type": "scatter", "mode": "lines", "x": ends, "y": [copied * end for end in ends],
            "line": {"color": themed(MUTED, theme), "width": 1.5, "dash": "dash"},
            "hovertemplate": f"at the pace of a copy, {si(copied, 'B/s')}: %{{y:.3s}} MACs/s<extra></extra>"}


def _pace(way: dict, key: str, batch: int) -> float:
    """MACs per second of a pass that takes `way[key]` milliseconds."""
    return 1e3 * batch * way["macs"] / way[key]


def _point(name: str, way: dict, intensity: float, pace: float, batch: int, theme: str) -> dict:
    stage, symbol = LOOKS[name]
    slow, fast = _pace(way, "p90_ms", batch), _pace(way, "p10_ms", batch)
    whiskers = {"type": "data", "symmetric": False, "array": [fast - pace], "arrayminus": [pace - slow], "color": themed(MUTED, theme),
                "thickness": 1.5, "width": 5}
    hover = f"{NAMES[name]}: {intensity:.3g} MACs per byte, {si(pace)} MACs/s<br>10 % to 90 %: {si(slow)} to {si(fast)}<extra></extra>"
    return {"type": "scatter", "mode": "markers", "x": [intensity], "y": [pace], "error_y": whiskers, "hovertemplate": hover,
            "marker": {"size": 12, "symbol": symbol, "color": unit_colour(stage, theme)}}
