"""Blocks: every part that EfficientNet is made of, taken apart; a lesson each."""

from collections.abc import Callable

import streamlit as st

from pages.shared import shell, state, teaching, tour
from pages.shared.lessons import activations, built, chance, convolution, modules, separable, skips, spiral, squeeze

LESSONS: dict[str, Callable[[], None]] = {  # what the pill says → the lesson
    "Convolution": convolution.show,
    "Separable convolution": separable.show,
    "Activations": activations.show,
    "Why linear": spiral.show,
    "Why skip connections": skips.show,
    "Squeeze-and-excitation": squeeze.show,
    "The block, step by step": built.show,
    "Modules": modules.show,
    "Norm and chance": chance.show,
}


@st.fragment(key="lesson")
def lesson() -> None:
    """One lesson at a time: only what is asked for is computed, and a change in it leaves the rest of the page alone."""
    state.hold()
    left = teaching.offered("lesson", LESSONS)
    asked = st.pills("Lesson", list(left), default=next(iter(left)), required=True, wrap=True, **state.bound("lesson"))
    st.session_state["_guess"] = ""  # the lesson whose guess is answered says so
    with shell.refusals(), st.container(key="lesson_body"):
        LESSONS[asked]()
    state.write_address()
    tour.after()


shell.require("blocks")
with shell.refusals():
    shell.strip_alone(state.architecture())
lesson()
state.alone("strip", "lesson", *tour.drawn())
