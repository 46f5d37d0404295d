"""Which of the four deep stacks learn: trainings that were recorded once, since they take too long for a visitor to wait."""

import json
from functools import cache
from statistics import median
from typing import NamedTuple

from ..lab.recorded import FOLDER

FILE = FOLDER / "stacks.json"


class Learnt(NamedTuple):
    """One file, as `python -m tests.bench.stacks` writes it. `right` has, by kind of stack, for every seed from 0 on the share of points that is told right at the end;
    None where the loss ceased to be a finite number."""

    date: str  # year-month-day
    machine: dict  # as `machine.describe` gives it
    depth: int
    rate: float
    steps: int
    points: int
    right: dict[str, list[float | None]]

    @property
    def seeds(self) -> int:
        return len(next(iter(self.right.values())))

    @property
    def always(self) -> list[str]:
        """The kinds that tell all points right with every seed."""
        return [kind for kind, shares in self.right.items() if all(share == 1.0 for share in shares)]

    @property
    def never(self) -> list[str]:
        """The kinds that do so with no seed."""
        return [kind for kind, shares in self.right.items() if all(share != 1.0 for share in shares)]

    def span(self, kind: str) -> tuple[float, float, float]:
        """Least, median and greatest share, of the seeds with which the loss stays finite. Raises `ValueError` where there is none."""
        known = [share for share in self.right[kind] if share is not None]
        return min(known), median(known), max(known)


@cache
def recorded() -> Learnt:
    return Learnt(**json.loads(FILE.read_text(encoding="utf-8")))
