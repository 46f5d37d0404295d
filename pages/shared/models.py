"""The chooser of models, the same on every page that needs one: three groups, the card of the chosen model, and how to get it here.

Needs no torch until `model_of` loads one. Which model is chosen is `st.session_state[key]`; "model" is shared by all pages and kept in
the address.
"""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import streamlit as st

from effnet_core.cards import Entry
from effnet_core.cost import FLOAT_BYTES
from effnet_core.palette import bytes_text
from effnet_core.weights.registry import ROWS

from . import adding, arrivals, html, memory, removing, shelf, texts
from .shelf import GROUPS, entries, facts, is_trained, knows_scenes

if TYPE_CHECKING:
    from effnet_core.checkpoints import Pretrained

__all__ = ["choose", "entries", "facts", "is_trained", "knows_scenes", "may_open", "model_of"]

FORMS = 2  # of the weights: the network's, and the fused path's once somebody needs only the output
HEAVY = 2  # a model that takes more than the half of what is free asks first


def model_of(entry: Entry) -> "Pretrained":
    """The `Pretrained` of `entry`, kept in memory for all visitors. Raises `UserError` where the file cannot be used, or is gone,
    or memory is short."""
    from effnet_core import checkpoints

    kept, key = memory.shared(), ("model", entry.path, entry.version)
    weights = 0 if entry.problem else FORMS * FLOAT_BYTES * shelf.network(entry).total.params
    with nullcontext() if key in kept else st.spinner("Loading the model…"):
        return kept.get(key, lambda: checkpoints.load(entry.path), weights, entry.version[1])


def choose(key: str = "model", label: str = "Model", *, meanwhile: bool = False) -> Entry | None:
    """The chooser with its card; the chosen model, or None while it is not here or cannot be used.

    With `meanwhile` the model that was shown last then stands in for it, and the chooser says so; None where there is none at all.
    """
    here = {entry.name: entry for entry in entries()}
    default = shelf.default(here)
    wanted = st.session_state.get(key) or default
    shown = wanted if wanted in here or wanted in ROWS else default
    own_group = shelf.group_of(here[shown]) if shown in here else "imagenet" if shown in ROWS else "app"
    group = _groups(key, label, own_group, shown)
    _names(key, label, group, shown, here)
    if wanted != shown:
        st.warning(texts.text("models", "gone", wanted=html.plain(wanted), shown=html.plain(shown or "nothing")), icon=":material/info:")
    usable = here.get(shown) if shown in here and not here[shown].problem else None
    last = here.get(st.session_state.get(f"_{key}_last", default) or "")
    if usable is not None:
        st.session_state[f"_{key}_last"] = shown
    instead = last if meanwhile and last is not None and not last.problem else None
    if group == own_group:
        _body(key, shown, here, instead)
    if group == "own":
        _own(key, shelf.names_in("own", here))
    return usable or instead


def _groups(key: str, label: str, own_group: str, shown: str | None) -> str:
    """The choice of the group: that of the model that is shown, unless another one was opened since."""
    group, at = st.session_state.get(f"_{key}_open", (own_group, shown))
    st.session_state[f"{key}_group"] = group if at == shown else own_group
    return st.segmented_control(label, list(GROUPS), format_func=GROUPS.get, key=f"{key}_group", required=True, width="stretch",
                                on_change=_turn, args=(key, shown), help=texts.text("models", "help"))


def _turn(key: str, shown: str | None) -> None:
    """Another group: its model that was chosen last, or its first one; a group without models only opens."""
    group, here = st.session_state[f"{key}_group"], {entry.name: entry for entry in entries()}
    names, last = shelf.names_in(group, here), st.session_state.get(f"_{key}_of_{group}")
    st.session_state[f"_{key}_open"] = group, shown
    if names:
        st.session_state[key] = last if last in here or last in ROWS else names[0]


def _names(key: str, label: str, group: str, shown: str | None, here: dict[str, Entry]) -> None:
    """The models of the group."""
    names = shelf.names_in(group, here, group == "imagenet" and st.session_state.get(f"{key}_more", False))
    if group == "imagenet" and shown in ROWS and shown not in names:
        names.append(shown)
    if names:
        st.session_state[f"{key}_choice"] = chosen = shown if shown in names else None
        if chosen is not None:
            st.session_state[f"_{key}_of_{group}"] = chosen
        titles = {name: _title(name, here) for name in names}
        st.selectbox(label, names, None, titles.__getitem__, key=f"{key}_choice", on_change=_choose, args=(key,),
                     required=True, placeholder="Choose one", label_visibility="collapsed")
    if group == "imagenet":
        st.toggle(f"All {len(ROWS)} files", key=f"{key}_more", help=texts.text("models", "more"))


def _title(name: str, here: dict[str, Entry]) -> str:
    if name in here:
        return shelf.title(here[name])
    job = arrivals.arrivals().latest(name)
    return f"{name} · arriving" if job is not None and job.active else shelf.offer_title(name)


def _choose(key: str) -> None:
    st.session_state[key] = st.session_state[f"{key}_choice"]


def _body(key: str, shown: str | None, here: dict[str, Entry], instead: Entry | None) -> None:
    """What stands beneath the choice: the card, and the download of what is not here, or is damaged."""
    entry = here.get(shown)
    if entry is not None:
        _card(key, entry)
    if shown in ROWS and (entry is None or entry.problem):
        if instead is not None:
            st.markdown(texts.text("models", "meanwhile", shown=html.plain(instead.name)))
        html.facts(shelf.offer(ROWS[shown]))
        arrivals.button(shown, key)


def _own(key: str, names: list[str]) -> None:
    if not names:
        st.caption(texts.text("models", "none_own"))
    adding.section(key)


def _card(key: str, entry: Entry) -> None:
    adding.welcome(entry.name)
    if entry.problem:
        st.warning(html.plain(entry.problem), icon=":material/info:")
    else:
        if not is_trained(entry.card):
            st.html('<p class="ef-badge">untrained: random weights</p>')
        html.facts(facts(entry))
    removing.offer(key, entry)


def may_open(entry: Entry, needed: int) -> bool:
    """Whether the page may go on with a model for which it needs so many bytes; asks the visitor where that is much of what is free."""
    agreed = st.session_state.setdefault("_agreed", set())
    free = memory.shared().free
    if entry.name in agreed or HEAVY * needed <= free:
        agreed.add(entry.name)
        return True
    with st.container(key="heavy"):
        st.warning(texts.text("models", "heavy", name=html.plain(entry.name), needed=bytes_text(needed), free=bytes_text(free)),
                   icon=":material/memory:")
        st.button("Open it all the same", key="heavy_yes", on_click=agreed.add, args=(entry.name,))
    return False
