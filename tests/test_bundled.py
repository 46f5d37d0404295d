"""The models that come with the app: small, whole, and as good as their cards say."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from effnet_core import load
from effnet_core.cards import BUNDLED, path_of, read_card
from effnet_core.cli import main
from effnet_core.data.datasets import Scenes
from effnet_core.errors import UserError
from effnet_core.families import from_spec, published, to_spec
from effnet_core.learning.course import one_cycle
from effnet_core.learning.evaluation import evaluate
from effnet_core.learning.recipe import Recipe
from effnet_core.learning.recipes import preset
from pages.shared import phrases, truth

from .apps import open_app

ARCHIVE = Path(__file__).resolve().parents[2] / "shared" / "data" / "imagenette2-144.tgz"
LARGEST = {"b0-imagenette": 10_000_000, "small-scenes": 1_500_000}  # bytes
HELD_OUT = (387, 395, 357, 386, 409, 394, 389, 419, 399, 390)  # photos of each class in Imagenette's own split
ROUNDING = 8  # photos whose class may turn on another processor's rounding


def file_of(name):
    return BUNDLED / f"{name}.safetensors"


def test_these_models_come_with_the_app():
    assert {path.stem for path in BUNDLED.glob("*.safetensors")} == LARGEST.keys()


@pytest.mark.parametrize("name", LARGEST)
def test_they_are_small_and_say_what_they_are(name):
    path = file_of(name)
    card = read_card(path)
    assert path.stat().st_size < LARGEST[name]
    assert card["name"] == name and card["precision"] == "float16" and card["trained"] and card["finished"]
    assert card == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert {"data", "recipe", "steps", "evaluation", "seconds", "threads", "machine", "torch", "date"} <= card.keys()
    assert not re.search(r"(/[a-z]+){2,}", json.dumps(card)), "a path of the machine it was made on"
    with pytest.raises(UserError, match="comes with the app"):
        path_of(name)


@pytest.mark.parametrize("name", LARGEST)
def test_a_card_agrees_with_itself(name):
    card = read_card(file_of(name))
    verdict, classes = card["evaluation"], len(card["labels"])
    rows = [sum(row) for row in verdict["confusion"]]
    right = [row[i] for i, row in enumerate(verdict["confusion"])]
    assert len(rows) == classes == card["architecture"]["classes"] and sum(rows) == verdict["images"]
    assert verdict["accuracy"] == sum(right) / sum(rows) and verdict["per_class"] == [one / row for one, row in zip(right, rows)]
    assert card["steps"] == card["recipe"]["steps"] == card["curve"][-1]["step"]
    assert sum("accuracy" in row for row in card["curve"]) == card["recipe"]["evaluations"]
    assert Recipe(**card["recipe"]).steps == card["steps"]


def test_the_small_model_is_as_good_as_its_card_says():
    """1,000 of the images its card counts: the difference is within five binomial standard deviations."""
    pretrained = load("small-scenes")
    verdict, images = pretrained.card["evaluation"], 1000
    data = Scenes(pretrained.network.architecture.input.height)
    assert pretrained.labels == data.labels and pretrained.preprocess == data.preprocess
    accuracy = evaluate(pretrained.output, data.held_out, images).accuracy
    assert verdict["images"] >= 5000 and verdict["accuracy"] > 0.97
    assert abs(accuracy - verdict["accuracy"]) <= 5 * (verdict["accuracy"] * (1 - verdict["accuracy"]) / images) ** 0.5 + 1 / images


def test_b0_is_the_true_architecture_trained_as_its_preset_says():
    card, usual = read_card(file_of("b0-imagenette")), preset("b0-imagenette")
    network = from_spec(card["architecture"])
    assert to_spec(network) == {**to_spec(published("b0", 10)), "side": usual.test} and card["preprocess"]["crop"] == usual.test
    own = load("b0-imagenette").network
    assert sum(parameter.numel() for parameter in own.parameters()) == 4_020_358  # 5,288,548 with a classifier for 10 classes, not 1,000
    recipe = Recipe(**card["recipe"])
    assert replace(recipe, steps=usual.recipe.steps, evaluations=usual.recipe.evaluations) == usual.recipe
    rates = [(row["lr"], one_cycle(recipe, row["step"] - 1)) for row in card["curve"] if "lr" in row]
    assert len(rates) > 100 and all(recorded == pytest.approx(meant, rel=2e-3) for recorded, meant in rates)
    assert recipe.steps == round(usual.epochs * card["data"]["images"] / recipe.batch) and card["data"]["images"] == 9469


def test_b0_recognises_nine_of_ten_photos():
    verdict = read_card(file_of("b0-imagenette"))["evaluation"]
    assert verdict["accuracy"] >= 0.9 and verdict["top5"] > 0.98
    assert tuple(map(sum, verdict["confusion"])) == HELD_OUT


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the archive imagenette2-144.tgz is not beside the project")
def test_b0_is_as_good_as_its_card_says(tmp_path, monkeypatch, capsys):
    """All photos again, by the command that anyone can run."""
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    assert main(["evaluate", "b0-imagenette", str(ARCHIVE), "--json"]) == 0
    found, card = json.loads(capsys.readouterr().out), read_card(file_of("b0-imagenette"))
    assert found["labels"] == card["labels"] and found["side"] == card["preprocess"]["crop"] and found["images"] == sum(HELD_OUT)
    moved = sum(abs(a - b) for old, new in zip(card["evaluation"]["confusion"], found["confusion"]) for a, b in zip(old, new)) / 2
    assert moved <= ROUNDING and abs(found["top5"] - card["evaluation"]["top5"]) <= ROUNDING / found["images"]


def test_the_lead_s_other_model_knows_its_scene():
    target = next(target for target in phrases.targets("inside") if "model=" in target)
    assert any(phrases.read(other).settings == phrases.read(target).settings and phrases.read(other).page == "inside" for other in phrases.targets("tour"))
    app = open_app("inside", **phrases.read(target).settings)
    assert not app.exception and any("and that is what the model says" in one.value for one in app.markdown)


def test_no_sample_photo_shows_a_class_of_the_bundled_b0():
    """As the tour's step says."""
    known = set(read_card(file_of("b0-imagenette"))["labels"])
    assert len(known) == 10 and not any(known.intersection(sample.labels) for sample in truth.SAMPLES.values())
