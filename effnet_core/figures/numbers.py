"""The numbers of a network as tiles: a name, three digits, the exact figure, and what changed since the last look."""

from collections.abc import Mapping

from ..architecture import Architecture
from ..cost import Cost
from ..palette import bytes_text, si


def figures(network: Architecture, total: Cost) -> dict[str, int]:
    """The numbers by which networks are compared."""
    return {"params": total.params, "macs": total.macs, "activations": total.activations, "side": network.scaling.side,
            "blocks": len(network.blocks), "field": total.receptive_field}


def changed(now: float, before: float | None) -> str:
    """"+31 %" where a number moved since the last look, else nothing."""
    if before is None or before == now or not before:
        return ""
    ratio = now / before
    if ratio >= 1000:
        return f"×{ratio:,.0f}"
    return f"×{ratio:.3g}" if ratio >= 2 or ratio <= 0.5 else f"{100 * (ratio - 1):+.3g} %".replace("-", "−")


def tiles(network: Architecture, total: Cost, before: Mapping[str, int] | None = None, as_flops: bool = False) -> list[dict[str, str]]:
    """The six tiles: `label`, `value`, `exact`, `change` against the figures `before`, and `explain`."""
    now, last, work = figures(network, total), network.last_map, 2 if as_flops else 1
    side = network.scaling.side

    def tile(key: str, label: str, value: str, exact: str, explain: str) -> dict[str, str]:
        return {"label": label, "value": value, "exact": exact, "change": changed(now[key], (before or {}).get(key)), "explain": explain}

    return [
        tile("params", "Parameters", si(total.params), f"{total.params:,}",
             f"Learnt numbers. As 32-bit floats they take {bytes_text(4 * total.params)}."),
        tile("macs", "FLOPs per image" if as_flops else "MACs per image", si(work * total.macs), f"{work * total.macs:,}",
             "Floating-point operations: a multiply and an add for each of the network's MACs." if as_flops else
             "Multiply-adds of all convolutions and the classifier; a FLOP count is twice this."),
        tile("activations", "Activations", si(total.activations), f"{total.activations:,}",
             f"Numbers that the layers hand on for one image: {bytes_text(total.activation_bytes)} as 32-bit floats."),
        tile("side", "Image side", f"{side:,} px", f"last map {last.height} × {last.width}", "Height and width of the input."),
        tile("blocks", "Blocks", f"{len(network.blocks):,}", " + ".join(str(len(stage.blocks)) for stage in network.stages),
             "Blocks, stage by stage."),
        tile("field", "Receptive field", f"{total.receptive_field:,} px", f"{total.receptive_field / side:.1f} × the image side",
             "Input pixels, side by side, that one cell of the last map can see."),
    ]
