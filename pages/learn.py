"""Learn: the tour, questions to predict, the glossary, and what teachers need."""

from collections.abc import Callable

import streamlit as st

from pages.shared import shell, state, teaching
from pages.shared.learn import predict, teachers, touring, words

PARTS: dict[str, Callable[[], None]] = {  # what the pill says → the part
    "Tour": touring.show,
    "Predict": predict.show,
    "Words": words.show,
    "For teachers": teachers.show,
}

shell.require("learn")
with shell.refusals():
    shell.strip(state.architecture())
    left = teaching.offered("learn", PARTS)
    asked = st.pills("Part", list(left), default=next(iter(left)), required=True, wrap=True, label_visibility="collapsed", **state.bound("learn"))
    PARTS[asked]()
