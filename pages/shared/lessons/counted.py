"""An example of a lesson, until the first real one is here."""

import streamlit as st

from .. import lesson

SLUG = "counted"


def show() -> None:
    lesson.head(SLUG)
    lesson.ask(SLUG, ["9", "81"], 0)
    st.slider("Kernel", 1, 7, 3, 2, key="counted_kernel", bind="query-params", persist_state="session")
    lesson.foot(SLUG)
