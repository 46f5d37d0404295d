"""Gates set by hand: what the handles show, the guesses before and after, and what each block's gates are worth on one picture."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from ..errors import UserError
from ..inside.ablation import Ablated
from ..inside.inspection import Inspection
from ..palette import INK, MUTED, VIRIDIS, signed, themed, unit_colour
from . import axis, figure, note, signed_percent
from .packing import pack

SORTS = ("effect", "gate", "channel")


class Pair(NamedTuple):
    """A class before and after: its probability and its logit."""

    label: str
    before: float
    after: float
    logit_before: float
    logit_after: float


def pairs(before: Inspection, after: Inspection, count: int = 5) -> list[Pair]:
    """The `count` most probable classes of either pass, those of the later one first."""
    places = dict.fromkeys(guess.index for guess in (*after.top(count - 1), *before.top(1), *after.top(count)))
    rows = [(before.guess(place), after.guess(place)) for place in [*places][:count]]
    rows.sort(key=lambda row: -row[1].probability)
    return [Pair(then.label, then.probability, now.probability, then.logit, now.logit) for then, now in rows]


def sorted_channels(gates: np.ndarray, slopes: np.ndarray | None, sort: str) -> np.ndarray:
    """Channel numbers (C): those first that would move the logit most if they were shut, |s · d logit / d s|; or the least open; or as
    they are. Raises `UserError` for another order."""
    if sort not in SORTS:
        raise UserError(f"There is no order {sort!r} of channels; there are {', '.join(SORTS)}.")
    if sort == "channel":
        return np.arange(len(gates))
    return np.argsort(-np.abs(gates * slopes) if sort == "effect" else gates, kind="stable")


def handles(block: str, now: np.ndarray, before: np.ndarray, order: np.ndarray, single: Sequence[int], stamp: str = "",
            slopes: np.ndarray | None = None, chosen: int | None = None) -> bytes:
    """What the handles are drawn from: packed, per channel the gate now, the gate before and d logit / d s (float32 each), and the channel
    at every place (uint32)."""
    head = {"block": block, "channels": len(now), "single": sorted(map(int, single)), "colours": VIRIDIS, "stamp": stamp,
            "slopes": slopes is not None, "chosen": chosen}
    return pack(head, now, before, np.zeros_like(now) if slopes is None else slopes, order.astype("<u4").tobytes())


def worth(rows: Sequence[Ablated], seen: Inspection, label: int, theme: str = "light", selected: str = "", stamp: str = "") -> go.Figure:
    """How much more or less probable class `label` becomes with squeeze-and-excitation off in one block, a bar each, in stage colours.

    `customdata[0]` is the block, for clicks.
    """
    themed(INK, theme)
    was, places = seen.guess(label), [*range(len(rows))]
    shifts = np.array([row.probability - was.probability for row in rows])
    data = [[row.block, f"{100 * was.probability:.2f} %", f"{100 * row.probability:.2f} %",
             signed(row.logit - was.logit),
             "" if row.best == label else f"<br>the best guess is now {escape(seen.labels[row.best])}"] for row in rows]
    bars = {"type": "bar", "x": places, "y": shifts, "customdata": data, "width": 0.8,
            "marker": {"color": [unit_colour(row.block, theme) for row in rows],
                       "line": {"width": [2.5 * (row.block == selected) for row in rows], "color": INK[theme]}},
            "selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}},
            "hovertemplate": "<b>%{customdata[0]}</b>: %{customdata[1]} → %{customdata[2]}<br>"
                             "logit %{customdata[3]}%{customdata[4]}<extra></extra>"}
    turned = [note("↷", theme, x=place, y=max(0.0, shifts[place]), yanchor="bottom", font={"size": 16, "color": INK[theme]})
              for place in places if rows[place].best != label]
    stamped = [note(stamp, theme, xref="paper", x=1, xanchor="right", yref="paper", y=1, yanchor="bottom")] if stamp else []
    return figure([bars], theme, 280, annotations=[*turned, *stamped], xaxis=axis(theme, "block", showgrid=False, **_block_ticks(rows)),
                  yaxis=axis(theme, "change, percentage points", zeroline=True, zerolinecolor=MUTED[theme], **_points(shifts)))


def _block_ticks(rows: Sequence[Ablated]) -> dict:
    """Every block's name where they fit, else the first of every stage."""
    short = [row.block.removeprefix("stages.") for row in rows]
    shown = [place for place, name in enumerate(short) if len(rows) <= 20 or name.endswith(".0")]
    return {"tickvals": shown, "ticktext": [short[place] for place in shown], "range": [-0.7, len(rows) - 0.3], "tickangle": 0}


def _points(shifts: np.ndarray) -> dict:
    """An axis of percentage points around zero with about five round ticks, and room above and below."""
    finite = shifts[np.isfinite(shifts)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    power = 10.0 ** math.floor(math.log10(max(high - low, 1e-5)))
    step = next(factor * power for factor in (0.2, 0.5, 1, 2) if (high - low) / (factor * power) <= 6)
    places = range(math.ceil(low / step), math.floor(high / step) + 1)
    digits = max(0, -math.floor(math.log10(step)) - 2)
    room = 0.15 * max(high - low, 1e-5)
    return {"range": [low - room, high + room], "tickvals": [place * step for place in places],
            "ticktext": [signed_percent(place * step, digits).removesuffix(" %") for place in places]}


def changed(before: np.ndarray, after: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` channels whose maps (C H W) changed most, and by how much: the mean of |after − before|. Channels without
    change are left out."""
    moved = np.abs(after - before).mean((1, 2))
    places = np.argsort(-moved, kind="stable")[:count]
    places = places[moved[places] > 0]
    return places, moved[places]
