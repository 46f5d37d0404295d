"""The part "Where it looks" of the page "Inside": what travels to the browser, against explicit computation."""

import io
import json
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from effnet_core import checkpoints
from effnet_core.architecture import assemble
from effnet_core.families import SMALL
from effnet_core.figures.cam import blend
from effnet_core.inside.cam import class_map, sweep
from effnet_core.inside.geometry import grids, spread_out
from effnet_core.inside.inspection import inspect, operate
from effnet_core.network import build
from effnet_core.palette import fixed
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling
from pages.shared.photo import picture

from .apps import open_app
from .test_page_inside import folders, galleries, models, words  # noqa: F401  the models made there

PART = "Where it looks"


@pytest.fixture(scope="module")
def stranger(folders):  # noqa: F811
    """A model with other classes and another padding."""
    network = build(assemble(SMALL, Scaling(0.5, 0.35, 64, 0.0), 3, "stranger"), padding="symmetric", seed=6).eval()
    card = checkpoints.make_card("stranger", network, ("a", "*b*", "c"), Preprocess(64, 64), trained=True)
    checkpoints.save(folders[1] / "models" / "stranger.safetensors", network, card)
    yield "stranger"
    (folders[1] / "models" / "stranger.safetensors").unlink()


class Drawn(NamedTuple):
    head: dict
    maps: list[np.ndarray]
    photos: list[Image.Image]


def overlays(app):
    """What travels to the browser: name of the drawing → its head, its maps, its pictures."""
    found = {}
    for element in app.get("bidi_component"):
        if (data := element.proto.bytes) and "panels" in (head := json.loads(data[4 : (at := 4 + int.from_bytes(data[:4]))])):
            photos = []
            for size in head["photos"]:
                photos.append(Image.open(io.BytesIO(data[at : at + size])))
                at += size
            numbers, maps = np.frombuffer(data[at:], "<f4"), []
            for panel in head["panels"]:
                cells = panel["cells"]
                maps.append(numbers[: cells**2].reshape(cells, cells))
                numbers = numbers[cells**2 :]
            assert not len(numbers)
            found[head["name"]] = Drawn(head, maps, photos)
    return found


def expected(model, shown="scene-0-1"):
    return inspect(model, picture(shown).tensor(model.preprocess))


def opened(**query):
    app = open_app("inside", part=PART, **query)
    assert not app.exception
    return app


def test_the_map_of_the_best_guess_is_exact_and_lies_where_its_cells_are(models):
    app = opened()
    seen = expected(models)
    best = seen.top(1)[0]
    head, (values,), _ = overlays(app)[f"Evidence for {best.label}"]
    assert (values == class_map(models, seen, best.index)).all()
    grid = grids(models.network.architecture, models.network.padding, 32)["head"]
    (panel,) = head["panels"]
    assert [panel[key] for key in ("first", "step", "reach_px", "cells", "side")] == [grid.first, grid.step, grid.reach, grid.cells, 32]
    assert panel["reach"] == pytest.approx(np.abs(values).max()) and panel["title"] == best.label and not head["positive"]
    assert f"**{fixed(values.mean())}** (mean of the map)" in words(app) and f"**{fixed(best.logit)}**, the logit" in words(app)
    assert f"{grid.reach:,} × {grid.reach:,} pixels around its centre" in words(app).replace("\n", " ")


def test_five_guesses_have_one_scale_and_a_click_takes_one(models):
    app = opened()
    seen = expected(models)
    head, maps, photos = overlays(app)["The best guesses"]
    assert len(photos) == 1 and head["chosen"] == str(seen.top(1)[0].index)
    for guess, panel, values in zip(seen.top(5), head["panels"], maps, strict=True):
        assert panel["id"] == str(guess.index)
        np.testing.assert_allclose(values, class_map(models, seen, guess.index), rtol=1e-5, atol=1e-6)  # all are summed at once
        assert f"{100 * guess.probability:.1f} %" in panel["note"] or "< 0.1 %" in panel["note"]
    assert [panel["reach"] for panel in head["panels"]] == pytest.approx([max(np.abs(values).max() for values in maps)] * 5)


def test_any_class_can_be_chosen_and_stays_in_the_address(models):
    seen = expected(models)
    worst = int(np.argmin(seen.probabilities))
    app = opened()
    app.selectbox(key="class_choice").set_value(worst).run()
    assert not app.exception and app.session_state["class"] == seen.labels[worst]
    assert seen.labels[worst] in app.query_params["class"]
    assert (overlays(app)[f"Evidence for {seen.labels[worst]}"].maps[0] == class_map(models, seen, worst)).all()
    link = opened(**{"class": seen.labels[worst]})
    assert f"Evidence for {seen.labels[worst]}" in overlays(link)
    app.selectbox(key="class_choice").set_value(seen.top(1)[0].index).run()
    assert "class" not in app.query_params


def test_against_the_runner_up_the_map_is_a_difference(models):
    seen = expected(models)
    first, second = seen.top(2)
    app = opened(rival="Against the runner-up", evidence="Only for")
    head, (values,), _ = overlays(app)[f"Evidence for {first.label}"]
    np.testing.assert_allclose(values, class_map(models, seen, first.index) - class_map(models, seen, second.index), rtol=1e-6)
    assert head["positive"]
    ratio = first.probability / second.probability
    assert f"{ratio:,.3g} times as probable" in words(app).replace("\n", " ")
    of_second = opened(rival="Against the runner-up", **{"class": second.label})
    assert f"that of “{first.label}”" in words(of_second)


def test_the_sweep_shows_every_unit_and_a_click_selects_it(models):
    app = opened(layer="stages.2.0")
    seen = expected(models)
    best = seen.top(1)[0].index
    found, where = sweep(models, seen, best), grids(models.network.architecture, models.network.padding, 32)
    head, sheet = galleries(app)["Grad-CAM at every unit"]
    assert [tile["id"] for tile in head["tiles"]] == [*seen.outputs] and head["chosen"] == "stages.2.0" and head["pick"]
    small = np.asarray(overlays(app)["The best guesses"].photos[0].convert("RGB").resize((96, 96), Image.Resampling.LANCZOS))
    cells = np.asarray(sheet)
    for place, (unit, values) in enumerate(found.items()):
        y, x = place // head["columns"] * 96, place % head["columns"] * 96
        right = blend(small, spread_out(values, where[unit], 96), float(np.abs(values).max()))
        assert (cells[y : y + 96, x : x + 96] == right).mean() > 0.999  # a value between two bytes may go either way
    assert (overlays(app)["Grad-CAM at stages.2.0"].maps[0] == found["stages.2.0"]).all()


def test_a_model_with_other_classes_stands_beside_and_says_so(models, stranger):
    app = opened(second_model=stranger, photo="sample-cat")
    seen, other = expected(models, "sample-cat"), checkpoints.load(stranger)
    theirs = expected(other, "sample-cat")
    head, (mine, its), photos = overlays(app)["Two models on one photo"]
    own = theirs.top(1)[0]
    assert (mine == class_map(models, seen, seen.top(1)[0].index)).all() and (its == class_map(other, theirs, own.index)).all()
    panel = head["panels"][1]
    assert panel["side"] == 64 and panel["first"] == 0 and len(photos) == 2 and own.label in panel["note"]
    assert any("is none of the 3 classes of stranger" in info.value for info in app.info)
    assert all(f"{guess.logit:.4f}".replace("-", "−") in words(app) for guess in theirs.top(3))


def test_a_model_with_the_same_classes_is_asked_for_the_same_one(models):
    seen = expected(models)
    second = seen.top(2)[1]
    for of, index in (("The same class", second.index), ("Its own best guess", None)):
        app = opened(second_model="bare", beside_of=of, **{"class": second.label})
        other = checkpoints.load("bare")
        theirs = expected(other)
        index = theirs.top(1)[0].index if index is None else index
        _, (_, its), _ = overlays(app)["Two models on one photo"]
        assert (its == class_map(other, theirs, index)).all()


def test_gates_set_by_hand_show_the_map_before_and_after(models):
    app = opened(surgery="off:4.1")
    seen = expected(models)
    done = operate(models, seen, {"stages.4.1": np.ones_like(seen.gates["stages.4.1"])})
    (head, (before, after), _), = [drawn for name, drawn in overlays(app).items() if name.startswith("Evidence for")]
    label = done.top(1)[0].index
    np.testing.assert_allclose(before, class_map(models, seen, label), rtol=1e-5)
    np.testing.assert_allclose(after, class_map(models, done, label), rtol=1e-5)
    assert [panel["id"] for panel in head["panels"]] == ["as the network does it", "with your gates"]
    assert len({panel["reach"] for panel in head["panels"]}) == 1


def test_an_untrained_model_says_so_at_every_map():
    app = opened(model="raw", second_model="bare")
    found = overlays(app)
    assert len(found) >= 4 and all("untrained weights" in drawn.head["what"] for drawn in found.values())
    assert "(untrained weights)" in words(app) and any("no evidence of anything" in info.value for info in app.info)


@pytest.mark.parametrize("query", [{"class": "none such"}, {"class": "<b>*x*</b>", "second_model": "../../etc"},
                                   {"evidence": "x", "rival": "[]", "beside_of": "y"}, {"beside": "broken"}, {"beside": "small-scenes"}])
def test_an_address_may_say_anything(models, query):
    app = opened(**query)
    assert f"Evidence for {expected(models).top(1)[0].label}" in overlays(app) and "Two models on one photo" not in overlays(app)


def test_huge_numbers_stay_short():
    assert (fixed(-1.23456), fixed(3.2e24), fixed(999_999.0)) == ("−1.2346", "3.200e+24", "999999.0000")


def test_labels_from_a_card_are_text(stranger):
    app = opened(model=stranger, **{"class": "*b*"})
    assert "“\\*b\\*”" in words(app) and not any(f"“{'*b*'}”" in m.value for m in app.markdown)
