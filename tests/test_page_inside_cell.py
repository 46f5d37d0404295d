"""The microscope of the page "Inside": what it shows of a cell, what travels to the browser, and addresses that ask for anything."""

import json

import numpy as np
import pytest

from effnet_core import checkpoints
from effnet_core.architecture import assemble
from effnet_core.cost import cost
from effnet_core.families import RESNET_50, SMALL, published
from effnet_core.figures.maps import colours
from effnet_core.inside.arithmetic import Lens, Norm, convolutions, lens
from effnet_core.inside.inspection import inspect, open_unit
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling
from pages.shared.inside import packet
from pages.shared.photo import picture

from .apps import open_app

KINDS = {"f4": np.float32, "f8": np.float64, "u1": np.uint8}
PART = {"part": "One cell", "model": "small-scenes", "photo": "scene-0-1"}


@pytest.fixture(scope="module")
def model():
    return checkpoints.load("small-scenes")


@pytest.fixture(scope="module")
def opened(model):
    seen = inspect(model, picture(PART["photo"]).tensor(model.preprocess))
    return lambda unit: open_unit(model, seen, unit)


def unpacked(data):
    """Head, arrays by name, and the picture's file."""
    size = int.from_bytes(data[:4])
    head, place, arrays = json.loads(data[4 : 4 + size]), 4 + size, {}
    for name, kind, count in head["arrays"]:
        end = place + count * np.dtype(KINDS[kind]).itemsize
        arrays[name], place = np.frombuffer(data[place:end], KINDS[kind]), end
    return head, arrays, data[place:]


def travels(app):
    """What the component gets."""
    (data,) = [element.proto.bytes for element in app.get("bidi_component") if b'"subject"' in element.proto.bytes[:200]]
    return unpacked(data)


def words(app):
    return " ".join([*(m.value for m in app.markdown), *(c.value for c in app.caption)])


@pytest.mark.parametrize("layer, channel, place", [
    ("stem", 3, (0, 0)), ("stages.1.0.expand", 5, (23, 0)), ("stages.2.0.depthwise", 7, (11, 11)), ("stages.3.1.project", 2, (4, 5)), ("head", 9, (1, 2))])
def test_the_browser_gets_what_any_cell_is_made_of(model, opened, layer, channel, place):
    unit = ".".join(layer.split(".")[:3])
    app = open_app("inside", **PART, layer=unit, cell_layer=layer, cell_channel=str(channel), cell_at="{},{}".format(*place))
    assert not app.exception and not app.warning
    head, arrays, file = travels(app)
    eye = lens(model.network, opened(unit), layer, channel)
    assert (*head["start"], head["channel"], head["layer"], head["whole"]) == (*place, channel, layer.rpartition(".")[2], True)
    assert (arrays["values"].reshape(head["input"]) == eye.input).all() and (arrays["recorded"].reshape(head["output"]) == eye.output).all()
    assert (arrays["weights"].reshape(eye.kernel.shape) == eye.kernel).all() and Norm(*arrays["norm"]) == eye.norm
    assert arrays["palette"].tobytes() == colours("light") and (head["kernel"], head["stride"], tuple(head["before"])) == (
        eye.layer.kernel, eye.layer.stride, eye.before)
    assert head["lit"] == np.abs(eye.cell(*place).contributions).argmax()
    assert file[:8] == (b"\x89PNG\r\n\x1a\n" if layer == "stem" else b"")
    if head["skip"]:
        assert layer.endswith("project") and (arrays["added"].reshape(eye.output.shape) == opened(unit).input[channel]).all()
        assert (arrays["handed"].reshape(eye.output.shape) == opened(unit).output[channel]).all() and head["skip"]["activation"] is None
    assert bool(head["skip"]) == (layer == "stages.3.1.project")


def test_it_opens_at_the_strongest_cell_of_the_layer_that_looks_at_neighbours(model, opened):
    app = open_app("inside", **PART, layer="stages.2.0")
    head, arrays, _ = travels(app)
    values = np.abs(opened("stages.2.0").layers["stages.2.0.depthwise"])
    assert (head["channel"], *head["start"]) == tuple(map(int, np.unravel_index(values.argmax(), values.shape)))
    assert head["layer"] == "depthwise" and [*head["names"]] == [head["channel"]]
    choice = app.segmented_control(key="cell_layer_choice")
    assert choice.options == ["expand 1×1", "depthwise 5×5", "project 1×1"] and choice.value == "stages.2.0.depthwise"


@pytest.mark.parametrize("asked", [
    {"cell_layer": "stages.9.9.nothing", "cell_channel": "-1", "cell_at": "1"}, {"cell_channel": "99999", "cell_at": "12,0"},
    {"cell_layer": "head", "cell_channel": "3", "cell_at": "0,0"}, {"cell_channel": "1e3", "cell_at": "٣,1"}, {"cell_at": "<b>,0,0"}])
def test_an_address_may_ask_for_anything(asked):
    plain, app = (travels(open_app("inside", **PART, layer="stages.2.0", **query))[0] for query in ({}, asked))
    assert (app["layer"], app["channel"], app["start"]) == (plain["layer"], plain["channel"], plain["start"])


def test_another_block_shows_the_layer_of_the_same_name():
    app = open_app("inside", **PART, layer="stages.3.0", cell_layer="stages.2.0.project", cell_channel="1", cell_at="0,0")
    head, arrays, _ = travels(app)
    strongest = np.abs(arrays["recorded"]).argmax()
    assert head["layer"] == "project" and head["start"] == [*divmod(int(strongest), head["output"][1])]


def test_choices_move_the_microscope():
    app = open_app("inside", **PART, layer="stages.2.0", cell_layer="stages.2.0.depthwise", cell_channel="3", cell_at="2,5")
    app.number_input(key="cell_channel_number").set_value(8).run()
    head, *_ = travels(app)
    assert (head["channel"], head["start"]) == (8, [2, 5])  # the same place on another map
    app.segmented_control(key="cell_layer_choice").set_value("stages.2.0.expand").run()
    assert not app.exception and travels(app)[0]["layer"] == "expand" and app.session_state["cell_layer"] == "stages.2.0.expand"


@pytest.mark.parametrize("layer, formula", [("stem", r"k^2 · C_\text{in} = 3^2 · 3"), ("stages.2.0.depthwise", "k^2 = 5^2"),
                                            ("stages.2.0.expand", r"C_\text{in}")])
def test_the_cells_together_cost_what_the_table_says(model, layer, formula):
    app = open_app("inside", **PART, layer=".".join(layer.split(".")[:3]), cell_layer=layer)
    total = cost(model.network.architecture).rows[layer].macs
    assert f"**{total:,}** MACs; the cost table counts {total:,} for it, the same." in words(app) and formula in words(app)


def test_units_without_a_convolution_say_so():
    app = open_app("inside", **PART, layer="classifier")
    assert not app.exception and "The classifier has no maps" in words(app) and not any(
        b'"subject"' in element.proto.bytes[:200] for element in app.get("bidi_component"))


def test_gates_set_by_hand_are_those_that_count():
    plain, app = (open_app("inside", **PART, layer="stages.3.1", cell_layer="stages.3.1.project", cell_channel="2", cell_at="3,3", **query)
                  for query in ({}, {"surgery": "off:all"}))
    assert "Gates are set by hand" not in words(plain) and "Gates are set by hand" in words(app)
    own, opened_gates = (travels(each)[1]["values"] for each in (plain, app))
    assert not (own == opened_gates).all()


def test_a_model_that_learnt_nothing_is_stamped(tmp_path, monkeypatch):
    network = build(assemble(RESNET_50, Scaling(0.3, 0.1, 32, 0.0), 10, "narrow"), seed=1).eval()
    card = checkpoints.make_card("raw", network, tuple("abcdefghij"), Preprocess(32, 32), trained=False)
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path))
    checkpoints.save(tmp_path / "models" / "raw.safetensors", network, card)
    app = open_app("inside", part="One cell", model="raw", layer="stages.1.0", cell_layer="stages.1.0.expand", photo="scene-0-1")
    head, arrays, _ = travels(app)
    assert head["stamp"] == "untrained weights" and "One cell (untrained weights)" in words(app)
    assert head["skip"] == {"activation": "relu", "name": "shortcut"} and head["activation"] is None
    app = open_app("inside", part="One cell", model="raw", layer="maxpool", photo="scene-0-1")
    assert not app.exception and "Max pooling multiplies nothing" in words(app)


def made(channels, side, kernel, stride, before):
    layer = assemble(SMALL, Scaling(1.0, 1.0, 48, 0.0), 10, "any").stem._replace(kernel=kernel, stride=stride)
    cells = -(-side // stride)
    return Lens(layer, 0, np.zeros((channels, side, side), np.float32), np.zeros((channels, kernel, kernel), np.float32), (before, before),
                Norm(0, 1, 0, 1, 0), np.zeros((cells, cells), np.float32), None)


@pytest.mark.parametrize("channels, side, kernel, stride, before", [
    (1, 300, 3, 2, 0), (192, 150, 1, 1, 0), (3, 600, 3, 2, 0), (64, 56, 3, 1, 1), (512, 14, 3, 2, 1), (256, 56, 1, 2, 0), (3, 224, 7, 2, 3),
    (3840, 19, 1, 1, 0), (1, 400, 5, 1, 2)])
def test_bands_hold_what_their_cells_read_and_little_else(channels, side, kernel, stride, before):
    eye = made(channels, side, kernel, stride, before)
    cells, seen = len(eye.output), []
    for row in range(cells):
        band = packet.rows(eye, row)
        read = [y for y in eye.inside(row, 0)[0] if 0 <= y < side]
        assert band.low <= row < band.high and all(band.first <= y < band.last for y in read)
        seen.append(band)
        line = eye.input[:, 0].nbytes
        size = line * (band.last - band.first)
        if eye.input.nbytes <= packet.WHOLE:
            assert band == (0, cells, 0, side)
        else:
            assert size <= packet.BAND or band.high - band.low == 1
    assert sorted({(band.low, band.high) for band in seen}) == [(low, high) for low, high in dict.fromkeys((b.low, b.high) for b in seen)]
    assert all(a.high == b.low or a == b for a, b in zip(seen, seen[1:]))


def test_the_largest_published_network_stays_below_a_megabyte():
    architecture = published("b7")
    for layer in [layer for unit, _ in architecture.units() for layer in convolutions(architecture, unit)]:
        channels, (_, side, _) = (1 if layer.groups > 1 else layer.input.channels), layer.input
        nothing, kernel = np.float32(0), np.zeros((channels, layer.kernel, layer.kernel), np.float32)
        eye = Lens(layer, 0, np.broadcast_to(nothing, (channels, side, side)), kernel, (0, 0), Norm(0, 1, 0, 1, 0),
                   np.broadcast_to(nothing, layer.output[1:]), None)
        band = packet.rows(eye, 0)
        cells = layer.output.height + (0 if layer.activation else 2 * (band.high - band.low))  # rows: the map, and what a skip connection adds
        floats = channels * (band.last - band.first) * side + kernel.size + cells * layer.output.width
        assert 4 * floats + side**2 < 1_000_000  # and the shown map, a byte a cell


def test_a_large_input_travels_in_bands(model, opened, monkeypatch):
    monkeypatch.setattr(packet, "WHOLE", 0)
    monkeypatch.setattr(packet, "BAND", 10_000)
    app = open_app("inside", **PART, layer="stages.3.1", cell_layer="stages.3.1.project", cell_channel="2", cell_at="3,4")
    head, arrays, _ = travels(app)
    low, high, first, last = head["band"]
    eye = lens(model.network, opened("stages.3.1"), "stages.3.1.project", 2)
    assert not head["whole"] and (low, high) == (first, last) and (low, high) == (2, 4)
    assert (arrays["values"].reshape(-1, last - first, head["input"][2]) == eye.input[:, first:last]).all()
    added = arrays["added"].reshape(high - low, -1)
    assert (added == eye.skip.added[low:high]).all() and arrays["handed"].size == added.size
    assert arrays["shown"].size == eye.input[0].size and head["reach"] == pytest.approx(np.abs(eye.input[head["lit"]]).max())
