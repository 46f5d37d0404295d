"""Which models there are and what their cards say, from the heads of the files alone: no weights are read, and no torch is needed.

A model is a safetensors file whose metadata carries a card in JSON: `name`, `architecture` (`families.to_spec`), `padding`, `eps`,
`labels`, `preprocess`, `trained`, and whatever else is known (`data`, `recipe`, `evaluation`, `source`, `published`, `date`, …).
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open

from .cache import cache_folder
from .errors import UserError
from .families import from_spec
from .labels import apart
from .weights.registry import ROWS

BUNDLED = Path(__file__).resolve().parent.parent / "assets" / "models"
SUFFIX = ".safetensors"
BEST = ("b0-imagenette", "small-scenes")  # of those that come with the app, the first that is there is the default
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
ORIGINS = ("published", "own file")  # what a card's "source" may have as its "kind"
REQUIRED = ("name", "architecture", "padding", "eps", "labels", "preprocess", "trained")
REMEMBERED = 256  # cards


@dataclass(frozen=True)
class Entry:
    """A checkpoint that can be chosen; where its file is broken, `card` is empty and `problem` a sentence."""

    name: str
    path: Path
    bundled: bool
    card: dict  # shared by all who ask: not to be changed
    problem: str | None = None
    version: tuple[int, int] = (0, 0)  # time of change (nanoseconds) and size of the file, which tell one training from the next

    @property
    def origin(self) -> str:
        """"bundled", "published" weights, the person's "own file", or "trained" (or made) here."""
        source = self.card.get("source")
        kind = source.get("kind") if isinstance(source, dict) else None
        return "bundled" if self.bundled else kind if kind in ORIGINS else "trained"


def check_name(name: str) -> None:
    """Raises `UserError` where `name` cannot be that of a model."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name[:80]!r} cannot name a model; use 1 to 64 small letters a–z, digits and, not at the start, hyphens, "
                        "such as my-scenes-2.")


def own_folder() -> Path:
    """Where models are that did not come with the app."""
    return cache_folder() / "models"


def path_of(name: str) -> Path:
    """Where the user's model `name` is stored. Raises `UserError` for an unusable name, and that of a bundled or published model."""
    check_name(name)
    if (BUNDLED / (name + SUFFIX)).exists():
        raise UserError(f"The name {name!r} belongs to a model that comes with the app; choose another one.")
    if name in ROWS:
        raise UserError(f"The name {name!r} belongs to published weights; choose another one.")
    return own_folder() / (name + SUFFIX)


def best_bundled() -> str:
    """The model that is taken where none is named: of those that come with the app, the one with the most to show."""
    return next((name for name in BEST if (BUNDLED / (name + SUFFIX)).exists()), BEST[-1])


def find(name_or_path: str | Path) -> Path:
    """The file of the model `name_or_path`, or that file (a `Path`, or a text with a slash or ending in .safetensors).

    Raises `UserError` where there is none.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(SUFFIX) or "/" in text or os.sep in text:
        path = Path(name_or_path)
        if not path.is_file():
            raise UserError(f"There is no file {path.name!r}; a checkpoint is a {SUFFIX} file that this app has written.")
        return path
    check_name(text)
    found = next((path for folder in (BUNDLED, own_folder()) if (path := folder / (text + SUFFIX)).is_file()), None)
    if found is None and text in ROWS:
        raise UserError(f"{text!r} is published but not on this machine yet; `python -m effnet_core fetch {text}` downloads it.")
    if found is None:
        known = ", ".join(entry.name for entry in available()) or "none yet"
        raise UserError(f"There is no model called {text!r}; there are: {known}.")
    return found


def available() -> list[Entry]:
    """The bundled models by name, then the others, newest first. Broken files are listed with their problem.

    A file is only opened where it is new or has changed.
    """
    own = sorted(_listed(own_folder()), key=lambda pair: -pair[1][0])
    return [_entry(path, version, True) for path, version in _listed(BUNDLED)] + [_entry(path, version, False) for path, version in own]


def _listed(folder: Path) -> list[tuple[Path, tuple[int, int]]]:
    """The models' files in `folder` by name, each with its version; without those that vanish meanwhile."""
    found = []
    for path in sorted(folder.glob("*" + SUFFIX)):
        try:
            facts = path.stat()
        except OSError:  # deleted since it was listed, or not ours to see
            facts = None
        if NAME.fullmatch(path.stem):
            found.append((path, (facts.st_mtime_ns, facts.st_size) if facts else (0, 0)))
    return found


@lru_cache(maxsize=REMEMBERED)
def _entry(path: Path, version: tuple[int, int], bundled: bool) -> Entry:
    try:
        return Entry(path.stem, path, bundled, read_card(path), None, version)
    except UserError as broken:
        return Entry(path.stem, path, bundled, {}, str(broken), version)


def remove(name: str) -> None:
    """Deletes a model that did not come with the app. Raises `UserError` where there is none, or it cannot be deleted."""
    check_name(name)
    path = own_folder() / (name + SUFFIX)
    if not path.is_file():
        bundled = (BUNDLED / (name + SUFFIX)).exists()
        raise UserError(f"{name!r} comes with the app and stays." if bundled else f"There is no model called {name!r} to remove.")
    try:
        path.unlink()
        path.with_suffix(".json").unlink(missing_ok=True)
    except OSError as failed:
        raise UserError(f"{path.name} could not be removed ({failed.strerror or failed}); allow writing in the app's cache "
                        "folder.") from failed


def read_card(path: str | Path) -> dict:
    """The card of a checkpoint, from the head of the file. Raises `UserError` where it is broken, foreign or lacks something."""
    with opened(Path(path), "numpy") as file:
        return card_of(file)


def has_card(path: str | Path) -> bool:
    """Whether the file is one that this app wrote, whole or not; weights of others have no card."""
    try:
        with safe_open(path, framework="numpy") as file:
            return "card" in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


@contextmanager
def opened(path: Path, framework: str) -> Iterator[safe_open]:
    """The file, its head checked; every way in which it can be broken while it is read becomes a sentence that names it."""
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except (SafetensorError, OSError) as broken:
        reason = getattr(broken, "strerror", None) or broken
        raise UserError(f"{path.name} is damaged, cut short or not a safetensors file ({reason}).") from broken
    except UserError as refused:
        raise UserError(f"{path.name} cannot be used: {refused}") from refused


def card_of(file: safe_open) -> dict:
    """The card of an open file; labels that are alike are told apart, as `labels.apart` does. Raises `UserError` where it has none, or
    one that lacks something."""
    try:
        card = json.loads((file.metadata() or {})["card"])
        missing = [key for key in REQUIRED if key not in card]
    except (KeyError, ValueError, TypeError, RecursionError):
        raise UserError("it holds tensors but no card, so it was not written by this app.") from None
    if not isinstance(card, dict) or missing:
        raise UserError(f"its card lacks {', '.join(missing)}.")
    labels = card["labels"]
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise UserError("its labels are not a list of texts.")
    classes = from_spec(card["architecture"]).classes
    if len(labels) != classes:
        raise UserError(f"it has {len(labels)} labels for {classes} classes.")
    return {**card, "labels": [*apart(labels)]}
