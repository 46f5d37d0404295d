"""How fast a training goes on this machine, how many steps fit into a time, and whether it fits into memory."""

import copy
import ctypes
import statistics
import sys
import time
from collections.abc import Callable

from . import evaluation, machine
from .architecture import Architecture
from .cost import cost
from .datasets import Data
from .errors import UserError
from .network import Network
from .scaling import check
from .training import STEPS_RANGE, Recipe, Trainer, seeded

SECONDS_RANGE = (1, 1_000_000)


def check_memory(architecture: Architecture, batch: int) -> None:
    """Raises `UserError` where a step would not fit: it keeps about five tensors of each layer's output for the way back, and
    weights, gradients, two moments and the average."""
    total, available = cost(architecture), machine.memory_available()
    needed = 4 * (5 * batch * total.activations + 5 * total.params)
    if needed > available:
        raise UserError(f"Training {architecture.name} with batches of {batch} needs about {needed / 1e9:,.1f} GB, and "
                        f"{available / 1e9:,.1f} GB of memory are free; a smaller batch, width or side would fit.")


def steps_within(seconds: float, network: Network, data: Data, recipe: Recipe) -> int:
    """How many steps of `recipe`, its evaluations included, fit into `seconds` on this machine now; tried on a copy."""
    check("The number of seconds", seconds, SECONDS_RANGE)
    with seeded(recipe.seed):
        trainer = Trainer(copy.deepcopy(network), data, recipe)
        step = _typical(trainer.advance, 12)
        image = _typical(lambda: evaluation.evaluate(trainer.average.module, data.held_out, evaluation.BATCH), 5) / evaluation.BATCH
    left = seconds - recipe.evaluations * recipe.held_out_images * image
    return max(1, min(STEPS_RANGE[1], int(left / step)))


def _typical(action: Callable[[], object], tries: int) -> float:
    """Median seconds, the first quarter of the tries left out as warming up."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times[tries // 4 :])


def keep_freed_memory() -> None:
    """Lets this process keep large freed blocks for the next step instead of handing them back, where the C library is glibc.

    Otherwise every activation of every step is fetched from the system page by page, which costs a sixth of the time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(-3, 32 * 2**20)  # M_MMAP_THRESHOLD: blocks up to 32 MiB, the most it takes, come from the heap
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: which is not trimmed below 2 GiB
