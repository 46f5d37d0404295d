"""Four shares side by side, of parameters, MACs, activations and measured time, for every kind of layer or every block: plain data."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import Cost
from ..graph import METRICS, exact, per_layer
from ..palette import PAGE, percent, sequential, themed, unit_colour
from .bars import KINDS
from .units import unit_names

MOST = 70  # lines; beyond that the repeats of a stage stand as one


class Line(NamedTuple):
    """One kind or block: the colour of its bars, and per figure its share of the whole and the exact words."""

    name: str
    what: str
    colour: str
    shares: dict[str, tuple[float, str]]  # of METRICS; no "time" where nothing was measured


def four(table: Cost, architecture: Architecture, by: str, theme: str = "light", times: Mapping[str, float] | None = None) -> list[Line]:
    """A line per kind of layer (`by` "kind") or per block ("block")."""
    themed(PAGE, theme)
    values = {metric: per_layer(table, metric, times) for metric in METRICS if times or metric != "time"}
    totals = {metric: sum(found.values()) or 1 for metric, found in values.items()}
    groups = _kinds(table, theme) if by == "kind" else _blocks(architecture, theme)
    lines = []
    for name, what, colour, layers in groups:
        sums = {metric: sum(found[layer] for layer in layers) for metric, found in values.items()}
        lines.append(Line(name, what, colour, {metric: (value / totals[metric], f"{name}: {exact(value, metric)}, {percent(value / totals[metric])}")
                                               for metric, value in sums.items()}))
    return lines


def _kinds(table: Cost, theme: str) -> Iterator[tuple[str, str, str, list[str]]]:
    found: dict[str, list[str]] = {}
    for row in table.layers:
        found.setdefault(row.id.rpartition(".")[2], []).append(row.id)
    order = [kind for kind in KINDS if kind in found] + [kind for kind in found if kind not in KINDS]
    for place, kind in enumerate(order):
        yield KINDS.get(kind, kind), f"{len(found[kind])} ×", sequential(0.1 + 0.9 * place / max(1, len(order) - 1)), found[kind]


def _blocks(architecture: Architecture, theme: str) -> Iterator[tuple[str, str, str, list[str]]]:
    units = [(unit, [layer.id for layer in layers]) for unit, layers in architecture.units()]
    names = dict(zip((unit for unit, _ in units), unit_names(architecture)))
    if len(units) <= MOST:
        yield from ((unit, names[unit], unit_colour(unit, theme), layers) for unit, layers in units)
        return
    layers, inside = dict(units), {block.id for block in architecture.blocks}
    before = True
    for unit, own in units:
        if unit not in inside:
            yield unit, names[unit], unit_colour(unit, theme), own
        elif before:
            before = False
            for stage in architecture.stages:
                first, *rest = (block.id for block in stage.blocks)
                yield first, names[first], unit_colour(first, theme), layers[first]
                if rest:
                    yield f"{rest[0]} … {rest[-1].rpartition('.')[2]}", f"{len(rest)} × {names[rest[0]]}", unit_colour(first, theme), [layer for unit in rest for layer in layers[unit]]
