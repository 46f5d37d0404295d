"""Who may remove what is on this machine: the visit that added it, and whoever sits at the machine; and models removed after a question."""

import streamlit as st

from effnet_core import cards
from effnet_core.errors import UserError
from effnet_core.palette import bytes_text

from . import html, texts

ADDED = {"model": ("_added", "_trained"), "data": ("_added_data",)}  # where the session has the names of what its visit added


def may_remove(kind: str, name: str) -> bool:
    """Whether the visitor may remove the "model" or the "data" of that name."""
    return any(name in st.session_state.get(key, ()) for key in ADDED[kind]) or from_this_machine()


def forget(kind: str, name: str) -> None:
    """It is removed: another visitor may give the name to something else."""
    for key in ADDED[kind]:
        st.session_state.get(key, set()).discard(name)


def from_this_machine() -> bool:
    """Whether the visitor sits at the machine that the app runs on, as far as the connection tells; a proxy in between says otherwise."""
    through = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")
    return st.context.ip_address is None and not any(name in st.context.headers for name in through)


def offer(key: str, entry: cards.Entry) -> None:
    """Under the card of a model that this visit added, or that is on the visitor's own machine: the way to remove it."""
    if entry.bundled or not may_remove("model", entry.name):
        return
    with st.container(key=f"{key}_removal"):
        if refused := st.session_state.pop("_refused_removal", None):
            st.warning(html.plain(refused), icon=":material/info:")
        if st.session_state.get("_removing") != entry.name:
            st.button("Remove this model", key=f"{key}_remove", icon=":material/delete:", type="tertiary", on_click=_ask,
                      args=(entry.name,))
            return
        st.markdown(texts.text("models", "remove", name=html.plain(entry.name), size=bytes_text(entry.version[1])))
        yes, no = st.columns(2)
        yes.button("Remove", key=f"{key}_remove_yes", type="primary", on_click=_remove, args=(key, entry.name), width="stretch")
        no.button("Keep", key=f"{key}_remove_no", on_click=_ask, args=("",), width="stretch")


def _ask(name: str) -> None:
    st.session_state["_removing"] = name


def _remove(key: str, name: str) -> None:
    st.session_state["_removing"] = ""
    try:
        cards.remove(name)
        forget("model", name)
        st.session_state.pop(key, None)
    except UserError as refused:
        st.session_state["_refused_removal"] = str(refused)
