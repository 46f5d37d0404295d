"""The selected unit opened, and pinned networks compared: two rooms of the Scaling page, in Streamlit's test harness."""

import json
import re

import pytest

from effnet_core.cost import cost
from effnet_core.families import compound, published, to_spec
from effnet_core.lab.comparison import ratio_text
from pages.shared import results, state

from .apps import open_app, unpacked

FOUR = "f:3,1.2,1.1,1.15;p:b7;p:resnet50;f:1,1.2,1.1,1.15,mobilenetv2"


def opened(**query):
    app = open_app("scaling", ask="Compare", **query)
    assert not app.exception
    return app


def words(app):
    return " ".join(re.sub("<[^>]*>", " ", element.proto.body) for element in app.get("html")) + " ".join(m.value for m in app.markdown)


def drawn(app, name):
    """What the page sends to the component `name`."""
    element = next(element for element in app.get("bidi_component") if element.proto.component_name.endswith(f"effnet_{name}"))
    return unpacked(element)


def strips(app):
    return {strip["name"]: strip for strip in drawn(app, "strips")["strips"]}


def has_pins(app, text):
    """In the session and in the address, which leaves out what is empty."""
    return app.session_state["pins"] == text and app.query_params.get("pins", "") in (text, [text])


def test_pins_come_from_the_address():
    app = opened(pins="f:3,1.2,1.1,1.15;p:B7")
    assert list(strips(app)) == ["This network", "φ = 3", "B7"]
    for network in (published("b0"), compound(3), published("b7")):
        assert f"{cost(network).params:,}" in words(app) and f"{cost(network).macs:,}" in words(app)
    assert ratio_text(cost(published("b7")).macs / cost(published("b0")).macs) in words(app)


def test_pins_by_button_and_the_way_back():
    app = opened()
    assert "Nothing is pinned yet" in words(app) and not app.get("plotly_chart")
    app.button(key="pin_live").click().run()
    assert has_pins(app, "f:0,1.2,1.1,1.15")
    app.slider(key="phi").set_value(2.0).run()
    app.button(key="pin_live").click().run()
    assert has_pins(app, "f:0,1.2,1.1,1.15;f:2,1.2,1.1,1.15") and list(strips(app)) == ["This network", "φ = 0", "φ = 2"]
    app.button(key="unpin_f:0,1.2,1.1,1.15").click().run()
    assert has_pins(app, "f:2,1.2,1.1,1.15") and not app.exception
    app.button(key="unpin_all").click().run()
    assert has_pins(app, "") and "Nothing is pinned yet" in words(app)


def test_examples_to_start_with():
    app = opened()
    app.button(key="pin_examples").click().run()
    assert has_pins(app, "p:b0;p:b7")


def test_a_published_network_and_another_base_are_pinned():
    app = opened(source="Published", name="B4")
    app.button(key="pin_live").click().run()
    assert has_pins(app, "p:b4")
    app = opened(base="MobileNetV2", phi="1")
    app.button(key="pin_live").click().run()
    assert has_pins(app, "f:1,1.2,1.1,1.15,mobilenetv2")


def test_the_fifth_and_the_same_again_get_a_sentence():
    app = opened(pins=FOUR)
    app.button(key="pin_live").click().run()
    assert has_pins(app, FOUR) and "4 networks are pinned" in app.warning[0].value and not app.exception
    app.slider(key="phi").set_value(3.0).run()
    assert not app.warning
    app.button(key="pin_live").click().run()
    assert has_pins(app, FOUR) and "pinned already" in app.warning[0].value


@pytest.mark.parametrize("text", ["x", ";;;", "f:nan,1,1,1", "p:../../etc", "f:99,9,9,9", "<script>alert(1)</script>", "f:8,1,1,2",
                                  "p:" + "b" * 230, "f:" + "9" * 400])
def test_nonsense_is_ignored(text):
    app = opened(pins=text)
    assert has_pins(app, "") and "Nothing is pinned yet" in words(app)


def test_what_can_be_opened_of_a_half_spoilt_link_is_opened():
    app = opened(pins="p:b1;f:nan,1,1,1;p:nothing;p:b2;p:b2")
    assert has_pins(app, "p:b1;p:b2")


def test_the_deepest_network_that_a_link_can_name_is_survived():
    app = opened(pins="f:8,2,1,1;p:l2")
    assert len(strips(app)["φ = 8, α = 2, β = 1, γ = 1"]["marks"]) < 200  # repeats stand as one


def test_one_selection_for_all_or_the_nearest():
    app = opened(pins=FOUR, layer="stages.5.11")
    assert [strip["selected"] for strip in strips(app).values()] == ["stages.5.3", "stages.5.6", "stages.5.11", "stages.3.2", "stages.5.3"]
    assert [strip["chosen"] for strip in strips(app).values()][2] == "selected: stages.5.11"
    assert "the nearest that it has" in strips(app)["ResNet-50"]["chosen"]
    b7 = published("b7")
    assert f"{cost(b7).units['stages.5.11'].params:,}" in words(app)


@pytest.mark.parametrize("layer, asked", [("stages.4.2.se", "stages.4.2"), ("[x](http://a.b)", "stages.0.0"),
                                          ("stages.99.9", "stages.6.0"), ("<b>", "stages.0.0")])
def test_what_the_address_calls_a_layer_is_never_shown_as_it_is(layer, asked):
    app = opened(pins="p:b7", layer=layer)
    assert f"**The selected unit, {asked}, in every network**" in [m.value for m in app.markdown]
    assert strips(app)["This network"]["chosen"] == f"selected: {asked}"


def test_the_ends_have_a_nearest_too():
    assert strips(opened(pins="p:resnet50", layer="head"))["ResNet-50"]["selected"] == "stages.3.2"
    assert strips(opened(pins="p:b0", layer="maxpool", source="Published", name="ResNet-50"))["B0"]["selected"] == "stages.0.0"


def test_ratios_to_the_first_pin():
    app = opened(pins="p:b7")
    over = cost(published("b7")).macs / cost(published("b0")).macs
    assert ratio_text(over) in words(app) and ratio_text(1 / over) not in words(app)
    app.button_group(key="against").set_value("The first pin").run()
    assert ratio_text(1 / over) in words(app) and ratio_text(over) not in words(app)


def measurement(network, ms, threads=1):
    """The part of a measurement that this room and its page read, as another page leaves it in the session."""
    return {"key": results.key_of(network), "job": "none", "network": to_spec(network), "batch": 1, "threads": threads,
            "device_name": "the processor", "median_ms": ms}


def test_measured_times_stand_beside_the_counts():
    app = opened(pins="p:b7;p:b1")
    assert "has been measured here yet" in " ".join(caption.value for caption in app.caption)
    b0, b7 = published("b0"), published("b7")
    app.session_state["_measurements"] = [measurement(b0, 30.0), measurement(b7, 900.0), measurement(b7, 1200.0, threads=2)]
    app.run()
    assert not app.exception and "30.0 ms" in words(app) and "1.20 s" in words(app) and "not measured" in words(app)
    assert "×40.00" not in words(app)  # on one thread and on two: not compared
    app.session_state["_measurements"] = app.session_state["_measurements"][:2]
    app.run()
    assert "900 ms" in words(app) and "×30.00" in words(app)


@pytest.mark.parametrize("metric", ["MACs", "Parameters", "Activations"])
@pytest.mark.parametrize("scale", ["Counts", "Shares"])
def test_every_chart(metric, scale):
    app = opened(pins=FOUR, versus=metric, versus_as=scale)
    assert len(json.loads(app.get("plotly_chart")[0].proto.spec)["data"]) == 5


def test_a_pin_comes_back_to_the_sliders():
    app = opened(pins="f:1,1.3,1.1,1.15,mobilenetv2;p:b7;f:9,1,1,1;f:0,1.2,1.1,1.15,small")
    app.button(key="show_f:1,1.3,1.1,1.15,mobilenetv2").click().run()
    assert not app.exception and [app.session_state[key] for key in ("base", "phi", "alpha")] == ["MobileNetV2", 1.0, 1.3]
    app.button(key="show_p:b7").click().run()
    assert (app.session_state["source"], app.session_state["name"]) == ("Published", "B7") and not app.exception
    assert app.button(key="show_f:9,1,1,1").disabled and app.button(key="show_f:0,1.2,1.1,1.15,small").disabled


def test_pins_stay_on_other_pages():
    app = opened(pins="p:b7")
    app.switch_page("pages/latency.py").run()
    assert has_pins(app, "p:b7")
    app.switch_page("pages/scaling.py").run()
    assert has_pins(app, "p:b7")


def test_a_value_that_is_too_long_is_not_carried():
    assert len(FOUR) <= state.LONGEST and "job" not in open_app("scaling", job="x" * 300).session_state


@pytest.mark.parametrize("query", [{}, {"layer": "stem"}, {"layer": "head"}, {"layer": "classifier"}, {"layer": "stages.0.0"},
                                   {"source": "Published", "name": "ResNet-50", "layer": "maxpool"},
                                   {"source": "Published", "name": "ResNet-152", "layer": "stages.1.0"},
                                   {"source": "Published", "name": "MobileNetV1"}, {"source": "Published", "name": "L2"},
                                   {"phi": "8"}, {"phi": "-2"}])
def test_the_opened_unit_of_any_network(query):
    app = open_app("scaling", **query)
    assert not app.exception
    sent, total = drawn(app, "block"), cost(state_network(query))
    assert sent["title"] in words(app)
    for layer in sent["layers"]:
        counted = total.rows[layer["id"]]
        figures = counted.macs, counted.params, counted.activations, counted.receptive_field
        assert [cell["value"] for cell in layer["cells"]] == [f"{value:,}" for value in figures]
        assert f"{counted.params:,}" in words(app)  # in the table too


def state_network(query):
    return published(state.NAMES[query["name"]]) if "name" in query else compound(float(query.get("phi", 0)))


def test_the_units_before_and_after():
    app = open_app("scaling", layer="stages.0.0")
    app.button(key="unit_before").click().run()
    assert app.session_state["layer"] == "stem" and app.button(key="unit_before").disabled
    for unit in ("stages.0.0", "stages.1.0"):
        app.button(key="unit_after").click().run()
        assert app.session_state["layer"] == unit and f"The selected unit, {unit}" in words(app)
