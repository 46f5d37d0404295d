"""Class lines: the mean gate of every channel, class by class, and how that changes from the first block to the last.

After Figures 6 and 7 of the squeeze-and-excitation paper (arXiv 1709.01507, journal version).
"""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from ..inside.inspection import CLOSED, OPEN
from ..inside.survey_gates import Statistics
from ..palette import ACCENT, INK, MUTED, STAGES, percent, themed
from . import axis, figure, linear, note
from .gates import ordered

MOST = 5  # classes with a line of their own
GREY = 20  # other classes that are drawn as lines; more of them are a band
SAMPLED = 50  # channels, as in the paper
PANELS, ACROSS = 6, 3  # blocks side by side, as in the paper
HUES = (1, 4, 6, 3, 0)  # of Okabe and Ito's colours
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
LEGEND = {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": {"size": 12}}


def places(overall: np.ndarray, order: str, sampled: bool) -> np.ndarray:
    """Channel numbers along the axis: from the lowest mean gate to the highest or as they are; `sampled`: 50 of them, evenly."""
    found = ordered(overall, order)
    few = sampled and len(found) > SAMPLED
    return found[np.rint(np.linspace(0, len(found) - 1, SAMPLED)).astype(int)] if few else found


def _line(y: np.ndarray, at: np.ndarray, name: str, **looks) -> dict:
    """`y` (C) over the channels `at`; hover says the number of the channel and the exact gate."""
    name = escape(name)
    return {"type": "scatter", "mode": "lines", "x": np.arange(len(at), dtype=np.uint16), "y": y[at].astype(np.float32), "name": name,
            "customdata": at.astype(np.uint16), "hovertemplate": f"<b>{name}</b><br>channel %{{customdata}}: %{{y:.4f}}<extra></extra>",
            **looks}


def _picked(gates: Statistics, means: np.ndarray, picked: Sequence[int], at: np.ndarray, theme: str, width: float = 2.0) -> list[dict]:
    """The classes that have a colour."""
    return [_line(means[label], at, gates.labels[label], line={"color": STAGES[theme][hue], "width": width, "dash": dash})
            for label, hue, dash in zip(picked[:MOST], HUES, DASHES)]


def _others(rest: np.ndarray, at: np.ndarray, theme: str) -> list[dict]:
    """Classes (K C) that have no line of their own: grey, or a band from the least to the greatest where they are many."""
    x, looks = np.arange(len(at), dtype=np.float32), {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    if not len(rest):
        return []
    if len(rest) <= GREY:
        gaps = np.full((len(rest), 1), np.nan, np.float32)
        y = np.hstack([rest[:, at].astype(np.float32), gaps]).ravel()
        return [{**looks, "x": np.tile(np.append(x, np.float32(np.nan)), len(rest)), "y": y, "name": f"{len(rest)} other classes",
                 "opacity": 0.45, "line": {"color": MUTED[theme], "width": 1}}]
    edges = np.concatenate([rest[:, at].max(0), rest[:, at].min(0)[::-1]]).astype(np.float32)
    return [{**looks, "x": np.concatenate([x, x[::-1]]), "y": edges, "fill": "toself", "line": {"width": 0}, "opacity": 0.3,
             "fillcolor": MUTED[theme], "name": f"{len(rest):,} other classes, least to greatest"}]


def _frame(traces: list[dict], count: int, total: int, order: str, theme: str, stamp: str, **more) -> go.Figure:
    which = f"{count} of {total:,} channels" if count < total else f"{total:,} channels"
    title = f"{which}, " + ("lowest mean gate first" if order == "gate" else "by number")
    return figure(traces, theme, 380, showlegend=True, legend={**LEGEND, "font": {"size": 12, "color": INK[theme]}}, hovermode="closest",
                  margin={"l": 8, "r": 8, "t": 56, "b": 8},
                  xaxis=axis(theme, f"{title} · {stamp}" if stamp else title, showgrid=False, tickvals=[], range=[-0.5, count - 0.5]),
                  yaxis=axis(theme, "mean gate", range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1]), **more)


def lines(gates: Statistics, block: str, picked: Sequence[int], theme: str = "light", order: str = "gate", sampled: bool = True,
          own: np.ndarray | None = None, stamp: str = "") -> go.Figure:
    """The mean gate of every class over the channels of `block`; the classes `picked`, `MOST` at most, in colours of their own.

    `own` are the gates (C) of one picture, drawn on top. Raises `UserError` for an unknown theme or order.
    """
    themed(INK, theme)
    means, overall = gates.mean(block), gates.overall(block)
    at = places(overall, order, sampled)
    rest = [label for label in gates.seen if label not in picked]
    traces = _others(means[rest], at, theme)
    traces += _picked(gates, means, picked, at, theme)
    traces.append(_line(overall, at, "all images", line={"color": INK[theme], "width": 1.2}))
    if own is not None:
        cross = {"symbol": "x-thin", "size": 6, "line": {"width": 1.4, "color": INK[theme]}}
        traces.append(_line(own, at, "this picture", mode="markers", marker=cross))
    return _frame(traces, len(at), len(overall), order, theme, stamp)


def within(gates: Statistics, block: str, label: int, theme: str = "light", order: str = "gate", sampled: bool = True,
           stamp: str = "") -> go.Figure:
    """One class: its mean gate over the channels of `block`, and one standard deviation over its images either way."""
    themed(INK, theme)
    mean, spread = gates.mean(block)[label], gates.deviation(block)[label]
    at, colour = places(gates.overall(block), order, sampled), STAGES[theme][HUES[0]]
    x, low, high = np.arange(len(at), dtype=np.float32), (mean - spread)[at], (mean + spread)[at]
    edges = np.concatenate([high, low[::-1]]).astype(np.float32)
    band = {"type": "scatter", "mode": "lines", "x": np.concatenate([x, x[::-1]]), "y": edges, "fill": "toself", "fillcolor": colour,
            "opacity": 0.25, "line": {"width": 0}, "hoverinfo": "skip", "name": "± one standard deviation"}
    line = _line(mean, at, gates.labels[label], line={"color": colour, "width": 2})
    line["customdata"] = np.stack([at.astype(np.float32), spread[at].astype(np.float32)], 1)
    line["hovertemplate"] = f"<b>{line['name']}</b><br>channel %{{customdata[0]}}: %{{y:.4f}} ± %{{customdata[1]:.4f}}<extra></extra>"
    return _frame([band, line], len(at), len(mean), order, theme, stamp)


def six(gates: Statistics) -> list[str]:
    """The blocks of the paper's six panels: the first, the last, and evenly between them."""
    blocks = [*gates.blocks]
    return [blocks[place] for place in dict.fromkeys(np.rint(np.linspace(0, len(blocks) - 1, PANELS)).astype(int).tolist())]


def panels(gates: Statistics, picked: Sequence[int], theme: str = "light", order: str = "gate", stamp: str = "") -> go.Figure:
    """Class lines of six blocks side by side, 50 channels of each: what `lines` draws, small."""
    ink, blocks, traces, titles, layout = themed(INK, theme), six(gates), [], [], {}
    for place, block in enumerate(blocks):
        number, means, at = str(place + 1) if place else "", gates.mean(block), places(gates.overall(block), order, True)
        rest = means[[label for label in gates.seen if label not in picked]]
        own = {"xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": place == 0}
        traces += [{**trace, **own, "legendgroup": trace["name"]}
                   for trace in _others(rest, at, theme) + _picked(gates, means, picked, at, theme, 1.4)]
        layout |= _panel(place, number, len(at), theme)
        titles.append(note(f"<b>{block}</b>", theme, xref=f"x{number} domain", yref=f"y{number} domain", x=0, y=1, xanchor="left",
                           yanchor="bottom"))
    titles += [note(stamp, theme, xref="paper", yref="paper", x=1, y=0, xanchor="right", yanchor="top")] if stamp else []
    return figure(traces, theme, 430, showlegend=True, legend={**LEGEND, "font": {"size": 12, "color": ink}}, hovermode="closest",
                  annotations=titles, margin={"l": 8, "r": 8, "t": 56, "b": 20}, **layout)


def _panel(place: int, number: str, count: int, theme: str) -> dict:
    """The axes of one panel."""
    row, column = divmod(place, ACROSS)
    looks = {"tickvals": [0, 0.5, 1], "ticktext": ["0", "½", "1"], "range": [-0.03, 1.03], "anchor": f"x{number}"}
    return {f"xaxis{number}": axis(theme, showgrid=False, tickvals=[], range=[-0.5, count - 0.5], anchor=f"y{number}",
                                   domain=[column / ACROSS + 0.02, (column + 1) / ACROSS - 0.02]),
            f"yaxis{number}": axis(theme, "" if column else "mean gate", domain=[0.0, 0.39] if row else [0.55, 0.94], **looks)}


def _stage_ticks(blocks: Sequence[str]) -> dict:
    stages: dict[str, list[int]] = {}
    for place, block in enumerate(blocks):
        stages.setdefault(block.split(".")[1], []).append(place)
    return {"tickvals": [(each[0] + each[-1]) / 2 for each in stages.values()], "ticktext": [*stages], "showgrid": False, "tickangle": 0,
            "range": [-0.6, len(blocks) - 0.4]}


def _course(blocks: Sequence[str], y: Sequence[float], name: str, text: str, colour: str, dash: str, symbol: str, row: str = "y",
            **more) -> dict:
    return {"type": "scatter", "mode": "lines+markers", "x": [*range(len(blocks))], "y": [*y], "name": name, "yaxis": row,
            "line": {"color": colour, "width": 2, "dash": dash}, "marker": {"symbol": symbol, "size": 8, "color": colour},
            "customdata": [[block] for block in blocks], "hovertemplate": f"<b>%{{customdata[0]}}</b><br>{text}<extra></extra>",
            "selected": {"marker": {"opacity": 1}}, "unselected": {"marker": {"opacity": 1}}, **more}


def depth(gates: Statistics, theme: str = "light", selected: str | None = None, stamp: str = "") -> go.Figure:
    """Block by block: how far classes differ and images of one class differ; beneath, the mean gate and how many are open or closed.

    The block's id is `customdata[0]` of every point, for clicks.
    """
    ink, blocks, hues = themed(INK, theme), [*gates.blocks], STAGES[theme]
    between, inside, chance = ([each(block) for block in blocks] for each in (gates.between, gates.within, gates.chance))
    closed, opened = zip(*map(gates.shares, blocks))
    means = [float(gates.overall(block).mean()) for block in blocks]
    traces = [
        _course(blocks, between, "between classes", "classes differ by %{y:.4f}", hues[1], "solid", "circle"),
        _course(blocks, inside, "within a class", "images of one class differ by %{y:.4f}", ACCENT[theme], "dash", "square"),
        _course(blocks, chance, "chance alone", "few images alone would give %{y:.4f} between classes", MUTED[theme], "dot", "circle",
                mode="lines"),
        _course(blocks, means, "mean gate", "mean gate %{y:.4f}", ink, "solid", "diamond", "y2"),
        _course(blocks, opened, f"share above {OPEN}", f"%{{y:.2%}} of the gates above {OPEN}", hues[3], "dash", "triangle-up", "y2"),
        _course(blocks, closed, f"share below {CLOSED}", f"%{{y:.2%}} of the gates below {CLOSED}", hues[4], "dot", "triangle-down", "y2"),
    ]
    mark = [{"type": "line", "x0": blocks.index(selected), "x1": blocks.index(selected), "yref": "paper", "y0": 0, "y1": 1,
             "line": {"color": MUTED[theme], "width": 1.5, "dash": "dot"}}] if selected in blocks else []
    notes = [note(stamp, theme, xref="paper", x=1, xanchor="right", yref="paper", y=0.47, yanchor="bottom")] if stamp else []
    scale = linear(max(*between, *inside, 1e-3), lambda value: f"{value:g}")
    return figure(traces, theme, 470, showlegend=True, legend={**LEGEND, "font": {"size": 12, "color": ink}}, hovermode="closest",
                  shapes=mark, annotations=notes, margin={"l": 8, "r": 8, "t": 76, "b": 8},
                  xaxis=axis(theme, "stage", anchor="y2", **_stage_ticks(blocks)),
                  yaxis=axis(theme, "standard deviation", domain=[0.54, 1], **scale),
                  yaxis2=axis(theme, "gate, or share", domain=[0, 0.44], range=[-0.03, 1.05], tickvals=[0, 0.5, 1],
                              ticktext=["0", "½", "1"]))


def summary(gates: Statistics, block: str) -> tuple[str, ...]:
    """One block in figures, for a table."""
    closed, opened = gates.shares(block)
    return (block, f"{gates.blocks[block]:,}", f"{gates.overall(block).mean():.4f}", f"{gates.between(block):.4f}",
            f"{gates.within(block):.4f}", percent(closed), percent(opened))
