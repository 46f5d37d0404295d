"""Searches by training: every trial done exactly once by however many processes, killed ones taken up again, other settings refused.

Most tests train nothing: `train` is injected, and here it is a formula or a few lines in a process of its own.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState
from PIL import Image

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.search import searching, settings, stores, studies, trials
from effnet_core.search.settings import KINDS, PAPER, Outcome, Setting
from effnet_core.search.stores import begin_or_join, join

pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # of trials that a test takes by hand
ROOT = Path(__file__).resolve().parent.parent
HANG_S = 120.0
THREE = (KINDS["base"], KINDS["deeper"], PAPER)
TINY = {"candidates": THREE, "steps": 2, "held_out": 20, "side": 16, "depth": 0.5, "width": 0.25}
WORKER = """
import json, sys, time
from effnet_core.search import searching, stores
from tests.test_search_study import outcome_of
def train(candidate, seed, tell, asked):
    print(json.dumps([*candidate, seed]), flush=True)
    time.sleep(float(sys.argv[2]))
    return outcome_of(study.setting, candidate, seed)
study = stores.begin_or_join(sys.argv[1], json.loads(sys.argv[3]))
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(searching.carry_out(study, train)["done"]), flush=True)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    return tmp_path


def outcome_of(setting, candidate, seed):
    """A made-up score: depth helps, and seeds differ a little."""
    total = cost(setting.network(candidate))
    return Outcome(tuple(candidate), seed, 0.3 + 0.2 * candidate[0] / 2 + 0.01 * seed, total.macs, total.params, 16, 0.5, 20)


def simple(setting):
    return lambda candidate, seed, tell, asked: outcome_of(setting, candidate, seed)


def trial_states(study):
    return Counter(trial.state for trial in study._study.get_trials(deepcopy=False))


def points(study):
    return sorted((outcome.coefficients, outcome.seed) for outcome in study.standing().outcomes)


EVERY = sorted((candidate, seed) for candidate in THREE for seed in (0, 1))


# One process


def test_every_candidate_is_trained_once_with_every_seed():
    study, said = begin_or_join("one", TINY), []
    result = searching.carry_out(study, simple(study.setting), said.append)
    assert points(study) == EVERY and trial_states(study) == {TrialState.COMPLETE: 6}
    assert (result["done"], result["total"], result["paused"]) == (6, 6, False)
    assert [place["title"] for place in result["ranking"]] == ["deeper (2, 1, 1)", "the base (1, 1, 1)", "the paper's (1.2, 1.1, 1.15)"]
    assert [event["done"] for event in said if "outcome" in event] == [1, 2, 3, 4, 5, 6]
    assert json.loads(json.dumps(result)) == result
    again = searching.carry_out(join("one"), simple(study.setting))
    assert again["ranking"] == result["ranking"] and trial_states(study) == {TrialState.COMPLETE: 6}  # nothing was left to do


def test_a_real_training_is_a_function_of_candidate_and_seed():
    setting = Setting(**TINY)
    trainer = trials.Trainer(setting)
    first, again, other = (trainer(PAPER, seed) for seed in (0, 0, 1))
    assert first._replace(seconds=0) == again._replace(seconds=0) and first.images == 20
    assert first.macs == cost(setting.network(PAPER)).macs and first.side == setting.network(PAPER).scaling.side == 18
    assert other.seed == 1 and trainer.fingerprint == "scenes"


def test_photos_are_cut_to_the_candidates_side(tmp_path):
    for label, colour in (("dark", 40), ("light", 210)):
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (40, 30), (colour, colour + number, colour)).save(folder / f"{number}.png")
    setting = Setting(**{**TINY, "data": f"{tmp_path / 'photos'}/", "batch": 4})
    trainer = trials.Trainer(setting)
    sides = {trainer.data(side, 0).batch(0, 4)[0].shape[-1] for side in (16, 18)} | {trainer.data(18, 0).held_out.batch(0, 2)[0].shape[-1]}
    assert sides == {16, 18} and trainer.fingerprint not in ("scenes", None)
    outcome = trainer(PAPER, 0)
    assert outcome.images == trainer.data(18, 0).held_out.images < 20 and 0 <= outcome.accuracy <= 1
    with pytest.raises(UserError, match="more than the"):
        trials.Trainer(Setting(**{**TINY, "data": f"{tmp_path / 'photos'}/", "batch": 64}))


def test_candidates_that_rounding_makes_equal_are_trained_once():
    setting = Setting(**{**TINY, "candidates": ((1.0, 1.0, 1.0), (1.0, 1.01, 1.0), PAPER)})
    assert setting.trained == ((1.0, 1.0, 1.0), PAPER) and setting.trainings == 4
    assert Setting(candidates=((1.25, 1.1, 1.15), PAPER)).trained == (PAPER,)  # the same network as in the paper's own base


def test_the_default_base_lets_every_way_cost_about_the_double():
    setting = Setting()
    ratios = {name: cost(setting.network(kind)).macs / setting.base_macs for name, kind in KINDS.items() if name != "base"}
    assert len(setting.trained) == 6 and all(1.8 < ratio < 2.25 for ratio in ratios.values())


def test_a_stop_gives_the_trial_back_and_the_search_goes_on():
    study, done = begin_or_join("one", TINY), []

    def train(candidate, seed, tell, asked):
        if len(done) == 2:
            raise searching.Interrupted
        done.append((candidate, seed))
        return outcome_of(study.setting, candidate, seed)

    result = searching.carry_out(study, train)
    assert (result["paused"], result["done"]) == (True, 2) and not study.standing().running
    for _ in range(5):  # as often as one likes: that is no failure
        searching.carry_out(join("one"), lambda *_: (_ for _ in ()).throw(searching.Interrupted()))
    result = searching.carry_out(join("one"), simple(study.setting))
    assert points(study) == EVERY and not result["paused"] and result["problems"] == []


def test_a_real_training_is_interrupted_soon():
    trainer = trials.Trainer(Setting(**{**TINY, "steps": 10_000}))
    with pytest.raises(searching.Interrupted):
        trainer(PAPER, 0, asked=lambda: "pause")


def test_what_cannot_be_trained_is_said_and_does_not_end_the_search():
    study = begin_or_join("one", TINY)

    def train(candidate, seed, tell, asked):
        if candidate == PAPER:
            raise UserError("the loss became nan.")
        return outcome_of(study.setting, candidate, seed)

    result = searching.carry_out(study, train)
    assert result["done"] == result["total"] == 6 and not result["paused"] and len(result["ranking"]) == 2
    assert result["problems"] == ["the paper's (1.2, 1.1, 1.15) could not be trained: the loss became nan."] * 2


def test_tpe_keeps_to_the_surface_and_trains_no_network_twice():
    study, trained = begin_or_join("wise", {**TINY, "candidates": (), "sampler": "tpe", "trials": 12}), []

    def train(candidate, seed, tell, asked):
        trained.append((settings.identity(study.setting.network(candidate)), seed))
        return outcome_of(study.setting, candidate, seed)

    result = searching.carry_out(study, train)
    assert result["done"] == 12 and len(trained) == len(set(trained)) and len(study.standing().outcomes) == 24
    for a, b, c in {outcome.coefficients for outcome in study.standing().outcomes}:
        assert a * b * b * c * c == pytest.approx(2.0, abs=2e-3) and min(a, b, c) >= 1.0
    assert {seed for _, seed in trained} == {0, 1}


def test_time_left_follows_from_what_the_trainings_took():
    study = begin_or_join("one", TINY)
    assert searching.seconds_left(study.standing(), 1, 3.0) is None  # nothing is invented
    searching.carry_out(study, simple(study.setting), asked=iter([False, False, True]).__next__)
    found = study.standing()
    macs = {candidate: cost(study.setting.network(candidate)).macs for candidate in THREE}
    left = 2 * sum(macs.values()) - sum(outcome.macs for outcome in found.outcomes)
    pace = 0.5 * len(found.outcomes) / sum(outcome.macs for outcome in found.outcomes)
    assert searching.seconds_left(found, macs[PAPER], 0.1) == pytest.approx(0.1 + pace * (left - macs[PAPER]))


# Several processes


def worker(name, pause, wanted=TINY):
    return subprocess.Popen([sys.executable, "-c", WORKER, name, str(pause), json.dumps(wanted)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": str(ROOT)})


def started(*workers):
    for one in workers:
        assert one.stdout.readline() == "ready\n"
    for one in workers:
        one.stdin.write("go\n")
        one.stdin.flush()


def test_two_processes_share_one_search():
    wanted = {**TINY, "seeds": 4}
    pair = worker("shared", 0.05, wanted), worker("shared", 0.05, wanted)
    started(*pair)
    said = [one.communicate(timeout=HANG_S)[0].splitlines() for one in pair]
    assert all(one.returncode == 0 and lines[-1] == "12" for one, lines in zip(pair, said))
    trained = [line for lines in said for line in lines[:-1]]
    assert len(trained) == len(set(trained)) == 12 and all(len(lines) > 1 for lines in said)  # each once, and both had a hand in it
    assert points(join("shared")) == sorted((candidate, seed) for candidate in THREE for seed in range(4))


def test_a_killed_process_loses_nothing():
    lost = worker("killed", 60.0)
    started(lost)
    assert json.loads(lost.stdout.readline())  # it is at a training
    lost.send_signal(signal.SIGKILL)
    lost.wait(HANG_S)
    study = join("killed")
    assert not study.standing().running  # whose process is gone is not said to be at work
    result = searching.carry_out(study, simple(study.setting))
    assert points(study) == EVERY and not result["paused"]
    assert trial_states(study) == {TrialState.COMPLETE: 6, TrialState.FAIL: 1}


def test_a_point_that_kills_its_processes_is_given_up():
    study, deaths = begin_or_join("deadly", {**TINY, "candidates": (PAPER,), "seeds": 1}), []

    def train(candidate, seed, tell, asked):
        deaths.append(candidate)
        raise MemoryError

    for _ in range(studies.KILLS):
        with pytest.raises(MemoryError):
            searching.carry_out(study, train)
    result = searching.carry_out(study, train)
    assert len(deaths) == studies.KILLS and result["done"] == 1 and not result["paused"]
    assert "its process had died 3 times" in result["problems"][0]


def test_silence_from_another_machine_is_death(monkeypatch):
    study = begin_or_join("far", {**TINY, "candidates": (PAPER,), "seeds": 1})
    monkeypatch.setattr(studies, "_host", lambda: "elsewhere")
    study.claim(study._study.ask())
    monkeypatch.undo()
    monkeypatch.setenv("EFFNET_CACHE", str(settings.folder().parent))
    assert study.open_points() == 0 and study.standing().running == ("elsewhere",)
    storage = study._study._storage
    monkeypatch.setattr(storage._backend, "_get_stale_trial_ids", lambda study_id: [study._study.get_trials()[0]._trial_id])  # Optuna's own clock
    assert study.open_points() == 1 and study.standing().running == ()


def test_of_two_that_took_the_same_point_the_later_one_gives_it_up():
    study = begin_or_join("twice", {**TINY, "candidates": (PAPER,), "seeds": 1})
    first, second = study._study.ask(), study._study.ask()
    assert study.claim(first) == (PAPER, (0,))
    with pytest.raises(optuna.TrialPruned):
        study.claim(second)


def test_a_process_waits_for_the_trainings_of_others():
    study = begin_or_join("wait", {**TINY, "candidates": (PAPER,), "seeds": 1})
    other = study._study.ask()
    study.claim(other)
    said, results = [], []
    thread = threading.Thread(target=lambda: results.append(searching.carry_out(join("wait"), simple(study.setting), said.append)))
    thread.start()
    until = time.monotonic() + HANG_S
    while not said and time.monotonic() < until:
        time.sleep(0.01)
    assert said[0]["phase"] == "waiting for the trainings of others"
    other.set_user_attr("outcomes", [outcome_of(study.setting, PAPER, 0)._asdict()])
    study._study.tell(other, 0.5)
    thread.join(HANG_S)
    assert results[0]["done"] == 1 and not results[0]["paused"]


# One setting for all


@pytest.mark.parametrize(("other", "message"), [
    ({"steps": 3}, "begun with steps 2 and not 3"),
    ({"seeds": 3, "data": "imagenette"}, "seeds 2 and not 3, data scenes and not imagenette"),
    ({"candidates": (PAPER,)}, "and not the paper's (1.2, 1.1, 1.15)"),
])
def test_another_setting_is_refused(other, message):
    begin_or_join("one", TINY)
    with pytest.raises(UserError) as refused:
        begin_or_join("one", {**TINY, **other})
    assert message in str(refused.value) and "choose another name" in str(refused.value)
    assert begin_or_join("one", {}).setting == begin_or_join("one", TINY).setting == Setting(**TINY)


def test_other_data_are_refused():
    study = begin_or_join("one", TINY)
    study.check_data("abc")
    join("one").check_data("abc")
    with pytest.raises(UserError, match="are not those that the search 'one' began with"):
        join("one").check_data("abd")


def test_a_storage_of_ones_own(tmp_path):
    url = f"sqlite:///{tmp_path / 'mine.db'}"
    study = begin_or_join("one", TINY, url)
    searching.carry_out(study, simple(study.setting))
    assert stores.standing("one", url).is_complete and settings.names() == []
    optuna.create_study(storage=url, study_name="foreign")
    with pytest.raises(UserError, match="no search called 'two'"):
        join("two", url)


@pytest.mark.parametrize(("url", "message"), [("mine.db", "is no storage"), ("sqlite:////nowhere/at/all.db", "could not be opened"),
                                              ("oracle://user@host/db", "driver that is not installed")])
def test_impossible_storages_are_refused_in_words(url, message, monkeypatch):
    monkeypatch.setattr(stores.time, "sleep", lambda seconds: None)
    with pytest.raises(UserError, match=message):
        begin_or_join("one", TINY, url)


def test_a_foreign_study_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(stores.time, "sleep", lambda seconds: None)
    url = f"sqlite:///{tmp_path / 'mine.db'}"
    optuna.create_study(storage=url, study_name="foreign")
    with pytest.raises(UserError, match="is no search of this app"):
        join("foreign", url)


@pytest.mark.parametrize(("values", "message"), [
    ({"candidates": ()}, "no candidate to train"),
    ({"candidates": ((1.2, 1.1),)}, "three numbers"),
    ({"candidates": ((1.2, 1.1, 9.0),)}, "γ is 9.0"),
    ({"sampler": "luck"}, "no sampler 'luck'"),
    ({"sampler": "tpe"}, "proposes its own candidates"),
    ({"seeds": 0}, "number of seeds is 0"),
    ({"steps": 0}, "number of steps is 0"),
    ({"width": 0}, "width of the thin base is 0"),
    ({"seeds": 20, "candidates": tuple((1.0, 1.0, 1 + number / 28) for number in range(26))}, "at most 500"),
])
def test_impossible_settings_are_refused_in_words(values, message):
    with pytest.raises(UserError, match=message):
        begin_or_join("one", {**values})
    assert not settings.names()


def test_a_damaged_setting_is_refused():
    with pytest.raises(UserError, match="damaged"):
        Setting.from_dict({"candidates": []})
    with pytest.raises(UserError, match="no candidate"):
        Setting.from_dict({**Setting().to_dict(), "candidates": []})
    assert Setting.from_dict(json.loads(json.dumps(Setting().to_dict()))) == Setting()


def test_searches_are_listed_and_removed(cache):
    for name in ("first", "second"):
        begin_or_join(name, TINY)
        os.utime(settings.path_of(name), (1e9, 1e9 + (name == "second")))
    assert settings.names() == ["second", "first"]
    running = join("first")._study.ask()
    join("first").claim(running)
    with pytest.raises(UserError, match="is at work"):
        stores.remove("first")
    stores.remove("second")
    settings.path_of("broken").write_bytes(b"no database")
    with pytest.raises(UserError, match="could not be opened"):
        join("broken")
    stores.remove("broken")
    assert settings.names() == ["first"]
    with pytest.raises(UserError, match="no search called 'second'"):
        stores.remove("second")
    with pytest.raises(UserError, match="cannot name a search"):
        stores.remove("../first")


def test_a_damaged_file_is_a_sentence_and_can_be_removed():
    study = begin_or_join("broken", TINY)
    searching.carry_out(study, simple(study.setting))
    path = settings.path_of("broken")
    with path.open("r+b") as file:
        file.seek(8_000)
        file.write(bytes(40_000))
    with pytest.raises(UserError, match="'broken' is damaged|could not be opened"):
        stores.standing("broken")
    stores.remove("broken")
    assert not path.exists()


@pytest.mark.parametrize("attribute, value", [("begun", "x"), ("setting", {"seeds": "two"}), ("setting", 7)])
def test_damaged_values_are_a_sentence(attribute, value):
    begin_or_join("edited", TINY)
    optuna.load_study(study_name="edited", storage=f"sqlite:///{settings.path_of('edited')}").set_user_attr(attribute, value)
    with pytest.raises(UserError, match="damaged"):
        stores.standing("edited")


def test_whole_numbers_and_names_of_data_are_checked():
    assert Setting(seeds=2.0).seeds == 2 and isinstance(Setting(seeds=2.0).seeds, int)
    with pytest.raises(UserError, match="named by a text"):
        Setting(data=5)
    with pytest.raises(UserError, match="5,001 candidates are more than the 5,000"):
        Setting(candidates=tuple((1 + place / 10_000, 1.0, 1.0) for place in range(5_001)))


def test_accuracies_and_scores_of_a_network_are_those_of_its_seeds():
    study = begin_or_join("proposed", {**{key: value for key, value in TINY.items() if key != "candidates"}, "candidates": (), "sampler": "tpe", "trials": 8})
    told = searching.carry_out(study, simple(study.setting))
    assert told["ranking"] and all(len(row["accuracies"]) == len(row["scores"]) == study.setting.seeds for row in told["ranking"])
