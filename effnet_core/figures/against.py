"""Multiply-adds against measured time, family by family, and where in each network the time goes."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from ..errors import UserError
from ..graph import exact
from ..lab.against import EFFICIENTNETS, RESNETS, Part, Point
from ..palette import ACCENT, INK, MUTED, PAGE, ink_on, percent, sequential, si, themed, unit_colour
from . import axis, figure, logarithmic, note, short
from .bars import Piece

KINDS = {  # what belongs together → its networks, the stage whose colour it has, marker, where its labels are
    "EfficientNet": (EFFICIENTNETS, "", "circle", "top left"),
    "ResNet": (RESNETS, "stages.1", "square", "bottom center"),
    "MobileNetV2": (("mobilenetv2",), "stages.4", "diamond", "bottom center"),
}
PARTS = {"dense": "convolutions, classifier", "depthwise": "depthwise", "se": "SE", "pool": "max pooling"}


def chart(here: Sequence[Point], beside: Sequence[Point], theme: str = "light") -> go.Figure:
    """Time of an image against its MACs, both logarithmic: `here` filled, `beside` hollow and with a broken line, bars from p10 to p90.

    The dotted line is what time would be if all networks had the multiply-adds per second of B0. Raises `UserError` without any point.
    """
    everything = [*here, *beside]
    if not everything:
        raise UserError("There is no time to show; measure a network first, or choose a recorded series.")
    traces = [trace for points, hollow in ((beside, True), (here, False)) for kind in KINDS for trace in _kind(kind, points, hollow, here, theme)]
    base = next((point for point in everything if point.key == "b0"), None)
    seconds = [ms / 1e3 for point in everything for ms in (point.ms, point.p10, point.p90) if ms]
    x, y = logarithmic([point.macs for point in everything]), logarithmic(seconds, lambda value: short(value, "s"))
    words = [note("dotted: as many MACs per second as B0", theme, xref="paper", x=1, xanchor="right", yref="paper", y=0, yanchor="bottom",
                  font={"size": 12, "color": MUTED[theme]})] if base else []
    return figure([*([_equal(base, x["range"], theme)] if base else []), *traces], theme, 440, annotations=words, showlegend=True,
                  margin={"l": 76, "r": 24, "t": 16, "b": 8}, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
                  xaxis=axis(theme, "MACs of one image", **x), yaxis=axis(theme, "time for one image", **y))


def _equal(base: Point, span: list[float], theme: str) -> dict:
    ends = [10.0**end for end in span]
    return {"type": "scatter", "mode": "lines", "x": ends, "y": [end / base.pace for end in ends], "showlegend": False, "hoverinfo": "skip",
            "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}, "cliponaxis": True}


def _kind(kind: str, points: Sequence[Point], hollow: bool, named: Sequence[Point], theme: str) -> list[dict]:
    """The trace of one kind; hollow points are labelled only where no filled one has that name."""
    keys, stage, symbol, place = KINDS[kind]
    mine = [point for point in points if point.key in keys]
    if not mine:
        return []
    colour = unit_colour(stage, theme) if stage else themed(ACCENT, theme)
    told = {point.key for point in named} if hollow else set()
    spread = {"type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
              "array": [((point.p90 or point.ms) - point.ms) / 1e3 for point in mine],
              "arrayminus": [(point.ms - (point.p10 or point.ms)) / 1e3 for point in mine]}
    return [{
        "type": "scatter", "mode": "lines+markers+text" if len(mine) > 1 else "markers+text", "name": kind, "legendgroup": kind,
        "showlegend": not any(point.key in keys for point in named) if hollow else True, "cliponaxis": False,
        "x": [point.macs for point in mine], "y": [point.ms / 1e3 for point in mine], "error_y": spread,
        "line": {"color": colour, "width": 1.5 if hollow else 2, "dash": "dash" if hollow else "solid"},
        "marker": {"size": 10, "symbol": f"{symbol}-open" if hollow else symbol, "color": colour,
                   "line": {"color": colour if hollow else PAGE[theme], "width": 2 if hollow else 1}},
        "text": ["" if point.key in told else point.name for point in mine], "textposition": place,
        "textfont": {"size": 12, "color": INK[theme]}, "customdata": [_told(point) for point in mine],
        "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]} an image%{customdata[3]}<br>"
                         "%{customdata[4]}<extra></extra>"}]


def _told(point: Point) -> list[str]:
    spread = "" if point.p10 is None else f", 10 % to 90 %: {point.p10:.4g} to {point.p90:.4g} ms"
    return [point.name, exact(point.macs, "macs"), f"{point.ms:.4g} ms", spread, si(point.pace, "MAC/s")]


def shares(networks: Mapping[str, Mapping[str, Part]], theme: str = "light") -> dict[str, list[Piece]]:
    """By network, as `lab.against.parts` has them: the pieces of a bar that stands for the time of its layers."""
    themed(PAGE, theme)
    colours = {kind: sequential(0.12 + 0.88 * place / (len(PARTS) - 1)) for place, kind in enumerate(PARTS)}
    return {name: [Piece(PARTS[kind], part.share, colours[kind], ink_on(colours[kind]),
                         f"{PARTS[kind]}: {exact(part.ms, 'time')}, {percent(part.share)} of the layers") for kind, part in parts.items() if part.share]
            for name, parts in networks.items()}
