"""The blocks of a network with an arc over each that something goes around, as plain data; signal and gradient with and without these."""

from collections.abc import Sequence
from math import isfinite

import plotly.graph_objects as go

from ..architecture import Architecture, Block
from ..lessons.skips import has_way_around, ways
from ..palette import unit_colour
from . import axis, figure, logarithmic, note
from .powers import power_text
from .strip import run_of, runs


def arcs(network: Architecture, theme: str = "light", chosen: str = "") -> dict:
    """`marks`, one a block, or one for equal ones in a row where there are too many: its colour, what is said of it, and whether something
    goes around it; and the sentence for the whole."""
    count, place = ways(network), run_of(network, chosen)
    marks = [{"id": run.first.id, "colour": unit_colour(run.first.id, theme), "around": has_way_around(run.first),
              "chosen": run.first.id == place,
              "label": f"{run.first.id}, {run.first.label}{_times(run.count)}: {_reason(run.first)}"} for run in runs(network)]
    title = (f"{count.blocks:,} blocks of {network.name}, {count.around:,} with a skip connection, drawn as an arc, "
             f"and {count.through:,} without")
    return {"marks": marks, "title": title}


def _times(count: int) -> str:
    return f" × {count}" if count > 1 else ""


def _reason(block: Block) -> str:
    if has_way_around(block):
        return "its input is added at its end"
    if block.input != block.output:
        return f"no skip, {block.input} goes in and {block.output} comes out"
    return "no skip, this family has none"


def flows(with_skips: Sequence, without: Sequence, what: str, theme: str = "light") -> go.Figure:
    """Two logarithmic panels over the units (`lessons.shortcuts.Flow`): the gradient of `what`, and the signal's standard deviation."""
    names = [flow.unit.removeprefix("stages.") for flow in with_skips]
    looks = (("as it is", with_skips, "stages.4", "solid", "circle"), ("without skips", without, "stages.1", "8px,4px", "square"))
    panels = (("", "slope", "gradient"), ("2", "spread", "deviation"))
    data = [_line(names, title, [getattr(flow, part) for flow in found], unit_colour(unit, theme), dash, symbol, panel, words)
            for title, found, unit, dash, symbol in looks for panel, part, words in panels]
    slopes, spreads = ([getattr(flow, part) for flow in (*with_skips, *without)] for part in ("slope", "spread"))
    heads = [_head(f"gradient, ‖∂{what}/∂output‖", 1, theme), _head("signal, standard deviation of the output", 0.36, theme)]
    every = {"tickvals": names if len(names) < 24 else names[:: 1 + len(names) // 16], "type": "category", "showgrid": False}
    return figure(data, theme, 500, annotations=heads, showlegend=True, hovermode="x", margin={"l": 8, "r": 8, "t": 64, "b": 8},
                  legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.07, "yanchor": "bottom", "font": {"size": 13}},
                  xaxis=axis(theme, "", anchor="y", showticklabels=False, **every), xaxis2=axis(theme, "unit", anchor="y2", **every),
                  yaxis=axis(theme, "", domain=[0.5, 1], **_log(slopes)), yaxis2=axis(theme, "", domain=[0, 0.36], **_log(spreads)))


def _head(text: str, y: float, theme: str) -> dict:
    return note(f"<b>{text}</b>", theme, xref="paper", x=0, xanchor="left", yref="paper", y=y, yanchor="bottom", yshift=4)


def _log(values: Sequence[float]) -> dict:
    """A logarithmic axis whose ticks are at most seven powers of ten where it spans many."""
    found = logarithmic([value for value in values if value > 0 and isfinite(value)] or [1.0], lambda tick: power_text(tick, 1))
    ticks = found["tickvals"]
    each = 1 + len(ticks) // 7
    return {**found, "tickvals": ticks[::each], "ticktext": found["ticktext"][::each]}


def _line(names: list[str], title: str, values: list[float], colour: str, dash: str, symbol: str, panel: str, words: str) -> dict:
    hover = [f"{title}: {words} {power_text(value, 3)}" for value in values]
    return {"type": "scatter", "mode": "lines+markers", "x": names, "y": values, "name": title, "xaxis": f"x{panel}", "yaxis": f"y{panel}",
            "showlegend": not panel, "legendgroup": title, "line": {"color": colour, "width": 2.2, "dash": dash},
            "marker": {"size": 7, "symbol": symbol, "color": colour},
            "hovertext": hover, "hovertemplate": "%{x}: %{hovertext}<extra></extra>"}
