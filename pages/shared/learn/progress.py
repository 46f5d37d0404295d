"""How far the tour is, as one frozen value and as a short text for the address."""

import re
from typing import NamedTuple

from .steps import STEPS, Step


class Progress(NamedTuple):
    """Where one is, from 1; 0 outside the tour. What is done, by the same numbers, stays."""

    at: int = 0
    done: frozenset[int] = frozenset()

    @property
    def step(self) -> Step:
        return STEPS[self.at - 1]

    def with_done(self) -> "Progress":
        """The present step is done."""
        return self._replace(done=self.done | {self.at})

    def write(self) -> str:
        """`4-0b`: in step 4, and steps 1, 2 and 4 are done. Empty where there is nothing to tell."""
        return f"{self.at}-{sum(1 << number - 1 for number in self.done):02x}" if self.at or self.done else ""


def read(text: str) -> Progress:
    """The inverse of `Progress.write`; what an address says wrongly is no tour."""
    found = re.fullmatch(r"([0-9]{1,2})-([0-9a-f]{1,4})", text)
    if found is None or int(found[1]) > len(STEPS):
        return Progress()
    bits = int(found[2], 16)
    return Progress(int(found[1]), frozenset(number for number in range(1, len(STEPS) + 1) if bits >> number - 1 & 1))
