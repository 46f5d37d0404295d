"""How far a training is: the schedule against torch's own, evaluations, the clock, and what is said."""

from dataclasses import replace

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from effnet_core.learning.course import Course, Reporter, one_cycle
from effnet_core.learning.recipe import Phase, Recipe

RECIPE = Recipe(steps=20, batch=4, learning_rate=0.01, evaluations=4)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 3, 10, 37])
def test_the_learning_rate_is_that_of_torchs_one_cycle(steps, warmup):
    recipe = Recipe(steps=steps, warmup=warmup, learning_rate=0.0025)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 1.0)
    share = warmup if warmup * steps > 1 else 0.0  # with which torch would divide by zero
    schedule = OneCycleLR(optimiser, 0.0025, total_steps=steps, pct_start=share, cycle_momentum=False)
    for step in range(steps):
        assert one_cycle(recipe, step) == optimiser.param_groups[0]["lr"]
        optimiser.step()
        if step < steps - 1:
            schedule.step()


def test_one_cycle_rises_to_the_peak_and_falls_to_nearly_nothing():
    rates = [one_cycle(replace(RECIPE, warmup=0.3), step) for step in range(20)]
    assert rates[0] == pytest.approx(0.01 / 25) and rates[-1] == pytest.approx(0.01 / 25 / 1e4)
    assert max(rates) == rates[5] == pytest.approx(0.01)  # step 0.3 · 20 - 1
    assert rates[:6] == sorted(rates[:6]) and rates[5:] == sorted(rates[5:], reverse=True)


def test_a_descent_that_is_broken_off_is_followed_by_a_slower_one():
    whole = replace(RECIPE, steps=100, warmup=0.1)
    broken, short = replace(whole, descents=((0.5, 0.7),)), replace(whole, steps=70, warmup=0.1 / 0.7)
    for step in range(100):
        assert one_cycle(broken, step) == pytest.approx(one_cycle(short if step < 50 else whole, step), rel=1e-9)
    assert one_cycle(broken, 50) > 2 * one_cycle(broken, 49)


@pytest.mark.parametrize(("steps", "evaluations"), [(1500, 12), (7, 3), (3, 12), (1, 1)])
def test_evaluations_are_even_and_the_last_is_at_the_end(steps, evaluations):
    course, due = Course(Recipe(steps=steps, evaluations=evaluations)), []
    while not course.is_over:
        course.step += 1
        if course.tick(0.0):
            due.append(course.step)
    gaps = {after - before for before, after in zip([0, *due], due)}
    assert len(due) == min(steps, evaluations) and due[-1] == steps and max(gaps) - min(gaps) <= 1


def test_a_resumed_course_repeats_no_evaluation():
    course = Course(RECIPE)
    course.resume(5, 1.0)
    course.step += 1
    assert not course.tick(1.0)
    course.resume(9, 1.0)
    course.step += 1
    assert course.tick(1.0)


def by_the_clock(seconds_per_step: list[float], recipe: Recipe) -> tuple[Course, list[float], list[int]]:
    """A course whose steps take so long; its learning rates and evaluations."""
    course, rates, due, now = Course(recipe), [], [], 0.0
    times = iter(seconds_per_step)
    while not course.is_over:
        rates.append(course.learning_rate)
        course.step += 1
        now += next(times)
        if course.tick(now):
            due.append(course.step)
    return course, rates, due


def test_a_timed_training_ends_with_its_time_and_a_low_rate_whatever_the_machine_does():
    recipe = replace(RECIPE, steps=1000, seconds=100.0)
    for pace in ([0.1] * 2000, [0.2] * 2000, [0.05] * 3000, [0.1] * 500 + [0.4] * 1000):
        course, rates, due = by_the_clock(pace, recipe)
        assert 100 <= course.seconds < 100 + max(pace) + 1e-9
        assert max(rates) == pytest.approx(0.01, rel=1e-3) and rates[-1] < 0.01 * 1e-3
        assert len(due) == 4 and due[-1] == course.step == course.steps


def test_a_timed_training_at_the_planned_pace_is_the_planned_one():
    steady = replace(RECIPE, steps=80)
    course, rates, _ = by_the_clock([0.5] * 90, replace(steady, seconds=40.0))
    assert course.step == 80
    assert rates == pytest.approx([one_cycle(steady, step) for step in range(80)], rel=1e-9)


@pytest.mark.parametrize("planned", [1, 2, 5])
def test_a_timed_training_of_which_little_was_hoped_has_a_cycle_too(planned):
    _, rates, due = by_the_clock([0.5] * 30, replace(RECIPE, steps=planned, seconds=10.0))
    assert max(rates) > 0.9 * RECIPE.learning_rate and rates[-1] < 0.05 * RECIPE.learning_rate and len(due) == min(4, planned)


def test_steps_are_foreseen_from_the_plan_and_then_from_the_pace():
    course = Course(replace(RECIPE, steps=100, seconds=100.0))
    assert course.steps == 100
    course.step = 1
    course.tick(2.0)
    assert course.steps == 100  # one slow step proves nothing
    course.step = 20
    course.tick(40.0)
    assert course.steps == 50


def test_phases_go_by_the_clock_where_that_decides():
    phases = (Phase(0.5, 16), Phase(0.5, 32))
    course = Course(replace(RECIPE, phases=phases, seconds=10.0))
    assert course.phase(15).side == 16  # nothing is known of step 15 yet
    course.step = 3
    course.tick(6.0)
    assert course.phase(3).side == 32
    assert [Course(replace(RECIPE, phases=phases)).phase(step).side for step in (9, 10)] == [16, 32]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(recipe: Recipe, seconds: list[float], images: int | None = None, first: int = 0) -> list[dict | None]:
    """What a reporter says after steps that take so long, each with its number as loss."""
    clock, course = Clock(), Course(recipe, images)
    course.resume(first, 0.0)
    reporter, events = Reporter(course, clock=clock), []
    for took in seconds:
        course.step += 1
        clock.now += took
        course.tick(clock.now)
        events.append(reporter.after(float(course.step), 0.001, took))
    return events


def test_progress_is_told_four_times_a_second_first_and_last():
    events = told(RECIPE, [0.1] * 20)
    assert [number for number, event in enumerate(events, 1) if event] == [1, 4, 7, 10, 13, 16, 19, 20]
    assert events[3]["loss"] == 3.0 and events[3]["images_per_second"] == pytest.approx(40)  # the mean of steps 2, 3 and 4
    assert events[0]["seconds_left"] == pytest.approx(1.9) and events[-1]["seconds_left"] == 0
    assert {*events[0]} == {"step", "steps", "loss", "lr", "images_per_second", "seconds_left"}


def test_epochs_are_told_where_there_are_such():
    event = told(RECIPE, [1.0] * 3, images=10)[-1]
    assert (event["epoch"], event["epochs"]) == (1.2, 8.0)


def test_time_left_goes_by_area_and_by_this_process():
    recipe = replace(RECIPE, steps=4, phases=(Phase(0.5, 16), Phase(0.5, 32)))
    assert [event["seconds_left"] for event in told(recipe, [1.0, 1.0])] == [9.0, 8.0]
    assert told(recipe, [4.0], first=2)[-1]["seconds_left"] == 4.0
    assert [event["side"] for event in told(recipe, [1.0] * 4)] == [16, 16, 32, 32]


def test_time_left_by_the_clock():
    assert told(replace(RECIPE, seconds=10.0), [1.0, 2.0])[-1]["seconds_left"] == 7.0
