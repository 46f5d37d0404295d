"""The formula beside the table: which φ every released network would mean, and how near to it equation 3 comes."""

import math
from functools import cache, lru_cache
from typing import NamedTuple

from ..architecture import Architecture, Family, assemble
from ..cost import Cost, cost
from ..families import EFFICIENTNET, PAPER, PUBLISHED, published
from ..scaling import Scaling, round_channels, round_repeats
from .rounding import macs, scaled

RELEASED = tuple(name for name, (family, _) in PUBLISHED.items() if family is EFFICIENTNET)
REACH = (-8.0, 24.0)  # of φ in searches; beyond the sliders, since L2 lies there
STEPS = 21  # of halving it, to less than 0.00002


class Implied(NamedTuple):
    """The φ that each dimension asks for by itself; None where its base is 1, whose powers are all 1."""

    depth: float | None
    width: float | None
    resolution: float | None


def implied(scaling: Scaling, alpha: float = PAPER[0], beta: float = PAPER[1], gamma: float = PAPER[2], base_side: int = 224) -> Implied:
    """Equation 3 solved for φ: log d / log α, log w / log β, log r / log γ."""
    pairs = ((scaling.depth, alpha), (scaling.width, beta), (scaling.side / base_side, gamma))
    return Implied(*(math.log(factor) / math.log(base) if base != 1 else None for factor, base in pairs))


class Nearest(NamedTuple):
    """The network of the formula whose MACs are nearest to a wanted number: every φ in `low` … `high` gives it."""

    low: float
    high: float
    macs: int

    @property
    def phi(self) -> float:
        """The roundest of these φ: the one with the fewest decimals."""
        middle = (self.low + self.high) / 2
        shown = (round(middle, digits) + 0.0 for digits in range(6))  # no −0
        return next((phi for phi in shown if self.low <= phi < self.high), self.low)


def nearest(wanted: int, family: Family = EFFICIENTNET, alpha: float = PAPER[0], beta: float = PAPER[1],
            gamma: float = PAPER[2]) -> Nearest | None:
    """The φ at which the formula's MACs come nearest to `wanted`, by ratio. None where no φ reaches it: α = β = γ = 1.

    Bases of at least 1 make the MACs a staircase that never falls, so its steps are found by halving.
    """

    def count(phi: float) -> float:
        scaling = scaled(family, phi, alpha, beta, gamma)
        return macs(family, scaling) if scaling else math.inf if phi > 0 else 0.0

    def edge(enough: float) -> float:
        """The smallest φ with at least `enough` MACs."""
        low, high = REACH
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if count(middle) >= enough else (middle, high)
        return high

    if min(alpha, beta, gamma) < 1 or not count(REACH[0]) < wanted <= count(REACH[1]):
        return None
    reached = edge(wanted)
    above, below = count(reached), count(reached - 2 * (REACH[1] - REACH[0]) / 2**STEPS)
    best = above if not below or above / wanted <= wanted / below else below
    if not math.isfinite(best):
        return None
    low, high = (reached, edge(best + 1)) if best == above else (edge(below), reached)
    return Nearest(low, high, int(best))


class Comparison(NamedTuple):
    """A released network beside the formula at one φ."""

    name: str  # "b7"
    released: Architecture
    theirs: Cost
    implied: Implied
    nearest: Nearest | None
    phi: float | None  # of the formula's network here; None where there is none
    formula: Architecture | None
    ours: Cost | None


@cache
def released() -> dict[str, tuple[Architecture, Cost]]:
    """B0 to B8 and L2 with their costs."""
    return {name: (network := published(name), cost(network)) for name in RELEASED}


def number(name: str) -> float | None:
    """The number in a network's name, 7 for "b7"; L2 is no seventh of anything."""
    return float(name[1:]) if name[0] == "b" else None


@lru_cache(maxsize=1000)
def _nearest(name: str, alpha: float, beta: float, gamma: float) -> Nearest | None:
    return nearest(released()[name][1].macs, EFFICIENTNET, alpha, beta, gamma)


@lru_cache(maxsize=16)
def _formula(phi: float, alpha: float, beta: float, gamma: float) -> tuple[Architecture, Cost] | tuple[None, None]:
    if (scaling := scaled(EFFICIENTNET, phi, alpha, beta, gamma)) is None:
        return None, None
    network = assemble(EFFICIENTNET, scaling, 1000, f"the formula at φ = {phi:g}")
    return network, cost(network)


def compare(name: str, alpha: float, beta: float, gamma: float, at: str | float = "nearest") -> Comparison:
    """`name` beside the formula `at` its nearest φ ("nearest"), at the number in its name ("number"), or at a given φ."""
    network, theirs = released()[name]
    near = _nearest(name, alpha, beta, gamma)
    phi = (near.phi if near else None) if at == "nearest" else number(name) if at == "number" else at
    ours = (None, None) if phi is None else _formula(phi, alpha, beta, gamma)
    return Comparison(name, network, theirs, implied(network.scaling, alpha, beta, gamma), near, phi, *ours)


@lru_cache(maxsize=4)
def comparisons(alpha: float, beta: float, gamma: float, at: str | float = "nearest") -> tuple[Comparison, ...]:
    """All released networks, in order."""
    return tuple(compare(name, alpha, beta, gamma, at) for name in RELEASED)


class Reading(NamedTuple):
    """One way to fill in a row of the paper's Table 1: exact values, and what is built where something is built."""

    title: str
    gamma: float | None
    side: float  # of the image
    enters: float  # side of the stage's input
    leaves: float
    channels: tuple[float, int | None]
    repeats: tuple[float, int | None]


def _unrounded(stage: int, phi: float, gamma: float) -> Reading:
    base = released()["b0"][0]
    row, first = base.family.rows[stage], base.stages[stage].blocks[0]
    sides = (side * gamma**phi for side in (base.family.side, first.input.height, first.output.height))
    alpha, beta, _ = PAPER
    return Reading(f"φ = {phi:g}, γ = {gamma:g}", gamma, *sides, (row.channels * beta**phi, None), (row.repeats * alpha**phi, None))


def _built(title: str, gamma: float | None, network: Architecture, stage: int) -> Reading:
    row, s, first = network.family.rows[stage], network.scaling, network.stages[stage].blocks[0]
    channels = (row.channels * s.width, round_channels(row.channels, s.width))
    repeats = (row.repeats * s.depth, round_repeats(row.repeats, s.depth))
    return Reading(title, gamma, s.side, first.input.height, first.output.height, channels, repeats)


def readings(name: str = "b7", stage: int = 2, phi: float = 7.0, rough: float = 1.1) -> tuple[Reading, Reading, Reading]:
    """`stage` (0-based; row `stage` + 2 of Table 1) of `name`, three ways: powers of bases with γ = `rough` and nothing rounded,
    the paper's γ with our rounding, and the released network."""
    formula = assemble(EFFICIENTNET, scaled(EFFICIENTNET, phi, *PAPER), 1000, "")
    return (_unrounded(stage, phi, rough), _built(f"φ = {phi:g}, γ = {PAPER[2]:g}", PAPER[2], formula, stage),
            _built(f"released {name.upper()}", None, published(name), stage))
