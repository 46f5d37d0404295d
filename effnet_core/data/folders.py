"""Folders of photos as training data: one folder per class, every file checked, and a split that stays.

Which photos are held out follows from their content alone: a hash of a file's bytes, compared with the share that is held out. So the
split is the same on every machine and in any order; renaming, moving or adding photos leaves the others where they are; and two
files of equal content cannot end up on both sides. A folder that brings its own split (train and val) keeps it.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import labels
from ..errors import UserError
from ..scaling import check
from . import remarks
from .catalogue import Photo, Progress, photos
from .class_folders import Found, find
from .filenames import shown

SHARE = 0.2  # of every class that is held out, where a folder has no split of its own
SHARE_RANGE = (0.01, 0.9)
LEAST = 2  # photos of a class: one to learn from, one to be judged on


@dataclass(frozen=True, slots=True)
class Item:
    """A photo and the index of its class."""

    path: Path
    label: int


@dataclass(frozen=True)
class Collection:
    """Photos of several classes, in two parts that share no content; both in the order of classes and names."""

    name: str
    labels: tuple[str, ...]
    train: tuple[Item, ...]
    held_out: tuple[Item, ...]
    unreadable: tuple[str, ...]  # "name: what is wrong with it."
    warnings: tuple[str, ...] = ()  # sentences about what can be used and may still disappoint
    folders: tuple[str, ...] = ()  # of the classes, such as n01440764
    own_split: bool = False  # whether it came with folders for training and for judging
    fingerprint: str = ""  # 16 hexadecimal digits that stand for contents, classes and split

    @property
    def images(self) -> int:
        return len(self.train) + len(self.held_out)

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """Photos to learn from and photos held out, of every class."""
        counts = [[0, 0] for _ in self.labels]
        for side, items in enumerate((self.train, self.held_out)):
            for item in items:
                counts[item.label][side] += 1
        return tuple((learnt, judged) for learnt, judged in counts)


def scan(root: Path, name: str | None = None, *, share: float = SHARE, on_progress: Progress = lambda done, total: None,
         should_stop: Callable[[], bool] = lambda: False) -> Collection:
    """The photos of the folder `root`: root/train/<class>/… beside root/val/<class>/…, or root/<class>/….

    A single folder around all of it is looked through. `share` of every class, at least one photo of it, is held out where the
    folder has no split of its own. Every file is decoded once; a later scan opens only what has changed. Raises `UserError`
    where there is nothing to train on, or when it is stopped.
    """
    check("The share of photos to hold out", share, SHARE_RANGE)
    root = Path(os.path.abspath(root))  # "." has no name
    try:
        found, left_out = find(root, should_stop)
    except OSError as failed:
        raise UserError(f"{shown(Path(failed.filename or root).name)!r} could not be read ({failed.strerror or failed}); "
                        "choose a folder that you may read.") from failed
    seen = dict(zip(found, photos(root, [file.name for file in found], on_progress, should_stop)))
    unreadable = tuple(f"{shown(p.name)}: {p.problem}" for p in seen.values() if p.problem)
    kept, copies = _without_copies({file: photo for file, photo in seen.items() if not photo.problem})
    if not kept:
        raise UserError(f"None of the {len(found):,} files in {shown(root.name)!r} can be used, such as {unreadable[0]}")
    own = found[0].held_out is not None
    sides = {file: file.held_out for file in kept} if own else _sides(kept, share)
    folders = sorted({file.folder for file in found})
    _check_classes(folders, sides, {file.folder: photo for file, photo in seen.items() if photo.problem})
    names = _labels(folders)
    return Collection(
        name or root.name, names, *(_items(root, folders, sides, side) for side in (False, True)), unreadable,
        (*left_out, *remarks.warnings(names, folders, kept, sides, copies)), tuple(map(shown, folders)), own,
        _fingerprint(names, folders, kept, sides))


def describe(collection: Collection) -> dict:
    """JSON values for pages and the terminal."""
    rows = zip(collection.labels, collection.folders or collection.labels, collection.counts)
    classes = [{"label": label, "folder": folder, "train": train, "held_out": held_out} for label, folder, (train, held_out) in rows]
    return {"name": collection.name, "images": collection.images, "train": len(collection.train), "held_out": len(collection.held_out),
            "classes": classes, "split": "its own" if collection.own_split else "by content", "fingerprint": collection.fingerprint,
            "unreadable": {"count": len(collection.unreadable), "first": list(collection.unreadable[: remarks.SHOWN])},
            "warnings": list(collection.warnings)}


def _check_classes(folders: list[str], sides: dict[Found, bool], unreadable: dict[str, Photo]) -> None:
    """Every class needs something to learn from, and something to be judged on besides; of a class, one file is `unreadable`."""
    total, learnt = dict.fromkeys(folders, 0), dict.fromkeys(folders, 0)
    for file, held_out in sides.items():
        total[file.folder] += 1
        learnt[file.folder] += not held_out
    if few := [folder for folder in folders if total[folder] < LEAST]:
        bad = next((unreadable[folder] for folder in few if folder in unreadable), None)
        example = f" ({shown(bad.name)}: {bad.problem.rstrip('.')})" if bad else ""
        raise UserError(f"{remarks.several(few, 'class', 'classes')} fewer than {LEAST} photos that can be used{example}; "
                        "add photos, or take the folder away.")
    if blind := [folder for folder in folders if not learnt[folder]]:
        raise UserError(f"{remarks.several(blind, 'class', 'classes')} photos to be judged on and none to learn from; "
                        "both halves need the same folders.")
    if all(learnt[folder] == total[folder] for folder in folders):
        raise UserError("No photo is held out to be judged on; put some of every class into the folder val, "
                        "or leave the split to this app.")


def _without_copies(seen: dict[Found, Photo]) -> tuple[dict[Found, Photo], dict[Found, Found]]:
    """One file of every content, and the copies with what they are copies of. A copy of a held-out photo is not learnt from."""
    first: dict[str, Found] = {}
    for file in sorted(seen, key=lambda file: not file.held_out):
        first.setdefault(seen[file].digest, file)
    kept = {file: photo for file, photo in seen.items() if first[photo.digest] is file}
    return kept, {file: first[photo.digest] for file, photo in seen.items() if file not in kept}


def split(digests: Iterable[str], share: float = SHARE) -> set[str]:
    """Of the contents of one class, those that are held out: each by its own hash, and always one at least, but never all.

    So another content changes nothing for these, except in a small class: there it may take the place of the one that had to be.
    """
    ranked = sorted(set(digests))
    chosen = {digest for digest in ranked if int(digest[:8], 16) < share * 2**32}
    return (chosen | {ranked[0]}) - {ranked[-1]} if len(ranked) >= LEAST else chosen


def _sides(kept: dict[Found, Photo], share: float) -> dict[Found, bool]:
    """Whether each photo is held out, where no split is given."""
    classes: dict[str, list[str]] = defaultdict(list)
    for file, photo in kept.items():
        classes[file.folder].append(photo.digest)
    held_out = {folder: split(digests, share) for folder, digests in classes.items()}
    return {file: photo.digest in held_out[file.folder] for file, photo in kept.items()}


def _labels(folders: list[str]) -> tuple[str, ...]:
    """What people call the classes: the name of an ImageNet id, otherwise the folder's."""
    known = {label.wnid: label.name for label in labels.imagenet()}
    return labels.check([shown(known.get(folder, folder))[: labels.LONGEST] for folder in folders], len(folders))


def _items(root: Path, folders: list[str], sides: dict[Found, bool], held_out: bool) -> tuple[Item, ...]:
    index = {folder: label for label, folder in enumerate(folders)}
    return tuple(Item(root / file.name, index[file.folder]) for file, side in sides.items() if side is held_out)


def _fingerprint(names: tuple[str, ...], folders: list[str], kept: dict[Found, Photo], sides: dict[Found, bool]) -> str:
    label = dict(zip(folders, names))
    rows = sorted(f"{photo.digest} {sides[file]:d} {label[file.folder]}" for file, photo in kept.items())
    return hashlib.blake2b("\n".join(rows).encode(), digest_size=8).hexdigest()
