"""What a training keeps on disk: whole or not at all, for one process at a time, and never without bound."""

import errno
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from effnet_core.errors import UserError
from effnet_core.learning import runs
from effnet_core.learning.runs import Run, Standing

ROOT = Path(__file__).resolve().parent.parent
STATE = {"version": 1, "step": 7, "seconds": 3.5, "network": {"weight": torch.arange(6.0)}}
PLAN = {"plan": {"network": {"name": "Tiny"}, "data": "./photos", "recipe": {"steps": 20}}, "step": 7, "steps": 20, "seconds": 3.5,
        "data": {"name": "photos"}, "curve": [{"step": 3, "loss": 2.0}, {"step": 5, "accuracy": 0.25}, {"step": 6, "loss": 1.0}]}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    return tmp_path


def unfinished(name: str = "mine") -> Run:
    run = runs.run(name)
    run.keep_plan(PLAN)
    run.keep_state(STATE)
    return run


def test_what_is_kept_comes_back():
    run = unfinished()
    state, kept = run.state(), run.kept
    assert state["step"] == 7 and torch.equal(state["network"]["weight"], STATE["network"]["weight"])
    assert {key: kept[key] for key in PLAN} == PLAN and kept["time"] > 1e9
    assert run.is_unfinished and not run.is_running


def test_the_first_states_take_their_seconds_from_the_plan():
    run = unfinished()
    run.keep_state({key: value for key, value in STATE.items() if key != "seconds"})
    assert run.state()["seconds"] == 3.5


def test_unfinished_trainings_are_listed_the_latest_first():
    assert runs.unfinished() == []
    for age, name in enumerate(("new", "old")):
        os.utime(unfinished(name).folder / "state.pt", (1e9 - age, 1e9 - age))
    unfinished("done").finish()
    assert runs.unfinished() == [Standing(name, 7, 20, "photos", "Tiny", 1e9 - age, 0.25) for age, name in enumerate(("new", "old"))]
    assert all(standing.resumable for standing in runs.unfinished())


def test_plans_of_the_first_version_are_listed_too():
    run = unfinished()
    run.keep_plan({key: value for key, value in PLAN.items() if key not in ("steps", "data")})
    assert (run.standing().steps, run.standing().data) == (20, "./photos")


def test_listing_needs_no_torch():
    unfinished()
    code = "import sys; from effnet_core.learning import runs; print(runs.unfinished()[0].name); sys.exit('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == "mine\n"


class Hostile:
    """A pickle that would write a file if it were loaded like one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def truncate(run: Run) -> None:
    content = (run.folder / "state.pt").read_bytes()
    (run.folder / "state.pt").write_bytes(content[: len(content) // 2])


def hostile(run: Run) -> None:
    (run.folder / "state.pt").write_bytes(pickle.dumps(Hostile(run.folder / "harm"), 2))


def hostile_zip(run: Run) -> None:
    torch.save({"version": 1, "step": Hostile(run.folder / "harm")}, run.folder / "state.pt")


def foreign_zip(run: Run) -> None:
    with zipfile.ZipFile(run.folder / "state.pt", "w") as archive:
        archive.writestr("letter.txt", "Dear reader")


@pytest.mark.parametrize("damage", [truncate, hostile, hostile_zip, foreign_zip, lambda run: torch.save([1], run.folder / "state.pt"),
                                    lambda run: run.keep_state({"version": 1}), lambda run: run.keep_state({"step": "many"})])
def test_a_damaged_state_is_a_sentence_and_runs_nothing(damage):
    run = unfinished()
    damage(run)
    with pytest.raises(UserError, match="saved state of the training 'mine' is damaged; start it anew"):
        run.state()
    assert not (run.folder / "harm").exists()


@pytest.mark.parametrize("damage", [truncate, hostile])
def test_a_state_cut_short_is_seen_in_the_list(damage):
    damage(unfinished())
    (standing,) = runs.unfinished()
    assert not standing.resumable and "saved state of the training 'mine' is damaged" in standing.problem


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"plan": 3, "curve": []}', '{"plan": {}, "curve": [7]}', '{"plan": {}}', "[" * 100_000,
                                  "\udcff".encode("utf-8", "surrogateescape")])
def test_a_damaged_plan_is_a_sentence(text):
    run = unfinished()
    (run.folder / "plan.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match="plan of the training 'mine' is damaged; start it anew"):
        _ = run.kept
    assert runs.unfinished()[0].problem == "The plan of the training 'mine' is damaged; start it anew."


@pytest.mark.parametrize("change", [{"step": "many"}, {"plan": {}}, {"plan": {"network": 3, "recipe": {}, "data": ""}}, {"data": 4}])
def test_a_plan_of_something_else_is_a_problem_in_the_list(change):
    run = unfinished()
    run.keep_plan({**PLAN, **change})
    assert "is damaged" in run.standing().problem


def test_without_a_training_there_is_a_sentence():
    for look in (lambda: runs.run("gone").kept, lambda: runs.run("gone").state()):
        with pytest.raises(UserError, match="no unfinished training called 'gone'"):
            look()


@pytest.mark.parametrize("room", [0, 50, 1000])
def test_a_full_disk_is_a_sentence_and_the_last_state_stays(monkeypatch, room):
    run = unfinished()

    class Full:
        """A file on a disk with little room."""

        def __init__(self, file) -> None:
            self._file, self._room = file, room

        def write(self, content) -> int:
            self._room -= len(content)
            if self._room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return self._file.write(content)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def flush(self):
            self._file.flush()

    real = open
    monkeypatch.setattr("builtins.open", lambda path, mode="r", *rest, **named: Full(real(path, mode, *rest, **named)) if mode == "xb"
                        else real(path, mode, *rest, **named))
    with pytest.raises(UserError, match=r"state.pt could not be written \(No space left on device\); free some space"):
        run.keep_state({**STATE, "step": 8, "large": torch.zeros(100_000)})
    monkeypatch.undo()
    monkeypatch.setenv("EFFNET_CACHE", str(run.folder.parent.parent))
    assert run.state()["step"] == 7 and sorted(path.name for path in run.folder.iterdir()) == ["plan.json", "state.pt"]


def test_one_process_at_a_time():
    run = unfinished()
    with run.claimed():
        assert run.is_running and runs.unfinished()[0].running and not runs.unfinished()[0].resumable
        with pytest.raises(UserError, match="training called 'mine' is running; wait for it, stop it, or choose another name"):
            with Run(run.folder).claimed():
                raise AssertionError
    assert not run.is_running and runs.unfinished()[0].resumable


def test_the_claim_of_a_dead_process_is_void():
    run = unfinished()
    code = f"import os; from effnet_core.learning.runs import Run; from pathlib import Path\nwith Run(Path({str(run.folder)!r})).claimed(): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 9
    assert not run.is_running
    with run.claimed():
        assert run.is_running


def test_the_claim_of_a_living_process_holds(cache):
    run = unfinished()
    code = ("import sys; from effnet_core.learning.runs import Run; from pathlib import Path\n"
            f"with Run(Path({str(run.folder)!r})).claimed(): print(1, flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert run.is_running and runs.unfinished()[0].running
        other.stdin.close()
    assert not run.is_running


def test_a_folder_that_cannot_be_used_is_a_sentence(cache):
    (cache / "trainings").write_text("in the way")
    with pytest.raises(UserError, match="cannot be kept"), runs.run("mine").claimed():
        raise AssertionError


def finished(name: str, age: float, model: bool = True) -> Run:
    run = unfinished(name)
    run.finish()
    os.utime(run.folder / "plan.json", (1e9 - age, 1e9 - age))
    (runs.cache_folder() / "models").mkdir(exist_ok=True)
    if model:
        (runs.cache_folder() / "models" / f"{name}.safetensors").write_bytes(b"")
    return run


def test_the_photo_stays_where_the_data_does(monkeypatch):
    def fail(name: str) -> None:
        raise UserError("It is just being added.")

    monkeypatch.setattr(runs.sources, "available", lambda: [SimpleNamespace(name="./photos")])
    monkeypatch.setattr(runs.sources, "is_here", lambda name: True)
    monkeypatch.setattr(runs.sources, "remove", fail)
    run = unfinished()
    run.album.start(b"a photo", 0, ("cat", "dog"))
    with pytest.raises(UserError, match="just being added"):
        runs.remove_data("./photos")
    assert run.album.photo == b"a photo"
    monkeypatch.setattr(runs.sources, "is_here", lambda name: False)  # its card is gone, and then something failed
    with pytest.raises(UserError):
        runs.remove_data("./photos")
    assert run.album.photo is None and run.album.labels == ("cat", "dog")


def test_a_damaged_plan_does_not_keep_the_photos_of_others(cache, monkeypatch):
    runs.run("broken").keep_plan({})
    run = unfinished()
    run.album.start(b"a photo", 0, ("cat", "dog"))
    runs._forget_photos("./photos")
    assert run.album.photo is None


def test_models_are_where_the_cards_say(cache, monkeypatch):
    monkeypatch.setattr(runs.cards, "own_folder", lambda: cache / "elsewhere")
    gone, here = finished("gone", 1), finished("here", 2, model=False)
    (cache / "elsewhere").mkdir()
    (cache / "elsewhere" / f"here{runs.cards.SUFFIX}").write_bytes(b"")
    runs.prune()
    assert not gone.folder.exists() and here.folder.exists()


def test_only_the_latest_finished_trainings_are_kept(monkeypatch):
    monkeypatch.setattr(runs, "KEPT", 2)
    kept = [finished(f"run-{age}", age) for age in range(4)]
    orphan, waiting, busy = finished("orphan", -1, model=False), unfinished("waiting"), finished("busy", 100)
    os.utime(waiting.folder / "plan.json", (1e8, 1e8))
    with busy.claimed():
        runs.prune()
    assert [run.folder.exists() for run in (*kept, orphan, waiting, busy)] == [True, True, False, False, False, True, True]
    assert not kept[0].is_unfinished and json.loads((kept[0].folder / "plan.json").read_text())["step"] == 7
