"""The units of a network along an axis: stem, every block, head, classifier."""

from collections.abc import Mapping

from ..architecture import Architecture
from ..cost import Cost
from ..graph import per_layer

UNIT_MARGIN = {"l": 8, "r": 36, "t": 28, "b": 8}  # on the right, room for half of the last label


def per_unit(table: Cost, architecture: Architecture, metric: str, times: Mapping[str, float] | None = None) -> dict[str, float]:
    """`metric` summed over the layers of every unit, in the order of the network."""
    values = per_layer(table, metric, times)
    return {unit: sum(values[layer.id] for layer in layers) for unit, layers in architecture.units()}


def unit_ticks(architecture: Architecture) -> dict:
    """Ticks for an axis with one place per unit: the stages' numbers centred under their blocks, the ends a line below."""
    places, texts, at = [0], ["<br>stem"], 1
    for stage in architecture.stages:
        places.append(at + (len(stage.blocks) - 1) / 2)
        texts.append(str(stage.index))
        at += len(stage.blocks)
    return {"tickvals": [*places, at, at + 1], "ticktext": [*texts, "<br>head", "<br><br>classifier"], "ticklen": 3,
            "showgrid": False, "range": [-0.7, at + 1.7], "tickangle": 0, "ticklabeloverflow": "allow"}


def unit_names(architecture: Architecture) -> list[str]:
    """What each unit is, for people, in the order of the network."""
    return ["conv 3×3", *(block.label for block in architecture.blocks), "conv 1×1", "pool and linear"]
