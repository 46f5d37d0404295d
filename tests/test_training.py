"""The training engine: a short run that really learns, pauses and goes on to the bit, and says what it does."""

import copy
import itertools
import json
import math
import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import small
from effnet_core.learning import training
from effnet_core.learning.batches import Ahead, Batches
from effnet_core.learning.distributed import ALONE
from effnet_core.learning.evaluation import evaluate, normalise
from effnet_core.learning.learner import freeze, start_gently
from effnet_core.learning.recipe import Phase, Recipe
from effnet_core.learning.training import Trainer, train
from effnet_core.network import build
from effnet_core.scaling import Scaling

TINY = Scaling(depth=0.3, width=0.25, side=16, dropout=0.1)
DATA = Scenes(side=16, seed=1)
SHORT = Recipe(steps=20, batch=16, evaluations=2, held_out_images=60)
BRIEF = replace(SHORT, steps=6, batch=8)
LEARNING = replace(SHORT, steps=30, batch=32)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny(seed=0):
    network = build(small(TINY), momentum=0.1, seed=seed)
    start_gently(network, seed)
    return network


def same(ours, theirs) -> bool:
    ours, theirs = ours.state_dict(), theirs.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.fixture(scope="module")
def run():
    """One run of 20 steps, with all that it said."""
    torch.set_num_threads(1)
    events, judged, states = [], [], []
    result = train(tiny(), DATA, SHORT, on_event=events.append, on_state=lambda state: states.append(copy.deepcopy(state)),
                   on_evaluation=lambda network, course, evaluation: judged.append((course.step, evaluation.accuracy)))
    return result, events, judged, states


def test_thirty_steps_reduce_the_loss():
    trainer = Trainer(tiny(), DATA, LEARNING)
    losses = [trainer.advance() for _ in range(30)]
    assert losses[0] == pytest.approx(math.log(10), abs=0.05)  # a gentle start knows nothing
    assert sum(losses[-10:]) / 10 < 0.9 * losses[0]


def test_events_tell_progress_and_accuracy(run):
    result, events, judged, _ = run
    steps = [event for event in events if "loss" in event]
    assert {*steps[0]} == {"step", "steps", "loss", "lr", "images_per_second", "seconds_left"}
    assert steps[0]["step"] == 1 and steps[-1]["step"] == 20 and steps[-1]["seconds_left"] == 0
    accuracies = [(event["step"], event["accuracy"]) for event in events if "accuracy" in event]
    assert accuracies == judged and [step for step, _ in judged] == [10, 20]
    assert result.steps == 20 and not result.stopped and not result.paused and result.evaluation.accuracy == judged[-1][1]
    assert all(event["steps"] == 20 for event in events)
    json.dumps(events)


def test_the_result_is_the_average_in_eval_mode(run):
    result = run[0]
    assert not result.network.training
    assert evaluate(result.network, DATA.held_out, 60).confusion.equal(result.evaluation.confusion)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_randomness_alone(run):
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    again = train(tiny(), DATA, SHORT)
    assert torch.equal(torch.rand(3), expected)
    assert same(run[0].network, again.network)


def test_another_seed_gives_other_weights():
    first, other = (train(tiny(), DATA, replace(BRIEF, seed=seed)).network for seed in (0, 1))  # only dropout and stochastic depth differ
    assert not torch.equal(first.classifier.weight, other.classifier.weight)


def test_stopping_keeps_what_there_is():
    asked = iter([False, False, True])
    result = train(tiny(), DATA, SHORT, should_stop=lambda: next(asked))
    assert result.stopped and not result.paused and result.steps == 3 and result.evaluation.images == 60


@pytest.mark.parametrize("pause_after", [4, 10])  # in between, and together with an evaluation
def test_a_paused_run_goes_on_as_if_there_had_been_no_break(run, pause_after):
    asked, states, judged = iter([False] * (pause_after - 1) + ["pause"]), [], []
    paused = train(tiny(), DATA, SHORT, should_stop=lambda: next(asked), on_state=lambda state: states.append(copy.deepcopy(state)))
    assert paused.paused and not paused.stopped and paused.steps == pause_after
    events = []
    rest = train(tiny(seed=5), DATA, SHORT, resume=lambda: copy.deepcopy(states[-1]), on_event=events.append,
                 on_evaluation=lambda network, course, evaluation: judged.append((course.step, evaluation.accuracy)))
    assert same(rest.network, run[0].network)
    assert judged == [pair for pair in run[2] if pair[0] > pause_after]
    assert events[0]["step"] > pause_after and rest.seconds > states[-1]["seconds"] > 0


def test_a_run_killed_after_an_evaluation_goes_on_as_if_nothing_had_been(run):
    states = run[3]
    assert [state["step"] for state in states] == [10, 20]
    assert same(train(tiny(seed=5), DATA, SHORT, resume=lambda: copy.deepcopy(states[0])).network, run[0].network)


def test_a_run_killed_at_its_very_end_is_judged_once_more(run):
    result = train(tiny(seed=5), DATA, SHORT, resume=lambda: copy.deepcopy(run[3][1]))
    assert result.steps == 20 and result.evaluation.confusion.equal(run[0].evaluation.confusion) and same(result.network, run[0].network)


def test_a_stop_at_the_last_step_is_no_stop():
    result = train(tiny(), DATA, replace(BRIEF, steps=1), should_stop=lambda: "pause")
    assert not result.paused and not result.stopped and result.evaluation is not None


def test_long_epochs_are_saved_in_between(monkeypatch):
    monkeypatch.setattr(training, "SAVE_S", 0.0)
    steps = []
    train(tiny(), DATA, replace(BRIEF, evaluations=1), on_state=lambda state: steps.append(state["step"]))
    assert steps == [1, 2, 3, 4, 5, 6]


def test_states_survive_pickling_without_code(run, tmp_path):
    torch.save(run[3][0], tmp_path / "state.pt")
    assert torch.load(tmp_path / "state.pt", weights_only=True)["step"] == 10


def test_the_first_states_which_had_a_schedule_are_still_understood(run):
    old = {key: value for key, value in run[3][0].items() if key != "seconds"} | {"schedule": {"last_epoch": 10}}
    assert same(train(tiny(seed=5), DATA, SHORT, resume=lambda: copy.deepcopy(old)).network, run[0].network)


@pytest.mark.parametrize(("change", "message"), [
    (lambda state: {**state, "version": 99}, "version 99, not 1"),
    (lambda state: {key: value for key, value in state.items() if key != "average"}, "average"),
    (lambda state: {**state, "network": {}}, "Error.* in loading state_dict"),
    (lambda state: {**state, "network": 7}, "start it anew"),
    (lambda state: {**state, "optimiser": {"state": {}, "param_groups": []}}, "parameter group"),
    (lambda state: {**state, "step": "many"}, "start it anew"),
])  # fmt: skip
def test_a_state_of_something_else_is_a_sentence(run, change, message):
    with pytest.raises(UserError, match=f"saved state does not fit this training .*{message}|{message}"):
        train(tiny(), DATA, SHORT, resume=lambda: change(copy.deepcopy(run[3][0])))


def test_the_trainer_averages_weights_and_batch_norm_statistics():
    trainer = Trainer(tiny(), DATA, SHORT)
    names = ("stem.conv.weight", "stem.norm.running_var", "stem.norm.num_batches_tracked")
    seen = []
    for _ in range(4):
        trainer.advance()
        seen.append({name: trainer.network.state_dict()[name].clone() for name in names})
    expected = {name: seen[0][name].double() for name in names}
    for updates, state in enumerate(seen[1:], 1):
        decay = min(SHORT.ema, (1 + updates) / (10 + updates))
        expected = {name: decay * expected[name] + (1 - decay) * state[name] for name in names}
    averaged = trainer.averaged.state_dict()
    for name in names[:2]:
        torch.testing.assert_close(averaged[name].double(), expected[name], rtol=1e-5, atol=1e-7)
    assert averaged[names[2]] == 4


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.3), (2, 0.5), (2, 0), (3, 0.9), (10, 0.1)])
def test_very_short_runs_have_a_schedule(steps, warmup):
    recipe = replace(SHORT, steps=steps, warmup=warmup, batch=4, held_out_images=4)
    assert train(tiny(), DATA, recipe).steps == steps


def test_a_timed_run_ends_by_the_clock(monkeypatch):
    ticks, events = itertools.count(), []
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 10))  # every look at the clock takes 0.1 s
    result = train(tiny(), DATA, replace(BRIEF, steps=3, seconds=2.0), on_event=events.append)
    losses = [event for event in events if "loss" in event]
    assert 2.0 <= result.seconds < 3.0 and not result.stopped and losses[-1]["step"] == losses[-1]["steps"] == result.steps > 3
    assert losses[-1]["seconds_left"] == 0 and sum("accuracy" in event for event in events) == 2


def test_a_frozen_body_is_unchanged_to_the_bit():
    network = tiny()
    freeze(network)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    after = train(network, DATA, BRIEF).network.state_dict()
    assert [key for key in before if not torch.equal(before[key], after[key])] == ["classifier.weight", "classifier.bias"]


def test_bfloat16_learns_and_keeps_float32_weights():
    trainer = Trainer(tiny(), DATA, replace(LEARNING, precision="bfloat16"))
    losses = [trainer.advance() for _ in range(20)]
    assert sum(losses[-5:]) / 5 < 0.97 * losses[0]
    assert {tensor.dtype for tensor in trainer.averaged.state_dict().values()} == {torch.float32, torch.int64}
    exact = Trainer(tiny(), DATA, LEARNING)
    assert exact.advance() != losses[0]


def test_a_loss_that_is_no_number_is_a_sentence():
    network = tiny()
    with torch.no_grad():
        network.classifier.weight[0, 0] = float("nan")
    with pytest.raises(UserError, match="At step 1 the loss became nan .* a learning rate below 0.008 would be right"):
        train(network, DATA, SHORT)


def test_phases_change_side_and_labels():
    phases = (Phase(0.5, 16), Phase(0.5, 24, cutmix=1.0))
    recipe = replace(BRIEF, steps=4, phases=phases)
    batches = Batches(DATA, recipe, recipe.phase, torch.device("cpu"), ALONE)
    torch.manual_seed(0)
    (first, labels), (second, shares) = batches(0), batches(3)
    assert first.shape == (8, 3, 16, 16) and labels.dtype == torch.int64 and second.shape == (8, 3, 24, 24)
    assert torch.equal(first, normalise(DATA.batch(0, 8)[0], DATA))
    assert shares.shape == (8, 10) and torch.allclose(shares.sum(1), torch.ones(8)) and bool(((shares > 0) & (shares < 1)).any())
    events = []
    train(tiny(), DATA, recipe, on_event=events.append)
    assert {event["side"] for event in events if "loss" in event} == {16, 24}


def test_batches_are_prepared_ahead_and_after_a_jump_anew():
    asked, lock = [], threading.Lock()

    def load(number: int) -> tuple[int]:
        with lock:
            asked.append(number)
        return (number,)

    ready = []
    ahead = Ahead(load, 3, lambda: ready.append(True))
    assert [ahead(number) for number in range(4)] == [(0,), (1,), (2,), (3,)]
    assert ahead(10) == (10,) and ahead(11) == (11,)
    ahead.close()
    assert set(range(4)) | {10, 11} <= set(asked) and max(asked) <= 13 and 1 <= len(ready) <= 3


def test_a_batch_that_cannot_be_loaded_says_why():
    def broken(number: int):
        raise UserError("The photo is gone.")

    for threads in (0, 2):
        ahead = Ahead(broken, threads)
        with pytest.raises(UserError, match="photo is gone"):
            ahead(0)
        ahead.close()
