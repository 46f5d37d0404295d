"""What a worker has said so far, in bounded memory: a long run keeps its whole course, only coarser."""

from collections import Counter
from typing import NamedTuple

Kind = frozenset[str]


class _Kept(NamedTuple):
    place: int  # among all events
    turn: int  # among those of its kind
    event: dict


class History:
    """Events in their order, about `most` of them. Events with the same fields are of one kind.

    Where there are more, every second event of the commonest kind goes, and later ones of that kind are thinned alike, so that
    what remains is spread evenly; the first and the last of every kind are always there. Not safe between threads by itself.
    """

    def __init__(self, most: int) -> None:
        self._most, self._total = most, 0
        self._kept: list[_Kept] = []
        self._last: dict[Kind, _Kept] = {}
        self._turns: Counter[Kind] = Counter()
        self._every: dict[Kind, int] = {}

    def add(self, event: dict) -> None:
        kind = frozenset(event)
        self._last[kind] = kept = _Kept(self._total, self._turns[kind], event)
        self._total += 1
        self._turns[kind] += 1
        if kept.turn % self._every.get(kind, 1) == 0:
            self._kept.append(kept)
            if len(self._kept) > self._most:
                self._thin()

    def events(self) -> tuple[dict, ...]:
        """What is kept, oldest first, the latest event included."""
        rows = {kept.place: kept.event for kept in (*self._kept, *self._last.values())}
        return tuple(rows[place] for place in sorted(rows))

    def _thin(self) -> None:
        kind, count = Counter(frozenset(kept.event) for kept in self._kept).most_common(1)[0]
        if count < 3:  # nothing is common: the oldest goes
            self._last.pop(frozenset(self._kept.pop(0).event), None)
            return
        self._every[kind] = every = 2 * self._every.get(kind, 1)
        self._kept = [kept for kept in self._kept if frozenset(kept.event) != kind or kept.turn % every == 0]
