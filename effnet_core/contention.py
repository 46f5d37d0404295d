"""Whether other work disturbed a measurement: what the process got of its cores, and what others took meanwhile."""

import sys
import time
from typing import NamedTuple

import psutil

from . import machine

if sys.platform != "win32":
    import resource

SPREAD = 1.5  # 90th percentile over median
THREAD_SHARE = 0.9  # the measuring thread computes or spins all the time unless something takes its core
SPARE_CORES = 0.25
PREEMPTIONS = 100.0  # per second and thread


class Reading(NamedTuple):
    """Clocks at one moment, seconds, and how often the process was put aside for another."""

    wall: float
    thread: float
    process: float
    busy: float | None
    preemptions: int | None


def read() -> Reading:
    """To be taken in the measuring thread."""
    preempted = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if sys.platform != "win32" else None
    return Reading(time.perf_counter(), time.thread_time(), time.process_time(), machine.busy_seconds(), preempted)


def between(before: Reading, after: Reading) -> dict[str, float | None]:
    """What happened from `before` to `after`; JSON-able, None where the system does not say.

    `thread_share`: time the measuring thread was on a core, 0 … 1. `cores_used`: by this process, `cores_others`: by all others,
    on average. `preemptions`: times per second that the process had to leave a core.
    """
    wall = after.wall - before.wall
    used = (after.process - before.process) / wall
    others = None if before.busy is None or after.busy is None else max(0.0, (after.busy - before.busy) / wall - used)
    preempted = None if before.preemptions is None else (after.preemptions - before.preemptions) / wall
    return {"thread_share": (after.thread - before.thread) / wall, "cores_used": used, "cores_others": others,
            "preemptions": preempted}


def complaints(conditions: dict[str, float | None], threads: int, on_cpu: bool, spread: float) -> list[str]:
    """Sentences on what makes the figure doubtful; none if it can be trusted. `spread` is the 90th percentile over the median.

    The `thread_share` is None where the measuring thread sleeps while other threads of the process work.
    """
    share, others, preempted = (conditions[name] for name in ("thread_share", "cores_others", "preemptions"))
    found = [(spread > SPREAD, f"One pass in ten took {spread:.1f} times the median or longer.")]
    if on_cpu:
        cores = psutil.cpu_count() or 1
        found += [
            (share is not None and share < THREAD_SHARE, f"The measuring thread had a core only {100 * (share or 0.0):.0f} % of the time."),
            (others is not None and others + threads > cores + SPARE_CORES,
             f"Other work kept {others or 0.0:.1f} of {cores} cores busy meanwhile."),
            (preempted is not None and preempted > PREEMPTIONS * threads,
             f"The process was interrupted {preempted or 0.0:.0f} times a second."),
        ]
    return [sentence for doubtful, sentence in found if doubtful]
