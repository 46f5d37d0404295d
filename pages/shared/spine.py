"""The spine: the whole network as a slim strip at the top of every page; the selected block marked, a click selects."""

from effnet_core.architecture import Architecture
from effnet_core.figures.strip import strip

from . import live, state
from .components import component, picking


def spine(network: Architecture, theme: str) -> str:
    """Draws the strip and returns the id of the selected unit, also after a click in it."""
    chosen = state.selected(network)
    component("spine")(key="spine", data={**strip(network, theme, chosen), "settings": live.settings(theme)},
                       on_picked_change=picking("spine"), height="content")
    return chosen
