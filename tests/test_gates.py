"""The skyline: every gate exact, in its window, in one colour scale; and the classifier's logits."""

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import plotly.graph_objects as go
import pytest

from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.figures import gates as draw
from effnet_core.figures import steps
from effnet_core.figures.packing import pack
from effnet_core.figures.skyline import skyline_svg
from effnet_core.inside.inspection import CLOSED, OPEN, spread
from effnet_core.palette import INK, PAGE, contrast, sequential, unit_colour

CHANNELS = {"stages.0.0": 32, "stages.1.0": 96, "stages.1.1": 145, "stages.6.0": 1153}
RANDOM = np.random.default_rng(3)
GATES = {unit: RANDOM.random(count).astype(np.float32) for unit, count in CHANNELS.items()}
SQUEEZED = {unit: RANDOM.normal(size=count).astype(np.float32) for unit, count in CHANNELS.items()}
OTHER = {unit: RANDOM.random(count).astype(np.float32) for unit, count in CHANNELS.items()}
RANDOM_LOGITS = RANDOM.normal(size=12).astype(np.float32)
LABELS = tuple(f"<{i}>" for i in range(12))
SVG = "{http://www.w3.org/2000/svg}"


def unpacked(data):
    """Head and numbers of what travels to a component."""
    length = int.from_bytes(data[:4])
    return json.loads(data[4 : 4 + length]), np.frombuffer(data[4 + length :], "<f4")


def font_sizes(value):
    if isinstance(value, dict):
        yield from (v["size"] for k, v in value.items() if k.endswith("font") and "size" in v)
        for part in value.values():
            yield from font_sizes(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from font_sizes(part)


def test_towers_do_not_touch_and_hold_one_window_per_channel():
    built = draw.towers(CHANNELS)
    assert [tower.unit for tower in built] == [*CHANNELS]
    for tower, count in zip(built, CHANNELS.values()):
        assert (tower.floors - 1) * tower.width < count <= tower.floors * tower.width
    for tower, following in zip(built, built[1:]):
        assert following.left == tower.left + tower.width + draw.BETWEEN


@pytest.mark.parametrize("name, blocks, channels", [("b0", 16, 8960), ("b7", 55, 70240), ("l2", 88, 248560)])
def test_the_skyline_of_any_size_keeps_its_proportions(name, blocks, channels):
    counts = {layer.id.removesuffix(".se"): layer.input.channels for layer in published(name).layers if layer.operator == "se"}
    built = draw.towers(counts)
    across, floors = built[-1].left + built[-1].width, max(tower.floors for tower in built)
    assert len(built) == blocks and sum(counts.values()) == channels
    assert draw.ASPECT < across / floors < 1.5 * draw.ASPECT  # between the towers is air


def test_the_spread_is_that_of_the_gates():
    gates = np.array([0.05, 0.1, 0.5, 0.9, 0.95, 1.0], np.float32)
    row = spread(gates)
    assert (row.closed, row.open) == (1 / 6, 2 / 6) and (CLOSED, OPEN) == (0.1, 0.9)
    assert row.mean == pytest.approx(3.5 / 6) and row.std == pytest.approx(np.std([0.05, 0.1, 0.5, 0.9, 0.95, 1.0]))
    assert (row.least, row.greatest) == (pytest.approx(0.05), 1.0)
    assert row.distance == pytest.approx((0.95 + 0.9 + 0.5 + 0.1 + 0.05 + 0) / 6)
    assert spread(np.array([1.5, 0.5], np.float32)).distance == 0.5  # a gate that was set may exceed 1; the mean would say 0


def test_what_travels_is_every_gate_and_every_z():
    head, numbers = unpacked(draw.packed(GATES, SQUEEZED, name="a <b>", stamp="untrained weights"))
    assert (numbers == np.concatenate([part[unit] for unit in GATES for part in (GATES, SQUEEZED)])).all()
    assert [tower["unit"] for tower in head["towers"]] == [*GATES]
    assert [tower["channels"] for tower in head["towers"]] == [*CHANNELS.values()]
    assert [tower["colour"] for tower in head["towers"]] == [unit_colour(unit) for unit in GATES]
    for tower, gates in zip(head["towers"], GATES.values()):
        assert tower["spread"] == spread(gates)._asdict() and not tower["operated"]
    assert (head["name"], head["stamp"], head["compared"]) == ("a <b>", "untrained weights", False)
    assert head["colours"] == [sequential(place / 255) for place in range(256)] and (head["closed"], head["open"]) == (CLOSED, OPEN)


def test_gates_that_were_set_come_with_those_of_the_untouched_pass():
    head, numbers = unpacked(draw.packed(GATES, SQUEEZED, OTHER, ["stages.1.1"], "dark", name="", stamp=""))
    assert (numbers == np.concatenate([part[unit] for unit in GATES for part in (GATES, SQUEEZED, OTHER)])).all()
    assert head["compared"] and [tower["operated"] for tower in head["towers"]] == [False, False, True, False]
    assert [tower["colour"] for tower in head["towers"]] == [unit_colour(unit, "dark") for unit in GATES]


def test_numbers_that_are_not_finite_travel_as_none():
    head, numbers = unpacked(pack({"a": [1.5, float("nan")], "b": {"c": float("-inf")}, "d": "ü"}, np.array([[1, 2]], np.float64)))
    assert head == {"a": [1.5, None], "b": {"c": None}, "d": "ü"} and numbers.tolist() == [1, 2]


def test_of_every_gate_the_nearest_colour():
    gates = np.array([0, 1, 0.5, 0.25 / 255, 0.75 / 255, -3, 7], np.float32)
    assert draw.level(gates).tolist() == [0, 255, 128, 0, 1, 0, 255]
    assert draw.levels()[0] == "#440154" and draw.levels()[255] == "#fde725"


def windows(svg):
    """Of each tower its windows: (x, y of the left upper corner) → colour."""
    root = ET.fromstring(svg)
    found = {}
    for tower in root.iter(SVG + "g"):
        if (title := tower.find(SVG + "title")) is None:
            continue
        found[title.text.partition(":")[0]] = {(float(x), float(y)): path.get("fill") for path in tower.iter(SVG + "path")
                                               for x, y in re.findall(r"M(\S+) (\S+?)h", path.get("d"))}
    return found


@pytest.mark.parametrize("order", draw.ORDERS)
def test_every_window_of_the_picture_is_the_gate_of_its_channel(order):
    drawn = windows(skyline_svg(GATES, order, "light"))
    assert [*drawn] == [*GATES]
    for tower, (unit, gates) in zip(draw.towers(CHANNELS), GATES.items()):
        assert len(drawn[unit]) == len(gates)
        places = sorted(drawn[unit], key=lambda place: (-place[1], place[0]))  # from the ground, row by row
        assert len({y for _, y in places}) == tower.floors and len({x for x, _ in places}) == tower.width
        values = np.sort(gates) if order == "gate" else gates
        assert [drawn[unit][place] for place in places] == [draw.levels()[shade] for shade in draw.level(values)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_stands_alone_and_says_what_it_shows(theme):
    svg = skyline_svg(GATES, "gate", theme, "stages.1.1", "untrained weights", "<net>", ["stages.6.0"])
    root = ET.fromstring(svg)
    texts = [node.text for node in root.iter(SVG + "text")]
    assert {"<net> · every gate of squeeze-and-excitation · untrained weights", "▲ stages.1.1"} <= {*texts} and texts.count("set") == 1
    assert {"share below 0.1", "share above 0.9", "distance from identity"} <= {*texts}
    for row in map(spread, GATES.values()):
        assert all(f"{share:.2f}" in texts for share in (row.closed, row.open, row.distance))
    assert root.find(SVG + "rect").get("fill") == PAGE[theme]
    assert all(float(node.get("font-size")) >= 12 for node in root.iter(SVG + "text"))
    assert all(contrast(node.get("fill"), PAGE[theme]) >= 4.5 for node in root.iter(SVG + "text")) and INK[theme] in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "") and "script" not in svg
    assert svg == skyline_svg(GATES, "gate", theme, "stages.1.1", "untrained weights", "<net>", ["stages.6.0"])


def test_a_range_reaches_from_the_least_to_the_greatest():
    gates = np.array([0.25, 0.5, 0.75], np.float32)
    root = ET.fromstring(skyline_svg({"stages.0.0": gates}))
    (dot,) = root.iter(SVG + "circle")
    (line,) = [path.get("d") for path in root.iter(SVG + "path") if "V" in path.get("d") and "h" not in path.get("d")]
    low, high = map(float, re.fullmatch(r"M\S+ (\S+?)V(\S+)", line).groups())
    assert (low + high) / 2 == float(dot.get("cy")) and low - high == 110 / 2 and dot.get("fill") == sequential(0.5)


def test_many_towers_leave_their_numbers_to_the_table():
    many = {f"stages.{i // 4}.{i % 4}": GATES["stages.0.0"] for i in range(21)}
    assert f"{spread(GATES['stages.0.0']).distance:.2f}" not in [node.text for node in ET.fromstring(skyline_svg(many)).iter(SVG + "text")]


@pytest.mark.parametrize("drawing", [skyline_svg, lambda gates, theme="light": draw.head(gates, theme)])
def test_impossible_skylines_are_refused(drawing):
    with pytest.raises(UserError, match="no squeeze-and-excitation"):
        drawing(gates={})
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        drawing(gates=GATES, theme="sepia")
    with pytest.raises(UserError, match="There is no order 'size'"):
        skyline_svg(GATES, "size")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plotly_accepts_the_logits(theme):
    figure = steps.logits(RANDOM_LOGITS, LABELS, theme)
    go.Figure(figure.to_dict())  # raises for any unknown property or value
    layout = figure.to_dict()["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert min(font_sizes(figure.to_dict())) >= 12 and contrast(layout["font"]["color"], PAGE[theme]) >= 4.5


def test_logits_in_an_unknown_theme_are_refused():
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        steps.logits(RANDOM_LOGITS, LABELS, "sepia")


def test_logits_are_sorted_and_come_with_their_probability():
    figure = steps.logits(np.array([0.0, 2.0, 1.0], np.float32), ("a", "<b>", "c"), most=2)
    (bars,) = figure.data
    assert [*bars.x] == [2.0, 1.0] and [*figure.layout.yaxis.ticktext] == ["&lt;b&gt;", "c"]
    assert [row[1] for row in bars.customdata] == ["66.5 %", "24.5 %"]  # e², e¹ over e⁰ + e¹ + e²


@pytest.mark.parametrize("stamp", ["", "untrained weights"])
def test_figures_say_so_when_the_weights_are_untrained(stamp):
    drawn = [skyline_svg(GATES, stamp=stamp), steps.logits(RANDOM_LOGITS, LABELS, stamp=stamp).to_json()]
    assert all(("untrained weights" in text) == bool(stamp) for text in drawn)
