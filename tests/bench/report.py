"""How benchmarks take and print their figures."""

import statistics
import time
from collections.abc import Callable, Mapping


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def interleaved(ways: Mapping[str, tuple[Callable[[], object], int]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of a call of every way, in turn, `rounds` times, after one round that is not counted.

    The number beside a way is how often it is called in a round; the mean counts, so that quick things are not timed with caches that
    slow things have emptied.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for counted in range(rounds + 1):
        for name, (way, calls) in ways.items():
            start = time.perf_counter()
            for _ in range(calls):
                way()
            if counted:
                times[name].append(1000 * (time.perf_counter() - start) / calls)
    return times


def show(title: str, times: Mapping[str, list[float]]) -> None:
    """A table: median, 5th and 95th percentile, and the ratio of medians to the first row."""
    first = statistics.median(next(iter(times.values())))
    print(f"\n{title}\n{'':<44}{'median ms':>12}{'p5':>10}{'p95':>10}{'ratio':>9}")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:<44}{middle:>12.3f}{quantile(values, 0.05):>10.3f}{quantile(values, 0.95):>10.3f}{middle / first:>9.2f}")
