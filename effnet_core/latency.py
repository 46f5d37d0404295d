"""How long a forward pass takes on this machine, whole and layer by layer, and whether the figure can be trusted.

A measurement uses the cores, torch's thread setting and the network all alone: one at a time, best in a process of its own.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor, nn

from . import contention, machine
from .architecture import Architecture
from .cost import cost
from .errors import UserError
from .families import to_spec
from .scaling import check, check_count
from .speed.needs import LAYER_REPEATS, LAYER_SHARE, REPEATS, Times, memory_needed, sampling, warming
from .timing import Progress, marked, pass_ms, repeat

BATCH_RANGE = (1, 1024)
SECONDS_RANGE = (0.0, 300.0)
WARMUP_RANGE = (0, 1000)
SEED = 0


class Device(NamedTuple):
    key: str  # torch's name: "cpu", "cuda:0", "mps"
    name: str  # for people


@dataclass(frozen=True)
class Latency:
    """Times, in milliseconds, of forward passes of `batch` images in eval and inference mode, fp32, channels first."""

    network: dict  # the specification, as `families.to_spec` gives it
    device: str
    device_name: str
    batch: int
    threads: int  # of the processor; on a GPU they only feed it
    parameters: int
    macs: int  # of one image
    samples_ms: tuple[float, ...]
    warmup: int  # passes before the first sample
    layers: dict[str, float]  # layer id → median, from passes of their own; empty where not asked for
    hooked_ms: float | None  # median of those passes as wholes; what it exceeds `median_ms` by is the cost of looking
    machine: dict
    versions: dict
    conditions: dict  # what else went on, see `contention.between`
    steady: bool
    note: str | None  # what to know before trusting the figure

    @property
    def name(self) -> str:
        return self.network["name"]

    @property
    def side(self) -> int:
        """Height and width of the images, pixels."""
        return self.network["side"]

    @property
    def median_ms(self) -> float:
        return percentile(self.samples_ms, 50)

    @property
    def p10_ms(self) -> float:
        return percentile(self.samples_ms, 10)

    @property
    def p90_ms(self) -> float:
        return percentile(self.samples_ms, 90)

    @property
    def images_per_second(self) -> float:
        return 1e3 * self.batch / self.median_ms

    @property
    def layers_ms(self) -> float | None:
        """The sum over `layers`. `hooked_ms` exceeds it by what no layer does: additions, pooling, calls and the hooks."""
        return sum(self.layers.values()) if self.layers else None

    def to_dict(self) -> dict:
        """JSON-able: all fields and, for readers, the figures derived from them."""
        derived = ("name", "side", "median_ms", "p10_ms", "p90_ms", "images_per_second", "layers_ms")
        return {**{name: getattr(self, name) for name in derived}, **asdict(self), "samples_ms": [*self.samples_ms]}

    @classmethod
    def from_dict(cls, record: dict) -> "Latency":
        """The inverse of `to_dict`. Raises `UserError` where a field is missing."""
        names = [field.name for field in fields(cls)]
        if missing := [name for name in names if name not in record]:
            raise UserError(f"This record is no complete measurement; it lacks {', '.join(missing)}.")
        return cls(**{**{name: record[name] for name in names}, "samples_ms": tuple(record["samples_ms"])})


def percentile(values: tuple[float, ...], percent: float) -> float:
    """With linear interpolation between the two nearest of the sorted `values`, as NumPy does it."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def devices() -> list[Device]:
    """What a network can run on here; the processor is always the first."""
    found = [Device("cpu", machine.processor())]
    found += [Device(f"cuda:{index}", torch.cuda.get_device_name(index)) for index in range(torch.cuda.device_count())]
    return found + ([Device("mps", "Apple GPU")] if torch.backends.mps.is_available() else [])


def find_device(key: str) -> Device:
    """The device of that key; "cuda" is the first one. Raises `UserError` where there is none."""
    here = {device.key: device for device in devices()}
    wanted = "cuda:0" if key == "cuda" else key
    if wanted not in here:
        raise UserError(f"There is no device {key!r} here; there is {', '.join(here)}.")
    return here[wanted]


def versions(device: str = "cpu") -> dict[str, str | bool | None]:
    """The software a measurement depends on; on CUDA also whether convolutions may round their inputs to TF32."""
    found = {"torch": torch.__version__}
    if device.startswith("cuda"):
        found |= {"cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version()),
                  "tf32": torch.backends.cudnn.allow_tf32}
    return found


def check_memory(architecture: Architecture, batch: int = 1, device: str = "cpu", placed: bool = False) -> None:
    """Raises `UserError` with both numbers where a pass would not fit; weights that are `placed` there already do not count."""
    weights, activations = memory_needed(architecture, batch)
    needed = activations + (0 if placed else weights)
    available = torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else machine.memory_available()
    if needed > available:
        raise UserError(f"{architecture.name} with a batch of {batch} needs about {needed / 1e9:,.2f} GB, and {device} has "
                        f"{available / 1e9:,.2f} GB of memory free; a smaller batch or network would fit.")


@contextmanager
def _prepared(network: nn.Module, device: str, threads: int) -> Iterator[None]:
    """The network in eval mode on the device and torch at `threads`; afterwards everything as it was."""
    modes = [(module, module.training) for module in network.modules()]
    home, threads_before = next(network.parameters()).device, torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        network.eval().to(device)
        with torch.inference_mode():
            yield
    except RuntimeError as failed:
        if "out of memory" not in str(failed) and "allocate memory" not in str(failed):
            raise
        raise UserError(f"{device} ran out of memory; a smaller batch or network would fit.") from failed
    finally:
        network.to(home)
        torch.set_num_threads(threads_before)
        for module, training in modes:
            module.training = training


def measure(
    network: nn.Module,
    *,
    batch: int = 1,
    device: str = "cpu",
    threads: int | None = None,
    seconds: float = 2.0,
    warmup: int | None = None,
    layers: bool = True,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Latency:
    """Times forward passes of `network` on random images (`batch` 3 side side), the same ones every time.

    First passes that do not count, until they stop getting faster or `warmup` of them; then at least 10 and at least `seconds`
    (3 of a network that takes very long); then, with `layers`, at least 5 in which every layer is timed. `threads` defaults to
    all usable cores. Between passes `on_progress` gets a phase, its fraction done and the median so far, and `should_stop` is
    asked. The network, its device and torch's threads are as before afterwards. Raises `UserError` for a device that is not
    here, numbers out of range, too little memory, and where it was stopped.
    """
    architecture, where = network.architecture, find_device(device)
    batch = check_count("The batch", batch, BATCH_RANGE, " images")
    threads = check_count("The number of threads", machine.cores() if threads is None else threads, (1, machine.cores()))
    check("The measuring time", seconds, SECONDS_RANGE, " seconds")
    if warmup is not None:
        check_count("The number of warm-up passes", warmup, WARMUP_RANGE)
    home = next(network.parameters()).device
    if home.type == "meta":
        raise UserError(f"{architecture.name} has no weights yet; build or load it before measuring it.")
    check_memory(architecture, batch, where.key, placed=str(home) == where.key)

    def run(fraction: Callable[[Times], float], phase: str) -> Times:
        return repeat(lambda: pass_ms(network, x), fraction, phase, on_progress, should_stop)

    with _prepared(network, where.key, threads):
        x = torch.randn(batch, *architecture.input, generator=torch.Generator().manual_seed(SEED)).to(where.key)  # N C H W
        warmed = run(warming if warmup is None else lambda times: len(times) / warmup if warmup else 1.0, "warming up")
        before = contention.read()
        samples = run(lambda times: sampling(times, REPEATS, seconds), "measuring")
        conditions = contention.between(before, contention.read())
        per_layer, hooked = _layer_times(network, x, run, LAYER_SHARE * seconds) if layers else ({}, None)

    total = cost(architecture)
    doubts = contention.complaints(conditions, threads, where.key == "cpu", percentile(samples, 90) / percentile(samples, 50))
    few = [f"Only {len(samples)} passes, since one takes {samples[-1] / 1e3:.0f} seconds."] if len(samples) < REPEATS else []
    return Latency(to_spec(architecture), where.key, where.name, batch, threads, total.params, total.macs, tuple(samples),
                   len(warmed), per_layer, hooked, machine.describe(), versions(where.key), conditions,
                   steady=not doubts, note=" ".join(doubts + few) or None)


def _layer_times(network: nn.Module, x: Tensor, run: Callable[..., Times], seconds: float) -> tuple[dict[str, float], float]:
    """The median of every layer, and of the passes as wholes, milliseconds."""
    with marked(network, [layer.id for layer in network.architecture.layers], x.device) as times:
        hooked = run(lambda passes: sampling(passes, LAYER_REPEATS, seconds), "layers")
        return {layer_id: statistics.median(series) for layer_id, series in times().items()}, statistics.median(hooked)
