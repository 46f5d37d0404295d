"""What a sweep says, read from its record (as `speed.sweep.sweep` returns it): where a larger batch stops paying, and time against work."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

HARDLY = 1.25  # a pass that takes less than that many times as long takes hardly longer
WORTH = 1.1  # times as many images per second, for which a larger batch is worth its memory and its waiting


def measured(record: Mapping) -> list[dict]:
    """Its points that have figures, in the order of their work."""
    return sorted((point for point in record["points"] if not point["error"]), key=work)


def left_out(record: Mapping) -> list[dict]:
    return [point for point in record["points"] if point["error"]]


def work(point: Mapping) -> int:
    """MACs of a pass."""
    return point["macs"] * point["batch"]


def pace(point: Mapping) -> float:
    """MACs per second."""
    return 1e3 * work(point) / point["median_ms"]


def held(point: Mapping) -> int | None:
    """Bytes at the peak of a pass: weights, images, activations and what else a pass takes; None where that was not measured."""
    return None if point["memory"] is None else point["weights"] + point["memory"]


def rides_along(points: Sequence[Mapping]) -> Mapping:
    """The largest batch up to which a pass takes hardly longer than that of the first of the `points`, which are `measured`."""
    last = points[0]
    for point in points:
        if point["median_ms"] >= HARDLY * points[0]["median_ms"]:
            break
        last = point
    return last


def pays_until(points: Sequence[Mapping]) -> Mapping:
    """The first of the `points` than which no larger batch has 1.1 times as many images per second or more."""
    def best_after(place: int) -> float:
        return max((point["images_per_second"] for point in points[place + 1 :]), default=0.0)

    return next(point for place, point in enumerate(points) if best_after(place) < WORTH * point["images_per_second"])


class Growth(NamedTuple):
    """From the point with the least work to the one with the most: how many times as much."""

    work: float
    time: float
    pace: float


def growth(points: Sequence[Mapping]) -> Growth:
    first, last = points[0], points[-1]
    return Growth(work(last) / work(first), last["median_ms"] / first["median_ms"], pace(last) / pace(first))


def an_image_more(points: Sequence[Mapping]) -> float | None:
    """Bytes that one more image of the batch adds, from the first point to the last; None where memory was not measured."""
    first, last = points[0], points[-1]
    if first["memory"] is None or last["memory"] is None or last["batch"] == first["batch"]:
        return None
    return (last["memory"] - first["memory"]) / (last["batch"] - first["batch"])


def as_csv(record: Mapping) -> str:
    """One line per point; `record` also has when it was `measured`, in seconds since 1970."""
    text = io.StringIO()
    lines = [_flat(record, point) for point in record["points"]]
    writer = csv.DictWriter(text, [*lines[0]])
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _flat(record: Mapping, point: Mapping) -> dict:
    spec, seen = point["network"], record["machine"]
    figures = ("median_ms", "p10_ms", "p90_ms", "passes", "images_per_second", "memory", "memory_by", "steady", "note")
    return {"over": record["over"], "value": point["value"],
            **{name: spec[name] for name in ("name", "family", "depth", "width", "side", "classes")}, "batch": point["batch"],
            **{name: record[name] for name in ("device", "device_name", "threads")},
            **{name: point[name] for name in ("parameters", "macs", "weights")},
            **{name: "" if point.get(name) is None else point[name] for name in figures},
            "left_out": point["error"] or "", "processor": seen["processor"], "cores": seen["cores"], "system": seen["system"],
            "python": seen["python"], "torch": record["versions"]["torch"],
            "measured": datetime.fromtimestamp(record["measured"], timezone.utc).isoformat(timespec="seconds")}
