"""The formula of every layer's cost, with its symbols and with the layer's own numbers in their place.

C and C′ are the channels in and out, H′ and W′ the height and width of the output, k the side of the kernel, s its stride, S the
channels that squeeze-and-excitation narrows to, K the classes; r and j are the receptive field and the stride of what comes in.
"""

import math
from typing import NamedTuple

from ..architecture import Layer
from ..cost import Cost


class Factor(NamedTuple):
    """One part of a product: `k²`, `3²` and 9."""

    symbol: str
    text: str
    value: int


class Term(NamedTuple):
    """One summand, as in `weights: k² · C · C′ = 3² · 3 · 32 = 864`."""

    name: str
    symbols: str
    numbers: str
    value: int


class Account(NamedTuple):
    """All that one layer costs. Terms of one figure add up to that figure in `Cost`, to the integer."""

    id: str
    params: tuple[Term, ...]  # none: nothing is learnt
    macs: tuple[Term, ...]  # none: nothing is multiplied and added that the paper counts
    activations: Term
    receptive_field: Term
    stride: Term


def _number(symbol: str, value: int) -> Factor:
    return Factor(symbol, f"{value:,}", value)


def _product(name: str, *factors: Factor) -> Term:
    return Term(name, " · ".join(f.symbol for f in factors), " · ".join(f.text for f in factors), math.prod(f.value for f in factors))


def _sum(name: str, *parts: Factor) -> Term:
    return Term(name, " + ".join(f.symbol for f in parts), " + ".join(f.text for f in parts), sum(f.value for f in parts))


def _weights(layer: Layer) -> list[Factor]:
    """The factors of the number of weights; a depthwise convolution has one kernel per channel, and 1² is left out."""
    c_in, c_out = layer.input.channels, layer.output.channels
    if layer.operator == "se":
        return [_number("2", 2), _number("C", c_in), _number("S", layer.squeeze)]
    if layer.operator == "linear":
        return [_number("C", c_in), _number("K", c_out)]
    kernel = [Factor("k²", f"{layer.kernel}²", layer.kernel**2)] if layer.kernel > 1 else []
    channels = [_number("C", c_in)] if layer.operator == "depthwise" else [_number("C", c_in), _number("C′", c_out)]
    return [*kernel, *channels]


def _params(layer: Layer) -> tuple[Term, ...]:
    weights, c_out = _product("weights", *_weights(layer)), layer.output.channels
    if layer.operator == "se":
        return weights, _sum("biases", _number("S", layer.squeeze), _number("C", c_out))
    if layer.operator == "linear":
        return weights, _product("biases", _number("K", c_out))
    return weights, _product("batch norm", _number("2", 2), _number("C′", c_out))


def _macs(layer: Layer) -> tuple[Term, ...]:
    places = [] if layer.operator in ("se", "linear") else [_number("H′", layer.output.height), _number("W′", layer.output.width)]
    return (_product("multiply-adds", *_weights(layer), *places),)


def account(layer: Layer, field: int, stride: int) -> Account:
    """What `layer` costs, where its input sees `field` pixels of the image side by side and has cells `stride` pixels apart."""
    counted, out = layer.operator != "maxpool", layer.output
    handed = [_number("K", out.channels)] if layer.operator == "linear" else [
        _number("C′", out.channels), _number("H′", out.height), _number("W′", out.width)]
    seen, step = field + (layer.kernel - 1) * stride, stride * layer.stride
    return Account(
        layer.id, _params(layer) if counted else (), _macs(layer) if counted else (), _product("activations", *handed),
        Term("receptive field", "r + (k − 1) · j", f"{field:,} + ({layer.kernel} − 1) · {stride:,}", seen),
        Term("stride", "j · s", f"{stride:,} · {layer.stride}", step))


def accounts(layers: tuple[Layer, ...], total: Cost) -> tuple[Account, ...]:
    """An account of each of `layers`, which follow one another in the network whose cost is `total`."""
    place = next(index for index, row in enumerate(total.layers) if row.id == layers[0].id)
    field, stride = (total.layers[place - 1].receptive_field, total.layers[place - 1].stride) if place else (1, 1)
    found = []
    for layer in layers:
        found.append(account(layer, field, stride))
        if not layer.is_shortcut:  # which stands beside the other layers
            field, stride = found[-1].receptive_field.value, found[-1].stride.value
    return tuple(found)
