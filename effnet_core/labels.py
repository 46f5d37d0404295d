"""Names of classes: ImageNet's thousand, a person's own from a text file, or plain numbers."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .errors import UserError

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "labels"
MOST_BYTES = 10_000_000  # of a file of labels
LONGEST = 200  # characters of one label


class Label(NamedTuple):
    wnid: str  # WordNet's id of the synset, such as n01440764
    name: str


@cache
def imagenet() -> tuple[Label, ...]:
    """ImageNet-1k's classes in the order in which networks number them."""
    lines = (FOLDER / "imagenet.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(Label(*line.split("\t")) for line in lines)


@cache
def _indices() -> dict[str, int]:
    return {label.wnid: index for index, label in enumerate(imagenet())}


def of_wnid(wnid: str) -> Label:
    """Raises `UserError` for an id that is none of ImageNet-1k's."""
    return imagenet()[index_of(wnid)]


def index_of(wnid: str) -> int:
    """The class that ImageNet's networks give that synset. Raises `UserError` as `of_wnid` does."""
    if wnid not in _indices():
        raise UserError(f"{wnid!r} is none of ImageNet's 1,000 classes; they are named like n01440764.")
    return _indices()[wnid]


def names(classes: int) -> tuple[str, ...]:
    """What to call the classes of a network where nothing better is known: "class 0", "class 1", …"""
    return tuple(f"class {index}" for index in range(classes))


def check(labels: Sequence[str], classes: int) -> tuple[str, ...]:
    """`labels`, stripped; those that are alike get their class's number. Raises `UserError` where they are not one text per class."""
    found = tuple(str(label).strip() for label in labels)
    if len(found) != classes:
        raise UserError(f"There are {len(found):,} labels, and the network tells {classes:,} classes apart; give one label for each.")
    for index, label in enumerate(found):
        if not label or len(label) > LONGEST or not label.isprintable():
            raise UserError(f"The label of class {index} is {label[:40]!r}; a label is a line of 1 to {LONGEST} characters.")
    return apart(found)


def apart(labels: Sequence[str]) -> tuple[str, ...]:
    """`labels`, of which those that are alike get their class's number, so that each names one class."""
    found = tuple(labels)
    while len(count := Counter(found)) < len(found):  # again, where somebody has called a class so already
        found = tuple(label if count[label] == 1 else f"{label} (class {index})" for index, label in enumerate(found))
    return found


def parse(text: str, classes: int) -> tuple[str, ...]:
    """One label a line, the first for class 0; blank lines at the end do not count. Raises `UserError` as `check` does."""
    return check(text.removeprefix("\ufeff").rstrip().splitlines(), classes)


def read(path: str | Path, classes: int) -> tuple[str, ...]:
    """`parse` of a UTF-8 text file. Raises `UserError` where it cannot be read, too."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as failed:
        raise UserError(f"{path.name} could not be read ({failed.strerror or failed}); name a text file, one label a line.") from failed
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path.name} is no text in UTF-8; save the labels as plain text, one a line.") from None
    if len(data) > MOST_BYTES:
        raise UserError(f"{path.name} is larger than {MOST_BYTES / 1e6:.0f} MB; labels are a text file, one a line.")
    return parse(text, classes)
