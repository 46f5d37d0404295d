"""What a sweep measures, the networks and batches along one line, and about how long that takes."""

from collections.abc import Sequence
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import cost
from ..errors import UserError
from ..families import compound, from_spec, to_spec
from ..scaling import check_count
from .needs import passes

OVER = {"batch": "the batch size", "phi": "φ", "side": "the side of the images"}
POINTS_RANGE = (2, 12)
BATCH_RANGE = (1, 1024)
LIMIT_S = 240.0  # of a whole sweep, loading torch not counted
SPAN_S = 12.0  # of counted passes, of all points together, where passes are short
SECONDS_RANGE = (0.3, 2.0)  # of counted passes, of one point
OVERHEAD_S = 0.3  # for building a network, once for its time and once for its memory


class Point(NamedTuple):
    """One thing to be measured: `batch` images at a time through `network`, where the swept quantity has `value`."""

    value: float
    network: Architecture
    batch: int

    @property
    def macs(self) -> int:
        """Of a pass."""
        return self.batch * cost(self.network).macs


def over_batch(network: Architecture, values: Sequence[float]) -> list[Point]:
    """Raises `UserError` for a batch size that is not allowed, as all three do for their values."""
    batches = [check_count("The batch", value, BATCH_RANGE, " images") for value in values]
    return _several([Point(batch, network, batch) for batch in batches])


def over_phi(values: Sequence[float], batch: int = 1, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15, base: str = "b0",
             classes: int = 1000) -> list[Point]:
    """By the paper's equation 3."""
    return _several([Point(phi, compound(phi, alpha, beta, gamma, base, classes), batch) for phi in values])


def over_side(network: Architecture, values: Sequence[float], batch: int = 1) -> list[Point]:
    """Larger images alone: depth and width stay."""
    return _several([Point(at.scaling.side, at, batch) for at in (resized(network, value) for value in values)])


def resized(network: Architecture, side: float) -> Architecture:
    if side == network.scaling.side:
        return network
    return from_spec({**to_spec(network), "side": side, "name": f"{network.name} at {side:g} px"})


def _several(points: list[Point]) -> list[Point]:
    check_count("The number of points", len(points), POINTS_RANGE)
    if len({point.value for point in points}) < len(points):
        raise UserError("Every value of a sweep must be another one; got " + ", ".join(f"{point.value:g}" for point in points) + ".")
    return points


def spaced(low: float, high: float, count: int, geometric: bool = False, grain: float = 1.0) -> tuple[float, ...]:
    """`count` values from `low` to `high` with equal steps, or equal ratios where `geometric`, each the nearest multiple of `grain`.

    What falls on the same value stands once. Raises `UserError` where fewer than two are left.
    """
    def place(part: float) -> float:
        return low * (high / low) ** part if geometric else low + (high - low) * part

    found = [round(grain * round(place(step / (count - 1)) / grain), 6) for step in range(count)] if count > 1 else [low]
    values = tuple(dict.fromkeys(int(value) if float(value).is_integer() else value for value in found))
    if len(values) < 2:
        raise UserError(f"A sweep needs at least two values; from {low:g} to {high:g} there is only one. Move the ends apart.")
    return values


def seconds_each(count: int) -> float:
    """Of counted passes, for each of so many points."""
    low, high = SECONDS_RANGE
    return min(high, max(low, SPAN_S / count))


def expected_s(pass_s: float, seconds: float) -> float:
    """How long a point takes whose every pass takes `pass_s`: its warm-up, the counted passes, and one for the memory."""
    return 2 * OVERHEAD_S + (passes(1e3 * pass_s, seconds, layers=False) + 1) * pass_s


def all_expected_s(points: Sequence[Point], per_mac: float, limit_s: float = LIMIT_S) -> float:
    """How long the measurement of all points takes that fit into the limit, at `per_mac` seconds per multiply-add."""
    seconds, spent = seconds_each(len(points)), 0.0
    for macs in sorted(point.macs for point in points):
        needed = expected_s(per_mac * macs, seconds)
        spent += needed if spent + needed <= limit_s else 0.0
    return spent
