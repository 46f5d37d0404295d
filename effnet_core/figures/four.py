"""Four wholes cut into the units of a network: its parameters, its MACs, and the time that it took on a processor and on a GPU. Plain data."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import Cost
from ..graph import exact
from ..palette import PAGE, ink_on, percent, si, themed, unit_colour
from .units import per_unit, unit_names


class Timed(NamedTuple):
    """One bar of time: what it is called, milliseconds by layer id, or None where nobody has measured, and `about`: where, how and when."""

    name: str
    times: Mapping[str, float] | None
    about: str


EMPTY = "not measured"


def four(table: Cost, architecture: Architecture, timed: Sequence[Timed], selected: str, theme: str = "light") -> dict:
    """`units` in their order, with the colour and the number of their stage and a line on all their shares, and `rows`: parameters, MACs, then
    `timed`, each with the share of every unit and the same in words; an `empty` one has None. Raises `UserError` where a layer lacks its time."""
    themed(PAGE, theme)
    names = dict(zip((unit for unit, _ in architecture.units()), unit_names(architecture)))
    counted = [_row(title, "params" if title == "Parameters" else "macs", table, architecture, names, about=about)
               for title, about in (("Parameters", si(table.params)), ("MACs", f"{si(table.macs)} an image"))]
    rows = counted + [_row(one.name, "time", table, architecture, names, one.times, one.about) for one in timed]
    units = [{"id": unit, "colour": unit_colour(unit, theme), "ink": ink_on(unit_colour(unit, theme)), "group": _group(unit),
              "line": f"{unit}, {name}: " + ", ".join(_said(row, place) for row in rows)} for place, (unit, name) in enumerate(names.items())]
    return {"units": units, "rows": rows, "selected": architecture.unit_of(selected)}


def _row(title: str, metric: str, table: Cost, architecture: Architecture, names: Mapping[str, str], times: Mapping[str, float] | None = None,
         about: str = "") -> dict:
    if metric == "time" and times is None:
        return {"name": title, "about": about, "shares": None, "told": [], "empty": EMPTY}
    values = per_unit(table, architecture, metric, times)
    total = sum(values.values()) or 1
    told = [f"{unit}, {names[unit]}: {exact(value, metric)}, {percent(value / total)}" for unit, value in values.items()]
    return {"name": title, "about": about, "shares": [value / total for value in values.values()], "told": told, "empty": ""}


def _said(row: dict, place: int) -> str:
    """"12.3 % of the CPU time"."""
    name = row["name"] if row["name"][1:2].isupper() else row["name"].lower()
    return f"{name} {EMPTY}" if row["shares"] is None else f"{percent(row['shares'][place])} of the {name}"


def _group(unit: str) -> str:
    """What stands on a unit's pieces: the number of its stage, or its own name."""
    first, _, rest = unit.partition(".")
    return rest.partition(".")[0] or first
