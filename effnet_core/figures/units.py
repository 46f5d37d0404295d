"""The units of a network along an axis: every block, and every layer before and after them."""

from collections.abc import Mapping

from ..architecture import Architecture
from ..cost import Cost
from ..graph import per_layer, together

UNIT_MARGIN = {"l": 8, "r": 36, "t": 28, "b": 8}  # on the right, room for half of the last label


def per_unit(table: Cost, architecture: Architecture, metric: str, times: Mapping[str, float] | None = None) -> dict[str, float]:
    """`metric` of the layers of every unit together, in the order of the network."""
    values = per_layer(table, metric, times)
    return {unit: together(values, (layer.id for layer in layers), metric) for unit, layers in architecture.units()}


def unit_ticks(architecture: Architecture) -> dict:
    """Ticks for an axis with one place per unit: the stages' numbers centred under their blocks, the ends a line or two below."""
    places = [*range(len(architecture.front))]
    texts, at = ["<br>" * (1 + place) + layer.part for place, layer in enumerate(architecture.front)], len(places)
    for stage in architecture.stages:
        places.append(at + (len(stage.blocks) - 1) / 2)
        texts.append(str(stage.index))
        at += len(stage.blocks)
    for place, layer in enumerate(architecture.back):
        places.append(at + place)
        texts.append("<br>" * (1 + place) + layer.part)
    return {"tickvals": places, "ticktext": texts, "ticklen": 3, "showgrid": False, "range": [-0.7, places[-1] + 0.7], "tickangle": 0,
            "ticklabeloverflow": "allow"}


def unit_names(architecture: Architecture) -> list[str]:
    """What each unit is, for people, in the order of the network."""
    ends = {"stem": f"conv {architecture.stem.kernel}×{architecture.stem.kernel}", "maxpool": "max pool 3×3", "head": "conv 1×1",
            "classifier": "pool and linear"}
    names = {block.id: block.label for block in architecture.blocks} | ends
    return [names[unit] for unit, _ in architecture.units()]
