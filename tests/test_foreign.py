"""Files of others: recognised, converted exactly, and harmless whatever is in them."""

import argparse
import hashlib
import json
import os
import pickle
import random
import re
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from effnet_core import checkpoints, labels, load, machine, models
from effnet_core.cli import main
from effnet_core.errors import UserError
from effnet_core.families import PUBLISHED, published, small, to_spec
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling
from effnet_core.weights import claims, foreign, registry, tensorfiles
from effnet_core.weights.foreign import adopt, examine, network_of
from effnet_core.weights.layouts import from_ours
from effnet_core.weights.proposals import for_weights, preprocess_of

from .test_network import BN_ONE, assert_same_logits, randomised

PREPROCESS = Preprocess(72, 64)
ANSWERS = {"eps": 1e-5, "padding": "symmetric", "preprocess": PREPROCESS}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power fails here, and disks are slow
    return tmp_path / "cache" / "models"


@pytest.fixture(scope="module")
def b0():
    """Random weights of a B0 with five classes; nothing changes them."""
    return randomised(build(published("b0", classes=5), padding="symmetric", seed=1, **BN_ONE)).eval()


@pytest.fixture
def tiny():
    return randomised(build(small(Scaling(0.3, 0.25, 16, 0.0)), seed=2)).eval()


def stored(path, network, layout, wrap=lambda state: state, **options):
    torch.save(wrap(from_ours(network.state_dict(), network.architecture, layout)), path, **options)
    return path


def is_same(one, other):
    a, b = one.state_dict(), other.state_dict()
    return list(a) == list(b) and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("layout", ["torchvision", "timm", "lukemelas", "ours"])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_every_layout_and_form_is_converted_exactly(b0, tmp_path, layout, form):
    path = tmp_path / f"own.{'safetensors' if form == 'safetensors' else 'pth'}"
    if form == "safetensors":
        save_file(from_ours(b0.state_dict(), b0.architecture, layout), path)
    else:
        stored(path, b0, layout, _use_new_zipfile_serialization=form == "zip")
    found = examine(path)
    assert (found.kind, found.layout, found.variant, found.classes, found.precision) == ("weights", layout, "b0", 5, "float32")
    model = load(adopt(path, "mine", **ANSWERS))
    assert model.name == "mine" and is_same(model.network, b0) and not model.network.training
    assert (model.network.padding, model.network.stem.norm.eps, model.preprocess) == ("symmetric", 1e-5, PREPROCESS)
    assert model.network.architecture.input.height == 64 and model.labels == labels.names(5)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.card["source"] == {"kind": "own file", "file": path.name, "sha256": digest, "layout": layout}
    assert model.card["trained"] is True and "evaluation" not in model.card and "published" not in model.card


@pytest.mark.parametrize(("wrap", "wrapper"), [
    (lambda state: {"state_dict": state, "epoch": 3}, "state_dict"),
    (lambda state: {"model": state, "optimizer": {"state": {}}}, "model"),
    (lambda state: {"state_dict": {}, "state_dict_ema": state, "args": argparse.Namespace(lr=0.1), "arch": "efficientnet_b0"}, "state_dict_ema"),
    (lambda state: {"state_dict": {f"module.{key}": tensor for key, tensor in state.items()}}, "state_dict"),
    (lambda state: {"model": {"state_dict": {f"_orig_mod.{key}": tensor for key, tensor in state.items()}}}, "model"),
    (lambda state: {key: tensor for key, tensor in state.items() if not key.endswith("num_batches_tracked")}, None),
    (lambda state: {key: torch.nn.Parameter(tensor) if tensor.is_floating_point() else tensor for key, tensor in state.items()}, None),
    (lambda state: {**state, "note": "best so far", 7: 7}, None),
], ids=["state_dict", "model", "ema", "parallel", "compiled", "old", "parameters", "note"])  # fmt: skip
def test_wrappings_do_not_matter(b0, tmp_path, wrap, wrapper):
    path = stored(tmp_path / "own.pth", b0, "timm", wrap)
    assert examine(path).wrapper == wrapper
    assert is_same(load(adopt(path, "mine", **ANSWERS)).network, b0)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(b0, tmp_path, kind):
    def turned(state):
        return {key: tensor.to(kind) if tensor.is_floating_point() else tensor for key, tensor in state.items()}

    path = stored(tmp_path / "own.pth", b0, "timm", turned)
    assert examine(path).precision == str(kind).removeprefix("torch.")
    network = load(adopt(path, "mine", **ANSWERS)).network
    assert torch.equal(network.head.conv.weight, b0.head.conv.weight.to(kind).float()) and network.head.conv.weight.dtype == torch.float32


@pytest.mark.parametrize(("name", "model", "answers"), [("b0", "efficientnet_b0", {"eps": 1e-5, "padding": "symmetric"}),
                                                        ("b1", "tf_efficientnet_b1", {"eps": 1e-3, "padding": "same"})])
def test_a_file_of_timm_s_gives_timm_s_logits(timm, tmp_path, name, model, answers):
    theirs = randomised(timm.create_model(model), seed=8)
    torch.save(theirs.state_dict(), tmp_path / "own.pth")
    mine = load(adopt(tmp_path / "own.pth", "mine", **answers, preprocess=PREPROCESS))
    assert_same_logits(mine.network, theirs, 64)
    assert mine.labels == tuple(label.name for label in labels.imagenet())


@pytest.mark.parametrize("name", ["b0", "b1"])
def test_a_file_of_torchvision_s_gives_torchvision_s_logits(torchvision, tmp_path, name):
    theirs = randomised(getattr(torchvision.models, f"efficientnet_{name}")(num_classes=3), seed=9)
    torch.save(theirs.state_dict(), tmp_path / "own.pth")
    found = examine(tmp_path / "own.pth")
    assert found.open_questions == ("preprocess",)  # torchvision builds each variant in one way
    assert found.proposals["eps"].value == theirs.features[0][1].eps
    row = registry.ROWS[f"imagenet-{name}"]
    assert found.proposals["preprocess"].value == Preprocess(row.resize, row.crop, row.interpolation)
    assert_same_logits(load(adopt(tmp_path / "own.pth", "mine", preprocess=PREPROCESS)).network, theirs, 64)


@pytest.mark.parametrize(("file", "layout", "eps", "padding"), [
    ("tf_efficientnet_b0-mine.pth", "timm", 1e-3, "same"), ("efficientnet_b0.pth", "timm", 1e-5, "symmetric"),
    ("x.pth", "lukemelas", 1e-3, "same"), ("x.pth", "ours", 1e-3, "same"),
])  # fmt: skip
def test_what_weights_do_not_tell_is_proposed_and_asked(b0, tmp_path, file, layout, eps, padding):
    found = examine(stored(tmp_path / file, b0, layout))
    assert found.open_questions == ("eps", "padding", "preprocess")
    assert (found.proposals["eps"].value, found.proposals["padding"].value) == (eps, padding)
    assert all(proposal.reason for proposal in found.proposals.values()) and found.proposals["preprocess"].value.crop == 224
    with pytest.raises(UserError, match=f"{file} holds weights of EfficientNet-B0, but weights do not tell their batch norm's ε and preprocessing"):
        adopt(tmp_path / file, "mine", padding="same")
    assert json.loads(json.dumps(found.to_dict()))["open_questions"] == ["eps", "padding", "preprocess"]
    assert str(tmp_path) not in json.dumps(found.to_dict())


def test_labels_and_facts_are_kept(b0, tmp_path):
    path = stored(tmp_path / "own.pth", b0, "timm")
    card = checkpoints.read_card(adopt(path, "mine", **ANSWERS, names=["ant", "bee", "cat", "dog", "elk"], facts={"note": "from me"}, trained=False))
    assert card["labels"] == ["ant", "bee", "cat", "dog", "elk"] and card["note"] == "from me" and card["trained"] is False
    with pytest.raises(UserError, match="There are 2 labels, and the network tells 5 classes apart"):
        adopt(path, "other", **ANSWERS, names=["ant", "bee"])


def test_a_model_is_not_replaced_unasked(b0, tiny, tmp_path, cache):
    path = stored(tmp_path / "own.pth", b0, "timm")
    adopt(path, "mine", **ANSWERS)
    with pytest.raises(UserError, match="There is a model called 'mine' already"):
        adopt(path, "mine", **ANSWERS)
    adopt(stored(tmp_path / "tiny.pth", tiny, "ours"), "mine", **ANSWERS, replace=True)
    assert load("mine").network.architecture.classes == 10
    for taken in ("small-scenes", "imagenet-b0"):
        with pytest.raises(UserError, match="belongs to"):
            adopt(path, taken, **ANSWERS)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_checkpoint_of_this_app_is_taken_with_its_past(tiny, tmp_path, precision):
    path = tmp_path / "elsewhere" / "theirs.safetensors"
    past = {"steps": 9, "data": {"name": "scenes", "seed": 2**63 - 1}, "evaluation": {"accuracy": 0.5, "per_class": [0.5, None]}}
    card = checkpoints.make_card("theirs", tiny, labels.names(10), Preprocess(18, 16), trained=True, **past, machine={"cores": 2},
                                 published={"top1": 99.0}, source={"kind": "fine-tuned", "model": "imagenet-b0", "licence": "mine"})
    checkpoints.save(path, tiny, card, precision)
    assert examine(path).kind == "checkpoint" and examine(path).open_questions == () and examine(path).to_dict()["kind"] == "checkpoint"
    target = adopt(path, "mine")
    mine, theirs = load(target), load(path)
    shape = {key: theirs.card[key] for key in ("architecture", "padding", "eps", "labels", "preprocess", "trained", "precision")}
    source = {"kind": "own file", "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "layout": "ours",
              "model": "imagenet-b0"}
    assert is_same(mine.network, theirs.network) and mine.preprocess == theirs.preprocess
    assert mine.card == {"name": "mine", **shape, **past, "source": source, "date": mine.card["date"], "torch": torch.__version__}
    assert target.stat().st_size == pytest.approx(path.stat().st_size, abs=500)


def stranger(tiny, path, head):
    """A checkpoint of this app whose card is changed by `head`, whatever it says then."""
    card = checkpoints.make_card("theirs", tiny, labels.names(10), Preprocess(18, 16), trained=True)
    path.parent.mkdir(exist_ok=True)
    save_file(dict(tiny.state_dict()), path, {"card": json.dumps({**card, **head})})
    return path


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 10**400, [[float("nan")]], {"accuracy": 10**400}, "\ud800",
                                   "a\nb", "x" * 201, {"\ud800": 1}, json.loads("[" * 9 + "]" * 9), [0] * 3_000],
                         ids=["nan", "infinite", "huge", "inside", "named", "surrogate", "lines", "long", "key", "deep", "large"])
def test_what_a_stranger_s_card_says_is_left_out_where_it_cannot_be_shown(tiny, tmp_path, monkeypatch, value):
    monkeypatch.setattr(claims, "MOST", 5_000)  # in place of millions
    head = {**dict.fromkeys(claims.KEPT, value), "source": {"model": value}, "precision": value}
    path = stranger(tiny, tmp_path / "theirs.safetensors", head)
    assert examine(path).precision == "float32"
    card = checkpoints.read_card(adopt(path, "mine"))
    assert not card.keys() & set(claims.KEPT) and card["source"].keys() == {"kind", "file", "sha256", "layout"}


@pytest.mark.parametrize("source", [None, [], "published", {"kind": "published", "project": [], "licence": "free"}])
def test_a_stranger_s_checkpoint_is_a_file_of_one_s_own(tiny, tmp_path, source):
    head = {"source": source, "trained": "yes", "published": {"top1": 99.9}, "date": 7}
    adopt(stranger(tiny, tmp_path / "theirs.safetensors", head), "mine")
    entry = next(entry for entry in checkpoints.available() if entry.name == "mine")
    assert entry.origin == "own file" and entry.card["source"]["file"] == "theirs.safetensors" and entry.card["trained"] is False
    assert "published" not in entry.card and "licence" not in entry.card["source"] and entry.card["date"].startswith("20")


@pytest.mark.parametrize(("head", "said"), [
    ({"labels": ["\ud800", *labels.names(9)]}, "The label of class 0"), ({"labels": ["x" * 201, *labels.names(9)]}, "The label of class 0"),
    ({"eps": float("nan")}, "Batch norm's ε is nan"), ({"eps": 10**400}, "Batch norm's ε is"), ({"padding": []}, "The padding is"),
    ({"preprocess": {"resize": 18, "crop": 16, "mean": [float("nan")] * 3}}, "A value of the mean"),
    ({"architecture": {"name": "a\nb"}}, "theirs.safetensors cannot be used: its network's name is not a line"),
])  # fmt: skip
def test_what_a_stranger_s_card_needs_is_checked(tiny, tmp_path, cache, head, said):
    if "architecture" in head:
        head = {"architecture": {**to_spec(tiny.architecture), **head["architecture"]}}
    with pytest.raises(UserError, match=said):
        adopt(stranger(tiny, tmp_path / "theirs.safetensors", head), "mine")
    assert not cache.exists()


def test_a_published_file_is_known_by_its_content(b0, tmp_path, monkeypatch):
    path = stored(tmp_path / "download (1).pth", b0, "timm")
    row = replace(registry.ROWS["imagenet-b0-timm-tf-ap"], name="imagenet-known", sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setitem(registry.ROWS, row.name, row)
    found = examine(path)
    assert (found.kind, found.row, found.open_questions) == ("published", row, ())
    monkeypatch.setattr(foreign, "for_row", lambda row: {**found.proposals, "labels": foreign.Proposal(labels.names(5), "", True)})
    mine = load(adopt(path, "mine"))
    assert (mine.network.padding, mine.network.stem.norm.eps, mine.preprocess.mean, mine.preprocess.crop) == ("same", 1e-3, (0.5,) * 3, 224)
    assert mine.card["source"]["kind"] == "published" and mine.card["source"]["url"] == row.url
    assert mine.card["published"] == {"top1": row.top1, "by": "timm"}
    assert load(path).card["source"]["name"] == "imagenet-known"  # opened directly, since nothing must be asked


def test_eight_digits_of_a_checksum_prove_nothing(b0, tmp_path, monkeypatch):
    """Another file that begins with them can be made, so its answers are proposed and it never counts as the published one."""
    path = stored(tmp_path / "own.pth", b0, "timm")
    start = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    row = replace(registry.ROWS["imagenet-b0-timm-tf-ap"], name="imagenet-like", sha256=start)
    monkeypatch.setitem(registry.ROWS, row.name, row)
    found = examine(path)
    assert (found.kind, found.row, found.to_dict()["published"]) == ("weights", None, None)
    assert found.open_questions == ("eps", "padding", "preprocess")
    asked = [found.proposals[field] for field in found.open_questions]
    assert [proposal.value for proposal in asked] == [1e-3, "same", preprocess_of(row)]
    assert all(f"8 digits of its checksum are those of the published {row.file}" in proposal.reason for proposal in asked)
    assert found.proposals["labels"].value == labels.names(5)
    card = load(adopt(path, "mine", **ANSWERS)).card
    assert card["source"]["kind"] == "own file" and "published" not in card
    assert foreign.opened(path, row)[0].kind == "published"  # as from its official address
    monkeypatch.setitem(registry.ROWS, row.name, replace(row, project="lukemelas"))
    assert examine(path).proposals["eps"].value == 1e-5  # it cannot be that file


def test_a_file_is_opened_directly_only_where_nothing_must_be_asked(b0, tmp_path):
    path = stored(tmp_path / "own.pth", b0, "torchvision")
    with pytest.raises(UserError, match="do not tell their preprocessing; say what they were trained with. `python -m effnet_core fetch --file own.pth"):
        load(path)
    with pytest.raises(UserError, match="gone.pth could not be read"):
        load(tmp_path / "gone.pth")
    assert models.is_path("a/b") and models.is_path("x.PTH") and models.is_path(path) and not models.is_path("imagenet-b0")


class Bomb:
    """Runs a command when it is unpickled without care."""

    def __init__(self, marker, how=os.system):
        self._marker, self._how = marker, how

    def __reduce__(self):
        return (os.system, (f"touch {self._marker}",)) if self._how is os.system else (exec, (f"open({str(self._marker)!r}, 'w').close()",))


@pytest.mark.parametrize("how", [os.system, exec])
@pytest.mark.parametrize("form", ["zip", "legacy", "pickle", "inside", "wrapper"])
def test_no_code_of_a_file_ever_runs(b0, tmp_path, form, how):
    path, bomb = tmp_path / "own.pth", Bomb(tmp_path / "marker", how)
    state = from_ours(b0.state_dict(), b0.architecture, "timm")
    if form == "pickle":
        path.write_bytes(pickle.dumps(bomb, protocol=2))
    elif form == "inside":
        torch.save({**state, "conv_stem.weight": bomb}, path)
    elif form == "wrapper":
        torch.save({"state_dict": state, "args": bomb}, path)
    else:
        torch.save({**state, "bomb": bomb}, path, _use_new_zipfile_serialization=form == "zip")
    for use in (examine, load, lambda path: adopt(path, "mine", **ANSWERS)):
        with pytest.raises(UserError, match="own.pth cannot be used: (opening it would call on .*(system|exec).*so it was not opened|it is damaged)"):
            use(path)
    assert not (tmp_path / "marker").exists()


def test_the_bomb_is_a_real_one(tmp_path):
    torch.save(Bomb(tmp_path / "marker"), tmp_path / "own.pth")
    code = f"import torch; torch.load({str(tmp_path / 'own.pth')!r}, weights_only=False)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert (tmp_path / "marker").exists()


def test_a_whole_model_is_refused_with_advice(tmp_path, tiny):
    torch.save(tiny, tmp_path / "own.pth")
    with pytest.raises(UserError, match=r"would call on effnet_core.network.Network, .* Save the weights alone, with torch.save\(model.state_dict"):
        examine(tmp_path / "own.pth")
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(tmp_path / "own.pt"))
    with pytest.raises(UserError, match="it is a TorchScript program"):
        examine(tmp_path / "own.pt")


@pytest.mark.parametrize(("content", "said"), [
    (b"", "damaged, cut short or not a PyTorch checkpoint"), (b"PK\x03\x04 not really", "damaged or cut short"), (os.urandom(500), "damaged|is a"),
    (b"<!DOCTYPE html><html>", "is a web page"), (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "is a Keras file"), (b"\x1f\x8b\x08" + b"\0" * 50, "is a gzip archive"),
    (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"), (b"\x1c\0\0\0TFL3\0\0", "a TensorFlow Lite model"),
    (b"]" * 100_000 + b".", "damaged"), (b"\x80\x02" + b"]" * 100_000 + b".", "damaged|no named tensors"), (b'{"a": 1}', "a text in JSON"),
    (b"\x80\x02X\xff\xff\xff\x7fabc.", "damaged"),
])  # fmt: skip
def test_files_that_hold_no_tensors_are_named(tmp_path, content, said):
    (tmp_path / "own.pth").write_bytes(content)
    with pytest.raises(UserError, match=f"own.pth .*({said})"):
        examine(tmp_path / "own.pth")


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_files_cut_short_are_refused_wherever_they_end(tiny, tmp_path, form):
    path = tmp_path / ("own.safetensors" if form == "safetensors" else "own.pth")
    if form == "safetensors":
        save_file(from_ours(tiny.state_dict(), tiny.architecture, "timm"), path)
    else:
        stored(path, tiny, "timm", _use_new_zipfile_serialization=form == "zip")
    content = path.read_bytes()
    for share in (0.0, 0.001, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(UserError, match="own.* cannot be used: it is damaged"):
            examine(path)
    path.write_bytes(content[:-1])
    with pytest.raises(UserError, match="own.* cannot be used: "):
        examine(path)


@pytest.mark.parametrize(("found", "said"), [
    ([torch.zeros(2)], "no named tensors, only a value of type list"), (torch.zeros(2), "of type Tensor"), (7, "of type int"),
    ({"epoch": 1, "state_dict": {"lr": 0.1}}, "holds no tensors, only lr"), ({}, "holds no tensors, only nothing"),
    ({"a": torch.zeros(2)}, "none of the EfficientNets that are known here"),
    ({"a": torch.zeros(3).to_sparse()}, "a is stored as sparse_coo float32"), ({"a": torch.zeros(2, dtype=torch.complex64)}, "stored as strided complex64"),
    ({"a": torch.zeros(2, dtype=torch.int8)}, "int8; weights are plain"), ({"a": torch.zeros(2, device="meta")}, "a has a shape but no values"),
    ({"a": torch.zeros(1).expand(10**9)}, "claim more values than the file holds"),
])  # fmt: skip
def test_other_contents_are_a_sentence(tmp_path, found, said):
    torch.save(found, tmp_path / "own.pth")
    with pytest.raises(UserError, match=said):
        examine(tmp_path / "own.pth")


@pytest.mark.parametrize(("key", "value", "said"), [
    ("conv_head.weight", float("nan"), "head.conv.weight has values that are not finite"), ("bn1.running_var", -1.0, "stem.norm.running_var has variances below zero"),
    ("classifier.bias", float("inf"), "classifier.bias has values"),
])  # fmt: skip
def test_values_that_cannot_be_are_a_sentence(b0, tmp_path, cache, key, value, said):
    path = stored(tmp_path / "own.pth", b0, "timm", lambda state: {**state, key: torch.full_like(state[key], value)})
    with pytest.raises(UserError, match=f"own.pth cannot be used: {said}"):
        adopt(path, "mine", **ANSWERS)
    assert not cache.exists()


def test_a_compressed_archive_is_refused_before_it_unfolds(tmp_path):
    torch.save({"a": torch.zeros(10**6)}, tmp_path / "own.pth")
    with zipfile.ZipFile(tmp_path / "own.pth") as plain, zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb:
        for entry in plain.infolist():
            bomb.writestr(entry.filename.replace("own/", "bomb/", 1), plain.read(entry))
    assert (tmp_path / "bomb.pth").stat().st_size < 10_000
    with pytest.raises(UserError, match="bomb.pth cannot be used: it is a compressed archive"):
        examine(tmp_path / "bomb.pth")
    with zipfile.ZipFile(tmp_path / "photos.pth", "w") as other:
        other.writestr("cat.jpg", b"")
    with pytest.raises(UserError, match="an archive without PyTorch weights, with cat.jpg in it"):
        examine(tmp_path / "photos.pth")


def test_a_storage_that_claims_too_much_is_refused(tmp_path):
    torch.save({"conv_stem.weight": torch.arange(4.0)}, tmp_path / "ok.pth")
    with zipfile.ZipFile(tmp_path / "ok.pth") as plain, zipfile.ZipFile(tmp_path / "own.pth", "w") as lie:
        for entry in plain.infolist():
            content = plain.read(entry).replace(b"K\x04", b"J" + (10**9).to_bytes(4, "little"))
            lie.writestr(entry.filename.replace("ok/", "own/", 1), content)
    with pytest.raises(UserError, match="own.pth cannot be used"):
        examine(tmp_path / "own.pth")


def test_files_larger_than_memory_are_told_before(b0, tmp_path, monkeypatch):
    path = stored(tmp_path / "own.pth", b0, "timm")
    monkeypatch.setattr(machine, "memory_available", lambda: 1_000_000)
    with pytest.raises(UserError, match="own.pth has 0.0 GB, and this machine has 0.0 GB of memory free"):
        examine(path)
    monkeypatch.setattr(machine, "memory_available", lambda: 30_000_000)
    with pytest.raises(UserError, match="converting EfficientNet-B0 needs about 0.0 GB of memory"):
        adopt(path, "mine", **ANSWERS)


def test_safetensors_may_be_called_otherwise(b0, tmp_path):
    save_file(from_ours(b0.state_dict(), b0.architecture, "timm"), tmp_path / "own.pth")
    assert examine(tmp_path / "own.pth").layout == "timm"
    stored(tmp_path / "own.safetensors", b0, "timm")  # the other way round it is a mistake
    with pytest.raises(UserError, match="own.safetensors cannot be used: it is damaged, cut short or not a safetensors file"):
        examine(tmp_path / "own.safetensors")


@pytest.mark.parametrize("first", [0x7B, 0x8B1F, 0x120108])  # a header's length may look like the start of JSON, gzip or ONNX
def test_a_safetensors_file_is_not_mistaken(tmp_path, first):
    save_file({"a": torch.zeros(2)}, tmp_path / "own.safetensors")
    content = (tmp_path / "own.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    head = content[8 : 8 + length].strip().ljust(first)
    (tmp_path / "own.safetensors").write_bytes(first.to_bytes(8, "little") + head + content[8 + length :])
    with pytest.raises(UserError, match=r"none of the EfficientNets .* such as a \(2\)"):
        examine(tmp_path / "own.safetensors")


def test_a_hostile_safetensors_header_is_refused(tmp_path):
    for head in (b"\xff" * 8, (1 << 40).to_bytes(8, "little"), (20).to_bytes(8, "little") + b'{"a":{"dtype":"F32"}'):
        (tmp_path / "own.safetensors").write_bytes(head + b"\0" * 64)
        with pytest.raises(UserError, match="own.safetensors cannot be used: it is damaged, cut short or not a safetensors file"):
            examine(tmp_path / "own.safetensors")
    huge = json.dumps({"stem.conv.weight": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "own.safetensors").write_bytes(len(huge).to_bytes(8, "little") + huge + b"\0" * 4)
    with pytest.raises(UserError, match="damaged"):
        examine(tmp_path / "own.safetensors")


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_changed_bytes_are_a_sentence_or_other_numbers(tiny, tmp_path, form):
    """Whatever a few bytes become, nothing but `UserError` is raised."""
    path, dice, refused = tmp_path / ("own.safetensors" if form == "safetensors" else "own.pth"), random.Random(3), 0
    if form == "safetensors":
        save_file(dict(tiny.state_dict()), path)
    else:
        stored(path, tiny, "ours", _use_new_zipfile_serialization=form == "zip")
    content = path.read_bytes()
    for _ in range(30):
        changed = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            changed[dice.choice((dice.randrange(3000), -1 - dice.randrange(3000)))] = dice.randrange(256)
        path.write_bytes(changed)
        try:
            examine(path)
        except UserError:
            refused += 1
    assert refused > 3


def test_counters_may_lack_and_weights_are_independent_of_the_file(tiny, tmp_path):
    path = stored(tmp_path / "own.pth", tiny, "ours", lambda state: {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")})
    file = tensorfiles.read(path)
    network = network_of(file.tensors, "ours", tiny.architecture, "same", 1e-3)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert network.stem.norm.num_batches_tracked == 0 and torch.equal(network.stem.conv.weight, tiny.stem.conv.weight)


@pytest.mark.parametrize("variant", PUBLISHED)
def test_torchvision_s_variants_leave_only_the_preprocessing_open(variant):
    found = for_weights("x.pth", "torchvision", published(variant), variant)
    known = f"imagenet-{variant}" in registry.DEFAULTS
    assert found["padding"] == ("symmetric", found["padding"].reason, True)
    assert (found["eps"].value, found["eps"].sure) == (1e-3 if variant in ("b5", "b6", "b7") else 1e-5, known)
    assert not found["preprocess"].sure and found["labels"].value[0] == "tench"


def cli(*args):
    return main(["fetch", *map(str, args)])


def test_the_terminal_describes_and_adopts(b0, tmp_path, cache, capsys):
    path = stored(tmp_path / "own.pth", b0, "timm")
    assert cli("--file", path) == 0
    assert re.search("own.pth: EfficientNet-B0, 5 classes, .*\n  eps +please say, perhaps 1e-05", capsys.readouterr().out)
    assert cli("--file", path, "--name", "mine") == 1 and "say what they were trained with" in capsys.readouterr().err
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\ndog\nelk\n")
    assert cli("--file", path, "--name", "mine", "--eps", "1e-5", "--padding", "symmetric", "--resize", "72", "--crop", "64",
               "--interpolation", "bilinear", "--mean", "0.5", "0.5", "0.5", "--std", "0.25", "0.25", "0.25",
               "--labels", tmp_path / "labels.txt", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["name"] == "mine" and record["file"] == str(cache / "mine.safetensors") and record["card"]["labels"][4] == "elk"
    mine = load("mine")
    assert mine.preprocess == Preprocess(72, 64, "bilinear", (0.5,) * 3, (0.25,) * 3) and is_same(mine.network, b0)
    assert cli("--file", path, "--name", "guessed", "--guess") == 0 and load("guessed").preprocess.crop == 224
    assert "guessed: EfficientNet-B0, 5 classes; " in capsys.readouterr().out


def test_an_empty_file_is_a_sentence_in_the_terminal(tmp_path, capsys):
    (tmp_path / "empty.pth").touch()
    assert cli("--file", tmp_path / "empty.pth", "--name", "x") == 1
    assert "empty.pth cannot be used: it is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("args", [[], ["--name", "mine"], ["imagenet-b0", "--list"], ["--list", "--file", "x.pth"], ["imagenet-b0", "--name", "x"]])
def test_the_terminal_wants_one_thing_at_a_time(args, capsys):
    assert cli(*args) == 1
    assert "Give one of: the name of published weights, --list, or --file" in capsys.readouterr().err
