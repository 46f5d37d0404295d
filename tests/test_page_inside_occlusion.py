"""The part "Occlusion" of the page "Inside": the patch, and the map of every place, against explicit passes."""

import json
import threading

import numpy as np
import pytest
import torch

from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import grids, spread_out
from effnet_core.inside.occlusion import Patch, patches, raster
from effnet_core.palette import fixed, percent
from pages.shared.inside import places, waiting
from pages.shared.inside.occlusion import checked, sizes

from .apps import open_app
from .test_page_inside import folders, models, words  # noqa: F401  the models made there
from .test_page_inside_cam import expected, overlays

PATIENCE_S = 60.0  # nothing here takes that long; it turns a hang into a failure


def opened(**query):
    app = open_app("inside", part="Occlusion", **query)
    assert not app.exception
    return app


def patch_of(app):
    """What the patch's component gets."""
    for element in app.get("bidi_component"):
        if (data := element.proto.bytes) and "grey" in (head := json.loads(data[4 : 4 + int.from_bytes(data[:4])])):
            return head
    raise AssertionError("There is no patch.")


def passed(model, seen, patch):
    """Logits of an explicit pass with the patch over the picture."""
    covered = seen.image.copy()
    covered[:, max(0, patch.top) : max(0, patch.top + patch.size), max(0, patch.left) : max(0, patch.left + patch.size)] = 0
    with torch.inference_mode():
        return model.network(torch.from_numpy(covered)[None])[0].numpy()


def told(app, model, patch):
    """Whether the page says what this patch does to the best guess."""
    seen = expected(model)
    label, after = seen.top(1)[0].index, passed(model, seen, patch)
    drop = float(seen.logits[label]) - float(after[label])
    odds = torch.softmax(torch.from_numpy(after).double(), 0)[label].item()
    lines = (f"**{fixed(abs(drop))}**", f"{fixed(seen.logits[label])} → {fixed(after[label])}; its",
             f"probability goes from {percent(seen.probabilities[label])} to {percent(odds)}")
    return all(line in words(app).replace("\n", " ") for line in lines)


def test_the_patch_lies_on_the_strongest_evidence_and_tells_what_it_does(models):
    app = opened()
    seen, head = expected(models), patch_of(app)
    full = spread_out(class_map(models, seen, seen.top(1)[0].index), grids(models.network.architecture, models.network.padding, 32)["head"])
    top, left = (min(24, max(0, int(place) - 4)) for place in np.unravel_index(full.argmax(), full.shape))
    assert head["patch"] == {"left": left, "top": top, "size": 8} and head["side"] == 32 and (head["least"], head["most"]) == sizes(32)
    assert told(app, models, Patch(left, top, 8)) and "That pass took" in words(app)


def test_a_patch_that_was_moved_is_passed_again(models):
    app = opened()
    about = patch_of(app)["about"]
    app.session_state["_patch"] = about, Patch(-3, 20, 10)
    app.run()
    assert not app.exception and patch_of(app)["patch"] == {"left": -3, "top": 20, "size": 10} and told(app, models, Patch(-3, 20, 10))
    app.session_state["_patch"] = "another photo", Patch(1, 1, 10)
    app.run()
    assert patch_of(app)["patch"]["size"] == 8


@pytest.mark.parametrize("sent", [None, 3, {}, {"left": 0}, {"left": 0, "top": 0, "size": 7}, {"left": 0, "top": 0, "size": 400},
                                  {"left": "0", "top": 0, "size": 8}, {"left": 40, "top": 0, "size": 8}, {"left": 0, "top": -8, "size": 8}, {"left": True, "top": 0, "size": 8},
                                  {"left": 1.5, "top": 0, "size": 8}, {"left": 10**30, "top": 0, "size": 8}])
def test_a_browser_may_send_anything(sent):
    assert checked(sent, 32) is None


def test_a_patch_may_stick_out():
    assert checked({"left": -7, "top": 31, "size": 8, "more": 1}, 32) == Patch(-7, 31, 8)


@pytest.mark.parametrize("side", [8, 32, 48, 160, 224, 600])
def test_patches_have_even_sides(side):
    least, most = sizes(side)
    assert 2 <= least <= most <= side / 2 and least % 2 == most % 2 == 0


def finish(app):
    """Runs the page until the map is there."""
    clock = threading.Event()
    for _ in range(int(PATIENCE_S / 0.05)):
        app.run()
        assert not app.exception
        if "Occlusion beside the class activation map" in overlays(app):
            return
        clock.wait(0.05)
    raise AssertionError("The map never came.")


def test_the_map_of_every_place_is_that_of_explicit_passes(models, monkeypatch):
    monkeypatch.setattr(places, "BATCH", 1)  # several at once are added up in another order
    waiting.turns.clear()
    app = opened(photo="scene-1-9")
    grid = raster(32, 8)
    assert f"The same patch at {grid.cells**2} places" in words(app)
    app.button(key="occlude").click().run()
    finish(app)
    seen = expected(models, "scene-1-9")
    label = seen.top(1)[0].index
    head, (drops, cam), _ = overlays(app)["Occlusion beside the class activation map"]
    right = np.array([seen.logits[label] - passed(models, seen, patch)[label] for patch in patches(grid)]).reshape(grid.cells, grid.cells)
    np.testing.assert_allclose(drops, right, atol=1e-4 * np.abs(seen.logits).max())  # what the fused path promises
    assert (cam == class_map(models, seen, label)).all() and head["panels"][0]["first"] == grid.first
    assert f"**{fixed(drops.max())}**" in words(app)
    assert "Rank correlation (Spearman's ρ)" in words(app)
    app.segmented_control(key="score").set_value("Probability").run()
    odds = [torch.softmax(torch.from_numpy(passed(models, seen, patch)).double(), 0)[label].item() for patch in patches(grid)]
    _, (taken, _), _ = overlays(app)["Occlusion beside the class activation map"]
    np.testing.assert_allclose(taken.ravel(), seen.probabilities[label] - np.array(odds), atol=1e-2)
    second = seen.top(2)[1]
    app.selectbox(key="class_choice").set_value(second.index).run()  # no pass is needed for another class
    panel = overlays(app)["Occlusion beside the class activation map"].head["panels"][0]
    assert f"what covering takes from the probability of “{second.label}”" in panel["note"]


def test_it_can_be_stopped_and_others_wait_visibly(models):
    waiting.turns.clear()
    queue, hold = waiting.turns(), threading.Event()
    other = queue.begin("another visitor's", "another", 5, lambda go_on: hold.wait(PATIENCE_S))
    try:
        app = opened(photo="scene-2-8")
        app.button(key="occlude").click().run()
        bars = app.get("progress")
        assert any("Waiting: the server is at work" in bar.proto.text for bar in bars)
        app.button(key="occlusion_stop").click().run()
        assert not app.exception and app.button(key="occlude") and other.active and other.go_on()
    finally:
        hold.set()


def test_an_untrained_model_says_so():
    app = opened(model="raw")
    assert any("means nothing either" in info.value for info in app.info) and "Occlusion (untrained weights)" in words(app)


def test_an_address_may_say_anything():
    assert patch_of(opened(score="x", **{"class": "none such"}))["side"] == 32


@pytest.mark.parametrize("extra, batch", [(0, 4), (1, 4), (9_000_000, 3), (32_000_000, 1), (10**12, 1)])
def test_the_batch_is_what_memory_allows(extra, batch):
    assert places.batch_of(extra) == batch
