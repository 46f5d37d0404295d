"""Trainings from beginning to end: stored, paused, killed and resumed to the bit, and never two at once."""

import itertools
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from effnet_core import checkpoints, files
from effnet_core.errors import UserError
from effnet_core.families import small, to_spec
from effnet_core.learning import keeping, runs, training, trainings
from effnet_core.learning.keeping import thinned
from effnet_core.learning.plans import Plan, unfinished
from effnet_core.learning.recipe import Recipe
from effnet_core.learning.trainings import carry_out
from effnet_core.scaling import Scaling

PLAN = Plan("mine", to_spec(small(Scaling(0.3, 0.25, 16, 0.1))), Recipe(steps=6, batch=8, evaluations=3, held_out_images=20), side=16,
            held_out=40, precision="float32")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: its events, its result, its weights and its curve."""
    torch.set_num_threads(1)
    folder, events = tmp_path_factory.mktemp("whole"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFNET_CACHE", str(folder))
        result = carry_out(PLAN, events.append)
        return events, result, load_file(result["file"]), runs.run("mine").kept, [runs.run("mine").album.read(step) for step in (0, 2, 4, 6)]


def after(step: int, word: str):
    """Asks for `word` after so many steps."""
    asked = iter([False] * (step - 1) + [word] * 100)
    return lambda: next(asked)


def same(file, weights: dict) -> bool:
    ours = load_file(file)
    return ours.keys() == weights.keys() and all(torch.equal(ours[key], weights[key]) for key in ours)


def test_a_run_leaves_a_model_a_plan_and_snapshots(whole):
    events, result, _, kept, snapshots = whole
    card = result["card"]
    assert {*result} == {"name", "file", "accuracy", "stopped", "card"} and result["name"] == "mine" and not result["stopped"]
    assert card["finished"] and card["steps"] == 6 and card["evaluation"]["images"] == 40 and card["processes"] == 1
    assert card["recipe"]["steps"] == 6 and card["data"] == {"name": "scenes", "side": 16, "seed": 0} and not {"source", "epochs"} & card.keys()
    assert kept["finished"] and kept["step"] == kept["steps"] == 6 and Plan.from_dict(kept["plan"]).name == "mine"
    assert kept["data"] == {"name": "scenes", "images": None, "fingerprint": None} and kept["curve"] == card["curve"]
    assert [snapshot.step for snapshot in snapshots] == [0, 2, 4, 6] and snapshots[0].accuracy is None
    assert [snapshot.accuracy for snapshot in snapshots[1:]] == [event["accuracy"] for event in events if "accuracy" in event]
    json.dumps(result), json.dumps(events)


def test_a_run_tells_what_it_does(whole):
    events = whole[0]
    kinds = [next(key for key in ("phase", "loss", "accuracy", "checkpoint", "snapshot", "saved") if key in event) for event in events]
    first = kinds.index("accuracy")
    assert kinds[first : first + 4] == ["accuracy", "checkpoint", "snapshot", "saved"] and kinds[-1] == "phase"
    assert [event["snapshot"] for event in events if "snapshot" in event] == [2, 3, 4]  # one was taken before the first step
    assert [event["step"] for event in events if "saved" in event] == [2, 4, 6]
    assert all(event["steps"] == 6 for event in events if "step" in event)
    assert events[-1] == {"phase": "judging what is stored"}


@pytest.mark.parametrize("step", [3, 4])  # in between, and together with an evaluation
def test_a_paused_run_goes_on_to_the_bit(whole, step):
    assert carry_out(PLAN, asked=after(step, "pause")) == {"name": "mine", "paused": True, "step": step, "steps": 6}
    (standing,) = runs.unfinished()
    assert (standing.name, standing.step, standing.steps, standing.data, standing.resumable) == ("mine", step, 6, "scenes", True)
    assert standing.network == PLAN.network["name"] and standing.accuracy is not None
    events = []
    result = carry_out(unfinished("mine"), events.append, resume=True)
    assert same(result["file"], whole[2]) and result["accuracy"] == whole[1]["accuracy"] and not runs.unfinished()
    assert [row for row in result["card"]["curve"] if "accuracy" in row] == [row for row in whole[1]["card"]["curve"] if "accuracy" in row]
    assert [event["step"] for event in events if "accuracy" in event] == [number for number in (2, 4, 6) if number > step]
    assert runs.run("mine").album.entries() == [0, 2, 4, 6]
    steps = [row["step"] for row in result["card"]["curve"]]
    assert steps == sorted(steps)


class Killed(BaseException):
    """Stands for a process that is gone at once."""


def test_a_killed_run_goes_back_to_its_last_state(whole):
    def die(event: dict) -> None:
        if event.get("snapshot") == 3:  # after step 4 was judged, before its state was saved
            raise Killed

    with pytest.raises(Killed):
        carry_out(PLAN, die)
    assert runs.unfinished()[0].step == 2 and runs.run("mine").album.entries() == [0, 2, 4]
    result = carry_out(unfinished("mine"), resume=True)
    assert same(result["file"], whole[2]) and runs.run("mine").album.entries() == [0, 2, 4, 6]
    curve = result["card"]["curve"]
    assert [row["step"] for row in curve if "accuracy" in row] == [2, 4, 6]


def test_a_run_killed_while_its_plan_was_newer_than_its_state_cuts_its_curve(whole):
    carry_out(PLAN, asked=after(3, "pause"))
    run = runs.run("mine")
    run.keep_plan({**run.kept, "step": 5, "curve": [*run.kept["curve"], {"step": 5, "loss": 99.0}]})
    assert all(row.get("loss") != 99.0 for row in carry_out(unfinished("mine"), resume=True)["card"]["curve"])


def test_a_run_killed_in_its_final_verdict_is_finished(whole, monkeypatch):
    def die(event: dict) -> None:
        if event.get("phase") == "judging what is stored":
            raise Killed

    with pytest.raises(Killed):
        carry_out(PLAN, die)
    assert runs.unfinished()[0].step == 6
    result = carry_out(unfinished("mine"), resume=True)
    assert same(result["file"], whole[2]) and result["card"]["finished"] and not runs.unfinished()


def test_a_full_disk_ends_it_with_a_sentence_and_it_goes_on_later(whole, monkeypatch):
    real = files.replacing

    def nearly_full(path):
        if (path.parent / "state.pt").exists():  # there is room for one
            raise UserError(f"{path.name} could not be written (No space left on device); free some space.")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(files, "replacing", nearly_full)
        with pytest.raises(UserError, match="could not be written"):
            carry_out(PLAN)
    assert runs.unfinished()[0].step == 2 and runs.unfinished()[0].resumable
    assert same(carry_out(unfinished("mine"), resume=True)["file"], whole[2])


def test_a_stopped_run_finishes_its_model(whole):
    result = carry_out(PLAN, asked=after(3, "stop"))
    assert result["stopped"] and not result["card"]["finished"] and result["card"]["steps"] == 3 and result["card"]["evaluation"]["images"] == 20
    assert not runs.unfinished() and runs.run("mine").kept["finished"] and runs.run("mine").album.entries() == [0, 2, 3]
    with pytest.raises(UserError, match="no unfinished training called 'mine'"):
        unfinished("mine")


def test_an_unfinished_training_is_not_lost_by_chance():
    carry_out(PLAN, asked=after(3, "pause"))
    with pytest.raises(UserError, match="unfinished training called 'mine'; --resume goes on with it, --anew starts over"):
        carry_out(PLAN)
    assert runs.unfinished()[0].step == 3
    assert carry_out(PLAN, anew=True)["card"]["steps"] == 6 and not runs.unfinished()


def test_the_same_name_is_trained_once_at_a_time():
    def again(event: dict) -> None:
        if "accuracy" in event:
            for resume in (True, False):
                with pytest.raises(UserError, match="training called 'mine' is running"):
                    carry_out(PLAN, resume=resume)
            raise Killed

    with pytest.raises(Killed):
        carry_out(PLAN, again)
    assert not runs.run("mine").is_running


def test_a_new_run_makes_way_for_itself(whole):
    carry_out(PLAN, asked=after(3, "pause"))
    short = replace(PLAN, recipe=replace(PLAN.recipe, steps=2, evaluations=1))
    result = carry_out(short, anew=True)
    assert result["card"]["steps"] == 2 and runs.run("mine").album.entries() == [0, 2] and not runs.unfinished()


def test_a_file_has_its_training_beside_it(tmp_path, whole):
    plan = replace(PLAN, name="given", out=str(tmp_path / "given.safetensors"))
    assert carry_out(plan, asked=after(2, "pause"))["name"] == "given"
    assert (tmp_path / "given.training" / "state.pt").exists() and not runs.unfinished()
    result = carry_out(unfinished("given", plan.out), resume=True)
    assert result["file"] == plan.out and same(plan.out, whole[2])
    assert sorted(path.name for path in tmp_path.glob("*given*")) == ["given.json", "given.safetensors"]


@pytest.fixture
def photos(tmp_path):
    for number in range(12):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 20), (20 * number, 100, 255 - 20 * number)).save(path)
    return tmp_path / "photos"


def test_photos_that_have_changed_are_noticed(photos):
    plan = replace(PLAN, data=str(photos), epochs=4.0, recipe=replace(PLAN.recipe, batch=2))
    events = []
    assert carry_out(plan, events.append, after(3, "pause"))["paused"]
    losses = [event for event in events if "loss" in event]
    assert losses[-1]["epoch"] > 0 and losses[-1]["epochs"] == pytest.approx(4, abs=0.5)
    assert runs.run("mine").album.labels == ("cat", "dog") and runs.unfinished()[0].data == "photos"
    Image.new("RGB", (24, 20), (1, 2, 3)).save(photos / "cat" / "new.png")
    with pytest.raises(UserError, match="photos of photos have changed since the training 'mine' was interrupted; start it anew"):
        carry_out(unfinished("mine"), resume=True)
    (photos / "cat" / "new.png").unlink()
    result = carry_out(unfinished("mine"), resume=True)
    assert result["card"]["epochs"] == 4.0 and result["card"]["labels"] == ["cat", "dog"] and result["card"]["data"]["name"] == "photos"


@pytest.fixture
def source(whole):
    path = checkpoints.own_folder() / "start.safetensors"
    files.write(path, open(whole[1]["file"], "rb").read())
    return whole[2]


@pytest.mark.parametrize("frozen", [True, False])
def test_fine_tuning_keeps_or_changes_the_body(source, frozen):
    result = carry_out(replace(PLAN, network=None, source="start", side=None, frozen=frozen))
    after = load_file(result["file"])
    changed = [key for key in source if not torch.equal(source[key], after[key])]
    classifier = {"classifier.bias", "classifier.weight"}
    assert {*changed} == classifier if frozen else {*changed} > classifier | {"stem.conv.weight", "stem.norm.running_mean"}
    assert result["card"]["source"] == {"kind": "fine-tuned", "model": "start", "frozen": frozen}


def test_fine_tuning_is_resumed_without_its_source(source):
    plan = replace(PLAN, network=None, source="start", side=None, frozen=True)
    whole = load_file(carry_out(plan)["file"])
    carry_out(plan, asked=after(3, "pause"))
    (checkpoints.own_folder() / "start.safetensors").unlink()
    assert same(carry_out(unfinished("mine"), resume=True)["file"], whole)


def test_a_timed_run_can_pause_and_ends(monkeypatch):
    ticks = itertools.count()
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 10))  # every look at the clock takes 0.1 s
    plan = replace(PLAN, recipe=replace(PLAN.recipe, steps=4, seconds=3.0))
    paused = carry_out(plan, asked=after(2, "pause"))
    assert paused["paused"] and paused["step"] == 2 and paused["steps"] == runs.unfinished()[0].steps > 2
    seconds = runs.run("mine").state()["seconds"]
    result = carry_out(unfinished("mine"), resume=True)
    assert 0 < seconds < 3.0 <= result["card"]["seconds"] < 3.5 + seconds and result["card"]["steps"] > 2 and result["card"]["finished"]


def test_curves_are_thinned_evenly_and_keep_accuracies_and_both_ends():
    curve = [{"step": step, "loss": 1.0} for step in range(1, 5001)] + [{"step": 5000, "accuracy": 0.5}]
    curve.insert(2500, {"step": 2500, "accuracy": 0.25})
    once = thinned(curve)
    losses = [row["step"] for row in once if "loss" in row]
    gaps = {after - before for before, after in zip(losses, losses[1:-1])}
    assert len(losses) <= keeping.CURVE + 1 and losses[0] == 1 and losses[-1] == 5000 and max(gaps) - min(gaps) <= 1
    assert [row["accuracy"] for row in once if "accuracy" in row] == [0.25, 0.5] and thinned(once) == once
    assert [row["step"] for row in once] == sorted(row["step"] for row in once)
    assert thinned([]) == [] and thinned([{"step": 1, "accuracy": 1.0}]) == [{"step": 1, "accuracy": 1.0}]


def test_cards_say_nothing_of_folders():
    assert keeping._short("/home/me/models/start.safetensors") == "start.safetensors" == keeping._short("C:\\me\\start.safetensors")
    assert trainings.Plan is Plan
