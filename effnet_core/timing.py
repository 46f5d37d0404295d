"""Forward passes against the clock, on any device: one after another until there are enough, and layer by layer through hooks."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from .errors import UserError
from .speed.needs import Times, sampling as sampling, warming as warming  # known without torch; whoever times finds them here

TELL_S = 0.2  # between two reports of progress
BATCH_RANGE = (1, 1024)
SECONDS_RANGE = (0.0, 300.0)

Progress = Callable[[str, float, float | None], None]  # phase, fraction of it done, median so far in milliseconds


def synchronise(device: torch.device) -> None:
    """Waits until the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def threads(count: int) -> Iterator[None]:
    """torch works with so many, and afterwards with as many as before."""
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


def percentile(values: Sequence[float], percent: float) -> float:
    """With linear interpolation between the two nearest of the sorted `values`, as NumPy does it."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def pass_ms(network: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """One forward pass, until the result is there."""
    synchronise(x.device)
    start = time.perf_counter()
    network(x)
    synchronise(x.device)
    return 1e3 * (time.perf_counter() - start)


def repeat(
    run: Callable[[], float],
    fraction: Callable[[Times], float],
    phase: str,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Times:
    """Calls `run` until the `fraction` done is 1, and says it at the start, now and then, and at the end.

    Raises `UserError` where `should_stop` turns true between two passes.
    """
    times: Times = []
    told = -TELL_S
    while (done := fraction(times)) < 1.0:
        if should_stop is not None and should_stop():
            raise UserError("The measurement was stopped before it was complete.")
        if on_progress is not None and time.perf_counter() - told > TELL_S:
            told = time.perf_counter()
            on_progress(phase, done, statistics.median(times) if times else None)
        times.append(run())
    if on_progress is not None and times:
        on_progress(phase, 1.0, statistics.median(times))
    return times


def _mark(device: torch.device):
    """A moment: an event on CUDA, which does not hold up its queue of kernels; on other devices, seconds."""
    if device.type == "cuda":
        event = torch.cuda.Event(enable_timing=True)
        event.record(torch.cuda.current_stream(device))
        return event
    synchronise(device)
    return time.perf_counter()


def _between_ms(start, end) -> float:
    return 1e3 * (end - start) if isinstance(start, float) else start.elapsed_time(end)


@contextmanager
def marked(network: nn.Module, layer_ids: Iterable[str], device: torch.device) -> Iterator[Callable[[], dict[str, Times]]]:
    """While inside, the modules at those paths note when they start and end; what they compute stays as it is.

    Gives a function that returns the times of every module so far; the device must be synchronised when it is called.
    """
    moments: dict[str, list] = {layer_id: [] for layer_id in layer_ids}

    def note(mine: list) -> Callable[..., None]:
        return lambda *_: mine.append(_mark(device))

    def times() -> dict[str, Times]:
        return {layer_id: [_between_ms(*pair) for pair in zip(mine[::2], mine[1::2])] for layer_id, mine in moments.items()}

    with ExitStack() as hooks:
        for layer_id, mine in moments.items():
            module = network.get_submodule(layer_id)
            for register in (module.register_forward_pre_hook, module.register_forward_hook):
                hooks.callback(register(note(mine)).remove)
        yield times
