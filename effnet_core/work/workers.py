"""One worker process: started without a shell, listened to, asked to stop, ended, and explained when it fails."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
LONGEST_LINE = 1 << 24  # bytes
LINGER_S = 2.0  # how long what a dead worker left behind may keep its output open
_FOLDERS = re.compile(r"(?<![\w.])(?:~[\\/]|(?:[A-Za-z]:)?[\\/][^\s\\/'\":]+[\\/])(?:[^\s\\/'\":]+[\\/])*")


def shorten(text: str, limit: int = 200) -> str:
    """One line of at most `limit` characters, with folders cut from file names: they say who runs this machine, and where."""
    line = _FOLDERS.sub("…/", " ".join(text.replace(str(Path.home()), "~").split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def explain_exit(code: int, last_words: str = "", stray: str | None = None) -> str:
    """Why a worker ended without a result, as a sentence, from its exit status, its last line on stderr and stray output."""
    if code in (-9, 137):
        return "The worker was ended by the system, most likely because memory ran out."
    if code < 0:
        return f"The worker crashed (signal {_signal_name(-code)})."
    said = last_words or (f"it printed {stray!r}" if stray else "")
    how = "without a result" if code == 0 else f"with exit code {code}"
    return f"The worker ended {how}{': ' if said else ''}{said.rstrip('.')}."


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in {item.value for item in signal.Signals} else str(number)


def _environment(threads: int | None) -> dict[str, str]:
    limits = {} if threads is None else {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    return {**os.environ, "PYTHONUTF8": "1", **limits}


def _priority(nice: int) -> dict:
    """How to start a process in a group of its own; on Windows its priority is part of that."""
    if sys.platform != "win32":
        return {"start_new_session": True}
    lower = subprocess.BELOW_NORMAL_PRIORITY_CLASS if nice else 0
    return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | lower}


class Worker:
    """A child process whose standard input stays open until it ends: a parent that dies closes it, and the child stops.

    `on_line` is called with every line of its standard output, in a thread of the worker's own. Raises `OSError` where the
    process cannot be started.
    """

    def __init__(self, command: Sequence[str], on_line: Callable[[bytes], None], *, nice: int = 0, threads: int | None = None) -> None:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self._process = subprocess.Popen([*command], cwd=ROOT, env=_environment(threads), **pipes, **_priority(nice))
        self._input = threading.Lock()
        self._words: deque[bytes] = deque(maxlen=20)
        if nice and hasattr(os, "setpriority"):  # the child's own threads come later and inherit it
            self._quietly(os.setpriority, os.PRIO_PROCESS, self._process.pid, nice)
        streams = ((self._process.stdout, on_line), (self._process.stderr, self._words.append))
        self._readers = [threading.Thread(target=self._read, args=stream, daemon=True) for stream in streams]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The last line of its standard error that is not blank, shortened."""
        lines = [line for line in self._words if line.strip()]
        return shorten(lines[-1].decode("utf-8", "replace")) if lines else ""

    def wait(self) -> int:
        """Blocks until the process has ended and all its output is read; the exit status, negative for a signal."""
        code = self._process.wait()
        for reader in self._readers:
            reader.join(LINGER_S)
        if any(reader.is_alive() for reader in self._readers):  # processes it started itself still hold the pipes
            self._signal("SIGKILL")
            for reader in self._readers:
                reader.join(LINGER_S)
        with self._input:
            self._process.stdin.close()
        return code

    @property
    def memory(self) -> int | None:
        """Bytes of memory that it holds now; None once it is gone."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except (psutil.Error, OSError):
            return None

    def ask(self, word: str = "stop") -> None:
        """Writes the line `word`, "stop" or "pause", to its standard input."""
        with self._input:
            if not self._process.stdin.closed:
                self._quietly(os.write, self._process.stdin.fileno(), f"{word}\n".encode())

    def terminate(self) -> None:
        if self._process.poll() is None:
            self._signal("SIGTERM")

    def kill(self) -> None:
        if self._process.poll() is None:
            self._signal("SIGKILL")

    def _signal(self, name: str) -> None:
        """To the whole group, so that what the worker started goes with it."""
        if sys.platform == "win32":
            self._quietly(self._process.kill)
        else:
            self._quietly(os.killpg, self._process.pid, getattr(signal, name))

    @staticmethod
    def _read(stream, take: Callable[[bytes], None]) -> None:
        with stream:
            for line in iter(lambda: stream.readline(LONGEST_LINE), b""):
                take(line)

    @staticmethod
    def _quietly(call: Callable, *args) -> None:
        """A process may end between any two instructions here; then there is nobody left to tell."""
        try:
            call(*args)
        except OSError:
            return
