"""The worker's side of `--events`: says what happens as JSON lines, and hears "stop", "pause" or the end of its input."""

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

from ..errors import UserError

ORPHAN_S = 60.0  # a worker whose parent is gone and that still has not stopped ends itself after this
Tell = Callable[[str, int, int | None], None]  # hears the phase, how much of it is done, and of how much
WORDS = {b"stop": "stop", b"pause": "pause"}


def add_answers(parser: argparse.ArgumentParser) -> None:
    """What a command says, otherwise than in words: `--json` at its end, or `--events` all the time."""
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object")
    shape.add_argument("--events", action="store_true", help="JSON lines while it runs; ends on the line stop, or the end, of its input")


class Events:
    """Written to `output`, one JSON object a line; `stopped()` turns true once "stop", "pause" or the end was read from `source`.

    Text that code prints meanwhile goes to standard error, so that the output stays a list of events.
    """

    def __init__(self, source: int = 0, output: TextIO | None = None) -> None:
        self._source, self._output = source, output or sys.stdout  # a file descriptor: see `_lines`
        self._lock, self._over = threading.Lock(), threading.Event()
        self._asked: bool | str = False

    def __enter__(self) -> "Events":
        self._printing, sys.stdout = sys.stdout, sys.stderr
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        sys.stdout = self._printing

    def emit(self, event: str, **fields) -> None:
        """One event, at once. Whoever read them may be gone; then this asks to pause."""
        line = json.dumps({"event": event, **fields}) + "\n"
        try:
            with self._lock:
                self._output.write(line)
                self._output.flush()
        except (BrokenPipeError, ValueError):
            self.pause()

    def progress(self, **fields) -> None:
        self.emit("progress", **fields)

    def stopped(self) -> bool:
        """Whether the work should end soon; cheap enough to ask after every step."""
        return bool(self._asked)

    def asked(self) -> bool | str:
        """False, "stop", or "pause" for work that can go on later; that also where nobody is left to say anything."""
        return self._asked

    def pause(self) -> None:
        """As if "pause" had been read, unless something was."""
        self._asked = self._asked or "pause"

    def _lines(self) -> Iterator[bytes]:
        """Past Python's own buffer: a thread that waits inside `sys.stdin` would make the interpreter's exit fail."""
        rest = b""
        while chunk := os.read(self._source, 4096):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def _listen(self) -> None:
        for line in self._lines():
            self._asked = WORDS.get(line.strip(), self._asked)
        self.pause()
        threading.Thread(target=self._outlive, daemon=True).start()

    def _outlive(self) -> None:
        if not self._over.wait(ORPHAN_S):
            os._exit(1)


def serve(work: Callable[[Events], dict]) -> int:
    """Runs `work` under the worker protocol and returns the exit status.

    The dict that `work` returns becomes the result event; the sentence of a `UserError` becomes the error event.
    """
    with Events() as events:
        try:
            result = work(events)
        except UserError as refused:
            events.emit("error", message=str(refused))
            return 1
        events.emit("result", **result)
        return 0


class Printer:
    """Of work in phases a line on standard error for every quarter of a phase."""

    def __init__(self) -> None:
        self._said = ("", 0)

    def __call__(self, phase: str, done: int, total: int | None) -> None:
        quarters = 4 * done // total if total else 0
        if (phase, quarters) != self._said:
            self._said = phase, quarters
            print(f"{phase} {25 * quarters} %" if total else phase, file=sys.stderr)


def answer(args: argparse.Namespace, work: Callable[..., dict], teller: Callable[[Events], Tell], table: Callable[[dict], str],
           interrupted: str) -> int | None:
    """Does `work`(args, tell, stopped) and answers as `args` ask: with events, which `teller` makes, one JSON object, or a `table`. Raises
    `UserError` with the words `interrupted` where a person presses Ctrl C."""
    if args.events:
        return serve(lambda events: work(args, teller(events), events.stopped))
    try:
        record = work(args, (lambda *_: None) if args.json else Printer(), lambda: False)
    except KeyboardInterrupt:
        raise UserError(interrupted) from None
    print(json.dumps(record) if args.json else table(record))
    return None
