"""Convolutions against the clock: given ones in turn, so that whatever disturbs the machine disturbs all of them alike."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .. import contention, machine
from ..cost import FLOAT_BYTES
from ..devices import out_of_memory, setting, versions
from ..errors import UserError
from ..speed.intensity import moved
from ..timing import Progress, Times, pass_ms, percentile, repeat, sampling, warming
from ..timing import threads as threaded
from .convolution import Convolution

Way = Sequence[Convolution]  # one after another
BATCH_RANGE = (1, 256)
ROUNDS = 20
SEED = 0
CALL = "call"  # a convolution of next to nothing: what it takes to ask torch for one at all
COPY = "copy"  # of the map that comes in: what it takes to read and write it and do nothing else


class Copy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


class Padded(nn.Module):
    """One `Convolution`: N M D D → N N′ D′ D′, without bias. Zeros come with the convolution itself where as many go before as after."""

    def __init__(self, shape: Convolution) -> None:
        super().__init__()
        before, after = shape.zeros
        self.uneven = (before, after, before, after) if before != after else None
        zeros = 0 if self.uneven else before
        self.convolution = nn.Conv2d(shape.inputs, shape.outputs, shape.kernel, shape.stride, zeros, groups=shape.groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x if self.uneven is None else F.pad(x, self.uneven))


def built(way: Way) -> nn.Module:
    """The convolutions of `way` in a row, nothing between them."""
    return nn.Sequential(*map(Padded, way)) if len(way) > 1 else Padded(way[0])


def memory_needed(ways: Mapping[str, Way], batch: int) -> int:
    """Bytes of all kernels and inputs, of the copy, and of the hungriest step twice, since torch may copy into the order that it wants."""
    kernels = FLOAT_BYTES * sum(shape.params for way in ways.values() for shape in way)
    maps = [_numbers(way[0]) for way in ways.values()]
    return kernels + FLOAT_BYTES * batch * (sum(maps) + 2 * max(maps)) + 2 * batch * max(shape.bytes for way in ways.values() for shape in way)


def _check_memory(ways: Mapping[str, Way], batch: int, device: str) -> None:
    needed = memory_needed(ways, batch)
    available = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else machine.memory_available()
    if needed > available:
        raise UserError(f"These convolutions with a batch of {batch} need about {needed / 1e9:,.2f} GB, and {device} has "
                        f"{available / 1e9:,.2f} GB of memory free; fewer channels, a smaller map or a smaller batch would fit.")


def race(
    ways: Mapping[str, Way],
    *,
    batch: int = 1,
    device: str = "cpu",
    threads: int | None = None,
    seconds: float = 2.0,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict:
    """Times all `ways` on random maps (`batch` M D D), fp32 and in inference mode, one pass of each in every round.

    First rounds that do not count, until they stop getting faster; then at least 20 and at least `seconds`. Beside them run a convolution
    of next to nothing (1 × 1 × 1), whose time is that of a call, and a copy of the largest map that comes in, whose pace is that of memory
    or of the cache that holds it.

    Returns JSON values: the settings, the machine, `call_ms`, `copy_ms`, `copied_per_s` (bytes, read and written), whether the figures are
    `steady` and a `note` where not, and under `"ways"` of each `rounds`, `median_ms`, `p10_ms`, `p90_ms`, `macs` (one image), `params`,
    `bytes` (of one pass: every map once, kernels once) and `macs_per_s`. Raises `UserError` for a device that is not here, numbers out of
    range, too little memory, and where it was stopped.
    """
    where, batch, threads = setting(device, batch, threads, seconds, BATCH_RANGE)
    _check_memory(ways, batch, where.key)
    with threaded(threads), _memory_told(where.key), torch.inference_mode():
        warmup, samples, conditions = _rounds(ways, batch, where.key, seconds, on_progress, should_stop)
    spread = max(percentile(times, 90) / percentile(times, 50) for name, times in samples.items() if name in ways)
    doubts = contention.complaints(conditions, threads, where.key == "cpu", spread)
    return {"device": where.key, "device_name": where.name, "batch": batch, "threads": threads, "warmup": warmup,
            **_beside(samples, 2 * FLOAT_BYTES * batch * _numbers(_largest(ways))),
            "ways": {name: _figures(way, samples[name], batch) for name, way in ways.items()}, "machine": machine.describe(),
            "versions": versions(where.key), "conditions": conditions, "steady": not doubts, "note": " ".join(doubts) or None}


@contextmanager
def _memory_told(device: str) -> Iterator[None]:
    """What torch says of too little memory becomes a sentence."""
    try:
        yield
    except RuntimeError as failed:
        if not out_of_memory(failed):
            raise
        raise UserError(f"{device} ran out of memory; fewer channels, a smaller map or a smaller batch would fit.") from failed


def _beside(samples: Mapping[str, Times], copied: int) -> dict[str, float]:
    """What a call takes, and how fast the copy of the largest map moved its bytes."""
    call, copy = statistics.median(samples[CALL]), statistics.median(samples[COPY])
    return {"call_ms": call, "copy_ms": copy, "copy_bytes": copied, "copied_per_s": 1e3 * copied / copy}


def _numbers(shape: Convolution) -> int:
    return shape.inputs * shape.side**2


def _largest(ways: Mapping[str, Way]) -> Convolution:
    """The one that reads the largest map."""
    return max((way[0] for way in ways.values()), key=_numbers)


def _rounds(ways: Mapping[str, Way], batch: int, device: str, seconds: float, on_progress: Progress | None,
            should_stop: Callable[[], bool] | None) -> tuple[int, dict[str, Times], dict]:
    """How many rounds did not count, the times of those that did by way, and what went on meanwhile."""
    dice = torch.Generator().manual_seed(SEED)

    def entry(module: nn.Module, first: Convolution) -> tuple[nn.Module, Tensor]:
        return module.eval().to(device), torch.randn(batch, first.inputs, first.side, first.side, generator=dice).to(device)  # N M D D

    call = Convolution(1, 1, 1, 1)
    runs = {name: entry(built(way), way[0]) for name, way in ways.items()}
    runs |= {CALL: entry(built((call,)), call), COPY: entry(Copy(), _largest(ways))}
    samples: dict[str, Times] = {name: [] for name in runs}

    def one() -> float:
        start = time.perf_counter()
        for name, (module, x) in runs.items():
            samples[name].append(pass_ms(module, x))
        return 1e3 * (time.perf_counter() - start)

    warmed = repeat(one, warming, "warming up", on_progress, should_stop)
    samples.update({name: [] for name in runs})
    before = contention.read()
    repeat(one, lambda times: sampling(times, ROUNDS, seconds), "measuring", on_progress, should_stop)
    return len(warmed), samples, contention.between(before, contention.read())


def _figures(way: Way, times: Times, batch: int) -> dict:
    median, macs = statistics.median(times), sum(shape.macs for shape in way)
    maps = sum(shape.inputs * shape.side**2 + shape.outputs * shape.cells**2 for shape in way)
    params = sum(shape.params for shape in way)
    return {"way": [asdict(shape) for shape in way], "rounds": len(times), "median_ms": median, "p10_ms": percentile(tuple(times), 10),
            "p90_ms": percentile(tuple(times), 90), "macs": macs, "params": params, "bytes": moved(maps, params, batch),
            "macs_per_s": 1e3 * batch * macs / median}
