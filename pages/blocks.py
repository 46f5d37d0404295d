"""Blocks: every part that EfficientNet is made of, taken apart; a lesson each."""

from collections.abc import Callable

import streamlit as st

from pages.shared import shell, state
from pages.shared.lessons import counted, linear, skips

LESSONS: dict[str, Callable[[], None]] = {  # what the pill says → the lesson
    "MACs": counted.show,
    "Why linear": linear.show,
    "Why skips": skips.show,
}


@st.fragment(key="lesson")
def lesson() -> None:
    """One lesson at a time: only what is asked for is computed, and a change in it leaves the rest of the page alone."""
    asked = st.pills("Lesson", list(LESSONS), default=next(iter(LESSONS)), required=True, wrap=True, **state.bound("lesson"))
    with shell.refusals(), st.container(key="lesson_body"):
        LESSONS[asked]()
    state.write_address()


shell.require("blocks")
with shell.refusals():
    shell.strip_alone(state.architecture())
lesson()
state.alone("strip", "lesson")
