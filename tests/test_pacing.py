"""How long a training takes: measured on copies, bound to a time, foreseen by a trial, and refused where memory is short."""

from dataclasses import replace

import pytest
import torch

from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import SCENES, small, to_spec
from effnet_core.learning import evaluation, pacing
from effnet_core.learning.pacing import LEAST, MOST, TRIAL_S, Pace, check_memory, measure, trial, typical, within
from effnet_core.learning.plans import Plan
from effnet_core.learning.preparation import Prepared, prepare
from effnet_core.learning.recipe import Phase, Recipe
from effnet_core.scaling import Scaling

TINY = small(Scaling(0.3, 0.25, 16, 0.1))
RECIPE = Recipe(steps=30, batch=4, evaluations=2, held_out_images=60)
PLAN = Plan("mine", to_spec(TINY), RECIPE, side=16, seconds=30, held_out=100)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))


@pytest.fixture
def ready() -> Prepared:
    return replace(prepare(replace(PLAN, seconds=None)), plan=PLAN)


@pytest.fixture
def paced(monkeypatch):
    """Sets what is measured, and a clock that stands still."""
    monkeypatch.setattr(pacing.time, "monotonic", lambda: 100.0)
    return lambda step, image: monkeypatch.setattr(pacing, "measure", lambda *_: Pace(step, image))


def test_memory_that_is_not_there_is_a_sentence(monkeypatch):
    monkeypatch.setattr(pacing.machine, "memory_available", lambda: 10**8)
    check_memory(TINY, 16)
    with pytest.raises(UserError, match="with batches of 4096 needs about .* a smaller batch, width or side"):
        check_memory(small(SCENES), 4096)


def test_processes_of_one_machine_share_its_memory(monkeypatch):
    monkeypatch.setattr(pacing.machine, "memory_available", lambda: 10**8)
    with pytest.raises(UserError, match="with batches of 160 needs about"):
        check_memory(TINY, 16, processes=10)


def test_a_gpus_own_memory_counts(monkeypatch):
    monkeypatch.setattr(pacing.machine, "memory_available", lambda: 0)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10**8 if device == "cuda:1" else 0, 10**9))
    check_memory(TINY, 16, "cuda:1", processes=10)
    with pytest.raises(UserError, match="0.0 GB of memory are free"):
        check_memory(TINY, 16, "cuda:0")


@pytest.mark.parametrize(("took", "expected", "tries"), [
    ([9.0, 8.0, 9.5], 8.75, LEAST),  # so slow that three must do, the first of which warms up
    ([0.9, 0.9, 0.2, 0.3, 0.2, 0.2, 0.2, 0.4], 0.2, 8),  # until the time is up
    ([0.2] * 3 + [0.1] * 7 + [0.3] * 2, 0.1, MOST),
])  # fmt: skip
def test_the_typical_try_is_the_median_after_warming_up(took, expected, tries):
    now, done = [0.0], []

    def action() -> None:
        now[0] += took[len(done)]
        done.append(now[0])

    assert typical(action, clock=lambda: now[0]) == pytest.approx(expected) and len(done) == tries
    assert sum(took[: tries - 1]) <= TRIAL_S or tries == LEAST


def test_a_pace_weighs_the_phases_by_their_shares(monkeypatch, ready):
    tried = []

    def typical(action, world, asked, limit):
        tried.append(action)
        return {1: 1.0, 2: 4.0, 3: 10.0}[len(tried)]  # a step of either phase, then an evaluation of 50 images

    monkeypatch.setattr(pacing, "typical", typical)
    recipe = replace(RECIPE, phases=(Phase(0.75, 16), Phase(0.25, 24)))
    told = []
    assert measure(ready.network, ready.data, recipe, tell=told.append) == Pace(0.75 * 1.0 + 0.25 * 4.0, 10.0 / evaluation.BATCH)
    assert [trainer.__self__.course.phase(0).side for trainer in tried[:2]] == [16, 24]
    assert [event["done"] for event in told] == [0, 1, 2] and {event["total"] for event in told} == {3}


def test_a_trial_leaves_the_network_as_it_was(ready, monkeypatch):
    monkeypatch.setattr(pacing, "MOST", 4)
    before = {key: value.clone() for key, value in ready.network.state_dict().items()}
    pace = measure(ready.network, ready.data, RECIPE)
    assert pace.step > 0 and pace.image > 0
    assert all(torch.equal(value, ready.network.state_dict()[key]) for key, value in before.items())


def test_a_trial_can_be_stopped(ready):
    with pytest.raises(UserError, match="stopped before it began"):
        trial(ready, asked=lambda: "stop")


def test_a_time_becomes_a_recipe_that_the_clock_ends(ready, paced):
    paced(0.5, 0.02)
    plan = within(ready)
    verdict = 60 * 0.02 + 100 * 0.02  # the last evaluation, and what is stored
    assert plan.seconds is None and plan.recipe.seconds == pytest.approx(30 - verdict)
    assert plan.recipe.steps == int((30 - verdict - 60 * 0.02) / 0.5)  # of two evaluations, one is in between
    assert replace(plan, seconds=30, recipe=RECIPE, judged=None) == PLAN and (plan.recipe.held_out_images, plan.judged) == (60, 100)


def test_a_slow_machine_judges_on_fewer_images_rather_than_never_train(ready, paced):
    paced(2.0, 0.4)
    ready = replace(ready, plan=replace(PLAN, seconds=120, recipe=replace(RECIPE, evaluations=1, held_out_images=500)))
    assert within(ready).recipe.held_out_images == 60  # a fifth of 120 s at 0.4 s an image
    many = replace(ready, plan=replace(ready.plan, recipe=replace(RECIPE, evaluations=12, held_out_images=500)))
    assert within(many).recipe.held_out_images == 50  # one batch at least
    assert within(replace(ready, plan=replace(ready.plan, held_out=2000))).judged == 60
    paced(2.0, 4.0)
    late = within(ready)
    assert late.recipe.seconds == 40 and late.recipe.steps >= 1 and late.judged == 50  # a third of the time at least


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 10**9])
def test_impossible_times_are_a_sentence(ready, seconds):
    with pytest.raises(UserError, match="number of seconds is"):
        within(replace(ready, plan=replace(PLAN, seconds=seconds)))


class Ended(Scenes):
    """Scenes with an end."""

    images, growing = 40, 500


def test_a_trial_foresees_time_and_memory(ready, paced, monkeypatch):
    paced(0.5, 0.02)
    monkeypatch.setattr(pacing.machine, "memory_peak", lambda device: 123)
    seen = trial(ready)
    evaluations = 2 * 60 * 0.02 + 100 * 0.02
    assert seen == {"name": "mine", "images_per_second": 8.0, "steps": 30, "images_per_epoch": None, "epochs": None, "seconds_per_epoch": None,
                    "seconds": pytest.approx(15 + evaluations), "evaluation_seconds": pytest.approx(evaluations), "memory_bytes": 123}
    ended = trial(replace(ready, data=Ended(16)))
    assert (ended["images_per_epoch"], ended["epochs"], ended["memory_bytes"]) == (40, 3.0, 123 + 2 * 500)
    assert ended["seconds_per_epoch"] == pytest.approx((15 + 2 * 40 * 0.02) / 3)  # it holds out 40 images


def test_a_real_trial_of_a_tiny_network(ready, monkeypatch):
    monkeypatch.setattr(pacing, "MOST", 4)
    seen = trial(ready)
    assert seen["images_per_second"] > 0 and 0 < seen["evaluation_seconds"] < seen["seconds"] and seen["memory_bytes"] > 10**7
