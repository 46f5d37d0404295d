"""Plotly figures and SVG, pure functions: figures in, figure out. Here is what all Plotly figures share."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import plotly.graph_objects as go

from ..palette import GRID, INK, MUTED, PAGE, Theme, si, themed

FONT = '"Source Sans", "Source Sans Pro", "Helvetica Neue", Arial, sans-serif'
SIZE = 13  # pixels; nothing is smaller than 12
CLEAR = "rgba(0,0,0,0)"


def axis(theme: str, title: str = "", **options) -> dict:
    """An axis with a title (which names the unit), a faint grid and no frame."""
    looks = {"title": {"text": title, "font": {"size": SIZE}}, "gridcolor": GRID[theme], "zeroline": False, "automargin": True,
             "tickfont": {"size": 12, "color": MUTED[theme]}, "tickcolor": GRID[theme], "fixedrange": True}
    return {**looks, **options}


def note(text: str, theme: str, **place) -> dict:
    """An annotation without an arrow."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": INK[theme]}, **place}


def short(value: float, unit: str = "") -> str:
    """`si` without closing zeros, for ticks: `1.5 M`, `20 ms`."""
    digits, space, rest = si(value, unit).partition(" ")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + space + rest


def whole_percent(share: float) -> str:
    """`20 %`, for ticks."""
    return f"{100 * share:.3g} %"


def linear(top: float, text: Callable[[float], str] = short, below: bool = False) -> dict:
    """Options of an axis from 0 to a little above `top`, or as far below 0, with about five round ticks above 0."""
    top = top if top > 0 else 1.0
    power = 10.0 ** math.floor(math.log10(top / 5))
    step = next(factor * power for factor in (1, 2, 5, 10) if top / (factor * power) <= 6)
    places = range(-int(top / step) if below else 0, int(top / step) + 1)
    return {"range": [-1.06 * top if below else 0, 1.06 * top], "tickvals": [place * step for place in places],
            "ticktext": [text(abs(place * step)) for place in places]}


def logarithmic(values: Iterable[float], text: Callable[[float], str] = short) -> dict:
    """Options of a logarithmic axis around positive `values`, at least a factor of four wide, ticks at 1, 2 and 5 or at powers of ten."""
    values = [*values]
    low, high = min(values) / 1.4, max(values) * 1.4
    low, high = (low, high) if high / low >= 4 else (low / 2, high * 2)
    steps = (1, 2, 5) if high / low < 1e3 else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
    return {"type": "log", "range": [math.log10(low), math.log10(high)], "tickvals": ticks, "ticktext": [text(tick) for tick in ticks]}


def signed_percent(share: float, digits: int = 1) -> str:
    """`+1.9 %`, `−4.4 %`, and `0.0 %` without a sign."""
    text = f"{100 * share:+.{digits}f}"
    return (text[1:] if not float(text) else text.replace("-", "−")) + " %"


def figure(data: list[dict], theme: str, height: int, **layout) -> go.Figure:
    """A figure of plain dictionaries on a transparent page; `height` in pixels, at the usual size of type. Raises `UserError` for an unknown theme.

    Plotly's own validation would take most of the time of building a figure, so the tests do it instead.
    """
    ink, page = themed(INK, theme), PAGE[theme]
    base = {
        "height": height, "margin": {"l": 8, "r": 8, "t": 24, "b": 8}, "paper_bgcolor": CLEAR, "plot_bgcolor": CLEAR,
        "font": {"family": FONT, "size": SIZE, "color": ink}, "showlegend": False, "uirevision": "kept", "template": {},
        "hoverlabel": {"bgcolor": page, "bordercolor": GRID[theme], "font": {"family": FONT, "size": SIZE, "color": ink}},
    }
    times = theme.times if isinstance(theme, Theme) else 1.0
    return go.Figure(*([data, {**base, **layout}] if times == 1 else [larger(data, times), larger({**base, **layout}, times)]), _validate=False)


def larger(part: Any, times: float) -> Any:
    """A part of a Plotly figure with all its type, its height and its margins `times` as large."""
    if isinstance(part, list | tuple):
        return [larger(one, times) for one in part] if part and isinstance(part[0], dict) else part
    if not isinstance(part, dict):
        return part
    return {key: _larger(key, value, times) for key, value in part.items()}


def _larger(key: str, value: Any, times: float) -> Any:
    if key.endswith("font"):
        return {**value, "size": _times(value["size"], times)} if value.get("size") is not None else value
    if key == "height" and isinstance(value, int | float):
        return round(value * times)
    if key == "margin":
        return {side: size * times if side in "lrtbp" else size for side, size in value.items()}
    return larger(value, times)


def _times(size: Any, times: float) -> Any:
    return [one * times for one in size] if isinstance(size, list | tuple) else size * times
