"""Published weights from the server to the prediction: fetched once, converted once, loaded by name."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from io import BytesIO

import pytest
import requests
import torch

from effnet_core import checkpoints, downloads, labels, load, machine, models
from effnet_core.cli import main
from effnet_core.downloads import DownloadError, Stopped
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.speed.needs import memory_needed
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.weights import registry, supply
from effnet_core.weights.layouts import from_ours, key_map
from effnet_core.weights.registry import ROWS

from .mirrors import serving
from .test_network import assert_same_logits, randomised


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "PAUSE_S", 0.01)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power fails here, and disks are slow
    return tmp_path / "cache"


@pytest.fixture
def mirror(monkeypatch):
    with serving() as mirror:
        monkeypatch.setenv("EFFNET_MIRROR", mirror.url)
        yield mirror


@pytest.fixture(scope="module")
def lite0():
    """The smallest published variant with random weights, and its file in timm's layout."""
    network = randomised(build(published("lite0"), seed=4)).eval()
    return network, to_bytes(from_ours(network.state_dict(), network.architecture, "timm"))


def to_bytes(state):
    file = BytesIO()
    torch.save(state, file)
    return file.getvalue()


def publish(mirror, monkeypatch, name, content):
    """Serves `content` as the file of the row `name`, with the right checksum."""
    row = replace(ROWS[name], sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(ROWS, name, row)
    mirror.files[row.file] = content
    return row


LITE = "imagenet-lite0-timm-tf"


@pytest.fixture
def row(mirror, monkeypatch, lite0):
    return publish(mirror, monkeypatch, LITE, lite0[1])


def test_a_published_model_is_fetched_converted_and_loaded_by_name(mirror, row, lite0, cache):
    seen = []
    model = load(LITE, on_progress=lambda *event: seen.append(event))
    assert all(torch.equal(a, b) for a, b in zip(model.network.state_dict().values(), lite0[0].state_dict().values()))
    assert (model.name, model.network.padding, model.network.stem.norm.eps) == (LITE, "same", 1e-3) and not model.network.training
    assert model.preprocess == Preprocess(256, 224, "bicubic", (0.5,) * 3, (0.5,) * 3)
    assert model.labels == tuple(label.name for label in labels.imagenet())
    assert {phase for _, _, phase in seen} == {"downloading", "converting"} and seen[-1][0] == seen[-1][1]
    assert sorted(path.name for path in (cache / "models").iterdir()) == [f"{LITE}.json", f"{LITE}.safetensors"]
    assert not list((cache / "downloads").glob("*.pth"))  # converted, hence gone


def test_the_card_says_where_it_came_from(row):
    card = load(LITE).card
    assert card["source"] == {"kind": "published", "name": LITE, "project": "timm", "file": row.file, "url": row.url, "recipe": "Google's Lite",
                              "licence": "Apache-2.0", "layout": "timm", "sha256": row.sha256}
    assert card["published"] == {"top1": 74.846, "by": "timm"} and "evaluation" not in card and card["trained"] is True
    assert card["data"] == {"name": "imagenet"} and card["architecture"]["side"] == 224
    entry = next(entry for entry in checkpoints.available() if entry.name == LITE)
    assert entry.origin == "published" and not entry.bundled and entry.problem is None
    assert next(entry for entry in checkpoints.available() if entry.bundled).origin == "bundled"


def test_it_is_fetched_once(mirror, row, monkeypatch):
    assert not supply.is_here(LITE)
    first = supply.obtain(LITE)
    assert supply.is_here(LITE) and supply.path_of(LITE) == first == checkpoints.find(LITE)
    monkeypatch.setattr(requests, "get", None)
    assert supply.obtain(LITE) == first and load(LITE).name == LITE and len(mirror.asked) == 1


def test_a_file_put_there_by_hand_needs_no_network(row, lite0, monkeypatch):
    monkeypatch.setattr(requests, "get", None)
    supply.folder().mkdir(parents=True)
    (supply.folder() / row.file).write_bytes(lite0[1])
    assert load(LITE).name == LITE


def test_a_damaged_model_is_made_anew(mirror, row):
    path = supply.obtain(LITE)
    path.write_bytes(path.read_bytes()[:-100])
    assert not supply.is_here(LITE)
    assert load(LITE).name == LITE and len(mirror.asked) == 2


def test_without_a_network_it_says_what_to_do(mirror, row, cache):
    mirror.manners[row.file] = "404"
    with pytest.raises(DownloadError, match=f"{row.file} could not be fetched .* put it into the folder downloads in the app's cache folder as {row.file}"):
        load(LITE)
    with pytest.raises(UserError, match=f"'{LITE}' is published but not on this machine yet; `python -m effnet_core fetch {LITE}`"):
        checkpoints.load(LITE)
    assert not (cache / "models").exists()


@pytest.mark.parametrize("manner", ["wrong", "page", "cut", "other network"])
def test_what_is_not_the_file_never_becomes_a_model(mirror, row, monkeypatch, manner, cache):
    if manner == "page":
        mirror.manners[row.file] = "page"
    elif manner == "other network":  # the right checksum, the wrong content
        network = build(published("b0", classes=3), seed=1)
        publish(mirror, monkeypatch, LITE, to_bytes(from_ours(network.state_dict(), network.architecture, "timm")))
    else:
        mirror.files[row.file] = mirror.files[row.file][:1000] if manner == "cut" else b"x" * 1000
    with pytest.raises(UserError, match="holds EfficientNet-B0 as timm names it, not what it was published as" if manner == "other network" else "could not be fetched"):
        supply.obtain(LITE)
    assert not supply.is_here(LITE) and not (cache / "models").exists()


def test_stopping_and_going_on(mirror, row):
    mirror.manners[row.file] = "slow"
    part = downloads.part_of(ROWS[LITE].source, supply.folder())
    with pytest.raises(Stopped):
        supply.obtain(LITE, should_stop=lambda: part.exists() and part.stat().st_size > 0)
    have = part.stat().st_size
    mirror.manners[row.file] = ""
    assert load(LITE).name == LITE and mirror.ranges(row.file)[-1] == f"bytes={have}-"


def test_two_that_ask_at_once_share_the_work(mirror, row):
    mirror.manners[row.file], found, phases = "slow", [], set()
    threads = [threading.Thread(target=lambda: found.append(supply.obtain(LITE, lambda done, total, phase: phases.add(phase)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 20
    while "waiting for another download" not in phases and time.monotonic() < until:
        time.sleep(0.02)
    mirror.more.set()
    for thread in threads:
        thread.join()
    assert found == [supply.path_of(LITE)] * 3 and len(mirror.asked) == 1
    assert phases == {"downloading", "converting", "waiting for another download"}


def test_a_folder_that_cannot_be_written_is_a_sentence(row, cache):
    cache.mkdir()
    (cache / "downloads").write_text("in the way")
    with pytest.raises(UserError, match=f"{LITE} could not be stored"):
        supply.obtain(LITE)


@pytest.mark.parametrize("name", ["imagenet-b0-timm-tf-aa", "imagenet-b1", "imagenet-b0-lukemelas-advprop"])
def test_logits_are_those_of_the_library_that_published_it(timm, torchvision, mirror, monkeypatch, name):
    row = ROWS[name]
    if row.project == "torchvision":
        theirs = randomised(torchvision.models.efficientnet_b1(), seed=11)
        state = theirs.state_dict()
    else:  # the third layout has the arithmetic of timm's TensorFlow ports
        theirs = randomised(timm.create_model("tf_efficientnet_b0"), seed=12)
        state = theirs.state_dict()
        if row.project == "lukemelas":
            architecture = published("b0")
            ours = {key: state[name] for key, name in key_map(architecture, "timm").items()}
            state = from_ours(ours, architecture, "lukemelas")
    publish(mirror, monkeypatch, name, to_bytes(state))
    assert_same_logits(load(name).network, theirs, 64)


def test_names_of_published_weights_are_taken():
    for name in ("imagenet-b0", LITE):
        with pytest.raises(UserError, match=f"The name '{name}' belongs to published weights"):
            checkpoints.path_of(name)
    assert checkpoints.path_of("imagenet-b0-flowers").name == "imagenet-b0-flowers.safetensors"
    with pytest.raises(UserError, match="There are no published weights called 'small-scenes'"):
        supply.obtain("small-scenes")


def test_memory_is_known_before_anything_is_fetched(monkeypatch):
    b7 = registry.row("imagenet-b7").architecture
    assert models.needed_bytes(b7) == sum(memory_needed(b7)) > 4 * 66_347_960
    card = checkpoints.read_card(checkpoints.find("small-scenes"))
    assert 0 < models.needed_bytes(card) < 50e6
    monkeypatch.setattr(machine, "memory_available", lambda: models.needed_bytes(b7) - 1)
    said = "EfficientNet-B7 needs about 519 MB of memory for its weights and one image, and 519 MB are free; a smaller network would fit"
    with pytest.raises(UserError, match=said):
        models.check_memory(b7)
    models.check_memory(card)
    monkeypatch.setattr(supply, "obtain", None)
    with pytest.raises(UserError, match=said):
        load("imagenet-b7")


def test_what_is_here_is_not_read_where_memory_is_short(monkeypatch):
    monkeypatch.setattr(machine, "memory_available", lambda: 10**5)
    monkeypatch.setattr(checkpoints, "load", None)
    for model in ("small-scenes", checkpoints.find("small-scenes")):
        with pytest.raises(UserError, match="EfficientNet for 48-pixel images needs about .* and 100 kB are free"):
            load(model)


def test_the_list_in_the_terminal(row, capsys):
    assert main(["fetch", "--list", "--json"]) == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["weights"]}
    assert listed.keys() == ROWS.keys() and listed["imagenet-b0"]["top1"] == 77.692 and not listed[LITE]["here"]
    supply.obtain(LITE)
    assert main(["fetch", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(ROWS) + 4
    assert next(line for line in lines if line.startswith(LITE + " ")).split()[1:6] == ["18.8", "MB", "74.8%", "yes", "Apache-2.0"]


def test_fetching_in_the_terminal(row, mirror, cache, capsys):
    assert main(["fetch", LITE]) == 0
    said = capsys.readouterr()
    assert f"{LITE}: EfficientNet-Lite0, 1,000 classes, 74.846 % of ImageNet's validation images by its authors; 18.8 MB in {cache}" in said.out
    assert "downloading, 0 B of 18.8 MB" in said.err and "converting" in said.err
    supply.path_of(LITE).unlink()
    mirror.manners[row.file] = "403"
    assert main(["fetch", LITE]) == 1
    assert "refuses access (status 403). Try again later" in (said := capsys.readouterr().err) and f"The app's cache folder is {cache}." in said


def worker(*args, stop=False):
    run = subprocess.Popen([sys.executable, "-c", RUNNER, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "OMP_NUM_THREADS": "1"})
    events = []
    for line in run.stdout:
        events.append(json.loads(line))
        if stop and events[-1]["event"] == "progress" and events[-1]["done"] > 0:
            run.stdin.write("stop\n")
            run.stdin.flush()
    return run.wait(), events


RUNNER = """
import sys
from dataclasses import replace
from effnet_core.weights import registry
from effnet_core.cli import main
name, sha256, *args = sys.argv[1:]
registry.ROWS[name] = replace(registry.ROWS[name], sha256=sha256)
sys.exit(main(args))
"""


def test_the_worker_tells_its_progress_stops_and_goes_on(row, mirror):
    mirror.manners[row.file] = "slow"
    code, events = worker(LITE, row.sha256, "fetch", LITE, "--events", stop=True)
    assert code == 1 and events[-1]["event"] == "error" and "was stopped; the next one will go on" in events[-1]["message"]
    mirror.manners[row.file] = ""
    code, events = worker(LITE, row.sha256, "fetch", LITE, "--events")
    assert code == 0 and events[-1]["event"] == "result" and events[-1]["name"] == LITE and events[-1]["card"]["published"]["top1"] == 74.846
    progress = [event for event in events if event["event"] == "progress"]
    assert progress[0]["done"] > 0 and {event["phase"] for event in progress} == {"downloading", "converting"}
    assert all(event["done"] <= event["total"] for event in progress)
