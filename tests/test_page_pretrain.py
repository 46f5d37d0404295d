"""The Pretrain page: what it asks for, what it shows in every state, and real trainings of a few seconds in real worker processes."""

import argparse
import io
import json
import sys
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from effnet_core import cards, checkpoints
from effnet_core.cli import train
from effnet_core.cli.train_options import plan_of
from effnet_core.data import sources
from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import SCENES, compound, published, small, to_spec
from effnet_core.learning import plans, recipes, runs
from effnet_core.learning.snapshots import Snapshot
from effnet_core.network import build
from effnet_core.scaling import Scaling
from effnet_core.work.jobs import JobQueue
from pages.shared import data, growth, learning, networks, removing, training, uploads, work
from pages.shared.training import About, Wish

from .apps import open_app

HANG_S = 120.0  # nothing here takes that long; it turns a hang into a failure
CARD = cards.read_card(cards.BUNDLED / "small-scenes.safetensors")
CARD = {**CARD, "seconds_since_start": 61.0, "evaluation": {**CARD["evaluation"], "top5": 0.999}}
ENDING = """
import json, sys
def say(event, **fields): print(json.dumps({"event": event, **fields}), flush=True)
name = sys.argv[sys.argv.index("--name") + 1] if "--name" in sys.argv else ""
"""
LEARNING = ENDING + f"""
card = json.loads({json.dumps(json.dumps(CARD))})
for step in (1, 2, 3):
    say("progress", step=step, steps=40, loss=2.0 - 0.1 * step, lr=0.004, images_per_second=50.0, seconds_left=70.0, epoch=step / 4, epochs=10.0)
say("progress", step=3, steps=40, accuracy=0.25, held_out_images=50)
say("progress", step=3, steps=40, saved=True)
word = sys.stdin.readline().strip()
if word == "pause": say("result", name=name, paused=True, step=3, steps=40)
else: say("result", name=name, stopped=word == "stop", card=card)
"""
FINISHING = LEARNING.replace("word = sys.stdin.readline().strip()", "word = ''")
FAILING = ENDING + "say('error', message='The loss became nan; a learning rate below 0.01 would be right.'); sys.exit(1)"
PREPARING = ENDING + """
say("progress", phase="downloading", done=30_000_000, total=99_000_000, unit="bytes")
sys.stdin.readline()
say("error", message="imagenette2-160.tgz could not be fetched: there may be no network. Try again later."); sys.exit(1)
"""


@pytest.fixture(autouse=True)
def short_and_separate(monkeypatch, tmp_path):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    monkeypatch.setattr(training, "DURATIONS", {3: "3 seconds"})
    monkeypatch.setattr(training, "DURATION", 3)
    monkeypatch.setattr(training, "NICE", 0)
    monkeypatch.setattr(work, "training_threads", lambda: 1)  # on a busy machine two would wait for each other
    settings = Wish.settings.fget
    monkeypatch.setattr(Wish, "settings", property(lambda wish: [*settings(wish), "--held-out", "100"]))  # a verdict on 2,000 takes longer
    data.checked().cards.clear()
    uploads.UNDER_WAY.clear()
    yield
    for queue in (work.trainings(), work.trials(), work.preparations()):
        for job in queue.active():
            job.stop()
            job.wait(60)


@pytest.fixture
def worker(monkeypatch):
    """Replaces the workers of a queue of that name by a script, which gets their arguments."""
    made = []

    def replace(script, name="trainings", limit=1):
        queue = JobQueue(name.rstrip("s"), limit, command=(sys.executable, "-c", script), grace_s=HANG_S)
        monkeypatch.setattr(work, name, lambda: queue)
        made.append(queue)
        return queue

    yield replace
    for queue in made:
        queue.shutdown()


def words(app):
    return " ".join(element.value for kind in ("markdown", "success", "warning", "info", "caption") for element in app.get(kind))


def tables(app):
    return " ".join(element.proto.body for element in app.get("html"))


def labels(app):
    return [button.label for button in app.button]


def until(condition):
    deadline = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.02)


def started(app):
    app.button(key="start").click().run()
    assert not app.exception and not app.warning, [warning.value for warning in app.warning]
    return work.trainings().find(app.session_state["job"])


def told(job, count=5):
    until(lambda: len(job.events) >= count or not job.active)
    return job


def choose(app, key, value):
    """A choice that the harness has no typed widget for."""
    app.session_state[key] = value
    app.run()
    assert not app.exception


def photo(seed, side=40):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), np.uint8)
    pixels[..., seed % 3] //= 8  # classes differ in colour
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


def archive(classes=("cats", "dogs", "owls"), each=6, more=()):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        for label, name in enumerate(classes):
            for number in range(each):
                zipped.writestr(f"My pets/{name}/{number}.jpg", photo(3 * (100 * label + number) + label))
        for name, content in more:
            zipped.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def pets(tmp_path):
    """Photos that are kept already, as the name of the data."""
    path = tmp_path / "pets.zip"
    path.write_bytes(archive())
    return sources.keep(path, "pets")


def unfinished(name="resting", step=30, network=None):
    """What a training leaves behind that was interrupted."""
    recipe = recipes.preset("scenes").recipe
    plan = plans.Plan(name, to_spec(network or small()), recipe)
    run = runs.run(name)
    run.keep_plan({"plan": plan.to_dict(), "step": step, "steps": recipe.steps, "seconds": 4.0, "data": {"name": "scenes"},
                   "curve": [{"step": 10, "loss": 2.2}, {"step": 20, "loss": 2.1, "accuracy": 0.3}, {"step": step, "loss": 2.0}]})
    with zipfile.ZipFile(run.folder / "state.pt", "w") as file:
        file.writestr("state", "")
    return run


def watched(name="seen", looks=4, gates=True):
    """A training with an album."""
    run = unfinished(name)
    run.finish()
    dice = np.random.default_rng(0)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    run.album.start(picture.getvalue(), 2, ("cat", "dog", "owl"))
    for look in range(looks):
        chances = np.array([0.5, 0.3, 0.2], np.float32) if look < looks - 1 else np.array([0.1, 0.1, 0.8], np.float32)
        seen = {f"stages.{block}.0.se": dice.uniform(size=8).astype(np.float32) for block in (0, 3)} if gates else {}
        run.album.keep(Snapshot(10 * look, seen, dice.normal(size=(6, 3, 3, 3)).astype(np.float32), chances, None, look / 10 if look else None))
    return run


# Before any training


def test_the_page_before_any_training():
    app = open_app("pretrain")
    assert not app.exception and not app.warning
    assert "Nothing has been trained in this visit yet" in words(app)
    assert len(app.get("image")) == 10  # a scene of every class
    assert "#### Unfinished trainings" not in words(app)


def test_the_usual_settings_are_those_of_the_recipes(pets):
    app = open_app("pretrain")
    recipe = recipes.preset("scenes").recipe
    assert app.select_slider(key=f"rate_{recipe.learning_rate:g}").value == recipe.learning_rate
    assert app.select_slider(key=f"batch_{recipe.batch}").value == recipe.batch
    assert app.slider(key="width").value == SCENES.width and app.slider(key="depth").value == SCENES.depth
    choose(app, "data_kind", "own")
    rate = recipes.preset("photos").recipe.learning_rate
    assert app.select_slider(key=f"rate_{rate:g}").value == rate
    choose(app, "tuned_what", "all")
    gentle = plan_of(parsed(["train", "--data", "pets", "--from", "small-scenes"])).recipe.learning_rate
    assert app.select_slider(key=f"rate_{gentle:g}").value == pytest.approx(gentle) and gentle < rate


# Real trainings


def test_a_training_runs_in_its_own_process_and_its_model_can_be_opened():
    app = open_app("pretrain", phi="1")  # something is bound to the address
    name = app.text_input(key="model_name").value
    job = started(app)
    app.switch_page("pages/scaling.py").run()  # it goes on while its visitor looks elsewhere
    assert not app.exception and job.active
    assert job.wait(HANG_S) and job.state == "done", job.error
    app.switch_page("pages/pretrain.py").run()
    assert not app.exception
    card = cards.read_card(cards.find(name))
    assert f"{card['evaluation']['accuracy']:.1%}".replace("%", " %") in words(app) and f"{card['steps']:,} steps" in words(app)
    assert "among its first five guesses (top-5)" in words(app)
    assert [entry.name for entry in cards.available() if not entry.bundled] == [name]
    assert "#### How its inside changes" in words(app) and "ef-gates" in tables(app)
    assert app.text_input(key="model_name").value not in ("", name), "the next one gets another name"
    again = open_app("pretrain", job=job.id)  # a reloaded page, or a link
    assert not again.exception and any(button.key == "open" for button in again.button)
    app.button(key="open").click().run()
    assert not app.exception and app.session_state["model"] == name


def test_photos_of_ones_own_are_fine_tuned_paused_and_gone_on_with(pets):
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    assert networks.kind("own") == "tuned" and app.selectbox(key="tuned_from_choice").value
    app.selectbox(key="tuned_from_choice").set_value("small-scenes").run()
    app.select_slider(key="side_tuned_photos").set_value(32).run()
    app.select_slider(key="epochs_10").set_value(100).run()
    job = started(app)
    assert ("--from", "small-scenes", "--frozen", "--side", "32") == job.args[job.args.index("--from"):][:5]
    until(lambda: any("accuracy" in event for event in job.events) or not job.active)
    app.run()
    assert not app.exception and "an epoch takes" in words(app), words(app)
    app.button(key="pause_training").click().run()
    assert job.wait(HANG_S) and job.state == "paused", job.error
    app.run()
    name = job.about.name
    assert "is paused" in words(app) and "#### Unfinished trainings" in words(app)
    app.button(key="go_on").click().run()
    second = work.trainings().find(app.session_state["job"])
    assert second is not job and "--resume" in second.args and data.data_of(second) == "pets"
    until(lambda: any("loss" in event for event in second.events) or not second.active)
    first_step = next(event["step"] for event in second.events if "loss" in event)
    assert first_step > 1 and [row["step"] for row in second.about.earlier] == sorted(row["step"] for row in second.about.earlier)
    app.run()
    app.button(key="stop_training").click().run()
    assert second.wait(HANG_S) and second.state == "stopped" and second.result["stopped"], second.error
    app.run()
    assert not app.exception and f"is kept as **{name}**" in words(app).replace("\\", "") and "#### What it still confuses" in words(app)
    assert not runs.unfinished() and cards.read_card(cards.find(name))["labels"] == ["cats", "dogs", "owls"]


# What is asked of the worker


def parsed(arguments):
    parser = argparse.ArgumentParser()
    train.add(parser.add_subparsers())
    return parser.parse_args(arguments)


def learner(kind="small"):
    network = small()
    return {"small": networks.Learner(network, ("--network", "small", "--width", "0.35", "--depth", "0.5", "--side", "48")),
            "scaled": networks.Learner(published("b1"), ("--network", "b1", "--side", "96")),
            "formula": networks.Learner(compound(1.0), ("--phi", "1", "--alpha", "1.2", "--beta", "1.1", "--gamma", "1.15", "--side", "96")),
            "tuned": networks.Learner(network, ("--from", "small-scenes", "--frozen", "--side", "48"), "small-scenes", True)}[kind]


@pytest.mark.parametrize("kind", ["small", "scaled", "formula", "tuned"])
@pytest.mark.parametrize("augment", [None, "none", "strong"])
def test_the_worker_understands_what_it_is_asked(kind, augment):
    photos = augment is not None
    chosen = data.Chosen("pets", 3, 40) if photos else data.SCENES
    wish = Wish("my-model", chosen, learner(kind), None if photos else 60, 5 if photos else None, 0.002, 16, 7, augment)
    args = parsed(wish.arguments())
    assert (args.name, args.data, args.batch, args.seed, args.learning_rate) == ("my-model", chosen.name, 16, 7, 0.002)
    assert (args.seconds, args.epochs, str(args.side)) == ((None, 5.0) if photos else (60.0, None)) + (wish.learner.args[-1],)
    plan = plan_of(args)
    assert {phase.augment for phase in plan.recipe.phases} == ({augment} if photos else set())
    assert (args.source, args.frozen) == (("small-scenes", True) if kind == "tuned" else (None, False))
    assert parsed([*wish.arguments(), "--trial", "--events"]).trial
    assert wish.about.things == ("photos" if photos else "scenes") and wish.about.looks == (6 if photos else 13)


def test_scenes_cannot_be_augmented():
    with pytest.raises(UserError, match="nothing to augment"):
        plan_of(parsed(["train", "--augment", "light"]))


def test_the_scaled_network_is_that_of_the_scaling_sliders_and_moves_them():
    app = open_app("pretrain", phi="1")
    choose(app, "network_scenes", "scaled")
    assert app.slider(key="training_phi").value == 1.0
    assert f"{compound(1.0, classes=10).scaling.depth:.3g}" in words(app)
    app.slider(key="training_phi").set_value(2.0).run()
    assert app.session_state["phi"] == 2.0 and app.slider(key="phi").value == 2.0
    choose(app, "source", "Published")
    app.selectbox(key="training_name").set_value("B2").run()
    assert app.session_state["name"] == "B2" and "EfficientNet-B2" in json.dumps([str(e.proto) for e in app.get("bidi_component")])


def test_what_cannot_fit_is_refused_with_a_sentence_before_it_starts(pets):
    app = open_app("pretrain", source="Published", name="B7")
    choose(app, "data_kind", "own")
    choose(app, "network_own", "scaled")
    app.select_slider(key="side_scaled_photos").set_value(600).run()
    app.select_slider(key="batch_4").set_value(128).run()
    assert "Training EfficientNet\\-B7 with batches of 128 needs about" in words(app) and not app.exception
    assert app.button(key="start").disabled and app.button(key="try_out").disabled


def test_impossible_sliders_get_a_sentence_and_the_rest_of_the_page_stays():
    for impossible in ({"alpha": "2", "beta": "2"}, {"gamma": "1.6"}):  # for the memory, and for any network
        app = open_app("pretrain", phi="8", **impossible)
        choose(app, "network_scenes", "scaled")
        assert not app.exception and len(app.warning) == 1 and app.warning[0].value.endswith(".")
        assert "#### Models on this machine" in words(app) and app.button(key="start").disabled


def test_published_weights_that_are_not_here_can_be_fetched_first():
    app = open_app("pretrain")
    choose(app, "network_scenes", "tuned")
    assert r"The layers of **b0\-imagenette** are frozen" in words(app) and not app.button(key="start").disabled
    choose(app, "tuned_from", "imagenet-b0")
    assert any("imagenet-b0 · 21.3 MB" in option for option in app.selectbox(key="tuned_from_choice").options)
    assert any(label.startswith("Download") for label in labels(app)) and app.button(key="start").disabled
    assert "not ready yet" in words(app) and not app.exception


def test_a_model_that_has_learnt_nothing_says_so_before_it_is_fine_tuned():
    made = build(small(Scaling(0.3, 0.25, 16, 0.0), 3))
    card = checkpoints.make_card("raw", made, ("a", "b", "c"), Scenes(16).preprocess, trained=False)
    checkpoints.save(cards.path_of("raw"), made, card)
    app = open_app("pretrain")
    choose(app, "network_scenes", "tuned")
    choose(app, "tuned_from", "raw")
    assert "**raw** has learnt nothing yet" in words(app)


# Names, and whose is whose


@pytest.mark.parametrize(("name", "buttons"), [
    *((name, ("start", "try_out")) for name in ("../../evil", "Grand Name", "")),
    *((name, ("start",)) for name in ("small-scenes", "imagenet-b0")),  # a trial replaces no model
])
def test_unusable_names_get_a_sentence(name, buttons):
    app = open_app("pretrain")
    app.text_input(key="model_name").set_value(name).run()
    for button in buttons:
        app.button(key=button).click().run()
        assert not app.exception and len(app.warning) == 1 and app.warning[0].value.endswith(".")


def test_the_suggested_name_follows_the_data_until_one_is_typed(pets):
    app = open_app("pretrain")
    assert app.text_input(key="model_name").value.startswith("scenes-")
    choose(app, "data_kind", "own")
    assert app.text_input(key="model_name").value.startswith("pets-")
    app.text_input(key="model_name").set_value("mine").run()
    choose(app, "data_kind", "scenes")
    assert app.text_input(key="model_name").value == "mine"


def test_two_visitors_never_train_or_replace_one_model(worker):
    worker(LEARNING)
    first, second = open_app("pretrain"), open_app("pretrain")
    job = started(first)
    name = job.about.name
    second.text_input(key="model_name").set_value(name).run()
    second.button(key="start").click().run()
    assert "already a model called" in second.warning[0].value and "job" not in second.session_state
    told(job).stop()
    assert job.wait(HANG_S)
    unfinished(name)
    second.button(key="start").click().run()
    assert "an unfinished training called" in second.warning[0].value


def test_a_second_visitor_waits_visibly_and_can_cancel(worker):
    worker(LEARNING)
    first, second = open_app("pretrain"), open_app("pretrain")
    started(first)
    waiting = started(second)
    bar = second.get("progress")[0].proto.text
    assert waiting.state == "queued" and "Waiting in the training queue" in bar and "yours is next" in bar
    second.button(key="stop_training").click().run()
    assert waiting.wait(HANG_S) and waiting.state == "stopped"
    second.run()
    assert "Stopped before anything was learnt" in words(second)


def test_nonsense_in_the_address_is_ignored():
    app = open_app("pretrain", job="made-up")
    assert not app.exception and "Nothing has been trained" in words(app)


# While it runs, and when it ends


def test_a_training_is_shown_with_its_numbers_and_its_pace(worker):
    worker(LEARNING)
    app = open_app("pretrain")
    told(started(app))
    app.run()
    assert not app.exception
    assert app.get("progress")[0].proto.text.endswith("epoch 0.8 of 10 · about 70 s left")
    shown = tables(app)
    assert all(text in shown for text in ("25.0 %", "of 50 unseen scenes", "1.700", "0.004", "50.0", "of 10; step 3"))
    assert "an epoch takes 8 s" in words(app) and "of memory" in words(app)
    assert app.button(key="start").disabled and "The first look follows" in words(app)


def test_stop_keeps_what_was_learnt_and_says_so(worker):
    worker(LEARNING)
    app = open_app("pretrain")
    job = told(started(app))
    app.run()
    app.button(key="stop_training").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"
    app.run()
    assert not app.exception and "is kept as" in words(app) and any(button.key == "open" for button in app.button)


def test_a_failure_is_a_sentence(worker):
    worker(FAILING)
    app = open_app("pretrain")
    app.button(key="start").click().run()  # which may show the end of it already
    assert work.trainings().find(app.session_state["job"]).wait(HANG_S)
    app.run()
    assert not app.exception and "a learning rate below 0" in app.warning[0].value


def test_a_training_that_would_take_longer_than_allowed_says_so():
    job = SimpleNamespace(seconds=50.0, worker=None, active=True)
    last = {"seconds_left": 2_000_000.0, "epoch": 0.1, "epochs": 10.0}
    assert "is paused after 25 h" in learning.pace(job, last) and "all of it 23.1 days" in learning.pace(job, last)
    assert "paused" not in learning.pace(job, {**last, "seconds_left": 600.0})


def test_of_many_classes_the_most_frequent_mistakes_are_listed(worker):
    count = 40
    confusion = [[8 if i == j else 2 if j == i + 1 else 0 for j in range(count)] for i in range(count)]
    card = {**CARD, "labels": [f"thing {i}" for i in range(count)], "evaluation": {**CARD["evaluation"], "confusion": confusion}, "data": {"name": "pets"}}
    worker(FINISHING.replace(json.dumps(json.dumps(CARD)), json.dumps(json.dumps(card))))
    app = open_app("pretrain")
    assert started(app).wait(HANG_S)
    app.run()
    assert not app.exception and "thing 39" not in words(app)
    assert "2 of 10" in tables(app) and tables(app).count("2 of 10") == learning.PAIRS


def test_few_classes_need_no_top_five():
    card = {**CARD, "labels": ["a", "b", "c"]}
    assert learning.verdict(card)["five"] == "" and "top-5" in learning.verdict(CARD)["five"]


# Trying out


def trial(seconds, epoch=None):
    fields = {"images_per_second": 51.2, "steps": 40, "images_per_epoch": epoch and 12, "epochs": epoch and 10.0, "seconds_per_epoch": epoch,
              "seconds": seconds, "evaluation_seconds": 30.0, "memory_bytes": 690_000_000}
    return ENDING + f"say('progress', phase='finding the pace'); say('result', name=name, **json.loads({json.dumps(json.dumps(fields))}))"


def tried(app):
    app.button(key="try_out").click().run()
    (job,) = [*work.trials().active(), *work.trials().finished()]
    assert job.wait(HANG_S), job.state
    app.run()
    assert not app.exception
    return job


def test_a_trial_tells_time_and_memory_until_the_settings_change(worker, pets):
    worker(trial(400.0, 40.0), "trials")
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    app.selectbox(key="tuned_from_choice").set_value("small-scenes").run()
    job = tried(app)
    assert job.args[-1] == "--trial" and "51.2 images a second" in tables(app)
    assert "40 s, 12 photos" in tables(app) and "6 min 40 s, 30 s of it judging" in tables(app) and "690 MB of memory" in tables(app)
    app.select_slider(key="side_tuned_photos").set_value(64).run()
    assert "have changed since they were tried out" in words(app) and "51.2 images" not in tables(app)


def test_a_trial_of_what_takes_too_long_says_so(worker):
    worker(trial(2_000_000.0), "trials")
    app = open_app("pretrain")
    tried(app)
    assert "would take 23\\.1 days".replace("\\", "") in words(app).replace("\\", "") and "In that time" in tables(app)


def test_a_trial_that_fails_says_why(worker):
    worker(FAILING, "trials")
    app = open_app("pretrain")
    tried(app)
    assert "a learning rate below 0" in app.warning[0].value


# What was interrupted


def test_after_a_restart_unfinished_trainings_are_listed_and_can_go_on_or_go(worker):
    queue = worker(LEARNING)
    unfinished("early", 250), unfinished("late", 500)
    app = open_app("pretrain")
    shown = words(app).replace("\\", "")
    assert "**late**" in shown and "500 of 1,000 steps, 50.0 %, 30.0 % of held-out images right; saved just now" in shown
    app.button(key="resume_late").click().run()
    job = queue.find(app.session_state["job"])
    assert job.args[:4] == ("train", "--name", "late", "--resume") and parsed([*job.args]).resume
    told(job)
    app.run()
    assert "**late**" not in words(app), "it is shown above"
    assert learning.rows(job)[0]["step"] == 1, "what was learnt again is not shown twice"
    app.button(key="remove_early").click().run()
    assert not app.exception and not runs.run("early").folder.exists() and runs.run("late").folder.exists()


def test_somebody_elses_training_can_be_neither_resumed_nor_removed_while_they_are_here(worker):
    queue = worker(LEARNING)
    theirs, mine = open_app("pretrain"), open_app("pretrain")
    job = told(started(theirs))
    name = job.about.name
    unfinished(name)
    mine.run()
    assert f"**{name}** · at work now" in words(mine).replace("\\", "")
    assert mine.button(key=f"resume_{name}").disabled
    with pytest.raises(UserError, match="is at work"):
        training._check_free(name)
    job.pause()
    assert job.wait(HANG_S)
    mine.run()
    assert "of another visitor who is here" in words(mine) and mine.button(key=f"resume_{name}").disabled
    work.presence().leave(job.owner, "a session that is over")
    mine.run()
    assert not mine.button(key=f"resume_{name}").disabled
    mine.button(key=f"resume_{name}").click().run()
    assert queue.find(mine.session_state["job"]).about.name == name


def test_a_training_that_runs_elsewhere_is_left_alone():
    run = unfinished("elsewhere")
    with run.claimed():
        app = open_app("pretrain")
        assert "at work now" in words(app) and app.button(key="resume_elsewhere").disabled
        with pytest.raises(UserError, match="is at work"):
            training._check_free("elsewhere")


def test_a_plan_that_lacks_something_is_a_sentence(worker):
    worker(LEARNING)
    run = unfinished("lacking")
    kept = run.kept
    del kept["plan"]["network"]["classes"]
    run.keep_plan(kept)
    app = open_app("pretrain")
    app.button(key="resume_lacking").click().run()
    assert not app.exception and "is damaged" in app.warning[0].value


@pytest.mark.parametrize("damage", ["plan.json", "state.pt"])
def test_a_damaged_training_is_a_sentence_and_can_be_removed(damage):
    run = unfinished("damaged")
    (run.folder / damage).write_text("{")
    app = open_app("pretrain")
    assert not app.exception and "is damaged" in words(app) and app.button(key="resume_damaged").disabled
    app.button(key="remove_damaged").click().run()
    assert not app.exception and not run.folder.exists()


# Looking back


def test_every_look_can_be_gone_back_to_and_the_latest_one_is_followed():
    run = watched()
    app = open_app("pretrain")
    app.selectbox(key="look_back_scenes").set_value("seen").run()
    key = "look_seen_4"
    assert app.slider(key=key).value == 4 and "Look 4 of 4: after step 30" in app.slider(key=key).label
    assert "<span>owl ✓</span><span>80.0 %</span>" in tables(app) and "30.0 % of the held-out images" in words(app)
    app.slider(key=key).set_value(1).run()
    assert "before the first step" in app.slider(key=key).label and "there is no earlier look" in tables(app)
    assert "<span>cat</span><span>50.0 %</span>" in tables(app) and "Nothing has been learnt yet" in words(app)
    album = run.album
    album.keep(Snapshot(40, album.read(30).gates, album.read(30).filters, album.read(30).probabilities, None, 0.5))
    app.run()
    assert app.slider(key="look_seen_5").value == 1, "who has gone back stays there"
    app.button(key="look_latest").click().run()
    assert app.slider(key="look_seen_5").value == 5 and "No gate has moved" in words(app)


def test_an_album_that_is_removed_or_damaged_meanwhile_is_no_longer_shown():
    run = watched()
    app = open_app("pretrain")
    app.selectbox(key="look_back_scenes").set_value("seen").run()
    (run.album.folder / "photo.json").write_text("{")
    app.run()
    assert not app.exception and "Recorded, not live" in words(app)
    run.remove()
    app.run()
    assert not app.exception and "Recorded, not live" in words(app)


def test_a_network_without_gates_says_so_and_a_damaged_look_is_left_out():
    run = watched(gates=False)
    next(run.album.folder.glob("*10.safetensors")).write_bytes(b"broken")
    app = open_app("pretrain")
    app.selectbox(key="look_back_scenes").set_value("seen").run()
    assert not app.exception and "has no squeeze-and-excitation" in words(app) and app.slider(key="look_seen_3").value == 3


# Data


def test_imagenette_is_offered_with_its_size_and_source_and_a_failure_says_what_to_do(worker):
    worker(PREPARING, "preparations")
    app = open_app("pretrain")
    choose(app, "data_kind", "imagenette")
    assert "about 99 MB, from s3.amazonaws.com" in words(app) and app.button(key="start").disabled
    app.button(key="fetch_imagenette").click().run()
    (job,) = work.preparations().active()
    told(job, 1)
    app.run()
    assert "30.0 MB of 99.0 MB" in app.get("progress")[0].proto.text
    app.button(key="stop_preparation").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"


def test_without_a_network_the_sentence_says_what_to_do(worker):
    worker(PREPARING.replace("sys.stdin.readline()", ""), "preparations")
    app = open_app("pretrain")
    choose(app, "data_kind", "imagenette")
    app.button(key="fetch_imagenette").click().run()
    (job,) = [*work.preparations().active(), *work.preparations().finished()]
    assert job.wait(HANG_S)
    app.run()
    assert "there may be no network" in app.warning[0].value and app.button(key="fetch_imagenette").label == "Download Imagenette"


def test_imagenette_that_is_here_is_checked_once_and_shown(tmp_path):
    folder = tmp_path / "data" / "imagenette2-160"
    for half in ("train", "val"):
        for label in range(3):
            (folder / half / f"n{label}").mkdir(parents=True)
            for number in range(4):
                (folder / half / f"n{label}" / f"{number}.jpg").write_bytes(photo(1000 * (half == "val") + 10 * label + number))
    app = open_app("pretrain")
    choose(app, "data_kind", "imagenette")
    job = next(job for job in (*work.preparations().active(), *work.preparations().finished()) if job.title == data.IMAGENETTE)
    assert job.wait(HANG_S) and job.state == "done", job.error
    app.run()
    assert "24 photos of 3 classes. 12 to learn from, 12 *held out*" in words(app)
    assert len(app.get("image")) == 3 and not app.button(key="start").disabled
    other = open_app("pretrain")
    choose(other, "data_kind", "imagenette")
    assert len(other.get("image")) == 3, "another visitor does not wait for it again"


def given(app, name, content):
    app.file_uploader[0].upload(name, content).run()
    assert not app.exception
    jobs = work.preparations().active() or work.preparations().finished()
    assert jobs[0].wait(HANG_S)
    app.run()
    assert not app.exception
    return jobs[0]


def test_an_archive_becomes_data_with_its_facts_and_nothing_is_left_over(tmp_path):
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    assert app.button(key="start").disabled
    given(app, "My Pets!.zip", archive(more=[("My pets/cats/broken.jpg", b"\xff\xd8\xff no photo")]))
    assert app.selectbox(key="data_own").value == "my-pets" and len(app.get("image")) == 3
    assert "18 photos of 3 classes" in words(app) and "**Not used:**" in words(app) and "broken" in words(app)
    assert "take it as rough" in words(app), "what may disappoint is said"
    assert "cats" in tables(app) and not app.button(key="start").disabled
    until(lambda: not [*(tmp_path / "uploads").glob("*")])
    manager = app_files()
    assert not manager, "the upload is out of memory"
    again = open_app("pretrain")
    choose(again, "data_kind", "own")
    assert again.selectbox(key="data_own").value == "my-pets", "it can be chosen again later"
    assert not any(button.key == "drop_data" for button in again.button), "another visitor, from elsewhere, leaves it alone"
    app.run()
    app.button(key="drop_data").click().run()
    assert not app.exception and "my-pets" not in app.session_state["_added_data"]
    again.run()
    assert not again.exception and not sources.available() and not (tmp_path / "data" / "my-pets").exists()


def app_files():
    """Uploads that the server of the harness still holds."""
    from streamlit.runtime import exists, get_instance

    return [*get_instance()._uploaded_file_mgr.file_storage.get("test session id", {})] if exists() else []


def test_photos_that_are_removed_are_in_no_album(pets, monkeypatch):
    monkeypatch.setattr(removing, "from_this_machine", lambda: True)
    run = watched()
    kept = run.kept
    run.keep_plan({**kept, "plan": {**kept["plan"], "data": "pets"}})
    watched("drawn")
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    assert "seen" in app.selectbox(key="look_back_own").options
    app.button(key="drop_data").click().run()
    assert not app.exception and not sources.available() and run.album.photo is None and runs.run("drawn").album.photo
    assert "seen" not in app.selectbox(key="look_back_own").options and "drawn" in app.selectbox(key="look_back_own").options
    assert not growth.is_shown("seen")


def test_photos_that_are_learnt_from_cannot_be_removed(worker, pets, monkeypatch):
    worker(LEARNING)
    monkeypatch.setattr(removing, "from_this_machine", lambda: True)
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    app.selectbox(key="tuned_from_choice").set_value("small-scenes").run()
    told(started(app))
    app.button(key="drop_data").click().run()
    assert "are being learnt from" in app.warning[0].value and sources.available()


def test_a_damaged_card_of_photos_is_left_out(pets, tmp_path):
    card = tmp_path / "data" / "pets.json"
    card.write_text(json.dumps({"date": "2026"}))
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    assert app.button(key="start").disabled


@pytest.mark.parametrize(("name", "content", "sentence"), [
    ("x.zip", b"no archive at all", "not an archive of a known kind, or damaged"),
    ("x.zip", archive(("cats",)), "nothing to tell apart"),
    ("x.zip", archive(each=1), "fewer than 2 photos"),
])
def test_what_cannot_be_learnt_from_gets_a_sentence_and_is_not_kept(name, content, sentence, tmp_path):
    app = open_app("pretrain")
    choose(app, "data_kind", "own")
    given(app, name, content)
    assert sentence in words(app) and not sources.available()
    until(lambda: not [*(tmp_path / "uploads").glob("*")])


def upload(name, content):
    file = io.BytesIO(content)
    file.name, file.size = name, len(content)
    return file


def test_a_folder_is_packed_with_its_classes_and_an_archive_stays_as_it_is(tmp_path):
    spooled = uploads.spool([upload(f"Zoo 2/{name}/1.jpg", b"picture") for name in ("ape", "bee")])
    assert spooled.name == "zoo-2" and spooled.path.name == "zoo-2.zip"
    with zipfile.ZipFile(spooled.path) as packed:
        assert packed.namelist() == ["Zoo 2/ape/1.jpg", "Zoo 2/bee/1.jpg"] and packed.read("Zoo 2/ape/1.jpg") == b"picture"
    spooled.remove()
    assert not [*(tmp_path / "uploads").iterdir()]
    kept = uploads.spool([upload("../../Evil Photos.tar.gz", b"bytes")])
    assert (kept.name, kept.path.name, kept.path.read_bytes()) == ("evil-photos", "evil-photos.tar.gz", b"bytes")
    assert kept.path.is_relative_to(tmp_path / "uploads")


def test_names_of_data_are_free_and_uploads_have_a_limit(pets, monkeypatch):
    assert uploads.spool([upload("pets.zip", b"")]).name == "pets-2"
    assert uploads.spool([upload("scenes.zip", b"")]).name == "scenes-2"
    assert uploads.spool([upload("….zip", b"")]).name == "photos"
    monkeypatch.setattr(uploads, "MOST_MB", 1)
    with pytest.raises(UserError, match="at most 1 MB"):
        uploads.spool([upload("a/1.jpg", b"x" * 2**19), upload("a/2.jpg", b"x" * 2**20)])


def test_two_visitors_may_hand_over_photos_of_one_name(worker):
    worker(PREPARING, "preparations", limit=2)
    apps = [open_app("pretrain") for _ in range(2)]
    for app in apps:
        choose(app, "data_kind", "own")
        app.file_uploader[0].upload("pets.zip", archive()).run()
        assert not app.exception
    jobs = work.preparations().active()
    assert sorted(job.args[job.args.index("--name") + 1] for job in jobs) == ["pets", "pets-2"]
    for job in jobs:
        job.stop()
        assert job.wait(HANG_S)
    until(lambda: not uploads.UNDER_WAY)
    assert uploads.spool([upload("pets.zip", b"")]).name == "pets"


# Models


def test_a_model_is_removed_by_whoever_made_it_or_sits_at_the_machine(monkeypatch):
    for name in ("mine", "other"):
        cards.path_of(name).parent.mkdir(parents=True, exist_ok=True)
        cards.path_of(name).write_bytes((cards.BUNDLED / "small-scenes.safetensors").read_bytes())
    app = open_app("pretrain")
    assert not any(button.key == "remove_model" for button in app.button)
    app.session_state["_trained"] = {"mine"}
    app.run()
    assert app.selectbox(key="model_to_remove").options == ["mine"]
    app.button(key="remove_model").click().run()
    assert not app.exception and not cards.path_of("mine").exists() and not app.session_state["_trained"]
    monkeypatch.setattr(removing, "from_this_machine", lambda: True)
    app.run()
    assert app.selectbox(key="model_to_remove").options == ["other"]


def test_models_of_ones_own_can_be_removed_and_bundled_ones_stay(monkeypatch):
    monkeypatch.setattr(removing, "from_this_machine", lambda: True)
    files = [cards.path_of(name) for name in ("mine", "other")]
    files[0].parent.mkdir(parents=True)
    for file in files:
        file.write_bytes((cards.BUNDLED / "small-scenes.safetensors").read_bytes())
    app = open_app("pretrain")
    assert sorted(app.selectbox(key="model_to_remove").options) == ["mine", "other"]
    app.selectbox(key="model_to_remove").set_value("other").run()
    app.button(key="remove_model").click().run()
    assert not app.exception and [file.exists() for file in files] == [True, False]
    app.button(key="remove_model").click().run()
    assert not app.exception and not files[0].exists() and not any(button.key == "remove_model" for button in app.button)


def test_a_foreign_card_does_not_break_the_table():
    own = checkpoints.load("small-scenes")
    card = {**own.card, "data": "photos", "evaluation": {"images": 3}, "steps": "many", "seconds": None, "date": 7}
    checkpoints.save(cards.path_of("foreign"), own.network, card)
    app = open_app("pretrain")
    assert not app.exception and "foreign" in tables(app)


def test_the_course_of_a_resumed_training_begins_with_the_earlier_one():
    earlier = ({"step": 1, "loss": 2.3}, {"step": 9, "loss": 1.0})
    said = [{"step": 5, "loss": 2.0}, {"step": 6, "accuracy": 0.5}, {"step": 6, "saved": True}]
    job = SimpleNamespace(about=About("x", "B0", 3, "photos", 3, earlier), events=said)
    assert [row["step"] for row in learning.rows(job)] == [1, 5, 6]
    assert learning.rows(SimpleNamespace(about=job.about, events=[])) == [*earlier]
