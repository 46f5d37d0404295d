"""Gates set by hand: what is set, as one frozen value and as a short text for an address, `off:all;set:4.1:17=0,23=0.5`.

An entry says what is done to one block, or to all: `off` opens every gate (s = 1, squeeze-and-excitation switched off), `mean` sets each
to its mean over a data set, `photo` to what it is on another picture, `set` some channels to a value each, `own` gives them back to the
network. What comes later overrides what came before. The result is what `inspection.operate` takes.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..errors import UserError

if TYPE_CHECKING:  # every page reads plans in addresses; only `operation` needs arrays
    import numpy as np

ALL = "all"
WHOLE = {"off": 1.0, "own": float("nan")}  # kinds that set one number everywhere
LONGEST = 900  # characters of a text
DIGITS = 2  # of a gate that is set
PHOTOS = 3  # whose gates are taken; each costs a pass through the network

Gates = Mapping[str, "np.ndarray"]  # block id → C


class Entry(NamedTuple):
    kind: str
    block: str = ALL  # a block id, or ALL
    photo: str = ""  # the shared value of a picture
    gates: tuple[tuple[int, float], ...] = ()  # channel, gate

    @property
    def whole(self) -> bool:
        """Whether nothing of what was set before in its blocks remains."""
        return self.kind != "set"

    def covers(self, block: str) -> bool:
        return self.block in (ALL, block)

    def text(self) -> str:
        rest = self.photo or ",".join(f"{channel}={_short(gate)}" for channel, gate in self.gates)
        return ":".join(part for part in (self.kind, self.block.removeprefix("stages."), rest) if part)


class Source(NamedTuple):
    """Where gates come from: what the network has (block → C), its means over a data set where they are known, and what it has on
    other pictures."""

    own: Gates
    means: Gates | None = None
    photo: Callable[[str], Gates] | None = None


@dataclass(frozen=True)
class Plan:
    """All that is set, the earliest first; nothing where it is false."""

    entries: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    def write(self) -> str:
        """The plan as text, which `read` reads; at most `LONGEST` characters. Raises `UserError` for a longer one, and for too many
        photos."""
        _check_photos(self)
        text = ";".join(entry.text() for entry in self.entries)
        if len(text) > LONGEST:
            raise UserError("So many single gates do not fit into the page's address. Give some back to the network, or set a whole block.")
        return text

    def then(self, entry: Entry) -> "Plan":
        """This plan, and `entry` on top of it; what it covers is forgotten, so that the text stays short."""
        if entry.kind == "set":
            return self._with_single(entry)
        kept = [each for each in self.entries if not (entry.block == ALL or each.block == entry.block)]
        needless = entry.kind == "own" and not any(each.covers(entry.block) for each in kept)
        return Plan((*kept, *(() if needless else (entry,))))

    def _with_single(self, entry: Entry) -> "Plan":
        last = next((each for each in reversed(self.entries) if each.covers(entry.block)), None)
        if last is None or last.kind != "set" or last.block != entry.block:
            return Plan((*self.entries, entry))
        merged = last._replace(gates=tuple(sorted({**dict(last.gates), **dict(entry.gates)}.items())))
        return Plan(tuple(merged if each is last else each for each in self.entries))

    def without(self, block: str, channels: Container[int]) -> "Plan":
        """This plan with these channels no longer set one by one."""
        entries = (each if each.kind != "set" or each.block != block else
                   each._replace(gates=tuple(pair for pair in each.gates if pair[0] not in channels)) for each in self.entries)
        return Plan(tuple(each for each in entries if each.whole or each.gates))

    def whole(self, block: str) -> Entry:
        """What is done to a whole block (or to `ALL`), single channels aside."""
        return next((each for each in reversed(self.entries) if each.whole and each.covers(block)), Entry("own", block))

    def singles(self, block: str) -> dict[int, float]:
        """The channels of a block that are set one by one."""
        found: dict[int, float] = {}
        for entry in self.entries:
            if entry.covers(block):
                found = {} if entry.whole else found | dict(entry.gates)
        return found


def read(text: str) -> Plan:
    """The plan behind a text. Raises `UserError` with a sentence for what is no plan."""
    if len(text) > LONGEST:
        raise UserError(f"The gates that the address sets are {len(text):,} characters long; at most {LONGEST} are read.")
    plan = Plan()
    for part in filter(None, text.split(";")):
        plan = plan.then(_entry(part))
    _check_photos(plan)
    return plan


def _check_photos(plan: Plan) -> None:
    if (count := len({entry.photo for entry in plan.entries if entry.photo})) > PHOTOS:
        raise UserError(f"Gates of {count} other pictures are too many: each costs a pass through the network, and at most {PHOTOS} are "
                        "taken. Give some back to the network, or set them from the same picture.")


def fitting(plan: Plan, source: Source) -> Plan:
    """What of a plan can be done to the network that `source` speaks of: it may be one for another network."""
    return Plan(tuple(entry for entry in plan.entries if not _misfit(entry, source)))


def operation(plan: Plan, source: Source) -> "dict[str, np.ndarray]":
    """Block id → gates (C, float32), NaN where the network's own stay; only blocks in which something is set.

    Raises `UserError` where the network has no such block or channel, and where a source is missing.
    """
    import numpy as np

    made = {block: np.full(len(gates), np.nan, np.float32) for block, gates in source.own.items()}
    for entry in plan.entries:
        if misfit := _misfit(entry, source):
            raise UserError(f"{entry.text()!r} does not fit this network: {misfit}.")
        given = source.means if entry.kind == "mean" else source.photo(entry.photo) if entry.kind == "photo" else {}
        for block in made if entry.block == ALL else (entry.block,):
            if entry.kind == "set":
                made[block][[channel for channel, _ in entry.gates]] = [gate for _, gate in entry.gates]
            else:
                made[block][:] = given[block] if given else WHOLE[entry.kind]
    return {block: gates for block, gates in made.items() if not np.isnan(gates).all()}


def _misfit(entry: Entry, source: Source) -> str:
    if entry.block != ALL and entry.block not in source.own:
        return f"it has no gates in {entry.block}"
    if entry.kind == "mean" and source.means is None:
        return "its mean gates over a data set were not recorded"
    if entry.kind == "photo":
        return _no_picture(entry.photo, source)
    if entry.gates and max(channel for channel, _ in entry.gates) >= len(source.own[entry.block]):
        return f"{entry.block} has {len(source.own[entry.block]):,} channels"
    return ""


def _no_picture(photo: str, source: Source) -> str:
    if source.photo is None:
        return "there is no other picture"
    try:
        source.photo(photo)
    except UserError as gone:
        return str(gone)
    return ""


def _entry(part: str) -> Entry:
    found = re.fullmatch(r"([a-z]+):(all|[0-9]{1,2}\.[0-9]{1,3})(?::(.+))?", part)
    kind, where, rest = found.groups() if found else ("", "", None)
    block = where if where == ALL else "stages." + where
    if kind in ("off", "mean", "own") and rest is None:
        return Entry(kind, block)
    if kind == "photo" and rest and re.fullmatch(r"[a-z]{1,12}-[0-9a-z-]{1,40}", rest):
        return Entry(kind, block, rest)
    if kind == "set" and rest and block != ALL and (gates := _gates(rest.split(","))):
        return Entry(kind, block, "", gates)
    raise UserError(f"{part[:40]!r} sets no gates; off:all, mean:4.1, photo:4.1:sample-cat or set:4.1:17=0.5 would.")


def _gates(parts: Iterable[str]) -> tuple[tuple[int, float], ...] | None:
    found: dict[int, float] = {}
    for part in parts:
        pair = re.fullmatch(r"([0-9]{1,5})=([01]|[01]?\.[0-9]{1,4})", part)
        if not pair or not 0 <= float(pair[2]) <= 1:
            return None
        found[int(pair[1])] = round(float(pair[2]), DIGITS)
    return tuple(sorted(found.items()))


def _short(gate: float) -> str:
    return f"{gate:.{DIGITS}f}".rstrip("0").rstrip(".")
