"""How fast a training goes on this machine, how long it may take there, and whether it fits into memory."""

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from .. import machine
from ..architecture import Architecture
from ..cost import cost
from ..data.datasets import Data
from ..errors import UserError
from ..network import Network
from ..scaling import check
from ..speed.fused import Fused
from . import evaluation
from .distributed import ALONE, World
from .plans import Plan
from .recipe import SECONDS_RANGE, STEPS_RANGE, Recipe
from .training import Trainer, seeded

if TYPE_CHECKING:
    from .preparation import Prepared

JUDGING = 0.2  # of the time, at most
LEAST_SHARE = 1 / 3  # of the time that learning gets, however slow judging is
TRYING = 0.03  # of a given time, for each kind of step
TRIAL_S = 3.0  # at most
LEAST, MOST = 3, 12  # steps of each kind; the first quarter warms up

Tell = Callable[[dict], None]
Asked = Callable[[], bool | str]  # False, "stop" or "pause"


@dataclass(frozen=True)
class Pace:
    """Seconds that a step takes on average over a recipe's phases, and that judging one image takes."""

    step: float
    image: float


def check_memory(architecture: Architecture, batch: int, device: str = "cpu", processes: int = 1) -> None:
    """Raises `UserError` where a step of each of `processes` would not fit: it keeps about five tensors of each layer's output for the
    way back, and weights, gradients, two moments and the average."""
    on_gpu = device.startswith("cuda")
    total = cost(architecture)
    available = torch.cuda.mem_get_info(device)[0] if on_gpu else machine.memory_available()
    needed = 4 * (5 * batch * total.activations + 5 * total.params) * (1 if on_gpu else processes)
    if needed > available:
        raise UserError(f"Training {architecture.name} with batches of {batch * processes} needs about {needed / 1e9:,.1f} GB, and "
                        f"{available / 1e9:,.1f} GB of memory are free; a smaller batch, width or side would fit.")


def measure(network: Network, data: Data, recipe: Recipe, device: str = "cpu", world: World = ALONE,
            tell: Tell = lambda event: None, asked: Asked = lambda: False, limit: float = TRIAL_S) -> Pace:
    """A few steps of every phase, and a few batches to judge, on copies; about `limit` seconds each. Raises `UserError` once
    something is `asked`."""
    shares = [phase.share for phase in recipe.phases] or [1.0]
    steps = []
    with seeded(recipe.seed):
        for number in range(len(shares)):
            tell({"phase": "finding the pace", "done": number, "total": len(shares) + 1, "unit": "parts"})
            only = recipe.phases[number : number + 1]
            short = replace(recipe, steps=STEPS_RANGE[1], seconds=None, phases=tuple(replace(phase, share=1.0) for phase in only))
            trainer = Trainer(copy.deepcopy(network), data, short, device, world)
            try:
                steps.append(typical(trainer.advance, world, asked, limit))
            finally:
                trainer.batches.close()
        tell({"phase": "finding the pace", "done": len(shares), "total": len(shares) + 1, "unit": "parts"})
        held_out, images = data.held_out, min(evaluation.BATCH, data.held_out.images or evaluation.BATCH)
        judging = typical(lambda: evaluation.evaluate(Fused(trainer.averaged), held_out, images, str(trainer.device)), world, asked, limit)
    return Pace(sum(share * step for share, step in zip(shares, steps)), judging / images / world.size)


def typical(action: Callable[[], object], world: World = ALONE, asked: Asked = lambda: False, limit: float = TRIAL_S,
            clock: Callable[[], float] = time.perf_counter) -> float:
    """Median seconds over some tries, the first quarter of them left out as warming up; all processes of a `world` agree on it."""
    times, begun, over = [], clock(), False
    while not over:
        start = clock()
        action()
        times.append(clock() - start)
        stop, spent = world.agree(asked(), clock() - begun)
        if stop:
            raise UserError("The training was stopped before it began; nothing of it is kept.")
        over = len(times) >= MOST or len(times) >= LEAST and spent > limit
    return world.agree(False, statistics.median(times[math.ceil(len(times) / 4) :]))[1]


def within(ready: "Prepared", tell: Tell = lambda event: None, asked: Asked = lambda: False, world: World = ALONE) -> Plan:
    """The plan of `ready` with a recipe that the clock ends, so that all is over the plan's seconds from now, the final verdict included.

    On a slow machine evaluations and verdict use fewer images, so that either takes at most `JUDGING` of the time.
    """
    begun, plan, recipe = time.monotonic(), ready.plan, ready.plan.recipe
    seconds = check("The number of seconds", plan.seconds, SECONDS_RANGE)
    pace = measure(ready.network, ready.data, recipe, plan.device, world, tell, asked, min(TRIAL_S, TRYING * seconds))
    images = _affordable(seconds / recipe.evaluations, pace.image, recipe.held_out_images)
    judged = _affordable(seconds, pace.image * world.size, _verdict_images(ready))  # by rank 0 alone
    _, spent = world.agree(False, time.monotonic() - begun)
    last = images * pace.image + judged * pace.image * world.size  # what comes when the time of the steps is over
    left = max(seconds - spent - last, LEAST_SHARE * seconds)
    steps = int((left - (recipe.evaluations - 1) * images * pace.image) / pace.step)
    bound = replace(recipe, steps=min(STEPS_RANGE[1], max(1, steps)), held_out_images=images, seconds=left)
    return replace(plan, seconds=None, recipe=bound, judged=judged)


def _affordable(seconds: float, image: float, wanted: int) -> int:
    """How many images, at `image` seconds each, `JUDGING` of the time is enough for; a batch at least."""
    return min(wanted, max(evaluation.BATCH, int(JUDGING * seconds / image)))


def _verdict_images(ready: "Prepared") -> int:
    return ready.plan.judged or ready.data.held_out.images or ready.plan.held_out


def trial(ready: "Prepared", tell: Tell = lambda event: None, asked: Asked = lambda: False, world: World = ALONE) -> dict:
    """What the training `ready` would take here, measured on a few steps of every phase: `images_per_second` while it learns, `steps`,
    `seconds` in all with every evaluation, `evaluation_seconds` of that, `memory_bytes` at the peak so far with the photos that are
    still to be read, and, where the data have an end, `images_per_epoch`, `epochs` and `seconds_per_epoch`, the evaluation after it included (otherwise None)."""
    plan, recipe, images = ready.plan, ready.plan.recipe, ready.data.images
    pace = measure(ready.network, ready.data, recipe, plan.device, world, tell, asked)
    judging = recipe.evaluations * min(recipe.held_out_images, ready.data.held_out.images or recipe.held_out_images) * pace.image
    verdict = _verdict_images(ready) * pace.image * world.size  # by rank 0 alone
    seconds, epochs = pace.step * recipe.steps + judging, recipe.steps * recipe.batch / images if images else None
    memory = machine.memory_peak(world.device(plan.device))
    memory += 0 if plan.device.startswith("cuda") else ready.data.growing + ready.data.held_out.growing
    return {"name": plan.path.stem, "images_per_second": recipe.batch / pace.step, "steps": recipe.steps, "images_per_epoch": images,
            "epochs": epochs, "seconds_per_epoch": seconds / epochs if epochs else None, "seconds": seconds + verdict,
            "evaluation_seconds": judging + verdict, "memory_bytes": memory}
