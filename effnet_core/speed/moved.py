"""How many numbers a layer must move at the very least, and how many multiply-adds each of them serves: why few MACs can take long."""

from collections.abc import Iterable

from ..architecture import Architecture, Layer
from ..cost import cost


def numbers_moved(layer: Layer, params: int) -> int:
    """For one image: its input and its weights read once, its output written once. Squeeze-and-excitation reads its map twice, for the average
    and for the product; a network that fits in a cache, or moves more, does not change this count."""
    return (2 if layer.operator == "se" else 1) * layer.input.elements + params + layer.output.elements


def macs_per_number(network: Architecture, operators: Iterable[str]) -> dict[str, float]:
    """The MACs of all layers of each kind, divided by all numbers they move."""
    rows, found = cost(network).rows, {}
    for operator in operators:
        layers = [layer for layer in network.layers if layer.operator == operator]
        found[operator] = sum(rows[layer.id].macs for layer in layers) / max(1, sum(numbers_moved(layer, rows[layer.id].params) for layer in layers))
    return found
