"""How much memory a piece of work takes at its peak, beyond what was held before it.

The peak of a process only grows, so it is set back before: a GPU's allocator and Linux can do that. Elsewhere memory is looked at again and
again while the work goes on.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import torch

from .. import machine

REFS, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
LOOK_S = 0.001


def peak_bytes(work: Callable[[], object], device: str = "cpu") -> tuple[int | None, str]:
    """The most bytes held while `work` runs, less those held before, and how that was found: by the "allocator" of the GPU, by the
    system's "high-water mark" of the process, by "samples" of its size, or "not measured", with None.

    On the CPU `work` runs in a thread of its own, and nothing should be timed in this process afterwards, see `machine.hand_back_at_once`.
    """
    if device.startswith("cuda"):
        return _allocated(work, device), "allocator"
    if device != "cpu":
        work()
        return None, "not measured"
    machine.hand_back_at_once()
    machine.give_back_memory()
    if (before := _set_back()) is not None:
        _apart(work)
        return max(0, _high_water() - before), "high-water mark"
    return sampled(lambda: _apart(work)), "samples"


def _apart(work: Callable[[], object]) -> None:
    """In a new thread: there the C library has no free blocks of earlier work that it would use again and keep."""
    with ThreadPoolExecutor(1) as alone:
        alone.submit(work).result()


def _allocated(work: Callable[[], object], device: str) -> int:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def _set_back() -> int | None:
    """Makes the present size of the process, which it returns, its highest; None where the system does not do that."""
    try:
        REFS.write_text("5")  # see proc(5)
        return _high_water()
    except (OSError, StopIteration):
        return None


def _high_water() -> int:
    line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def sampled(work: Callable[[], object]) -> int:
    """The same by looking every millisecond; what lasts shorter is missed."""
    process, over = psutil.Process(), threading.Event()
    sizes = [process.memory_info().rss]

    def look() -> None:
        while not over.wait(LOOK_S):
            sizes.append(process.memory_info().rss)

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    try:
        work()
    finally:
        over.set()
        watching.join()
    return max(sizes) - sizes[0]
