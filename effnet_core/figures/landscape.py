"""Accuracy against cost: the networks of the paper's Table 2, the front that nothing beats, and where a network of the sliders lies."""

import math
from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from ..errors import UserError
from ..lab.paper import KINDS, TABLE_2, Result, counted, flops_text, front, params_text
from ..palette import ACCENT, INK, MUTED, PAGE, si, themed, unit_colour
from . import axis, figure, logarithmic, note

AXES = {"flops": "MACs, one image (the paper's FLOPS)", "params": "parameters"}
LOOKS = (("", "circle"), ("stages.1", "square"), ("stages.3", "diamond"), ("stages.4", "triangle-up"), ("stages.6", "cross"))
WIDTH, HEIGHT = 860, 500  # pixels of the plot for which labels are laid out
LETTER = 6.7  # pixels, of 12-pixel text
ACCURACY = (75.4, 85.0)  # percent, the range of the axis; it goes lower for a live network that the paper trained
STRETCH = 20.0  # times beyond the table's networks, as far as the axis follows the live one

Side = tuple[str, str, int, int]  # what of a name touches its marker, and how far it is moved, pixels right and up
SIDES: tuple[Side, ...] = (("left", "middle", 9, 0), ("right", "middle", -9, 0), ("center", "bottom", 0, 8), ("center", "top", 0, -8),
         ("left", "bottom", 7, 5), ("right", "bottom", -7, 5), ("left", "top", 7, -5), ("right", "top", -7, -5))
TEXT_SIDES = {(x, y): f"{up} {right}" for x, right in (("left", "right"), ("center", "center"), ("right", "left"))
              for y, up in (("bottom", "top"), ("middle", "middle"), ("top", "bottom"))}  # the same as Plotly has it for texts of markers


def chart(price: str, live: float, name: str, top1: float | None = None, theme: str = "light") -> go.Figure:
    """Top-1 against `price`, "flops" or "params", as printed; a vertical line at the `live` network, a star where its `top1` is known.

    Raises `UserError` for another price.
    """
    if price not in AXES:
        raise UserError(f"There is no axis {price!r}; there are {', '.join(AXES)}.")
    rows = [row for row in TABLE_2 if getattr(row, price)]
    prices = [getattr(row, price) for row in rows]
    off = not min(prices) / STRETCH <= live <= max(prices) * STRETCH
    x = logarithmic([*prices, *([] if off else [live])])
    low = min(ACCURACY[0], (top1 or ACCURACY[1]) - 1)
    places = dict(labels(rows, price, x["range"], None if off else live, low))
    traces = [_front(rows, price, theme), *(_kind(rows, price, i, places, theme) for i in range(len(KINDS)))]
    words = [note(row.short, theme, x=math.log10(getattr(row, price)), y=row.top1, xanchor=side[0], yanchor=side[1], xshift=side[2],
                  yshift=side[3]) for row, side in places.items() if row.kind == KINDS[0]]
    said = "accuracy unknown" if top1 is None else f"top-1 {top1} %, published"
    line, title = ([], []) if off else _live(live, f"<b>{escape(name)}</b><br>{si(live)}: {said}", x["range"], theme)
    if top1 is not None and not off:
        traces.append(_star(live, top1, name, theme))
    return figure(traces, theme, HEIGHT, shapes=line, annotations=[*words, *title], showlegend=True, hovermode="closest",
                  legend={"orientation": "h", "x": 0, "y": 1.1, "yanchor": "bottom"}, margin={"l": 8, "r": 12, "t": 56, "b": 8},
                  xaxis=axis(theme, AXES[price], **x), yaxis=axis(theme, "top-1 on ImageNet, %", range=[low, ACCURACY[1]], nticks=8))


def shade(kind: int, theme: str) -> str:
    unit = LOOKS[kind][0]
    return unit_colour(unit, theme) if unit else themed(ACCENT, theme)


def _kind(rows: Sequence[Result], price: str, kind: int, places: Mapping[Result, Side], theme: str) -> dict:
    """Markers; the names of all but the EfficientNets are theirs, so that a phone can leave them out."""
    mine = [row for row in rows if row.kind == KINDS[kind]]
    named = [row if kind and row in places else None for row in mine]
    return {"type": "scatter", "mode": "markers+text", "text": [row.short if row else "" for row in named], "cliponaxis": False,
            "textposition": [TEXT_SIDES[places[row][:2]] if row else "middle right" for row in named],
            "textfont": {"size": 12, "color": themed(MUTED, theme)}, "name": KINDS[kind],
            "x": [getattr(row, price) for row in mine], "y": [row.top1 for row in mine],
            "marker": {"size": 11, "symbol": LOOKS[kind][1], "color": shade(kind, theme), "line": {"color": PAGE[theme], "width": 1}},
            "customdata": [_hover(row) for row in mine], "hovertemplate": "%{customdata}<extra></extra>"}


def _hover(row: Result) -> str:
    first = f", {row.first} % in v3" if row.first else ""
    work = f"{flops_text(row.flops)} FLOPS" if row.flops else "FLOPS not printed"
    ours = counted(row)
    here = f"<br>counted here: {ours.params:,} parameters, {ours.macs:,} MACs" if ours else ""
    printed = f"<br>printed: {params_text(row.params)} parameters, {work}"
    return f"<b>{row.name}</b><br>top-1 {row.top1} %{first}, top-5 {row.top5} %{printed}{here}"


def _front(rows: Sequence[Result], price: str, theme: str) -> dict:
    kept = front((getattr(row, price), row.top1) for row in rows)
    return {"type": "scatter", "mode": "lines", "name": "nothing is cheaper and better (Pareto front)",
            "x": [x for x, _ in kept], "y": [y for _, y in kept],
            "line": {"color": themed(MUTED, theme), "width": 1.5, "dash": "dot", "shape": "hv"}, "hoverinfo": "skip"}


def _star(live: float, top1: float, name: str, theme: str) -> dict:
    return {"type": "scatter", "mode": "markers", "x": [live], "y": [top1], "showlegend": False,
            "marker": {"size": 17, "symbol": "star", "color": INK[theme], "line": {"color": PAGE[theme], "width": 1}},
            "hovertemplate": f"<b>{escape(name)}</b>, the sliders' network<br>top-1 {top1} %<extra></extra>"}


def _live(live: float, text: str, span: Sequence[float], theme: str) -> tuple[list[dict], list[dict]]:
    line = {"type": "line", "x0": live, "x1": live, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": INK[theme], "width": 1.5, "dash": "dash"}}
    side, shift = ("left", -4) if 2 * math.log10(live) < sum(span) else ("right", 4)
    words = note(text, theme, x=math.log10(live), yref="paper", y=1, yanchor="bottom", xanchor=side, align=side, xshift=shift)
    return [line], [words]


def labels(rows: Sequence[Result], price: str, span: Sequence[float], live: float | None = None,
           low: float = ACCURACY[0]) -> list[tuple[Result, Side]]:
    """Names that cover neither each other nor a marker nor the line of the live network, EfficientNets first, and where each stands."""
    places = {row: ((math.log10(getattr(row, price)) - span[0]) / (span[1] - span[0]) * WIDTH,
                    (row.top1 - low) / (ACCURACY[1] - low) * (HEIGHT - 90)) for row in rows}
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places.values()]
    if live:
        line = (math.log10(live) - span[0]) / (span[1] - span[0]) * WIDTH
        taken.append((line - 1, 0, line + 1, HEIGHT))
    written = []
    for row in sorted(rows, key=lambda row: KINDS.index(row.kind) > 0):
        for side in (SIDES if KINDS.index(row.kind) else (SIDES[5], *SIDES)):
            box = _box(*places[row], side, LETTER * len(row.short))
            if box[2] < WIDTH and not any(_cover(box, other) for other in taken):
                taken.append(box)
                written.append((row, side))
                break
    return written


def _box(x: float, y: float, side: Side, width: float) -> tuple[float, float, float, float]:
    left = x + side[2] - {"left": 0, "center": width / 2, "right": width}[side[0]]
    low = y + side[3] - {"bottom": 0, "middle": 7, "top": 14}[side[1]]
    return left, low, left + width, low + 14


def _cover(a: Sequence[float], b: Sequence[float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
