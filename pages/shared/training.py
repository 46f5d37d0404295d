"""What the Pretrain page asks for, and how it shows a training that waits, runs or is over."""

import secrets
import threading
from functools import cache
from io import BytesIO
from typing import NamedTuple

import streamlit as st
from PIL import Image

from effnet_core.architecture import Architecture
from effnet_core.errors import UserError
from effnet_core.families import SCENES, small
from effnet_core.figures import curves
from effnet_core.jobs import Job
from effnet_core.palette import percent, si
from effnet_core.scaling import Scaling

from . import html, shell, state, work
from .work import Step

DURATIONS = {60: "1 min", 120: "2 min", 180: "3 min", 300: "5 min"}
DURATION = 120  # seconds, unless the visitor chooses another
RATES = (0.001, 0.002, 0.004, 0.008, 0.016)
CLASSES = small().classes
LATE = 1.5  # times as long as was wished; then it is said
PLAIN = {"displayModeBar": False}
PHASES = {"loading torch": "Loading PyTorch", "finding the pace": "Finding out how fast this machine is",
          "judging what is stored": "Judging the stored model on fresh scenes"}


NAMING = threading.Lock()  # two visitors may choose the same name at the same moment


def title(name: str) -> str:
    """Of the job that trains the model `name`."""
    return f"training {name}"


class Wish(NamedTuple):
    """The settings of one training."""

    name: str
    seconds: int
    width: float
    depth: float
    learning_rate: float
    seed: int

    @property
    def network(self) -> Architecture:
        return small(Scaling(self.depth, self.width, SCENES.side, SCENES.dropout))

    def arguments(self) -> list[str]:
        return ["train", "--name", self.name, "--seconds", str(self.seconds), "--width", f"{self.width:g}", "--depth", f"{self.depth:g}",
                "--learning-rate", f"{self.learning_rate:g}", "--seed", str(self.seed), "--threads", str(work.training_threads())]


def suggested_name() -> str:
    """A name that no other visitor is likely to have; the same one until a training of this session has used it."""
    return st.session_state.setdefault("_model_name", f"scenes-{secrets.token_hex(2)}")


def check_name(name: str) -> None:
    """Raises `UserError` for a name that cannot be used, or belongs to a model that this session did not make."""
    from effnet_core import checkpoints

    path = checkpoints.path_of(name)
    taken = path.exists() and name not in st.session_state.get("_trained", ())
    if taken or any(job.title == title(name) for job in work.trainings().active()):
        raise UserError(f"There is already a model called {name!r} on this machine; choose another name, so that it is not replaced.")


def start(wish: Wish) -> None:
    """Submits the training; a refusal is left for `refusal`."""
    try:
        with NAMING:
            check_name(wish.name)
            job = work.start(work.trainings(), wish.arguments(), title(wish.name), nice=10)
    except UserError as refused:
        st.session_state["_refused_training"] = str(refused)
        return
    st.session_state.setdefault("_trained", set()).add(wish.name)
    st.session_state.pop("_model_name", None)
    state.put(job=job.id)


def refusal() -> str | None:
    return st.session_state.pop("_refused_training", None)


def step(job: Job) -> Step:
    """How far a running training is."""
    now, name = job.latest("progress") or {"phase": "loading torch"}, f"**{job.title.removeprefix('training ')}**"
    if "phase" in now:
        return Step(0.99 if now["phase"].startswith("judging") else 0.0, f"{name} · {PHASES.get(now['phase'], now['phase'])}")
    left = next((event["seconds_left"] for event in reversed(job.events) if "seconds_left" in event), None)
    late = left is not None and job.seconds + left > LATE * wished_seconds(job)
    slower = ", later than planned: the machine is busier now than when the pace was found" if late else ""
    return Step(now["step"] / now["steps"], f"{name} · step {now['step']:,} of {now['steps']:,}{slower}", left)


def wished_seconds(job: Job) -> float:
    """How long the visitor wanted the training to take."""
    return float(job.args[job.args.index("--seconds") + 1])


def history(job: Job) -> list[dict]:
    return [event for event in job.events if "loss" in event or "accuracy" in event and "step" in event]


def live(job: Job) -> None:
    """The numbers and curves of a training so far."""
    rows = history(job)
    losses, tests = [row for row in rows if "loss" in row], [row for row in rows if "accuracy" in row]
    last = losses[-1] if losses else {}
    html.tiles([
        html.Tile("Accuracy, held out", percent(tests[-1]["accuracy"]) if tests else "–",
                  f"of {tests[-1]['held_out_images']:,} unseen scenes" if tests else "judged again and again on the way"),
        html.Tile("Loss", f"{last['loss']:.3f}" if last else "–", "mean of the last batches"),
        html.Tile("Learning rate", f"{last['lr']:.4f}" if last else "–", "one cycle: up, then down"),
        html.Tile("Images per second", si(last["images_per_second"]) if last else "–", "training speed"),
    ], "training")
    steps = rows[-1]["steps"] if rows else None
    st.plotly_chart(curves.training(rows, CLASSES, shell.theme(), steps), theme=None, key="curves", config=PLAIN,
                    alt="Loss and accuracy over the steps of the training")


@cache
def sheet(side: int, seed: int) -> tuple[tuple[str, bytes], ...]:
    """One scene of every class: its label and a PNG, drawn by the code that draws the training images."""
    from effnet_core import datasets

    pictures = []
    for index, label in enumerate(datasets.Scenes.labels):
        pixels = datasets.example(index, seed, side).mul(255).round().byte().permute(1, 2, 0).numpy()
        file = BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        pictures.append((label, file.getvalue()))
    return tuple(pictures)
