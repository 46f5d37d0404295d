"""Chance in training, drawn so that the same seed gives the same draw everywhere: stochastic depth and dropout.

Stochastic depth: Huang et al., arXiv 1603.09382; dropout: Srivastava et al., JMLR 15 (2014). Both as EfficientNet has them (paper §5.2).
"""

import math
from collections.abc import Sequence

from ..architecture import Architecture
from ..errors import UserError
from ..families import PUBLISHED
from .lots import Lots

B_TABLE = {name: scaling.dropout for name, (_, scaling) in PUBLISHED.items() if name in {f"b{index}" for index in range(8)}}


def rates(network: Architecture, most: float | None = None) -> list[float]:
    """How often every block is left out: p · i / N for block i of N, and never where nothing goes around it. `most` in the place of the
    family's p. Raises `UserError` for a p outside 0 … 0.95."""
    if most is None:
        return [block.drop_rate for block in network.blocks]
    check_rate("The drop rate", most)
    return [most * block.index / len(network.blocks) if block.skip else 0.0 for block in network.blocks]


def check_rate(name: str, rate: float) -> None:
    """Raises `UserError` outside 0 … 0.95."""
    if not 0 <= rate <= 0.95:
        raise UserError(f"{name} is {rate!r}; it must be from 0 to 0.95.")


def dropped(rates_of: Sequence[float], seed: int) -> list[bool]:
    """Which of the blocks, or numbers, are left out for one image."""
    lots = Lots(seed)
    return [lots.next() < rate for rate in rates_of]


def expected(rates_of: Sequence[float]) -> float:
    """Blocks that are there on average: Σ (1 − pᵢ)."""
    return math.fsum(1 - rate for rate in rates_of)


def distribution(rates_of: Sequence[float]) -> list[float]:
    """Probability of 0, 1, … N blocks being there: one block after the other, each there or not (a Poisson binomial distribution)."""
    odds = [1.0]
    for rate in rates_of:
        odds = [before * rate + more * (1 - rate) for before, more in zip([*odds, 0.0], [0.0, *odds])]
    return odds


def survivors(count: int, rate: float) -> tuple[float, float]:
    """Of `count` numbers under dropout at `rate`: how many stay on average, and the standard deviation."""
    return count * (1 - rate), math.sqrt(count * rate * (1 - rate))

