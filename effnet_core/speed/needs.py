"""What a measurement needs, known before torch is loaded: memory, how many passes, and how long it will take."""

import math
import statistics

from ..architecture import Architecture
from ..cost import FLOAT_BYTES, cost
from ..errors import UserError

REPEATS = 10
LAYER_REPEATS = 5
LAYER_SHARE = 0.5  # of the seconds, for the passes in which every layer is timed
WARMUP_RANGE = (6, 60)  # passes
WARMUP_S = 10.0
SETTLED = 0.02  # warm once the median of three passes is that close to the median of the three before
MOST_REPEATS = 5_000
FEW_REPEATS = 3  # enough for a network whose passes use up PATIENCE_S
PATIENCE_S = 30.0

Times = list[float]  # milliseconds


def memory_needed(architecture: Architecture, batch: int = 1) -> tuple[int, int]:
    """Bytes of the weights and, roughly, of all that is alive at once during the hungriest layer.

    That is the layer's input, padded, and once more in the order that the convolution wants; its output, likewise twice; and
    the input of its block, which waits for the addition.
    """
    peak = max(
        layers[0].input.elements + max(3 * layer.input.elements + 2 * layer.output.elements for layer in layers)
        for _, layers in architecture.units()
    )
    return FLOAT_BYTES * cost(architecture).params, FLOAT_BYTES * batch * peak


def settled(times: Times) -> bool:
    """Whether passes have stopped getting faster."""
    return len(times) >= WARMUP_RANGE[0] and abs(statistics.median(times[-3:]) / statistics.median(times[-6:-3]) - 1) < SETTLED


def warming(times: Times) -> float:
    """How far a warm-up is, 1 once passes have stopped getting faster or it makes no sense to wait longer for that."""
    return 1.0 if settled(times) else max(len(times) / WARMUP_RANGE[1], sum(times) / 1e3 / WARMUP_S)


def sampling(times: Times, repeats: int, seconds: float) -> float:
    """How far a measurement is, 1 with `repeats` passes and `seconds`, whichever is later.

    Few passes do for a network that takes very long, and there is a limit for one that takes very little.
    """
    spent, patience = sum(times) / 1e3, max(PATIENCE_S, seconds)
    usual = min(len(times) / repeats, max(spent / seconds, len(times) / MOST_REPEATS) if seconds else 1.0)
    return max(usual, min(len(times) / FEW_REPEATS, spent / patience))


def passes(pass_ms: float, seconds: float, layers: bool = True) -> int:
    """How many forward passes a measurement has, its warm-up among them, where each takes just `pass_ms`."""
    warm = min(WARMUP_RANGE[0], math.ceil(1e3 * WARMUP_S / pass_ms))
    return warm + _samples(pass_ms, REPEATS, seconds) + (_samples(pass_ms, LAYER_REPEATS, LAYER_SHARE * seconds) if layers else 0)


def _samples(pass_ms: float, repeats: int, seconds: float) -> int:
    """The fewest with which `sampling` is 1, of equal times."""
    lasting = min(MOST_REPEATS, math.ceil(1e3 * seconds / pass_ms))
    return min(max(repeats, lasting), max(FEW_REPEATS, math.ceil(1e3 * max(PATIENCE_S, seconds) / pass_ms)))


def seconds_needed(pass_ms: float, seconds: float, layers: bool = True) -> float:
    """How long the passes of a measurement take."""
    return passes(pass_ms, seconds, layers) * pass_ms / 1e3


def check_time(pass_ms: float, seconds: float, layers: bool, limit_s: float) -> None:
    """Raises `UserError` where the passes of a measurement would take longer than `limit_s`."""
    if (needed := seconds_needed(pass_ms, seconds, layers)) > limit_s:
        raise UserError(f"One pass takes {pass_ms / 1e3:.3g} s, so that a measurement would take about {needed:,.0f} s, and it may take "
                        f"{limit_s:,.0f} s. A smaller batch, image or network would do.")
