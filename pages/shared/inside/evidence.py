"""What the parts about evidence for a class share: which class, and where the last cells lie."""

import streamlit as st

from effnet_core.inside.geometry import Grid
from effnet_core.palette import percent

from .. import state, texts
from ..seen import Look

NAMED = 1000  # classes up to which all are in the choice; beyond it so many of the most probable


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_cam", section, **numbers)


def label_of(at: Look) -> int:
    """The class whose evidence is asked for: the picked one where the model has it, else its best guess."""
    wanted, labels = state.get("class"), at.model.labels
    return labels.index(wanted) if wanted in labels else at.seen.top(1)[0].index


def pick(labels: tuple[str, ...], best: int, label: int) -> None:
    """The best guess is not remembered: with the next picture it is another one. (The arguments of callbacks live as long as the session,
    so a whole look is none.)"""
    state.put(**{"class": "" if label == best else labels[label]})


def _chose(labels: tuple[str, ...], best: int) -> None:
    pick(labels, best, st.session_state["class_choice"])


def choose(at: Look) -> int:
    """The choice of a class, the most probable first; typing searches."""
    label, odds, labels = label_of(at), at.seen.probabilities, at.model.labels
    options = at.seen.ranked()[:NAMED]
    st.session_state["class_choice"] = label
    st.selectbox("Class, by probability", options if label in options else [*options, label],
                 format_func=lambda index: f"{labels[index]} · {percent(odds[index])}", key="class_choice", on_change=_chose,
                 args=(at.model.labels, options[0]))
    return label


def last_grid(at: Look) -> Grid:
    """Of the cells of the last map."""
    return at.grids[at.network.last_unit]
