"""One network, run in several ways in turn, so that whatever disturbs the machine disturbs all of them alike; each only where its answer agrees."""

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .. import contention, machine
from ..cost import cost
from ..devices import check_memory, setting, versions
from ..errors import UserError
from ..families import to_spec
from ..network import Network
from ..timing import Progress, Times, pass_ms, percentile, repeat, sampling, warming
from .placed import placed
from .prepared import Run
from .trusted import PLAIN, Runner, apart, asleep, check as check_difference, difference, ready, tolerance
from .ways import WAYS, known, missing, packages

ROUNDS = 20
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

    The plain way in fp32 is always the first; the others must give its logits within `trusted.tolerance` before they are timed. Before every pass
    that counts goes one that does not, since the runner before has left its own numbers in the caches. First rounds that do not count, then
    at least 20 and at least `seconds` for every runner.

    Returns JSON values: the settings, the machine, `steady` and a `note` where not, and under `"ways"` for every runner `way`, `precision`,
    `prepare_s`, `difference` and `tolerance` of the logits, `error` (why it did not run, or None), and of those that ran `median_ms`,
    `p10_ms`, `p90_ms`, `ratio` (to plain, of medians) and `samples_ms`. Raises `UserError` for a device that is not here, unknown runners,
    numbers out of range, too little memory, and where it was stopped.
    """
    where, batch, threads = setting(device, batch, threads, seconds)
    runners = [PLAIN, *dict.fromkeys(runner for runner in runners if runner != PLAIN)]
    for way, precision in runners:
        known(way, precision)
    able = sum(missing(way, where.key, precision) is None for way, precision in runners)
    there = str(next(network.parameters()).device) == where.key
    check_memory(network.architecture, batch, where.key, copies=able - there)  # all but the plain one run a copy
    with placed(network, where.key, threads):
        x = torch.randn(batch, *network.architecture.input, generator=torch.Generator().manual_seed(SEED)).to(where.key)  # N 3 H W
        rows, runs = _prepare(network, runners, x, threads, on_progress, should_stop)
        samples, conditions = _rounds(runs, x, seconds, on_progress, should_stop)
    conditions |= asleep([*runs], threads)
    total, plain = cost(network.architecture), percentile(tuple(samples[PLAIN]), 50)
    for runner, times in samples.items():
        rows[runner] |= _figures(times, plain)
    spread = max(row["p90_ms"] / row["median_ms"] for row in rows.values() if row["error"] is None)
    doubts = contention.complaints(conditions, threads, where.key == "cpu", spread)
    return {"network": to_spec(network.architecture), "name": network.architecture.name, "device": where.key, "device_name": where.name,
            "batch": batch, "threads": threads, "parameters": total.params, "macs": total.macs, "ways": [*rows.values()],
            "machine": machine.describe(), "versions": versions(where.key) | packages(runners), "conditions": conditions,
            "steady": not doubts, "note": " ".join(doubts) or None}


def _prepare(network: Network, runners: Sequence[Runner], x: Tensor, threads: int, on_progress: Progress | None,
             should_stop: Callable[[], bool] | None) -> tuple[dict[Runner, dict], dict[Runner, Run]]:
    """A row for every runner, and those that run and agree, ready. Raises `UserError` where the plain network itself gives no numbers."""
    rows, runs, right = {}, {}, network(x)
    check_difference(PLAIN, apart(right, right), str(x.device))
    for place, runner in enumerate(runners):
        if should_stop is not None and should_stop():
            raise UserError("The measurement was stopped before it was complete.")
        if on_progress is not None:
            on_progress(f"preparing {WAYS[runner[0]].name}", place / len(runners), None)
        rows[runner], run = _made(network, runner, x, threads, right)
        if run is not None:
            runs[runner] = run
    return rows, runs


def _made(network: Network, runner: Runner, x: Tensor, threads: int, right: Tensor) -> tuple[dict, Run | None]:
    """The row of a runner, and what is to be timed; None where it does not run or not agree."""
    (way, precision), run = runner, None
    row = {"way": way, "precision": precision, "name": WAYS[way].name, "tolerance": tolerance(precision, str(x.device)), "difference": None,
           "error": None}
    start = time.perf_counter()
    try:
        run = ready(network, runner, x, threads)
        row["difference"] = difference(runner, right, run, x)
        check_difference(runner, row["difference"], str(x.device))
    except UserError as refused:
        row["error"], run = str(refused), None
    return {**row, "prepare_s": time.perf_counter() - start}, run


def _rounds(runs: dict[Runner, Run], x: Tensor, seconds: float, on_progress: Progress | None,
            should_stop: Callable[[], bool] | None) -> tuple[dict[Runner, Times], dict]:
    """Times by runner, and what went on meanwhile."""
    samples: dict[Runner, Times] = {runner: [] for runner in runs}

    def one() -> float:
        start = time.perf_counter()
        for runner, run in runs.items():
            run(x)
            samples[runner].append(pass_ms(run, x))
        return 1e3 * (time.perf_counter() - start)

    repeat(one, warming, "warming up", on_progress, should_stop)
    samples.update({runner: [] for runner in runs})
    before = contention.read()
    repeat(one, lambda times: sampling(times, ROUNDS, seconds * len(runs)), "measuring", on_progress, should_stop)
    return samples, contention.between(before, contention.read())


def _figures(times: Times, plain: float) -> dict:
    series = tuple(times)
    median = percentile(series, 50)
    return {"median_ms": median, "p10_ms": percentile(series, 10), "p90_ms": percentile(series, 90), "ratio": median / plain,
            "samples_ms": times}
