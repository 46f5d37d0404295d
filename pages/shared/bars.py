"""A bar per unit of the network; a click or Enter selects the unit, on every page."""

from collections.abc import Mapping

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures.bars import by_unit

from . import live, shell, state
from .components import component, picking


def bars(network: Architecture, total: Cost, metric: str, times: Mapping[str, float] | None) -> None:
    """Under their title. Another network than this one has no measured times: while a slider is dragged its MACs are shown."""
    theme = shell.theme()
    data = by_unit(total, network, metric, theme, state.selected(network), times)
    component("bars")(key="bars", data={**data, "settings": live.settings(theme, metric=live.computable(metric))},
                      on_picked_change=picking("bars"), height="content")
