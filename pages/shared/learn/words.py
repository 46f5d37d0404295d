"""The glossary."""

import streamlit as st

from .. import glossary


def show() -> None:
    for term, text in glossary.terms().items():
        st.markdown(f"##### {term}\n{text}")
