"""Searches in a storage that several processes, or machines, can share: Optuna's studies, and what has been found out in one.

Every process that has a study open may take trials from it. A trial is a point of the grid, one candidate with one seed, or a candidate
that the sampler proposes, with all its seeds. Of two that took the same point the later one gives it up; one whose process has died
is failed by whoever notices, and its point is given out again.
"""

import os
import platform
import uuid
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import optuna
import psutil
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.samplers import GridSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from ..errors import UserError
from .settings import Coefficients, Outcome, Setting

BEAT_S, GRACE_S = 10, 60  # a running trial gives a sign of life so often; without one for so long its process is dead
KILLS = 3  # processes that may die at one point before it is given up
OPEN = (TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)


class GridInOrder(GridSampler):
    """The grid of the paper. Whether all is done is asked of the study itself, since `Study.stop` raises outside of its own loop."""

    def after_trial(self, *_) -> None:
        return


@dataclass(frozen=True)
class Standing:
    """What is known of a search so far, by all who take part."""

    name: str
    setting: Setting
    outcomes: tuple[Outcome, ...]
    running: tuple[str, ...]  # on which machine, one for every trial at work
    problems: tuple[str, ...]  # sentences about trials that cannot be
    done: int  # trials that are over, those with problems too
    total: int
    begun: float  # seconds since 1970
    latest: float

    @property
    def is_complete(self) -> bool:
        return self.done >= self.total


class Study:
    """A search in its storage; opened by `stores`."""

    def __init__(self, study: optuna.Study, setting: Setting) -> None:
        self._study, self.setting, self.name = study, setting, study.study_name

    @property
    def total(self) -> int:
        """Trials in all."""
        return self.setting.trainings if self.setting.sampler == "grid" else self.setting.trials

    def standing(self) -> Standing:
        trials = self._study.get_trials(deepcopy=False)
        settled = [trial for trial in trials if _is_settled(trial)]
        outcomes = [_outcome(row) for trial in settled for row in trial.user_attrs.get("outcomes", ())]
        running = [trial.user_attrs.get("worker", {}).get("host", "")
                   for trial in trials if trial.state == TrialState.RUNNING and not _has_died(trial)]
        times = [stamp.timestamp() for trial in trials for stamp in (trial.datetime_start, trial.datetime_complete) if stamp]
        begun = float(self._study.user_attrs.get("begun", 0.0))
        problems = [trial.user_attrs["problem"] for trial in settled if "problem" in trial.user_attrs]
        return Standing(self.name, self.setting, tuple(outcomes), tuple(running), tuple(problems), min(len(settled), self.total), self.total, begun,
                        max(times, default=begun))

    def check_data(self, fingerprint: str) -> None:
        """Raises `UserError` where the data are not those that the others learn from."""
        known = self._study.user_attrs.get("data")
        if known is None:
            self._study.set_user_attr("data", fingerprint)
        elif known != fingerprint:
            raise UserError(f"The photos of {self.setting.data} are not those that the search {self.name!r} began with; begin a new one.")

    # Taking trials

    def open_points(self) -> int:
        """Trials that can be taken now: those never given out, and those given back or left by the dead, which are put up again."""
        self.bury()
        trials = self._study.get_trials(deepcopy=False)
        if self.setting.sampler == "tpe":
            return self.total - sum(trial.state in OPEN or _is_settled(trial) for trial in trials)
        held = {_point(trial) for trial in trials if trial.state in OPEN or _is_settled(trial)}
        lost = [trial for trial in trials if trial.state == TrialState.FAIL and _point(trial) is not None and _point(trial) not in held]
        for point, last in {_point(trial): trial for trial in lost}.items():
            kills = sum(_point(trial) == point and "interrupted" not in trial.user_attrs for trial in lost)
            self._put_up(last, give_up=kills >= KILLS)
        waiting = sum(trial.state == TrialState.WAITING for trial in trials)
        return self.total - len(held) + waiting

    def _put_up(self, lost: FrozenTrial, give_up: bool) -> None:
        problem = {"problem": f"A trial was given up after its process had died {KILLS} times, most likely because memory ran out."}
        self._study.add_trial(optuna.create_trial(
            state=TrialState.PRUNED if give_up else TrialState.WAITING, user_attrs=problem if give_up else {},
            system_attrs={key: lost.system_attrs[key] for key in ("grid_id", "search_space")}))

    def bury(self) -> None:
        """Fails the running trials whose process has died, here at once, elsewhere after some silence."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            optuna.storages.fail_stale_trials(self._study)
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if _has_died(trial):
                with suppress(ValueError, UpdateFinishedTrialError):  # somebody else was faster
                    self._study.tell(trial.number, state=TrialState.FAIL)

    def take(self, objective: Callable[[Trial], float]) -> None:
        """One trial: `objective(trial)` returns its score; what it raises ends the trial."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._study.optimize(objective, n_trials=1)

    def claim(self, trial: Trial) -> tuple[Coefficients, tuple[int, ...]]:
        """The candidate and the seeds that this trial is about; ends the trial where another one has them already."""
        trial.set_user_attr("worker", {"host": _host(), "pid": os.getpid(), "born": psutil.Process().create_time()})
        setting, seeds = self.setting, tuple(range(self.setting.seeds))
        if setting.sampler == "tpe":
            candidate = setting.shared(trial.suggest_float("depth", 0.0, 1.0), trial.suggest_float("rest", 0.0, 1.0))
        else:
            candidate = setting.trained[trial.suggest_categorical("candidate", [*range(len(setting.trained))])]
            seeds = (trial.suggest_categorical("seed", [*seeds]),)
        if self._is_surplus(trial):
            raise optuna.TrialPruned
        return candidate, seeds

    def _is_surplus(self, trial: Trial) -> bool:
        """Whether earlier trials, by their numbers, have this point, or are as many as were wanted."""
        earlier = [other for other in self._study.get_trials(deepcopy=False) if other.number < trial.number]
        held = [other for other in earlier if other.state in OPEN or _is_settled(other)]
        if self.setting.sampler == "tpe":
            return len(held) >= self.total
        own = next(other for other in self._study.get_trials(deepcopy=False) if other.number == trial.number)
        return any(_point(other) == _point(own) for other in held)


def _point(trial: FrozenTrial) -> int | None:
    return trial.system_attrs.get("grid_id")


def _is_settled(trial: FrozenTrial) -> bool:
    """Whether it has an outcome, or a reason why it never will."""
    return trial.state == TrialState.COMPLETE or trial.state == TrialState.PRUNED and "problem" in trial.user_attrs


def _outcome(row: Mapping) -> Outcome:
    """Raises `KeyError`, `TypeError` or `ValueError` for a row that is none."""
    kinds = {"seed": int, "macs": int, "params": int, "side": int, "images": int, "accuracy": float, "seconds": float}
    return Outcome(coefficients=tuple(map(float, row["coefficients"])), **{name: kind(row[name]) for name, kind in kinds.items()})


def _host() -> str:
    return f"{platform.node()}-{uuid.getnode():x}"


def _has_died(trial: FrozenTrial) -> bool:
    worker = trial.user_attrs.get("worker")
    if worker is None:  # between taking it and saying so
        return (datetime.now() - trial.datetime_start).total_seconds() > GRACE_S
    if worker["host"] != _host():
        return False
    try:
        return abs(psutil.Process(worker["pid"]).create_time() - worker["born"]) > 1.0
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
