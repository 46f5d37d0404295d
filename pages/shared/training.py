"""What the Pretrain page asks of a worker: to train, to try out first, to go on with what was paused; and whose training is whose."""

import re
import secrets
import threading
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st

from effnet_core import cards
from effnet_core.errors import UserError
from effnet_core.learning import recipes, runs
from effnet_core.learning.snapshots import MOST
from effnet_core.work.jobs import Job

from . import removing, shelf, state, work
from .data import Chosen
from .networks import Learner

DURATIONS = {60: "1 min", 120: "2 min", 300: "5 min", 900: "15 min"}
DURATION = 120  # seconds, unless the visitor chooses another
NICE = 10
NAMING = threading.Lock()  # two visitors may choose the same name at the same moment


def title(name: str) -> str:
    """Of the job that trains the model `name`."""
    return f"training {name}"


class About(NamedTuple):
    """What is known of a training from its beginning."""

    name: str
    network: str
    classes: int
    things: str  # that it learns to tell apart: "scenes" or "photos"
    looks: int  # at its inside, the one before the first step included
    earlier: tuple[dict, ...] = ()  # its curve before the break after which it goes on


@dataclass(frozen=True)
class Wish:
    """The settings of one training; either `seconds` or `epochs` say how long."""

    name: str
    data: Chosen
    learner: Learner
    seconds: int | None
    epochs: int | None
    learning_rate: float
    batch: int
    seed: int
    augment: str | None = None  # None: as the recipe has it
    device: str = "cpu"

    @property
    def settings(self) -> list[str]:
        """All of it but the name."""
        length = ["--seconds", str(self.seconds)] if self.epochs is None else ["--epochs", str(self.epochs)]
        change = [] if self.augment is None else ["--augment", self.augment]
        return ["--data", self.data.name, *self.learner.args, *length, "--learning-rate", f"{self.learning_rate:g}", "--batch", str(self.batch),
                "--seed", str(self.seed), *change, "--device", self.device, "--threads", str(work.training_threads())]

    def arguments(self) -> list[str]:
        return ["train", "--name", self.name, *self.settings]

    @property
    def about(self) -> About:
        looks = 1 + (recipes.preset("scenes").recipe.evaluations if self.epochs is None else self.epochs)
        return About(self.name, self.learner.architecture.name, self.data.classes, "scenes" if self.data.is_scenes else "photos", min(looks, MOST))


def suggested_name(data: Chosen) -> str:
    """A name that no other visitor is likely to have; the same one until a training of this session has used it."""
    tail = st.session_state.setdefault("_name_tail", secrets.token_hex(2))
    return f"{re.sub('[^a-z0-9-]', '', data.name)[:48] or 'model'}-{tail}"


def name(data: Chosen) -> str:
    """The field for the model's name: a suggestion that follows the data, until the visitor types another one."""
    suggested, shown = suggested_name(data), st.session_state.get("model_name")
    if shown in (None, st.session_state.get("_suggested")):
        st.session_state["model_name"] = suggested
    st.session_state["_suggested"] = suggested
    return st.text_input("Name of the model", max_chars=64, key="model_name", persist_state="session", help="Small letters, digits and hyphens.")


# Whose is whose


def belongs_to_another(name: str) -> bool:
    """Whether a visitor who is here has trained `name`, or does so now."""
    return work.holder(work.trainings(), title(name)) not in (None, work.owner())


def active_job(name: str) -> Job | None:
    return next((job for job in work.trainings().active() if job.title == title(name)), None)


def check_name(name: str) -> None:
    """Raises `UserError` for a name that cannot be used, or belongs to a model or a training that must not be replaced."""
    path = cards.path_of(name)
    if active_job(name) or path.exists() and name not in st.session_state.get("_trained", ()):
        raise UserError(f"There is already a model called {name!r} on this machine; choose another name, so that it is not replaced.")
    if runs.run(name).is_unfinished:
        raise UserError(f"There is an unfinished training called {name!r}; go on with it, remove it, or choose another name.")


# What a press of a button does; a refusal is left for `refusal`


def _submit(name: str, args: list[str], about: About) -> None:
    job = work.start(work.trainings(), args, title(name), nice=NICE, about=about, again=_resuming(name))
    st.session_state.setdefault("_trained", set()).add(name)
    state.put(job=job.id)


def _resuming(name: str) -> list[str]:
    """What goes on with an unfinished training."""
    return ["train", "--name", name, "--resume", "--threads", str(work.training_threads())]


def _refuse(refused: UserError) -> None:
    st.session_state["_refused_training"] = str(refused)


def refusal() -> str | None:
    return st.session_state.pop("_refused_training", None)


def start(wish: Wish) -> None:
    try:
        with NAMING:
            check_name(wish.name)
            _submit(wish.name, wish.arguments(), wish.about)
    except UserError as refused:
        return _refuse(refused)
    for key in ("_name_tail", "model_name"):
        st.session_state.pop(key, None)
    work.forget(work.trials())


def try_out(wish: Wish) -> None:
    """A few steps of that training, to find out how long all of it would take."""
    try:
        cards.check_name(wish.name)
        work.start(work.trials(), [*wish.arguments(), "--trial"], "the trial", nice=NICE, about=wish.settings)
    except UserError as refused:
        _refuse(refused)


def resume(name: str) -> None:
    try:
        with NAMING:
            _check_free(name)
            run = runs.run(name)
            if not run.is_unfinished:
                raise run.missing()
            if problem := run.standing().problem:
                raise UserError(problem)
            _submit(name, _resuming(name), _about(name, run.kept))
    except UserError as refused:
        _refuse(refused)


def remove(name: str) -> None:
    """Deletes what an unfinished training needs to go on; its model, as it was after its last evaluation, stays."""
    try:
        with NAMING:
            _check_free(name)
            runs.run(name).remove()
    except UserError as refused:
        _refuse(refused)


def remove_model(name: str) -> None:
    """Deletes a model that was made on this machine."""
    try:
        with NAMING:
            _check_free(name)
            cards.remove(name)
            removing.forget("model", name)
    except UserError as refused:
        _refuse(refused)


def _check_free(name: str) -> None:
    """Raises `UserError` where that training runs, or belongs to somebody else who is here."""
    if active_job(name) or runs.run(name).is_running:
        raise UserError(f"The training {name!r} is at work; it can be paused or stopped by whoever started it.")
    if belongs_to_another(name):
        raise UserError(f"The training {name!r} belongs to another visitor who is here; it can be taken over once they have left.")


def _about(name: str, kept: dict) -> About:
    """Of a training that goes on. Raises `UserError` where its plan is damaged."""
    try:
        plan, network = kept["plan"], kept["plan"]["network"]
        return About(name, str(network["name"]), int(network["classes"]), "scenes" if plan["data"] == "scenes" else "photos",
                     min(1 + int(plan["recipe"]["evaluations"]), MOST), tuple(row for row in kept.get("curve", ()) if "step" in row))
    except (KeyError, TypeError, ValueError) as damaged:
        raise UserError(f"The plan of the training {name!r} is damaged; start it anew.") from damaged


def removable() -> list[str]:
    """The models that this visitor may remove: made here, and nobody else's who is here."""
    own = [entry.name for entry in shelf.entries() if shelf.group_of(entry) == "own"]
    return [name for name in own if removing.may_remove("model", name) and not belongs_to_another(name)]
