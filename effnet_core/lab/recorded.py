"""Measurements that were recorded elsewhere and are shipped with the app: read from JSON, and written from fresh ones.

A file holds one series: the date, the machine and the versions, and one entry per network, all on one device with one batch size,
one number of threads, one way to run and one precision. Milliseconds are of a forward pass of the whole batch.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from ..families import NAMES, RIVALS, published

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "measurements"
NETWORKS = (*(f"b{phi}" for phi in range(8)), *RIVALS)  # that a series has unless others are named
FIGURES = ("median_ms", "p10_ms", "p90_ms", "steady", "note")  # of a network, as `Latency.to_dict` has them
PLAIN = {"way": "plain", "precision": "fp32"}  # where a record or an older file does not say
DIGITS = 4  # of a layer's milliseconds


class Series(NamedTuple):
    """One file. `times` has, by `published` name, the figures of `FIGURES` and the number of "passes"; in newer files also
    "images_per_second", "way", "precision" and, where layers were timed, "layers" (layer id → ms), as `Latency` has them."""

    date: str  # year-month-day
    device: str
    device_name: str
    batch: int
    threads: int
    machine: dict  # as `machine.describe` gives it
    versions: dict
    times: dict[str, dict]

    @property
    def run(self) -> tuple[str, str]:
        """The way to run and the precision, as `speed.ways` names them."""
        first = next(iter(self.times.values()))
        return first.get("way", PLAIN["way"]), first.get("precision", PLAIN["precision"])

    @property
    def title(self) -> str:
        """Where, how and when, for people."""
        threads = "" if self.device != "cpu" else ", 1 thread" if self.threads == 1 else f", {self.threads} threads"
        special = "".join(f", {said}" for said, usual in zip(self.run, PLAIN.values()) if said != usual)
        return f"{self.device_name}, batch {self.batch}{threads}{special}, {self.date}"


def from_records(records: Mapping[str, Mapping], date: str) -> Series:
    """One series of `Latency.to_dict()` by `published` name. Raises `UserError` where they do not belong together."""
    unknown = [name for name in records if name not in NAMES]
    if not records or unknown:
        raise UserError(f"A series needs measurements of released networks; got {', '.join(unknown) or 'none'}.")
    full = {name: {**PLAIN, **record} for name, record in records.items()}
    common = {tuple(record[key] for key in ("device", "device_name", "batch", "threads", *PLAIN)) for record in full.values()}
    if len(common) > 1:
        raise UserError("A series has one device, one batch size, one number of threads, one way to run and one precision; "
                        "these records differ in them.")
    first = next(iter(full.values()))
    return Series(date, *common.pop()[:4], first["machine"], first["versions"], {name: _entry(record) for name, record in full.items()})


def _entry(record: Mapping) -> dict:
    entry = {key: record[key] for key in (*FIGURES, *PLAIN)}
    entry |= {"passes": len(record["samples_ms"]), "images_per_second": 1e3 * record["batch"] / record["median_ms"]}
    if layers := record.get("layers"):
        entry["layers"] = {layer: round(ms, DIGITS) for layer, ms in layers.items()}
    return entry


def dumps(series: Series) -> str:
    return json.dumps(series._asdict(), indent=1, ensure_ascii=False) + "\n"


def loads(text: str) -> Series:
    """The inverse of `dumps`; older files, which know nothing of layers and ways, are read as they are. Raises `UserError` for anything else."""
    try:
        found = Series(**json.loads(text))
        complete = _told(found) and all(name in NAMES and _complete(name, row) for name, row in found.times.items()) and found.times
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        complete = False
    if not complete:
        raise UserError("This is no series of recorded measurements; python -m effnet_core latency --record FILE writes one.")
    return found


def _told(series: Series) -> bool:
    """Whether it says where, when and how, as those who show it expect."""
    words = (series.date, series.device, series.device_name, *(series.machine[key] for key in ("processor", "system")), series.versions["torch"])
    counts = (series.batch, series.threads, series.machine["cores"])
    return all(isinstance(word, str) for word in words) and all(type(count) is int and count > 0 for count in counts)


def _complete(name: str, row: Mapping) -> bool:
    """Its times are in order, and where there are some of layers, they are of all its layers."""
    layers = row.get("layers", {})
    timed = not layers or {*layers} == {layer.id for layer in published(name).layers} and min(map(float, layers.values())) >= 0 < sum(layers.values())
    return 0 < row["p10_ms"] <= row["median_ms"] <= row["p90_ms"] < math.inf and isinstance(row["steady"], bool) and timed


def shipped(folder: Path = FOLDER) -> Sequence[Series]:
    """All series in the folder, `latency*.json`, by file name; none where there is no folder. Raises `UserError` for a broken file."""
    return [loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("latency*.json"))]
