"""The Pretrain page, with real trainings of a few seconds in real worker processes."""

from types import SimpleNamespace

import pytest

from effnet_core import checkpoints
from pages.shared import models, training, work

from .apps import open_app


@pytest.fixture(autouse=True)
def short_and_separate(monkeypatch, tmp_path):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    monkeypatch.setattr(training, "DURATIONS", {3: "3 seconds"})
    monkeypatch.setattr(training, "DURATION", 3)
    models.entries.clear()
    yield
    for job in work.trainings().active():
        job.stop()
        job.wait(60)


def words(app):
    return " ".join(element.value for kind in ("markdown", "success", "warning", "info", "caption") for element in app.get(kind))


def started(app):
    app.button(key="start").click().run()
    assert not app.exception and not app.warning
    return work.trainings().find(app.session_state["job"])


def test_the_page_before_any_training():
    app = open_app("pretrain")
    assert not app.exception
    assert "Nothing has been trained in this visit yet" in words(app)
    assert len(app.get("image")) == 10  # a scene of every class


def test_a_training_runs_in_its_own_process_and_its_model_can_be_opened():
    app = open_app("pretrain")
    name = app.text_input[0].value
    job = started(app)
    app.switch_page("pages/scaling.py").run()  # it goes on while its visitor looks elsewhere
    assert not app.exception and job.active
    assert job.wait(120) and job.state == "done", job.error
    app.switch_page("pages/pretrain.py").run()
    assert not app.exception
    card = checkpoints.read_card(checkpoints.find(name))
    assert f"{card['evaluation']['accuracy']:.1%}".replace("%", " %") in words(app) and f"{card['steps']:,} steps" in words(app)
    assert [entry.name for entry in checkpoints.available() if not entry.bundled] == [name]
    app.button(key="open").click().run()
    assert not app.exception and app.session_state["model"] == name


def test_a_second_visitor_waits_or_runs_beside_but_never_replaces_the_first_one_s_model():
    first, second = open_app("pretrain"), open_app("pretrain")
    job = started(first)
    name = first.session_state["_trained"].copy().pop()
    assert job.wait(120)
    second.text_input[0].set_value(name).run()
    second.button(key="start").click().run()
    assert "already a model called" in second.warning[0].value and "job" not in second.session_state


def test_stop_keeps_what_was_learnt_or_says_that_there_is_nothing():
    app = open_app("pretrain")
    job = started(app)
    job.stop()
    assert job.wait(120) and job.state == "stopped"
    app.run()
    assert not app.exception
    (name,) = app.session_state["_trained"]
    if job.result is None:  # stopped before the first step was judged
        assert "Stopped before anything was learnt" in words(app)
    else:
        assert f"is kept as **{name}**" in words(app) and checkpoints.read_card(checkpoints.find(name))["finished"] is False


def test_two_visitors_cannot_train_one_name_at_the_same_time():
    first, second = open_app("pretrain"), open_app("pretrain")
    started(first)
    (name,) = first.session_state["_trained"]
    second.text_input[0].set_value(name).run()
    second.button(key="start").click().run()
    assert "already a model called" in second.warning[0].value


def test_a_reloaded_page_finds_its_training_again():
    app = open_app("pretrain")
    job = started(app)
    assert job.wait(120)
    again = open_app("pretrain", job=job.id)
    assert not again.exception and any(button.key == "open" for button in again.button)


def test_a_foreign_checkpoint_does_not_break_the_table(tmp_path):
    own = checkpoints.load("small-scenes")
    card = {**own.card, "data": "photos", "evaluation": {"images": 3}, "steps": "many", "seconds": None, "date": 7}
    checkpoints.save(checkpoints.path_of("foreign"), own.network, card)
    app = open_app("pretrain")
    assert not app.exception and "foreign" in " ".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("name", ["../../evil", "Grand Name", "small-scenes", ""])
def test_unusable_names_get_a_sentence(name):
    app = open_app("pretrain")
    app.text_input[0].set_value(name).run()
    app.button(key="start").click().run()
    assert not app.exception and len(app.warning) == 1 and app.warning[0].value.endswith(".")


def test_nonsense_in_the_address_is_ignored():
    app = open_app("pretrain", job="made-up")
    assert not app.exception and "Nothing has been trained" in words(app)


def test_a_training_that_becomes_late_says_so():
    def step(seconds, left):
        events = [{"event": "progress", "step": 5, "steps": 100, "seconds_left": left}]
        job = SimpleNamespace(title="training x", args=("train", "--seconds", "60"), seconds=seconds, events=events, latest=lambda _: events[-1])
        return training.step(job)

    assert step(10.0, 50.0).text == "**x** · step 5 of 100" and step(10.0, 50.0).left_s == 50.0
    assert "later than planned" in step(30.0, 400.0).text
