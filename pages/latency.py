"""Latency: what the clock says of the network of the sliders, on the machine that serves this page."""

from collections.abc import Callable

import streamlit as st

from effnet_core.architecture import Architecture
from pages.shared import shell, state, teaching
from pages.shared.clock import against, one, roof, sweep, ways

PARTS: dict[str, tuple[str, Callable[[Architecture], None]]] = {  # in the address → what is asked, and who answers
    "One network": ("Where does the time go?", one.show),
    "Against others": ("Do fewer multiply-adds mean less time?", against.show),
    "Ways to run": ("How fast can the same network run?", ways.show),
    "Sweeps": ("What does a larger batch, a larger image, a larger φ cost?", sweep.show),
    "Roofline": ("How fast could it be at all?", roof.show),
}
TEXTS = {name: f"latency_{room}" for name, room in (("Against others", "against"), ("Ways to run", "ways"), ("Sweeps", "sweep"), ("Roofline", "roof"))}  # whose feet stand below
STYLE = """<style>
.st-key-latency_status { min-height: 3.6rem; }
.st-key-latency_empty { min-height: 20rem; }
.st-key-batch [role="radiogroup"] button, .st-key-precision [role="radiogroup"] button { min-height: 2.5rem; }
</style>"""

shell.require("latency")
with shell.refusals():
    st.html(STYLE)
    network = state.architecture()
    shell.strip(network)
    left = teaching.offered("clock_part", PARTS)
    asked = st.pills("Ask", list(left), default=next(iter(left)), required=True, wrap=True, **state.bound("clock_part"))
    words, show = PARTS[asked]
    st.session_state["_part_text"] = TEXTS.get(asked, "")
    st.markdown(f"#### {words}")
    show(network)
