"""Two pictures through one model on the page "Inside"."""

import numpy as np
import pytest

from effnet_core.figures import pair

from .apps import open_app
from .test_page_inside import expected, folders, models, sentences, words  # noqa: F401  fixtures among them
from .test_page_inside_surgery import galleries


def test_both_predictions_the_blocks_and_the_channels(models):  # noqa: F811
    app = open_app("inside", part="Two photos", layer="stages.4.1", other="scene-5-2")
    here, there = expected(models, "scene-0-1"), expected(models, "scene-5-2")
    assert not app.exception and not app.warning
    for seen in (here, there):
        for guess in seen.top(3):
            assert f"{guess.probability:.6f}, logit {guess.logit:.4f}" in words(app)
    rows = pair.differences(here.gates, there.gates)
    head = galleries(app)["Gates on both pictures, block by block"]
    assert [(tile["id"], tile["note"]) for tile in head["tiles"]] == [(row.block, f"apart {row.mean:.3f}") for row in rows] and head[
        "chosen"
    ] == "stages.4.1"
    text = words(app)
    places = [text.index(f'title="{row.block}: mean') for row in sorted(rows, key=lambda row: -row.mean)]
    assert places == sorted(places)
    these, those = here.gates["stages.4.1"], there.gates["stages.4.1"]
    most = np.argsort(-np.abs(these - those), kind="stable")[:8]
    head = galleries(app)["Channels of stages.4.1 whose gates differ most"]
    assert [tile["id"] for tile in head["tiles"]] == most.tolist() and head["chosen"] == most[0]
    assert head["tiles"][0]["note"] == f"gates {these[most[0]]:.3f} · {those[most[0]]:.3f}"


@pytest.mark.parametrize("photo, default", [("scene-9-4", "scene-0-4"), ("sample-cat", "sample-coffee"), ("nonsense", "sample-coffee")])
def test_without_a_choice_the_next_one_of_its_kind(photo, default):
    app = open_app("inside", part="Two photos", photo=photo)
    assert not app.exception and app.segmented_control(key="other_source").value == default.partition("-")[0]
    chosen = [head["chosen"] for name, head in galleries(app).items() if name in ("One scene of each class", "Sample photos")]
    assert default in chosen


def test_the_other_picture_has_its_own_choice():
    app = open_app("inside", part="Two photos", photo="scene-2-7")
    app.button(key="other_deal").click().run()
    assert not app.exception and app.session_state["other"] == "scene-0-2" and app.session_state["photo"] == "scene-2-7"


@pytest.mark.parametrize("other", ["nonsense", "sample-dog", "upload-0123456789abcdef", "![](http://x.y/z)"])
def test_an_address_may_say_anything(other):
    app = open_app("inside", part="Two photos", other=other)
    assert not app.exception and "this is a sample" in sentences(app) and "](" not in sentences(app)


def test_gates_that_are_set_are_left_aside(models):  # noqa: F811
    app = open_app("inside", part="Two photos", layer="stages.4.1", other="scene-5-2", surgery="off:all")
    row = next(
        row
        for row in pair.differences(expected(models, "scene-0-1").gates, expected(models, "scene-5-2").gates)
        if row.block == "stages.4.1"
    )
    assert "without them" in words(app) and f"{row.mean:.3f}" in words(app)


def test_units_and_networks_without_gates():
    app = open_app("inside", part="Two photos", layer="head")
    assert not app.exception and "channel by channel" in words(app)
    app = open_app("inside", part="Two photos", model="bare")
    assert not app.exception and "no gates to compare" in app.info[0].value
    app = open_app("inside", part="Two photos", model="raw", layer="stages.4.1")
    assert not app.exception and words(app).count("(untrained weights)") >= 3
