"""Two pictures through one model."""

import streamlit as st

from ..seen import Look


def show(at: Look) -> None:
    st.caption("soon")
