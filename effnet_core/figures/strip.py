"""The spine as plain data: one mark per unit of the network, to be drawn as wide as its channels and as tall as its maps."""

from typing import NamedTuple

from ..architecture import Architecture, Block, Layer
from ..palette import unit_colour

MOST = 130  # marks; beyond that the equal blocks of a stage stand as one


class Run(NamedTuple):
    """Equal blocks in a row that are drawn as one mark."""

    first: Block
    last: Block
    count: int


def runs(network: Architecture) -> list[Run]:
    """Every block by itself, or where there are too many, of every stage the first and then its equals together."""
    if len(network.blocks) <= MOST:
        return [Run(block, block, 1) for block in network.blocks]
    pieces = (piece for stage in network.stages for piece in (stage.blocks[:1], stage.blocks[1:]))
    return [Run(piece[0], piece[-1], len(piece)) for piece in pieces if piece]


def run_of(network: Architecture, unit: str) -> str:
    """The id of the mark in which `unit` is drawn."""
    stage, _, place = unit.rpartition(".")
    return f"{stage}.1" if stage and int(place) > 1 and len(network.blocks) > MOST else unit


def _mark(unit: str, label: str, channels: int, side: int, theme: str, count: int = 1) -> dict:
    times = f" × {count}" if count > 1 else ""
    return {"id": unit, "label": f"{label}{times}: {channels} channels of {side} × {side}", "channels": channels, "side": side,
            "colour": unit_colour(unit, theme), "count": count}


def strip(network: Architecture, theme: str, selected: str) -> dict:
    """`marks` with `channels` and `side` of what each unit hands on, and the id of the mark that has the unit `selected`."""

    def end(layer: Layer) -> dict:
        what = "max pooling" if layer.operator == "maxpool" else f"convolution {layer.kernel}×{layer.kernel}"
        return _mark(layer.id, f"{layer.id}, {what}", layer.output.channels, layer.output.height, theme)

    def run(blocks: Run) -> dict:
        first = blocks.first
        return _mark(first.id, f"{first.id}, {first.label}", first.output.channels, first.output.height, theme, blocks.count)

    classifier = {**_mark("classifier", "", 1, 1, theme), "label": f"classifier: {network.classes} classes"}
    marks = [*map(end, network.front), *map(run, runs(network)), *map(end, network.back[:-1]), classifier]
    return {"name": network.name, "input": str(network.input), "marks": marks, "selected": run_of(network, selected)}
