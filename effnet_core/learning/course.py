"""How far a training is: which learning rate that means, what is due, and what to say about it."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

from .recipe import Phase, Recipe

SETTLED = 0.05  # share of a timed training after which its own speed tells better than the plan how many steps it will take
FINEST = 50  # steps that a timed training is planned in at least, however few it may turn out to be


def one_cycle(recipe: Recipe, step: float) -> float:
    """The learning rate at step number `step`, from 0: up along half a cosine, then down along another (arXiv 1708.07120)."""
    peak, warming = recipe.learning_rate, recipe.warmup * recipe.steps
    steps = recipe.steps * next((end for until, end in recipe.descents if step < until * recipe.steps), 1.0)
    first, last = peak / 25, peak / 25 / 1e4
    top = warming - 1 if warming > 1 else -1.0  # a peak at the first step would divide by zero
    if step <= top:
        return peak + (first - peak) / 2 * (math.cos(math.pi * (step / top)) + 1)
    return last + (peak - last) / 2 * (math.cos(math.pi * ((step - top) / (steps - 1 - top))) + 1)


class Course:
    """The steps of a training, counted, and the seconds they took; where its recipe gives a time, that decides how far it is."""

    def __init__(self, recipe: Recipe, images: int | None = None) -> None:
        self.recipe, self.images = recipe, images  # in an epoch, where there is such
        self._planned = recipe if recipe.seconds is None else replace(recipe, steps=max(FINEST, recipe.steps))
        self.step, self.seconds, self._judged = 0, 0.0, 0

    @property
    def share(self) -> float:
        """How much of it is done, 0 … 1."""
        return self.step / self.recipe.steps if self.recipe.seconds is None else min(1.0, self.seconds / self.recipe.seconds)

    @property
    def is_over(self) -> bool:
        return self.share >= 1.0

    @property
    def position(self) -> float:
        """The next step's number among those that are planned."""
        return self.step if self.recipe.seconds is None else min(self.share * self._planned.steps, self._planned.steps - 1)

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return one_cycle(self._planned, self.position)

    def phase(self, step: int) -> Phase | None:
        """Of step number `step`; by the clock, which cannot tell, of the next one."""
        return self._planned.phase(step if self.recipe.seconds is None else self.position)

    @property
    def steps(self) -> int:
        """How many there will be, as far as can be known."""
        if self.recipe.seconds is None:
            return self.recipe.steps
        if self.is_over:
            return self.step
        return max(self.step + 1, round(self.step / self.share) if self.share > SETTLED else self.recipe.steps)

    def resume(self, step: int, seconds: float) -> None:
        """As if it had come so far in this process."""
        self.step, self.seconds = step, seconds
        self._judged = self._evaluations()

    def tick(self, seconds: float) -> bool:
        """Whether one of the evenly spaced evaluations follows the last step, which ended `seconds` after the beginning."""
        self.seconds, judged = seconds, self._judged
        self._judged = self._evaluations()
        return self._judged > judged

    def _evaluations(self) -> int:
        """That are due so far."""
        count = min(self.recipe.evaluations, self.recipe.steps)
        return self.step * count // self.recipe.steps if self.recipe.seconds is None else int(self.share * count)

    @property
    def epoch(self) -> float | None:
        """Rounds through the data so far."""
        return self.step * self.recipe.batch / self.images if self.images else None

    def where(self) -> dict:
        """`step`, `steps` and, where the data have an end, `epoch` and `epochs`: what every event begins with."""
        epochs = {"epoch": self.epoch, "epochs": self.steps * self.recipe.batch / self.images} if self.images else {}
        return {"step": self.step, "steps": self.steps, **epochs}


class Reporter:
    """Turns steps into progress events, about four a second: the mean loss and the speed since the last one."""

    def __init__(self, course: Course, interval: float = 0.25, clock: Callable[[], float] = time.monotonic) -> None:
        self.course, self.interval, self._clock = course, interval, clock  # seconds
        self._first, self._since = course.step, course.seconds  # before, in another process
        self._last = clock()
        self._losses: list[float] = []
        self._busy = 0.0  # seconds spent on them, without evaluations in between

    def after(self, loss: float, learning_rate: float, seconds: float) -> dict | None:
        """The event that follows a step which took `seconds`, or None so soon after the last one."""
        self._losses.append(loss)
        self._busy += seconds
        if self._clock() - self._last < self.interval and self.course.step != 1 and not self.course.is_over:
            return None
        count, busy = len(self._losses), max(self._busy, 1e-9)
        event = {**self.course.where(), "loss": sum(self._losses) / count, "lr": learning_rate,
                 "images_per_second": count * self.course.recipe.batch / busy, "seconds_left": self._left()}
        if phase := self.course.phase(self.course.step - 1):
            event["side"] = phase.side
        self._last, self._losses, self._busy = self._clock(), [], 0.0
        return event

    def _left(self) -> float:
        """At the speed so far, evaluations included; images of other sides take their area's time."""
        recipe, course = self.course.recipe, self.course
        if recipe.seconds is not None:
            return max(0.0, recipe.seconds - course.seconds)
        total, before, done = (recipe.work(step) for step in (recipe.steps, self._first, course.step))
        return (course.seconds - self._since) * (total - done) / (done - before)
