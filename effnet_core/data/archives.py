"""Archives of photos, unpacked without trusting them: pictures only, under names that are safe everywhere, whole or not at all."""

import gzip
import lzma
import os
import secrets
import shutil
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import UserError
from ..photos import DAMAGE
from .catalogue import Progress
from .class_folders import ADVICE
from .filenames import Places, shown

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
CHUNK = 1 << 18
HEADER = 1 << 24  # bytes that the description of a file in a tar may have
SPARE = 1 << 26  # bytes of the disk that stay free
REPORT_S = 0.1  # between two reports
ABANDONED_S = 86_400.0  # after which what an ended process left half unpacked is removed
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
BROKEN = (*DAMAGE, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError)
FOREIGN = {b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive", b"Rar!": "a RAR archive", b"\xfd7zXZ": "an xz archive", b"BZh": "a bzip2 archive",
           b"\x28\xb5\x2f\xfd": "a Zstandard archive"}


class Limits(NamedTuple):
    """What an archive may unpack to. Photos hardly shrink in an archive, so a great ratio means that it was made to fill a disk."""

    files: int = 500_000
    bytes: int = 50 * 2**30
    ratio: int = 200
    harmless: int = 2**28  # bytes up to which the ratio does not matter


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture in an archive, to be read now: an iterator over entries goes forwards only."""

    place: str  # where it is written, relative, safe
    content: Callable[[], BinaryIO]


def unpack(archive: Path, into: Path, *, on_progress: Progress = lambda done, total: None,
           should_stop: Callable[[], bool] = lambda: False, limits: Limits = LIMITS) -> Path:
    """Writes the pictures of a .zip, .tar or .tar.gz into the new folder `into` and returns it; nothing else of it is written.

    They are unpacked beside it and moved there when all are complete, so `into` is whole or absent. `on_progress` gets bytes,
    ten times a second. Raises `UserError` for an archive that is damaged, encrypted, hostile, too large or without pictures,
    for a disk that is too full, and when it is stopped.
    """
    archive, into = Path(archive), Path(into)
    if into.exists():
        raise UserError(f"There is already a folder {shown(into.name)!r}; remove it first, or unpack under another name.")
    entries = _KINDS[_kind(archive)]
    part = into.with_name(f".{into.name}.{secrets.token_hex(4)}.part")
    try:
        _sweep(into.parent)
        with writing(into):
            part.mkdir(parents=True)
        with _sentences(archive):
            meter, places = _Meter(archive, part, limits, on_progress, should_stop), Places(shown(archive.name))
            for entry in entries(archive, meter, places):
                _write(part / entry.place, entry.content, meter)
        if not meter.files:
            inner = ", but another archive: unpack that one first" if places.nested else ""
            raise UserError(f"There is no photo in {shown(archive.name)!r}{inner}; {ADVICE}.")
        with writing(into):
            os.replace(part, into)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return into


def stem(archive: Path) -> str:
    """The name without what makes it an archive: "photos" of photos.tar.gz."""
    suffix = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if archive.name.lower().endswith(suffix)), "")
    return archive.name[: len(archive.name) - len(suffix)]


def _kind(archive: Path) -> str:
    """How to read it, by its first bytes: a name promises nothing."""
    name = shown(archive.name)
    try:
        with open(archive, "rb") as file:
            head = file.read(512)
    except OSError as failed:
        raise UserError(f"{name!r} could not be read ({failed.strerror or failed}); give an archive of photos "
                        f"({', '.join(SUFFIXES)}).") from failed
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head[257:262] == b"ustar" or len(head) == 512 and name.lower().endswith(".tar"):
        return "tar"
    what = next((what for magic, what in FOREIGN.items() if head.startswith(magic)), "not an archive of a known kind, or damaged")
    raise UserError(f"{name!r} is {what}; pack the photos as .zip or .tar.gz.")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        raise UserError(f"{shown(path.name)!r} could not be written ({failed.strerror or failed}); free some space, or allow writing, "
                        "and try again. Nothing of the archive was kept.") from failed


@contextmanager
def _sentences(archive: Path) -> Iterator[None]:
    """Whatever the libraries raise on a broken archive becomes one sentence."""
    try:
        yield
    except UserError:
        raise
    except BROKEN as broken:
        raise UserError(f"{shown(archive.name)!r} is damaged or cut short ({shown(str(broken)) or type(broken).__name__}); "
                        "copy or download it again. Nothing of it was kept.") from broken


def _sweep(folder: Path) -> None:
    for left in folder.glob(".*.part"):
        with suppress(OSError):  # another process may be at it too
            if left.is_dir() and time.time() - left.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)


class _Meter:
    """Counts what is unpacked, says how far it is, and ends it where that is wished or a limit is reached."""

    def __init__(self, archive: Path, folder: Path, limits: Limits, on_progress: Progress, should_stop: Callable[[], bool]) -> None:
        self.name, self.size, self.files, self.bytes = shown(archive.name), archive.stat().st_size, 0, 0
        self._folder, self._limits, self._tell, self._should_stop = folder, limits, on_progress, should_stop
        self._next = 0.0
        self.fits(self.size)

    def file(self, count: int = 1) -> None:
        self.files += count
        if self.files > self._limits.files:
            raise UserError(f"{self.name!r} holds more than {self._limits.files:,} photos; pack fewer of them.")

    def read(self, count: int, done: int, total: int) -> None:
        """`count` more bytes came out; `done` of `total` is how far this is."""
        before, self.bytes = self.bytes, self.bytes + count
        self.limit(self.bytes)
        if before >> 24 != self.bytes >> 24:
            self.fits(1)
        if self._should_stop():
            raise UserError(f"The unpacking of {self.name!r} was stopped before it was complete; nothing of it was kept.")
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + REPORT_S
            self._tell(done, total)

    def limit(self, size: int) -> None:
        """Raises `UserError` where `size` bytes in all are more than the archive may unpack to."""
        if size > self._limits.bytes:
            raise UserError(f"{self.name!r} unpacks to more than {self._limits.bytes / 2**30:.3g} GB; pack smaller or fewer photos.")
        if size > max(self._limits.harmless, self._limits.ratio * self.size):
            raise UserError(f"{self.name!r} unpacks to more than {self._limits.ratio} times its size, which archives of photos never do; "
                            "it was not unpacked.")

    def fits(self, size: int) -> None:
        """Raises `UserError` where the disk has no room for `size` bytes more."""
        if (free := shutil.disk_usage(self._folder).free) < size + SPARE:
            raise UserError(f"{self.name!r} needs {(size + SPARE) / 1e6:,.0f} MB of disk and {free / 1e6:,.0f} MB are free; "
                            "free some space, or set EFFNET_CACHE to a folder on another disk.")


def _write(path: Path, content: Callable[[], BinaryIO], meter: _Meter) -> None:
    with content() as source:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            target = open(path, "xb")
        with target:
            while piece := source.read(CHUNK):
                with writing(path):
                    target.write(piece)


def _zip(archive: Path, meter: _Meter, places: Places) -> Iterator[Entry]:
    with zipfile.ZipFile(archive) as file:
        pairs = [(info, places.of(_zip_name(info))) for info in file.infolist() if not info.is_dir()]
        chosen = [(info, place) for info, place in pairs if place]
        total = sum(info.file_size for info, _ in chosen)
        meter.file(len(chosen))
        meter.limit(total)
        meter.fits(total)
        for info, place in chosen:
            _check_zipped(info, place, meter.name)
            yield Entry(place, lambda info=info: _Counted(file.open(info), meter, total))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """macOS writes names as UTF-8 without saying so, and they are then read as if from DOS."""
    try:
        return info.filename if info.flag_bits & 0x800 else info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _check_zipped(info: zipfile.ZipInfo, place: str, name: str) -> None:
    if info.flag_bits & 0x1:
        raise UserError(f"{name!r} is protected by a password; pack it again without one.")
    if info.compress_type not in METHODS:
        raise UserError(f"{name!r} is compressed by a method that cannot be read here; pack it again as an ordinary .zip (deflate).")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise _no_file(name, place)


def _no_file(name: str, place: str) -> UserError:
    return UserError(f"{name!r} holds a link or a device in place of the photo {shown(place)!r}; pack the photos themselves "
                     "(tar: --dereference).")


class _Counted:
    """A file in a zip that tells the meter what is read from it."""

    def __init__(self, file: BinaryIO, meter: _Meter, total: int) -> None:
        self._file, self._meter, self._total = file, meter, total

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._meter.read(len(data), self._meter.bytes + len(data), self._total)
        return data

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()


def _tar(archive: Path, meter: _Meter, places: Places, opened: Callable = lambda raw: raw) -> Iterator[Entry]:
    with open(archive, "rb") as raw, opened(raw) as plain:
        stream = _Forwards(plain, raw, meter)
        with tarfile.open(fileobj=stream, mode="r:") as file:
            while (member := file.next()) is not None:
                if not member.isdir() and (place := places.of(member.name)):
                    if not member.isreg() or member.issparse():
                        raise _no_file(meter.name, place)
                    meter.file()
                    yield Entry(place, lambda member=member: file.extractfile(member))
                file.members.clear()  # or a million of them stay in memory
            if stream.last != tarfile.NUL * tarfile.BLOCKSIZE:
                raise tarfile.ReadError("its end mark is missing")
        while stream.read(CHUNK):  # to the end, where gzip keeps its checksum
            pass


def _tar_gz(archive: Path, meter: _Meter, places: Places) -> Iterator[Entry]:
    return _tar(archive, meter, places, lambda raw: gzip.GzipFile(fileobj=raw, mode="rb"))


class _Forwards:
    """A tar's bytes, each read once: all of them are counted, those of skipped files too, and no header can fill the memory."""

    def __init__(self, plain: BinaryIO, raw: BinaryIO, meter: _Meter) -> None:
        self._plain, self._raw, self._meter, self._at, self.last = plain, raw, meter, 0, b""

    def read(self, size: int) -> bytes:
        if size > HEADER:
            raise tarfile.ReadError("the description of a file in it is longer than any can be")
        self.last = self._plain.read(size)
        self._at += len(self.last)
        self._meter.read(len(self.last), self._raw.tell(), self._meter.size)
        return self.last

    def tell(self) -> int:
        return self._at

    def seek(self, place: int) -> int:
        if place < self._at:
            raise tarfile.ReadError("its parts overlap")
        while self._at < place and self.read(min(place - self._at, CHUNK)):
            pass
        return self._at


_KINDS: dict[str, Callable[[Path, _Meter, Places], Iterator[Entry]]] = {"zip": _zip, "gz": _tar_gz, "tar": _tar}
