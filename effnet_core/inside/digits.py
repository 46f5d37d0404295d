"""Numbers written so that nothing is claimed that is not so: rounded exactly, and equal only as far as they are.

`assets/cell_numbers.js` does the same in the browser, digit for digit.
"""

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

PLAIN = 10_000_000  # from here on, and below the ninth decimal, numbers are written with a power of ten
DECIMALS = 9
_EXACT = Context(prec=800, rounding=ROUND_HALF_UP)  # any double has fewer digits
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Agreement(NamedTuple):
    """How far two numbers agree: both, rounded to `digits` significant digits of the larger, read `text`. 0 digits: not even one."""

    digits: int
    text: str


def _exponent(value: float) -> int:
    return Decimal(abs(value)).adjusted()


def written(value: float, place: int) -> str:
    """`value` rounded, halves away from zero, to a multiple of 10^`place`."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    rounded = Decimal(abs(value)).quantize(Decimal(1).scaleb(place), context=_EXACT)
    sign = "−" if value < 0 and rounded else ""
    if -DECIMALS <= place <= 0 and abs(value) < PLAIN:
        return f"{sign}{rounded:f}"
    if not rounded:
        return "0"
    power = rounded.adjusted()
    return f"{sign}{rounded.scaleb(-power, context=_EXACT):f} × 10{str(power).translate(_RAISED)}"


def _finest(size: float, digits: int) -> int:
    """The place of the last of `digits` significant digits; whole numbers of a readable length stay whole."""
    place = _exponent(size) - digits + 1
    return min(0, place) if size < PLAIN else place


def short(value: float, digits: int = 4) -> str:
    """`value` to so many significant digits."""
    return "0" if value == 0 else written(value, _finest(abs(value), digits) if math.isfinite(value) else 0)


def agreed(a: float, b: float, most: int = 4) -> Agreement:
    """The most digits, up to `most`, to which `a` and `b` are rounded to the same: what is shown as equal is equal to the last digit.

    Whole numbers of a readable length stay whole, however many digits that takes.
    """
    size = max(abs(a), abs(b))
    if not size or not math.isfinite(size):
        return Agreement(most, short(a)) if short(a) == short(b) else Agreement(0, "")
    for place in range(_finest(size, most), _exponent(size) + 1):
        if written(a, place) == written(b, place):
            return Agreement(_exponent(size) - place + 1, written(a, place))
    return Agreement(0, "")
