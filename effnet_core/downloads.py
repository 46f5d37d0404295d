"""Files from the network: fetched once, resumed after an interruption, verified, and never half there."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from .cache import cache_folder
from .errors import UserError
from .transfers import MIRROR, Broken, Failed, Misfit, Source, transfer

__all__ = ["MIRROR", "DownloadError", "Source", "Stopped", "digest_of", "fetch", "is_right"]

ATTEMPTS = 3  # in a row that bring less than `ENOUGH` bytes
ENOUGH = 1 << 20
PAUSE_S = 1.0  # before the second attempt; twice as long before each further one
REPORT_S = 0.1  # between two reports

OnProgress = Callable[[int, int | None], None]
ShouldStop = Callable[[], bool]


class DownloadError(UserError):
    """Why a file is not there, and what would help."""


class Stopped(DownloadError):
    """It was asked for; what has arrived is kept."""


def digest_of(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal, of a whole file. Raises `OSError` where it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def is_right(path: Path, source: Source) -> bool:
    """Whether `path` exists and has the checksum of `source`."""
    algorithm, _, expected = source.digest.partition(":")
    try:
        return digest_of(path, algorithm).startswith(expected)
    except OSError:
        return False


def fetch(source: Source, folder: str | Path, *, on_progress: OnProgress = lambda done, total: None,
          should_stop: ShouldStop = lambda: False) -> Path:
    """The verified file `folder`/`source.name`: the one that is there, placed by hand perhaps, or else from the network.

    An interrupted download goes on where it stopped, in whatever process; of several processes one downloads and the others
    wait for it. `on_progress` gets the bytes that are there and in all (None: unknown) about ten times a second. Raises
    `Stopped` soon after `should_stop()`, and `DownloadError`, one sentence, for everything that can go wrong.
    """
    folder = Path(folder)
    final, part = folder / source.name, part_of(source, folder)
    if is_right(final, source):
        return final
    report = _Reporter(on_progress, should_stop, source)
    try:
        with claimed(part.with_suffix(".lock"), lambda: report(arrived(source, folder), source.bytes)):
            if not is_right(final, source):  # unless another process has fetched it meanwhile
                _complete(source, part, report)
                os.replace(part, final)
    except Failed as failed:
        other = " (the file of that name that is there is another one)" if final.exists() else ""
        raise DownloadError(f"{source.name} could not be fetched from {source.site}: {failed.args[0]}. Try again later, or download "
                            f"{source.address} elsewhere and put it into {_place(folder)} as {source.name}{other}.") from failed
    except OSError as failed:
        raise DownloadError(f"{source.name} could not be written ({failed.strerror or failed}); free some space, or allow "
                            f"writing, in {_place(folder)} and try again.") from failed
    return final


class _Reporter:
    """Calls back now and then, and turns the wish to stop into `Stopped`."""

    def __init__(self, on_progress: OnProgress, should_stop: ShouldStop, source: Source) -> None:
        self._tell, self._should_stop, self._source, self._next = on_progress, should_stop, source, 0.0

    def __call__(self, done: int, total: int | None, now: bool = False) -> None:
        if now or time.monotonic() >= self._next:
            self._next = time.monotonic() + REPORT_S
            self._tell(done, total)
        check_stopped(self._source, self._should_stop)

    def wait(self, seconds: float, done: int) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self(done, self._source.bytes)
            time.sleep(min(left, REPORT_S))


def check_stopped(source: Source, should_stop: ShouldStop) -> None:
    """Raises `Stopped` where that is wished."""
    if should_stop():
        raise Stopped(f"The download of {source.name} was stopped; the next one will go on from there.")


def part_of(source: Source, folder: Path) -> Path:
    """Where an unfinished download waits."""
    return folder / f".{source.name}.{source.digest.partition(':')[2][:8]}.part"


def arrived(source: Source, folder: Path) -> int:
    """Bytes of an unfinished download; 0 where there is none."""
    try:
        return part_of(source, folder).stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def claimed(lock_file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds `lock_file` for this process; while another one does, calls `waiting` about ten times a second.

    The system takes the claim from a process that died. Raises `OSError` where the file cannot be made.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file)
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            waiting()
            time.sleep(REPORT_S)
    try:
        yield
    finally:
        lock.release()


def _complete(source: Source, part: Path, report: _Reporter) -> None:
    """Fills `part` until it has the right checksum; what turns out wrong is removed."""
    resumed = arrived(source, part.parent) > 0
    if not (resumed and is_right(part, source)):
        try:
            with open(part, "ab") as file:
                _download(source, file, report)
                file.flush()
                os.fsync(file.fileno())
        finally:
            if not arrived(source, part.parent):
                part.unlink(missing_ok=True)
    if is_right(part, source):
        return
    part.unlink(missing_ok=True)
    if resumed:  # the file may have changed on the server between the two halves
        return _complete(source, part, report)
    raise Failed(f"what came does not have the checksum {source.digest}, so the file there has changed or was altered on its way; "
                 "nothing of it was kept")


def _download(source: Source, file: BinaryIO, report: _Reporter) -> None:
    """Attempts, each going on where the last one broke off, until one reaches the end or too many bring nothing."""
    failures = 0
    while True:
        have = file.seek(0, os.SEEK_END)
        try:
            return _attempt(source, file, have, report)
        except Broken as broken:
            if isinstance(broken, Misfit):
                file.truncate(0)
            now = file.seek(0, os.SEEK_END)
            failures = 0 if now - have >= ENOUGH else failures + 1
            if failures >= ATTEMPTS:
                raise
        report.wait(PAUSE_S * 2 ** max(0, failures - 1), now)


def _attempt(source: Source, file: BinaryIO, have: int, report: _Reporter) -> None:
    report(have, source.bytes, now=True)
    done, total = have, source.bytes
    for item in transfer(source, have, lambda: report(done, total)):
        if isinstance(item, tuple):
            done, total = item
            file.truncate(done)
            _check_room(source, Path(file.name).parent, done, total)
        else:
            file.write(item)
            done += len(item)
            report(done, total)
    if total is not None and done < total:
        raise Broken(f"the connection ended after {done:,} of {total:,} bytes")
    report(done, total, now=True)


def _check_room(source: Source, folder: Path, done: int, total: int | None) -> None:
    missing, free = (total or 0) - done, shutil.disk_usage(folder).free
    if missing > free:
        raise DownloadError(f"{source.name} needs another {missing / 1e6:,.0f} MB, and the disk of {_place(folder)} has "
                            f"{free / 1e6:,.0f} MB left; free some space and try again.")


def _place(folder: Path) -> str:
    """In words where it can be: a page shows them, and visitors need not learn where this machine keeps things."""
    try:
        inside = folder.resolve().relative_to(cache_folder()).as_posix()
    except ValueError:
        return f"the folder {folder}"
    return "the app's cache folder" if inside == "." else f"the folder {inside} in the app's cache folder"
