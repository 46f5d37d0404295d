"""One state for all pages, kept in the session and mirrored in the address, so that a copied link opens the same view.

The scaling controls are widgets on every page, bound to the address by Streamlit. What a click selects is put there by `read_address`
and `write_address`, since Streamlit clears the address of anything else when the page changes.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from effnet_core import families
from effnet_core.architecture import Architecture
from effnet_core.cards import best_bundled
from effnet_core.families import compound, published
from effnet_core.inside import surgery
from effnet_core.lab import pins
from effnet_core.lessons import kernels

from . import catalogue

RANGES = {"phi": (-2.0, 8.0), "alpha": (1.0, 2.0), "beta": (1.0, 2.0), "gamma": (1.0, 2.0)}
NAMES = {families.title(name).removeprefix("EfficientNet-"): name for name in families.NAMES}
BASES = {families.title(name).removeprefix("EfficientNet-"): name for name in families.BASES if name != "small"}
BOUND = {  # on every page as a widget, perhaps an invisible one: Streamlit checks these and keeps them in the address
    "source": "Formula",
    "name": "B0",
    "base": "B0",
    "phi": 0.0,
    "alpha": 1.2,
    "beta": 1.1,
    "gamma": 1.15,
}
CARRIED = {  # set by a click or by one page's widget: the frame keeps these in the address
    "layer": "stages.4.1",
    "class": "",  # label of the class whose evidence is shown; the best guess where empty
    "second_model": "",  # name of a model that is compared with
    "opened": "",  # numbers of the stages whose repeats the graph shows one by one: "1,5"
    "model": best_bundled(),
    "photo": "",  # one that suits the model
    "maps": "output",  # which layer of the unit is looked at
    "channel": "",  # which channel there, "middle.17"; the strongest
    "other": "",  # a picture to compare it with
    "surgery": "",  # gates that are set by hand, as `inside.surgery` writes them
    "job": "",
    "study": "",  # a search by training
    "cell_layer": "",  # under the microscope: a convolution's id
    "cell_channel": "",  # its output channel
    "cell_at": "",  # a cell of that map: "row,column"
    "kernel_numbers": "",  # written into a kernel by hand, as `lessons.kernels` writes them
    "tour": "",  # how far the guided tour is, as `learn.progress` writes it
    "q": "",  # a question to predict; the first one
    "pins": "",  # networks to compare with, as `pins.write` writes them
    "hide": "",  # what a teacher's link leaves out: "alpha,part.take-home"
    "fix": "",  # whose value it fixes: "phi"
    "type": "",  # its size of type
}
DEFAULTS = BOUND | CARRIED
LONGEST = pins.LONGEST  # characters of a carried value
LONGER = {"surgery": surgery.LONGEST, "kernel_numbers": kernels.LONGEST, "hide": 2000, "fix": 1000}


def known() -> bool:
    """Whether this session has read its address before."""
    return "_address_read" in st.session_state


def read_address() -> None:
    """At a session's first run: the carried values from the address, where they can be values; all others have their defaults."""
    if known():
        return
    st.session_state["_address_read"] = True
    for key in [key for key, text in st.query_params.items() if not text]:
        del st.query_params[key]  # Streamlit would take it for no choice at all, even where one is required
    for key in CARRIED:
        text = st.query_params.get(key, "")
        if text.isprintable() and 0 < len(text) <= LONGER.get(key, LONGEST):
            st.session_state[key] = text


def write_address() -> None:
    """After the page, and after each of its fragments: the carried values, where they are not the default."""
    _keep()
    if page := st.session_state.get("_page"):
        st.session_state.setdefault("_addresses", {})[page] = {key: st.query_params.get_all(key) for key in st.query_params}
    for key, default in CARRIED.items():
        value = get(key)
        if value == default:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value


def last_address(page: str) -> dict[str, list[str]]:
    """What the address of `page` said when this session was last there, and what it carries everywhere."""
    return st.session_state.get("_addresses", {}).get(page, {})


def bound(key: str) -> dict[str, Any]:
    """The arguments by which a widget shows the shared value `key`, in the session and in the address."""
    return {"key": key, "bind": "query-params", "persist_state": "session"}


def get(key: str) -> Any:
    return st.session_state.get(key, DEFAULTS[key])


def put(**values: Any) -> None:
    """Sets shared values; only from a callback or before their widgets are drawn. What a link has fixed stays."""
    held = fixed()
    st.session_state.update({key: value for key, value in values.items() if key not in held})


def names(key: str, known: Callable[[], frozenset[str]]) -> frozenset[str]:
    """What the carried list `key` names, as far as it is `known`, which is asked where there is a list at all."""
    return known().intersection(get(key).split(",")) if get(key) else frozenset()


def fixed() -> frozenset[str]:
    """The keys of the widgets whose values a link has fixed."""
    return catalogue.widgets(names("fix", catalogue.fixable))


def _keep() -> None:
    """Remembers each fixed value as it was when its widget was first drawn."""
    kept = st.session_state.setdefault("_fixed", {})
    for key in fixed():
        if key in st.session_state:
            kept.setdefault(key, st.session_state[key])


def hold() -> None:
    """Before the page, and before each of its fragments: fixed values are what the link said, whatever a browser has sent."""
    kept = st.session_state.get("_fixed", {})
    for key in fixed() & set(kept):
        if st.session_state.get(key) != kept[key]:
            st.session_state[key] = kept[key]


def address(page: str, values: dict[str, str]) -> None:
    """In a callback: to `page`, or nowhere else where it is "". The address gets the `values` that widgets bound to it are about to have:
    one that is drawn for the first time shows what it is set to, and Streamlit does not tell the address."""
    missing = {key: text for key, text in values.items() if key not in DEFAULTS and key not in fixed()}
    if page:
        st.session_state["_goto"], st.session_state["_goto_address"] = page, missing
        return
    for key, text in missing.items():
        with suppress(StreamlitAPIException):  # the widget has been drawn, and tells
            st.query_params[key] = text


def architecture(values: Callable[[str], Any] = get) -> Architecture:
    """The network that the sliders show. Raises `UserError` where they ask for the impossible."""
    if values("source") == "Published":
        return published(NAMES[values("name")])
    return compound(*(values(key) for key in RANGES), base=BASES[values("base")])


def selected(network: Architecture) -> str:
    """The selected unit, or the nearest one that `network` has."""
    return network.nearest(get("layer"))


def select(unit: str) -> None:
    """In a callback, the last thing it does: the unit is selected. Where the page shows that in fragments of its own, only they run again."""
    st.session_state["layer"] = unit
    if alone := st.session_state.get("_alone"):
        st.rerun(scope=[*alone])


def alone(*fragments: str) -> None:
    """After the page's keyed fragments were drawn: a selection concerns nothing else on it. Without any, the whole page runs again."""
    st.session_state["_alone"] = fragments
