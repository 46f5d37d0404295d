"""The number tiles of the network of the sliders; they follow the hand while a slider is dragged."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import numbers

from . import live, shell
from .components import component


def tiles(network: Architecture, total: Cost, as_flops: bool = False) -> None:
    """What changed is marked against the last look of this session. Counts beyond 2^53 travel as texts."""
    now = numbers.figures(network, total)
    data = {"tiles": numbers.tiles(network, total, st.session_state.get("_before"), as_flops),
            "figures": {key: str(value) for key, value in now.items()}, "settings": live.settings(shell.theme(), flops=as_flops)}
    component("tiles")(key="tiles", data=data, height="content")
    st.session_state["_before"] = now
