"""The lesson "Activations": what is typed, chosen and shown."""


import numpy as np
import pytest

from effnet_core import load
from effnet_core.inside.inspection import inspect
from effnet_core.lessons import activations as core
from effnet_core.lessons import applied
from effnet_core.lessons.folding import within
from effnet_core.palette import percent
from effnet_core.photos import samples
from pages.shared import phrases
from pages.shared.lessons import activated

from .apps import open_app, unpacked

LESSON = {"lesson": "Activations"}


def sent(app, name):
    """The data of one of our components."""
    return next(unpacked(element) for element in app.get("bidi_component")
                if element.proto.component_name.endswith(f"effnet_{name}"))


def htmls(app):
    return "".join(element.proto.body for element in app.get("html"))


@pytest.fixture(scope="module")
def opened():
    return open_app("blocks", **LESSON)


def test_the_lesson_opens_with_the_curves_and_numbers(opened):
    assert not opened.exception and not opened.warning
    data = sent(opened, "activation")
    assert [curve["name"] for curve in data["curves"]] == ["swish", "ReLU"] and data["hand"] == {"acts_x": 1.0, "acts_beta": 1.0}
    body = htmls(opened)
    for x in (-3.0, -1.2785, 1.0, 8.0):
        for function in core.functions().values():
            assert f"<td>{function.value(x):.4f}</td>".replace("-0.0000", "0.0000").replace("-", "−") in body


def test_an_address_sets_every_control():
    app = open_app("blocks", **LESSON, acts_on="sigmoid", acts_x="-2.5", acts_beta="3", acts_numbers="7", acts_layer="Head")
    data = sent(app, "activation")
    assert [curve["name"] for curve in data["curves"]] == ["sigmoid"] and data["hand"] == {"acts_x": -2.5, "acts_beta": 3.0}
    assert f"<td>{core.swish(7.0, 3.0):.4f}</td>" in htmls(app) and any("**head**" in each.value for each in app.markdown)


@pytest.mark.parametrize("query", [{"acts_x": "99"}, {"acts_beta": "nan"}, {"acts_on": "nothing"}, {"acts_photo": "../x"},
                                   {"acts_layer": "SE"}, {"layer": "maxpool"}, {"acts_numbers": "9" * 5000}])
def test_a_bad_address_is_no_trouble(query):
    app = open_app("blocks", **LESSON, **query)
    assert not app.exception and sent(app, "activation")["hand"]["acts_x"] <= 8


def test_bad_numbers_get_a_sentence(opened):
    opened.text_input(key="acts_numbers").set_value("1 two").run()
    assert not opened.exception and "no number" in opened.warning[0].value
    opened.text_input(key="acts_numbers").set_value("1").run()
    assert not opened.warning


def test_the_maps_are_what_batch_norm_hands_on(opened):
    model = load("b0-imagenette")
    seen = inspect(model, model.preprocess.tensor(samples()["cat"].open()))
    stem = within(model, seen, "stem", "stem")["norm"][0].numpy()
    body = htmls(opened)
    assert f"<dt>below 0</dt><dd>{percent(float((stem < 0).mean()))}</dd>" in body
    assert f"<dt>exactly 0</dt><dd>{percent(float((np.maximum(stem, 0) == 0).mean()))}</dd>" in body and body.count("data:image/png") == 6


def test_whole_layers_are_counted_once(monkeypatch):
    app, whole, apply = open_app("blocks", **LESSON), [], applied.apply
    monkeypatch.setattr(applied, "apply", lambda name, x, *beta: whole.append(name) or apply(name, x, *beta) if x.ndim == 3 else apply(name, x, *beta))
    app.slider(key="acts_x").set_value(2.5).run()
    assert not app.exception and not whole
    app.slider(key="acts_beta").set_value(1.7).run()
    assert not app.exception and whole == [*core.functions()]


@pytest.mark.parametrize("selected, asked, layer", [
    ("stages.0.0", "Expand", "stages.0.0.depthwise"), ("stages.4.1", "Expand", "stages.4.1.expand"),
    ("classifier", "Depthwise", "stages.6.0.depthwise"), ("stem", "Depthwise", "stages.0.0.depthwise"),
])
def test_any_unit_has_a_layer_to_look_at(monkeypatch, selected, asked, layer):
    network = load("b0-imagenette").network.architecture
    monkeypatch.setattr(activated.state, "get", lambda key: selected)
    unit, found = activated._layer(network, asked)
    assert found.id == layer and layer.startswith(unit)


def test_phrases_set_curves():
    wanted = {"acts_on": ["swish", "ReLU6"], "acts_x": 7.0, "acts_beta": 1.0}
    assert phrases.read("acts_on=swish,ReLU6&acts_x=7&acts_beta=1").settings == wanted
