"""Where the photos of every class lie: in folders of classes, maybe in the two halves of a split, maybe inside one folder more."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from . import remarks
from .filenames import is_clutter, is_picture, normal, shown

MOST_CLASSES = 1000
MOST_FILES = 2_000_000
DEPTH = 3  # folders that are looked through because they hold nothing but one folder
TRAIN, HELD_OUT = ("train", "training"), ("val", "valid", "validation", "test", "testing")  # names of a folder's own split
ADVICE = "it needs one folder of photos per class, such as cat and dog"


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a photo: where it lies, the folder of its class, and the side it was put on, if any."""

    name: str  # relative to the root, with slashes
    folder: str
    held_out: bool | None


def _inside(folder: Path) -> tuple[list[Path], int]:
    """The folders in `folder` by name, and how many pictures lie directly in it."""
    with os.scandir(folder) as entries:
        own = [entry for entry in entries if not is_clutter(entry.name)]
    folders = sorted((entry.name for entry in own if entry.is_dir()), key=normal)
    return [folder / name for name in folders], sum(is_picture(entry.name) and entry.is_file() for entry in own)


def find(root: Path, should_stop: Callable[[], bool]) -> tuple[list[Found], list[str]]:
    """The files in the order of classes and names, and sentences about what is left out.

    Raises `UserError` where they are no photos of several classes, or when it is stopped, and `OSError` where it may not look.
    """
    top, folders, loose = _top(root)
    halves = _halves(folders)
    parts = [(folder, None) for folder in folders] if halves is None else [
        (inner, side if halves[1] else None) for half, side in zip(halves, (False, True)) if half for inner in _inside(half)[0]]
    found = []
    for folder, held_out in parts:
        place = folder.relative_to(root).as_posix()
        for name in _pictures(folder, place, (root.resolve(),)):
            found.append(Found(name, normal(folder.name), held_out))
            if len(found) > MOST_FILES:
                raise UserError(f"{shown(top.name)!r} holds more than {MOST_FILES:,} photos; choose a folder with fewer.")
            if len(found) % 1024 == 0 and should_stop():
                raise UserError("The search for photos was stopped before it was complete.")
    _check_found(top, found, loose)
    used = {file.folder for file in found}
    bare = [folder.name for folder, _ in parts if normal(folder.name) not in used]
    unused = [folder.name for folder in folders if halves and folder not in halves]
    return sorted(found, key=lambda file: (file.folder, normal(file.name), file.name)), remarks.left_out(bare, unused, loose)


def _top(root: Path) -> tuple[Path, list[Path], int]:
    """The folder in which the classes or the halves lie: `root`, or what a single folder in it, such as an archive's, wraps."""
    if not root.is_dir():
        raise UserError(f"{shown(root.name)!r} is {'a file' if root.exists() else 'not there'}; give a folder: {ADVICE}.")
    folders, loose = _inside(root)
    for _ in range(DEPTH):
        if loose or len(folders) != 1 or not (inner := _inside(folders[0]))[0]:
            break
        root, (folders, loose) = folders[0], inner
    return root, folders, loose


def _halves(folders: list[Path]) -> tuple[Path, Path | None] | None:
    """The folders to learn from and to be judged on, if these are those of a split; the second may be missing."""
    nested = {folder.name.lower(): folder for folder in folders if folder.name.lower() in TRAIN + HELD_OUT and _inside(folder)[0]}
    train, held_out = (next((nested[name] for name in names if name in nested), None) for names in (TRAIN, HELD_OUT))
    is_class = held_out is None and any(folder.name.lower() not in TRAIN + HELD_OUT for folder in folders)
    return None if train is None or is_class else (train, held_out)


def _pictures(folder: Path, place: str, above: tuple[Path, ...]) -> Iterator[str]:
    """Names of the pictures in `folder`, at any depth; a link to a folder that it lies in is not followed in circles."""
    with os.scandir(folder) as entries:
        own = [entry for entry in entries if not is_clutter(entry.name)]
    for entry in own:
        name = f"{place}/{entry.name}"
        if entry.is_dir():
            inner = Path(entry.path).resolve()
            if inner not in above:
                yield from _pictures(Path(entry.path), name, (*above, inner))
        elif is_picture(entry.name) and entry.is_file():
            yield name


def _check_found(top: Path, found: list[Found], loose: int) -> None:
    """Raises `UserError` where there is nothing to tell apart."""
    where, classes = shown(top.name), sorted({file.folder for file in found})
    if not found and loose:
        raise UserError(f"All {loose:,} photos lie directly in {where!r}; {ADVICE}.")
    if not found:
        raise UserError(f"There is no photo in {where!r}; {ADVICE}.")
    if len(classes) == 1:
        raise UserError(f"{where!r} has photos in one folder only, {shown(classes[0])!r}; there is nothing to tell apart: {ADVICE}.")
    if len(classes) > MOST_CLASSES:
        raise UserError(f"{where!r} has {len(classes):,} folders of photos; a classifier here has at most {MOST_CLASSES:,} classes.")
