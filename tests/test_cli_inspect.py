"""`python -m effnet_core inspect`: in this process, and once as a person calls it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from effnet_core import checkpoints
from effnet_core.architecture import assemble
from effnet_core.cli import main
from effnet_core.families import LITE, SMALL
from effnet_core.inside.inspection import inspect, spread
from effnet_core.network import build
from effnet_core.photos import samples
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling

from .serving import ROOT

CAT = samples()["cat"].path


def save(path, family, trained):
    network = build(assemble(family, Scaling(0.5, 0.35, 32, 0.0), 4, "tiny"), seed=1).eval()
    card = checkpoints.make_card(path.stem, network, ("ant", "bee", "cat", "dog"), Preprocess(36, 32), trained=trained)
    checkpoints.save(path, network, card)
    return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save(tmp_path_factory.mktemp("models") / "tiny.safetensors", SMALL, trained=True)


def test_the_json_object_is_what_the_core_finds(model, capsys):
    assert main(["inspect", str(CAT), "--model", model, "--top", "3", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    loaded = checkpoints.load(model)
    seen = inspect(loaded, loaded.preprocess.tensor(samples()["cat"].open()))
    assert record["guesses"] == [guess._asdict() for guess in seen.top(3)] and record["uncertainty"] == seen.uncertainty
    assert (record["model"], record["side"], record["trained"], record["size"]) == ("tiny", 32, True, [451, 300])
    assert [row["id"] for row in record["blocks"]] == [block.id for block in loaded.network.architecture.blocks]
    for row in record["blocks"]:
        gates = seen.gates[row["id"]]
        assert row["channels"] == len(gates) and row["mean"] == pytest.approx(float(gates.mean()))
        assert {key: row[key] for key in ("mean", "std", "least", "greatest", "closed", "open", "distance")} == spread(gates)._asdict()


def test_the_table_has_a_line_per_guess_and_block(model, capsys):
    assert main(["inspect", str(CAT), "--model", model, "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "451 × 300 pixels, seen as 32 × 32 by tiny" in lines[0] and "untrained" not in lines[0]
    assert sum(line.split()[-1] in ("ant", "bee", "cat", "dog") for line in lines if line) == 2
    assert sum(line.startswith("stages.") for line in lines) == 10


def test_networks_without_gates_and_without_training_say_so(tmp_path, capsys):
    path = save(tmp_path / "bare.safetensors", LITE, trained=False)
    assert main(["inspect", str(CAT), "--model", path]) == 0
    text = capsys.readouterr().out
    assert "untrained: random weights" in text.splitlines()[0] and "no squeeze-and-excitation" in text


def test_gates_and_activations_are_written(model, tmp_path, capsys):
    arrays, lines = tmp_path / "cat.npz", tmp_path / "cat.csv"
    assert main(["inspect", str(CAT), "--model", model, "--npz", str(arrays), "--csv", str(lines), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["files"] == [str(arrays), str(lines)]
    loaded = checkpoints.load(model)
    seen = inspect(loaded, loaded.preprocess.tensor(samples()["cat"].open()))
    with np.load(arrays, allow_pickle=False) as found:
        assert {name for name in found if name.startswith("outputs/")} == {f"outputs/{unit}" for unit in seen.outputs}
        assert all((found[f"gates/{block}"] == gates).all() for block, gates in seen.gates.items())
    assert len(lines.read_text().splitlines()) == 1 + sum(map(len, seen.gates.values()))
    assert main(["inspect", str(CAT), "--model", model, "--csv", str(tmp_path)]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_a_report_is_written(model, tmp_path, capsys):
    path = tmp_path / "cat.html"
    assert main(["inspect", str(CAT), "--model", model, "--html", str(path), "--unit", "stages.4.0", "--json"]) == 0
    record, text = json.loads(capsys.readouterr().out), path.read_text()
    assert record["files"] == [str(path)] and "Inside stages.4.0" in text and record["guesses"][0]["label"] in text
    assert main(["inspect", str(CAT), "--model", model, "--html", str(path), "--unit", "nowhere"]) == 1
    assert "has no layer 'nowhere'" in capsys.readouterr().err and path.read_text() == text


@pytest.mark.parametrize("words, sentence", [
    (["nowhere.jpg"], "nowhere.jpg could not be read"),
    (["."], "could not be read"),
    ([str(ROOT / "app.py")], "not a photo in a known format"),
    ([str(CAT), "--top", "0"], "The number of guesses"),
    ([str(CAT), "--model", "no-such-model"], "There is no model called 'no-such-model'"),
])
def test_what_cannot_be_done_is_one_sentence(words, sentence, model, capsys):
    given = words if "--model" in words else [*words, "--model", model]
    assert main(["inspect", *given]) == 1
    said = capsys.readouterr()
    assert sentence in said.err and not said.out and "Traceback" not in said.err


def test_from_a_terminal(model, tmp_path):
    photo = tmp_path / "noise with spaces.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)).save(photo)
    answer = subprocess.run([sys.executable, "-m", "effnet_core", "inspect", str(photo), "--model", model, "--json"], cwd=ROOT,
                            capture_output=True, text=True, check=True, timeout=120)
    assert len(json.loads(answer.stdout)["guesses"]) == 4 and not answer.stderr
