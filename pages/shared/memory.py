"""What the server keeps of models and passes: at most so many bytes for all visitors together, and each made only once."""

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import streamlit as st

from effnet_core import machine
from effnet_core.architecture import Architecture
from effnet_core.cost import FLOAT_BYTES, cost
from effnet_core.errors import UserError
from effnet_core.palette import bytes_text

Made = TypeVar("Made")

SHARE = 4  # of the machine's memory, the fourth part may be kept
AT_LEAST = 2  # what was used last stays, whatever its size: a model, and its pass over the picture that is looked at
PATIENCE_S = 60.0  # how long work waits for other work to free its memory
AUTOGRAD = 8  # times what a unit's layers hand on; measured on B7, where it is 7.1
BIG = 64_000_000  # bytes; after work that needed more, freed memory goes back to the system


class Memory:
    """Keeps what `get` makes, at most `limit` bytes of it; what was not used for longest goes first.

    Safe to share between threads. `available` says how many bytes could be allocated now.
    """

    def __init__(self, limit: int, available: Callable[[], int] = machine.memory_available, patience_s: float = PATIENCE_S) -> None:
        self.limit = limit
        self._available, self._patience_s = available, patience_s
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._changed = threading.Condition()
        self._promised: Counter[int] = Counter()  # thread → bytes that its work under way may still take

    @property
    def bytes(self) -> int:
        """Of all that is kept."""
        with self._changed:
            return sum(size for _, size in self._kept.values())

    @property
    def free(self) -> int:
        """Bytes that new work could have, were everything let go that is kept."""
        with self._changed:
            return max(0, self._available() - self._promised.total() + sum(size for _, size in self._kept.values()))

    def __contains__(self, key: Hashable) -> bool:
        with self._changed:
            return key in self._kept

    def get(self, key: Hashable, make: Callable[[], Made], size: int, extra: int = 0) -> Made:
        """What is kept under `key`; else `make()`, which takes `size` bytes, and `extra` more while it is made.

        Of several threads that ask at once one makes it. Raises `UserError` where there is too little memory, even after
        other things were let go and other work has ended.
        """
        with self._changed:
            if key in self._kept:
                return self._used(key)
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._changed:
                if key in self._kept:
                    return self._used(key)
            try:
                with self.claimed(size + extra):
                    made = make()
            finally:
                with self._changed:
                    self._making.pop(key, None)
            self._keep(key, made, size)
        if extra > BIG:
            machine.give_back_memory()
        return made

    def drop(self, chosen: Callable[[Hashable], bool]) -> None:
        """Lets go of everything whose key is `chosen`."""
        with self._changed:
            for key in [key for key in self._kept if chosen(key)]:
                del self._kept[key]

    def _used(self, key: Hashable) -> object:
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def _keep(self, key: Hashable, made: object, size: int) -> None:
        with self._changed:
            self._kept[key] = made, size
            total = sum(each for _, each in self._kept.values())
            while total > self.limit and len(self._kept) > AT_LEAST:
                total -= self._kept.popitem(last=False)[1][1]

    @contextmanager
    def claimed(self, needed: int) -> Iterator[None]:
        """For the time of some work, whose result is not kept here: `needed` bytes that no other work may count on. Raises `UserError` as
        `get` does."""
        mine = threading.get_ident()
        with self._changed:
            self._make_room(needed)
            self._promised[mine] += needed
        try:
            yield
        finally:
            with self._changed:
                self._promised[mine] -= needed
                if not self._promised[mine]:
                    del self._promised[mine]
                self._changed.notify_all()

    def _make_room(self, needed: int) -> None:
        deadline = time.monotonic() + self._patience_s
        while (free := self._available() - self._promised.total()) < needed:
            others = self._promised.total() - self._promised[threading.get_ident()]  # to wait for oneself would be in vain
            if others and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            elif self._kept and free + sum(size for _, size in self._kept.values()) >= needed:
                self._kept.popitem(last=False)
                machine.give_back_memory()
            else:
                raise UserError(f"This needs about {bytes_text(needed)} of memory, and {bytes_text(max(0, free))} are free here now; "
                                "choose a smaller model, or try again later.")


class Need(NamedTuple):
    """Bytes for one picture's way through a network: of the weights, of the maps that are kept to be looked at, and of what is only
    needed meanwhile."""

    weights: int
    kept: int
    extra: int


def need(architecture: Architecture) -> Need:
    """Roughly; what units hand on is kept, and of one unit at a time what goes on within."""
    units = [*architecture.front, *architecture.blocks, *architecture.back[:-1]]
    gates = sum(2 * layer.input.channels for layer in architecture.layers if layer.operator == "se")  # and z
    kept = architecture.input.elements + sum(unit.output.elements for unit in units) + gates
    inner = max(opened(architecture, unit) for unit, _ in [*architecture.units()][:-1])
    hungriest = max(3 * layer.input.elements + 2 * layer.output.elements for layer in architecture.layers)
    return Need(FLOAT_BYTES * cost(architecture).params, FLOAT_BYTES * kept, inner + FLOAT_BYTES * hungriest)


def backward(architecture: Architecture) -> tuple[int, int]:
    """Bytes of a class's gradients at all units, and those needed meanwhile: autograd holds, of one unit at a time, every step and its slope."""
    kept = sum(layers[-1].output.elements for _, layers in [*architecture.units()][:-1])
    return FLOAT_BYTES * kept, AUTOGRAD * max(opened(architecture, unit) for unit, _ in [*architecture.units()][:-1])


def opened(architecture: Architecture, unit: str) -> int:
    """Bytes of all that goes on within a unit."""
    layers = next(layers for name, layers in architecture.units() if name == unit)
    return FLOAT_BYTES * sum(layer.output.elements for layer in layers)


@st.cache_resource(show_spinner=False)
def shared() -> Memory:
    """The one of this server."""
    return Memory(machine.memory_total() // SHARE)
