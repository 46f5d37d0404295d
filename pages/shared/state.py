"""One state for all pages, kept in the session and mirrored in the address, so that a copied link opens the same view.

The scaling controls are widgets on every page, bound to the address by Streamlit. What a click selects is put there by `read_address`
and `write_address`, since Streamlit clears the address of anything else when the page changes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.errors import UserError
from effnet_core.families import PUBLISHED, compound, published


class Field(NamedTuple):
    default: Any
    parse: Callable[[str], Any]


def _number(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return parse


def _one_of(*options: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    return parse


def _short(text: str) -> str:
    if not text or len(text) > 80 or not text.isprintable():
        raise ValueError(text)
    return text


RANGES = {"phi": (-2.0, 8.0), "alpha": (1.0, 2.0), "beta": (1.0, 2.0), "gamma": (1.0, 2.0)}
BOUND = {  # on every page as a widget, perhaps an invisible one: Streamlit keeps these in the address
    "source": Field("formula", _one_of("formula", "published")),
    "phi": Field(0.0, _number(*RANGES["phi"])),
    "alpha": Field(1.2, _number(*RANGES["alpha"])),
    "beta": Field(1.1, _number(*RANGES["beta"])),
    "gamma": Field(1.15, _number(*RANGES["gamma"])),
    "name": Field("b0", _one_of(*PUBLISHED)),
}
CARRIED = {  # set by a click or by one page's widget: the frame keeps these in the address
    "layer": Field("stages.2.0", _short),
    "model": Field("small-scenes", _short),
    "photo": Field("scene-0-1", _short),
    "job": Field("", _short),
}
FIELDS = BOUND | CARRIED


def known() -> bool:
    """Whether this session has read its address before."""
    return "_address_read" in st.session_state


def read_address() -> None:
    """At a session's first run: the carried values from the address, where they are valid; all others have their defaults."""
    if known():
        return
    st.session_state["_address_read"] = True
    for key, field in CARRIED.items():
        if key in st.query_params:
            try:
                st.session_state[key] = field.parse(st.query_params[key])
            except ValueError:
                del st.query_params[key]


def write_address() -> None:
    """After the page: the carried values, where they are not the default."""
    for key, field in CARRIED.items():
        value = get(key)
        if value == field.default:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value


def bound(key: str) -> dict[str, Any]:
    """The arguments by which a widget shows the shared value `key`, in the session and in the address."""
    return {"key": key, "bind": "query-params", "persist_state": "session"}


def get(key: str) -> Any:
    return st.session_state.get(key, FIELDS[key].default)


def put(**values: Any) -> None:
    """Sets shared values; only from a callback or before their widgets are drawn."""
    st.session_state.update(values)


def architecture() -> Architecture:
    """The network that the sliders show. Raises `UserError` where they ask for the impossible."""
    if get("source") == "published":
        return published(get("name"))
    return compound(*(get(key) for key in RANGES))


def selected(network: Architecture) -> str:
    """The selected unit, or the nearest one that `network` has: the last block of the same stage, or the first block."""
    wanted = get("layer")
    try:
        return network.unit_of(wanted)
    except UserError:
        stage = ".".join(wanted.split(".")[:2])
        return next((s.blocks[-1].id for s in network.stages if s.id == stage), network.blocks[0].id)


def select(unit: str) -> None:
    st.session_state["layer"] = unit
