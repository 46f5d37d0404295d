"""Points of a line measured one after another, each with its time and its memory peak, the cheapest first."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from .. import machine
from ..cost import cost
from ..devices import check_memory, find_device, versions
from ..errors import UserError
from ..families import to_spec
from ..latency import measure
from ..network import Network, build
from ..scaling import check, check_count
from ..timing import threads as threaded
from .needs import memory_needed
from .peak import peak_bytes
from .plan import LIMIT_S, OVERHEAD_S, POINTS_RANGE, Point, expected_s, seconds_each

SEED = 0
LATER = "later"  # how memory is found that has not been measured yet
LIMIT_RANGE = (1.0, 3600.0)


class Stand(NamedTuple):
    """How far a sweep is."""

    phase: str
    place: int  # of the point that is being measured, from 0
    value: float  # its value
    fraction: float  # done of the whole, by time
    ms: float | None  # its median so far
    left_s: float | None  # for all that follows; None before the first pass


def sweep(
    points: Sequence[Point],
    *,
    device: str = "cpu",
    threads: int | None = None,
    limit_s: float = LIMIT_S,
    on_progress: Callable[[Stand], None] | None = None,
    on_point: Callable[[dict], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict:
    """Measures every point as `latency.measure` does without layers; when all times are there, the memory peak of each in one more pass.

    What does not fit into memory, and what would not end before `limit_s` seconds are over, is left out with a sentence; the others go
    on. After every step `on_point` gets the record so far. Where `should_stop` turns true, what is there is the result.

    Returns JSON values: the settings, the machine, whether it was `stopped`, for all points their `values`, `work` (MACs of a pass) and
    `counted` (bytes, weights included, by `needs.memory_needed`), and under `"points"`, in the order of `points` as far as they are done,
    `value`, `batch`, `network`, `name`, `side`, `parameters`, `macs` (of one image), `weights` (bytes), `error` (why it was left out, or
    None), and of those that were measured `median_ms`, `p10_ms`, `p90_ms`, `images_per_second`, `passes`, `steady`, `note`, `memory` (bytes
    beside the weights, or None) and `memory_by`, as `peak.peak_bytes` has it, or "later". Raises `UserError`
    for a device that is not here and numbers out of range.
    """
    where = find_device(device)
    threads = check_count("The number of threads", machine.cores() if threads is None else threads, (1, machine.cores()))
    check("The time limit", limit_s, LIMIT_RANGE, " seconds")
    check_count("The number of points", len(points), POINTS_RANGE)
    run = _Sweep(points, where.key, threads, limit_s, on_progress or (lambda stand: None), should_stop or (lambda: False))
    about = {"device": where.key, "device_name": where.name, "threads": threads, "seconds": run.seconds, "limit_s": limit_s,
             "values": [point.value for point in points], "work": [point.macs for point in points],
             "counted": [sum(memory_needed(point.network, point.batch)) for point in points],
             "machine": machine.describe(), "versions": versions(where.key)}
    order = sorted(range(len(points)), key=lambda index: points[index].macs)
    for step, index in ((step, index) for step in (run.time, run.weigh) for index in order):
        if not step(index):
            break
        if on_point is not None:
            on_point({**about, "stopped": False, "points": run.done()})
    return {**about, "stopped": len(run.rows) < len(points), "points": run.done()}


class _Sweep:
    """The rows so far, by index of their point, and what is known of the pace."""

    def __init__(self, points: Sequence[Point], device: str, threads: int, limit_s: float, told: Callable[[Stand], None],
                 should_stop: Callable[[], bool]) -> None:
        self.points, self.device, self.threads, self.told, self.should_stop = points, device, threads, told, should_stop
        self.seconds, self.limit_s = seconds_each(len(points)), limit_s
        self.start = time.monotonic()
        self.rows: dict[int, dict] = {}
        self.per_mac: float | None = None  # seconds
        self.network: Network | None = None

    @property
    def spent_s(self) -> float:
        return time.monotonic() - self.start

    def done(self) -> list[dict]:
        return [{**self.rows[index]} for index in sorted(self.rows)]

    def time(self, index: int) -> bool:
        """Measures that point, or says why not; False where it was stopped meanwhile."""
        point = self.points[index]
        try:
            self.refuse_what_takes_too_long(point)
            figures = {"error": None, **self.measure(point)}
        except UserError as refused:
            if self.should_stop():
                return False
            figures = {"error": str(refused)}
        self.rows[index] = {**described(point), **figures}
        return not self.should_stop()

    def weigh(self, index: int) -> bool:
        """The memory of that point, where it was measured and there is time for it; False where it was stopped."""
        point, row = self.points[index], self.rows[index]
        if self.should_stop():
            return False
        if row["error"] is None and self.spent_s < self.limit_s:
            left = self.owed_s()
            self.told(Stand("memory", index, point.value, self.spent_s / (self.spent_s + left), None, left))
            row["memory"], row["memory_by"] = self.memory(self.ready(point), point)
        return True

    def owed_s(self) -> float:
        """For the passes in which memory is still to be measured."""
        return sum(row["median_ms"] / 1e3 + OVERHEAD_S for row in self.rows.values() if row.get("memory_by") == LATER)

    def refuse_what_takes_too_long(self, point: Point) -> None:
        if self.per_mac is None:
            return
        needed, left = expected_s(self.per_mac * point.macs, self.seconds), self.limit_s - self.spent_s - self.owed_s()
        if needed > left:
            raise UserError(f"It would take about {needed:,.0f} s; {max(0.0, left):,.0f} s of the {self.limit_s:,.0f} s "
                            "for a sweep are left.")

    def measure(self, point: Point) -> dict:
        begun = self.spent_s
        self.tell(point, "building", None, begun)
        check_memory(point.network, point.batch, self.device)
        network = self.ready(point)
        try:
            found = measure(network, batch=point.batch, device=self.device, threads=self.threads, seconds=self.seconds, layers=False, memory=False,
                            on_progress=lambda phase, fraction, ms: self.tell(point, phase, ms, begun),
                            should_stop=lambda: self.should_stop() or self.spent_s > self.limit_s)
        except UserError as ended:
            if self.spent_s > self.limit_s and not self.should_stop():
                raise UserError(f"It was not ready when the {self.limit_s:,.0f} s for a sweep were over.") from ended
            raise
        self.per_mac = found.median_ms / 1e3 / point.macs
        figures = {name: getattr(found, name) for name in ("median_ms", "p10_ms", "p90_ms", "images_per_second", "steady", "note")}
        return {**figures, "passes": len(found.samples_ms), "memory": None, "memory_by": LATER}

    def ready(self, point: Point) -> Network:
        """The point's network on the device; the one before where it is the same."""
        if self.network is None or self.network.architecture != point.network:
            self.network = None  # first gone, then the next
            machine.give_back_memory()
            self.network = build(point.network, seed=SEED).eval().to(self.device)
        return self.network

    def memory(self, network: Network, point: Point) -> tuple[int | None, str]:
        def one_pass() -> None:
            with threaded(self.threads), torch.inference_mode():  # both are a thread's own
                network(torch.ones(point.batch, *point.network.input, device=self.device))  # N C H W

        return peak_bytes(one_pass, self.device)

    def tell(self, point: Point, phase: str, ms: float | None, begun: float) -> None:
        if ms is not None:
            self.per_mac = ms / 1e3 / point.macs
        left = self.left_s(point, begun)
        whole = None if left is None else self.spent_s + left
        self.told(Stand(phase, len(self.rows), point.value, self.spent_s / whole if whole else 0.0, ms, left))

    def left_s(self, point: Point, begun: float) -> float | None:
        """For the rest of `point`, which has `begun` then, and for those after it that fit into the limit."""
        if self.per_mac is None:
            return None
        left = self.owed_s() + max(0.0, expected_s(self.per_mac * point.macs, self.seconds) - (self.spent_s - begun))
        for macs in sorted(other.macs for index, other in enumerate(self.points) if index not in self.rows and other is not point):
            needed = expected_s(self.per_mac * macs, self.seconds)
            left += needed if self.spent_s + left + needed <= self.limit_s else 0.0
        return left


def described(point: Point) -> dict:
    total = cost(point.network)
    return {"value": point.value, "batch": point.batch, "network": to_spec(point.network), "name": point.network.name,
            "side": point.network.scaling.side, "parameters": total.params, "macs": total.macs, "weights": memory_needed(point.network)[0]}
