"""Compound scaling and the rounding that turns its factors into a network.

Paper: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", arXiv 1905.11946v5.
"""

import math
from dataclasses import dataclass

from .errors import UserError

DIVISOR = 8  # channels come in multiples of this
FLOAT_GUARD = 1e-9  # √2 squared is 2.0000000000000004: without a guard its ceiling would be 3

PHI_RANGE = (-4.0, 10.0)
BASE_RANGE = (0.5, 3.0)  # α, β and γ
FACTOR_RANGE = (0.02, 256.0)  # depth and width factors
SIDE_RANGE = (8, 8192)  # pixels
CLASSES_RANGE = (1, 100_000)


def check(name: str, value: float, allowed: tuple[float, float], unit: str = "") -> float:
    """`value` if it is a finite number inside `allowed`; otherwise a `UserError` that says both."""
    low, high = allowed
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise UserError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}{unit}.")
    return value


def check_count(name: str, value: int, allowed: tuple[int, int], unit: str = "") -> int:
    """`value` if it is a whole number inside `allowed`; otherwise a `UserError` that says both."""
    if isinstance(value, float) and not value.is_integer():
        raise UserError(f"{name} is {value!r}; it must be a whole number from {allowed[0]:,} to {allowed[1]:,}{unit}.")
    return int(check(name, value, allowed, unit))


def round_channels(channels: int, width: float) -> int:
    """`channels` × `width`, to the nearest multiple of 8 (halves up), never more than 10 % below (reference code)."""
    exact = channels * width
    rounded = max(DIVISOR, int(exact + DIVISOR / 2) // DIVISOR * DIVISOR)
    return rounded + DIVISOR if rounded < 0.9 * exact else rounded


def round_repeats(repeats: int, depth: float) -> int:
    """`repeats` × `depth`, rounded up: a stage never loses its last block (reference code)."""
    return max(1, math.ceil(repeats * depth - FLOAT_GUARD))


@dataclass(frozen=True, slots=True)
class Scaling:
    """What a base network is multiplied by: the outcome of a formula or a row of the published table."""

    depth: float  # factor on every stage's number of blocks
    width: float  # factor on every channel count
    side: int  # height and width of the input, pixels
    dropout: float = 0.2  # before the classifier

    def __post_init__(self) -> None:
        check("The depth factor", self.depth, FACTOR_RANGE)
        check("The width factor", self.width, FACTOR_RANGE)
        object.__setattr__(self, "side", check_count("The input side", self.side, SIDE_RANGE, " pixels"))  # 224.0 becomes 224
        check("The dropout rate", self.dropout, (0.0, 0.95))


@dataclass(frozen=True, slots=True)
class Compound:
    """The paper's equation 3: d = α^φ, w = β^φ, r = γ^φ, subject to α·β²·γ² ≈ 2 and α, β, γ ≥ 1."""

    phi: float
    alpha: float = 1.2
    beta: float = 1.1
    gamma: float = 1.15

    def __post_init__(self) -> None:
        check("φ", self.phi, PHI_RANGE)
        for name, base in (("α", self.alpha), ("β", self.beta), ("γ", self.gamma)):
            check(name, base, BASE_RANGE)

    @property
    def depth(self) -> float:
        return self.alpha**self.phi

    @property
    def width(self) -> float:
        return self.beta**self.phi

    @property
    def resolution(self) -> float:
        return self.gamma**self.phi

    @property
    def constraint(self) -> float:
        """α·β²·γ², the factor on FLOPs that one unit of φ promises; the paper asks for about 2."""
        return self.alpha * self.beta**2 * self.gamma**2

    @property
    def promised(self) -> float:
        """(α·β²·γ²)^φ, the factor on FLOPs before any rounding."""
        return self.constraint**self.phi

    def scaling(self, base_side: int) -> Scaling:
        """The factors applied to a base of `base_side` pixels; the side is rounded to the nearest pixel.

        Dropout follows the paper's sentence, 0.2 at φ = 0 and linearly up to 0.5 at φ = 7 (§5.2).
        """
        for letter, factor in (("α", self.depth), ("β", self.width)):
            check(f"{letter}^φ", factor, FACTOR_RANGE)
        side = math.floor(base_side * self.resolution + 0.5)
        check_count(f"The input side {base_side}·γ^φ", side, SIDE_RANGE, " pixels")
        dropout = min(0.5, max(0.2, 0.2 + 0.3 * self.phi / 7))
        return Scaling(self.depth, self.width, side, dropout)
