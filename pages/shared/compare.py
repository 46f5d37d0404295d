"""Numbers of one network beside another's."""

import math
from collections.abc import Iterable
from functools import cache

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import EFFICIENTNET, PUBLISHED, published
from effnet_core.palette import bytes_text, si

from .html import Tile, changed

FULL = tuple(name for name, (family, _) in PUBLISHED.items() if family is EFFICIENTNET)


@cache
def _released() -> dict[str, tuple[Architecture, Cost]]:
    return {name: (published(name), cost(published(name))) for name in FULL}


def nearest(network: Architecture, total: Cost) -> tuple[Architecture, Cost]:
    """The published EfficientNet whose MACs are nearest, by ratio, and its cost; `network` itself excluded."""
    others = [pair for pair in _released().values() if pair[0].name != network.name]
    return min(others, key=lambda pair: abs(math.log(pair[1].macs / total.macs)))


def figures(network: Architecture, total: Cost) -> dict[str, float]:
    """The numbers by which networks are compared."""
    return {"params": total.params, "macs": total.macs, "activations": total.activations, "side": network.scaling.side,
            "blocks": len(network.blocks), "field": total.receptive_field}


def summary(network: Architecture, total: Cost, before: dict[str, float] | None, as_flops: bool) -> Iterable[Tile]:
    """The six number tiles; `before` are the figures of the last look."""
    now, before = figures(network, total), before or {}
    work = 2 if as_flops else 1
    yield Tile("Parameters", si(total.params), f"{total.params:,}", changed(total.params, before.get("params")),
               f"Learnt numbers. As 32-bit floats they take {bytes_text(4 * total.params)}.")
    yield Tile("FLOPs per image" if as_flops else "MACs per image", si(work * total.macs), f"{work * total.macs:,}",
               changed(total.macs, before.get("macs")), "Floating-point operations: a multiply and an add for each of the network's MACs." if as_flops else
               "Multiply-adds of all convolutions and the classifier; a FLOP count is twice this.")
    yield Tile("Activations", si(total.activations), f"{total.activations:,}", changed(total.activations, before.get("activations")),
               f"Numbers that the layers hand on for one image: {bytes_text(total.activation_bytes)} as 32-bit floats.")
    yield Tile("Image side", f"{network.scaling.side:,} px", f"last map {network.last_map.height} × {network.last_map.width}",
               changed(now["side"], before.get("side")), "Height and width of the input.")
    yield Tile("Blocks", f"{len(network.blocks):,}", " + ".join(str(len(s.blocks)) for s in network.stages),
               changed(now["blocks"], before.get("blocks")), "Blocks, stage by stage.")
    yield Tile("Receptive field", f"{total.receptive_field:,} px", f"{total.receptive_field / network.scaling.side:.1f} × the image side",
               changed(now["field"], before.get("field")), "Input pixels, side by side, that one cell of the last map can see.")


def rows(ours: Architecture, mine: Cost, theirs: Architecture, other: Cost) -> list[tuple[str, str, str, str]]:
    """A comparison, row by row: name, ours, theirs, ratio."""
    a, b = figures(ours, mine), figures(theirs, other)
    names = {"params": "Parameters", "macs": "MACs", "activations": "Activations", "side": "Image side, px", "blocks": "Blocks",
             "field": "Receptive field, px"}
    factors = [(label, f"{x:.3g}", f"{y:.3g}", f"{x / y:.2f}") for label, x, y in (
        ("Depth factor", ours.scaling.depth, theirs.scaling.depth), ("Width factor", ours.scaling.width, theirs.scaling.width))]
    return factors + [(label, f"{a[key]:,}", f"{b[key]:,}", f"{a[key] / b[key]:.2f}") for key, label in names.items()]
