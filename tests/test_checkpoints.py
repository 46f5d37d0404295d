"""Checkpoints: what is stored comes back to the bit, and whatever else lies there is refused with a sentence."""

import errno
import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import effnet_core
from effnet_core import checkpoints, files
from effnet_core.checkpoints import available, find, has_card, load, make_card, path_of, read_card, save
from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import small, to_spec
from effnet_core.network import build
from effnet_core.scaling import Scaling

DATA = Scenes(side=16)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


def tiny(seed=0, **options):
    network = build(small(Scaling(0.3, 0.25, 16, 0.0)), seed=seed, **options)
    network(torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1)))  # statistics unlike fresh ones
    return network.eval()


def card_of(network, name="mine", **facts):
    return make_card(name, network, DATA.labels, DATA.preprocess, trained=True, **facts)


@pytest.fixture
def stored(tmp_path):
    network = tiny()
    save(tmp_path / "mine.safetensors", network, card_of(network, steps=3))
    return tmp_path / "mine.safetensors"


def test_a_round_trip_is_exact_to_the_bit(tmp_path):
    network = tiny(padding="symmetric", eps=1e-5)
    save(tmp_path / "mine.safetensors", network, card_of(network, steps=3))
    back = load(tmp_path / "mine.safetensors")
    before, after = network.state_dict(), back.network.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) and before[key].dtype == after[key].dtype for key in before)
    assert back.network.architecture == network.architecture
    assert (back.network.padding, back.network.stem.norm.eps) == ("symmetric", 1e-5)
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(back.network(x), network(x))


def test_what_is_loaded_is_ready_to_use(stored):
    back = load(stored)
    assert back.name == "mine" and back.labels == DATA.labels and back.preprocess == DATA.preprocess
    assert back.card["steps"] == 3 and back.card["trained"] is True and back.card["architecture"] == to_spec(back.network.architecture)
    assert not any(module.training for module in back.network.modules())
    assert all(parameter.requires_grad and parameter.device.type == "cpu" for parameter in back.network.parameters())
    assert back.network.stem.norm.num_batches_tracked == 1
    back.network.train()(torch.randn(2, 3, 16, 16)).sum().backward()  # nothing is left on the meta device


def test_weights_are_independent_of_the_file(stored):
    back = load(stored)
    before = back.network.stem.conv.weight.clone()
    stored.write_bytes(b"\0" * stored.stat().st_size)
    assert torch.equal(back.network.stem.conv.weight, before)


def test_float16_halves_the_file_and_rounds_once(tmp_path):
    network, full, half = tiny(), tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    save(full, network, card_of(network))
    save(half, network, card_of(network), "float16")
    parameters = sum(tensor.numel() for tensor in network.state_dict().values() if tensor.is_floating_point())
    assert full.stat().st_size - half.stat().st_size == pytest.approx(2 * parameters, abs=500)  # the header's numbers change too
    back = load(half).network
    assert back.stem.conv.weight.dtype == torch.float32
    assert torch.equal(back.stem.conv.weight, network.stem.conv.weight.half().float())
    save(full, back, card_of(back), "float16")
    assert all(torch.equal(a, b) for a, b in zip(load_file(full).values(), load_file(half).values()))


def test_what_float16_cannot_hold_is_refused(tmp_path):
    network = tiny()
    network.stem.norm.running_var[0] = 1e6
    with pytest.raises(UserError, match="stem.norm.running_var has values that float16 cannot hold"):
        save(tmp_path / "mine.safetensors", network, card_of(network), "float16")
    assert not list(tmp_path.glob("*mine*"))


def test_the_card_is_in_the_file_and_beside_it(stored):
    beside = json.loads(stored.with_suffix(".json").read_text(encoding="utf-8"))
    assert beside == read_card(stored) == load(stored).card
    stored.with_suffix(".json").unlink()
    assert load(stored).card == beside


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_is_a_sentence_and_changes_nothing(stored, step, monkeypatch):
    before, other = stored.read_bytes(), tiny(seed=5)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if step == "write":
        real = open

        def opened(path, mode="r", *rest, **named):
            file = real(path, mode, *rest, **named)
            if "x" not in mode:
                return file
            file.write(b"the first bytes still fit")
            return Full(file)

        class Full:
            def __init__(self, file):
                self.file = file

            def __enter__(self):
                return self

            def __exit__(self, *_):
                self.file.close()

            write = full

        monkeypatch.setattr("builtins.open", opened)
    else:
        monkeypatch.setattr(os, step, full)
    with pytest.raises(UserError, match=r"mine.safetensors could not be written \(No space left on device\)"):
        save(stored, other, card_of(other))
    monkeypatch.undo()
    assert stored.read_bytes() == before
    assert sorted(path.name for path in stored.parent.iterdir() if path.is_file()) == ["mine.json", "mine.safetensors"]


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be written"):
        files.write(tmp_path / "file" / "models" / "a.safetensors", b"")


def test_a_new_file_gets_ordinary_permissions(stored):
    (stored.parent / "plain").write_text("")
    assert stored.stat().st_mode == (stored.parent / "plain").stat().st_mode


def rewritten(path: Path, change_card=lambda card: card, change_state=lambda state: state) -> Path:
    state, card = load_file(path), read_card(path)
    save_file(change_state(state), path, {"card": json.dumps(change_card(card))})
    return path


def without(key):
    return lambda table: {name: value for name, value in table.items() if name != key}


@pytest.mark.parametrize(("change", "message"), [
    (without("labels"), "its card lacks labels"),
    (lambda card: [], "its card lacks name"),
    (lambda card: 7, "no card"),
    (lambda card: {**card, "labels": card["labels"][:9]}, "9 labels for 10 classes"),
    (lambda card: {**card, "labels": "abcdefghij"}, "labels are not a list"),
    (lambda card: {**card, "architecture": 3}, "JSON object"),
    (lambda card: {**card, "architecture": {**card["architecture"], "family": "resnet"}}, "family"),
    (lambda card: {**card, "architecture": {**card["architecture"], "family": []}}, "lacks or misnames"),
    (lambda card: {**card, "architecture": {**card["architecture"], "width": -1}}, "width factor is -1"),
    (lambda card: {**card, "architecture": {**card["architecture"], "width": 1}}, "its card calls for"),
    (lambda card: {**card, "architecture": {**card["architecture"], "depth": 1}}, "lacks .* tensors"),
    (lambda card: {**card, "architecture": {**card["architecture"], "family": "lite"}}, "tensors that its card does not call for"),
    (lambda card: {**card, "padding": "valid"}, "padding is 'valid'"),
    (lambda card: {**card, "eps": "small"}, "ε is 'small'"),
    (lambda card: {**card, "preprocess": {}}, "preprocessing names nothing"),
    (lambda card: {**card, "preprocess": None}, "preprocessing names nothing"),
])  # fmt: skip
def test_a_card_that_does_not_fit_is_a_sentence(stored, change, message):
    with pytest.raises(UserError, match=r"mine.safetensors cannot be used: .*" + message):
        load(rewritten(stored, change))


def test_labels_of_a_card_that_are_alike_are_told_apart(stored):
    path = rewritten(stored, lambda card: {**card, "labels": ["a", "b", "a", *card["labels"][3:]]})
    assert load(path).labels[:3] == ("a (class 0)", "b", "a (class 2)") and read_card(path)["labels"] == list(load(path).labels)


@pytest.mark.parametrize(("change", "message"), [
    (without("stem.conv.weight"), "it lacks 1 tensors that its card calls for, such as stem.conv.weight"),
    (lambda state: {**state, "extra": torch.zeros(1)}, "has 1 tensors that its card does not call for, such as extra"),
    (lambda state: {**state, "classifier.bias": torch.zeros(9)}, r"classifier.bias has shape \(9,\), and its card calls for \(10,\)"),
    (lambda state: {**state, "classifier.bias": torch.zeros(10, dtype=torch.float64)}, "stored as F64"),
    (lambda state: {**state, "classifier.bias": torch.full((10,), torch.nan)}, "not finite numbers"),
    (lambda state: {**state, "stem.norm.running_var": -state["stem.norm.running_var"]}, "stem.norm.running_var has variances below zero"),
])  # fmt: skip
def test_weights_that_do_not_fit_are_a_sentence(stored, change, message):
    with pytest.raises(UserError, match=message):
        load(rewritten(stored, change_state=change))


def test_truncated_files_are_refused_wherever_they_end(stored):
    content = stored.read_bytes()
    head = 8 + int.from_bytes(content[:8], "little")
    for end in (0, 1, 7, 8, 9, head - 1, head, head + 1, len(content) - 1):
        stored.write_bytes(content[:end])
        with pytest.raises(UserError, match="mine.safetensors is damaged, cut short or not a safetensors file"):
            load(stored)


@pytest.mark.parametrize("content", [b"PK\x03\x04 a pickle in a zip", b"\x80\x04pickle", b"<html></html>", b"\xff" * 64])
def test_foreign_files_are_refused(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(UserError, match="damaged, cut short or not a safetensors file"):
        load(tmp_path / "x.safetensors")


def test_safetensors_of_others_are_refused(tmp_path):
    save_file({"weight": torch.zeros(2)}, tmp_path / "x.safetensors")
    with pytest.raises(UserError, match="no card, so it was not written by this app"):
        load(tmp_path / "x.safetensors")
    save_file({"weight": torch.zeros(2)}, tmp_path / "y.safetensors", {"card": "[" * 100_000})
    with pytest.raises(UserError, match="no card"):
        load(tmp_path / "y.safetensors")


def test_only_this_app_s_files_have_a_card(tmp_path, stored):
    save_file({"weight": torch.zeros(2)}, tmp_path / "x.safetensors")
    (tmp_path / "y.safetensors").write_bytes(stored.read_bytes()[:100])
    assert [has_card(path) for path in (stored, tmp_path / "x.safetensors", tmp_path / "y.safetensors", tmp_path)] == [True, False, False, False]


def test_entries_tell_where_models_came_from(cache):
    network = tiny()
    for name, facts in {"a": {}, "b": {"source": {"kind": "own file"}}, "c": {"source": {"kind": "published"}}, "d": {"source": {"kind": "?"}},
                        "e": {"source": 7}}.items():
        save(path_of(name), network, card_of(network, name, **facts))
    origins = {entry.name: entry.origin for entry in available()}
    assert [origins[name] for name in "abcde"] == ["trained", "own file", "published", "trained", "trained"]
    assert origins["small-scenes"] == "bundled"


def test_the_public_load_reads_checkpoints_too(stored):
    assert effnet_core.load(stored).card == effnet_core.load(str(stored)).card == load(stored).card
    assert effnet_core.load("small-scenes").name == "small-scenes"
    with pytest.raises(UserError, match="cannot name a model"):
        effnet_core.load("No name")
    with pytest.raises(UserError, match="mine.safetensors cannot be used: it is damaged"):
        stored.write_bytes(stored.read_bytes()[:-1])
        effnet_core.load(stored)


@pytest.mark.parametrize("name", ["", "A", "ünder", "a b", "..", "a.b", "a" * 65, "a\0b", "con\n"])
def test_names_are_plain(name):
    for use in (load, path_of):
        with pytest.raises(UserError, match="cannot name a model"):
            use(name)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "models/../../x"])
def test_names_cannot_leave_the_folder(name):
    with pytest.raises(UserError, match="cannot name a model"):
        path_of(name)
    if name != "/etc/passwd":
        with pytest.raises(UserError, match="There is no file"):
            load(name)


def test_missing_models_are_named_with_those_that_exist(cache, stored):
    cache.mkdir(parents=True)
    (cache / "mine.safetensors").write_bytes(stored.read_bytes())
    with pytest.raises(UserError, match="no model called 'other'; there are: .*mine"):
        load("other")
    with pytest.raises(UserError, match="no file 'gone.safetensors'"):
        load(stored.with_name("gone.safetensors"))
    assert find("mine") == path_of("mine") == cache / "mine.safetensors"
    assert load("mine").name == load(str(cache / "mine.safetensors")).name == "mine"


def test_available_lists_bundled_first_then_the_newest_and_says_what_is_broken(cache, stored, monkeypatch):
    cache.mkdir(parents=True)
    for age, name in enumerate(("new", "middle", "old")):
        (cache / f"{name}.safetensors").write_bytes(stored.read_bytes() if name != "middle" else b"broken")
        os.utime(cache / f"{name}.safetensors", (1e9 - age, 1e9 - age))
    (cache / "Not a name.safetensors").write_bytes(b"")
    (cache / ".new.safetensors.1234.part").write_bytes(b"")
    monkeypatch.setattr(checkpoints, "load", None)
    monkeypatch.setattr(torch, "zeros", None)  # cards are read without a tensor
    entries = available()
    own = [entry for entry in entries if not entry.bundled]
    assert [entry.name for entry in own] == ["new", "middle", "old"]
    assert entries[: len(entries) - 3] == [entry for entry in entries if entry.bundled]
    assert own[0].card["steps"] == 3 and own[0].problem is None
    assert own[1].card == {} and "middle.safetensors is damaged" in own[1].problem


def test_available_is_empty_handed_without_a_cache_folder(cache):
    assert not cache.exists()
    assert all(entry.bundled for entry in available())
