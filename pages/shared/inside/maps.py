"""The maps of one layer: all of them small, one of them over the picture, and what they are like in numbers."""

from html import escape
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import streamlit as st

from effnet_core.figures import maps
from effnet_core.figures.atlas import Plan, plan
from effnet_core.inside.channels import Channels, ranked
from effnet_core.palette import percent

from .. import shell, state, texts
from ..gallery import Sheet
from ..html import plain
from ..seen import Look
from . import atlas, channel
from .channel import Part, channel_of, pick

__all__ = ["channel_of", "number", "pick", "sheet_of", "show"]

SCOPES = {"Each map": "map", "This layer": "layer", "Network": "network"}
SORTS = {"Strength": "strength", "Gate": "gate", "Attribution": "attribution", "Number": "channel"}
NOTES = {"strength": "mean |value|", "gate": "gate", "attribution": "attribution"}
HAS_CELLS = find_spec(f"{__package__}.cell") is not None  # the part that computes one cell by hand


def number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def four(value: float) -> str:
    """Four significant digits."""
    return f"{value:#.4g}".rstrip(".").replace("-", "−")


def sheet_of(made: maps.Mosaic) -> Sheet:
    return Sheet(made.png, made.columns, made.width, made.height, made.gap)


class View(NamedTuple):
    """What is to be shown: of which layer, in which colours and order."""

    unit: str
    part: Part
    scope: str
    sort: str
    difference: bool

    @property
    def layer(self) -> str:
        """What tells these maps from those of other layers, for people too."""
        return f"{self.part.title} of {self.unit}" + (", now − untouched" if self.difference else "")


def show(at: Look) -> None:
    """The channels of one layer as pictures, and one of them enlarged over what the model sees."""
    unit = state.selected(at.network)
    if unit == "classifier":
        unit = at.network.last_unit
    st.markdown("#### Maps" + (f" ({at.stamp})" if at.stamp else ""))
    view = _controls(at, unit)
    numbers = channel.channels_of(at, unit, view.part, view.difference)
    _words(at, view, numbers)
    _layer(numbers)
    all_of_them, large = st.columns([6, 5], gap="large")
    reach, most = _reach(at, view, numbers)
    with all_of_them:
        words = _mosaic(at, view, numbers, reach)
    with large:
        _enlarged(at, view, reach)
    _facts(at, view, numbers)
    for sentence in (f"{most} {words}", _text("field", se=" " + _text("field_se") if at.seen.gates else ""), _dead(numbers)):
        st.caption(sentence)


def _choose(here: dict[str, Part]) -> None:
    state.put(maps=st.session_state["map_choice"])


def _controls(at: Look, unit: str) -> View:
    """Which layer, in which colours, in which order."""
    here, part = channel.parts(at, unit), channel.part_of(at, unit)
    st.session_state["map_choice"] = part.id
    st.segmented_control("Layer", list(here), format_func=lambda part: here[part].title, key="map_choice", required=True, wrap=True, on_change=_choose,
                         args=(here,))
    scope, sort, *changed = st.columns([4, 5, 3] if at.surgery else [4, 5], gap="medium", vertical_alignment="bottom")
    kept = {"bind": "query-params", "persist_state": "session", "required": True, "width": "stretch", "wrap": True}
    colours = SCOPES[scope.segmented_control("One colour scale for", list(SCOPES), default="Each map", key="scope", **kept)]
    order = SORTS[sort.segmented_control("Sorted by", list(SORTS), default="Strength", key="sort", **kept)]
    difference = bool(changed) and changed[0].toggle("Difference to the untouched network", key="difference", bind="query-params", persist_state="session")
    return View(unit, part, colours, order, difference)


def _text(section: str, **numbers: str) -> str:
    return texts.text("inside_maps", section, **numbers)


def _words(at: Look, view: View, numbers: Channels) -> None:
    """What this layer is, and where its cells look."""
    grid, part, unit = channel.grid_of(at, view.unit, view.part), view.part, view.unit
    section = "everything" if grid.reach == 1 else "layer"
    what = "widen" if part.id == "expand" and part.space == "output" else part.id
    block = next((block for block in at.network.blocks if block.id == unit), None)
    skip = ", after the block's input was added" if block is not None and block.skip else ""
    words = _text(section, title=part.title, unit=unit, channels=f"{len(numbers.dead):,}", height=str(grid.cells), width=str(grid.cells), step=str(grid.step),
                  reach=f"{grid.reach:,}", side=str(grid.side))
    st.markdown(words if section == "everything" else f"{words} {_text(what, **({'skip': skip} if what == 'output' else {}))}")
    if view.difference:
        st.caption(_text("difference") if numbers.reach.any() else _text("unchanged"))


def _layer(numbers: Channels) -> None:
    """What the layer as a whole is like."""
    dead, strongest = int(numbers.dead.sum()), numbers.strongest
    rows = [("Below zero", percent(numbers.negative)), ("Exactly zero", percent(numbers.zero)), ("Mean", four(numbers.average)),
            ("Standard deviation", four(numbers.std)), ("Strongest channel", f"{strongest}, mean |value| {four(numbers.strength[strongest])}"),
            ("Constant maps", f"{dead:,} of {len(numbers.dead):,}")]
    _strip(rows)


def _strip(rows: list[tuple[str, str]]) -> None:
    """Names and numbers side by side."""
    st.html('<dl class="ef-strip">' + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows) + "</dl>")


def _most(at: Look, difference: bool) -> tuple[float, str]:
    """The greatest |value| that any unit hands on, or the greatest change of one, and the unit."""

    def find() -> tuple[float, str]:
        before = at.untouched.outputs if difference else {}
        found = ((maps.tops(each - before[unit] if difference else each)[0], unit) for unit, each in at.seen.outputs.items())
        most, unit = max(found)
        return float(most), unit

    largest = max(each.nbytes for each in at.seen.outputs.values())
    return at.kept("greatest value", find, 64, 3 * largest, difference)


def _reach(at: Look, view: View, numbers: Channels) -> tuple[np.ndarray, str]:
    """What the colours of every map reach (C), and what is said of that."""
    if view.scope != "network":
        reach = maps.reaches(numbers.reach, view.scope)
        return reach, _text("map") if view.scope == "map" else _text("scale_layer", reach=four(reach[0]))
    network, unit = _most(at, view.difference)
    most = float(numbers.reach.max())
    beyond = " " + _text("beyond", most=four(most)) if most > network else ""
    return maps.reaches(numbers.reach, view.scope, network), _text("network", reach=four(network), unit=unit, beyond=beyond)


class Order(NamedTuple):
    channels: np.ndarray  # all of them
    notes: np.ndarray  # of each channel, by its number; NaN where there is nothing to say
    note: str  # what they are
    words: str


def _order(at: Look, view: View, numbers: Channels) -> Order:
    gates = at.seen.gates.get(view.unit) if view.part.space == "middle" else None
    if view.sort == "attribution":
        return _by_attribution(at, view, numbers)
    by = "strength" if view.sort == "gate" and gates is None else view.sort
    noted = "gate" if by == "channel" and gates is not None else by
    notes = {"strength": numbers.strength, "gate": gates, "channel": np.full(len(numbers.dead), np.nan)}[noted]
    section = "no_gates" if by != view.sort else by
    words = _text(section, gates=_text("gate_number") if gates is not None else "") if section == "channel" else _text(section)
    return Order(ranked(by, numbers, gates), notes, NOTES.get(noted, ""), words)


def _by_attribution(at: Look, view: View, numbers: Channels) -> Order:
    best = at.seen.top(1)[0]
    with st.spinner("One pass backwards…"):
        found = channel.attributions_of(at, view.unit, view.part, best.index)
    last = view.unit == at.network.last_unit and view.part.id == "output"
    bias = float(at.model.network.classifier.bias[best.index]) if last else 0.0
    exact = _text("sum", bias=four(bias), logit=four(best.logit)) if last else _text("tangent")
    return Order(ranked("attribution", numbers, attributed=found), found, NOTES["attribution"], _text("attribution", label=plain(best.label), exact=exact))


def _mosaic(at: Look, view: View, numbers: Channels, reach: np.ndarray) -> str:
    """All maps, as many of them as one message has room for; returns what is to be said of them."""
    values, order = channel.values_of(at, view.unit, view.part, view.difference), _order(at, view, numbers)
    how = plan(*values.now.shape)
    part = _page(at, view, how, order.channels)
    shown = order.channels[part * how.count : (part + 1) * how.count]
    tiles = atlas.Tiles(shown, values.of(shown), reach[shown], numbers.dead[shown], order.notes[shown])
    atlas.mosaic(_scene(at, view), tiles, how, name=f"Maps: {view.layer}; arrow keys move, Enter enlarges", order=f"{view.sort} {part}", note=order.note,
                 signed=view.sort == "attribution", on_pick=lambda picked: channel.choose(view.part, picked))
    if how.count < len(order.channels):
        _turner(view, how, part, len(order.channels))
    thin = _text("thin", times=str(how.thin)) if how.thin > 1 else ""
    return f"{order.words} {_text('exact') if how.exact else _text('levels', thin=thin)}"


def _dead(numbers: Channels) -> str:
    which = np.flatnonzero(numbers.dead)
    names = ", ".join(map(str, which[:12])) + (" …" if len(which) > 12 else "")
    return _text("dead", dead=f"{len(which):,}", channels=f"{len(numbers.dead):,}", which=names) if len(which) else ""


def _scene(at: Look, view: View) -> atlas.Scene:
    return atlas.Scene(view.layer, view.scope, channel.grid_of(at, view.unit, view.part), shell.theme())


def _page(at: Look, view: View, how: Plan, order: np.ndarray) -> int:
    """Which message of maps is shown: the one that was turned to, else the one with the chosen channel."""
    turned, page = st.session_state.get("_maps_page", ("", 0))
    if turned == f"{view.layer} {view.sort}" and page < how.parts(len(order)):
        return page
    return how.part(int(np.flatnonzero(order == channel.chosen(at, view.unit, view.part))[0]))


def _turner(view: View, how: Plan, page: int, channels: int) -> None:
    back, words, on = st.columns([1, 2, 1], vertical_alignment="center")

    def turn(to: int) -> None:
        st.session_state["_maps_page"] = f"{view.layer} {view.sort}", to

    back.button("Previous", key="maps_back", on_click=turn, args=(page - 1,), disabled=page == 0, width="stretch")
    first, last = page * how.count + 1, min(channels, (page + 1) * how.count)
    words.markdown(f"{first:,} to {last:,} of {channels:,}", text_alignment="center")
    on.button("Next", key="maps_next", on_click=turn, args=(page + 1,), disabled=last == channels, width="stretch")


def _enlarged(at: Look, view: View, reach: np.ndarray) -> None:
    """The chosen map over the picture, and what its square is."""
    chosen = channel.chosen(at, view.unit, view.part)
    values = channel.values_of(at, view.unit, view.part, view.difference).of(chosen)
    ask = (lambda cell: channel.asked(chosen, cell, view.part)) if HAS_CELLS and view.part.id != "input" and not view.difference else None
    atlas.lens(_scene(at, view), chosen, values, reach[chosen], at.view, ask)


def _type(view: View) -> None:
    if st.session_state["channel_number"] is not None:
        st.session_state.pop("_maps_page", None)
        channel.choose(view.part, int(st.session_state["channel_number"]))


def _facts(at: Look, view: View, numbers: Channels) -> None:
    """The chosen channel in numbers."""
    chosen, count = channel.chosen(at, view.unit, view.part), len(numbers.dead)
    st.session_state["channel_number"] = chosen
    typed, known = st.columns([3, 7], gap="medium", vertical_alignment="bottom")
    typed.number_input(f"Channel, 0 to {count - 1:,}", 0, count - 1, step=1, key="channel_number", on_change=_type, args=(view,))
    rows = [("Least", four(numbers.least[chosen])), ("Mean", four(numbers.mean[chosen])), ("Greatest", four(numbers.greatest[chosen]))]
    if view.part.space == "middle" and view.unit in at.seen.gates:
        rows += [("z, mean before SE", four(at.seen.squeezed[view.unit][chosen])), ("Gate s", four(at.seen.gates[view.unit][chosen]))]
    if view.sort == "attribution":
        best = at.seen.top(1)[0]
        rows.append(("Attribution", four(channel.attributions_of(at, view.unit, view.part, best.index)[chosen])))
    with known:
        _strip(rows)
