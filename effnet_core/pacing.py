"""How fast a training goes on this machine, how many steps fit into a time, and whether it fits into memory."""

import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from . import evaluation, machine
from .architecture import Architecture
from .cost import cost
from .datasets import Data
from .errors import UserError
from .network import Network
from .scaling import check
from .training import STEPS_RANGE, Recipe, Trainer, seeded

SECONDS_RANGE = (1, 1_000_000)
JUDGING = 0.2  # of the time, at most


def check_memory(architecture: Architecture, batch: int) -> None:
    """Raises `UserError` where a step would not fit: it keeps about five tensors of each layer's output for the way back, and
    weights, gradients, two moments and the average."""
    total, available = cost(architecture), machine.memory_available()
    needed = 4 * (5 * batch * total.activations + 5 * total.params)
    if needed > available:
        raise UserError(f"Training {architecture.name} with batches of {batch} needs about {needed / 1e9:,.1f} GB, and "
                        f"{available / 1e9:,.1f} GB of memory are free; a smaller batch, width or side would fit.")


def within(seconds: float, network: Network, data: Data, recipe: Recipe) -> Recipe:
    """`recipe` with as many steps as fit into `seconds` on this machine now, its evaluations included; tried on a copy.

    On a slow machine the evaluations use fewer images, so that they take at most `JUDGING` of the time.
    """
    check("The number of seconds", seconds, SECONDS_RANGE)
    with seeded(recipe.seed):
        trainer = Trainer(copy.deepcopy(network), data, recipe)
        step = _typical(trainer.advance, 12)
        image = _typical(lambda: evaluation.evaluate(trainer.average.module, data.held_out, evaluation.BATCH), 5) / evaluation.BATCH
    affordable = int(JUDGING * seconds / (recipe.evaluations * image))
    images = min(recipe.held_out_images, max(evaluation.BATCH, affordable))
    left = seconds - recipe.evaluations * images * image
    return replace(recipe, steps=max(1, min(STEPS_RANGE[1], int(left / step))), held_out_images=images)


def _typical(action: Callable[[], object], tries: int) -> float:
    """Median seconds, the first quarter of the tries left out as warming up."""
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times[tries // 4 :])
