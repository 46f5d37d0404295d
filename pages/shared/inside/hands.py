"""What the microscope's component is told of where the visitor is, and what it tells."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from effnet_core.inside.arithmetic import Lens

Place = tuple[int, int]  # row, column


def start_of(subject: str, place: Place) -> Place:
    """Where the browser is told to begin. It keeps its own place as long as nobody else moves, and gets the same bytes again."""
    told, begun = st.session_state.get("_cell_told"), st.session_state.get("_cell_start")
    if begun and begun[0] == subject and told == (subject, place):
        return begun[1]
    st.session_state["_cell_start"] = subject, place
    return place


def lit_of(eye: Lens, subject: str, start: Place) -> int:
    """Of the input channels the one whose map is shown: the picked one, else the one that adds most where one began."""
    where, picked = st.session_state.get("_cell_input", ("", 0))
    return picked if where == subject else int(np.abs(eye.cell(*start).contributions).argmax())


def callbacks(subject: str, layer: str, channel: int, cells: Place, inputs: int) -> tuple[Callable[[], None], Callable[[], None]]:
    """What is done when the browser moves, and when it lights an input channel. Both live as long as the session and hold small values."""

    def moved() -> None:
        asked = st.session_state["cell"].moved
        if isinstance(asked, list) and len(asked) == 2 and all(type(each) is int for each in asked):  # a browser may send anything
            if 0 <= asked[0] < cells[0] and 0 <= asked[1] < cells[1]:
                st.session_state["_cell_told"] = subject, tuple(asked)
                st.session_state.update(cell_layer=layer, cell_channel=str(channel), cell_at="{},{}".format(*asked))

    def lighted() -> None:
        if type(asked := st.session_state["cell"].lighted) is int and 0 <= asked < inputs:
            st.session_state["_cell_input"] = subject, asked

    return moved, lighted
