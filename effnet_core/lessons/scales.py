"""The scale on which a number is guessed and on which the answer then stands beside the guess."""

import math
from typing import NamedTuple

UNITS = ("×", "%", "φ", "blocks", "networks", "sides", "")
STOPS = 100  # of the slider, about


class Scale(NamedTuple):
    """From `low` to `high`, in equal steps, or in equal ratios where it is `log`; `whole` numbers only, if that is said."""

    low: float
    high: float
    unit: str = ""  # one of `UNITS`
    log: bool = False
    whole: bool = False

    def at(self, place: float) -> float:
        """The value at a place from 0, the lower end, to 1."""
        return self.low * (self.high / self.low) ** place if self.log else self.low + (self.high - self.low) * place

    def place(self, value: float) -> float:
        """The inverse of `at`; what lies outside is at the nearer end."""
        value = min(max(value, self.low), self.high)
        return math.log(value / self.low, self.high / self.low) if self.log else (value - self.low) / (self.high - self.low)

    def stops(self) -> tuple[float, ...]:
        """Where the slider stops: round numbers, the ends among them."""
        if self.whole:
            return tuple(range(int(self.low), int(self.high) + 1))
        found = {self.low, self.high, *(_round(self.at(number / STOPS), self.high - self.low, self.log) for number in range(1, STOPS))}
        return tuple(sorted(found))

    def text(self, value: float) -> str:
        """`× 2.57`, `8.95 %`, `φ = 0.28`, `23 blocks`."""
        number = f"{value:,.0f}" if self.whole or abs(value) >= 1000 else f"{value:.3g}"
        return {"%": f"{number} %", "×": f"× {number}", "φ": f"φ = {number}",
                "sides": f"{number} × the side"}.get(self.unit, f"{number} {self.unit}".strip())


def _round(value: float, span: float, log: bool) -> float:
    """Two digits; on an even scale as many decimals as a hundredth of it needs."""
    return float(f"{value:.2g}") if log else round(value, max(0, math.ceil(2 - math.log10(span))))
