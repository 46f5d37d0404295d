"""The spine: the whole network as a slim strip at the top of every page; the selected block marked, a click selects."""

import math

from effnet_core.architecture import Architecture, Block, Layer
from effnet_core.palette import unit_colour

from . import state
from .components import component, picking

_MOST = 130  # marks; beyond that a stage's repeats stand as one


def _mark(unit: str, label: str, channels: int, side: int, theme: str, count: int = 1) -> dict:
    times = f" × {count}" if count > 1 else ""
    return {"id": unit, "label": f"{label}{times}: {channels} channels of {side} × {side}",
            "width": math.sqrt(channels), "height": math.log2(side + 1), "colour": unit_colour(unit, theme), "count": count}


def _block_marks(network: Architecture, theme: str) -> list[dict]:
    def mark(block: Block, count: int = 1) -> dict:
        return _mark(block.id, f"{block.id}, {block.label}", block.output.channels, block.output.height, theme, count)

    if len(network.blocks) <= _MOST:
        return [mark(block) for block in network.blocks]
    return [piece for stage in network.stages for piece in
            ([mark(stage.blocks[0])] + ([mark(stage.blocks[1], len(stage.blocks) - 1)] if len(stage.blocks) > 1 else []))]


def marks(network: Architecture, theme: str) -> list[dict]:
    """One mark per unit: width √channels, height log₂ of the side."""
    def end(layer: Layer) -> dict:
        what = "max pooling" if layer.operator == "maxpool" else f"convolution {layer.kernel}×{layer.kernel}"
        return _mark(layer.id, f"{layer.id}, {what}", layer.output.channels, layer.output.height, theme)

    return [
        *map(end, network.front),
        *_block_marks(network, theme),
        *map(end, network.back[:-1]),
        {**_mark("classifier", "classifier", 1, 1, theme), "label": f"classifier: {network.classes} classes"},
    ]


def shown(chosen: str, drawn: list[dict]) -> str:
    """The id of the mark that stands for the unit `chosen`: its own, or that of the repeats which it is one of."""
    return chosen if any(mark["id"] == chosen for mark in drawn) else f"{chosen.rpartition('.')[0]}.1"


def spine(network: Architecture, theme: str) -> str:
    """Draws the strip and returns the id of the selected unit, also after a click in it."""

    chosen, drawn = state.selected(network), marks(network, theme)
    data = {"name": network.name, "input": str(network.input), "marks": drawn, "selected": shown(chosen, drawn)}
    component("spine")(key="spine", data=data, on_picked_change=picking("spine", {mark["id"] for mark in drawn}), height="content")
    return chosen
