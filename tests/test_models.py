"""The chooser of models and all behind it: what there is, memory, downloads, and files of one's own. Nothing leaves this machine."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from effnet_core import cards, checkpoints, labels
from effnet_core.architecture import assemble
from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import EFFICIENTNET, SMALL, published
from effnet_core.inside.inspection import inspect
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling
from effnet_core.weights import registry
from effnet_core.weights.layouts import from_ours
from effnet_core.work.jobs import JobQueue
from pages.shared import adding, arrivals, memory, models, questions, removing, shelf, truth
from pages.shared.photo import picture

from .apps import open_app
from .mirrors import serving
from .serving import ROOT

PATIENCE_S = 120.0  # turns a hang into a failure
PATIENT = [sys.executable, "-c", "import json, sys; now = {'event': 'progress', 'done': 25, 'total': 100, 'phase': 'downloading'}; "
                                 "print(json.dumps(now), flush=True); sys.stdin.readline()"]  # a quarter done until it is stopped
SCENES = {"name": "scenes", "side": 32, "seed": 0}
IMAGENETTE = ("tench", "English springer", "cassette player", "chain saw", "church", "French horn", "garbage truck", "gas pump",
              "golf ball", "parachute")


def network(classes=10, family=SMALL):
    made = build(assemble(family, Scaling(0.5, 0.35, 32, 0.0), classes, "a small network"), seed=5).eval()
    for key, tensor in made.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.2, 1.0, generator=torch.Generator().manual_seed(2))
    return made


def save(folder, name, names=Scenes.labels, trained=True, **facts):
    made = network(len(names))
    card = checkpoints.make_card(name, made, tuple(names), Preprocess(32, 32), trained=trained, **facts)
    checkpoints.save(folder / f"{name}.safetensors", made, card)


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """(of the bundled models, of this user's), the first with one of scenes."""
    bundled, cache = tmp_path / "bundled", tmp_path / "cache"
    monkeypatch.setattr(cards, "BUNDLED", bundled)
    monkeypatch.setenv("EFFNET_CACHE", str(cache))
    save(bundled, "small-scenes", data=SCENES, evaluation={"accuracy": 0.875, "images": 2000})
    yield bundled, cache / "models"
    for queue in (arrivals.arrivals().queue, adding.queue()):
        for job in queue.active():
            job.stop()
            job.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def b0():
    """Random weights of B0."""
    return build(published("b0"), padding="symmetric", eps=1e-5, seed=1).eval()


@pytest.fixture
def b0_file(b0, tmp_path):
    path = tmp_path / registry.ROWS["imagenet-b0"].file
    torch.save(from_ours(b0.state_dict(), b0.architecture, "torchvision"), path)
    return path


@pytest.fixture
def mirror(b0_file, monkeypatch):
    """A server that has imagenet-b0, here and in the workers."""
    data = b0_file.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    monkeypatch.setitem(registry.ROWS, "imagenet-b0", replace(registry.ROWS["imagenet-b0"], sha256=sha256))
    monkeypatch.setenv("EFFNET_TEST_FILES", json.dumps({"imagenet-b0": sha256}))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "published"))
    with serving() as here:
        monkeypatch.setenv("EFFNET_MIRROR", here.url)
        here.files[b0_file.name] = data
        yield here


def shows(app):
    """Whether the page shows what a model sees."""
    return any(element.proto.component_name.endswith("effnet_skyline") for element in app.get("bidi_component"))


def words(app):
    texts = [element.value for kind in ("markdown", "caption", "warning", "info") for element in app.get(kind)]
    return " ".join([*texts, *(element.proto.body for element in app.get("html"))])


def at_imagenet(**query):
    app = open_app("inside", **query)
    app.segmented_control(key="model_group").set_value("imagenet").run()
    assert not app.exception
    return app


# What there is


def test_models_are_in_three_groups(folders):
    bundled, own = folders
    save(bundled, "b0-imagenette", IMAGENETTE, data={"name": "imagenette"})
    save(own, "mine")
    save(own, "imagenet-b1-timm-ft", data={"name": "imagenet"})
    here = {entry.name: entry for entry in shelf.entries()}
    assert shelf.names_in("app", here) == ["b0-imagenette", "small-scenes"] and shelf.names_in("own", here) == ["mine"]
    assert shelf.names_in("imagenet", here) == [*registry.DEFAULTS, "imagenet-b1-timm-ft"]
    assert shelf.names_in("imagenet", here, everything=True) == [*registry.ROWS]
    assert shelf.default(here) == cards.best_bundled() == "b0-imagenette"


def test_the_default_is_a_model_that_can_be_used(folders):
    bundled, own = folders
    (bundled / "b0-imagenette.safetensors").write_bytes(b"cut short")
    assert shelf.default({entry.name: entry for entry in shelf.entries()}) == "small-scenes"
    save(own, "mine")
    for path in bundled.iterdir():
        path.unlink()
    assert shelf.default({entry.name: entry for entry in shelf.entries()}) == "mine"
    assert shelf.default({}) is None


def test_a_card_says_where_its_accuracy_comes_from(folders):
    _, own = folders
    source = {"kind": "published", "project": "lukemelas", "recipe": "Google's AdvProp", "licence": "Apache-2.0"}
    save(own, "measured", data={"name": "imagenette2-160", "images": 9469}, evaluation={"accuracy": 0.9, "images": 3925}, steps=100,
         epochs=1.5, seconds=5.0, finished=False, date="2026-02-03T04:05:06+00:00")
    save(own, "published", data={"name": "imagenet"}, published={"top1": 77.692, "by": "torchvision"}, source=source, date="2026-02-03T04")
    save(own, "file", source={"kind": "own file", "file": "flowers.pth"})
    save(own, "given", data={"name": "flowers"}, evaluation={"accuracy": 0.9, "images": 90}, steps=100,
         source={"kind": "own file", "file": "given.safetensors", "model": "imagenet-b0"})
    save(own, "tuned", data={"name": "flowers", "images": 90}, source={"kind": "fine-tuned", "model": "imagenet-b0"})
    save(own, "raw", trained=False)
    facts = {entry.name: dict(shelf.facts(entry)) for entry in shelf.entries()}
    assert facts["small-scenes"]["Accuracy"] == "87.5 % of 2,000 new images, measured"
    assert facts["small-scenes"]["From"] == "comes with the app" and facts["small-scenes"]["Learnt from"] == "procedural scenes"
    assert facts["measured"] | {"Accuracy": "90.0 % of 3,925 new images, measured", "Learnt from": "Imagenette, 9,469 photos",
                                "Trained for": "1.5 epochs, 100 steps in 5.00 s, not to its end", "Date": "2026-02-03"} == facts["measured"]
    assert facts["published"] | {"From": "EfficientNet-PyTorch; recipe: Google's AdvProp", "Licence": "Apache-2.0",
                                 "Date": "added 2026-02-03"} == facts["published"]
    assert "77.7 %" in facts["published"]["Accuracy"] and "as published by torchvision; not measured here" in facts["published"]["Accuracy"]
    assert facts["file"]["From"] == "the file flowers.pth" and facts["file"]["Accuracy"] == "never measured"
    assert facts["given"]["Accuracy"] == "90.0 % of 90 new images, as its card says; not measured here"
    assert facts["given"]["From"] == "the file given.safetensors" and facts["given"]["Learnt from"] == "flowers, after imagenet-b0"
    assert facts["tuned"]["Learnt from"] == "flowers, 90 photos, after imagenet-b0" and facts["tuned"]["From"] == "trained here"
    assert facts["raw"]["Accuracy"] == "none: it learnt nothing"


@pytest.mark.parametrize("odd", [None, 3, "text", [], {"name": None, "images": "many", "accuracy": "all", "top1": []},
                                 pytest.param(10**400, id="huge"),
                                 {"kind": "published", "project": [], "recipe": {}, "licence": []},
                                 {"images": 10**400, "accuracy": 10**400, "top1": 10**400}, {"accuracy": 0.5, "images": 10**400}])
def test_cards_of_strangers_may_say_anything(folders, odd):
    _, own = folders
    save(own, "odd", **dict.fromkeys(("data", "evaluation", "published", "source", "steps", "epochs", "seconds", "date"), odd))
    (entry,) = (entry for entry in shelf.entries() if entry.name == "odd")
    assert all(isinstance(text, str) for fact in shelf.facts(entry) for text in fact)
    assert truth.fitting(entry.card) and not shelf.knows_scenes(entry.card)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -(10**400), 10**400, True], ids=["nan", "infinite", "low", "high", "bool"])
def test_only_numbers_of_a_sane_size_are_shown(value):
    assert shelf._number(value) is None and shelf._number(3) == 3


def test_scenes_are_known_whose_file_it_was():
    card = {"labels": list(Scenes.labels), "trained": True, "data": SCENES}
    assert shelf.knows_scenes(card) and shelf.knows_scenes({**card, "source": {"kind": "own file"}})
    for source in ({"kind": "own file", "model": "x"}, {"kind": "fine-tuned"}):
        assert not shelf.knows_scenes({**card, "source": source})


def test_every_published_file_has_an_offer():
    for name, row in registry.ROWS.items():
        offer = dict(shelf.offer(row))
        assert offer["Network"] == row.architecture.name and offer["Licence"] and "not measured here" in offer["Accuracy"]
        assert f"{row.crop} × {row.crop} px" == offer["Input"] and name in shelf.offer_title(name)


def test_cards_are_read_once_for_all_runs(folders, monkeypatch):
    _, own = folders
    for number in range(5):
        save(own, f"mine-{number}")
    before = shelf.entries()
    monkeypatch.setattr(cards, "read_card", lambda path: pytest.fail(f"{path.name} was opened again"))
    assert shelf.entries() == before and all(one.card is two.card for one, two in zip(shelf.entries(), before))


def test_a_changed_file_is_read_anew(folders):
    _, own = folders
    save(own, "mine", date="2026-01-01")
    first = {entry.name: entry for entry in shelf.entries()}["mine"]
    save(own, "mine", date="2026-01-02")
    second = {entry.name: entry for entry in shelf.entries()}["mine"]
    assert (first.card["date"], second.card["date"]) == ("2026-01-01", "2026-01-02") and first.version != second.version


def test_the_chooser_needs_no_torch():
    code = ("import sys; from pages.shared import models, shelf; shelf.entries(); "
            "from effnet_core.weights.registry import ROWS; [shelf.offer(row) for row in ROWS.values()]; sys.exit('torch' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_removing(folders):
    _, own = folders
    save(own, "mine")
    cards.remove("mine")
    assert not list(own.iterdir())
    for name, sentence in (("mine", "There is no model"), ("small-scenes", "comes with the app"), ("../x", "cannot name a model")):
        with pytest.raises(UserError, match=sentence):
            cards.remove(name)


# What pictures show


def test_the_first_picture_is_of_a_class_that_the_model_knows():
    def of(names, **card):
        return truth.fitting({"labels": list(names), "trained": True, **card})

    assert of(Scenes.labels, data=SCENES) == "scene-0-1" and of(label.name for label in labels.imagenet()) == "sample-cat"
    assert of(("espresso", "cup")) == "sample-coffee" and of(IMAGENETTE) == of(("class 0",)) == "sample-cat"


def test_what_is_right_is_said_only_where_it_is_known():
    scenes, photos, own = ({"labels": list(names), "trained": True, "data": {"name": data}}
                           for names, data in ((Scenes.labels, "scenes"), (IMAGENETTE, "imagenette"), (("cat", "dog"), "pets")))
    assert truth.of("scene-3-1", "blue striped star", scenes).labels == ("blue striped star",)
    assert not truth.of("scene-3-1", "blue striped star", photos).labels and truth.of("scene-3-1", "blue striped star", own) is None
    assert truth.of("sample-cat", "Chelsea", photos).words == "a cat" and truth.of("sample-cat", "Chelsea", own) is None
    assert truth.of("upload-0123", "yours", photos) is None


def test_the_samples_labels_are_imagenet_s():
    known = {label.name for label in labels.imagenet()}
    assert all(known.issuperset(one.labels) for one in truth.SAMPLES.values())


# Memory


def kept(store):
    return [*store._kept]


def test_memory_is_bounded_in_bytes_and_forgets_what_was_not_used():
    store = memory.Memory(100, lambda: 10**9)
    for key in "abc":
        store.get(key, lambda: key, 40)
    assert kept(store) == ["b", "c"] and store.bytes == 80
    store.get("b", lambda: pytest.fail("it is there"), 40)
    store.get("d", lambda: 0, 40)
    assert kept(store) == ["b", "d"] and "c" not in store
    store.get("big", lambda: 0, 1000)
    assert kept(store) == ["d", "big"]  # the last two stay: a model and its pass
    store.drop(lambda key: key == "big")
    assert kept(store) == ["d"]


def test_what_several_threads_want_is_made_once():
    store, made, start = memory.Memory(100, lambda: 10**9), [], threading.Barrier(6)

    def want():
        start.wait()
        assert store.get("key", lambda: made.append(1) or "value", 10) == "value"

    threads = [threading.Thread(target=want) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert made == [1] and not store._making


def test_two_who_want_much_work_one_after_the_other():
    """Each needs more than the half of what is free: together they would bring the server down."""
    store, running, most, begun = memory.Memory(10**6, lambda: 100, 30.0), [], [], threading.Event()

    def make(key):
        running.append(key)
        most.append(len(running))
        begun.wait(0.3)  # the other one has time to come in between
        running.remove(key)

    threads = [threading.Thread(target=lambda key=key: store.get(key, lambda: make(key), 10, 50)) for key in "ab"]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert most == [1, 1] and sorted(kept(store)) == ["a", "b"] and not store._promised


def test_too_little_memory_lets_old_things_go_and_then_refuses():
    store = memory.Memory(1000, lambda: 100 - store.bytes)
    store.get("old", lambda: 0, 60)
    store.get("new", lambda: 0, 60, 30)
    assert kept(store) == ["new"] and store.free == 100
    with pytest.raises(UserError, match="needs about 200 B of memory, and 40 B are free"):
        store.get("huge", lambda: pytest.fail("it was started"), 150, 50)
    assert kept(store) == ["new"]  # nothing was let go in vain


def test_work_within_work_does_not_wait_for_itself():
    """What is made of something that is made first claims memory twice; old things go at once, not after the patience."""
    store = memory.Memory(1000, lambda: 100 - store.bytes, patience_s=3600.0)
    store.get("old", lambda: 0, 40)
    store.get("older", lambda: 0, 0)
    assert store.get("outer", lambda: store.get("inner", lambda: 1, 30, 20) + 1, 10, 30) == 2
    assert "old" not in store and {"outer", "inner"} <= set(kept(store)) and not store._promised


def test_a_failure_leaves_nothing_behind():
    store = memory.Memory(100, lambda: 100)
    with pytest.raises(ZeroDivisionError):
        store.get("key", lambda: 1 / 0, 90)
    assert store.get("key", lambda: 7, 90) == 7 and not store._promised


@pytest.mark.parametrize("family", [SMALL, EFFICIENTNET])
def test_the_memory_for_a_picture_is_what_is_kept_of_it(family):
    made = network(family=family)
    model = checkpoints.Pretrained("x", made, Preprocess(32, 32), Scenes.labels, {})
    seen = inspect(model, torch.zeros(1, 3, 32, 32))
    arrays = [seen.image, *seen.outputs.values(), *seen.squeezed.values(), *seen.gates.values()]
    needed = memory.need(made.architecture)
    assert needed.kept == sum(array.nbytes for array in arrays)
    assert needed.weights == sum(parameter.nbytes for parameter in made.parameters()) and needed.extra > 0


def test_b7_needs_what_was_measured():
    """265 MB of weights, and 368 MB more while a picture goes through, of which 154 MB stay; 918 MB for a class's gradients, of which
    149 MB stay; measured with `getrusage`."""
    needed = memory.need(published("b7"))
    assert needed.weights == pytest.approx(265e6, rel=0.01) and needed.kept == pytest.approx(154e6, rel=0.01)
    assert 368e6 < needed.kept + needed.extra < 1.5 * 368e6
    kept, extra = memory.backward(published("b7"))
    assert kept == pytest.approx(149e6, rel=0.01) and 918e6 < kept + extra < 1.5 * 918e6


# Downloads


@pytest.fixture
def patient(monkeypatch):
    """Downloads that last until they are stopped; nobody has left."""
    made = arrivals.Arrivals(JobQueue("download", limit=1, command=PATIENT, grace_s=5.0))
    monkeypatch.setattr(arrivals, "arrivals", lambda: made)
    yield made
    made.queue.shutdown()


def test_one_download_serves_all_who_want_it(patient):
    one, two = patient.begin("imagenet-b0", "ann"), patient.begin("imagenet-b0", "bob")
    assert one is two and patient.latest("imagenet-b0") is one and patient.wanted_by("imagenet-b0") == {"ann", "bob"}
    assert not patient.give_up("imagenet-b0", "ann") and not one.stopping  # bob still waits for it
    assert patient.give_up("imagenet-b0", "bob") and one.wait(PATIENCE_S) and one.state == "stopped"
    other = patient.begin("imagenet-b0", "ann")
    assert other is not one and patient.wanted_by("imagenet-b0") == {"ann"}


def test_downloads_wait_for_each_other(patient):
    patient.begin("imagenet-b0", "ann")
    second = patient.begin("imagenet-b1", "ann")
    share, text = arrivals.step(second)
    assert share == 0 and "imagenet-b0 is at work, yours is next" in text


def test_nothing_of_nothing_is_no_progress(patient):
    class Stopping:
        stopping, state = True, "running"

        def latest(self, event):
            return {"done": 0, "total": 0, "phase": "reading"}

    assert arrivals.step(Stopping())[0] == 0


def test_a_download_goes_on_when_whoever_began_it_leaves(patient, monkeypatch):
    job = patient.begin("imagenet-b0", "ann")
    monkeypatch.setattr(arrivals.work, "presence", lambda: type("Presence", (), {"is_gone": lambda self, owner: True})())
    assert not patient.wanted_by("imagenet-b0") and not job.wait(0.3) and job.active and not job.stopping


def test_the_time_left_follows_the_speed_of_the_last_seconds():
    pace = arrivals.Pace()
    assert pace.left_s(0, 100, 0.0) is None and pace.left_s(5, 100, 1.0) is None
    assert pace.left_s(20, 100, 2.0) == pytest.approx(8.0)
    for second in range(3, 60):
        left = pace.left_s(20 + (second - 2), 200, float(second))
    assert left == pytest.approx((200 - 77) / 1, rel=0.01)
    assert arrivals.Pace().left_s(5, 5, 1.0) is None


def test_the_page_offers_what_is_published_and_goes_on_with_what_it_has():
    app = at_imagenet()
    assert app.selectbox(key="model_choice").value == "imagenet-b0" and app.session_state["model"] == "imagenet-b0"
    assert [option.split(" ")[0] for option in app.selectbox(key="model_choice").options] == [*registry.DEFAULTS]
    assert "Download 21.3 MB" in app.button(key="model_download").label and "BSD-3-Clause" in words(app)
    assert "as published by torchvision; not measured here" in words(app)
    assert r"the page shows **small\-scenes** meanwhile" in words(app) and shows(app)
    app.toggle(key="model_more").set_value(True).run()
    app.selectbox(key="model_choice").set_value("imagenet-b3-lukemelas-aa").run()
    assert not app.exception and app.session_state["model"] == "imagenet-b3-lukemelas-aa" and "EfficientNet-B3" in words(app)
    app.segmented_control(key="model_group").set_value("app").run()
    assert app.session_state["model"] == "small-scenes" and "meanwhile" not in words(app)
    app.segmented_control(key="model_group").set_value("imagenet").run()
    assert app.session_state["model"] == "imagenet-b3-lukemelas-aa"  # as it was left


def test_a_download_is_watched_by_all_and_stopped_by_whoever_began_it(patient):
    app, other = at_imagenet(), at_imagenet()
    app.button(key="model_download").click().run()
    job = patient.latest("imagenet-b0")
    while not job.latest("progress"):
        job.wait(0.05)
    app.run()
    other.run()
    for visitor in (app, other):
        (bar,) = visitor.get("progress")
        assert bar.proto.value == 25 and "25 B of 100 B, 25 %" in bar.proto.text and not visitor.exception
        assert "imagenet-b0 · arriving" in visitor.selectbox(key="model_choice").options
    assert [button.key for button in other.button if button.key == "model_download_stop"] == []
    app.button(key="model_download_stop").click().run()
    assert job.wait(PATIENCE_S) and job.state == "stopped"
    other.run()
    assert "Download" in other.button(key="model_download").label


def test_what_was_downloaded_is_simply_there(mirror, b0_file):
    """It goes on where an earlier try broke off, and ends as a model for every visitor."""
    row = registry.ROWS["imagenet-b0"]
    part = arrivals.downloads.part_of(row.source, arrivals.folder())
    part.parent.mkdir(parents=True)
    part.write_bytes(b0_file.read_bytes()[:5_000_000])
    app, other = at_imagenet(), at_imagenet()
    assert app.button(key="model_download").label == "Go on with the download" and "5.00 MB of 21.3 MB are here already" in words(app)
    app.button(key="model_download").click().run()
    job = arrivals.arrivals().latest("imagenet-b0")
    assert job.wait(PATIENCE_S) and job.state == "done", job.error
    del mirror.files[row.file]
    for visitor in (app, other):
        visitor.run()
        assert not visitor.exception and not visitor.warning and "meanwhile" not in words(visitor)
        assert "EfficientNet-B0" in words(visitor) and "torchvision; recipe: RandAugment" in words(visitor)
    model = checkpoints.load("imagenet-b0")
    assert model.labels == tuple(label.name for label in labels.imagenet())
    assert (model.preprocess.resize, model.preprocess.crop) == (256, 224)
    seen = inspect(model, picture("sample-cat").tensor(model.preprocess))
    assert "Chelsea the cat" in app.get("image")[0].proto.imgs[0].caption  # nobody chose a picture, and a photo suits this model
    assert all(f'title="{guess.probability:.6f}"' in words(app) for guess in seen.top(5))
    assert mirror.ranges(row.file) == ["bytes=5000000-"]


def test_a_download_that_fails_says_why_and_how_to_do_it_by_hand(mirror):
    file = registry.ROWS["imagenet-b0"].file
    mirror.manners[file] = "page"
    app = at_imagenet()
    app.button(key="model_download").click().run()
    assert arrivals.arrivals().latest("imagenet-b0").wait(PATIENCE_S)
    app.run()
    (warning,) = app.warning
    said = warning.value.replace("\\", "")
    assert not app.exception and "a web page came in its place" in said
    assert f"put it into the folder downloads in the app's cache folder as {file}" in said
    assert app.button(key="model_download").label == "Try again" and shows(app)
    assert not open_app("inside", model="imagenet-b0").warning  # whoever comes later did not ask


def test_a_damaged_download_can_be_had_anew(folders):
    _, own = folders
    own.mkdir(parents=True)
    (own / "imagenet-b0.safetensors").write_bytes(b"cut short")
    app = open_app("inside", model="imagenet-b0")
    (warning,) = app.warning
    assert "damaged" in warning.value and "Download" in app.button(key="model_download").label and shows(app)


# Files of one's own


def upload(app, path):
    """Gives `path` to the uploader and waits until a worker has looked at it."""
    if "model_group" in app.session_state and app.session_state["model_group"] != "own":
        app.segmented_control(key="model_group").set_value("own").run()
    (uploader,) = (one for one in app.file_uploader if one.key.startswith("model_file_"))
    uploader.upload(path.name, path.read_bytes(), "application/octet-stream").run()
    over(app)
    return app


def over(app):
    """Waits for the worker of this visitor, and runs the page once more."""
    if "_file_job" in app.session_state:
        assert adding.queue().find(app.session_state["_file_job"]).wait(PATIENCE_S)
    app.run()
    assert not app.exception


def flowers(path, wrap=lambda state: state):
    made = build(published("b0", classes=5), padding="same", seed=1).eval()
    torch.save(wrap(from_ours(made.state_dict(), made.architecture, "timm")), path)
    return made


def test_a_file_of_one_s_own_is_recognised_asked_about_and_added(tmp_path):
    made = flowers(tmp_path / "flowers tf_b0.pth", lambda state: {"state_dict": state, "epoch": 3})
    app = upload(open_app("inside"), tmp_path / "flowers tf_b0.pth")
    said = words(app)
    assert all(fact in said for fact in ("EfficientNet-B0", "<dd>5</dd>", "<dd>timm</dd>", "“state_dict”"))
    asked = {box.label: box for box in app.selectbox}
    assert asked["ε of batch norm"].value.startswith("0.001,") and asked["Padding of the convolutions"].value.startswith("same,")
    names = "rose\ntulip\ndaisy\npoppy\nlily"
    app.text_input[0].set_value("my-flowers")
    app.text_area[0].set_value(names)
    next(box for box in app.number_input if box.label == "Square, px").set_value(64)
    next(button for button in app.button if button.label == "Add the model").click().run()
    over(app)
    assert app.session_state["model"] == "my-flowers" and "never measured" in words(app) and "the file flowers_tf_b0.pth" in words(app)
    model = checkpoints.load("my-flowers")
    assert model.labels == tuple(names.split("\n")) and model.preprocess.crop == 64 and model.network.stem.norm.eps == 1e-3
    assert all(torch.equal(model.network.state_dict()[key], tensor) for key, tensor in made.state_dict().items())
    assert "All that it can say, whatever the picture shows: rose, tulip" in words(app)
    assert not list((cards.own_folder().parent / "uploads").iterdir())


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def test_what_would_run_code_is_refused_with_a_sentence(tmp_path):
    torch.save({"weight": Evil()}, tmp_path / "evil.pth")
    app = upload(open_app("inside"), tmp_path / "evil.pth")
    (warning,) = app.warning
    assert "a file that can do so could run any code, so it was not opened" in warning.value.replace("\\", "") and shows(app)
    assert [one for one in app.file_uploader if one.key.startswith("model_file_")]  # ready for the next one
    assert not list((cards.own_folder().parent / "uploads").iterdir())


def test_a_published_file_is_known_by_its_content(mirror, b0_file):
    """Downloaded elsewhere and uploaded: it becomes the published model without the network."""
    app = upload(open_app("inside"), b0_file)
    assert "byte for byte, the published **imagenet-b0**" in words(app)
    app.button(key="model_give").click().run()
    job = arrivals.arrivals().latest("imagenet-b0")
    assert job.wait(PATIENCE_S) and job.state == "done", job.error
    app.run()
    assert not app.exception and app.session_state["model"] == "imagenet-b0" and "BSD-3-Clause" in words(app) and not mirror.asked


def test_a_file_that_only_begins_like_a_published_one_is_asked_about(mirror, b0_file, monkeypatch):
    row = registry.ROWS["imagenet-b0"]
    monkeypatch.setenv("EFFNET_TEST_FILES", json.dumps({"imagenet-b0": row.sha256[:8]}))
    app = upload(open_app("inside"), b0_file)
    assert "byte for byte" not in words(app) and not [button for button in app.button if button.key == "model_give"]
    sides = {box.label: box for box in app.number_input}
    assert (sides["Shorter side, px"].value, sides["Square, px"].value) == (row.resize, row.crop)
    assert "first 8 digits of its checksum" in sides["Square, px"].help.replace("\\", "")


@pytest.mark.parametrize("given, sentence", [
    ({"name": "small-scenes"}, "comes with the app"),
    ({"name": "imagenet-b0"}, "belongs to published weights"),
    ({"name": "Grand Name"}, "cannot name a model"),
    ({"name": "mine"}, "There is a model called 'mine' already"),
    ({"name": "new", "labels": "one\ntwo"}, "There are 2 labels, and the network tells 5 classes apart"),
    ({"name": "new", "preprocess": {"resize": 100, "crop": 200, "interpolation": "bicubic", "mean": (0.5,) * 3, "std": (0.5,) * 3}},
     "The shorter side after resizing is 100"),
])
def test_impossible_answers_get_a_sentence(folders, tmp_path, given, sentence):
    _, own = folders
    save(own, "mine")
    with pytest.raises(UserError, match=sentence):
        questions.arguments(tmp_path / "file.pth", given, 5)


@pytest.mark.parametrize("name", ["../../evil.pth", "C:\\folder\\evil.pth", "  .pth", "a" * 300 + ".pth", "ü\n/x\0y.pth", ""])
def test_names_of_uploads_stay_inside_their_folder(name):
    stored = adding.store(name, memoryview(b"data"))
    assert stored.path.read_bytes() == b"data" and stored.path.parent.parent == cards.own_folder().parent / "uploads"
    assert len(stored.name) <= 100 and not set(stored.name) & set("/\\\n\0") and not stored.name.startswith((".", "-"))
    stored.discard()
    assert not stored.path.parent.exists()


def test_a_full_disk_is_a_sentence(monkeypatch):
    monkeypatch.setattr(adding.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 3}))
    with pytest.raises(UserError, match="would need 8 B on the server's disk while it is converted, and 3 B are left"):
        adding.store("x.pth", memoryview(b"data"))
    assert not list((cards.own_folder().parent / "uploads").iterdir())


def test_suggested_names_are_free(folders):
    _, own = folders
    save(own, "my-net")
    assert questions.suggestion("My Net!.pth") == "my-net-2" and questions.suggestion("???") == "my-model"
    assert questions.suggestion("small-scenes.safetensors") == "small-scenes-2"


def test_a_model_is_removed_after_a_question(folders, monkeypatch):
    _, own = folders
    save(own, "mine")
    monkeypatch.setattr(removing, "from_this_machine", lambda: True)
    app = open_app("inside", model="mine")
    app.button(key="model_remove").click().run()
    assert r"Remove **mine**" in words(app)
    app.button(key="model_remove_no").click().run()
    assert "mine" in {entry.name for entry in shelf.entries()}
    app.button(key="model_remove").click().run()
    app.button(key="model_remove_yes").click().run()
    assert not app.exception and not list(own.iterdir()) and app.selectbox(key="model_choice").value == "small-scenes"
    save(own, "theirs")
    monkeypatch.setattr(removing, "from_this_machine", lambda: False)  # a visitor from elsewhere removes only what they added
    other = open_app("inside", model="theirs")
    assert not [button for button in other.button if button.key == "model_remove"]
    other.session_state["_added"] = {"theirs"}
    other.run()
    assert other.button(key="model_remove")


# The page


def test_ten_classes_of_photos_say_what_they_cannot(folders):
    bundled, _ = folders
    save(bundled, "b0-imagenette", IMAGENETTE, data={"name": "imagenette2-160", "images": 9469})
    app = open_app("inside")
    assert not app.exception and not app.warning and app.selectbox(key="model_choice").value == "b0-imagenette"
    said = words(app)
    assert "The picture shows a cat, which is none of the model's 10 classes" in said and all(label in said for label in IMAGENETTE)
    assert "It is unsure" in said  # its weights are random
    app.segmented_control(key="photo_source").set_value("scene").run()
    assert app.session_state["photo_source"] == "scene"


def test_a_big_model_asks_first(monkeypatch):
    needed = sum(memory.need(shelf.network(shelf.entries()[0]).architecture))
    monkeypatch.setattr(memory.Memory, "free", property(lambda store: int(1.5 * needed)))
    app = open_app("inside")
    assert "needs about" in words(app) and memory.bytes_text(needed) in words(app) and not shows(app)
    app.button(key="heavy_yes").click().run()
    assert not app.exception and shows(app) and not app.warning
    monkeypatch.setattr(memory.Memory, "free", property(lambda store: 0))
    app.run()
    assert shows(app)  # it is asked once


def test_where_memory_is_short_the_page_says_so(monkeypatch):
    small = memory.Memory(10**6, lambda: 1000)
    monkeypatch.setattr(memory, "shared", lambda: small)
    monkeypatch.setattr(models, "may_open", lambda entry, needed: True)
    app = open_app("inside")
    assert not app.exception and "of memory, and 1.00 kB are free here now" in words(app).replace("\\", "") and not shows(app)


def test_the_same_model_is_loaded_once_for_all_visitors(monkeypatch):
    loads, real = [], checkpoints.load
    monkeypatch.setattr(checkpoints, "load", lambda path: loads.append(path) or real(path))
    open_app("inside")
    open_app("inside", layer="head")
    assert len(loads) == 1


def on_another_page():
    import streamlit as st

    from pages.shared import models

    entry = models.choose("from", "Start from")
    st.write(f"got {entry and entry.name}")


def test_other_pages_use_the_same_chooser(folders):
    _, own = folders
    save(own, "mine")
    app = AppTest.from_function(on_another_page, default_timeout=60).run()
    assert not app.exception and "got small-scenes" in words(app)
    app.segmented_control(key="from_group").set_value("imagenet").run()
    assert "got None" in words(app)  # never another model than the chosen one
    app.segmented_control(key="from_group").set_value("own").run()
    assert "got mine" in words(app) and app.session_state["from"] == "mine" and "model" not in app.session_state


def test_the_view_is_that_of_the_model_s_own_preprocessing(folders):
    bundled, _ = folders
    made = network()
    own = Preprocess(48, 32, "bilinear", (0.5,) * 3, (0.25,) * 3)
    card = checkpoints.make_card("small-scenes", made, Scenes.labels, own, trained=True)
    checkpoints.save(bundled / "small-scenes.safetensors", made, card)
    cat = picture("sample-cat")
    app = open_app("inside", photo="sample-cat")
    seen = inspect(checkpoints.load("small-scenes"), own.tensor(cat.image))
    assert all(f'title="{guess.probability:.6f}"' in words(app) for guess in seen.top(5))
    assert np.array_equal(np.asarray(cat.view(own)), np.asarray(own.view(cat.image)))
