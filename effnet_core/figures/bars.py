"""Bars of the Scaling page as plain data: they are drawn by the page's own component and HTML, which follow a slider faster than Plotly."""

from collections.abc import Mapping
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import Cost
from ..graph import FIELD, METRICS, exact, per_layer, quantity
from ..palette import PAGE, ink_on, percent, sequential, themed, unit_colour
from . import linear, short
from .units import per_unit, unit_names

TITLES = {"params": "Parameters of every block", "macs": "MACs of every block, one image",
          "activations": "Activations of every block, one image", "time": "Measured time of every block",
          "field": "Receptive field ÷ image side, after every block"}
KINDS = {"stem": "stem", "maxpool": "max pool", "shortcut": "shortcut", "reduce": "reduce", "expand": "expand", "depthwise": "depthwise",
         "spatial": "spatial", "se": "SE", "project": "project", "pointwise": "pointwise", "head": "head",
         "classifier": "classifier"}  # last part of a layer id → what it is called; in the order of the data's way


def by_unit(table: Cost, architecture: Architecture, metric: str, theme: str, selected: str, times: Mapping[str, float] | None = None) -> dict:
    """One bar per unit in its stage's colour: `bars` with heights in 0 … 1, `ticks`, and `groups` that name stages below.

    `metric` is one of `graph.COLOURS`; "time" takes `times`, ms per layer id. Raises `UserError` for anything else.
    """
    values, chosen = per_unit(table, architecture, metric, times), architecture.unit_of(selected)
    total, top = sum(values.values()) or 1, 1.06 * max(values.values()) or 1
    axis = linear(max(values.values()), (lambda ms: short(ms / 1e3, "s")) if metric == "time" else short)
    bars = [{"id": unit, "height": value / top, "colour": unit_colour(unit, theme),
             "label": f"{unit}, {name}: {quantity(value, metric)}" + ("" if metric == FIELD else f", {percent(value / total)}")}
            for (unit, value), name in zip(values.items(), unit_names(architecture))]
    ticks = [{"at": value / top, "text": text} for value, text in zip(axis["tickvals"], axis["ticktext"])]
    return {"title": TITLES[metric], "bars": bars, "ticks": ticks, "groups": _groups(architecture), "selected": chosen}


def _groups(architecture: Architecture) -> list[dict]:
    """Which bars stand above which word: the stages' numbers in the first line, the ends where they have room, a line or two below."""
    first = len(architecture.front)
    groups = [{"first": at, "last": at, "text": layer.part, "row": 1 + at} for at, layer in enumerate(architecture.front)]
    for stage in architecture.stages:
        groups.append({"first": first, "last": first + len(stage.blocks) - 1, "text": f"{stage.index}", "row": 0})
        first += len(stage.blocks)
    return groups + [{"first": first + at, "last": first + at, "text": layer.part, "row": at} for at, layer in enumerate(architecture.back)]


class Piece(NamedTuple):
    """One coloured part of a bar that stands for a whole."""

    name: str
    share: float  # of the whole, 0 … 1
    colour: str
    ink: str  # that reads on the colour
    text: str  # exact figure and share, for hover


def by_operator(table: Cost, theme: str, times: Mapping[str, float] | None = None) -> dict[str, list[Piece]]:
    """The share of each kind of layer in the parameters, MACs, activations and, given `times`, the measured time."""
    themed(PAGE, theme)
    return {_title(metric): _pieces(per_layer(table, metric, times), metric) for metric in METRICS if times or metric != "time"}


def _title(metric: str) -> str:
    return "measured time" if metric == "time" else METRICS[metric]


def _pieces(values: Mapping[str, float], metric: str) -> list[Piece]:
    sums = dict.fromkeys(KINDS, 0)
    for layer_id, value in values.items():
        sums[layer_id.rpartition(".")[2]] += value
    present = {layer_id.rpartition(".")[2] for layer_id in values}
    total, pieces = sum(sums.values()) or 1, []
    sums = {kind: value for kind, value in sums.items() if kind in present}
    for place, (kind, value) in enumerate(sums.items()):
        colour = sequential(0.1 + 0.9 * place / (len(sums) - 1))  # the lowest end would vanish on a dark page
        pieces.append(Piece(KINDS[kind], value / total, colour, ink_on(colour), f"{KINDS[kind]}: {exact(value, metric)}, {percent(value / total)}"))
    return [piece for piece in pieces if piece.share]
