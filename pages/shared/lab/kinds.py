"""Where the cost lives, by kind of layer; and the nearest published network beside this one."""

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import bars

from .. import compare, html, results, shell


def show(network: Architecture, total: Cost) -> None:
    html.shares(bars.by_operator(total, shell.theme(), results.layer_times(network)))
    other, theirs = compare.nearest(network, total)
    html.table(("", network.name.removeprefix("EfficientNet-"), other.name.removeprefix("EfficientNet-"), "ratio"),
               compare.rows(network, total, other, theirs),
               caption=f"Beside the published network with the most similar MACs, {other.name}")
