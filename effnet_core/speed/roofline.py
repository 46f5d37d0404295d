"""The roofs of this machine, measured: how fast it multiplies and how fast it moves numbers; and a network beside them, layer by layer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch

from .. import contention, latency, machine
from ..cost import cost
from ..devices import check_memory, setting, versions
from ..errors import UserError
from ..families import to_spec
from ..network import Network
from ..timing import Progress, Times, percentile, repeat, sampling, synchronise, threads as threaded, warming
from .prepared import DTYPES

SIDES = {"cpu": (256, 512, 1024), "gpu": (1024, 2048, 4096)}  # of the square matrices that are multiplied
HELD = tuple(2**power for power in range(16, 29, 2))  # bytes: 64 KiB, for the nearest caches, to 256 MiB, beyond those of nearly all
AT_LEAST = 2**25  # bytes moved between two looks at the clock
ROUNDS = 10
WAYS = ("plain", "fused")
PARTS = {"preparing": (0.0, 0.0), "warming up": (0.0, 0.2), "measuring": (0.2, 0.75), "layers": (0.75, 1.0)}  # of `latency.measure`: where each begins and ends
SEED = 0


class Task(NamedTuple):
    """What is timed: `run` does it `times` over, so that the clock does not weigh."""

    run: Callable[[], object]
    times: int
    told: dict  # what it is, JSON values


def measure(
    network: Network,
    *,
    batch: int = 1,
    device: str = "cpu",
    threads: int | None = None,
    seconds: float = 2.0,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict:
    """The roofs of `device` with so many `threads`, then the plain network and our fused path under them, whole and by layer, in fp32.

    Returns JSON values: the settings, the machine, under `"roofs"` what `roofs` gives, under `"ways"` by name what `latency.measure`
    gives, and `steady` with a `note` where something disturbed any of them. Raises `UserError` for a device that is not here, numbers out of
    range, too little memory, and where it was stopped.
    """
    where, batch, threads = setting(device, batch, threads, seconds)
    check_memory(network.architecture, batch, where.key)
    found = roofs(where.key, threads, seconds, on_progress, should_stop)
    asked = {"batch": batch, "device": where.key, "threads": threads, "seconds": seconds, "memory": False, "should_stop": should_stop}
    ways = {way: _layered(network, way, on_progress, asked) for way in WAYS}
    total = cost(network.architecture)
    doubts = {"the height of the roofs": found, "the plain network": ways["plain"], "the fused path": ways["fused"]}
    return {"network": to_spec(network.architecture), "name": network.architecture.name, "device": where.key, "device_name": where.name,
            "batch": batch, "threads": threads, "parameters": total.params, "macs": total.macs, "roofs": found, "ways": ways,
            "machine": machine.describe(), "versions": versions(where.key),
            "steady": all(part["steady"] for part in doubts.values()),
            "note": _note({what: part["note"] for what, part in doubts.items() if part["note"]})}


def _note(told: dict[str, str]) -> str | None:
    """Of the first part that has one, and which others have."""
    if not told:
        return None
    (first, note), *rest = told.items()
    return f"While {first} was measured: {note}" + (f" Likewise for {' and '.join(what for what, _ in rest)}." if rest else "")


def _layered(network: Network, way: str, on_progress: Progress | None, asked: dict) -> dict:
    """One way to run, measured as the whole and by layer."""
    def tell(phase: str, fraction: float, ms: float | None) -> None:
        begins, ends = PARTS[phase]
        on_progress(way, begins + fraction * (ends - begins), ms)

    return latency.measure(network, way=way, **asked, on_progress=on_progress and tell).to_dict()


def roofs(device: str, threads: int, seconds: float, on_progress: Progress | None = None,
          should_stop: Callable[[], bool] | None = None) -> dict:
    """How fast this machine multiplies and moves: products of matrices of several sizes in every precision that it has instructions for,
    and two movements of arrays of several sizes: a copy into another array, and a pass that writes where it has read.

    All in turn, round by round, so that whatever disturbs the machine disturbs all alike. Before each that counts goes one that does not,
    which brings into the caches what they can hold. JSON values: `"products"` with `precision`, `side`, `median_ms` and `macs_per_s`;
    `"movements"` with `kind`, `held` (bytes), `median_ms` and `bytes_per_s`, read and written; `rounds`, `conditions`, `steady`, `note`.
    Raises `UserError` for too little memory and where it was stopped.
    """
    free = _free(device)
    with threaded(threads), torch.inference_mode(), _alike(device):
        products, movements = [*_products(device)], [*_movements(device, free)]
        tasks = products + movements
        samples: list[Times] = [[] for _ in tasks]

        def one() -> float:
            start = time.perf_counter()
            for task, times in zip(tasks, samples):
                times.append(_task_ms(task, torch.device(device)))
            return 1e3 * (time.perf_counter() - start)

        repeat(one, warming, "warming up", on_progress and (lambda _, done, ms: on_progress("roofs", 0.3 * done, None)), should_stop)
        for times in samples:
            times.clear()
        before = contention.read()
        rounds = repeat(one, lambda times: sampling(times, ROUNDS, seconds), "measuring",
                        on_progress and (lambda _, done, ms: on_progress("roofs", 0.3 + 0.7 * done, None)), should_stop)
        conditions = contention.between(before, contention.read())
    medians = [percentile(tuple(times), 50) for times in samples]
    doubts = contention.complaints(conditions, threads, device == "cpu", _spread(products, samples, medians))
    rows = [{**task.told, "median_ms": ms} for task, ms in zip(tasks, medians)]
    return {"products": [{**row, "macs_per_s": 1e3 * row["side"]**3 / row["median_ms"]} for row in rows if "side" in row],
            "movements": [{**row, "bytes_per_s": 1e3 * row["moved"] / row["median_ms"]} for row in rows if "held" in row],
            "rounds": len(rounds), "conditions": conditions, "steady": not doubts, "note": " ".join(doubts) or None}


def _task_ms(task: Task, device: torch.device) -> float:
    """Milliseconds of doing it once."""
    task.run()
    synchronise(device)
    start = time.perf_counter()
    for _ in range(task.times):
        task.run()
    synchronise(device)
    return 1e3 * (time.perf_counter() - start) / task.times


def _spread(products: list[Task], samples: list[Times], medians: list[float]) -> float:
    """Of the largest product and the largest movement in fp32, each 90th percentile over median."""
    largest = max(place for place, task in enumerate(products) if task.told["precision"] == "fp32")
    return max(percentile(tuple(samples[place]), 90) / medians[place] for place in (largest, len(samples) - 1))


def precisions(device: str) -> tuple[str, ...]:
    """Those that the device has instructions for, fp32 first."""
    if device.startswith("cuda"):
        return ("fp32", "bf16", "fp16") if torch.cuda.is_bf16_supported(including_emulation=False) else ("fp32", "fp16")
    if device == "mps":
        return ("fp32", "fp16")
    asked = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return ("fp32", "bf16") if asked is not None and asked() else ("fp32",)


def _sides(device: str) -> tuple[int, ...]:
    return SIDES["cpu" if device == "cpu" else "gpu"]


def _products(device: str) -> Iterator[Task]:
    dice = torch.Generator().manual_seed(SEED)
    for precision in precisions(device):
        for side in _sides(device):
            a, b = (torch.randn(side, side, generator=dice).to(device, DTYPES[precision]) for _ in range(2))
            c = torch.empty_like(a)
            yield Task(lambda a=a, b=b, c=c: torch.mm(a, b, out=c), 1, {"precision": precision, "side": side})


def _free(device: str) -> int:
    """Bytes that are free there. Raises `UserError` where they do not hold the matrices and the smallest array."""
    free = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else machine.memory_available()
    matrices = 3 * sum(side**2 for side in _sides(device)) * sum(DTYPES[precision].itemsize for precision in precisions(device))
    if (needed := matrices + 4 * HELD[0]) > free:
        raise UserError(f"Measuring the roofs of {device} needs about {needed / 1e9:,.2f} GB, and {free / 1e9:,.2f} GB of memory are free.")
    return free


def _movements(device: str, free: int) -> Iterator[Task]:
    """Of fp32 numbers, in at most a quarter of what is `free`. A copy moves every byte that it holds once; in place each is moved twice."""
    sizes = [size for size in HELD if 4 * size <= free]
    room = torch.ones(sizes[-1] // 4, device=device)  # one for all
    for held in sizes:
        whole = room[: held // 4]
        source, target = whole.chunk(2)
        yield Task(lambda a=source, b=target: b.copy_(a), max(1, AT_LEAST // held), {"kind": "copy", "held": held, "moved": held})
        yield Task(lambda x=whole: x.mul_(1.0), max(1, AT_LEAST // (2 * held)), {"kind": "in place", "held": held, "moved": 2 * held})


@contextmanager
def _alike(device: str) -> Iterator[None]:
    """On CUDA products round as convolutions do, so that both are under one roof: to TF32 or not."""
    products, before = torch.backends.cuda.matmul, torch.backends.cuda.matmul.allow_tf32
    try:
        if device.startswith("cuda"):
            products.allow_tf32 = torch.backends.cudnn.allow_tf32
        yield
    finally:
        products.allow_tf32 = before
