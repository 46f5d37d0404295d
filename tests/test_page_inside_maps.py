"""The part "Maps" of the page "Inside": what travels to its mosaic and its enlarged map, number by number."""

import json
from typing import NamedTuple

import numpy as np
import pytest

from effnet_core.figures import maps as colours
from effnet_core.inside.attribution import attributions
from effnet_core.inside.channels import summarise
from effnet_core.inside.geometry import Grid, grids
from effnet_core.inside.gradients import gradients
from effnet_core.inside.inspection import open_unit, operate
from pages.shared.inside import atlas, maps

from .apps import open_app
from .test_page_inside import expected, folders, models, words  # noqa: F401  the first of these are fixtures

PHOTO = "scene-0-1"
PARTS = ["input", "expand", "depthwise", "se", "project", "output"]


class Sent(NamedTuple):
    head: dict
    colours: bytes
    channels: np.ndarray
    dead: np.ndarray
    reach: np.ndarray
    notes: np.ndarray
    cells: np.ndarray


def unpack(app, part):
    """Head of what travels to the component whose layer it is, and all behind the head."""
    for element in app.get("bidi_component"):
        data = element.proto.bytes
        if data and part in (head := json.loads(data[4 : 4 + int.from_bytes(data[:4])])):
            return head, data[4 + int.from_bytes(data[:4]) :]
    raise AssertionError(f"Nothing with {part} travels.")


def mosaic(app):
    head, data = unpack(app, "exact")
    count, at, parts = head["count"], 768, []
    for kind in ("<u2", "u1", "<f4", "<f4"):
        parts.append(np.frombuffer(data, kind, count, at))
        at += parts[-1].nbytes
    cells = np.frombuffer(data, "<f4" if head["exact"] else "u1", -1, at)
    return Sent(head, data[:768], *parts, cells.reshape(count, head["height"], head["width"]))


def lens(app):
    head, data = unpack(app, "photo")
    assert len(data) == 768 + 4 * head["grid"]["cells"] ** 2
    return head, np.frombuffer(data, "<f4", -1, 768).reshape(head["grid"]["cells"], -1)


def open_maps(**query):
    app = open_app("inside", part="Maps", photo=PHOTO, **query)
    assert not app.exception and not app.warning
    return app


def right(model, unit, part):
    """The maps that belong there, computed here."""
    seen = expected(model, PHOTO)
    opened = open_unit(model, seen, unit)
    return {"input": opened.input, "output": opened.output}.get(part) if part in ("input", "output") else opened.layers[f"{unit}.{part}"]


@pytest.mark.parametrize("unit, part", [*(("stages.4.1", part) for part in PARTS), ("stages.0.0", "depthwise"), ("stem", "input"), ("stem", "output"),
                                        ("head", "output")])
def test_every_layer_of_every_kind_of_unit_travels_to_the_bit(unit, part, models):  # noqa: F811
    values = right(models, unit, part)
    app = open_maps(layer=unit, maps=part)
    sent, (head, large) = mosaic(app), lens(app)
    strength = np.abs(values).mean((1, 2), dtype=np.float64)
    assert sent.channels.tolist() == np.argsort(-strength, kind="stable").tolist() and sent.head["exact"]
    assert (sent.cells == values[sent.channels]).all()
    np.testing.assert_array_equal(sent.reach, np.abs(values).max((1, 2))[sent.channels])
    np.testing.assert_allclose(sent.notes, strength[sent.channels], rtol=1e-6)
    assert (sent.dead == (values.min((1, 2)) == values.max((1, 2)))[sent.channels]).all()
    assert head["channel"] == strength.argmax() and (large == values[head["channel"]]).all() and head["reach"] == np.abs(large).max()
    assert sent.colours == colours.colours("light")
    known = grids(models.network.architecture, models.network.padding, 32)
    layer = {"output": unit}.get(part, f"{unit}.{part}")
    before = {"stages.4.1": "stages.4.0"}.get(unit)
    grid = known[layer] if part != "input" else known[before] if before else Grid(0.0, 1, 1, 32, 32)
    assert Grid(**head["grid"]) == Grid(**sent.head["grid"]) == grid and grid.cells == values.shape[1]
    row = summarise(values)
    for number in (row.average, row.std, row.least[head["channel"]], row.mean[head["channel"]], row.greatest[head["channel"]]):
        assert maps.four(number) in words(app)


def test_one_scale_for_the_layer_or_the_network(models):  # noqa: F811
    values, seen = right(models, "stages.4.1", "expand"), expected(models, PHOTO)
    app = open_maps(layer="stages.4.1", maps="expand", scope="This layer")
    most = np.abs(values).max()
    assert np.unique(mosaic(app).reach).tolist() == [most] and lens(app)[0]["reach"] == most and f"±{maps.four(most)}" in words(app)
    most, unit = max((np.abs(each).max(), unit) for unit, each in seen.outputs.items())
    app.segmented_control(key="scope").set_value("Network").run()
    assert np.unique(mosaic(app).reach).tolist() == [most] and f"±{maps.four(most)}, the greatest |value| that any unit hands on" in words(app)
    assert f"({unit})" in words(app) and ("values go up to" in words(app)) == (np.abs(values).max() > most)


def test_a_layer_beyond_the_scale_of_the_network_says_so(models):  # noqa: F811
    """What units hand on is the scale; within a unit there may be more."""
    seen = expected(models, PHOTO)
    most = max(np.abs(each).max() for each in seen.outputs.values())
    beyond = {(unit, part): np.abs(right(models, unit, part)).max() for unit in seen.gates for part in PARTS[2:4]}
    (unit, part), greatest = max(beyond.items(), key=lambda item: item[1])
    app = open_maps(layer=unit, maps=part, scope="Network")
    assert (f"values go up to {maps.four(greatest)}" in words(app)) == (greatest > most)


def test_sorted_by_gate_and_by_number(models):  # noqa: F811
    seen = expected(models, PHOTO)
    gates = seen.gates["stages.4.1"]
    app = open_maps(layer="stages.4.1", maps="depthwise", sort="Gate")
    sent = mosaic(app)
    assert sent.channels.tolist() == np.argsort(-gates, kind="stable").tolist() and (sent.notes == gates[sent.channels]).all() and sent.head["note"] == "gate"
    app.segmented_control(key="sort").set_value("Number").run()
    assert mosaic(app).channels.tolist() == [*range(len(gates))] and (mosaic(app).notes == gates).all()
    app.segmented_control(key="map_choice").set_value("output").run()
    assert mosaic(app).channels.tolist() == [*range(len(seen.outputs["stages.4.1"]))] and np.isnan(mosaic(app).notes).all()
    app.segmented_control(key="sort").set_value("Gate").run()
    assert "no gates of their own" in words(app) and mosaic(app).head["note"] == "mean |value|"


@pytest.mark.parametrize("unit, part", [("stages.4.1", "se"), ("stages.4.1", "input"), ("head", "output"), ("stem", "input")])
def test_sorted_by_attribution(unit, part, models):  # noqa: F811
    seen = expected(models, PHOTO)
    best = seen.top(1)[0]
    found = attributions(models, seen, open_unit(models, seen, unit), gradients(models, seen, best.index))
    values = found.get(part, found.get(f"{unit}.{part}"))
    app = open_maps(layer=unit, maps=part, sort="Attribution")
    sent = mosaic(app)
    assert sent.channels.tolist() == np.argsort(-values, kind="stable").tolist() and sent.head["signed"]
    np.testing.assert_allclose(sent.notes, values[sent.channels], rtol=1e-6)
    assert maps.four(values[lens(app)[0]["channel"]]) in words(app)
    bias = models.network.classifier.bias[best.index].item()
    assert (f"bias of {maps.four(bias)} add up to the logit of {maps.four(best.logit)}" in words(app)) == (unit == "head")


def test_gradients_run_only_when_they_are_asked_for(monkeypatch):
    from pages.shared import seen

    passes, run = [], seen.gradients
    monkeypatch.setattr(seen, "gradients", lambda *given: passes.append(given) or run(*given))
    app = open_app("inside", part="Maps", photo="scene-8-77", layer="stages.4.1")
    app.segmented_control(key="sort").set_value("Gate").run()
    app.number_input(key="channel_number").set_value(3).run()
    assert not passes
    app.segmented_control(key="sort").set_value("Attribution").run()
    app.number_input(key="channel_number").set_value(4).run()
    app.segmented_control(key="map_choice").set_value("expand").run()
    assert not app.exception and len(passes) == 1


def test_a_channel_stays_through_the_layers_that_have_it(models):  # noqa: F811
    app = open_maps(layer="stages.4.1", maps="se")
    count = len(right(models, "stages.4.1", "se"))
    app.number_input(key="channel_number").set_value(count - 1).run()
    assert lens(app)[0]["channel"] == count - 1 and app.session_state["channel"] == f"middle.{count - 1}"
    for part in ("expand", "depthwise"):
        app.segmented_control(key="map_choice").set_value(part).run()
        assert lens(app)[0]["channel"] == count - 1
    app.segmented_control(key="map_choice").set_value("output").run()  # other channels
    assert lens(app)[0]["channel"] == np.abs(right(models, "stages.4.1", "output")).mean((1, 2)).argmax()
    app.selectbox(key="unit_choice").set_value("stages.0.0").run()  # fewer of them
    app.segmented_control(key="map_choice").set_value("depthwise").run()
    assert not app.exception and lens(app)[0]["channel"] < len(right(models, "stages.0.0", "depthwise"))


def test_a_link_opens_layer_and_channel(models):  # noqa: F811
    app = open_maps(layer="stages.4.1", maps="expand", channel="middle.7")
    head, values = lens(app)
    assert head["channel"] == 7 and (values == right(models, "stages.4.1", "expand")[7]).all() and app.number_input(key="channel_number").value == 7


@pytest.mark.parametrize("query", [{"maps": "After SE"}, {"maps": "../"}, {"channel": "middle.99999"}, {"channel": "output.x"}, {"channel": "middle.²"},
                                   {"channel": "17"}, {"sort": "[]"}, {"scope": "x"}, {"difference": "maybe"}, {"maps": "se", "layer": "stem"}])
def test_an_address_may_say_anything(query, models):  # noqa: F811
    app = open_maps(**{"layer": "stages.4.1", **query})
    unit = query.get("layer", "stages.4.1")
    assert lens(app)[0]["layer"] == f"Output of {unit}" and lens(app)[0]["channel"] == np.abs(right(models, unit, "output")).mean((1, 2)).argmax()


def test_only_as_many_maps_as_a_message_holds(models, monkeypatch):  # noqa: F811
    from effnet_core.figures import atlas as plans

    values = right(models, "stages.4.1", "se")
    monkeypatch.setattr(plans, "MOST_BYTES", 50 * 4 * values[0].size)
    app = open_maps(layer="stages.4.1", maps="se", sort="Number")
    count = -(-len(values) // -(-len(values) // 50))
    chosen = lens(app)[0]["channel"]
    assert chosen in mosaic(app).channels and len(mosaic(app).channels) <= count  # the part with the chosen channel
    app.number_input(key="channel_number").set_value(0).run()
    assert mosaic(app).channels.tolist() == [*range(count)] and app.button(key="maps_back").disabled
    app.button(key="maps_next").click().run()
    assert mosaic(app).channels.tolist() == [*range(count, 2 * count)] and lens(app)[0]["channel"] == 0
    assert f"{count + 1:,} to {2 * count:,} of {len(values):,}" in words(app)
    app.number_input(key="channel_number").set_value(len(values) - 1).run()
    assert len(values) - 1 in mosaic(app).channels and app.button(key="maps_next").disabled


def test_large_maps_travel_as_levels_and_the_enlarged_one_as_it_is(models, monkeypatch):  # noqa: F811
    from effnet_core.figures import atlas as plans

    values = right(models, "stem", "output")
    monkeypatch.setattr(plans, "MOST_BYTES", len(values) * values[0].size)
    app = open_maps(layer="stem")
    sent, (head, large) = mosaic(app), lens(app)
    assert not sent.head["exact"] and "≈" in words(app) and (large == values[head["channel"]]).all()
    assert (sent.cells == colours.indexes(values[sent.channels], np.abs(values).max((1, 2))[sent.channels])).all()


def test_constant_maps_are_counted_and_marked(models, monkeypatch):  # noqa: F811
    from pages.shared.inside import channel

    whole = channel.maps_of

    def dying(at, unit, part):
        values = whole(at, unit, part).copy()
        values[[3, 5]] = [[[0.25]], [[0.0]]]
        return values

    monkeypatch.setattr(channel, "maps_of", dying)
    app = open_app("inside", part="Maps", photo="scene-1-78", layer="stages.2.0")
    sent = mosaic(app)
    assert not app.exception and sorted(sent.channels[sent.dead.astype(bool)].tolist()) == [3, 5]
    assert f"2 of {len(sent.channels)} maps are constant on this picture" in words(app) and ": 3, 5." in words(app)


def test_what_gates_set_by_hand_have_changed(models):  # noqa: F811
    before = expected(models, PHOTO)
    gates = np.full(len(before.gates["stages.4.1"]), 1, np.float32)
    after, surgery = operate(models, before, {"stages.4.1": gates}), "off:4.1"
    for unit, part in (("stages.4.1", "se"), ("stages.4.1", "expand"), ("stages.6.0", "depthwise"), ("head", "output")):
        app = open_maps(layer=unit, maps=part, difference="true", sort="Number", surgery=surgery)
        opened, earlier = open_unit(models, after, unit), open_unit(models, before, unit)
        layer = f"{unit}.{part}"
        change = opened.output - earlier.output if part == "output" else opened.layers[layer] - earlier.layers[layer]
        assert (mosaic(app).cells == change).all() and "now − untouched" in mosaic(app).head["layer"]
        assert ("Nothing has changed here" in words(app)) == (part == "expand") == (not change.any())
    app.segmented_control(key="scope").set_value("Network").run()
    assert mosaic(app).reach[0] == max(np.abs(after.outputs[unit] - before.outputs[unit]).max() for unit in before.outputs)
    app.toggle(key="difference").set_value(False).run()
    assert (mosaic(app).cells == after.outputs["head"]).all()


def test_without_surgery_there_is_no_difference():
    assert not [toggle for toggle in open_maps(layer="stages.4.1", difference="true").toggle if toggle.key == "difference"]


def test_untrained_weights_and_networks_without_gates():
    app = open_app("inside", part="Maps", model="raw", layer="stages.2.0")
    assert "Maps (untrained weights)" in words(app) and lens(app)[0]["stamp"] == mosaic(app).head["stamp"] == "untrained weights"
    app = open_app("inside", part="Maps", model="bare", layer="stages.2.0", maps="se", sort="Gate")
    assert not app.exception and lens(app)[0]["layer"] == "Output of stages.2.0" and "no gates of their own" in words(app)
    assert app.segmented_control(key="map_choice").options == ["Input", "Expand", "Depthwise", "Project", "Output"]


@pytest.mark.parametrize("unit, part, told", [("stem", "output", False), ("stages.0.0", "depthwise", False), ("stages.0.0", "se", True), ("stages.1.0", "input", True)])
def test_who_sees_more_than_the_square_says_so(unit, part, told):
    assert ("its gates depend on the mean of the whole picture" in words(open_maps(layer=unit, maps=part))) == told


def test_the_classifier_shows_the_last_map(models):  # noqa: F811
    app = open_maps(layer="classifier")
    assert lens(app)[0]["layer"] == "Output of head" and len(mosaic(app).channels) == models.network.architecture.last_map.channels


@pytest.mark.parametrize("unit, part, layer", [("stages.4.1", "depthwise", "stages.4.1.depthwise"), ("stem", "output", "stem"), ("stages.4.1", "se", ""),
                                               ("stages.4.1", "output", ""), ("stem", "input", "")])
def test_a_cell_that_a_convolution_made_can_be_asked_about(unit, part, layer, monkeypatch):
    given = {}
    monkeypatch.setattr(maps.atlas, "lens", lambda *sent: given.update(ask=sent[-1]))
    open_maps(layer=unit, maps=part, channel="middle.5")
    assert (given["ask"] is not None) == bool(layer)
    if layer:
        asked = {}
        monkeypatch.setattr(maps.channel.state, "put", lambda **values: asked.update(values))
        given["ask"]((2, 3))
        chosen = asked["cell_channel"]
        monkeypatch.undo()
        app = open_app("inside", photo=PHOTO, layer=unit, **asked)
        assert not app.exception and "#### One cell" in [m.value for m in app.markdown] and app.number_input(key="cell_channel_number").value == int(chosen)


def test_numbers_have_four_digits():
    assert [maps.four(value) for value in (0.0, -1.5, 1234.0, 0.1, 12345.6, 3e-7)] == ["0.000", "−1.500", "1234", "0.1000", "1.235e+04", "3.000e−07"]


def test_a_browser_may_pick_anything(models, monkeypatch):  # noqa: F811
    picked, made = [], {}

    def component(name):
        return lambda **given: made.update({name: given})

    monkeypatch.setattr(atlas, "component", component)
    scene = atlas.Scene("layer", "map", Grid(0.0, 1, 1, 4, 4), "light")
    values = np.zeros((2, 4, 4), np.float32)
    tiles = atlas.Tiles(np.array([5, 7]), values, np.ones(2), np.zeros(2, bool), np.zeros(2))
    monkeypatch.setattr(atlas.st, "session_state", state := {})
    monkeypatch.setattr(atlas.st, "image", lambda *given, **more: None)
    atlas.mosaic(scene, tiles, maps.plan(2, 4, 4), name="", order="", note="", signed=False, on_pick=picked.append)
    atlas.lens(scene, 5, values[0], 1.0, b"", picked.append)
    for said in (6, "5", None, 5.0, [5], 7):
        state["all_maps"] = type("State", (), {"picked": said})
        made["atlas"]["on_picked_change"]()
    for said in ([1, 4], [-1, 0], [0.5, 1], "12", None, [1, 2, 3], [3, 0]):
        state["lens"] = type("State", (), {"asked": said})
        made["lens"]["on_asked_change"]()
    assert picked == [7, (3, 0)]
