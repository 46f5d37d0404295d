"""Looks that a page takes at something again and again, with room between them for whatever else it is asked."""

import time
from collections.abc import Callable

import streamlit as st

ROOM = 4  # from the beginning of a look to that of the next, in times of what one takes


def spaced(every: float, took: float) -> float:
    """Seconds between two looks that were to be `every` seconds apart and take `took`: doubled until there is room."""
    while every < ROOM * took:
        every *= 2
    return every


def again(name: str, look: Callable[[], None], every: float | None) -> None:
    """Calls `look` in a fragment, now and every `every` seconds (None: only now), or less often where the machine is so busy that one look
    would come upon the next, and the page would never be at rest."""
    took = st.session_state.setdefault("_looks", {})
    pause = every and spaced(every, took.get(name, 0.0))
    called = []  # the first is part of the page's own run, and slower

    def timed() -> None:
        begun = time.monotonic()
        look()
        if called and every:
            took[name] = time.monotonic() - begun
            if spaced(every, took[name]) > pause:
                st.rerun()
        called.append(True)

    st.fragment(timed, run_every=pause)()
