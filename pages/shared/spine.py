"""The spine: the whole network as a slim strip at the top of every page; the selected block marked, a click selects."""

import math

from effnet_core.architecture import Architecture
from effnet_core.figures.strip import strip

from . import live, state
from .components import component, picking


def marks(network: Architecture, theme: str) -> list[dict]:
    """One mark per unit: width √channels, height log₂ of the side."""
    return [{**mark, "width": math.sqrt(mark["channels"]), "height": math.log2(mark["side"] + 1)}
            for mark in strip(network, theme, "stem")["marks"]]


def shown(chosen: str, drawn: list[dict]) -> str:
    """The id of the mark that stands for the unit `chosen`: its own, or that of the repeats which it is one of."""
    return chosen if any(mark["id"] == chosen for mark in drawn) else f"{chosen.rpartition('.')[0]}.1"


def spine(network: Architecture, theme: str) -> str:
    """Draws the strip and returns the id of the selected unit, also after a click in it."""
    chosen = state.selected(network)
    component("spine")(key="spine", data={**strip(network, theme, chosen), "settings": live.settings(theme)},
                       on_picked_change=picking("spine"), height="content")
    return chosen
