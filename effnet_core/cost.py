"""What a network costs, in closed form: parameters, MACs, activations, receptive field and stride, layer by layer.

One MAC is one multiply-add of a convolution or of the classifier, what the paper prints as "FLOPS"; real floating-point
operations are twice as many. Batch norm, activations, pooling and the SE product are not counted, as in the paper.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .architecture import Architecture, Layer

FLOAT_BYTES = 4  # of a 32-bit number


class LayerCost(NamedTuple):
    """One row of the table. `activations` are the elements of the layer's output for one image."""

    id: str
    operator: str
    params: int
    macs: int
    activations: int
    receptive_field: int  # side of the input patch that one output cell can see, pixels; global pooling in SE left aside
    stride: int  # input pixels between neighbouring output cells

    @property
    def activation_bytes(self) -> int:
        """Memory of the output for one image in 32-bit floats."""
        return FLOAT_BYTES * self.activations


class Total(NamedTuple):
    """Sums over the layers of a block or a stage; receptive field and stride are those of its output."""

    params: int
    macs: int
    activations: int
    receptive_field: int
    stride: int

    @property
    def activation_bytes(self) -> int:
        """Memory of the layers' outputs for one image in 32-bit floats."""
        return FLOAT_BYTES * self.activations


def _total(rows: list[LayerCost]) -> Total:
    return Total(sum(row.params for row in rows), sum(row.macs for row in rows), sum(row.activations for row in rows),
                 rows[-1].receptive_field, rows[-1].stride)


@dataclass(frozen=True)
class Cost:
    """The table and its sums. `layers` has one row per layer id, in the order of the network."""

    layers: tuple[LayerCost, ...]
    params: int
    macs: int
    activations: int
    side: int  # of the input, pixels

    @property
    def activation_bytes(self) -> int:
        """Memory of all layers' outputs for one image in 32-bit floats."""
        return FLOAT_BYTES * self.activations

    @property
    def flops(self) -> int:
        """Floating-point operations: a multiply and an add per MAC."""
        return 2 * self.macs

    @property
    def receptive_field(self) -> int:
        """Of a cell of the last feature map, pixels of the input."""
        return self.layers[-2].receptive_field

    @property
    def stride(self) -> int:
        """Of the last feature map, pixels of the input."""
        return self.layers[-2].stride

    @cached_property
    def rows(self) -> dict[str, LayerCost]:
        return {row.id: row for row in self.layers}

    @cached_property
    def units(self) -> dict[str, Total]:
        """Sums per unit, see `Architecture.units`."""
        return self._sums(lambda row: ".".join(row.id.split(".")[:3]))

    @cached_property
    def stages(self) -> dict[str, Total]:
        """Sums per stage; the layers before and after the blocks stand for themselves."""
        return self._sums(lambda row: ".".join(row.id.split(".")[:2]))

    @cached_property
    def operators(self) -> dict[str, Total]:
        """Sums per kind of layer."""
        return self._sums(lambda row: row.operator)

    def _sums(self, key) -> dict[str, Total]:
        groups: dict[str, list[LayerCost]] = {}
        for row in self.layers:
            groups.setdefault(key(row), []).append(row)
        return {name: _total(rows) for name, rows in groups.items()}


def _params_and_macs(layer: Layer) -> tuple[int, int]:
    c_in, c_out = layer.input.channels, layer.output.channels
    if layer.operator == "maxpool":
        return 0, 0
    if layer.operator == "se":  # C → S → C on the pooled vector, both with a bias
        weights = 2 * c_in * layer.squeeze
        return weights + layer.squeeze + c_in, weights
    weights = layer.kernel**2 * (c_in // layer.groups) * c_out
    if layer.operator == "linear":
        return weights + c_out, weights
    return weights + 2 * c_out, weights * layer.output.height * layer.output.width  # batch norm: scale and shift


def cost(architecture: Architecture) -> Cost:
    """The whole table; a few hundred microseconds even for B7, and no tensor."""
    rows, field, stride = [], 1, 1
    params = macs = activations = 0
    for layer in architecture.layers:
        p, m = _params_and_macs(layer)
        a = layer.output.elements
        seen, step = field + (layer.kernel - 1) * stride, stride * layer.stride
        rows.append(LayerCost(layer.id, layer.operator, p, m, a, seen, step))
        params, macs, activations = params + p, macs + m, activations + a
        if not layer.is_shortcut:  # which ends where the other layers of its block end
            field, stride = seen, step
    return Cost(tuple(rows), params, macs, activations, architecture.scaling.side)
