"""How long a forward pass takes on this machine, whole and layer by layer, and whether the figure can be trusted.

A measurement uses the cores, torch's thread setting and the network all alone: one at a time, best in a process of its own.
"""

import statistics
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields

import torch
from torch import Tensor, nn

from . import contention, machine
from .cost import cost
from .devices import Device, check_memory, setting, versions
from .errors import UserError
from .families import to_spec
from .scaling import check_count
from .speed.needs import LAYER_REPEATS, LAYER_SHARE, REPEATS, Times, sampling, settled, warming
from .speed.peak import peak_bytes
from .speed.placed import placed
from .speed.trusted import PLAIN, Runner, asleep, check as check_difference, difference, ready, tolerance
from .speed.ways import WAYS, known, packages
from .timing import Progress, marked, pass_ms, percentile, repeat
from .timing import threads as threaded

WARMUP_RANGE = (0, 1000)
SEED = 0


@dataclass(frozen=True)
class Latency:
    """Times, in milliseconds, of forward passes of `batch` images in eval and inference mode."""

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
    way: str = PLAIN[0]  # of `speed.ways.WAYS`; the plain one has channels first
    precision: str = PLAIN[1]
    difference: float | None = None  # of the logits from the plain network's, the greatest relative to the greatest; None of itself
    tolerance: float | None = None  # of that difference, which depends on the precision and on whether the device rounds to TF32
    memory_peak: int | None = None  # bytes that one more pass holds at most on the device, above what was held before; None where nobody asked or can tell
    settled: bool | None = None  # whether the warm-up ended since passes had stopped getting faster; None of a fixed one

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
        """The inverse of `to_dict`. Raises `UserError` where a field is missing that has no default."""
        if missing := [field.name for field in fields(cls) if field.name not in record and field.default is MISSING]:
            raise UserError(f"This record is no complete measurement; it lacks {', '.join(missing)}.")
        found = {field.name: record[field.name] for field in fields(cls) if field.name in record}
        return cls(**{**found, "samples_ms": tuple(record["samples_ms"])})


def measure(
    network: nn.Module,
    *,
    batch: int = 1,
    device: str = "cpu",
    threads: int | None = None,
    seconds: float = 2.0,
    warmup: int | None = None,
    layers: bool = True,
    memory: bool = False,
    way: str = PLAIN[0],
    precision: str = PLAIN[1],
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Latency:
    """Times forward passes of `network` on random images (`batch` 3 side side), the same ones every time.

    Run another `way` or in another `precision` (see `speed.ways`) it must first give the plain network's logits within the `tolerance` of
    `speed.trusted`. Then come first passes that do not count, until they stop getting faster or `warmup` of them; then at least 10 and at
    least `seconds` (3 of a network that takes very long); then, with `layers` and a way that keeps them apart, at least 5 in which every
    layer is timed; at last, with `memory`, one that is weighed, after which nothing should be timed in this process any more (see
    `speed.peak`). `threads` defaults to all usable cores. Between passes `on_progress` gets a phase, its fraction done and the median so
    far, and `should_stop` is asked. The network, its device and torch's threads are as before afterwards. Raises `UserError` for a device
    or a way that is not here, numbers out of range, too little memory, logits that differ, and where it was stopped.
    """
    known(way, precision)
    where, batch, threads = setting(device, batch, threads, seconds)
    if warmup is not None:
        check_count("The number of warm-up passes", warmup, WARMUP_RANGE)
    _check_room(network, batch, where, (way, precision))

    def run(fraction: Callable[[Times], float], phase: str) -> Times:
        return repeat(lambda: pass_ms(own, x), fraction, phase, on_progress, should_stop)

    apart = None
    with placed(network, where.key, threads):
        x = torch.randn(batch, *network.architecture.input, generator=torch.Generator().manual_seed(SEED)).to(where.key)  # N C H W
        if on_progress is not None and (way, precision) != PLAIN:
            on_progress("preparing", 0.0, None)
        own = ready(network, (way, precision), x, threads)
        if (way, precision) != PLAIN:
            apart = difference((way, precision), network(x), own, x)
            check_difference((way, precision), apart, where.key)
        warmed = run(warming if warmup is None else lambda times: len(times) / warmup if warmup else 1.0, "warming up")
        before = contention.read()
        samples = run(lambda times: sampling(times, REPEATS, seconds), "measuring")
        conditions = contention.between(before, contention.read())
        per_layer, hooked = _layer_times(own, x, run, LAYER_SHARE * seconds) if layers and WAYS[way].layered else ({}, None)
        peak = _peak(own, x, threads) if memory and WAYS[way].frees else None

    conditions |= asleep([(way, precision)], threads)
    doubts = contention.complaints(conditions, threads, where.key == "cpu", percentile(samples, 90) / percentile(samples, 50))
    few = [f"Only {len(samples)} passes, since one takes {samples[-1] / 1e3:.0f} seconds."] if len(samples) < REPEATS else []
    total = cost(network.architecture)
    return Latency(
        to_spec(network.architecture), where.key, where.name, batch, threads, total.params, total.macs, tuple(samples), len(warmed), per_layer,
        hooked, machine.describe(), versions(where.key) | packages([(way, precision)]), conditions, steady=not doubts,
        note=" ".join(doubts + few) or None, way=way, precision=precision, difference=apart,
        tolerance=None if apart is None else tolerance(precision, where.key), memory_peak=peak, settled=settled(warmed) if warmup is None else None)


def _check_room(network: nn.Module, batch: int, where: Device, runner: Runner) -> None:
    """Raises `UserError` where the network has no weights, or the memory is too small for it, or for the copy that runs another way."""
    home = next(network.parameters()).device
    if home.type == "meta":
        raise UserError(f"{network.architecture.name} has no weights yet; build or load it before measuring it.")
    check_memory(network.architecture, batch, where.key, copies=(str(home) != where.key) + (runner != PLAIN))


def _peak(own: Callable[[Tensor], Tensor], x: Tensor, threads: int) -> int | None:
    """Bytes that a pass holds at most beyond what is there already: the weights and the images `x`."""
    def one_pass() -> None:
        with threaded(threads), torch.inference_mode():  # both are a thread's own
            own(x)

    return peak_bytes(one_pass, str(x.device))[0]


def _layer_times(network: nn.Module, x: Tensor, run: Callable[..., Times], seconds: float) -> tuple[dict[str, float], float]:
    """The median of every layer, and of the passes as wholes, milliseconds."""
    with marked(network, [layer.id for layer in network.architecture.layers], x.device) as times:
        hooked = run(lambda passes: sampling(passes, LAYER_REPEATS, seconds), "layers")
        return {layer_id: statistics.median(series) for layer_id, series in times().items()}, statistics.median(hooked)
