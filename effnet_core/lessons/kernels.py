"""Kernels whose effect on a photo can be seen, and numbers written by hand.

A kernel has a slice for each of the three colours. Its weights are whole numbers or hundredths, all of them to be divided by its divisor,
so that sums can be followed on a pocket calculator.
"""

import random
import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import UserError

SIZES = (1, 3, 5, 7)
COLOURS = 3
MOST = 99  # of a weight's size
RANDOM_MOST = 3
LONGEST = 1100  # characters that `write` may give
_NUMBER = re.compile(r"-?[0-9]{1,2}(\.[0-9]{1,2})?")

Slice = tuple[float, ...]  # row by row


class Kernel(NamedTuple):
    """`size` × `size`; red, green and blue."""

    size: int
    divisor: int
    slices: tuple[Slice, Slice, Slice]


def _sided(size: int, side_of: Callable[[int, int], int]) -> list[float]:
    """−1, 0 or 1 by what `side_of` (row, column), counted from the middle, lies on."""
    half = size // 2
    places = [(row - half, column - half) for row in range(size) for column in range(size)]
    return [float((at > 0) - (at < 0)) for at in (side_of(*place) for place in places)]


def _middle(size: int, middle: float, others: float) -> list[float]:
    return [middle if place == size**2 // 2 else others for place in range(size**2)]


_ALIKE: dict[str, Callable[[int], tuple[list[float], int]]] = {  # weights and divisor; the same for every colour
    "Vertical edge": lambda size: (_sided(size, lambda row, column: column), 1),
    "Horizontal edge": lambda size: (_sided(size, lambda row, column: row), 1),
    "Blur": lambda size: ([1.0] * size**2, size**2),
    "Sharpen": lambda size: (_middle(size, 2.0 * size**2 - 1, -1.0), size**2),  # twice the middle, minus the mean
    "Identity": lambda size: (_middle(size, 1.0, 0.0), 1),
}
RANDOM, HAND = "Random", "By hand"
NAMES = (*_ALIKE, RANDOM, HAND)


def preset(name: str, size: int, seed: int = 0) -> Kernel:
    """The kernel of that name. Raises `UserError` for another name or size."""
    if name not in NAMES or name == HAND or size not in SIZES:
        raise UserError(f"There is no kernel {name!r} of {size!r} × {size!r}; there are {', '.join((*_ALIKE, RANDOM))} "
                        f"with {', '.join(map(str, SIZES))}.")
    if name == RANDOM:
        dice = random.Random(f"{seed} {size}")
        return Kernel(size, 1, tuple(tuple(float(dice.randint(-RANDOM_MOST, RANDOM_MOST)) for _ in range(size**2)) for _ in range(COLOURS)))
    weights, divisor = _ALIKE[name](size)
    return Kernel(size, divisor, (tuple(weights),) * COLOURS)


def resized(kernel: Kernel, size: int) -> Kernel:
    """The same around its middle: cut off, or with zeros around it."""
    move = (kernel.size - size) // 2

    def at(weights: Slice, row: int, column: int) -> float:
        inside = 0 <= row < kernel.size and 0 <= column < kernel.size
        return weights[row * kernel.size + column] if inside else 0.0

    return Kernel(size, kernel.divisor, tuple(tuple(at(weights, row + move, column + move) for row in range(size) for column in range(size))
                                              for weights in kernel.slices))


def write(kernel: Kernel) -> str:
    """`3/9:1,1,1,…|…|…`: size, divisor, and the weights of each colour; `read` undoes it."""
    def number(weight: float) -> str:
        return f"{weight:.2f}".rstrip("0").rstrip(".")

    return f"{kernel.size}/{kernel.divisor}:" + "|".join(",".join(map(number, weights)) for weights in kernel.slices)


def read(text: object) -> Kernel | None:
    """What `write` wrote; None for anything else, a weight beyond ± 99 or finer than hundredths."""
    found = re.fullmatch(r"([1357])/([1-9][0-9]{0,2}):([-0-9.,|]+)", text) if isinstance(text, str) and len(text) <= LONGEST else None
    if found is None:
        return None
    size, slices = int(found[1]), [part.split(",") for part in found[3].split("|")]
    if len(slices) != COLOURS or any(len(part) != size**2 or not all(map(_NUMBER.fullmatch, part)) for part in slices):
        return None
    return Kernel(size, int(found[2]), tuple(tuple(float(number) + 0.0 for number in part) for part in slices))
