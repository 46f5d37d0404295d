"""One dimension or all three: a base network made deeper, wider or sharper alone, or all at once, and the factor that costs a wanted
number of MACs. Bases are named as `compound` names them.

Rounding makes every way a staircase: many factors give one network, and between two steps no network lies.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from itertools import count
from typing import NamedTuple

from ..architecture import Family, assemble
from ..cost import FLOAT_BYTES, Cost, cost
from ..families import BASES, PAPER
from ..scaling import Scaling, round_repeats

SIDE = 224  # pixels, of every base that is offered
DECIMALS = (1000, 100, 10, 1)  # from whole numbers to thousandths


class Point(NamedTuple):
    """What one scaled network is and costs."""

    depth: float
    width: float
    side: int  # pixels
    blocks: int
    params: int
    macs: int
    activations: int
    receptive_field: int  # pixels

    @property
    def field_ratio(self) -> float:
        """The receptive field in sides of the image."""
        return self.receptive_field / self.side

    @property
    def activation_bytes(self) -> int:
        """Of all layers' outputs for one image in 32-bit floats."""
        return FLOAT_BYTES * self.activations


def base_of(family: Family) -> str:
    """The base that a network of `family` is scaled from; b0 where there is none at `SIDE` pixels."""
    return next((name for name, other in BASES.items() if other.name == family.name and other.side == SIDE), "b0")


def point(scaling: Scaling, blocks: int, total: Cost) -> Point:
    """The same of a network that has been counted already."""
    return Point(scaling.depth, scaling.width, scaling.side, blocks, total.params, total.macs, total.activations, total.receptive_field)


@lru_cache(maxsize=8192)
def _parts(base: str, width: float, side: int) -> tuple[tuple[int, ...], list[tuple[int, ...]], list[tuple[int, ...] | None]]:
    """Parameters, MACs, activations and receptive field that are added by all that does not repeat, by the first block of every stage,
    and by each block that repeats it, None for a stage that does not scale. Repeats are alike, so two blocks a stage show them all."""
    rows = tuple(row._replace(repeats=1) for row in BASES[base].rows)
    units = cost(assemble(replace(BASES[base], rows=rows), Scaling(2.0, width, side), 1000, "two blocks a stage")).units
    field, added = 1, {}
    for unit, total in units.items():
        added[unit] = (total.params, total.macs, total.activations, total.receptive_field - field)
        field = total.receptive_field
    fixed = tuple(map(sum, zip(*(sums for unit, sums in added.items() if not unit.startswith("stages")))))
    return fixed, [added[f"stages.{i}.0"] for i in range(len(rows))], [added.get(f"stages.{i}.1") for i in range(len(rows))]


def scaled(base: str, depth: float, width: float, side: int) -> Point:
    """The base with its dimensions multiplied; exactly what `cost` counts, in a fraction of the time for deep networks."""
    fixed, firsts, repeats = _parts(base, width, side)
    counts = [round_repeats(row.repeats, depth if again else 1.0) for row, again in zip(BASES[base].rows, repeats)]
    stages = [[one + (n - 1) * more for one, more in zip(first, again or first)] for n, first, again in zip(counts, firsts, repeats)]
    params, macs, activations, field = map(sum, zip(fixed, *stages))
    return Point(depth, width, side, sum(counts), params, macs, activations, 1 + field)


class Way(NamedTuple):
    """One way to scale: a number that is turned, in whole places."""

    key: str
    name: str
    letter: str  # of the number that is turned
    places: range
    rounds: tuple[int, ...]  # the steps of round numbers, in places
    drawn: Callable[[int], int]  # which places a curve is drawn through, from the base on at 0
    turned: Callable[[int], float]  # place → the number
    at: Callable[[float], tuple[float, float, int]]  # the number → depth, width, side
    law: Callable[[float], float]  # the number → MACs over the base's, were nothing rounded


def _thousandth(place: int) -> float:
    return place / 1000


def _doubling(home: int, points: int) -> Callable[[int], int]:
    """Places in equal ratios from `home` on, `points` until twice as far."""
    return lambda index: round(home * 2 ** (index / points))


def _together(phi: float) -> tuple[float, float, int]:
    alpha, beta, gamma = PAPER
    return alpha**phi, beta**phi, int(SIDE * gamma**phi + 0.5)


WAYS = {way.key: way for way in (
    Way("depth", "depth alone", "d", range(20, 256_001), DECIMALS, _doubling(1000, 40), _thousandth,
        lambda d: (d, 1.0, SIDE), lambda d: d),
    Way("width", "width alone", "w", range(50, 64_001), DECIMALS, _doubling(1000, 24), _thousandth,
        lambda w: (1.0, w, SIDE), lambda w: w**2),
    Way("resolution", "resolution alone", "r", range(32, 8193), (32, 16, 8, 4, 2, 1), _doubling(SIDE, 30),
        lambda place: place / SIDE, lambda r: (1.0, 1.0, round(r * SIDE)), lambda r: r**2),
    Way("compound", "all three", "φ", range(-4000, 12_001), DECIMALS, lambda index: 50 * index, _thousandth, _together,
        lambda phi: (PAPER[0] * PAPER[1] ** 2 * PAPER[2] ** 2) ** phi),
)}


@lru_cache(maxsize=65_536)
def at(base: str, key: str, place: int) -> Point:
    """The network at one place of the way `key`."""
    way = WAYS[key]
    return scaled(base, *way.at(way.turned(place)))


class Nearest(NamedTuple):
    """The network of a way whose MACs are nearest to those wanted, by ratio; all numbers from `low` to `high` cost the same."""

    way: Way
    value: float  # the roundest of these numbers
    low: float
    high: float
    point: Point
    miss: float  # its MACs over those wanted, minus 1
    end: bool  # whether the way ends here, short of what is wanted


def nearest(base: str, key: str, macs: float) -> Nearest:
    """From `base` along the way `key`, by bisection: MACs never fall while the number rises."""
    way, macs_at = WAYS[key], lambda place: at(base, key, place).macs
    above = way.places[0] + bisect_right(way.places, macs, key=macs_at)
    around = [place for place in (above - 1, above) if place in way.places]
    best = min(around, key=lambda place: max(macs_at(place) / macs, macs / macs_at(place)))
    low, high = (_end(best, step, way.places, macs_at) for step in (-1, 1))
    place = next(rounded for step in way.rounds if (rounded := high // step * step) >= low)
    found = at(base, key, place)
    return Nearest(way, way.turned(place), way.turned(low), way.turned(high), found, found.macs / macs - 1,
                   len(around) == 1 and found.macs != macs)


def _end(place: int, step: int, places: range, macs_at: Callable[[int], int]) -> int:
    """The last place from `place` on in the direction of `step` that costs the same: in strides that double, then halve."""
    cost_here, stride = macs_at(place), 1
    while place + step * stride in places and macs_at(place + step * stride) == cost_here:
        place, stride = place + step * stride, 2 * stride
    while stride:
        if place + step * stride in places and macs_at(place + step * stride) == cost_here:
            place += step * stride
        stride //= 2
    return place


def unscaled(base: str) -> Point:
    return scaled(base, 1.0, 1.0, SIDE)


@cache
def curve(base: str, key: str, ratio: float) -> list[tuple[float, Point]]:
    """The way until its MACs are `ratio` times the base's, or it ends: number and network. Under 1, from there to the base.

    Its places do not depend on `ratio`, so that a longer curve only adds to what is known.
    """
    way, wanted, found = WAYS[key], ratio * unscaled(base).macs, []
    step = 1 if ratio >= 1 else -1
    for index in count(0, step):
        place = way.drawn(index)
        if place not in way.places:
            break
        found.append((way.turned(place), at(base, key, place)))
        if step * found[-1][1].macs >= step * wanted:
            break
    return found[::step]
