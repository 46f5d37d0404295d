"""Trainings on disk: what each needs to go on after a break, and what its network looked like along the way.

A training called `name` has the folder `trainings/name` in the cache: `plan.json` (how it was started and how far it is), `state.pt`
(weights, optimiser and progress, while it is unfinished) and `snapshots/` (see `snapshots`).
"""

import json
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from .. import cards, files
from ..cache import cache_folder
from ..data import sources
from ..errors import UserError
from .snapshots import Album

KEPT = 20  # finished trainings whose snapshots are kept
PATIENCE_S = 1.0  # for a lock: whoever only looks whether it is free holds it for a moment


@dataclass(frozen=True)
class Standing:
    """What is known of an unfinished training without its weights."""

    name: str
    step: int
    steps: int
    data: str
    network: str  # its name for people
    time: float  # seconds since 1970 when it was last saved
    accuracy: float | None = None  # the latest, on held-out images
    running: bool = False  # a process is at it
    problem: str | None = None  # a sentence, where it cannot go on

    @property
    def resumable(self) -> bool:
        return self.problem is None and not self.running


@dataclass(frozen=True)
class Run:
    """The folder of one training."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def album(self) -> Album:
        return Album(self.folder / "snapshots")

    @property
    def kept(self) -> dict:
        """What `keep_plan` was last given. Raises `UserError` where there is none, or it is damaged."""
        try:
            kept = json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
            sound = isinstance(kept["plan"], dict) and all(isinstance(row["step"], int) for row in kept["curve"])
        except FileNotFoundError:
            raise self.missing() from None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as broken:
            raise self._damaged("plan") from broken
        if not sound:
            raise self._damaged("plan")
        return kept

    @property
    def is_unfinished(self) -> bool:
        return (self.folder / "state.pt").is_file()

    @property
    def is_running(self) -> bool:
        """Whether a process is at it."""
        if not self._lock.exists():
            return False
        try:
            with FileLock(self._lock, timeout=0):
                return False
        except (Timeout, OSError):
            return True

    @property
    def _lock(self) -> Path:
        return self.folder.with_name(f".{self.name}.lock")

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """For this process alone, until it is done or dead. Raises `UserError` where another one has it."""
        lock = FileLock(self._lock, timeout=PATIENCE_S)
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise UserError(f"A training called {self.name!r} is running; wait for it, stop it, or choose another name.") from None
        except OSError as failed:
            raise UserError(f"The training {self.name!r} cannot be kept ({failed.strerror or failed}); allow writing in "
                            "the folder of its files.") from failed
        try:
            yield
        finally:
            lock.release()

    def keep_plan(self, plan: Mapping) -> None:
        text = json.dumps({**plan, "time": time.time()}, ensure_ascii=False, allow_nan=False)
        files.write(self.folder / "plan.json", text.encode())

    def keep_state(self, state: Mapping) -> None:
        """Tensors, numbers and texts; what was there before stays whole until this is safely on disk."""
        import torch  # seconds, and nobody who only lists trainings needs it

        with files.replacing(self.folder / "state.pt") as file:
            try:
                torch.save(dict(state), file)
            except RuntimeError as cut:  # which is how it passes on a full disk
                raise cut.__context__ if isinstance(cut.__context__, OSError) else cut

    def state(self) -> dict:
        """What `keep_state` was last given. Raises `UserError` where there is none, or it is damaged."""
        import torch

        if not self.is_unfinished:
            raise self.missing()
        try:
            state = torch.load(self.folder / "state.pt", map_location="cpu", weights_only=True)
            return {"seconds": float(self.kept.get("seconds", 0.0)), **state, "step": int(state["step"])}  # the first states had no seconds
        except UserError:
            raise
        except Exception as broken:  # torch and pickle raise whatever a damaged file makes them raise
            raise self._damaged("saved state") from broken

    def standing(self) -> Standing:
        """How far it is, or why it cannot go on."""
        saved = _time(self.folder / "state.pt")
        try:
            kept = self.kept
            plan = kept["plan"]
            judged = [row["accuracy"] for row in kept["curve"] if "accuracy" in row]
            found = Standing(self.name, int(kept["step"]), int(kept.get("steps", plan["recipe"]["steps"])), _data(kept),
                             str(plan["network"]["name"]), saved, judged[-1] if judged else None, self.is_running)
            if not zipfile.is_zipfile(self.folder / "state.pt"):  # torch's format; one that was cut short has lost its end
                raise self._damaged("saved state")
        except UserError as problem:
            return Standing(self.name, 0, 0, "", "", saved, problem=str(problem))
        except (KeyError, TypeError, ValueError, AttributeError):
            return Standing(self.name, 0, 0, "", "", saved, problem=str(self._damaged("plan")))
        return found

    def finish(self) -> None:
        """The state is no longer needed; plan and snapshots stay."""
        (self.folder / "state.pt").unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave_nothing(self) -> None:
        """Of a training that is over, by the process that has claimed it: its folder and the lock go."""
        self.remove()
        with suppress(OSError):  # on Windows an open file stays
            self._lock.unlink()

    def missing(self) -> UserError:
        return UserError(f"There is no unfinished training called {self.name!r}; start one by that name.")

    def _damaged(self, what: str) -> UserError:
        return UserError(f"The {what} of the training {self.name!r} is damaged; start it anew.")


def folder() -> Path:
    return cache_folder() / "trainings"


def run(name: str) -> Run:
    """The training whose model is the user's `name`."""
    return Run(folder() / name)


def unfinished() -> list[Standing]:
    """Trainings that were paused or interrupted, or are at work, the latest first."""
    return sorted((Run(path.parent).standing() for path in folder().glob("*/state.pt")), key=lambda standing: -standing.time)


def prune() -> None:
    """Removes finished trainings beyond the `KEPT` latest, and those whose model is gone."""
    plans = sorted(folder().glob("*/plan.json"), key=_time, reverse=True)
    finished = [run for run in map(Run, (path.parent for path in plans)) if not run.is_unfinished and not run.is_running]
    useful = [run for run in finished if (cards.own_folder() / (run.name + cards.SUFFIX)).exists()]
    for old in finished:
        if old not in useful[:KEPT]:
            old.remove()


def remove_data(name: str) -> None:
    """`sources.remove`, and where that is a person's own data, the photo of it in the album of every training that learnt from it."""
    own = name in {own.name for own in sources.available()}
    try:
        sources.remove(name)
    finally:
        if own and not sources.is_here(name):
            _forget_photos(name)


def _forget_photos(data: str) -> None:
    for path in folder().glob("*/plan.json"):
        run, learnt = Run(path.parent), None
        with suppress(UserError):  # one that is damaged is not shown
            learnt = run.kept["plan"].get("data")
        if learnt == data:
            run.album.forget_photo()


def _data(kept: dict) -> str:
    """The name of what it learns."""
    return str(kept["data"]["name"] if "data" in kept else kept["plan"]["data"])


def _time(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
