"""Numbers of one network beside another's."""

import math

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures.numbers import figures
from effnet_core.lab.formula import released


def nearest(network: Architecture, total: Cost) -> tuple[Architecture, Cost]:
    """The published EfficientNet whose MACs are nearest, by ratio, and its cost; `network` itself excluded."""
    others = [pair for pair in released().values() if pair[0].name != network.name]
    return min(others, key=lambda pair: abs(math.log(pair[1].macs / total.macs)))


def rows(ours: Architecture, mine: Cost, theirs: Architecture, other: Cost) -> list[tuple[str, str, str, str]]:
    """A comparison, row by row: name, ours, theirs, ratio."""
    a, b = figures(ours, mine), figures(theirs, other)
    names = {"params": "Parameters", "macs": "MACs", "activations": "Activations", "side": "Image side, px", "blocks": "Blocks",
             "field": "Receptive field, px"}
    factors = [(label, f"{x:.3g}", f"{y:.3g}", f"{x / y:.2f}") for label, x, y in (
        ("Depth factor", ours.scaling.depth, theirs.scaling.depth), ("Width factor", ours.scaling.width, theirs.scaling.width))]
    return factors + [(label, f"{a[key]:,}", f"{b[key]:,}", f"{a[key] / b[key]:.2f}") for key, label in names.items()]
