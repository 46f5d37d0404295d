"""The machine underneath: its processor, and the cores, memory and idle time that this process may really use.

Inside a container the machine's own figures mislead; the limits of the process's control groups (Linux) are applied.
"""

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
CPUINFO = Path("/proc/cpuinfo")


def _text(path: Path) -> str:
    """The stripped text of a file of the kernel, or "" where it is absent or refused."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None


def _groups(controller: str) -> Iterator[tuple[Path, int]]:
    """The folders of the control groups that this process is in, innermost first, and their version: 1 or 2.

    A limit may be set on any of them. Inside a container the path is often the host's, and only the outermost folder exists.
    """
    for line in _text(MEMBERSHIP).splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            root, version = CGROUPS, 2
        elif controller in controllers.split(","):
            root, version = CGROUPS / controller, 1
        else:
            continue
        inner = root / path.lstrip("/")
        for folder in (inner, *inner.parents):
            if folder.is_dir():
                yield folder, version
            if folder == root:
                break


def _quota(folder: Path, version: int) -> float | None:
    """The cores that one control group may keep busy, None without a limit."""
    if version == 2:
        quota, _, period = _text(folder / "cpu.max").partition(" ")
    else:
        quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None


def _room(folder: Path, version: int) -> tuple[int, int] | None:
    """The memory limit of one control group and what is left of it, bytes; cached files count as free, for they give way."""
    names = ("memory.max", "memory.current", "inactive_file") if version == 2 else (
        "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    limit, used = _number(folder / names[0]), _number(folder / names[1])
    if limit is None or used is None:
        return None
    counters = dict(line.split(" ", 1) for line in _text(folder / "memory.stat").splitlines() if " " in line)
    cached = counters.get(names[2], "0")
    return limit, max(0, limit - used + (int(cached) if cached.isdigit() else 0))


def _rooms() -> list[tuple[int, int]]:
    return [room for folder, version in _groups("memory") if (room := _room(folder, version))]


@lru_cache(maxsize=1)
def processor() -> str:
    """The processor's name for people, such as "AMD EPYC 7763 64-Core Processor"."""
    name = ""
    if platform.system() == "Linux":
        lines = dict(line.split(":", 1) for line in _text(CPUINFO).splitlines() if ":" in line)
        fields = {key.strip().lower(): value.strip() for key, value in lines.items()}
        name = fields.get("model name") or fields.get("hardware") or ""
    elif platform.system() == "Darwin":
        asked = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False)
        name = asked.stdout
    return " ".join((name or platform.processor() or platform.machine() or "unknown processor").split())


def cores() -> int:
    """The logical cores this process may use: the scheduler's affinity, and at most the control group's quota, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for folder, version in _groups("cpu") if (quota := _quota(folder, version))]
    return max(1, int(min([allowed, *quotas])))


def memory_total() -> int:
    """Bytes of memory: the machine's, or the control group's limit where that is lower."""
    return min([psutil.virtual_memory().total, *(limit for limit, _ in _rooms())])


def memory_available() -> int:
    """Bytes that can be allocated now without swapping, inside the control group's limit."""
    return min([psutil.virtual_memory().available, *(left for _, left in _rooms())])


def memory_peak(device: str = "cpu") -> int:
    """The most bytes that this process has held so far: on a GPU its tensors there, otherwise all its memory."""
    if device.startswith("cuda"):
        import torch

        return torch.cuda.max_memory_allocated(device)
    info = psutil.Process().memory_info()
    if hasattr(info, "peak_wset"):  # Windows
        return info.peak_wset
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def busy_seconds() -> float | None:
    """Core-seconds that all cores together have been busy since the machine started; None where that cannot be read.

    Time taken by other guests of the same host ("steal") counts as busy.
    """
    try:
        times = psutil.cpu_times()
    except (psutil.Error, OSError, RuntimeError):
        return None
    busy = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
    return busy or None


def describe() -> dict:
    """What a measurement must be read with: processor, cores, memory in bytes, operating system and Python. JSON-able."""
    return {"processor": processor(), "cores": cores(), "memory": memory_total(),
            "system": f"{platform.system()} {platform.release()}".strip(), "python": platform.python_version()}


def keep_freed_memory(limit: int = 2**31 - 1) -> None:
    """Lets this process keep freed blocks, up to `limit` bytes, for the next step instead of handing them back, where the C library is glibc.

    Otherwise every activation of every pass is fetched from the system page by page, which costs a sixth to a quarter of the time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(-3, 32 * 2**20)  # M_MMAP_THRESHOLD: blocks up to 32 MiB, the most it takes, come from the heap
        mallopt(-1, limit)  # M_TRIM_THRESHOLD: and that much of it may lie free


def hand_back_at_once() -> None:
    """From now on every larger block is fetched from the system by itself and handed back when it is freed, where the C library is glibc: the
    size of the process is what it holds, without gaps between blocks. That costs time, and is not undone."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(-3, 2**16)  # M_MMAP_THRESHOLD


def give_back_memory() -> None:
    """Hands memory that was freed between blocks still in use back to the system, where the C library is glibc, which would keep it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
