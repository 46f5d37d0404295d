"""Measurements that were recorded elsewhere and are shipped with the app: read from JSON, and written from fresh ones.

A file holds one series: the date, the machine and the versions, and one entry per network, all on one device with one batch size
and one number of threads. Milliseconds are of a forward pass of the whole batch.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from ..families import NAMES

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "measurements"
FIGURES = ("median_ms", "p10_ms", "p90_ms", "steady", "note")  # of a network, as `Latency.to_dict` has them


class Series(NamedTuple):
    """One file. `times` has, by `published` name, the figures of `FIGURES` and the number of "passes"."""

    date: str  # year-month-day
    device: str
    device_name: str
    batch: int
    threads: int
    machine: dict  # as `machine.describe` gives it
    versions: dict
    times: dict[str, dict]

    @property
    def title(self) -> str:
        """Where, how and when, for people."""
        threads = "" if self.device != "cpu" else ", 1 thread" if self.threads == 1 else f", {self.threads} threads"
        return f"{self.device_name}, batch {self.batch}{threads}, {self.date}"


def from_records(records: dict[str, dict], date: str) -> Series:
    """One series of `Latency.to_dict()` by `published` name. Raises `UserError` where they do not belong together."""
    unknown = [name for name in records if name not in NAMES]
    if not records or unknown:
        raise UserError(f"A series needs measurements of released networks; got {', '.join(unknown) or 'none'}.")
    common = {tuple(record[key] for key in ("device", "device_name", "batch", "threads")) for record in records.values()}
    if len(common) > 1:
        raise UserError("A series has one device, one batch size and one number of threads; these records differ in them.")
    first = next(iter(records.values()))
    times = {name: {**{key: record[key] for key in FIGURES}, "passes": len(record["samples_ms"])} for name, record in records.items()}
    return Series(date, *common.pop(), first["machine"], first["versions"], times)


def dumps(series: Series) -> str:
    return json.dumps(series._asdict(), indent=1, ensure_ascii=False) + "\n"


def loads(text: str) -> Series:
    """The inverse of `dumps`. Raises `UserError` for anything else."""
    try:
        found = Series(**json.loads(text))
        complete = all(name in NAMES and float(row["median_ms"]) > 0 for name, row in found.times.items()) and found.times
    except (ValueError, TypeError, KeyError, AttributeError):
        complete = False
    if not complete:
        raise UserError("This is no series of recorded measurements; python -m tests.bench.record writes one.")
    return found


def shipped(folder: Path = FOLDER) -> Sequence[Series]:
    """All series in the folder, `latency*.json`, by file name; none where there is no folder. Raises `UserError` for a broken file."""
    return [loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("latency*.json"))]
