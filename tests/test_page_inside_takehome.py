"""What the part "Take home" of the page Inside offers, as a visitor gets it."""

import csv
import io
import json

import numpy as np
import pytest

from effnet_core.inside.inspection import inspect
from pages.shared import sheets
from pages.shared.inside import takehome
from pages.shared.photo import picture

from .apps import open_app
from .test_page_inside import folders, models, words  # noqa: F401  fixtures
from .test_report import Reader


@pytest.fixture()
def downloads(monkeypatch):
    """Streamlit makes a download when its button is pressed, which the test harness cannot; the makers are called instead. Without the page's lesson sheet."""
    made = {}
    monkeypatch.setattr(sheets, "offer", lambda *_: None)
    monkeypatch.setattr(takehome.st, "download_button", lambda label, data, name, *_, **more: made.update({name: (data, more.get("disabled", False))}))
    return made


def test_files_have_the_numbers_of_the_pass(downloads, models):  # noqa: F811
    app = open_app("inside", part="Take home", layer="stages.4.1")
    assert not app.exception and len(downloads) == 6
    seen = inspect(models, picture("scene-0-1").tensor(models.preprocess))
    made = {name: data() for name, (data, _) in downloads.items()}
    with np.load(io.BytesIO(made["small-scenes-0-1.npz"]), allow_pickle=False) as found:
        assert (found["logits"] == seen.logits).all() and (found["outputs/head"] == seen.outputs["head"]).all()
        assert "layers/stages.4.1.expand" in found and json.loads(bytes(found["about"]))["model"] == "small-scenes"
    with np.load(io.BytesIO(made["small-scenes-0-1-gates.npz"]), allow_pickle=False) as found:
        assert (found["gates/stages.4.1"] == seen.gates["stages.4.1"]).all() and not any(name.startswith("outputs/") for name in found)
    gates = list(csv.DictReader(io.StringIO(made["small-scenes-0-1-gates.csv"])))
    assert [np.float32(row["gate"]) for row in gates if row["block"] == "stages.4.1"] == seen.gates["stages.4.1"].tolist()
    assert len(made["small-scenes-0-1-stages.4.1.csv"].splitlines()) == 1 + seen.outputs["stages.4.1"].size
    report = Reader(made["small-scenes-0-1.html"])
    assert "script" not in report.tags and seen.top(1)[0].label in "|".join(report.words)


def test_what_was_set_by_hand_is_in_the_files(downloads):
    app = open_app("inside", part="Take home", layer="stages.4.1", surgery="set:4.1:3=0")
    assert not app.exception and "Gates are set by hand" in words(app)
    gates = list(csv.DictReader(io.StringIO(downloads["small-scenes-0-1-gates.csv"][0]())))
    assert [(row["block"], row["channel"]) for row in gates if row["set_by_hand"] == "1"] == [("stages.4.1", "3")]
    assert "Gates set by hand" in downloads["small-scenes-0-1.html"][0]()


@pytest.mark.parametrize("model, unit", [("bare", "stages.2.0"), ("raw", "classifier"), ("small-scenes", "stem")])
def test_every_kind_of_unit_and_model(model, unit, downloads):
    app = open_app("inside", part="Take home", model=model, layer=unit)
    assert not app.exception
    report = downloads[next(name for name in downloads if name.endswith(".html"))][0]()
    assert ("untrained weights" in report) == (model != "small-scenes")
    assert downloads[next(name for name in downloads if "gates.csv" in name)][1] == (model == "bare")
