"""`python -m effnet_core export`: in this process, and once as the app calls its worker."""

import ast
import csv
import json
import subprocess
import sys

import pytest

from effnet_core import cards
from effnet_core.cli import main
from effnet_core.cost import cost
from effnet_core.export import code, onnxfile, tables
from effnet_core.families import compound, from_spec, published, to_spec
from effnet_core.models import load

from .serving import ROOT

onnx = pytest.importorskip("onnx", reason="onnx, a requirement of the app, is not installed")


def test_code_and_what_is_said_of_it(tmp_path, capsys):
    assert main(["export", "b0", "--code", str(tmp_path / "b0.py")]) == 0
    assert (tmp_path / "b0.py").read_text(encoding="utf-8") == code.source(published("b0"))
    said = capsys.readouterr().out
    assert "PyTorch code of EfficientNet-B0, 5,288,548 parameters, 385,814,752 MACs" in said and str(tmp_path / "b0.py") in said


def test_csv_of_a_formula(tmp_path, capsys):
    assert main(["export", "--phi", "1", "--gamma", "1.2", "--csv", str(tmp_path / "x.csv"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    with open(tmp_path / "x.csv", encoding="utf-8", newline="") as file:
        assert sum(int(row["macs"]) for row in csv.DictReader(file)) == record["macs"] == cost(compound(1, gamma=1.2)).macs
    assert record["bytes"] == (tmp_path / "x.csv").stat().st_size and record["trained"] is False


@pytest.mark.parametrize("name", ["b1", "resnet50"])
def test_the_table_as_json(name, capsys):
    assert main(["export", name, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table == json.loads(tables.as_json(published(name))) and from_spec(table["network"]).layers == published(name).layers


def test_a_model_is_taken_with_its_weights_and_labels(tmp_path, capsys):
    assert main(["export", "small-scenes", "--onnx", str(tmp_path / "m.onnx"), "--json"]) == 0
    record, made = json.loads(capsys.readouterr().out), onnx.load(tmp_path / "m.onnx")
    model = load("small-scenes")
    facts = {entry.key: entry.value for entry in made.metadata_props}
    assert json.loads(facts["labels"]) == list(model.labels) and facts["trained"] == "true" and record["trained"] is True
    stem = next(onnx.numpy_helper.to_array(weight) for weight in made.graph.initializer if weight.name == "stem.conv.weight")
    assert (stem == model.network.stem.conv.weight.detach().numpy()).all()
    assert record["nodes"] == len(made.graph.node) and 4 * record["numbers"] == onnxfile.weight_bytes(model.network.architecture)


def test_a_models_code_is_padded_and_normalised_as_it_was_trained(tmp_path, capsys):
    path = cards.find("b0-imagenette")
    assert main(["export", str(path), "--code", str(tmp_path / "m.py")]) == 0
    text, card = (tmp_path / "m.py").read_text(encoding="utf-8"), cards.read_card(path)
    assert f"eps={card['eps']!r}" in text and ("def pad(" in text) == (card["padding"] == "same")
    words = ast.get_docstring(ast.parse(text))
    assert "b0-imagenette, trained" in words and str(card["preprocess"]["mean"]) in words


def test_an_untrained_file_from_a_description(tmp_path, capsys):
    spec = to_spec(compound(-2, 1.0, 1.5, 1.2))
    assert main(["export", "--spec", json.dumps(spec), "--onnx", str(tmp_path / "x.onnx")]) == 0
    facts = {entry.key: entry.value for entry in onnx.load(tmp_path / "x.onnx").metadata_props}
    assert facts["trained"] == "false" and json.loads(facts["architecture"]) == spec and "random" in facts["note"]


@pytest.mark.parametrize("args, words", [
    (["b0"], "Say what to take home"),
    (["b9", "--json"], "no network or model called 'b9'; published networks are b0, b1"),
    (["imagenet-b3", "--code", "x.py"], "fetch imagenet-b3"),
    ([], "Say what to take home"),
    (["--json"], "Name one network"),
    (["b0", "--phi", "1", "--json"], "Name one network"),
    (["small-scenes", "--phi", "1", "--json"], "Name one network"),
    (["--phi", "nan", "--json"], "φ is nan"),
    (["--spec", "{", "--json"], "--spec is not JSON"),
    (["b0", "--code", ""], "no name of a file"),
    (["b0", "--csv", "/"], "no name of a file"),
    (["b0", "--onnx", "."], "no name of a file"),
    (["b0", "--csv", "x.csv", "--events"], "--events is for --onnx"),
    (["nowhere.safetensors", "--code", "x.py"], "There is no file"),
    (["assets/icon.png", "--code", "x.py"], "icon.png"),
    (["--phi", "8", "--beta", "1.28", "--onnx", "x.onnx"], "one ONNX file holds 2 GB at most"),
])
def test_what_cannot_be_done_gets_a_sentence(args, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT if "assets/icon.png" in args else tmp_path)
    assert main(["export", *args]) == 1
    said = capsys.readouterr()
    assert words in said.err and not said.out and len(said.err.strip().splitlines()) == 1
    assert not [*tmp_path.iterdir()]


def test_a_file_where_a_folder_should_be_is_no_traceback(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["export", "b0", "--code", str(tmp_path / "file" / "b0.py")]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_two_forms_at_once_are_wrong_usage(tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["export", "b0", "--code", str(tmp_path / "a"), "--csv", str(tmp_path / "b")])
    assert ended.value.code == 2


def test_a_worker_tells_how_far_it_is(tmp_path):
    command = [sys.executable, "-m", "effnet_core", "export", "--phi", "-2", "--onnx", str(tmp_path / "x.onnx"), "--events"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        events = [json.loads(line) for line in worker.stdout]
        worker.stdin.close()
        assert worker.wait() == 0
    assert [event["phase"] for event in events[:-1]] == ["loading torch", "building", "assembling", "writing"]
    assert events[-1]["event"] == "result" and events[-1]["bytes"] == (tmp_path / "x.onnx").stat().st_size


def test_a_worker_that_is_told_to_stop_writes_nothing(tmp_path):
    command = [sys.executable, "-m", "effnet_core", "export", "--phi", "1", "--onnx", str(tmp_path / "x.onnx"), "--events"]
    done = subprocess.run(command, cwd=ROOT, input="stop\n", capture_output=True, text=True)
    assert done.returncode == 1 and "stopped before it was complete" in done.stdout.splitlines()[-1]
    assert not [*tmp_path.iterdir()]
