"""Photos to train on, by name: Imagenette, a person's own data in the cache folder, or any folder or archive.

A text names data ("imagenette", "my-data") unless it looks like a path: it has a slash, ends like an archive, or starts with ~ or is
a dot. So a folder beside one is ./photos, and data that was kept can never be mistaken for it.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..cache import cache_folder
from ..downloads import claimed, fetch
from ..errors import UserError
from ..transfers import Source
from . import archives, catalogue, folders
from .filenames import safe, shown

IMAGENETTE = Source("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz", "imagenette2-160.tgz",
                    "md5:e793b78cc4c9e9a4ccc0c1155377a412")
DRAWN = "scenes"  # data that is no files: see `datasets`
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # as that of a model
COPY = re.compile(r"[a-z0-9-]+\.[0-9a-f]{8}")  # a folder with what was in an archive; the dot is in no name of data
RESERVED = ("imagenette", DRAWN)
SAMPLE = 1 << 16  # bytes at both ends of an archive, where the checksums of its content are
CHUNK = 1 << 20
UNITS = {"downloading": "bytes", "unpacking": "bytes", "checking": "photos"}

Tell = Callable[[str, int, int | None], None]  # a phase, one of `UNITS`; how much of it is done, and of how much (None: unknown)
ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Own:
    """Data that a person has kept. `card` is `folders.describe` of it, with `from` (the archive's name) and `date`."""

    name: str
    card: dict


def collection(name_or_path: str | Path, *, on_progress: Tell = lambda phase, done, total: None,
               should_stop: ShouldStop = lambda: False) -> folders.Collection:
    """The photos called `name_or_path`, or in that folder or archive; downloaded, unpacked and checked as far as that is still to do.

    An archive is unpacked into the cache folder once and found there later. Raises `UserError` where there is no such data,
    it cannot be fetched, unpacked or used, or when it is stopped.
    """
    path = _path(name_or_path)
    if path is None:
        folder, name = _named(str(name_or_path), on_progress, should_stop)
    elif path.is_dir():
        folder, name = path, path.resolve().name
    else:
        folder, name = _unpacked(path, on_progress, should_stop), archives.stem(path)
    return folders.scan(folder, shown(name), on_progress=partial(on_progress, "checking"), should_stop=should_stop)


def keep(upload: Path | BinaryIO, name: str, *, on_progress: Tell = lambda phase, done, total: None,
         should_stop: ShouldStop = lambda: False) -> str:
    """Unpacks an archive of photos, a file or an open one, as the data called `name`, which is returned.

    Data that cannot be trained on is not kept. Raises `UserError` as `collection` does, and for a name that is unusable or taken.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{shown(name)[:80]!r} cannot name data; use 1 to 64 small letters a–z, digits and, not at the start, hyphens, "
                        "such as my-photos-2.")
    with _claimed(name):
        if name in (*RESERVED, archives.stem(Path(IMAGENETTE.name))) or _card(name):
            raise UserError(f"There is already data called {name!r}; choose another name, or remove it first.")
        _keep(upload, name, on_progress, should_stop)
    return name


def _keep(upload: Path | BinaryIO, name: str, tell: Tell, should_stop: ShouldStop) -> None:
    """For one process at a time."""
    folder = _data() / name
    shutil.rmtree(folder, ignore_errors=True)  # what an ended process left, which is no data as it has no card
    if isinstance(upload, str | Path):
        archive, origin = Path(upload), Path(upload).name
        if archive.is_dir():
            raise UserError(f"{shown(origin)!r} is a folder, which is used where it is (./{shown(origin)}); what is kept is an archive, "
                            "such as photos.zip.")
        archives.unpack(archive, folder, on_progress=partial(tell, "unpacking"), should_stop=should_stop)
    else:
        origin = safe(re.split(r"[\\/]", getattr(upload, "name", None) or "upload.zip")[-1])
        _unpack_upload(upload, origin, folder, partial(tell, "unpacking"), should_stop)
    try:
        found = folders.scan(folder, name, on_progress=partial(tell, "checking"), should_stop=should_stop)
        _save(name, {**folders.describe(found), "from": shown(origin), "date": datetime.now(UTC).isoformat(timespec="seconds")})
    except BaseException:
        _delete(name)
        raise


def available() -> list[Own]:
    """A person's own data, newest first."""
    own = [Own(path.stem, card) for path in _data().glob("*.json") if NAME.fullmatch(path.stem) and (card := _card(path.stem))]
    return sorted(own, key=lambda data: (data.card["date"], data.name), reverse=True)


def copies() -> dict[str, int]:
    """The unpacked copies of archives that are used where they lie: name → bytes."""
    return {path.name: sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) for path in _copies()}


def is_here(name: str) -> bool:
    """Whether data of this name can be used without the network."""
    return _imagenette().is_dir() if name == "imagenette" else _card(name) is not None


def remove(name: str) -> None:
    """Deletes a person's own data, the unpacked copy of an archive, or the copy of Imagenette. Raises `UserError` where there is none."""
    unpacked = [path.name for path in _copies()]
    if not is_here(name) and name not in unpacked:
        raise UserError(f"There is no data called {shown(name)!r} to remove; there is {', '.join([_known(), *unpacked])}.")
    with _claimed(name):
        _delete(name if name != "imagenette" else _imagenette().name)


def _path(text: str | Path) -> Path | None:
    """None for a name."""
    name = str(text)
    looks = isinstance(text, Path) or any(mark in name for mark in ("/", os.sep)) or name.startswith(("~", "."))
    looks |= name.lower().endswith(archives.SUFFIXES)
    try:
        return Path(text).expanduser() if looks else None
    except RuntimeError:
        raise UserError(f"{shown(name)!r} names a user that is not known here; give the whole path.") from None


def _named(name: str, tell: Tell, should_stop: ShouldStop) -> tuple[Path, str]:
    if name == "imagenette":
        if not _imagenette().is_dir():
            archive = fetch(IMAGENETTE, _data(), on_progress=partial(tell, "downloading"), should_stop=should_stop)
            _once(archive, _imagenette(), tell, should_stop)
            with suppress(OSError):  # it only takes room: on Windows another process may be reading it
                archive.unlink()
        return _imagenette(), _imagenette().name
    if _card(name) is not None:
        return _data() / name, name
    if name == DRAWN:
        raise UserError("The scenes are drawn while a network learns, so there are no files of them; name photos.")
    hint = f"what lies here is ./{shown(name)}" if Path(name).exists() else "a folder or an archive is given with a slash, such as ./photos"
    raise UserError(f"There is no data called {shown(name)[:80]!r}; there is {_known()}, and {hint}.")


def _known() -> str:
    return ", ".join(["imagenette", *(own.name for own in available())])


def _data() -> Path:
    return cache_folder() / "data"


def _imagenette() -> Path:
    return _data() / archives.stem(Path(IMAGENETTE.name))


def _copies() -> list[Path]:
    return sorted(path for path in _data().glob("*") if COPY.fullmatch(path.name) and path.is_dir())


@contextmanager
def _claimed(name: str) -> Iterator[None]:
    """For this process alone. Raises `UserError` where another one adds or removes data of that name."""
    def refuse() -> None:
        raise UserError(f"There is already data called {name!r}, which is just being added or removed; choose another name, or wait until "
                        "that is done.")

    lock = cache_folder() / "claims" / f"{name}.lock"
    with ExitStack() as held:
        with archives.writing(lock):
            held.enter_context(claimed(lock, refuse))
        yield


def _unpacked(archive: Path, tell: Tell, should_stop: ShouldStop) -> Path:
    """Where the archive's photos are in the cache folder: under its name and a hash of its size, time and ends."""
    try:
        with open(archive, "rb") as file:
            facts = os.fstat(file.fileno())
            seen = hashlib.blake2b(f"{facts.st_size} {facts.st_mtime_ns} ".encode() + file.read(SAMPLE), digest_size=4)
            file.seek(max(0, facts.st_size - SAMPLE))
            seen.update(file.read(SAMPLE))
    except OSError as failed:
        raise UserError(f"{shown(archive.name)!r} could not be read ({failed.strerror or failed}); give a folder of photos, "
                        f"or an archive of one ({', '.join(archives.SUFFIXES)}).") from failed
    plain = re.sub("[^a-z0-9]+", "-", archives.stem(archive).lower()).strip("-")[:40] or "photos"
    return _once(archive, _data() / f"{plain}.{seen.hexdigest()}", tell, should_stop)


def _once(archive: Path, folder: Path, tell: Tell, should_stop: ShouldStop) -> Path:
    if folder.is_dir():
        return folder
    try:
        return archives.unpack(archive, folder, on_progress=partial(tell, "unpacking"), should_stop=should_stop)
    except UserError:
        if folder.is_dir():  # another process was faster
            return folder
        raise


def _unpack_upload(upload: BinaryIO, name: str, folder: Path, tell: catalogue.Progress, should_stop: ShouldStop) -> None:
    spool = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part") / name
    try:
        with archives.writing(spool):
            spool.parent.mkdir(parents=True)
            with open(spool, "xb") as file:
                shutil.copyfileobj(upload, file, CHUNK)
        archives.unpack(spool, folder, on_progress=tell, should_stop=should_stop)
    finally:
        shutil.rmtree(spool.parent, ignore_errors=True)


def _card(name: str) -> dict | None:
    with suppress(OSError, ValueError, RecursionError):
        card = json.loads((_data() / f"{name}.json").read_bytes()) if NAME.fullmatch(name) else None
        return card if isinstance(card, dict) and "date" in card else None
    return None


def _save(name: str, card: dict) -> None:
    path = _data() / f"{name}.json"
    with archives.writing(path):
        part = path.with_name(f".{path.name}.part")
        part.write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(part, path)


def _delete(name: str) -> None:
    """The card first: what has none is no data, whatever else remains of it."""
    folder = _data() / name
    try:
        folder.with_name(f"{name}.json").unlink(missing_ok=True)
        catalogue.index_of(folder).unlink(missing_ok=True)
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as failed:
        raise UserError(f"The data {name!r} could not be removed whole ({failed.strerror or failed}); delete the folder {name} "
                        "in the cache folder.") from failed
