"""The parts "Classes" and "What excites it" of the page "Inside": figures of a survey that was made here, and the way to one."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from effnet_core import cards, checkpoints
from effnet_core.data import sources
from effnet_core.inside import survey, survey_files
from effnet_core.inside.geometry import grids
from effnet_core.inside.inspection import open_unit
from effnet_core.inside.survey_observations import classes_part
from effnet_core.inside.survey_patches import TILE, cut, strongest
from effnet_core.inside.survey_pictures import Drawn, pictures
from pages.shared import work
from pages.shared.photo import picture

from .apps import open_app
from .test_archives import zipped
from .test_folders import classes as folders_of
from .test_folders import picture as png
from .test_page_inside import expected, figures, folders, models, words  # noqa: F401  two of these are fixtures

IMAGES = 40
UNIT = "stages.4.1"
PHOTO = "scene-3-5"
PATIENCE_S = 60.0  # nothing here takes that long; it turns a hang into a failure


def made(name, data="scenes", limit=IMAGES, **facts):
    """A survey, kept where the page finds it."""
    model, path = checkpoints.load(name), cards.find(name)
    weights, album = survey_files.digest(path), pictures(data, checkpoints.load(name).preprocess)
    found = survey.survey(model, album, limit, facts={"weights": weights, **facts})
    survey_files.save(survey_files.place(weights, album.name, None), found)
    return found


@pytest.fixture(autouse=True)
def fresh(models):  # noqa: F811
    yield
    for path in survey_files.folder().glob("*"):
        path.unlink()


@pytest.fixture()
def found():
    return made("small-scenes")


def open_part(part, **query):
    app = open_app("inside", part=part, photo=PHOTO, **query)
    assert not app.exception
    return app


def by_name(app, name):
    """The traces of the figure that has one of that name."""
    every = [{trace.get("name"): trace for trace in spec["data"]} for spec in figures(app)]
    return next(traces for traces in every if name in traces)


def numbers(array):
    if isinstance(array, dict):
        return np.frombuffer(base64.b64decode(array["bdata"]), np.dtype(array["dtype"]))
    return np.array(array)


def galleries(app):
    """What travels to the browser: name of the gallery → its head and its picture. Other components send other things."""
    sent = [element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes]
    heads = [(json.loads(data[4 : 4 + int.from_bytes(data[:4])]), data[4 + int.from_bytes(data[:4]) :]) for data in sent]
    return {head["name"]: (head, Image.open(io.BytesIO(file))) for head, file in heads if "tiles" in head}


# Classes


def test_class_lines_are_those_of_the_survey(found, models):  # noqa: F811
    app = open_part("Classes", layer=UNIT, class_channels="All", class_order="By number")
    seen, gates = expected(models, PHOTO), found.gates
    lines = by_name(app, "all images")
    assert np.allclose(numbers(lines["this picture"]["y"]), seen.gates[UNIT], atol=1e-6)
    assert np.allclose(numbers(lines["all images"]["y"]), gates.overall(UNIT), atol=1e-6)
    best = seen.top(1)[0]
    assert np.allclose(numbers(lines[best.label]["y"]), gates.mean(UNIT)[best.index], atol=1e-6)
    assert len(lines) == 8 and lines["5 other classes"]
    assert f"{gates.between(UNIT):.4f}" in words(app)
    assert f"Measured on this server on {gates.head['date'][:10]}: {IMAGES} of 5,000" in words(app)
    assert app.button(key="survey_start").label == "Measure on this data here"  # all of it
    grown = classes_part(gates)
    assert f"Here: **{grown.answer}**" in words(app) and f"{grown.early:.4f} to {grown.late:.4f}" in words(app)


def test_other_classes_and_one_class_can_be_chosen(found):
    app = open_part("Classes", layer=UNIT, class_channels="All", class_order="By number")
    labels = found.gates.labels
    app.multiselect(key="class_names").set_value([labels[8]])
    app.toggle(key="class_own").set_value(False)
    app.selectbox(key="class_within").set_value(labels[9])
    app.run()
    lines = by_name(app, "all images")
    assert set(lines) == {"9 other classes", labels[8], "all images"}
    band = by_name(app, "± one standard deviation")
    assert np.allclose(numbers(band[labels[9]]["y"]), found.gates.mean(UNIT)[9])


def test_a_unit_without_gates_shows_the_nearest_block(found):
    app = open_part("Classes", layer="head")
    last = [*found.gates.blocks][-1]
    assert f"Class lines of {last}" in words(app) and "has no gates; this is the nearest block" in words(app)


def test_untrained_weights_are_stamped():
    made("raw")
    app = open_part("Classes", model="raw", layer=UNIT)
    assert f"Class lines of {UNIT} (untrained weights)" in words(app)
    assert all("untrained weights" in str(spec["layout"]) for spec in figures(app)[-4:])


def test_a_network_without_gates_says_so():
    app = open_part("Classes", model="bare")
    assert any("no squeeze-and-excitation" in info.value for info in app.info)


@pytest.mark.parametrize("part, words_of_it", [("Classes", "Nobody has measured this model on Scenes yet"),
                                               ("What excites it", "are not known here yet")])
def test_before_any_survey_there_is_a_sentence_and_a_button(part, words_of_it):
    app = open_part(part, layer=UNIT)
    assert app.button(key="survey_start").label == "Measure on this data" and words_of_it in words(app)
    app.selectbox(key="survey_data").set_value("imagenette").run()
    assert app.button(key="survey_start").label == "Fetch Imagenette (about 99 MB) and measure" and not app.exception


def test_an_address_that_says_anything_falls_back(found):
    for part in ("Classes", "What excites it"):
        app = open_part(part, layer="nowhere", class_order="x", class_channels="7", exciting="<b>", channel="output.99999")
        assert not app.exception


def test_a_survey_of_other_drawings_and_a_damaged_one_are_not_shown(found):
    path = next(survey_files.folder().glob("*"))
    found.gates.head["data"]["fingerprint"] = "other"
    survey_files.save(path, found)
    assert has_no_lines(open_part("Classes", layer=UNIT))
    path.write_bytes(b"damaged")
    assert has_no_lines(open_part("Classes", layer=UNIT))


def has_no_lines(app):
    drawn = any("all images" in str(spec["data"]) for spec in figures(app))
    return not drawn and app.button(key="survey_start").label == "Measure on this data"


def test_a_survey_can_be_started_and_stopped():
    app = open_part("Classes", layer=UNIT)
    app.button(key="survey_start").click().run()
    assert not app.exception and "survey_start" not in [button.key for button in app.button]
    (job,) = work.surveys().active()
    app.button(key="stop_survey").click().run()
    assert job.ended.wait(PATIENCE_S)
    app.run()
    assert app.button(key="survey_start") and not app.exception and not [*survey_files.folder().glob("*")]


# What excites it


def test_the_nine_patches_are_cut_from_the_scenes(found, models):  # noqa: F811
    for kind, key in (("Output", UNIT), ("Depthwise filter", f"{UNIT}.depthwise")):
        app = open_part("What excites it", layer=UNIT, exciting=kind, channel=("middle.5" if "depth" in key else "output.5"))
        head, sheet = galleries(app)[f"What excites channel 5 of {key} most"]
        peaks, drawn = found.peaks.of(key, 5), Drawn(models.preprocess)
        grid = grids(models.network.architecture, models.network.padding, 32)[key]
        assert [tile["label"] for tile in head["tiles"]] == [f"{peak.value:.4f}".replace("-", "−") for peak in peaks] and len(peaks) == 9
        assert [tile["note"] for tile in head["tiles"]] == [drawn.labels[peak.image % 10] for peak in peaks]
        for rank, peak in enumerate(peaks):
            x, y = rank % 6 * TILE, rank // 6 * TILE
            tile = np.asarray(sheet.convert("RGB"))[y : y + TILE, x : x + TILE].astype(int)
            assert np.abs(tile - cut(drawn.view(peak.image), grid, peak)).max() == 0  # enlarged pixels travel as PNG


def test_this_picture_stands_beside_them(found, models):  # noqa: F811
    app = open_part("What excites it", layer=UNIT, exciting="Depthwise filter", channel="middle.7")
    head, _ = galleries(app)["The strongest answer to this picture"]
    maps = open_unit(models, expected(models, PHOTO), UNIT).layers[f"{UNIT}.depthwise"][7]
    mine = strongest(maps)
    assert head["tiles"][0]["label"] == f"this picture: {mine.value:.4f}".replace("-", "−")
    assert head["tiles"][0]["note"] == f"row {mine.row}, column {mine.column}"


def test_every_channel_has_its_strongest_patch_first_those_that_this_picture_excites(found, models):  # noqa: F811
    app = open_part("What excites it", layer="head")
    head, _ = galleries(app)["Channels of head"]
    maps = expected(models, PHOTO).outputs["head"]
    order = np.argsort(-np.abs(maps.astype(np.float64)).mean((1, 2)), kind="stable")[:24]
    assert [tile["id"] for tile in head["tiles"]] == order.tolist()
    assert head["tiles"][0]["note"] == f"{found.peaks.of('head', int(order[0]))[0].value:.4f}".replace("-", "−")
    app.button(key="more_exciting").click().run()
    assert len(galleries(app)["Channels of head"][0]["tiles"]) == 48


def test_the_first_layer_shows_its_filters_and_their_numbers(found, models):  # noqa: F811
    app = open_part("What excites it", exciting="First layer", layer=UNIT)
    weights = models.network.stem.conv.weight.detach().numpy()
    assert len(galleries(app)["Filters of the first layer"][0]["tiles"]) == len(weights)
    app.number_input(key="exciting_channel").set_value(3).run()
    assert "What excites channel 3 of stem" in words(app)
    for value in weights[3].ravel():
        assert f"<td>{value:+.3f}</td>".replace("-", "−") in words(app)


def test_a_network_without_gates_has_patches_too(models):  # noqa: F811
    made("bare")
    app = open_part("What excites it", model="bare", layer="stages.2.0", channel="output.1")
    assert len(galleries(app)["What excites channel 1 of stages.2.0 most (untrained weights)"][0]["tiles"]) == 9


def test_photos_of_ones_own_can_be_measured_and_looked_at(models, tmp_path):  # noqa: F811
    archive = tmp_path / "pets.zip"
    archive.write_bytes(zipped({name: png(seed) for name, seed in folders_of().items()}))
    sources.keep(archive, "my-pets")
    try:
        pets = made("small-scenes", "my-pets", None)
        app = open_part("Classes", layer=UNIT)
        app.selectbox(key="survey_data").set_value("my-pets").run()
        assert "not those that this model tells apart" in words(app) and set(by_name(app, "all images")) >= set(pets.gates.labels)
        app = open_app("inside", part="What excites it", layer=UNIT)
        app.selectbox(key="survey_data").set_value("my-pets").run()
        (name,) = [name for name in galleries(app) if name.startswith("What excites channel")]
        assert {tile["note"] for tile in galleries(app)[name][0]["tiles"]} <= set(pets.gates.labels)
        album = pictures("my-pets", models.preprocess)
        assert album.whole(0).size == Image.open(io.BytesIO(album.item(0).path.read_bytes())).size or min(album.whole(0).size) == 32
    finally:
        sources.remove("my-pets")
    app.run()  # the photos are gone, and with them the choice of them
    assert not app.exception and app.selectbox(key="survey_data").value == "scenes"


def test_a_scene_of_the_survey_is_a_picture_of_the_page(found, models):  # noqa: F811
    """So a click on a patch can show the very picture, and its cell has the very value."""
    peak, drawn = found.peaks.of(UNIT, 2)[0], Drawn(models.preprocess)
    label, seed = drawn.scene(peak.image)
    assert np.array_equal(np.asarray(picture(f"scene-{label}-{seed}").view(models.preprocess)), np.asarray(drawn.view(peak.image)))
    assert expected(models, f"scene-{label}-{seed}").outputs[UNIT][2, peak.row, peak.column] == pytest.approx(peak.value, abs=1e-4)
