"""A bar per unit of the network; a click or Enter selects the unit, on every page."""

import streamlit as st

from .components import component, picking


def bars(data: dict) -> None:
    """Draws what `effnet_core.figures.bars.by_unit` returns, under its title."""
    st.markdown(f"#### {data['title']}")
    component("bars")(key="bars", data=data, on_picked_change=picking("bars", {bar["id"] for bar in data["bars"]}), height="content")
