"""The page "Inside": models, pictures, gates, and every kind of unit opened. Its models are made here, small and quick."""

import io
import json
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_core import cards, checkpoints, photos
from effnet_core.architecture import assemble
from effnet_core.data.datasets import Scenes, example
from effnet_core.families import LITE, SMALL
from effnet_core.inside.inspection import inspect
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling
from pages.shared import html
from pages.shared.gallery import Sheet, Tile, packed
from pages.shared.photo import LONGEST, Uploads, picture

from .apps import open_app


def save(folder, name, family, trained, **facts):
    data = Scenes(32)
    network = build(assemble(family, Scaling(0.5, 0.35, 32, 0.0), 10, f"{name} network"), seed=5).eval()
    generator = torch.Generator().manual_seed(2)
    for key, tensor in network.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.2, 1.0, generator=generator)
        elif key.endswith("se.expand.weight"):
            tensor.mul_(4)  # gates that differ
    card = checkpoints.make_card(name, network, data.labels, data.preprocess, trained=trained, **facts)
    checkpoints.save(folder / f"{name}.safetensors", network, card)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    bundled, cache = tmp_path_factory.mktemp("bundled"), tmp_path_factory.mktemp("cache")
    save(bundled, "small-scenes", SMALL, True, data={"name": "scenes", "side": 32, "seed": 0},
         evaluation={"accuracy": 0.875, "images": 2000}, date="2026-01-02T03:04:05+00:00")
    save(cache / "models", "raw", SMALL, False)
    save(cache / "models", "bare", LITE, False)
    (cache / "models" / "broken.safetensors").write_bytes(b"nothing")
    return bundled, cache


@pytest.fixture(autouse=True)
def models(folders, monkeypatch):
    bundled, cache = folders
    monkeypatch.setattr(cards, "BUNDLED", bundled)
    monkeypatch.setenv("EFFNET_CACHE", str(cache))
    return checkpoints.load("small-scenes")


def words(app):
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption), *(e.proto.body for e in app.get("html"))])


def sentences(app):
    return " ".join(warning.value for warning in app.warning)


def read(app):
    """The sentences as they read on the page, without the backslashes that keep names from being Markdown."""
    return sentences(app).replace("\\", "")


def figures(app):
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def galleries(app):
    """What travels to the browser: name of the gallery → its head and its picture."""
    found = {}
    for element in app.get("bidi_component"):
        if data := element.proto.bytes:
            length = int.from_bytes(data[:4])
            head = json.loads(data[4 : 4 + length])
            if "tiles" in head:
                found[head["name"]] = head, Image.open(io.BytesIO(data[4 + length :]))
    return found


def drawn(app, name):
    """Head and numbers of what travels to the component "skyline" or "excitation"; None where it is not on the page."""
    for element in app.get("bidi_component"):
        if element.proto.component_name.endswith(f"effnet_{name}") and (data := element.proto.bytes):
            length = int.from_bytes(data[:4])
            return json.loads(data[4 : 4 + length]), np.frombuffer(data[4 + length :], "<f4")
    return None


def png(size=(60, 40), seed=0):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def expected(model, photo):
    return inspect(model, picture(photo).tensor(model.preprocess))


def test_the_page_opens_with_a_prediction_and_every_gate(models):
    app = open_app("inside")
    assert not app.exception and not app.warning
    seen = expected(models, "scene-0-1")
    for guess in seen.top(5):
        assert f'title="{guess.probability:.6f}"' in words(app) and guess.label in words(app)
    assert [tower["unit"] for tower in drawn(app, "skyline")[0]["towers"]] == [*seen.gates]
    assert "87.5 % of 2,000 new images, measured" in words(app) and "procedural scenes" in words(app) and "comes with the app" in words(app)
    assert "untrained" not in words(app)


def test_the_model_sees_a_scene_as_in_training(models):
    mean, std = (torch.tensor(values)[:, None, None] for values in (models.preprocess.mean, models.preprocess.std))
    for label, seed in ((0, 1), (7, 12)):
        x = picture(f"scene-{label}-{seed}").tensor(models.preprocess)
        torch.testing.assert_close(x[0], (example(label, seed, 32) - mean) / std, rtol=0, atol=1e-6)


def test_the_model_sees_a_photo_as_its_preprocessing_says():
    wide = Preprocess(40, 32)
    cat = photos.samples()["cat"].open()
    assert torch.equal(picture("sample-cat").tensor(wide), wide.tensor(cat))
    assert picture("sample-cat").view(wide).size == (32, 32)


def test_the_true_class_is_named():
    app = open_app("inside", photo="scene-3-5")
    label = Scenes.labels[3]
    assert f"The picture shows **a {html.plain(label)}**" in words(app) and "none of the model" not in words(app)


def test_a_model_of_scenes_says_that_it_knows_nothing_else():
    app = open_app("inside", photo="sample-coffee")
    assert not app.exception and "shows a cup of espresso, which is none of the model's 10 classes" in words(app)
    assert all(html.plain(label) in words(app) for label in Scenes.labels)


def test_the_classifier_shows_logits_and_who_speaks_for_the_best(models):
    app = open_app("inside", layer="classifier")
    assert not app.exception
    seen = expected(models, "scene-0-1")
    best = seen.top(1)[0]
    assert f"{best.logit:.3f}" in words(app) and f"**{best.probability:.4f}**" in words(app)
    assert figures(app)[0]["layout"]["yaxis"]["ticktext"] == [guess.label for guess in seen.top(10)]
    assert len(galleries(app)["Channels of the last map that speak most for the best guess"][0]["tiles"]) == 12


def test_an_address_may_say_anything():
    app = open_app("inside", order="x", layer="stages.99.99.se")
    assert not app.exception and drawn(app, "skyline")


def test_a_model_that_vanishes_while_it_is_listed(folders, monkeypatch):
    bundled, _ = folders
    entries = cards.available()
    gone = [*entries, cards.Entry("gone", bundled / "gone.safetensors", True, entries[0].card)]
    monkeypatch.setattr(cards, "available", lambda: gone)
    app = open_app("inside", model="gone")
    assert not app.exception and "There is no file 'gone.safetensors'" in read(app)


def test_order_and_block_do_not_run_the_network_again(monkeypatch):
    from pages.shared import seen

    passes = []
    run = seen.inspect
    monkeypatch.setattr(seen, "inspect", lambda *given: passes.append(given) or run(*given))
    app = open_app("inside", photo="scene-9-77")
    assert len(passes) == 1
    app.segmented_control(key="order").set_value("By number").run()
    app.selectbox(key="unit_choice").set_value("stages.4.1").run()
    assert not app.exception and len(passes) == 1
    app.button[0].click().run()  # other scenes
    assert app.session_state["photo"] == "scene-9-78" and len(passes) == 2


def test_an_untrained_model_says_so_everywhere():
    app = open_app("inside", model="raw")
    assert not app.exception and "untrained: random weights" in words(app) and "nothing was learnt yet" in words(app)
    assert all(drawn(app, name)[0]["stamp"] == "untrained weights" for name in ("skyline", "excitation"))
    assert "Raised and lowered most (untrained weights)" in words(app)
    assert "procedural scene" not in words(app)


def test_a_network_without_squeeze_and_excitation():
    for unit in ("stages.2.0", "head", "classifier"):
        app = open_app("inside", model="bare", layer=unit)
        assert not app.exception and "has no squeeze-and-excitation" in words(app)


@pytest.mark.parametrize("model, sentence", [
    ("nonsense", r"There is no model called “nonsense” here; this is small\-scenes."),
    ("../../etc/passwd", "There is no model called"),
    ("![](http://x.y/z)", r"\!\[\]\(http\://x\.y/z\)"),  # an address may say anything, and must not draw
])
def test_models_that_cannot_be_opened_are_replaced_with_a_sentence(model, sentence):
    app = open_app("inside", model=model)
    assert not app.exception and sentence in sentences(app)
    assert app.selectbox(key="model_choice").value == "small-scenes" and drawn(app, "skyline")


def test_a_broken_model_says_so_and_the_page_stays():
    app = open_app("inside", model="broken")
    assert not app.exception and r"broken\.safetensors" in sentences(app) and drawn(app, "skyline")
    assert app.segmented_control(key="model_group").value == "own"


def test_choosing_a_model_opens_it():
    app = open_app("inside")
    assert app.selectbox(key="model_choice").options == ["small-scenes"]
    app.segmented_control(key="model_group").set_value("own").run()
    assert sorted(app.selectbox(key="model_choice").options) == ["bare (untrained)", "broken (cannot be used)", "raw (untrained)"]
    app.selectbox(key="model_choice").set_value("raw").run()
    assert app.session_state["model"] == "raw" and "nothing was learnt yet" in words(app)


def test_without_any_model_the_page_says_where_to_get_one(monkeypatch, tmp_path):
    monkeypatch.setattr(cards, "BUNDLED", tmp_path)
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    app = open_app("inside")
    assert not app.exception and "There is no model here yet" in app.info[0].value and not drawn(app, "skyline")


@pytest.mark.parametrize("photo", [
    "nonsense", "scene-", "scene-99-1", "scene-1-", "scene-1-99999999999999999999", "scene-²-1", "sample-dog", "scene-1-2-3", "upload",
    "![](http://x.y/z)",
])
def test_pictures_that_do_not_exist_are_replaced_with_a_sentence(photo):
    app = open_app("inside", photo=photo)
    assert not app.exception and "this is a sample" in sentences(app) and "](" not in sentences(app)
    assert app.get("image")[0].proto.imgs[0].caption == "The picture: Chelsea the cat"


def test_an_upload_is_shown_and_its_link_works_for_others(models):
    app = open_app("inside")
    app.segmented_control(key="photo_source").set_value("upload").run()
    app.file_uploader(key="photo_file").upload("mine.png", png(), "image/png").run()
    photo = app.session_state["photo"]
    assert not app.exception and photo == "upload-" + photos.fingerprint(photos.decode(png()))
    right = inspect(models, models.preprocess.tensor(photos.decode(png())))
    assert f'title="{right.top(1)[0].probability:.6f}"' in words(app)
    other = open_app("inside", photo=photo)
    assert not other.warning and f'title="{right.top(1)[0].probability:.6f}"' in words(other)
    assert other.segmented_control(key="photo_source").value == "upload"


def test_what_is_no_photo_gets_a_sentence_and_the_page_stays():
    app = open_app("inside")
    app.segmented_control(key="photo_source").set_value("upload").run()
    app.file_uploader(key="photo_file").upload("broken.png", png()[:50], "image/png").run()
    assert not app.exception and "The PNG file is damaged" in sentences(app)
    assert "photo" not in app.session_state and drawn(app, "skyline")  # still the first picture
    app.file_uploader(key="photo_file").upload("good.png", png(seed=4), "image/png").run()
    assert not app.warning and app.session_state["photo"].startswith("upload-")


def test_a_forgotten_upload_gets_a_sentence():
    app = open_app("inside", photo="upload-0123456789abcdef")
    assert not app.exception and "remembers only the latest 64 uploads" in sentences(app) and drawn(app, "skyline")


def test_uploads_are_bounded_in_number_and_size():
    store = Uploads(3)
    keys = [store.keep(Image.new("RGB", (8, 8), (value, 0, 0))) for value in range(3)]
    assert store.get(keys[0]) is not None  # asked for, hence not the next to go
    fourth = store.keep(Image.new("RGB", (4000, 1000)))
    assert store.get(keys[1]) is None and all(store.get(key) for key in (keys[0], keys[2], fourth))
    assert store.get(fourth).size == (LONGEST, LONGEST // 4)
    assert store.keep(Image.new("RGB", (8, 8), (2, 0, 0))) == keys[2]


def test_uploads_from_many_threads():
    store, failed = Uploads(4), []

    def visit(number):
        try:
            for turn in range(50):
                store.get(store.keep(Image.new("RGB", (2, 2), (number, turn, 0))))
        except Exception as broken:  # noqa: BLE001  collected for the assertion
            failed.append(broken)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and len(store._photos) == 4


def test_a_gallery_travels_as_a_head_and_one_picture():
    data = packed(Sheet(b"picture", 2, 3, 4, 1), [Tile("a", [0, 1], "ü", title="x")], name="n", pick=True)
    length = int.from_bytes(data[:4])
    head = json.loads(data[4 : 4 + length])
    assert data[4 + length :] == b"picture" and head["tiles"][0]["parts"] == [0, 1] and head["tiles"][0]["label"] == "ü"
    assert (head["columns"], head["width"], head["height"], head["gap"], head["name"], head["pick"]) == (2, 3, 4, 1, "n", True)


def test_labels_from_a_card_are_text_not_markup(folders):
    """A checkpoint of unknown origin may have any labels."""
    bundled, cache = folders
    network = build(assemble(SMALL, Scaling(0.5, 0.35, 32, 0.0), 2, "<b>bold</b>"), seed=5).eval()
    card = checkpoints.make_card("odd", network, ("<script>alert(1)</script>", "![x](http://x)"), Preprocess(32, 32), trained=True,
                                 date="<em>now</em>", data={"name": "<s>data</s>"})
    path = cache / "models" / "odd.safetensors"
    checkpoints.save(path, network, card)
    try:
        app = open_app("inside", model="odd", layer="classifier")
        assert not app.exception and app.session_state["model"] == "odd"
        bodies = " ".join(element.proto.body for element in app.get("html"))
        assert not any(markup in bodies for markup in ("<script>", "<em>", "<s>"))
        assert "![x](http" not in " ".join(m.value for m in app.markdown)
    finally:
        path.unlink()
