"""How the MACs of each kind of layer grow when one dimension is doubled: why width and resolution stand squared in the constraint."""

import math
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from ..architecture import Family, assemble
from ..cost import Cost, cost
from ..scaling import Scaling
from .rounding import macs

PROMISED = (1.0, 2.0, 2.0)  # what α·β²·γ² assumes of depth, width and resolution
CLOSE = 0.25  # an exponent that differs less follows the rule but for first blocks and rounding
TIMES = 2.0


class Growth(NamedTuple):
    """Of one kind of layer: its share of the base's MACs, and log₂ of the growth when a dimension doubles; 0 means it stays."""

    kind: str
    share: float
    depth: float
    width: float
    resolution: float

    @property
    def breaks(self) -> list[str]:
        """The dimensions in which it does not grow as the rule says."""
        return [name for name, found, promised in zip(self._fields[2:], self[2:], PROMISED) if abs(found - promised) >= CLOSE]


def kind_sums(table: Cost) -> Mapping[str, int]:
    """MACs by the last part of the layers' ids: stem, expand, depthwise, se, project, head, classifier; and "all"."""
    sums: dict[str, int] = {}
    for row in table.layers:
        if row.macs:
            kind = row.id.rpartition(".")[2]
            sums[kind] = sums.get(kind, 0) + row.macs
    return {**sums, "all": sum(sums.values())}


@cache
def doublings(family: Family) -> tuple[Growth, ...]:
    """Every kind of layer of `family`'s base, in its order, and "all" last: counted on networks of twice the depth, width or side."""
    factors = ((1.0, 1.0, 1), (TIMES, 1.0, 1), (1.0, TIMES, 1), (1.0, 1.0, TIMES))
    base, *larger = (kind_sums(cost(assemble(family, Scaling(d, w, int(r * family.side)), 1000, ""))) for d, w, r in factors)
    return tuple(Growth(kind, base[kind] / base["all"], *(math.log(sums[kind] / base[kind], TIMES) for sums in larger)) for kind in base)


class Stride(NamedTuple):
    """One dimension's part of a step of φ: the factor that the rule promises, and the one that was counted."""

    dimension: str
    promised: float
    counted: float


def one_step(family: Family, alpha: float, beta: float, gamma: float, phi: float = 0.0) -> tuple[Stride, ...]:
    """From φ to φ + 1, one dimension after another (depth, then width, then resolution); the products are those of the whole step.

    Raises `UserError` where a network on the way is out of range.
    """
    def at(*phis: float) -> int:
        d, w, r = (base**x for base, x in zip((alpha, beta, gamma), phis))
        return macs(family, Scaling(d, w, int(family.side * r + 0.5)))

    way = [at(phi, phi, phi), at(phi + 1, phi, phi), at(phi + 1, phi + 1, phi), at(phi + 1, phi + 1, phi + 1)]
    promised = {"depth": alpha, "width": beta**2, "resolution": gamma**2}
    return tuple(Stride(*rule, after / before) for rule, before, after in zip(promised.items(), way, way[1:]))
