"""What every photo file of a folder is: decoded once, then remembered for as long as its size and time of change stay the same."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from .. import machine
from ..cache import cache_folder
from ..errors import UserError
from ..photos import DAMAGE, FORMATS, MAX_BYTES, MAX_PIXELS, MAX_SCANS, MAX_SIDE, decode

VERSION = 1  # of the index; one of another version is made anew
WORKERS = 8  # at most: each may hold a photo of 40 megapixels
AT_ONCE = 256  # files between two looks at whether to stop
REPORT_S = 0.1  # between two reports
SMALL = (64, 64)  # what a JPEG is decoded to at least: an eighth of its sides

Progress = Callable[[int, int], None]  # done, of how many


@dataclass(frozen=True, slots=True)
class Photo:
    """One file: what its content is, or the sentence that says why it cannot be used."""

    name: str  # relative to the folder, with slashes
    digest: str  # 32 hexadecimal digits that stand for the bytes; "" where they could not be read
    short: int  # shorter side, pixels
    problem: str | None = None


def photos(root: Path, names: Sequence[str], on_progress: Progress, should_stop: Callable[[], bool]) -> list[Photo]:
    """The files `names` of the folder `root`, in that order; only what is new or changed is opened.

    `on_progress` is called about ten times a second. Raises `UserError` when it is stopped; what was seen until then is remembered.
    """
    index, known, seen, due = index_of(root), {}, {}, 0.0
    stamps = {name: _stamp(root / name) for name in names}
    for name, (stamp, *facts) in _remembered(index).items():
        if stamps.get(name) == stamp:
            known[name] = Photo(name, *facts)
    try:
        for photo in _look(root, [name for name in names if name not in known], should_stop):
            seen[photo.name] = photo
            if time.monotonic() >= due or len(known) + len(seen) == len(names):
                due = time.monotonic() + REPORT_S
                on_progress(len(known) + len(seen), len(names))
    finally:
        if seen:
            _remember(index, stamps, {**known, **seen})
    return [known.get(name) or seen[name] for name in names]


def index_of(root: Path) -> Path:
    """The file that remembers `root`. It lies in the cache folder: a person's own folder is never written to."""
    place = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=6).hexdigest()
    return cache_folder() / "indexes" / f"{place}.json"


def sides(data: bytes) -> tuple[int, int]:
    """Width and height of the photo in `data`, after decoding all of it. Raises `UserError` where `photos.decode` would.

    Of a JPEG an eighth of the sides is computed, which reads every byte and so meets the same damage, 20 times as fast.
    """
    if data[:3] == b"\xff\xd8\xff" and len(data) <= MAX_BYTES and data.count(b"\xff\xda") <= MAX_SCANS:
        with suppress(*DAMAGE), Image.open(BytesIO(data), formats=FORMATS) as file:
            width, height = file.size
            if max(width, height) <= MAX_SIDE and width * height <= MAX_PIXELS:
                file.draft(None, SMALL)
                file.load()
                return width, height
    return decode(data).size  # or its sentence


def _look(root: Path, names: list[str], should_stop: Callable[[], bool]) -> Iterator[Photo]:
    with ThreadPoolExecutor(min(machine.cores(), WORKERS)) as pool:
        for start in range(0, len(names), AT_ONCE):
            if should_stop():
                raise UserError("The check of the photos was stopped before it was complete; the next one goes on from there.")
            yield from pool.map(lambda name: _examine(root, name), names[start : start + AT_ONCE])


def _examine(root: Path, name: str) -> Photo:
    try:
        with open(root / name, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as failed:
        return Photo(name, "", 0, f"The file could not be read ({failed.strerror or failed}).")
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    try:
        return Photo(name, digest, min(sides(data)))
    except UserError as refused:
        return Photo(name, digest, 0, str(refused))


def _stamp(path: Path) -> list[int]:
    try:
        facts = path.stat()
    except OSError:  # gone since it was listed: opening it will say so
        return []
    return [facts.st_size, facts.st_mtime_ns]


def _remembered(index: Path) -> dict[str, list]:
    """Name → [stamp, digest, short, problem]; nothing where there is no index, or not one of ours."""
    with suppress(OSError, ValueError, RecursionError):
        content = json.loads(index.read_bytes())
        if isinstance(content, dict) and content.get("version") == VERSION:
            return content["photos"]
    return {}


def _remember(index: Path, stamps: dict[str, list[int]], known: dict[str, Photo]) -> None:
    """An index that cannot be written costs the next check its speed, and nothing else."""
    rows = {p.name: [stamps[p.name], p.digest, p.short, p.problem] for p in known.values() if p.digest}
    part = index.with_name(f".{index.name}.{secrets.token_hex(4)}.part")
    with suppress(OSError):
        index.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"version": VERSION, "photos": rows}), encoding="utf-8")
        os.replace(part, index)
    with suppress(OSError):  # it is gone where all went well
        part.unlink()
