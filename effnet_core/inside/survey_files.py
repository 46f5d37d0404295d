"""Surveys on disk: whole or not at all, each tied to the weights and the data it is of; and those that come with the app.

A file is a compressed .npz whose entry `head` is JSON. Those in the cache folder also tell where every channel answers most strongly;
those in `assets/measurements` have gates only.
"""

import hashlib
import io
import json
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import files
from ..cache import cache_folder
from ..cards import Entry
from ..errors import UserError
from ..labels import apart
from .survey_gates import Statistics
from .survey_peaks import Peaks

VERSION = 1  # of what is counted, and how it is stored
SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "measurements"
CHUNK = 1 << 22
DAMAGES = (OSError, ValueError, KeyError, TypeError, EOFError, IndexError, AttributeError, NotImplementedError, zipfile.BadZipFile,
           zlib.error)


class Survey(NamedTuple):
    """What one run over a data set found."""

    gates: Statistics
    peaks: Peaks | None


class Head(NamedTuple):
    """A survey that is there, not read yet."""

    path: Path
    version: int  # time of its last change
    facts: dict
    recorded: bool  # came with the app

    @property
    def data(self) -> str:
        return self.facts["data"]["name"]

    @property
    def images(self) -> int:
        return self.facts["data"]["images"]


@lru_cache(maxsize=64)
def _digest(path: Path, version: tuple[int, int]) -> str:
    seen = hashlib.blake2b(digest_size=8)
    with open(path, "rb") as file:
        head = json.loads(file.read(min(version[1], int.from_bytes(file.read(8), "little"))))
        card = json.loads(head.pop("__metadata__")["card"])
        network = {key: value for key, value in card["architecture"].items() if key != "name"}
        seen.update(json.dumps([head, network, *(card[key] for key in ("padding", "eps", "preprocess"))], sort_keys=True).encode())
        while chunk := file.read(CHUNK):
            seen.update(chunk)
    return seen.hexdigest()


def digest(path: Path) -> str:
    """16 digits that stand for what a model's file computes: its tensors, network and preprocessing; not for what its card tells.

    Raises `UserError` where the file cannot be read.
    """
    try:
        facts = path.stat()
        return _digest(path, (facts.st_mtime_ns, facts.st_size))
    except OSError as failed:
        raise UserError(f"{path.name} could not be read ({failed.strerror or failed}); choose another model.") from failed
    except DAMAGES:
        raise UserError(f"{path.name} is no model file of this app; `python -m effnet_core fetch --file FILE --name NAME` makes one of "
                        "it.") from None


def folder() -> Path:
    """Where surveys are that were made here."""
    return cache_folder() / "surveys"


def place(weights: str, data: str, limit: int | None) -> Path:
    """Where a survey goes: of the model with that digest, over data of that name, of its first `limit` images or of all."""
    plain = hashlib.blake2b(data.encode(), digest_size=6).hexdigest()
    return folder() / f"{weights}.{plain}.{limit or 'all'}.npz"


def dumps(survey: Survey) -> bytes:
    """The file of a survey, which `load` reads."""
    gates, peaks = survey
    head = {**gates.head, "version": VERSION, "blocks": gates.blocks, "labels": gates.labels, "peaks": peaks and peaks.keys}
    arrays = {"counts": gates.counts, "means": gates.means, "deviations": gates.deviations, "closed": gates.closed, "open": gates.open}
    if peaks is not None:
        arrays |= {f"peak_{name}": getattr(peaks, name) for name in Peaks._fields[1:]}
    file = io.BytesIO()
    np.savez_compressed(file, head=np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8), **arrays)
    return file.getvalue()


def _head(file: np.lib.npyio.NpzFile) -> dict:
    head = json.loads(file["head"].tobytes())
    if head["version"] != VERSION:
        raise ValueError(f"version {head['version']}")
    return head


def load(path: Path) -> Survey | None:
    """The survey in a file; None where it is damaged or of another version: then it is to be made anew."""
    try:
        with np.load(path, allow_pickle=False) as file:
            head = _head(file)
            names = ("counts", "means", "deviations", "closed", "open")
            gates = Statistics(head, head["blocks"], apart(head["labels"]), *(file[name] for name in names))
            peaks = head["peaks"] and Peaks(head["peaks"], *(file[f"peak_{name}"] for name in Peaks._fields[1:]))
        _check(gates, peaks)
        return Survey(gates, peaks)
    except DAMAGES:
        return None


def _check(gates: Statistics, peaks: Peaks | None) -> None:
    shape = len(gates.labels), sum(gates.blocks.values())
    if gates.means.shape != shape or gates.deviations.shape != shape or gates.counts.shape != shape[:1] or not gates.images:
        raise ValueError("shapes")
    if gates.closed.shape != (len(gates.blocks),) or gates.open.shape != gates.closed.shape:
        raise ValueError("shapes")
    if peaks and any(array.shape != (sum(peaks.keys.values()), peaks.values.shape[1]) for array in peaks[1:]):
        raise ValueError("shapes")


@lru_cache(maxsize=256)
def _read_head(path: Path, version: tuple[int, int]) -> dict | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return _head(file)
    except DAMAGES:
        return None


def read_head(path: Path, recorded: bool = False) -> Head | None:
    """That of a survey's file; None where there is none, or a damaged one."""
    try:
        facts = path.stat()
    except OSError:
        return None
    head = _read_head(path, (facts.st_mtime_ns, facts.st_size))
    return None if head is None else Head(path, facts.st_mtime_ns, head, recorded)


def available(entry: Entry, shipped: Path = SHIPPED) -> list[Head]:
    """The surveys of a model: those that were made here, of many images first, and the one that came with the app, if its weights are
    the same still. Raises `UserError` where the model's file cannot be read."""
    weights = digest(entry.path)
    here = [head for path in sorted(folder().glob(f"{weights}.*.npz")) if (head := read_head(path))]
    recorded = read_head(shipped / f"gates-{entry.name}.npz", True)
    own = [recorded] if recorded and recorded.facts["weights"] == weights else []
    return sorted(here, key=lambda head: -head.images) + own


def best(entry: Entry, shipped: Path = SHIPPED) -> Head | None:
    """The survey that says most of a model: of the data it has learnt, else of most images; None where there is none."""
    learnt = entry.card.get("data")
    name = learnt.get("name") if isinstance(learnt, dict) else None
    return min(available(entry, shipped), key=lambda head: (title(head.data) != title(name), -head.images, head.recorded), default=None)


def title(data: object) -> str:
    """What data of that name is called on a page."""
    return "Imagenette" if str(data).startswith("imagenette2-") else str(data)


@lru_cache(maxsize=64)
def _means(path: Path, version: int) -> dict[str, np.ndarray] | None:
    """The means alone: a whole survey is large."""
    survey = load(path)
    return survey and {block: survey.gates.overall(block).astype(np.float32) for block in survey.gates.blocks}


def mean_gates(entry: Entry, shipped: Path = SHIPPED) -> dict[str, np.ndarray] | None:
    """Block id → mean gate over all images of a data set (C, float32); None where nobody has measured it for these weights."""
    head = best(entry, shipped)
    return head and _means(head.path, head.version)


def save(path: Path, survey: Survey) -> None:
    """Raises `UserError` where it cannot be written; a survey that was there is then as it was."""
    files.write(path, dumps(survey))
