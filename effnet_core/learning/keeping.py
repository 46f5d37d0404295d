"""What a training leaves on disk as it goes: its model so far, pictures of its inside, and what it needs to go on."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

import torch

from .. import checkpoints, machine
from ..data.datasets import Data
from ..network import Network
from .course import Course
from .distributed import World
from .evaluation import Evaluation
from .observer import Observer
from .preparation import Prepared, Tell

CURVE = 200  # points of the loss that a card keeps


class Keeper:
    """Hears what `training.train` says and keeps what must last. `history` is the curve of the processes before this one."""

    def __init__(self, ready: Prepared, tell: Tell, world: World, history: list[dict]) -> None:
        self.ready, self.plan, self.run = ready, ready.plan, ready.plan.run
        self.curve, self._tell, self._world = history, tell, world
        self._observer = Observer(self.run.album, ready.data)

    def begin(self) -> None:
        """What there is before the first step."""
        self._observer.look(self.ready.network, 0, 0.0 if self.ready.data.images else None, None)

    def hear(self, event: dict) -> None:
        self.curve.append({key: _rounded(event[key]) for key in ("step", "loss", "accuracy", "lr", "side") if key in event})
        self._tell(event)

    def judged(self, network: Network, course: Course, verdict: Evaluation) -> None:
        """Stores the model as it is now, and what it looks like."""
        self.save(network, verdict, steps=course.step, finished=False)
        self._tell({**course.where(), "checkpoint": self.plan.path.stem})
        count = self._observer.look(network, course.step, course.epoch, verdict.accuracy)
        self._tell({**course.where(), "snapshot": count})

    def remember(self, state: Mapping) -> None:
        """The plan first: a run that is killed in between goes back to the older state, and cuts its curve there."""
        self.keep_plan(state["step"], state["steps"], state["seconds"])
        self.run.keep_state(state)
        self._tell({"step": state["step"], "steps": state["steps"], "saved": True})

    def keep_plan(self, step: int, steps: int, seconds: float, finished: bool = False) -> None:
        self.curve = thinned(self.curve)  # four rows a second would grow for days
        self.run.keep_plan({"plan": self.plan.to_dict(), "step": step, "steps": steps, "seconds": seconds, "finished": finished,
                            "data": described(self.ready.data), "curve": self.curve})

    def save(self, network: Network, verdict: Evaluation, *, steps: int, **facts: object) -> dict:
        """Stores the model with its card, which is returned."""
        plan, data = self.plan, self.ready.data
        learnt = {"name": data.name, "side": data.side, "seed": data.seed} | ({} if data.images is None else {"images": data.images})
        length = {"steps": steps} | ({} if data.images is None else {"epochs": round(steps * plan.recipe.batch / data.images, 2)})
        source = {} if plan.source is None else {"source": {"kind": "fine-tuned", "model": _short(plan.source), "frozen": plan.frozen}}
        card = checkpoints.make_card(
            plan.path.stem, network, data.labels, data.held_out.preprocess, trained=True, **length, **facts, evaluation=verdict.to_dict(),
            data=learnt, **source, recipe=asdict(plan.recipe), momentum=plan.momentum, threads=torch.get_num_threads(),
            processes=self._world.size, device=plan.device, torch=torch.__version__, machine=machine.describe(),
            date=datetime.now(UTC).isoformat(timespec="seconds"))
        checkpoints.save(plan.path, network, card, plan.precision)
        return card


def described(data: Data) -> dict:
    """By what data are recognised when a training goes on."""
    collection = getattr(data, "collection", None)
    return {"name": data.name, "images": data.images, "fingerprint": getattr(collection, "fingerprint", None)}


def thinned(curve: list[dict]) -> list[dict]:
    """All accuracies and, evenly over the steps, at most about `CURVE` of the losses, the first and the last among them."""
    losses = [row for row in curve if "accuracy" not in row]
    if not losses:
        return curve
    kept: dict[int, dict] = {}
    for row in losses:
        kept.setdefault(row["step"] * CURVE // (losses[-1]["step"] + 1), row)
    shown = {id(row) for row in (*kept.values(), losses[-1])}
    return [row for row in curve if "accuracy" in row or id(row) in shown]


def _rounded(value: float) -> float:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _short(source: str) -> str:
    """A model's name, or that of its file: a card says nothing of folders."""
    return source.replace("\\", "/").rpartition("/")[2]
