"""The channel that is looked at in the widened middle of a block; once taken, it is kept in the address."""

import streamlit as st

from .. import state
from ..seen import Look
from . import maps

LONGEST = 5  # digits


def taken() -> int | None:
    """The channel that the address says, where that can be one."""
    text = state.get("channel")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else None


def restore() -> None:
    """Before anything is drawn, once in a session: a channel that came with the address is taken."""
    if not st.session_state.get("_channel_read") and taken() is not None:
        maps.pick("after", taken())
    st.session_state["_channel_read"] = True


def take(channel: int) -> None:
    """A click or a number box says which."""
    maps.pick("after", channel)
    state.put(channel=str(channel))


def current(at: Look, unit: str) -> int:
    """The channel of a block that has gates. Where it is not the one that answers most strongly, somebody took it, and the address says so."""
    found = maps.channel_of(at, unit, "after")
    if found != int(maps.strength(at.opened(unit).excitation.before).argmax()):
        state.put(channel=str(found))
    return found
