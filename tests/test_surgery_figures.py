"""What is drawn of gates set by hand, and of two pictures: every number exact."""

import io
import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from effnet_core.errors import UserError
from effnet_core.figures import pair
from effnet_core.figures import surgery as draw
from effnet_core.inside.ablation import Ablated
from effnet_core.inside.inspection import Inspection
from effnet_core.palette import GRID, MUTED, unit_colour

LABELS = ("<b>", "plain", "third", "fourth", "fifth", "sixth", "seventh")
BEFORE = Inspection(LABELS, np.array([5, 1, 0.5, 0, -1, -2, -3], np.float32), np.zeros((3, 2, 2), np.float32), {}, {}, {})
AFTER = replace(BEFORE, logits=np.array([-4, 1, 0.5, 0, -1, -2, 3], np.float32))
GATES = np.array([0.9, 0.1, 0.5, 0.3], np.float32)


def unpacked(data, columns):
    length = int.from_bytes(data[:4])
    rest = np.frombuffer(data[4 + length :], np.uint8)
    return json.loads(data[4 : 4 + length]), *(part.view("<f4") for part in np.split(rest, columns))


def test_pairs_have_the_best_of_both_passes():
    rows = draw.pairs(BEFORE, AFTER)
    assert [row.label for row in rows] == ["seventh", "plain", "third", "fourth", "<b>"]
    for row in rows:
        place = LABELS.index(row.label)
        assert (row.before, row.after) == (BEFORE.probabilities[place], AFTER.probabilities[place])
        assert (row.logit_before, row.logit_after) == (BEFORE.logits[place], AFTER.logits[place])
    assert [row.label for row in draw.pairs(BEFORE, BEFORE)] == list(LABELS[:5])
    few = replace(BEFORE, labels=LABELS[:2], logits=BEFORE.logits[:2])
    assert [row.label for row in draw.pairs(few, few)] == ["<b>", "plain"]


def test_channels_are_sorted_by_effect_gate_or_number():
    slopes = np.array([1, -20, 0, 4], np.float32)  # |s · slope|: 0.9, 2, 0, 1.2
    assert draw.sorted_channels(GATES, slopes, "effect").tolist() == [1, 3, 0, 2]
    assert draw.sorted_channels(GATES, None, "gate").tolist() == [1, 3, 2, 0]
    assert draw.sorted_channels(GATES, None, "channel").tolist() == [0, 1, 2, 3]
    with pytest.raises(UserError, match="no order 'x'"):
        draw.sorted_channels(GATES, None, "x")


@pytest.mark.parametrize("block", ["stages.0.0", "stages.10.12"])
def test_handles_travel_as_bytes(block):
    order, now = np.array([2, 0, 3, 1]), GATES * np.float32(0.5)
    head, first, second, third, places = unpacked(draw.handles(block, now, GATES, order, [3, 1], "ü", GATES * 2, 3), 4)
    assert (first == now).all() and (second == GATES).all() and (third == GATES * 2).all() and places.view("<u4").tolist() == order.tolist()
    assert (head["block"], head["channels"], head["single"], head["stamp"], head["slopes"], head["chosen"]) == (
        block,
        4,
        [1, 3],
        "ü",
        True,
        3,
    )
    assert not unpacked(draw.handles(block, now, GATES, order, []), 4)[0]["slopes"]


ROWS = [Ablated("stages.0.0", 0.5, 4.0, 0), Ablated("stages.4.1", 0.001, -2.0, 1), Ablated("stages.6.0", 0.999, 9.0, 0)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_worth_of_every_block(theme):
    drawn = draw.worth(ROWS, BEFORE, 0, theme, "stages.4.1", "untrained weights")
    go.Figure(drawn.to_plotly_json())  # valid for Plotly
    (bars,), was = drawn.data, BEFORE.probabilities[0]
    assert bars.y.tolist() == [row.probability - was for row in ROWS] and [row[0] for row in bars.customdata] == [row.block for row in ROWS]
    assert list(bars.marker.color) == [unit_colour(row.block, theme) for row in ROWS] and list(bars.marker.line.width) == [0, 2.5, 0]
    assert [note.text for note in drawn.layout.annotations] == [
        "↷",
        "untrained weights",
    ] and "the best guess is now plain" in bars.customdata[1][4]
    low, high = drawn.layout.yaxis.range
    assert low < bars.y.min() and high > max(0, bars.y.max())
    assert bars.customdata[0][1:4] == [f"{100 * was:.2f} %", "50.00 %", "−1.000"]


@pytest.mark.parametrize("shift", [0.0, 1e-9, 0.003, -0.04, 0.9])
def test_the_axis_of_worth_has_round_ticks(shift):
    rows = [row._replace(probability=float(BEFORE.probabilities[0]) + shift) for row in ROWS]
    axis = draw.worth(rows, BEFORE, 0).layout.yaxis
    assert 1 <= len(axis.tickvals) <= 7 and len({*axis.ticktext}) == len(axis.ticktext)
    for value, text in zip(axis.tickvals, axis.ticktext):
        assert float(text.replace("−", "-")) == pytest.approx(100 * value)


def test_the_maps_that_changed_most():
    before = np.zeros((4, 2, 2), np.float32)
    after = before + np.array([0, 1, -3, 2], np.float32)[:, None, None]
    places, moved = draw.changed(before, after, 2)
    assert places.tolist() == [2, 3] and moved.tolist() == [3, 2]
    assert draw.changed(before, after, 9)[0].tolist() == [2, 3, 1] and not len(draw.changed(before, before, 3)[0])


RANDOM = np.random.default_rng(5)
THESE = {"stages.0.0": RANDOM.random(32, np.float32), "stages.4.1": RANDOM.random(50, np.float32), "stages.4.2": np.full(7, 1, np.float32)}
THOSE = {block: RANDOM.random(len(gates), np.float32) for block, gates in THESE.items()}


def test_differences_of_gates():
    rows = pair.differences(THESE, THOSE)
    assert [row.block for row in rows] == [*THESE]
    for row in rows:
        these, those = (gates[row.block].astype(float) for gates in (THESE, THOSE))
        assert row.mean == pytest.approx(sum(abs(a - b) for a, b in zip(these, those)) / len(these))
        assert row.most == abs(these - those).max() == abs(these[row.channel] - those[row.channel])
    assert rows[0].correlation == pytest.approx(np.corrcoef(THESE["stages.0.0"], THOSE["stages.0.0"])[0, 1], rel=1e-5)
    assert np.isnan(rows[2].correlation)  # all gates alike on one picture


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_small_scatters_have_every_channel_in_its_place_and_colour(theme):
    sheet = pair.panels(THESE, THOSE, theme)
    image = np.asarray(Image.open(io.BytesIO(sheet.png)).convert("RGBA"))
    assert (sheet.width, sheet.height, sheet.columns) == (pair.SIDE, pair.SIDE, 2)
    for place, (block, gates) in enumerate(THESE.items()):
        top, left = (k * (pair.SIDE + 1) for k in divmod(place, 2))
        panel = image[top : top + pair.SIDE, left : left + pair.SIDE, :3]
        last = pair.SIDE - 1
        wanted = {(last - min(int(b * pair.SIDE), last), min(int(a * pair.SIDE), last)) for a, b in zip(gates, THOSE[block])}
        dots = {(y, x) for y, x in zip(*np.nonzero((panel == [*bytes.fromhex(unit_colour(block, theme)[1:])]).all(-1)))}
        assert dots == wanted
        rest = {tuple(panel[y, x]) for y in range(pair.SIDE) for x in range(pair.SIDE) if (y, x) not in wanted}
        assert rest == {tuple(bytes.fromhex(colour[1:])) for colour in (GRID[theme], MUTED[theme])}


def test_the_large_scatter_travels_as_bytes():
    head, x, y = unpacked(pair.cloud("stages.4.1", THESE["stages.4.1"], THOSE["stages.4.1"], ("a", "b"), 7, "dark", "ü", "f"), 2)
    assert (x == THESE["stages.4.1"]).all() and (y == THOSE["stages.4.1"]).all()
    assert head == {
        "block": "stages.4.1",
        "channels": 50,
        "names": ["a", "b"],
        "chosen": 7,
        "colour": unit_colour("stages.4.1", "dark"),
        "stamp": "ü",
        "file": "f",
    }


def test_the_farthest_channels():
    assert pair.farthest(np.array([0, 0.5, 1, 0.2]), np.array([0, 0.9, 0.1, 0.3]), 3).tolist() == [2, 1, 3]


def test_gates_that_are_no_finite_numbers_have_no_dot():
    wild = np.array([0.5, np.nan, np.inf, 0.9], np.float32)
    other = np.array([0.5, 0.5, 0.5, np.nan], np.float32)
    assert (pair.panel(wild, other) == pair.panel(wild[:1], other[:1])).all() and (pair.panel(other, wild) == pair.DOT).sum() == 1
