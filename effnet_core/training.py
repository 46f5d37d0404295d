"""Training from scratch: AdamW, one cycle of the learning rate, label smoothing, and an average of the weights that is kept."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel

from .datasets import BATCH_RANGE, SEED_RANGE, Data
from .errors import UserError
from .evaluation import IMAGES_RANGE, Evaluation, evaluate, normalise
from .network import Network
from .scaling import check, check_count

STEPS_RANGE = (1, 10_000_000)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides how a training runs, apart from the network and the data."""

    steps: int = 1000
    batch: int = 32  # images
    learning_rate: float = 8e-3  # at the peak of the cycle
    warmup: float = 0.3  # share of the steps before the peak
    weight_decay: float = 0.05  # not on batch norm and biases
    label_smoothing: float = 0.1
    ema: float = 0.99  # decay per step of the averaged weights
    clip: float = 5.0  # largest gradient norm
    seed: int = 0
    evaluations: int = 12  # during the run, evenly spaced, the last one at its end
    held_out_images: int = 500  # in each of them

    def __post_init__(self) -> None:
        check_count("The number of steps", self.steps, STEPS_RANGE)
        check_count("The batch size", self.batch, (2, BATCH_RANGE[1]), " images")
        check("The learning rate", self.learning_rate, (1e-8, 10.0))
        check("The share of warm-up steps", self.warmup, (0.0, 0.9))
        check("The weight decay", self.weight_decay, (0.0, 10.0))
        check("The label smoothing", self.label_smoothing, (0.0, 0.9))
        check("The decay of the averaged weights", self.ema, (0.0, 0.999999))
        check("The largest gradient norm", self.clip, (1e-3, 1e9))
        check_count("The seed", self.seed, SEED_RANGE)
        check_count("The number of evaluations", self.evaluations, (1, 10_000))
        check_count("The number of held-out images", self.held_out_images, IMAGES_RANGE)


@dataclass(frozen=True)
class Result:
    """`network` holds the averaged weights, in eval mode."""

    network: Network
    evaluation: Evaluation
    steps: int  # really taken
    seconds: float
    stopped: bool


def start_gently(network: Network, seed: int | None = None) -> None:
    """Every residual branch starts at zero (the scale of its last batch norm) and the classifier near zero.

    The network is shallow at first and its first losses are those of chance, so that early steps do no harm; on short runs
    this decides more than the optimiser does (Goyal et al., arXiv 1706.02677 §5.1).
    """
    for block in (block for stage in network.stages for block in stage):
        if block.skip:
            nn.init.zeros_(block.project.norm.weight)
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    nn.init.normal_(network.classifier.weight, 0.0, 0.01, generator=generator)
    nn.init.zeros_(network.classifier.bias)


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict]:
    """Kernels and matrices decay; batch norms and biases, which are vectors, do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}]


def moving_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    """a ← d·a + (1 − d)·w with d = min(decay, (1 + n) / (10 + n)) after n updates, so that early averages are not stuck at
    the start (as TensorFlow's ExponentialMovingAverage does); whole numbers, such as counters, are copied."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], updates: Tensor | int) -> None:
        d = min(decay, (1 + int(updates)) / (10 + int(updates)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - d)
        else:
            torch._foreach_copy_(averages, values)

    return update


class Trainer:
    """All state of a run: weights, optimiser, schedule, averaged weights and the number of steps taken."""

    def __init__(self, network: Network, data: Data, recipe: Recipe) -> None:
        self.data, self.recipe, self.step = data, recipe, 0
        self.network = network.to(memory_format=torch.channels_last).train()
        self.optimiser = torch.optim.AdamW(parameter_groups(network, recipe.weight_decay), recipe.learning_rate)
        warmup = float(recipe.warmup) if recipe.warmup * recipe.steps > 1 else 0.0  # a peak at the first step would divide by zero
        self.schedule = OneCycleLR(self.optimiser, recipe.learning_rate, recipe.steps, warmup, cycle_momentum=False)
        self.average = AveragedModel(network, multi_avg_fn=moving_average(recipe.ema), use_buffers=True)

    @property
    def learning_rate(self) -> float:
        return self.optimiser.param_groups[0]["lr"]

    def advance(self) -> float:
        """One step on the next batch; returns its loss. Raises `UserError` where that or a gradient is not a finite number."""
        pixels, labels = self.data.batch(self.step, self.recipe.batch)
        logits = self.network(normalise(pixels, self.data))
        loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
        self.optimiser.zero_grad()
        loss.backward()
        length = nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        if not (loss.isfinite() and length.isfinite()):
            raise UserError(f"At step {self.step + 1} the loss became {loss.item():g} with a gradient of length {length.item():g}, so "
                            f"training cannot go on; a learning rate below {self.recipe.learning_rate:g} would be right.")
        self.optimiser.step()
        self.average.update_parameters(self.network)
        self.step += 1
        if self.step < self.recipe.steps:
            self.schedule.step()
        return loss.item()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Dropout and stochastic depth draw from `seed`; the caller's own random state is as before afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def is_due(step: int, recipe: Recipe) -> bool:
    """Whether one of the run's evenly spaced evaluations follows `step` steps."""
    count = min(recipe.evaluations, recipe.steps)
    return step * count // recipe.steps > (step - 1) * count // recipe.steps


class Pace:
    """Turns steps into progress events: the mean loss and the speed since the last one."""

    def __init__(self, recipe: Recipe, interval: float = 0.25) -> None:
        self.recipe, self.interval = recipe, interval  # seconds
        self.start = self.last = time.monotonic()
        self.losses: list[float] = []

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.start

    def after(self, step: int, loss: float, learning_rate: float) -> dict | None:
        self.losses.append(loss)
        now = time.monotonic()
        if now - self.last < self.interval and step not in (1, self.recipe.steps):
            return None
        count, seconds = len(self.losses), max(now - self.last, 1e-9)
        event = {"step": step, "steps": self.recipe.steps, "loss": sum(self.losses) / count, "lr": learning_rate,
                 "images_per_second": count * self.recipe.batch / seconds,
                 "seconds_left": (now - self.start) / step * (self.recipe.steps - step)}
        self.last, self.losses = now, []
        return event


def train(
    network: Network,
    data: Data,
    recipe: Recipe,
    *,
    on_event: Callable[[dict], None] = lambda event: None,
    should_stop: Callable[[], bool] = lambda: False,
    on_evaluation: Callable[[Network, int, Evaluation], None] = lambda network, step, evaluation: None,
) -> Result:
    """Trains `network` in place on `data` and judges the averaged weights on `data.held_out`.

    Events are `{"step", "steps", "loss", "lr", "images_per_second", "seconds_left"}`, about four a second, and
    `{"step", "steps", "accuracy", "held_out_images"}`; after each of the latter `on_evaluation` gets the averaged network, the
    step and the `Evaluation`. Once `should_stop()` the run ends after the current step with what there is. The same seed,
    versions and number of threads give the same weights. Raises `UserError` where the loss stops being a number.
    """
    trainer, pace, stopped = Trainer(network, data, recipe), Pace(recipe), False
    judged = trainer.average.module

    def judge() -> Evaluation:
        evaluation = evaluate(judged, data.held_out, recipe.held_out_images)
        on_event({"step": trainer.step, "steps": recipe.steps, "accuracy": evaluation.accuracy,
                  "held_out_images": evaluation.images})
        on_evaluation(judged, trainer.step, evaluation)
        return evaluation

    with seeded(recipe.seed):
        while trainer.step < recipe.steps and not stopped:
            learning_rate = trainer.learning_rate
            loss = trainer.advance()
            if event := pace.after(trainer.step, loss, learning_rate):
                on_event(event)
            stopped = should_stop()
            if stopped or is_due(trainer.step, recipe):
                evaluation = judge()
    return Result(judged.eval(), evaluation, trainer.step, pace.elapsed, stopped)
