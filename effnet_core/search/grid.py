"""The paper's first step (§4): every α, β and γ of a grid that keep to a budget, and the networks that they become once rounded.

Nothing is trained here. A network's MACs are counted once for every width and side, since they grow by the same amount with every
repeat of a block; a combination then costs a few additions.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import cost
from ..errors import UserError
from ..families import PAPER, compound
from ..scaling import BASE_RANGE, FLOAT_GUARD, check

RULES = {"formula": "α·β²·γ²", "counted": "counted MACs"}  # what must be about the target
MOST = 100_000  # combinations that are tried
MOST_BUILT = 4_000  # pairs of a width and a side, for each of which one network is counted
PHI_RANGE = (0.5, 7.0)
STEP_RANGE = (0.001, 1.0)
TARGET_RANGE = (1.1, 8.0)
TOLERANCE_RANGE = (0.0, 2.0)
DIGITS = 6  # of a grid's values: 1 + 3 · 0.05 is 1.15

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """What is tried: α, β and γ from one bound to the other, and what has to be `target` ± `tolerance` for every unit of φ."""

    alpha: tuple[float, float] = (1.0, 1.5)
    beta: tuple[float, float] = (1.0, 1.3)
    gamma: tuple[float, float] = (1.0, 1.4)
    step: float = 0.05
    target: float = 2.0  # what the paper asks for: twice the resources
    tolerance: float = 0.1
    rule: str = "formula"  # or "counted"
    phi: float = 1.0
    base: str = "b0"

    def __post_init__(self) -> None:
        for name, bounds in (("α", self.alpha), ("β", self.beta), ("γ", self.gamma)):
            low, high = (check(f"A bound of {name}", bound, BASE_RANGE) for bound in bounds)
            if low > high:
                raise UserError(f"{name} goes from {low:g} to {high:g}; the first bound must not be above the second.")
        check("The step", self.step, STEP_RANGE)
        check("The target", self.target, TARGET_RANGE)
        check("The tolerance", self.tolerance, TOLERANCE_RANGE)
        check("φ", self.phi, PHI_RANGE)
        if self.rule not in RULES:
            raise UserError(f"There is no rule {self.rule!r}; there are {', '.join(RULES)}.")

    @property
    def axes(self) -> tuple[tuple[float, ...], ...]:
        """The values of α, of β and of γ. Raises `UserError` where they make too many combinations."""
        counts = [math.floor((high - low) / self.step + FLOAT_GUARD) + 1 for low, high in (self.alpha, self.beta, self.gamma)]
        if math.prod(counts) > MOST:
            raise UserError(f"A step of {self.step:g} makes {' × '.join(f'{count:,}' for count in counts)} = {math.prod(counts):,} combinations; "
                            f"at most {MOST:,} are tried, so take a larger step or narrower bounds.")
        return tuple(tuple(round(low + place * self.step, DIGITS) for place in range(count))
                     for (low, _), count in zip((self.alpha, self.beta, self.gamma), counts))

    def keeps(self, value: float) -> bool:
        """Whether `value`, for one unit of φ, is the target within the tolerance."""
        return abs(value - self.target) <= self.tolerance + FLOAT_GUARD


class Candidate(NamedTuple):
    """One combination that keeps to the budget."""

    alpha: float
    beta: float
    gamma: float
    product: float  # α·β²·γ², the factor on MACs that one unit of φ promises
    ratio: float  # of the counted MACs to those of the base

    @property
    def coefficients(self) -> tuple[float, float, float]:
        return self[:3]


class Distinct(NamedTuple):
    """One network, and every combination that becomes it: the same blocks, channels and side after rounding."""

    members: tuple[Candidate, ...]
    repeats: Numbers  # blocks, stage by stage
    channels: Numbers  # that the stem, the stages and the classifier's input have
    side: int  # pixels
    macs: int
    ratio: float  # of its MACs to those of the base

    @property
    def blocks(self) -> int:
        return sum(self.repeats)

    @property
    def first(self) -> Candidate:
        """The paper's combination where it is one of them, otherwise the one whose product is nearest to what it costs."""
        return next((member for member in self.members if member.coefficients == PAPER), self.members[0])


@dataclass(frozen=True)
class Found:
    """All that a grid holds. `networks` are in the order of their MACs."""

    grid: Grid
    tried: int
    networks: tuple[Distinct, ...]

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        return tuple(sorted(member for network in self.networks for member in network.members))

    @cached_property
    def paper(self) -> Distinct | None:
        """The network of the paper's (1.2, 1.1, 1.15); None where that is not on the grid or does not keep to the budget."""
        return next((network for network in self.networks if network.first.coefficients == PAPER), None)


def _repeats(network: Architecture) -> Numbers:
    return tuple(len(stage.blocks) for stage in network.stages)


def _channels(network: Architecture) -> Numbers:
    return (network.stem.output.channels, *(stage.output.channels for stage in network.stages), network.classifier.input.channels)


class _Counter:
    """MACs of any depth of one family at one φ, from one count for every width and side."""

    def __init__(self, phi: float, base: str) -> None:
        self._phi, self._base = phi, base
        self._deep = 1.5 ** (1 / phi)  # a depth at which every stage that is scaled has a repeat
        self.repeats = lru_cache(None)(lambda alpha: _repeats(compound(phi, alpha, 1.0, 1.0, base)))
        self.channels = lru_cache(None)(lambda beta: _channels(compound(phi, 1.0, beta, 1.0, base)))
        self.side = lru_cache(None)(lambda gamma: compound(phi, 1.0, 1.0, gamma, base).scaling.side)
        self._known: dict[tuple[Numbers, int], tuple[int, list[tuple[int, int]]]] = {}

    def macs(self, alpha: float, beta: float, gamma: float) -> int:
        place = self.channels(beta), self.side(gamma)
        if place not in self._known:
            self._known[place] = self._parts(compound(self._phi, self._deep, beta, gamma, self._base))
        ends, stages = self._known[place]
        return ends + sum(first + (count - 1) * again for (first, again), count in zip(stages, self.repeats(alpha)))

    @staticmethod
    def _parts(network: Architecture) -> tuple[int, list[tuple[int, int]]]:
        """MACs of what is no block, and of the first and of every further block of each stage."""
        units = cost(network).units
        stages = [(units[stage.blocks[0].id].macs, units[stage.blocks[-1].id].macs) for stage in network.stages]
        blocks = {block.id for block in network.blocks}
        return sum(total.macs for unit, total in units.items() if unit not in blocks), stages


def _kept(grid: Grid, counter: _Counter, base: int) -> Iterator[tuple[Candidate, int]]:
    """The combinations that keep to the budget, with their MACs."""
    for alpha, beta, gamma in product(*grid.axes):
        promised = alpha * beta**2 * gamma**2
        if grid.rule == "formula" and not grid.keeps(promised):
            continue
        macs = counter.macs(alpha, beta, gamma)
        if grid.rule == "formula" or grid.keeps((macs / base) ** (1 / grid.phi)):
            yield Candidate(alpha, beta, gamma, promised, macs / base), macs


def _check_pairs(grid: Grid, counter: _Counter) -> None:
    """Raises `UserError` where more networks would have to be counted than a visitor waits for."""
    _, betas, gammas = grid.axes
    widths, sides = len(set(map(counter.channels, betas))), len(set(map(counter.side, gammas)))
    if widths * sides > MOST_BUILT:
        raise UserError(f"This grid has {widths:,} different widths and {sides:,} different sides, so {widths * sides:,} networks would have to be "
                        f"counted; at most {MOST_BUILT:,} are, so take a larger step or narrower bounds of β and γ.")


@lru_cache(maxsize=8)
def search(grid: Grid) -> Found:
    """All that keep to the budget. Raises `UserError` where the grid is too fine, or its sides leave what a network can have."""
    axes, counter = grid.axes, _Counter(grid.phi, grid.base)
    _check_pairs(grid, counter)
    base = cost(compound(0.0, base=grid.base)).macs
    groups: dict[tuple[Numbers, Numbers, int], list[Candidate]] = {}
    macs_of = {}
    for candidate, macs in _kept(grid, counter, base):
        key = counter.repeats(candidate.alpha), counter.channels(candidate.beta), counter.side(candidate.gamma)
        groups.setdefault(key, []).append(candidate)
        macs_of[key] = macs
    networks = [Distinct(tuple(members), *key, macs_of[key], macs_of[key] / base) for key, members in groups.items()]
    return Found(grid, math.prod(map(len, axes)), tuple(sorted(networks, key=lambda network: (network.macs, network.members[0]))))
