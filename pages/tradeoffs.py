"""Trade-offs: one dimension or all three, what the paper printed of it, what accuracy costs, and what a budget buys."""

from collections.abc import Callable

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from pages.shared import shell, state, teaching
from pages.shared.trade import chooser, exhibits, landscape, ways

SECTIONS: dict[str, tuple[str, Callable[[Architecture, Cost], None]]] = {  # in the address → what is asked, and who answers
    "One or all three": ("How far must each dimension go for the same work?", ways.show),
    "The paper's charts": ("What did the paper print, and what is counted here?", exhibits.show),
    "Accuracy": ("What does accuracy cost?", landscape.show),
    "Chooser": ("Which network fits my budget?", chooser.show),
}

shell.require("tradeoffs")
with shell.refusals():
    network = state.architecture()
    shell.strip(network)
    left = teaching.offered("trade", SECTIONS)
    asked = st.pills("Ask", list(left), default=next(iter(left)), required=True, wrap=True, **state.bound("trade"))
    words, show = SECTIONS[asked]
    st.markdown(f"#### {words}")
    show(network, cost(network))
