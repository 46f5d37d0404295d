"""One network, run in several ways in turn, so that whatever disturbs the machine disturbs all of them alike; each only where its answer agrees."""

import importlib.metadata
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .. import contention, machine
from ..cost import cost
from ..devices import check_memory, find_device, versions
from ..errors import UserError
from ..families import to_spec
from ..network import Network
from ..scaling import check, check_count
from ..timing import BATCH_RANGE, SECONDS_RANGE, Progress, Times, pass_ms, percentile, repeat, sampling, warming
from ..timing import threads as threaded
from .prepared import Run, prepare
from .ways import WAYS, known

Runner = tuple[str, str]  # way, precision
PLAIN: Runner = ("plain", "fp32")
TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2, "fp16": 1e-2}  # of the greatest |difference| of logits, relative to the greatest |logit|
ROUNDS = 20
MOST = 16
SEED = 0


def race(
    network: Network,
    runners: Sequence[Runner],
    *,
    batch: int = 1,
    device: str = "cpu",
    threads: int | None = None,
    seconds: float = 2.0,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict:
    """Times forward passes of `network` on the same random images (`batch` 3 side side), every runner once in every round.

    The plain way in fp32 is always the first; the others must give its logits within `TOLERANCE` before they are timed. Before every pass
    that counts goes one that does not, since the runner before has left its own numbers in the caches. First rounds that do not count, then
    at least 20 and at least `seconds` for every runner.

    Returns JSON values: the settings, the machine, `steady` and a `note` where not, and under `"ways"` for every runner `way`, `precision`,
    `prepare_s`, `difference` and `tolerance` of the logits, `error` (why it did not run, or None), and of those that ran `median_ms`,
    `p10_ms`, `p90_ms`, `ratio` (to plain, of medians) and `samples_ms`. Raises `UserError` for a device that is not here, unknown runners,
    numbers out of range, too little memory, and where it was stopped.
    """
    where = find_device(device)
    batch = check_count("The batch", batch, BATCH_RANGE, " images")
    threads = check_count("The number of threads", machine.cores() if threads is None else threads, (1, machine.cores()))
    check("The measuring time", seconds, SECONDS_RANGE, " seconds")
    runners = [PLAIN, *dict.fromkeys(runner for runner in runners if runner != PLAIN)]
    check_count("The number of ways to run", len(runners), (1, MOST))
    for runner in runners:
        known(*runner)
    check_memory(network.architecture, batch, where.key)
    home, training = next(network.parameters()).device, network.training
    try:
        with threaded(threads), torch.inference_mode():
            network.eval().to(where.key)
            x = torch.randn(batch, *network.architecture.input, generator=torch.Generator().manual_seed(SEED)).to(where.key)  # N 3 H W
            rows, ready = _prepare(network, runners, x, threads, on_progress, should_stop)
            samples, conditions = _rounds(ready, x, seconds, on_progress, should_stop)
    finally:
        network.to(home).train(training)
    total, plain = cost(network.architecture), percentile(tuple(samples[PLAIN]), 50)
    for runner, times in samples.items():
        rows[runner] |= _figures(times, plain)
    spread = max(row["p90_ms"] / row["median_ms"] for row in rows.values() if row["error"] is None)
    doubts = contention.complaints(conditions, threads, where.key == "cpu", spread)
    return {"network": to_spec(network.architecture), "name": network.architecture.name, "device": where.key, "device_name": where.name,
            "batch": batch, "threads": threads, "parameters": total.params, "macs": total.macs, "ways": [*rows.values()],
            "machine": machine.describe(), "versions": versions(where.key) | packages(runners), "conditions": conditions,
            "steady": not doubts, "note": " ".join(doubts) or None}


def packages(runners: Sequence[Runner]) -> dict[str, str]:
    """The versions of the packages that ran."""
    names = {WAYS[way].package for way, _ in runners} - {None}
    found = {}
    for name in sorted(names):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _prepare(network: Network, runners: Sequence[Runner], x: Tensor, threads: int, on_progress: Progress | None,
             should_stop: Callable[[], bool] | None) -> tuple[dict[Runner, dict], dict[Runner, Run]]:
    """A row for every runner, and those that run and agree, ready."""
    rows, ready, right = {}, {}, network(x)
    for place, (way, precision) in enumerate(runners):
        if should_stop is not None and should_stop():
            raise UserError("The measurement was stopped before it was complete.")
        if on_progress is not None:
            on_progress(f"preparing {WAYS[way].name}", place / len(runners), None)
        row = {"way": way, "precision": precision, "name": WAYS[way].name, "tolerance": TOLERANCE[precision], "difference": None, "error": None}
        start = time.perf_counter()
        try:
            run = prepare(network, way, precision, x, threads)
            row["difference"] = apart(right, run(x))
        except UserError as refused:
            row["error"] = str(refused)
        except Exception as failed:  # a runtime of others may raise anything; the rest of the race goes on
            row["error"] = f"{WAYS[way].name} could not run this network here: {first_line(failed)}."
        row["prepare_s"] = time.perf_counter() - start
        if row["error"] is None and not row["difference"] <= row["tolerance"]:  # nan too
            row["error"] = f"Its logits differ by {row['difference']:.1e} of the greatest; {row['tolerance']:.0e} is allowed. It was not timed."
        if row["error"] is None:
            ready[way, precision] = run
        rows[way, precision] = row
    return rows, ready


def apart(right: Tensor, logits: Tensor) -> float:
    """The greatest difference relative to the greatest of `right`."""
    return float((logits.double() - right.double()).abs().max() / right.double().abs().max())


def first_line(failed: Exception) -> str:
    return ((str(failed).strip().splitlines() or [type(failed).__name__])[0])[:200].rstrip(".")


def _rounds(ready: dict[Runner, Run], x: Tensor, seconds: float, on_progress: Progress | None,
            should_stop: Callable[[], bool] | None) -> tuple[dict[Runner, Times], dict]:
    """Times by runner, and what went on meanwhile."""
    samples: dict[Runner, Times] = {runner: [] for runner in ready}

    def one() -> float:
        start = time.perf_counter()
        for runner, run in ready.items():
            run(x)
            samples[runner].append(pass_ms(run, x))
        return 1e3 * (time.perf_counter() - start)

    repeat(one, warming, "warming up", on_progress, should_stop)
    samples.update({runner: [] for runner in ready})
    before = contention.read()
    repeat(one, lambda times: sampling(times, ROUNDS, seconds * len(ready)), "measuring", on_progress, should_stop)
    return samples, contention.between(before, contention.read())


def _figures(times: Times, plain: float) -> dict:
    series = tuple(times)
    median = percentile(series, 50)
    return {"median_ms": median, "p10_ms": percentile(series, 10), "p90_ms": percentile(series, 90), "ratio": median / plain,
            "samples_ms": times}
