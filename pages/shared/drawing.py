"""The clickable graph of the network: a click selects a block, on every page; "×3" unfolds equal blocks; the address keeps both."""

import re
from collections.abc import Mapping

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import lab
from effnet_core.graph import graph

from . import live, shell, state
from .components import component, picking

_STAGE = re.compile(r"stages\.(\d{1,2})")


def opened(network: Architecture) -> list[str]:
    """The stages whose repeats are drawn one by one, as the address has them."""
    numbers = {int(part) for part in state.get("opened").split(",") if re.fullmatch(r"\d{1,2}", part)}
    return [stage.id for stage in network.stages if stage.index in numbers]


def _fold() -> None:
    """Opens the stage of the button that was pressed, or closes it."""
    found = _STAGE.fullmatch(str(st.session_state["graph"].folded))  # a browser may send anything
    if found is None:
        return
    numbers = {int(part) for part in state.get("opened").split(",") if re.fullmatch(r"\d{1,2}", part)} ^ {int(found[1])}
    state.put(opened=",".join(map(str, sorted(numbers))))


def drawing(network: Architecture, total: Cost, level: str, metric: str, times: Mapping[str, float] | None) -> None:
    """The picture, coloured by `metric`, with its legend and downloads."""
    theme, chosen, unfolded = shell.theme(), state.selected(network), opened(network)
    data = lab.picture(network, total, level, metric, unfolded, theme, chosen, times)
    settings = live.settings(theme, level=level, metric=live.computable(metric), opened=unfolded)
    component("graph")(key="graph", data={**data, "settings": settings}, on_picked_change=picking("graph"), on_folded_change=_fold,
                       height="content")
    st.download_button("DOT", lambda: graph(network, level, metric, opened=unfolded, times=times, theme=theme, selected=chosen).source,
                       "network.dot", "text/vnd.graphviz", on_click="ignore", icon=":material/download:", key="dot",
                       help="The same graph for Graphviz.")
