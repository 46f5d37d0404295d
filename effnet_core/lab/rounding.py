"""From factors to whole numbers, step by step: what rounding does to every stage, and the MACs that follow, without a network.

For given channels and repeats the MACs of all layers that work at one stride are a constant times the number of cells there, so
that a line through hundreds of networks costs milliseconds. `cost` counts layer by layer; both agree to the integer.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from ..architecture import Family, Row
from ..errors import UserError
from ..scaling import FACTOR_RANGE, SIDE_RANGE, Scaling, round_channels, round_repeats

RULES = {  # what made a whole number out of the exact one
    "exact": "nothing to round",
    "up": "up to the nearest multiple of 8",
    "down": "down to the nearest multiple of 8",
    "0.9": "up, since the nearest multiple of 8 is more than 10 % too low",
    "ceiling": "up to the next whole block",
    "fixed": "not scaled in this family",
}


class Rounded(NamedTuple):
    base: int
    exact: float  # base × factor
    value: int
    rule: str  # one of RULES


class Part(NamedTuple):
    """One row of a scaled table: the stem, a stage or the head; the ends have no repeats."""

    id: str
    channels: Rounded
    repeats: Rounded | None


def factors(family: Family, depth: float, width: float) -> tuple[float, float, list[float]]:
    """The factors that really act: on the stem's width, on the head's, and on the repeats of every stage."""
    ends = 1.0 if family.fixed_ends else width
    depths = [depth] * len(family.rows)
    if family.fixed_ends:
        depths[0] = depths[-1] = 1.0
    return ends, max(1.0, ends) if family.whole_head else ends, depths


def channels_rule(base: int, width: float, scaled: bool = True) -> Rounded:
    """`base` × `width` as channels, with the rule that acted."""
    exact, value = base * width, round_channels(base, width)
    if not scaled:
        return Rounded(base, exact, value, "fixed")
    nearest = int(exact + 4) // 8 * 8
    rule = "exact" if value == exact else "down" if value < exact else "up" if value == nearest or exact < 8 else "0.9"
    return Rounded(base, exact, value, rule)


def repeats_rule(base: int, depth: float, scaled: bool = True) -> Rounded:
    """`base` × `depth` as a number of blocks, with the rule that acted."""
    exact, value = base * depth, round_repeats(base, depth)
    return Rounded(base, exact, value, "fixed" if not scaled else "exact" if abs(value - exact) < 1e-9 else "ceiling")


def parts(family: Family, scaling: Scaling) -> list[Part]:
    """Stem, stages and (where there is one) head of `family` under `scaling`, exact and rounded, as `assemble` builds them."""
    stem, head, depths = factors(family, scaling.depth, scaling.width)
    free, last = not family.fixed_ends, len(depths) - 1
    found = [Part("stem", channels_rule(family.stem, stem, free), None)]
    for i, (row, depth) in enumerate(zip(family.rows, depths)):
        repeats = repeats_rule(row.repeats, depth, free or i not in (0, last))
        found.append(Part(f"stages.{i}", channels_rule(row.channels, scaling.width), repeats))
    if family.head:
        found.append(Part("head", channels_rule(family.head, head, free and (not family.whole_head or scaling.width >= 1)), None))
    return found


class Form(NamedTuple):
    """The MACs of a network whose channels and repeats are settled, as a function of the image side."""

    once: int  # SE and the classifier: whatever the resolution
    per_cell: Mapping[int, int]  # stride of a layer's output → MACs per cell there

    def macs(self, side: int) -> int:
        return self.once + sum(weights * (-(-side // stride)) ** 2 for stride, weights in self.per_cell.items())


class _Block(NamedTuple):
    """The MACs of one block, and the channels that it hands on."""

    enter: int  # per cell of its input
    leave: int  # per cell of its output
    once: int
    output: int


def _block(row: Row, family: Family, c_in: int, channels: int, stride: int) -> _Block:
    taps = row.kernel**2
    if row.kind == "bottleneck":
        wide = channels * row.expand
        shortcut = c_in * wide if stride > 1 or c_in != wide else 0
        return _Block(c_in * channels, channels * (taps * channels + wide) + shortcut, 0, wide)
    middle = c_in * row.expand  # of a separable block, whose ratio is 1: its input
    ratio = family.se_ratio if row.se_ratio is None else row.se_ratio
    squeeze = max(1, int(c_in * ratio)) if ratio and row.kind == "mbconv" else 0
    return _Block(c_in * middle if row.expand != 1 else 0, middle * (taps + channels), 2 * middle * squeeze, channels)


@lru_cache(maxsize=4096)
def form(family: Family, depth: float, width: float, classes: int = 1000) -> Form:
    """The closed form of `family` under these factors."""
    stem, head, depths = factors(family, depth, width)
    stride, c_in = family.stem_stride, round_channels(family.stem, stem)
    per_cell, once = {stride: 3 * family.stem_kernel**2 * c_in}, 0
    stride *= 2 if family.maxpool else 1
    for row, factor in zip(family.rows, depths):
        channels, count = round_channels(row.channels, width), round_repeats(row.repeats, factor)
        first = _block(row, family, c_in, channels, row.stride)
        again = _block(row, family, first.output, channels, 1)
        per_cell[stride] = per_cell.get(stride, 0) + first.enter
        stride *= row.stride
        per_cell[stride] = per_cell.get(stride, 0) + first.leave + (count - 1) * (again.enter + again.leave)
        once, c_in = once + first.once + (count - 1) * again.once, first.output
    if family.head:
        top = round_channels(family.head, head)
        per_cell[stride] += c_in * top
        c_in = top
    return Form(once + c_in * classes, per_cell)


def scaled(family: Family, phi: float, alpha: float, beta: float, gamma: float) -> Scaling | None:
    """Equation 3 for any φ; None where a factor or the side leaves its range."""
    depth, width, side = alpha**phi, beta**phi, int(family.side * gamma**phi + 0.5)
    inside = all(FACTOR_RANGE[0] <= factor <= FACTOR_RANGE[1] for factor in (depth, width)) and SIDE_RANGE[0] <= side <= SIDE_RANGE[1]
    return Scaling(depth, width, side) if inside else None


def macs(family: Family, scaling: Scaling, classes: int = 1000) -> int:
    """What `cost(assemble(family, scaling, …)).macs` counts, about twenty times faster."""
    return form(family, scaling.depth, scaling.width, classes).macs(scaling.side)


def over_phi(family: Family, alpha: float, beta: float, gamma: float, phis: Iterable[float]) -> Iterator[tuple[float, int, int]]:
    """(φ, image side, MACs) of the networks along the formula, where they exist."""
    for phi in phis:
        if (scaling := scaled(family, phi, alpha, beta, gamma)) is not None:
            yield phi, scaling.side, macs(family, scaling)


def over_side(family: Family, scaling: Scaling, reach: int) -> list[tuple[int, int]]:
    """(image side, MACs) for `reach` pixels below and above the side of `scaling`, as far as sides go."""
    settled, (least, most) = form(family, scaling.depth, scaling.width), SIDE_RANGE
    return [(side, settled.macs(side)) for side in range(max(least, scaling.side - reach), min(most, scaling.side + reach) + 1)]


def next_step(family: Family, scaling: Scaling) -> float:
    """By what factor the MACs grow with one more pixel on each side. Raises `UserError` at the largest side."""
    if scaling.side >= SIDE_RANGE[1]:
        raise UserError(f"There is no larger image than {SIDE_RANGE[1]:,} pixels a side.")
    settled = form(family, scaling.depth, scaling.width)
    return settled.macs(scaling.side + 1) / settled.macs(scaling.side)
