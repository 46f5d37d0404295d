"""One unit of the network, opened: its layers, what each costs and by which formula, its skip connection, and its drawing."""

from ..architecture import Architecture, Block, Layer
from ..cost import Cost, LayerCost
from ..lab.terms import Account, Term, accounts
from ..palette import percent, si, unit_colour
from .volumes import Flow, Step
from .volumes_tall import tall
from .volumes_wide import wide

OPERATORS = {"conv": "convolution", "depthwise": "depthwise convolution", "pointwise": "convolution", "se": "squeeze-and-excitation",
             "maxpool": "max pooling", "linear": "linear"}
SHORT = {"conv": "conv", "depthwise": "depthwise", "pointwise": "conv", "maxpool": "max pool", "linear": "linear"}


def unit(network: Architecture, total: Cost, unit_id: str, theme: str = "light") -> dict:
    """The unit `unit_id` of `network`, whose cost is `total`. Raises `UserError` for an unknown unit or theme."""
    unit_id = network.unit_of(unit_id)
    layers, block = dict(network.units())[unit_id], block_of(network, unit_id)
    flow = _flow(layers, block, total, network)
    return {"id": unit_id, "title": f"{unit_id}, {name_of(network, unit_id)}", "colour": unit_colour(unit_id, theme),
            "layers": [_layer(layer, row, total, unit_id) for layer, row in zip(layers, accounts(layers, total))],
            "wide": wide(flow), "tall": tall(flow)}


def block_of(network: Architecture, unit_id: str) -> Block | None:
    """The block that `unit_id` names; none where it names a layer before or after the blocks."""
    return next((block for block in network.blocks if block.id == unit_id), None)


def name_of(network: Architecture, unit_id: str) -> str:
    """`MBConv6 5×5`, or the operator of a layer before or after the blocks."""
    block = block_of(network, unit_id)
    return block.label if block else operator(dict(network.units())[unit_id][0])


def operator(layer: Layer) -> str:
    """`3×3 depthwise convolution, stride 2`."""
    size = "" if layer.operator in ("se", "linear") else f"{layer.kernel}×{layer.kernel} "
    return size + OPERATORS[layer.operator] + (f", stride {layer.stride}" if layer.stride > 1 else "")


def normalised(layer: Layer) -> bool:
    return layer.operator not in ("se", "linear", "maxpool")


def ending(layer: Layer) -> str:
    """What follows the multiply-adds: batch norm and the activation."""
    if layer.operator == "se":
        return f"{layer.activation} after the first, sigmoid after the second matrix"
    if layer.operator == "maxpool":
        return "the largest of each window"
    if layer.operator == "linear":
        return "with a bias, no activation"
    return f"batch norm, then {layer.activation}" if layer.activation else "batch norm, no activation"


def skip_reason(block: Block) -> str:
    """Why the input of `block` is added at its end, or why it is not."""
    came, left = block.input, block.output
    if block.shortcut:
        return (f"The input is added at the end, after a 1×1 convolution of its own: {came} goes in and {left} comes out, "
                "and only equal shapes can be added.")
    if block.skip:
        return f"The input is added at the end: {came} goes in and {left} comes out, so the two can be added number by number."
    if came != left and block.kind == "mbconv":
        return f"No skip connection: {came} goes in and {left} comes out, and only equal shapes can be added."
    return "No skip connection: this family has none."


def stochastic_depth(block: Block, network: Architecture) -> str:
    """How often training leaves the block out, and why that often."""
    most = network.family.stochastic_depth
    if not most:
        return "This family is trained without stochastic depth."
    if not block.drop_rate:
        return f"Stochastic depth never leaves this block out: {'it is the first.' if block.skip else 'nothing goes around it.'}"
    return (f"In training, stochastic depth leaves the block out for an image with probability {most:g} · {block.index} ÷ "
            f"{len(network.blocks)} = {block.drop_rate:.4f}; its input then passes by the skip connection alone.")


def saving(block: Block) -> dict[str, str]:
    """Why the block has its shape, in numbers: what a full convolution in the place of its cheap one would take."""
    spatial = next(layer for layer in block.layers if layer.part in ("depthwise", "spatial"))
    kernel, places = spatial.kernel**2, spatial.output.height * spatial.output.width
    taken = kernel * (spatial.input.channels // spatial.groups) * spatial.output.channels * places
    wide = spatial.output.channels if block.kind == "mbconv" else block.output.channels
    came = block.input.channels if block.kind == "separable" else wide
    full = kernel * came * wide * places
    if block.kind == "separable":  # its pointwise convolution does the other half of the work
        taken += block.output.channels * spatial.output.channels * places
    return {"kernel": f"{spatial.kernel}×{spatial.kernel}", "came": f"{block.input.channels:,}", "wide": f"{spatial.output.channels:,}",
            "left": f"{block.output.channels:,}", "taken": si(taken, "MACs"), "full": si(full, "MACs"), "times": f"{full / taken:,.0f}" if full >= 100 * taken else f"{full / taken:.3g}"}


def _flow(layers: tuple[Layer, ...], block: Block | None, total: Cost, network: Architecture) -> Flow:
    steps = [_step(layer, total.rows[layer.id]) for layer in layers if not layer.is_shortcut]
    if layers[0].operator == "linear":  # before it, the mean of every map
        pool = Step("pool", ("global pooling", "the mean", "of each map"), ("no parameters",), layers[0].input)
        return Flow(network.last_map, (pool, *steps), False)
    shortcut = _step(block.shortcut, total.rows[block.shortcut.id]) if block and block.shortcut else None
    return Flow(layers[0].input, tuple(steps), bool(block and block.skip), shortcut, (block and block.after) or "")


def _step(layer: Layer, row: LayerCost) -> Step:
    counts = (si(row.params, "params"), si(row.macs, "MACs")) if row.params else ("no parameters",)
    if layer.operator == "se":
        return Step(layer.id, ("SE", "squeeze and", "excitation"), (layer.activation or "", *counts), layer.output, layer.squeeze)
    size = "" if layer.operator == "linear" else f"{layer.kernel}×{layer.kernel} "
    strided = (f"stride {layer.stride}",) if layer.stride > 1 else ()
    norm = ("batch norm", layer.activation or "no activation") if normalised(layer) else ()
    return Step(layer.id, (layer.part, size + SHORT[layer.operator], *strided), (*norm, *counts), layer.output)


def _layer(layer: Layer, row: Account, total: Cost, unit_id: str) -> dict:
    """One row below the drawing: what the layer is, and a cell for each figure with its formula."""
    cost, whole = total.rows[layer.id], total.units[unit_id]
    kernels = f", {layer.groups:,} groups" if layer.groups > 1 else ""
    squeeze = f" through {layer.squeeze:,}" if layer.squeeze else ""
    words = f"{operator(layer)}{kernels}{squeeze}: {layer.input} → {layer.output}; {ending(layer)}"
    cells = [_cell("MACs", row.macs, cost.macs, _shares(cost.macs, whole.macs, total.macs), "nothing is multiplied and added"),
             _cell("Parameters", row.params, cost.params, _shares(cost.params, whole.params, total.params), "nothing is learnt"),
             _cell("Activations", (row.activations,), cost.activations, _shares(cost.activations, whole.activations, total.activations)),
             _cell("Receptive field, px", (row.receptive_field,), cost.receptive_field,
                   f"stride j · s = {row.stride.numbers} = {cost.stride:,} px")]
    return {"id": layer.id, "name": layer.part, "words": words, "cells": cells,
            "label": f"{layer.part}: {words}; {cost.params:,} parameters, {cost.macs:,} MACs"}


def _shares(own: int, block: int, network: int) -> str:
    """Of the block, where it has other layers, and of the network."""
    return (f"{percent(own / block)} of the block, " if own < block else "") + f"{percent(own / network)} of the network"


def _cell(name: str, terms: tuple[Term, ...], value: int, note: str, nothing: str = "") -> dict:
    return {"name": name, "value": f"{value:,}", "note": note if terms else nothing,
            "terms": [[term.name if len(terms) > 1 else "", term.symbols, term.numbers, f"{term.value:,}"] for term in terms]}
