"""A survey of a whole data set: every figure against explicit loops, numpy and brute force, and files that are whole or made anew."""

import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from effnet_core import cards, checkpoints, machine
from effnet_core.architecture import assemble
from effnet_core.cli import main
from effnet_core.data.datasets import Scenes, example
from effnet_core.data.folders import scan
from effnet_core.data.pictures import held_out
from effnet_core.errors import UserError
from effnet_core.families import LITE, SMALL
from effnet_core.inside import survey_files
from effnet_core.inside.probing import probe
from effnet_core.inside.survey import batch_size, survey, widths
from effnet_core.inside.survey_files import available, best, digest, dumps, load, mean_gates, place, read_head, save
from effnet_core.inside.survey_gates import Tally
from effnet_core.inside.survey_peaks import KEPT, Keeper
from effnet_core.inside.survey_pictures import Drawn, Kept, pictures
from effnet_core.network import build
from effnet_core.scaling import Scaling

from .serving import ROOT
from .test_folders import classes, picture, write

COUNT = 23


def made(folder, name, family=SMALL, seed=5, labels=Scenes.labels, **facts):
    data = Scenes(32)
    network = build(assemble(family, Scaling(0.5, 0.35, 32, 0.0), len(labels), f"{name} network"), seed=seed).eval()
    generator = torch.Generator().manual_seed(2)
    for key, tensor in network.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.2, 1.0, generator=generator)
        elif key.endswith("se.expand.weight"):
            tensor.mul_(4)  # gates that differ, some of them far
    path = folder / f"{name}.safetensors"
    checkpoints.save(path, network, checkpoints.make_card(name, network, labels, data.preprocess, trained=True, **facts))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return checkpoints.load(made(tmp_path_factory.mktemp("models"), "tiny"))


@pytest.fixture(scope="module")
def records(model):
    """One explicit pass for every picture."""
    drawn = Drawn(model.preprocess)
    return [probe(model.network, model.preprocess.tensor(drawn.view(number))) for number in range(COUNT)]


@pytest.fixture(scope="module")
def found(model):
    return survey(model, Drawn(model.preprocess), COUNT, batch=5)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))


# Gates


def test_gates_are_those_of_explicit_passes(found, records):
    gates, labels = found.gates, np.arange(COUNT) % 10
    assert gates.images == COUNT and gates.counts.tolist() == [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]
    assert list(gates.blocks) == [se.removesuffix(".se") for se in records[0].gates]
    for block in gates.blocks:
        rows = np.stack([record.gates[block + ".se"][0].numpy() for record in records]).astype(np.float64)
        for label in range(10):
            assert np.allclose(gates.mean(block)[label], rows[labels == label].mean(0), rtol=0, atol=5e-5)
            assert np.allclose(gates.deviation(block)[label], rows[labels == label].std(0), rtol=0, atol=5e-5)
        assert np.allclose(gates.overall(block), rows.mean(0), rtol=0, atol=5e-5)
        means = np.stack([rows[labels == label].mean(0) for label in range(10)])
        deviations = np.stack([rows[labels == label].std(0) for label in range(10)])
        assert gates.between(block) == pytest.approx(means.std(0).mean(), abs=5e-5)
        assert gates.within(block) == pytest.approx(deviations.mean(), abs=5e-5)
        errors = np.stack([deviations[label] ** 2 / (labels == label).sum() for label in range(10)])
        assert gates.chance(block) == pytest.approx(np.sqrt(errors.mean(0)).mean(), abs=5e-5)
        assert gates.shares(block) == pytest.approx(((rows < 0.1).mean(), (rows > 0.9).mean()), abs=1e-9)
    assert max(gates.shares(block)[0] for block in gates.blocks) > 0  # otherwise nothing was tested
    assert max(gates.shares(block)[1] for block in gates.blocks) > 0


@pytest.mark.parametrize("size", [1, 7, 300])
def test_streaming_equals_numpy_whatever_the_batch(size):
    dice = np.random.default_rng(3)
    gates, labels = dice.normal(0.5, 1e-4, (300, 6)) + np.arange(6), dice.integers(0, 3, 300)  # a spread that squares of sums would lose
    gates[:, 3] = dice.choice([0.05, 0.5, 0.95], 300)
    tally = Tally({"a": 2, "b": 4}, 4)  # the last class has no image
    for first in range(0, 300, size):
        tally.add(gates[first : first + size], labels[first : first + size])
    seen = tally.statistics({}, ("x", "y", "z", "none"))
    assert seen.counts.tolist() == [*np.bincount(labels, minlength=3).tolist(), 0] and np.isnan(seen.means[3]).all()
    for label in range(3):
        assert np.allclose(seen.means[label], gates[labels == label].mean(0), rtol=1e-7)
        assert np.allclose(seen.deviations[label], gates[labels == label].std(0), rtol=1e-6)
    assert seen.closed.tolist() == [(gates[:, :2] < 0.1).sum(), (gates[:, 2:] < 0.1).sum()]
    assert seen.open.tolist() == [(gates[:, :2] > 0.9).sum(), (gates[:, 2:] > 0.9).sum()]
    assert np.isfinite([seen.between("b"), seen.within("b"), seen.chance("b")]).all()
    assert np.allclose(seen.overall("b"), gates[:, 2:].mean(0), rtol=1e-6)


def test_statistics_need_no_more_memory_than_is_asked_for():
    blocks, classes = {"a": 500, "b": 1500}, 300
    gates, labels = np.random.default_rng(0).random((2 * classes, 2000), np.float32), np.arange(2 * classes) % classes
    tracemalloc.start()
    try:
        tally = Tally(blocks, classes)
        for first in range(0, len(labels), 16):
            tally.add(gates[first : first + 16], labels[first : first + 16])
        seen = tally.statistics({}, tuple(map(str, range(classes))))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen.means.nbytes + seen.deviations.nbytes < peak <= 1.01 * Tally.PEAK * classes * 2000


def test_a_survey_that_does_not_fit_is_refused_before_it_begins(model, monkeypatch):
    channels, album = sum(widths(model.network.architecture)[0].values()), Drawn(Scenes(32).preprocess)
    monkeypatch.setattr(machine, "memory_available", lambda: Tally.PEAK * len(album.labels) * channels - 1)
    with pytest.raises(UserError, match="The gates of so many classes need about"):
        survey(model, album, 1, batch=1)


# Peaks


def test_peaks_are_those_of_explicit_passes(found, model, records):
    blocks, keys = widths(model.network.architecture)
    depthwise = {layer.id for layer in model.network.architecture.layers if layer.operator == "depthwise"}
    assert set(keys) == {unit for unit, _ in [*model.network.architecture.units()][:-1]} | depthwise and depthwise
    for key, channels in keys.items():
        maps = np.concatenate([record.activations[key].numpy() for record in records])  # N C H W
        assert maps.shape[1] == channels
        greatest = np.sort(maps.max((2, 3)), 0)[::-1][:KEPT].T  # C K
        assert np.allclose([[peak.value for peak in found.peaks.of(key, channel)] for channel in range(channels)], greatest, atol=1e-3)
        assert np.allclose(found.peaks.tops(key), greatest[:, 0], atol=1e-3)
        for channel in range(channels):
            peaks = found.peaks.of(key, channel)
            assert len({peak.image for peak in peaks}) == KEPT
            assert all(maps[peak.image, channel, peak.row, peak.column] == pytest.approx(peak.value, abs=1e-3) for peak in peaks)


@pytest.mark.parametrize("size", [1, 4, 50])
def test_the_greatest_cells_are_found_whatever_the_batch(size):
    maps = torch.rand(50, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    maps[7, 2] = maps[31, 2] = 0.0
    maps[7, 2, 1, 3] = maps[31, 2, 3, 0] = 2.0  # equals: the earlier image first
    keeper = Keeper({"b": 3})
    for first in range(0, 50, size):
        keeper.first = first
        keeper["b"] = maps[first : first + size]
    peaks = keeper.peaks()
    for channel in range(3):
        cells = sorted(((-float(maps[image, channel].max()), image) for image in range(50)))[:KEPT]
        assert [(-peak.value, peak.image) for peak in peaks.of("b", channel)] == cells
        assert all(float(maps[peak.image, channel, peak.row, peak.column]) == peak.value for peak in peaks.of("b", channel))
    assert [(peak.image, peak.row, peak.column) for peak in peaks.of("b", 2)][:2] == [(7, 1, 3), (31, 3, 0)]
    with pytest.raises(KeyError):
        peaks.of("c", 0)


def test_batches_change_nothing(found, model):
    other = survey(model, Drawn(model.preprocess), COUNT, batch=COUNT)
    for name in ("means", "deviations"):
        assert np.allclose(getattr(other.gates, name), getattr(found.gates, name), atol=5e-5)
    assert np.allclose(other.peaks.values, found.peaks.values, atol=1e-3)
    assert 1 <= batch_size(model.network.architecture) <= 16


def test_few_images_have_few_peaks(model):
    few = survey(model, Drawn(model.preprocess), 2)
    assert few.peaks.values.shape[1] == 2 and few.gates.counts.tolist() == [1, 1] + [0] * 8
    assert few.gates.seen.tolist() == [0, 1] and few.gates.within("stages.2.0") == 0


def test_a_network_without_gates_has_peaks(tmp_path):
    bare = survey(checkpoints.load(made(tmp_path, "bare", LITE)), Drawn(Scenes(32).preprocess), 12)
    assert bare.gates.blocks == {} and bare.gates.means.shape == (10, 0) and "stages.2.0" in bare.peaks.keys
    save(tmp_path / "bare.npz", bare)
    assert load(tmp_path / "bare.npz").gates.images == 12


def test_a_stopped_survey_says_so(model):
    answers = iter([False, True])
    with pytest.raises(UserError, match="Stopped after 16 of 23 images; nothing was kept."):
        survey(model, Drawn(model.preprocess), COUNT, batch=16, should_stop=lambda: next(answers))
    assert not any(module._forward_hooks for module in model.network.modules())


def test_memory_that_is_short_gets_a_sentence(model, monkeypatch):
    monkeypatch.setattr("effnet_core.machine.memory_available", lambda: 1000)
    with pytest.raises(UserError, match="GB of memory"):
        survey(model, Drawn(model.preprocess), 3)
    assert batch_size(model.network.architecture) == 1


# Pictures


def test_scenes_are_drawn_by_class_and_seed():
    drawn = Drawn(Scenes(32).preprocess)
    assert len(drawn) == 5000 and drawn.scene(4321) == (1, 433) and drawn.label(4321) == 1
    expected = example(1, 433, 32).mul(255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(np.asarray(drawn.view(4321)), expected)
    assert drawn.fingerprint == pictures("scenes", Scenes(48).preprocess).fingerprint


def test_photos_are_those_on_which_a_network_is_judged(tmp_path):
    root = write(tmp_path / "pets", {name: picture(seed) for name, seed in classes().items()})
    prepared, collection = Scenes(32).preprocess, scan(root)
    kept, judged = Kept(collection, prepared), held_out(str(root), prepared)
    assert len(kept) == judged.images > 1 and kept.fingerprint == collection.fingerprint and kept.labels == collection.labels
    for number in range(len(kept)):
        pixels, label = judged.batch(number, 1)
        assert np.array_equal(np.asarray(kept.view(number)), pixels[0].mul(255).round().byte().permute(1, 2, 0).numpy())
        assert kept.label(number) == int(label) and kept.title(number) == kept.item(number).path.name
    assert not kept.shelf._kept  # a server must not hoard photos


# Files


def test_what_is_stored_is_what_is_read(found, tmp_path):
    save(tmp_path / "a.npz", found)
    again = load(tmp_path / "a.npz")
    for name in ("counts", "means", "deviations", "closed", "open"):
        assert np.array_equal(getattr(again.gates, name), getattr(found.gates, name), equal_nan=True)
    assert again.gates.blocks == found.gates.blocks and again.gates.labels == found.gates.labels
    assert again.peaks.keys == found.peaks.keys and all(map(np.array_equal, again.peaks[1:], found.peaks[1:]))
    fingerprint = Drawn(Scenes(48).preprocess).fingerprint
    assert again.gates.head["data"] == {"name": "scenes", "fingerprint": fingerprint, "images": COUNT, "of": 5000}


def test_labels_that_are_alike_are_told_apart(found, tmp_path):
    save(tmp_path / "a.npz", found._replace(gates=replace(found.gates, labels=("a", "a", *found.gates.labels[2:]))))
    assert load(tmp_path / "a.npz").gates.labels == ("a (class 0)", "a (class 1)", *found.gates.labels[2:])


def test_damaged_files_count_as_none(found, tmp_path):
    path, whole = tmp_path / "a.npz", dumps(found)
    assert load(path) is None and read_head(path) is None
    for damaged in (b"", b"nothing", whole[: len(whole) // 2], whole[:200] + bytes(4000) + whole[4200:]):
        path.write_bytes(damaged)
        assert load(path) is None
    np.savez_compressed(path, head=np.frombuffer(json.dumps({"version": 0}).encode(), np.uint8))
    assert load(path) is None and read_head(path) is None
    gates = found.gates
    wrong = dict(head=np.frombuffer(json.dumps({"version": survey_files.VERSION, "blocks": gates.blocks, "labels": gates.labels,
                                                "peaks": None}).encode(), np.uint8), counts=gates.counts, means=gates.means[:, 1:],
                 deviations=gates.deviations, closed=gates.closed, open=gates.open)
    np.savez_compressed(path, **wrong)
    assert load(path) is None


def test_the_digest_is_of_what_computes_not_of_what_is_told(tmp_path):
    first = digest(made(tmp_path, "a"))
    assert first == digest(made(tmp_path / "..", "b", notes=["told otherwise"])) and len(first) == 16
    assert first != digest(made(tmp_path, "c", seed=6))
    (tmp_path / "d.safetensors").write_bytes(b"nothing")
    for name, words in (("d.safetensors", "no model file of this app"), ("none.safetensors", "could not be read")):
        with pytest.raises(UserError, match=words):
            digest(tmp_path / name)


def test_surveys_are_found_by_weights_and_the_learnt_data_comes_first(found, tmp_path, monkeypatch):
    path = made(tmp_path / "cache" / "models", "tiny", data={"name": "scenes"})
    entry = next(entry for entry in cards.available() if entry.name == "tiny")
    assert available(entry, tmp_path) == [] and mean_gates(entry, tmp_path) is None and best(entry, tmp_path) is None
    weights = digest(path)
    found.gates.head["weights"] = weights
    save(tmp_path / "gates-tiny.npz", found)
    assert best(entry, tmp_path).recorded
    gates = mean_gates(entry, tmp_path)
    assert gates.keys() == found.gates.blocks.keys() and all(values.dtype == np.float32 for values in gates.values())
    assert np.array_equal(gates["stages.2.0"], found.gates.overall("stages.2.0").astype(np.float32))
    save(place(weights, "scenes", 23), found)
    assert not best(entry, tmp_path).recorded and len(available(entry, tmp_path)) == 2
    other = survey(checkpoints.load(path), Drawn(Scenes(32).preprocess), 30)
    other.gates.head["data"]["name"] = "something else"
    save(place(weights, "something else", None), other)
    assert best(entry, tmp_path).data == "scenes" and load(best(entry, tmp_path).path).gates.images == COUNT
    made(tmp_path / "cache" / "models", "tiny", seed=6)  # trained anew
    entry = next(entry for entry in cards.available() if entry.name == "tiny")
    assert available(entry, tmp_path) == []


# From a terminal


@pytest.fixture()
def tiny(tmp_path):
    return made(tmp_path / "cache" / "models", "tiny")


def test_a_survey_from_a_terminal(tiny, tmp_path, capsys):
    out = tmp_path / "out.npz"
    assert main(["survey", "tiny", "scenes", "--limit", "20", "--threads", "1", "--json", "--out", str(out)]) == 0
    record = json.loads(capsys.readouterr().out)
    kept = load(place(digest(tiny), "scenes", 20))
    assert record["data"]["images"] == 20 and record["classes"][3] == {"label": Scenes.labels[3], "images": 2}
    assert [row["between"] for row in record["gates"]] == [kept.gates.between(block) for block in kept.gates.blocks]
    assert load(out).peaks is None and np.array_equal(load(out).gates.means, kept.gates.means)
    before = place(digest(tiny), "scenes", 20).stat().st_mtime_ns
    assert main(["survey", "tiny", "scenes", "--limit", "20"]) == 0
    assert place(digest(tiny), "scenes", 20).stat().st_mtime_ns == before  # made once
    assert "tiny on 20 held-out images of scenes at 32 px" in capsys.readouterr().out
    assert main(["survey", "tiny", "scenes", "--limit", "20", "--again"]) == 0
    assert place(digest(tiny), "scenes", 20).stat().st_mtime_ns != before


def test_a_survey_as_a_worker(tiny, tmp_path):
    root = write(tmp_path / "pets", {name: picture(seed) for name, seed in classes().items()})
    command = [sys.executable, "-m", "effnet_core", "survey", "tiny", str(root), "--events", "--threads", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        *events, last = map(json.loads, worker.stdout)
    phases = [event["phase"] for event in events]
    assert [phase for place, phase in enumerate(phases) if phase not in phases[:place]] == ["loading torch", "checking", "looking"]
    assert events[-1]["fraction"] == 1.0 and last["event"] == "result" and last["data"]["name"] == "pets"


@pytest.mark.parametrize("args, words", [
    (["nobody", "scenes"], "no model called 'nobody'"),
    (["tiny", "nothing"], "no data called 'nothing'"),
    (["tiny", "scenes", "--limit", "0"], "The number of images"),
])
def test_what_cannot_be_gets_a_sentence(tiny, args, words, capsys):
    assert main(["survey", *args]) == 1
    assert words in capsys.readouterr().err
