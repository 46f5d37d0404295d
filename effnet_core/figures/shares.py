"""Four shares side by side, of parameters, MACs, activations and measured time, for every kind of layer or every block: plain data."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..architecture import Architecture, Stage
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


class _Group(NamedTuple):
    name: str
    what: str
    colour: str
    layers: list[str]


def four(table: Cost, architecture: Architecture, by: str, theme: str = "light", times: Mapping[str, float] | None = None) -> list[Line]:
    """A line per kind of layer (`by` "kind") or per block ("block")."""
    themed(PAGE, theme)
    values = {metric: per_layer(table, metric, times) for metric in METRICS if times or metric != "time"}
    groups = _kinds(table) if by == "kind" else _blocks(architecture, theme)
    return [Line(group.name, group.what, group.colour, {metric: _share(group, found, metric) for metric, found in values.items()})
            for group in groups]


def _share(group: _Group, values: Mapping[str, float], metric: str) -> tuple[float, str]:
    value = sum(values[layer] for layer in group.layers)
    share = value / (sum(values.values()) or 1)
    return share, f"{group.name}: {exact(value, metric)}, {percent(share)}"


def _kinds(table: Cost) -> Iterator[_Group]:
    found: dict[str, list[str]] = {}
    for row in table.layers:
        found.setdefault(row.id.rpartition(".")[2], []).append(row.id)
    for place, kind in enumerate(kind for kind in KINDS if kind in found):
        colour = sequential(0.1 + 0.9 * place / max(1, len(found) - 1))
        yield _Group(KINDS[kind], f"{len(found[kind])} ×", colour, found[kind])


def _blocks(architecture: Architecture, theme: str) -> Iterator[_Group]:
    names = dict(zip((unit for unit, _ in architecture.units()), unit_names(architecture)))
    yield from (_Group(layer.id, names[layer.id], unit_colour(layer.id, theme), [layer.id]) for layer in architecture.front)
    for stage in architecture.stages:
        yield from _stage(stage, names, theme, len(names) > MOST)
    yield from (_Group(layer.id, names[layer.id], unit_colour(layer.id, theme), [layer.id]) for layer in architecture.back)


def _stage(stage: Stage, names: Mapping[str, str], theme: str, folded: bool) -> Iterator[_Group]:
    colour, shown = unit_colour(stage.id, theme), stage.blocks[:1] if folded else stage.blocks
    yield from (_Group(block.id, names[block.id], colour, [layer.id for layer in block.layers]) for block in shown)
    if rest := stage.blocks[len(shown) :]:
        name = rest[0].id + (f" … {len(stage.blocks) - 1}" if len(rest) > 1 else "")
        yield _Group(name, f"{len(rest)} × {rest[0].label}", colour, [layer.id for block in rest for layer in block.layers])
