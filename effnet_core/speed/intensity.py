"""What every layer has to compute and to move at the least, and how fast that can be under the roofs of a machine.

The roofline model: Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009, with multiply-adds as its operations. Counted
as if nothing were wasted: batch norm is folded into the convolution before it, which leaves a bias per channel; activation functions,
additions and pooling happen on the way and are free; a layer reads its map and its weights once and writes its map once.
Squeeze-and-excitation reads its map twice, since no gate is known before the whole map has been seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..architecture import Architecture, Layer
from ..cost import FLOAT_BYTES, LayerCost, cost
from ..errors import UserError

WIDTHS = {"fp32": FLOAT_BYTES, "bf16": 2, "fp16": 2}  # bytes of a number
FAR = 0.5  # of the attainable pace: what stays below is held up by something else than its roof


class Work(NamedTuple):
    """Of one layer and a whole batch."""

    id: str
    operator: str
    macs: int
    bytes: int  # moved at the least
    held: int  # bytes of all different numbers among them, which a cache would have to hold

    @property
    def intensity(self) -> float:
        """Multiply-adds per byte."""
        return self.macs / self.bytes


class Roof(NamedTuple):
    """What a machine can do at most: multiply-adds per second, and bytes moved per second by how many bytes are held, in rising order."""

    rate: float
    memory: tuple[tuple[int, float], ...]

    def bandwidth(self, held: float = 0) -> float:
        """Bytes per second for a layer that holds so many: the best of the sizes from the one just below it upwards, so that it promises
        rather too much than too little. 0: within the best of the caches."""
        below = max((size for size, _ in self.memory if size <= held), default=0)
        return max(rate for size, rate in self.memory if size >= below)

    @property
    def cache(self) -> float:
        return self.bandwidth()

    @property
    def main_memory(self) -> float:
        """Bytes per second of the largest size."""
        return self.memory[-1][1]


def roof_of(roofs: Mapping, precision: str = "fp32") -> Roof | None:
    """From what `roofline.roofs` measured: the best product in that precision, and of every size the better movement; None where the
    machine has no such precision."""
    rates = [row["macs_per_s"] for row in roofs["products"] if row["precision"] == precision]
    best: dict[int, float] = {}
    for row in roofs["movements"]:
        best[row["held"]] = max(row["bytes_per_s"], best.get(row["held"], 0.0))
    return Roof(max(rates), tuple(sorted(best.items()))) if rates else None


def moved(maps: int, weights: int, batch: int = 1, width: int = FLOAT_BYTES) -> int:
    """Bytes of maps of so many numbers an image, and of weights, which all images share."""
    return width * (batch * maps + weights)


def _weights(layer: Layer, row: LayerCost) -> int:
    """With a bias per channel."""
    folded = layer.operator in ("conv", "depthwise", "pointwise")
    return row.params - layer.output.channels if folded else row.params


def work(layer: Layer, row: LayerCost, batch: int = 1, width: int = FLOAT_BYTES) -> Work:
    """Of a layer and its row of the cost table."""
    read, written, weights = layer.input.elements, layer.output.elements, _weights(layer, row)
    again = read if layer.operator == "se" else 0
    return Work(layer.id, layer.operator, batch * row.macs, moved(read + again + written, weights, batch, width),
                moved(read + written, weights, batch, width))


def works(architecture: Architecture, batch: int = 1, precision: str = "fp32") -> tuple[Work, ...]:
    """Of all layers, in the order of the network. Raises `UserError` for a precision that there is not."""
    if precision not in WIDTHS:
        raise UserError(f"There is no precision {precision!r}; there is {', '.join(WIDTHS)}.")
    table = cost(architecture)
    return tuple(work(layer, row, batch, WIDTHS[precision]) for layer, row in zip(architecture.layers, table.layers))


def per_byte(found: Iterable[Work]) -> dict[str, float]:
    """Multiply-adds for each byte moved, by operator."""
    sums: dict[str, tuple[int, int]] = {}
    for one in found:
        macs, moving = sums.get(one.operator, (0, 0))
        sums[one.operator] = macs + one.macs, moving + one.bytes
    return {kind: macs / moving for kind, (macs, moving) in sums.items()}


def attainable(intensity: float, roof: Roof, held: float = 0) -> float:
    """Multiply-adds per second at most, at so many per byte: the lower of the two roofs."""
    return min(roof.rate, intensity * roof.bandwidth(held))


def floor_s(one: Work, roof: Roof) -> float:
    """Seconds that a layer takes at the least: of computing and moving the longer, since both can go on at once."""
    return max(one.macs / roof.rate, one.bytes / roof.bandwidth(one.held))


def network_floor_s(found: Iterable[Work], roof: Roof) -> float:
    """One layer after another."""
    return sum(floor_s(one, roof) for one in found)


def bound(one: Work, roof: Roof) -> str:
    """Which roof is the lower one for it: "multiplier" or "memory"."""
    return "multiplier" if one.macs / roof.rate >= one.bytes / roof.bandwidth(one.held) else "memory"


class Share(NamedTuple):
    """Of one kind of layer."""

    macs: float  # of all, 0 … 1
    floor: float  # of the network's floor
    time: float  # of the time measured in layers
    reached: float  # of the pace that its roofs allow
    held_up: str  # "multiplier", "memory", or "neither" where it stays far below both


def shares(found: Sequence[Work], roof: Roof, times: Mapping[str, float]) -> dict[str, Share]:
    """By operator; `times` are measured milliseconds per layer id. Raises `UserError` where a layer lacks one."""
    if missing := [one.id for one in found if one.id not in times]:
        raise UserError(f"There is no measured time of {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}.")
    kinds: dict[str, list[Work]] = {}
    for one in found:
        kinds.setdefault(one.operator, []).append(one)
    macs, floor, time = sum(one.macs for one in found), network_floor_s(found, roof), sum(times[one.id] for one in found) / 1e3
    return {kind: _share(mine, roof, times, macs, floor, time) for kind, mine in kinds.items()}


def _share(mine: Sequence[Work], roof: Roof, times: Mapping[str, float], macs: int, floor: float, time: float) -> Share:
    own, took = network_floor_s(mine, roof), sum(times[one.id] for one in mine) / 1e3
    by_memory = network_floor_s([one for one in mine if bound(one, roof) == "memory"], roof)
    held_up = "neither" if own < FAR * took else "memory" if 2 * by_memory > own else "multiplier"
    return Share(sum(one.macs for one in mine) / macs, own / floor, took / time, own / took, held_up)
