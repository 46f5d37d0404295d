"""The clickable graph as data: the same nodes and edges as for Graphviz, exact figures, readable colours, and buttons that fold."""

import json

import pytest

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, compound, published
from effnet_core.figures import bars, lab, numbers, strip
from effnet_core.graph import COLOURS, LEVELS, edges, nodes
from effnet_core.palette import contrast, unit_colour

B0 = published("b0")
TOTAL = cost(B0)
MS = {layer.id: 0.25 + index / 7 for index, layer in enumerate(B0.layers)}
ALL = [f"stages.{i}" for i in range(7)]
HUGE = compound(7, 2, 2, 1.5)


def picture(network=B0, level="block", metric="macs", opened=(), theme="light", selected="stages.4.1", times=None):
    return lab.picture(network, cost(network), level, metric, opened, theme, selected, times)


def by_key(drawn):
    return {node["key"]: node for node in drawn["nodes"]}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("base", BASES)
def test_the_picture_has_the_nodes_and_edges_of_the_graph(base, level):
    network = compound(1, base=base)
    drawn, expected = picture(network, level, opened=[s.id for s in network.stages], selected=network.nearest("stages.4.1")), nodes(
        network, level, [s.id for s in network.stages])
    assert [node["key"] for node in drawn["nodes"]] == [node.key for node in expected]
    assert [tuple(edge) for edge in drawn["edges"]] == edges(expected)
    json.dumps(drawn, allow_nan=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("metric", COLOURS)
def test_texts_are_readable_and_borders_are_the_stages(theme, metric):
    for node in picture(level="layer", metric=metric, opened=ALL, theme=theme, times=MS)["nodes"]:
        if node["fill"]:
            assert contrast(node["fill"], node["ink"]) >= 4.5 and node["border"] == unit_colour(node["unit"], theme)


def test_the_hover_has_every_cost_exactly():
    node = by_key(picture())["stages.5.1-3"]
    each = TOTAL.units["stages.5.1"]
    rows = dict(node["rows"])
    assert rows["MACs"].startswith(f"3 × {each.macs:,} = {3 * each.macs:,} (") and rows["Parameters"].startswith(f"3 × {each.params:,} = ")
    assert rows["Activations"].startswith(f"3 × {each.activations:,} = {3 * each.activations:,} (")
    field = TOTAL.units["stages.5.3"].receptive_field
    assert rows["Receptive field"] == f"{field} px, {field / 224:.2f} × the image side, more than the image"
    assert "more than" not in dict(by_key(picture())["stages.2.0"]["rows"])["Receptive field"]  # 35 px
    assert node["shapes"] == "192 × 7 × 7 → 192 × 7 × 7" and "Measured time" not in rows
    assert dict(by_key(picture(metric="time", times=MS))["stem"]["rows"])["Measured time"].startswith("0.25 ms (")


def test_a_node_shows_its_part_of_the_whole():
    for metric in ("macs", "params", "activations"):
        drawn = picture(metric=metric)
        whole = getattr(TOTAL, metric)
        assert by_key(drawn)["head"]["figure"].endswith(f"{100 * getattr(TOTAL.units['head'], metric) / whole:.1f} %")
    assert by_key(picture(metric="field"))["head"]["figure"] == f"{851 / 224:.2f} ×"  # that of its last layer, not a sum
    assert picture(metric="field")["legend"]["side"] == pytest.approx(224 / 851)  # where the scale passes the image side


def test_the_strongest_fill_is_the_end_of_the_legend():
    drawn = picture()
    assert drawn["legend"]["colours"][-1] in {node["fill"] for node in drawn["nodes"]} and drawn["legend"]["top"] == "69.6 M"


@pytest.mark.parametrize("level, selected, marked", [
    ("block", "stages.5.2", ["stages.5.1-3"]), ("stage", "stages.2.1", ["stages.2"]), ("layer", "head", ["head"]),
    ("layer", "stages.0.0", ["stages.0.0.depthwise", "stages.0.0.se", "stages.0.0.project"]),
])
def test_the_selected_unit_is_marked_and_stays_selected_when_its_node_is_clicked(level, selected, marked):
    drawn = picture(level=level, selected=selected)
    assert [node["key"] for node in drawn["nodes"] if node["chosen"]] == marked
    assert all(by_key(drawn)[key]["pick"] == selected for key in marked)
    assert by_key(picture())["stages.5.1-3"]["pick"] == "stages.5.1" and by_key(picture())["input"]["pick"] == ""


def test_buttons_unfold_and_fold():
    def buttons(level, opened=()):
        return {node["key"]: (node["fold"]["stage"], node["fold"]["opens"]) for node in picture(level=level, opened=opened)["nodes"] if node["fold"]}

    assert buttons("stage") == {}
    assert buttons("block") == {"stages.3.1-2": ("stages.3", True), "stages.4.1-2": ("stages.4", True), "stages.5.1-3": ("stages.5", True)}
    assert buttons("block", ["stages.5"])["stages.5.1"] == ("stages.5", False) and "stages.1.1" not in buttons("block", ["stages.1"])
    assert buttons("layer")["stages.1.1"] == ("stages.1", True) and buttons("layer", ["stages.1"])["stages.1.1.expand"] == ("stages.1", False)
    full = picture(HUGE, "layer", opened=ALL)["nodes"]
    assert all(node["fold"] is None for node in full if node["note"])  # what has no room to unfold has no button


def test_what_cannot_be_drawn_is_said():
    with pytest.raises(UserError, match="There is no level 'tensor'"):
        picture(level="tensor")
    with pytest.raises(UserError, match="There is no stage 'stages.7' to open"):
        picture(opened=["stages.7"])
    with pytest.raises(UserError, match="66 of 66 are missing"):
        picture(metric="time")


def test_too_many_blocks_stand_as_one_mark_and_one_bar_each_stage():
    marks = strip.strip(HUGE, "light", "stages.4.9")
    assert len(marks["marks"]) == 1 + 7 * 2 + 2 and sum(mark["count"] for mark in marks["marks"]) == len(HUGE.blocks) + 3
    assert marks["selected"] == "stages.4.1"
    drawn = bars.by_unit(cost(HUGE), HUGE, "macs", "light", "stages.4.9")
    assert sum(bar["span"] for bar in drawn["bars"]) == len(HUGE.blocks) + 3 and drawn["selected"] == "stages.4.1"
    assert max(group["last"] for group in drawn["groups"]) == len(HUGE.blocks) + 2  # words stand under units, not under bars
    assert [bar["span"] for bar in bars.by_unit(TOTAL, B0, "macs", "light", "stem")["bars"]] == [1] * 19


def test_tiles_mark_what_changed():
    now = numbers.tiles(compound(1), cost(compound(1)), numbers.figures(B0, TOTAL))
    assert {tile["label"]: tile["change"] for tile in now}["MACs per image"] == "×2.57"
    assert not any(tile["change"] for tile in numbers.tiles(B0, TOTAL, numbers.figures(B0, TOTAL)))
    assert numbers.tiles(B0, TOTAL, as_flops=True)[1]["exact"] == f"{2 * TOTAL.macs:,}"
    assert (numbers.changed(3, 2), numbers.changed(1, 4), numbers.changed(9, 10), numbers.changed(5, 0)) == ("+50 %", "×0.25", "−10 %", "")
