"""Work in this process that takes seconds or minutes: one piece at a time for the whole server, in threads; the others wait visibly.

It stays in the process because a visitor's photo does: nothing is written to disk. Whoever asks for what is under way already joins it, and it
stops when nobody looks at it any more.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from effnet_core.errors import UserError

ABSENCE_S = 75.0  # without a look after which somebody has left; a browser lets a hidden tab look once a minute
KEPT = 16  # results, of all visitors together
LONGEST = 40  # pieces that wait


class Stopped(Exception):
    """Raised by work that nobody wants any more."""


class Turn:
    """One piece of work. `state`: "waiting", "running", "done" (there is a `result`), "stopped", or "failed" (`error` says why)."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.state = total, 0, "waiting"
        self.result: object = None
        self.error = ""
        self.started: float | None = None
        self.left = False  # by all who wanted it: it will stop
        self._watchers: dict[str, float] = {}

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def left_s(self) -> float | None:
        """Seconds that remain at the speed so far; None while nobody can say."""
        return (time.monotonic() - self.started) * (self.total / self.done - 1) if self.started is not None and self.done else None

    def watch(self, owner: str) -> None:
        """Says that `owner` is looking."""
        self._watchers[owner] = time.monotonic()

    def leave(self, owner: str) -> None:
        """Says that `owner` does not want it any more."""
        if self._watchers.pop(owner, None) is not None and not self._wanted():
            self.left = True

    def go_on(self, done: int = 0) -> bool:
        """Notes how many of `total` steps are done; whether anybody still wants the rest."""
        self.done = done
        return not self.left and self._wanted()

    def _wanted(self) -> bool:
        return any(time.monotonic() - seen < ABSENCE_S for seen in [*self._watchers.values()])


class Turns:
    """Pieces of work by key. Safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._active: list[tuple[Hashable, Turn]] = []
        self._finished: OrderedDict[Hashable, Turn] = OrderedDict()

    def find(self, key: Hashable) -> Turn | None:
        """What is under way or was done under `key`, unless it was stopped; finished ones are kept until 16 others have finished."""
        with self._changed:
            return self._under_way(key) or self._finished.get(key)

    def _under_way(self, key: Hashable) -> Turn | None:
        return next((turn for name, turn in self._active if name == key and not turn.left), None)

    def before(self, turn: Turn) -> int:
        """How many pieces come before this one."""
        with self._changed:
            return next((place for place, (_, other) in enumerate(self._active) if other is turn), 0)

    def begin(self, key: Hashable, owner: str, total: int, work: Callable[[Callable[[int], bool]], object]) -> Turn:
        """Does `work` when its turn comes, or joins what is under way. `work` calls its argument with the number of steps done and raises
        `Stopped` where that says no. What `owner` waits for otherwise is left. Raises `UserError` where too many wait."""
        with self._changed:
            turn = joined = self._under_way(key)
            for _, other in self._active:
                if other is not turn:
                    other.leave(owner)
            if turn is None:
                if len(self._active) >= LONGEST:
                    raise UserError(f"{LONGEST} others wait for this already; try again in a few minutes.")
                turn = Turn(total)
                self._active.append((key, turn))
            turn.watch(owner)
        if joined is None:
            threading.Thread(target=self._run, args=(key, turn, work), daemon=True).start()
        return turn

    def _run(self, key: Hashable, turn: Turn, work: Callable[[Callable[[int], bool]], object]) -> None:
        try:
            self._await(turn)
            turn.state, turn.started = "running", time.monotonic()
            turn.result, state = work(turn.go_on), "done"
        except Stopped:
            state = "stopped"
        except UserError as refused:
            turn.error, state = str(refused), "failed"
        except BaseException:
            turn.error, state = "Something went wrong that should not; the log of the server says what.", "failed"
            raise
        finally:
            with self._changed:
                self._active.remove((key, turn))
                if state != "stopped":
                    self._finished.pop(key, None)
                    self._finished[key] = turn
                while len(self._finished) > KEPT:
                    self._finished.popitem(last=False)
                turn.state = state
                self._changed.notify_all()

    def _await(self, turn: Turn) -> None:
        """Until it is this one's turn. Raises `Stopped` where nobody wants it any more."""
        with self._changed:
            while turn.go_on() and self._active[0][1] is not turn:
                self._changed.wait(1.0)
        if not turn.go_on():
            raise Stopped
