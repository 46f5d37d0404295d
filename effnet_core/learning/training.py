"""Training: AdamW, one cycle of the learning rate, label smoothing, progressive sizes, and an average of the weights that is kept."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from ..data.datasets import Data, stream
from ..errors import UserError
from ..network import Network
from ..speed.fused import Fused
from .batches import Batches
from .course import Course, Reporter
from .distributed import ALONE, World
from .evaluation import Evaluation, evaluate
from .learner import into_training, moving_average, parameter_groups
from .recipe import AUGMENTATIONS, Phase, Recipe

__all__ = ["AUGMENTATIONS", "Phase", "Recipe", "Result", "Trainer", "seeded", "train"]

STATE_VERSION = 1
SAVE_S = 300.0  # between two saved states, at most
ARITHMETIC = {"float32": None, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Result:
    """`network` holds the averaged weights, in eval mode; `evaluation` is None where the run was paused."""

    network: Network
    evaluation: Evaluation | None
    steps: int  # really taken
    seconds: float  # also in the processes before this one
    stopped: bool  # before its end, for good
    paused: bool  # before its end, to go on


class Trainer:
    """All state of a run: weights, optimiser, averaged weights and how far it is.

    In a `World` of several processes each one takes its rows of every batch; gradients, and batch norm's statistics, are shared.
    """

    def __init__(self, network: Network, data: Data, recipe: Recipe, device: str = "cpu", world: World = ALONE) -> None:
        if recipe.batch % world.size:
            raise UserError(f"A batch of {recipe.batch} images cannot be shared evenly by {world.size} processes; a multiple of "
                            f"{world.size} can.")
        self.data, self.recipe, self.world = data, recipe, world
        self.course = Course(recipe, data.images)
        self.device = torch.device(world.device(device))
        self.network = network.to(self.device, memory_format=torch.channels_last)
        into_training(self.network)
        self.optimiser = torch.optim.AdamW(parameter_groups(network, recipe.weight_decay), recipe.learning_rate, fused=True)
        self.average = AveragedModel(network, multi_avg_fn=moving_average(recipe.ema), use_buffers=True)
        self.model = world.share(self.network)
        self.batches = Batches(data, recipe, self.course.phase, self.device, world)

    @property
    def step(self) -> int:
        return self.course.step

    @property
    def averaged(self) -> Network:
        """The network that is judged and kept."""
        return self.average.module

    def _autocast(self) -> contextlib.AbstractContextManager:
        kind = ARITHMETIC[self.recipe.precision]
        return contextlib.nullcontext() if kind is None else torch.autocast(self.device.type, kind)

    def advance(self) -> float:
        """One step on the next batch; returns its loss. Raises `UserError` where that or a gradient is not a finite number."""
        torch.manual_seed(stream(self.recipe.seed, self.step * self.world.size + self.world.rank, False))  # a resumed run draws the same
        for group in self.optimiser.param_groups:
            group["lr"] = self.course.learning_rate
        images, labels = self.batches(self.step)
        with self._autocast():
            logits = self.model(images)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=self.recipe.label_smoothing)
        self.optimiser.zero_grad()
        loss.backward()
        length = nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        if not (loss.isfinite() and length.isfinite()):
            raise UserError(f"At step {self.step + 1} the loss became {loss.item():g} with a gradient of length {length.item():g}, so "
                            f"training cannot go on; a learning rate below {self.recipe.learning_rate:g} would be right.")
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.course.step += 1
        return loss.item()

    def state(self) -> dict:
        """What `restore` needs to go on from here as if there had been no break: tensors, numbers and texts only."""
        return {"version": STATE_VERSION, "step": self.course.step, "steps": self.course.steps, "seconds": self.course.seconds,
                "network": self.network.state_dict(), "average": self.average.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping) -> None:
        """Goes on from `state`, whose tensors the optimiser makes its own. Raises `UserError` where it is of another network, recipe
        or version."""
        try:
            if state["version"] != STATE_VERSION:
                raise ValueError(f"version {state['version']}, not {STATE_VERSION}")
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.course.resume(int(state["step"]), float(state.get("seconds", 0.0)))
        except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as unfit:
            raise UserError(f"The saved state does not fit this training ({str(unfit).splitlines()[0]}); start it anew.") from unfit


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Dropout and stochastic depth draw from `seed`; the caller's own random state is as before afterwards."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def train(
    network: Network,
    data: Data,
    recipe: Recipe,
    *,
    on_event: Callable[[dict], None] = lambda event: None,
    should_stop: Callable[[], bool | str] = lambda: False,
    on_evaluation: Callable[[Network, Course, Evaluation], None] = lambda network, course, evaluation: None,
    on_state: Callable[[dict], None] = lambda state: None,
    resume: Callable[[], Mapping] | None = None,
    device: str = "cpu",
    world: World = ALONE,
) -> Result:
    """Trains `network` in place on `data` and judges the averaged weights on `data.held_out`.

    Events begin with `step`, `steps` and, where the data have an end, `epoch` and `epochs`. About four a second also have `loss`,
    `lr`, `images_per_second`, `seconds_left` and, with phases, `side`; others `accuracy` and `held_out_images`. After each of the
    latter `on_evaluation` gets the averaged network, the `Course` and the `Evaluation`. `on_state` gets what `resume` must give for
    a run to go on: after every evaluation, every five minutes, and before the run ends early. It does so soon after `should_stop()`
    with what there is; where that says "pause", without judging it. The same seed, versions and number of threads give the same weights, whether or
    not a run was interrupted, unless the clock decides its length. Only rank 0 of a `world` calls back. Raises `UserError` where
    the loss stops being a number.
    """
    begun = saved = time.monotonic()
    trainer, evaluation, asked = Trainer(network, data, recipe, device, world), None, False
    if resume is not None:
        trainer.restore(resume())
    course, held_out, chief = trainer.course, data.held_out, world.rank == 0
    spent, reporter = course.seconds, Reporter(course)

    def judge() -> Evaluation:
        world.align(trainer.averaged)
        evaluation = evaluate(Fused(trainer.averaged), held_out, recipe.held_out_images, str(trainer.device), world)
        if chief:
            on_event({**course.where(), "accuracy": evaluation.accuracy, "held_out_images": evaluation.images})
            on_evaluation(trainer.averaged, course, evaluation)
        return evaluation

    try:
        with seeded(recipe.seed):
            while not course.is_over and not asked:
                start, learning_rate = time.monotonic(), course.learning_rate
                loss = trainer.advance()
                now = time.monotonic()
                asked, seconds = world.agree(chief and should_stop(), spent + now - begun)
                due = course.tick(seconds)
                if chief and (event := reporter.after(loss, learning_rate, now - start)):
                    on_event(event)
                if due or asked and asked != "pause":
                    evaluation = judge()
                if chief and (due or asked or time.monotonic() - saved > SAVE_S):
                    on_state(trainer.state())
                    saved = time.monotonic()
            if course.is_over and evaluation is None:  # saved at its very end and never judged
                evaluation = judge()
    finally:
        trainer.batches.close()
    early = bool(asked) and not course.is_over
    return Result(trainer.averaged.eval(), evaluation, course.step, spent + time.monotonic() - begun, early and asked != "pause",
                  early and asked == "pause")
