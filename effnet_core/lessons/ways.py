"""Ways to grow, compared for the questions: by field, by memory, and how many different networks a grid of them has."""

import math
from functools import cache

from ..families import EFFICIENTNET, published
from ..lab import memory, paper
from ..scaling import Compound, round_channels, round_repeats

GRID = [1 + step / 20 for step in range(13)], *[[1 + step / 20 for step in range(9)]] * 2  # α to 1.6, β and γ to 1.4


@cache
def ways() -> dict[str, paper.Scaled]:
    """The paper's Table 7: one dimension alone, about four times the work."""
    return dict(zip(("4 × deeper", "2 × wider", "2 × sharper"), paper.TABLE_7[1:4]))


def fields() -> list[float]:
    """Receptive field in sides of the image, each way."""
    return [table.receptive_field / table.side for table in map(paper.counted, ways().values())]


@cache
def kept(name: str) -> memory.Footprint:
    return memory.footprint(published(name))


@cache
def kept_ways() -> list[int]:
    return [memory.footprint(paper.network(row)).saved for row in ways().values()]


@cache
def distinct() -> tuple[int, int, int]:
    """How many different depths, widths and sides the values of `GRID` become at φ = 1: each depends on one of them alone."""
    alphas, betas, gammas = GRID
    channels = (EFFICIENTNET.stem, *(row.channels for row in EFFICIENTNET.rows), EFFICIENTNET.head)
    depths = {tuple(round_repeats(row.repeats, alpha) for row in EFFICIENTNET.rows) for alpha in alphas}
    widths = {tuple(round_channels(count, beta) for count in channels) for beta in betas}
    return len(depths), len(widths), len({Compound(1.0, 1.0, 1.0, gamma).scaling(EFFICIENTNET.side).side for gamma in gammas})


def combinations() -> int:
    return math.prod(map(len, GRID))
