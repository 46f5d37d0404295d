"""In which colours and in which order the maps of a layer are shown, and what is said of that."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from effnet_core.figures import maps
from effnet_core.inside.channels import Channels, ranked
from effnet_core.palette import four

from .. import state, texts
from ..html import plain
from ..seen import Look
from . import channel
from .channel import Part

SCOPES = {"Each map": "map", "This layer": "layer", "Network": "network"}
SORTS = {"Strength": "strength", "Gate": "gate", "Attribution": "attribution", "Number": "channel"}
NOTES = {"strength": "mean |value|", "gate": "gate", "attribution": "attribution"}


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_maps", section, **numbers)


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


def _choose() -> None:
    state.put(maps=st.session_state["map_choice"])


def controls(at: Look, unit: str) -> View:
    """Which layer, in which colours, in which order."""
    here, part = channel.parts(at, unit), channel.part_of(at, unit)
    st.session_state["map_choice"] = part.id
    st.segmented_control("Layer", list(here), format_func=lambda part: here[part].title, key="map_choice", required=True, wrap=True, on_change=_choose)
    scope, sort, *changed = st.columns([4, 5, 3] if at.surgery else [4, 5], gap="medium", vertical_alignment="bottom")
    kept = {"bind": "query-params", "persist_state": "session", "required": True, "width": "stretch", "wrap": True}
    colours = SCOPES[scope.segmented_control("One colour scale for", list(SCOPES), default="Each map", key="scope", **kept)]
    order = SORTS[sort.segmented_control("Sorted by", list(SORTS), default="Strength", key="sort", **kept)]
    difference = bool(changed) and changed[0].toggle("Now − untouched", key="difference", bind="query-params", persist_state="session",
                                                     help=text("difference"))
    return View(unit, part, colours, order, difference)


def _most(at: Look, difference: bool) -> tuple[float, str]:
    """The greatest |value| that any unit hands on, or the greatest change of one, and the unit."""

    def find() -> tuple[float, str]:
        before = at.untouched.outputs if difference else {}
        found = ((maps.tops(each - before[unit] if difference else each)[0], unit) for unit, each in at.seen.outputs.items())
        most, unit = max(found)
        return float(most), unit

    largest = max(each.nbytes for each in at.seen.outputs.values())
    return at.kept("greatest value", find, 64, 3 * largest, difference)


def reach_of(at: Look, view: View, numbers: Channels) -> tuple[np.ndarray, str]:
    """What the colours of every map reach (C), and what is said of that."""
    if view.scope != "network":
        reach = maps.reaches(numbers.reach, view.scope)
        return reach, text("map") if view.scope == "map" else text("scale_layer", reach=four(reach[0]))
    network, unit = _most(at, view.difference)
    most = float(numbers.reach.max())
    beyond = " " + text("beyond", most=four(most)) if most > network else ""
    return maps.reaches(numbers.reach, view.scope, network), text("network", reach=four(network), unit=unit, beyond=beyond)


class Order(NamedTuple):
    channels: np.ndarray  # all of them
    notes: np.ndarray  # of each channel, by its number; NaN where there is nothing to say
    note: str  # what they are
    words: str


def order_of(at: Look, view: View, numbers: Channels) -> Order:
    """Of the channels of a layer, as the visitor wants it; by gate only where the layer's channels have gates, else by strength."""
    gates = at.seen.gates.get(view.unit) if view.part.space == "middle" else None
    if view.sort == "attribution":
        return _by_attribution(at, view, numbers)
    by = "strength" if view.sort == "gate" and gates is None else view.sort
    noted = "gate" if by == "channel" and gates is not None else by
    notes = {"strength": numbers.strength, "gate": gates, "channel": np.full(len(numbers.dead), np.nan)}[noted]
    section = "no_gates" if by != view.sort else by
    words = text(section, gates=text("gate_number") if gates is not None else "") if section == "channel" else text(section)
    return Order(ranked(by, numbers, gates), notes, NOTES.get(noted, ""), words)


def _by_attribution(at: Look, view: View, numbers: Channels) -> Order:
    best = at.seen.top(1)[0]
    with st.spinner("One pass backwards…"):
        found = channel.attributions_of(at, view.unit, view.part, best.index)
    last = view.unit == at.network.last_unit and view.part.id == "output"
    bias = at.model.network.classifier.bias[best.index].item() if last else 0.0
    exact = text("sum", bias=four(bias), logit=four(best.logit)) if last else text("tangent")
    return Order(ranked("attribution", numbers, attributed=found), found, NOTES["attribution"], text("attribution", label=plain(best.label), exact=exact))
