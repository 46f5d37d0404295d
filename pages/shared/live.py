"""What lets our components follow the hand on a slider before it is let go: see assets/live.js and assets/mirror.js."""

from functools import cache
from typing import Any

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.errors import UserError
from effnet_core.families import compound
from effnet_core.figures import lab

from . import state
from .components import component


@cache
def _constants() -> dict:
    return lab.constants()


def engine() -> None:
    """Brings the mirror to the page; it is not seen. Its data never change, so that it travels once."""
    component("engine")(key="engine", data=_constants(), height="content")


def computable(metric: str) -> str:
    """What the mirror shows in place of `metric`: a time is measured, for one network."""
    return "macs" if metric == "time" else metric


def _controls() -> dict[str, Any]:
    return {"live": state.get("source") == "Formula", "base": state.BASES[state.get("base")], **{key: state.get(key) for key in state.RANGES}}


def _last() -> dict[str, Any]:
    """The controls of what was drawn last, if they were sliders; else of the base network itself."""
    last = st.session_state.get("_drawn", {})
    return last if last.get("live") else {**_controls(), **{key: state.BOUND[key] for key in state.RANGES}}


def network() -> tuple[Architecture, str]:
    """The network of the controls. Where they ask for the impossible, the last one that was drawn, and the sentence of the refusal: its
    pictures stay, faint, and the way back is live."""
    try:
        return state.architecture(), ""
    except UserError as refused:
        last = _last()
        return compound(*(last[key] for key in state.RANGES), base=last["base"]), str(refused)


def begin(refused: bool) -> None:
    """Before any component of a page is drawn: notes to which controls all of them belong."""
    st.session_state["_drawn"] = _last() if refused else _controls()


def settings(theme: str, **more: Any) -> dict:
    """What a component's data belong to. Where its sliders stand elsewhere, the component shows what the mirror computes there; a
    published network has no sliders."""
    return {**st.session_state["_drawn"], "classes": 1000, "theme": theme, "wanted": state.get("layer"), **more}
