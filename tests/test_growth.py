"""Strips of gates and of their changes, and the spread of the gates over a training."""

import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from effnet_core.errors import UserError
from effnet_core.figures import growth
from effnet_core.palette import diverging, sequential

GATES = {"stages.0.0": np.array([0.0, 0.5, 1.0], np.float32), "stages.3.1": np.array([0.25, 0.75], np.float32)}
EARLIER = {"stages.0.0": np.array([0.5, 0.5, 0.5], np.float32), "stages.3.1": np.array([0.25, 0.65], np.float32)}


def colours(png):
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.height == 1
    return ["#" + bytes(picture.getpixel((x, 0))).hex() for x in range(picture.width)]


def test_gates_have_their_one_fixed_scale():
    assert colours(growth.gate_strip(GATES["stages.0.0"])) == [sequential(0.0), sequential(128 / 255), sequential(1.0)]
    assert colours(growth.gate_strip(np.array([np.nan, 7.0, -1.0]))) == [sequential(0.0), sequential(1.0), sequential(0.0)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_changes_have_a_signed_one_whose_ends_hold_all_beyond(theme):
    change = np.array([-1.0, -growth.REACH, 0.0, growth.REACH, 1.0])
    assert colours(growth.change_strip(change, theme)) == [diverging(t, theme) for t in (-1, -1, 0, 1, 1)]


def test_a_row_says_how_its_gates_are_and_how_they_moved():
    first, second = growth.rows(GATES, EARLIER)
    assert (first.unit, first.channels, second.unit, second.channels) == ("stages.0.0", 3, "stages.3.1", 2)
    assert first.mean == 0.5 and first.std == pytest.approx(np.sqrt(1 / 6)) and first.moved == pytest.approx(1 / 3)
    assert second.moved == pytest.approx(0.05)
    assert colours(first.change) == [diverging(-1), diverging(0), diverging(1)]
    assert colours(first.gates) == colours(growth.gate_strip(GATES["stages.0.0"]))


def test_without_an_earlier_look_nothing_is_said_to_have_moved():
    assert [(row.change, row.moved) for row in growth.rows(GATES, None)] == [(None, None)] * 2
    (first, second) = growth.rows(GATES, {"stages.3.1": GATES["stages.3.1"]})
    assert first.moved is None and second.moved == 0.0


def test_the_spread_is_drawn_over_the_course_with_a_mark_where_one_looks():
    course = [(0.0, growth.spread(EARLIER)), (1.5, growth.spread(GATES))]
    drawn = growth.spreads(course, "dark", 1.5)
    go.Figure(drawn.to_dict())  # Plotly's own validation
    assert [trace.name for trace in drawn.data] == ["stages.0.0", "stages.3.1"]
    assert [list(trace.x) for trace in drawn.data] == [[0.0, 1.5]] * 2
    assert drawn.data[0].y[1] == pytest.approx(np.sqrt(1 / 6)) and drawn.data[1].y[0] == pytest.approx(0.2)
    assert (drawn.layout.shapes[0].x0, drawn.layout.shapes[0].x1) == (1.5, 1.5)
    assert [note.text for note in drawn.layout.annotations] == ["<b>0.0</b>", "<b>3.1</b>"]


def test_names_at_the_ends_of_lines_keep_apart():
    course = [(1.0, {f"stages.{number}.0": 0.3 + 0.01 * number for number in range(7)})]
    names = [note.text for note in growth.spreads(course).layout.annotations]
    assert names == ["<b>6.0</b>", "<b>2.0</b>"]  # 0.36, then the first one a tenth of that lower


def test_a_course_without_looks_is_an_empty_figure():
    assert not growth.spreads([]).data


def test_an_unknown_theme_is_refused():
    with pytest.raises(UserError, match="no theme"):
        growth.spreads([(0.0, growth.spread(GATES))], "sepia", 0.0)
