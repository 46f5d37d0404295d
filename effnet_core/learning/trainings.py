"""A training from beginning to end: from a plan to a stored model with its card, with breaks if need be."""

import time
from contextlib import nullcontext

import psutil

from .. import checkpoints, contention
from ..errors import UserError
from ..speed.fused import Fused
from . import evaluation, runs, training
from .distributed import ALONE, World
from .keeping import Keeper, described, thinned
from .plans import Plan, unfinished
from .preparation import Asked, Prepared, Tell, prepare

__all__ = ["Plan", "Prepared", "carry_out", "prepare", "unfinished"]


def carry_out(plan: Plan, tell: Tell = lambda event: None, asked: Asked = lambda: False, *, resume: bool = False,
              anew: bool = False, world: World = ALONE) -> dict:
    """Trains as `plan` says, or goes on with it, and stores the model with its card; returns name, file, accuracy, stopped and card.

    A run that is paused or killed goes on, with `resume`, from where it was last saved; paused, it returns `name`, `paused`,
    `step` and `steps`. Raises `UserError` where it cannot be done, another process is at it, or an unfinished training of that
    name would be lost and it is not to begin `anew`.
    """
    with plan.run.claimed() if world.rank == 0 else nullcontext():
        if plan.run.is_unfinished and not (resume or anew) and world.rank == 0:
            raise UserError(f"There is an unfinished training called {plan.run.name!r}; --resume goes on with it, --anew starts over.")
        ready = prepare(plan, tell, asked, world, resume=resume)
        if world.rank == 0:
            return _lead(ready, tell, asked, resume, world)
        training.train(ready.network, ready.data, ready.plan.recipe, resume=ready.plan.run.state if resume else None,
                       device=ready.plan.device, world=world)
        return {"name": ready.plan.path.stem}


def _lead(ready: Prepared, tell: Tell, asked: Asked, resume: bool, world: World) -> dict:
    """What rank 0 does, or the only process."""
    plan, run, before = ready.plan, ready.plan.run, contention.read()
    spent, curve = _so_far(ready, tell) if resume else (0.0, [])
    if not resume:
        run.remove()
    keeper = Keeper(ready, tell, world, curve)
    if not resume:
        keeper.begin()
    result = training.train(ready.network, ready.data, plan.recipe, on_event=keeper.hear, should_stop=asked, on_evaluation=keeper.judged,
                            on_state=keeper.remember, resume=run.state if resume else None, device=plan.device, world=world)
    if result.paused:
        return {"name": plan.path.stem, "paused": True, "step": result.steps, "steps": run.kept["steps"]}
    conditions = contention.between(before, contention.read())
    tell({"phase": "judging what is stored"})
    device, stored = world.device(plan.device), checkpoints.load(plan.path).network  # with the rounding of its precision
    held_out = ready.data.held_out
    images = plan.recipe.held_out_images if result.stopped else plan.judged or held_out.images or plan.held_out
    verdict = evaluation.evaluate(Fused(stored.to(device)), held_out, images, device)
    since_start = time.time() - psutil.Process().create_time() + spent
    card = keeper.save(stored.cpu(), verdict, steps=result.steps, finished=not result.stopped, seconds=round(result.seconds, 1),
                       seconds_since_start=round(since_start, 1), conditions=conditions, curve=thinned(keeper.curve))
    keeper.keep_plan(result.steps, result.steps, result.seconds, finished=True)
    run.finish()
    if plan.out is None:
        runs.prune()
    else:
        run.leave_nothing()
    return {"name": plan.path.stem, "file": str(plan.path), "accuracy": verdict.accuracy, "stopped": result.stopped, "card": card}


def _so_far(ready: Prepared, tell: Tell) -> tuple[float, list[dict]]:
    """Seconds and curve up to the saved state; what was kept of later steps is forgotten. Raises `UserError` where the data are others."""
    tell({"phase": "reading the saved state"})
    run = ready.plan.run
    kept, state, now = run.kept, run.state(), described(ready.data)
    if kept.get("data", now) != now:
        raise UserError(f"The photos of {now['name']} have changed since the training {run.name!r} was interrupted; start it anew.")
    run.album.forget_after(state["step"])
    return state["seconds"], [row for row in kept["curve"] if row["step"] <= state["step"]]
