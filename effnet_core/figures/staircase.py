"""The steps that rounding makes: MACs along φ against the promise, and along the image side against its square."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ..palette import ACCENT, INK, MUTED, STAGES, si, themed
from . import SIZE, axis, figure, note, short


def decades(low: float, high: float) -> dict:
    """Options of a logarithmic axis with a tick per decade, or at 1, 2 and 5 where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    digits = (1, 2, 5) if last - first <= 3 else (1,)
    each = max(1, round((last - first) / 8))
    ticks = [digit * 10.0**power for power in range(first, last + 1, each) for digit in digits if low <= digit * 10.0**power <= high]
    return {"type": "log", "range": [math.log10(low), math.log10(high)], "tickvals": ticks, "ticktext": [short(tick) for tick in ticks]}


def over_phi(line: Sequence[tuple[float, int, int]], base_macs: int, constraint: float, here: tuple[float, int] | None,
             theme: str = "light") -> go.Figure:
    """Above, MACs along φ: counted, in steps, and base × `constraint`^φ, straight; below, the first over the second.

    `line` has (φ, side, MACs), `here` the present (φ, MACs).
    """
    phi, macs = np.array([p for p, _, _ in line]), np.array([float(m) for _, _, m in line])
    promise = base_macs * constraint**phi
    ratio, sides = macs / promise, np.array([side for _, side, _ in line], np.int32)
    counted, dashed = _stairs(phi, theme), _dashes(theme)
    data = [
        {"type": "scatter", "mode": "lines", "x": phi[[0, -1]], "y": promise[[0, -1]], "line": dashed, "hoverinfo": "skip"},
        {**counted, "y": macs.astype(np.float32), "customdata": sides,
         "hovertemplate": "φ %{x:.2f}: %{y:.3s} MACs at %{customdata} px<extra></extra>"},
        {**counted, "y": ratio.astype(np.float32), "yaxis": "y2", "hovertemplate": "φ %{x:.2f}: ×%{y:.3f} of the promise<extra></extra>"},
    ]
    if here is not None:
        data += [_mark(here[0], here[1], theme), {**_mark(here[0], here[1] / (base_macs * constraint ** here[0]), theme), "yaxis": "y2"}]
    one = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": 1, "y1": 1, "line": dashed}
    words = [_title(f"<b>MACs</b>: counted (line) and promised, base × {constraint:.3f}<sup>φ</sup> (dashes)", 1.0, theme),
             _title("<b>counted ÷ promised</b>", 0.4, theme)]
    return figure(data, theme, 430, shapes=[one], annotations=words, hovermode="closest", margin={"l": 8, "r": 16, "t": 28, "b": 8},
                  xaxis=axis(theme, "φ", anchor="y2", range=[float(phi[0]), float(phi[-1])], nticks=11),
                  yaxis=axis(theme, "", domain=[0.5, 1], **decades(0.8 * min(*macs, *promise), 1.3 * max(*macs, *promise))),
                  yaxis2=axis(theme, "", domain=[0, 0.4], nticks=5, range=[0.97 * min(1.0, ratio.min()), 1.03 * max(1.05, ratio.max())]))


def _stairs(x: np.ndarray, theme: str) -> dict:
    return {"type": "scatter", "mode": "lines", "x": x.astype(np.float32),
            "line": {"color": themed(ACCENT, theme), "width": 2, "shape": "hv"}}


def _dashes(theme: str) -> dict:
    return {"color": themed(MUTED, theme), "width": 2, "dash": "dash"}


def _mark(x: float, y: float, theme: str) -> dict:
    """Where the present network is."""
    return {"type": "scatter", "mode": "markers", "x": [x], "y": [y], "hoverinfo": "skip", "cliponaxis": False,
            "marker": {"size": 13, "symbol": "diamond", "color": STAGES[theme][1], "line": {"width": 1.5, "color": INK[theme]}}}


def _title(text: str, top: float, theme: str) -> dict:
    return note(text, theme, xref="paper", x=0, xanchor="left", yref="paper", y=top, yanchor="bottom", yshift=4)


def over_side(line: Sequence[tuple[int, int]], here: int, theme: str = "light") -> go.Figure:
    """MACs along the image side for one network, in steps, and the square that they follow on average; `here` is the present side."""
    macs, sides = dict(line), np.array([side for side, _ in line])
    smooth = macs[here] * (sides / here) ** 2
    data = [
        {"type": "scatter", "mode": "lines", "x": sides, "y": smooth.astype(np.float32), "line": _dashes(theme), "hoverinfo": "skip"},
        {**_stairs(sides, theme), "y": np.array([*macs.values()], np.float32), "customdata": [_jump(macs, side) for side in macs],
         "hovertemplate": "%{x} px: %{y:.4s} MACs%{customdata}<extra></extra>"},
        _mark(here, macs[here], theme),
    ]
    words = [_title("<b>MACs</b> of this network at other image sides: counted (line) and the square (dashes)", 1.0, theme)]
    if here + 1 in macs:
        text = f"<b>{here} px</b>: {si(macs[here])}<br>one pixel more: {growth(macs[here + 1] / macs[here])}"
        words.append(note(text, theme, x=here, y=macs[here], xanchor="right", yanchor="bottom", xshift=-8, yshift=6, align="right",
                          font={"size": SIZE, "color": INK[theme]}))
    return figure(data, theme, 310, annotations=words, hovermode="closest", margin={"l": 8, "r": 16, "t": 28, "b": 8},
                  xaxis=axis(theme, "image side, px", range=[int(sides[0]), int(sides[-1])], nticks=10),
                  yaxis=axis(theme, "", **_between(0.95 * min(*macs.values(), *smooth), 1.03 * max(*macs.values(), *smooth))))


def _between(low: float, high: float) -> dict:
    """Options of an axis from `low` to `high` with a few round ticks."""
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if (high - low) / (factor * power) <= 6)
    ticks = [place * step for place in range(math.ceil(low / step), int(high / step) + 1)]
    return {"range": [low, high], "tickvals": ticks, "ticktext": [short(tick) for tick in ticks]}


def growth(ratio: float) -> str:
    """`+16.5 %`."""
    return "no change" if ratio == 1 else f"{100 * (ratio - 1):+.1f} %".replace("-", "−")


def _jump(macs: dict[int, int], side: int) -> str:
    return f", {growth(macs[side] / macs[side - 1])} for the last pixel" if side - 1 in macs else ""
