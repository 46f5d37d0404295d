"""Work that waits for its turn, on the page: what it holds meanwhile, how far it is, and the button that stops it."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from .. import texts, work
from ..looks import again
from ..seen import Look
from .turns import Turn, Turns

POLL_S = 0.5


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """The one of this server."""
    return Turns()


def light(at: Look) -> Look:
    """What work may keep of a look: one that waits for its turn should not hold a pass in memory. Left are its picture and its logits."""
    bare = replace(at.seen, outputs={}, squeezed={}, gates={})
    return at._replace(untouched=bare, seen=bare, eye=b"", view=b"")


def progress(turn: Turn, key: str, done: Callable[[Turn], str]) -> None:
    """How far it is, again and again, as `done` says it, and the button that stops it; the page runs anew when it is over."""
    queue = turns()

    def look() -> None:
        if not turn.active:
            st.rerun()
        turn.watch(work.owner())
        with st.container(key=f"{key}_bar", horizontal=True, vertical_alignment="center"):
            st.progress(turn.done / turn.total, text=_words(queue, turn, done))
            if st.button("Stop", key=f"{key}_stop", icon=":material/stop_circle:"):
                turn.leave(work.owner())
                st.rerun()

    again("waiting", look, POLL_S)


def _words(queue: Turns, turn: Turn, done: Callable[[Turn], str]) -> str:
    before = queue.before(turn)
    if turn.state == "waiting" and before:
        return texts.text("inside", "waiting", before="no other comes" if before == 1 else f"{before - 1} more come")
    left = "" if turn.left_s is None else f" · {work.time_left(turn.left_s)}"
    return f"{done(turn)}{left}"
