"""Which network for a budget: the best released EfficientNet within it, what the next would need, and how far the formula gets.

Best is by the paper's top-1 (Table 2). A budget is of MACs, parameters, bytes of memory or measured milliseconds.
"""

from bisect import bisect_right
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from ..architecture import Architecture
from ..cost import cost
from ..families import compound, published, title
from ..scaling import check, check_count
from .memory import footprint, inference, training
from .paper import EFFICIENTNETS, TABLE_2, TABLE_3

COUNTED = ("macs", "params", "inference", "training")  # what can be counted for any network; milliseconds are measured
OPTIMISER = "RMSProp with momentum"  # the paper's (§5.2)
RANGE = (1.0, 1e18)  # MACs, parameters or bytes
BATCHES = (1, 1024)
RIVALS = {row.base: row.top1 for row in TABLE_3 if row.label == "baseline"} | {
    row.key: row.top1 for row in TABLE_2 if row.key and row not in EFFICIENTNETS}  # top-1 by `published` name
PHIS = range(-4000, 8001)  # thousandths
TENTH = 100  # of them


class Rung(NamedTuple):
    """One released network: what it needs of the budget, and the paper's top-1 in percent."""

    key: str
    name: str
    top1: float
    need: float


class Answer(NamedTuple):
    """`best` is None where not even the smallest fits, `following` where all do: the next more accurate one."""

    best: Rung | None
    following: Rung | None


def need(architecture: Architecture, kind: str, batch: int = 1) -> int:
    """MACs of an image, parameters, or bytes of memory for inference or training with `batch` images at a time, by the kind of budget.

    Memory is in 32-bit floats, as `effnet_core.lab.memory` counts it; training is with the paper's optimiser.
    """
    total = cost(architecture)
    if kind in ("macs", "params"):
        return total.macs if kind == "macs" else total.params
    walked = footprint(architecture)
    return (inference(total, walked, batch) if kind == "inference" else training(total, walked, batch, OPTIMISER)).total


@cache
def ladder(kind: str, batch: int = 1) -> tuple[Rung, ...]:
    """B0 to B7 and what they need, counted. Raises `UserError` for an impossible batch."""
    batch = check_count("The batch size", batch, BATCHES, " images")
    return tuple(Rung(row.key, row.short, row.top1, need(published(row.key), kind, batch)) for row in EFFICIENTNETS)


def measured(times: Mapping[str, float]) -> tuple[Rung, ...]:
    """Those of B0 to B7 that have been measured; `times` has the milliseconds of a pass by `published` name."""
    return tuple(Rung(row.key, row.short, row.top1, times[row.key]) for row in EFFICIENTNETS if row.key in times)


def rivals(times: Mapping[str, float]) -> tuple[Rung, ...]:
    """The same of other networks, to compare with: those whose top-1 the paper prints, the quickest first."""
    found = [Rung(key, title(key), top1, times[key]) for key, top1 in RIVALS.items() if key in times]
    return tuple(sorted(found, key=lambda rung: rung.need))


def choose(rungs: tuple[Rung, ...], amount: float) -> Answer:
    """The most accurate within `amount`, and the cheapest of those that would be more accurate still."""
    best = max((rung for rung in rungs if rung.need <= amount), key=lambda rung: rung.top1, default=None)
    better = [rung for rung in rungs if best is None or rung.top1 > best.top1]
    return Answer(best, min(better, key=lambda rung: rung.need, default=None))


@lru_cache(maxsize=20_000)
def _formula(place: int, kind: str, batch: int) -> int:
    return need(compound(place / 1000), kind, batch)


def largest_phi(kind: str, amount: float, batch: int = 1) -> tuple[float, int] | None:
    """The largest φ from −4 to 8 whose network by the paper's formula fits into `amount`, and what that one needs: in thousandths, and of
    memory in tenths, since that does not rise with every step: padding an image of odd sides takes no copy of it.

    None where no φ fits. Raises `UserError` for an impossible amount.
    """
    check("The budget", amount, RANGE)
    if kind in ("inference", "training"):
        fitting = (place for place in reversed(PHIS[::TENTH]) if _formula(place, kind, batch) <= amount)
        return next(((place / 1000, _formula(place, kind, batch)) for place in fitting), None)
    place = PHIS[0] - 1 + bisect_right(PHIS, amount, key=lambda place: _formula(place, kind, batch))
    return (place / 1000, _formula(place, kind, batch)) if place in PHIS else None
