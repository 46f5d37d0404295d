"""Squeeze-and-excitation drawn: every gate exact, in its window, in one colour scale."""

import base64
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from effnet_core.errors import UserError
from effnet_core.figures import gates as draw
from effnet_core.figures import steps
from effnet_core.inside.inspection import CLOSED, OPEN, spread
from effnet_core.palette import PAGE, contrast, unit_colour

CHANNELS = {"stages.0.0": 32, "stages.1.0": 96, "stages.1.1": 145, "stages.6.0": 1153}
RANDOM = np.random.default_rng(3)
GATES = {unit: RANDOM.random(count).astype(np.float32) for unit, count in CHANNELS.items()}
S, Z, H = GATES["stages.1.1"], RANDOM.normal(size=145).astype(np.float32), RANDOM.normal(size=6).astype(np.float32)
LABELS = tuple(f"<{i}>" for i in range(12))
FIGURES = {
    "skyline": lambda theme: draw.skyline(GATES, "gate", theme, "stages.1.1"),
    "skyline by number": lambda theme: draw.skyline(GATES, "channel", theme, None, "untrained weights"),
    "skyline of one": lambda theme: draw.skyline({"stages.0.0": np.array([0.5], np.float32)}, "gate", theme, "stages.0.0"),
    "squeezed": lambda theme: steps.squeezed(Z, S, "gate", theme, 3),
    "bottleneck": lambda theme: steps.bottleneck(H, theme, "untrained weights"),
    "gated": lambda theme: steps.gated(S, "channel", theme, 144, "untrained weights"),
    "logits": lambda theme: steps.logits(RANDOM_LOGITS, LABELS, theme),
}
RANDOM_LOGITS = RANDOM.normal(size=12).astype(np.float32)


def towers(figure):
    return [trace for trace in figure.data if trace.type == "heatmap"]


def font_sizes(value):
    if isinstance(value, dict):
        yield from (v["size"] for k, v in value.items() if k.endswith("font") and "size" in v)
        for part in value.values():
            yield from font_sizes(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from font_sizes(part)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_every_figure(name, theme):
    figure = FIGURES[name](theme)
    go.Figure(figure.to_dict())  # raises for any unknown property or value
    layout = figure.to_dict()["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert min(font_sizes(figure.to_dict())) >= 12 and contrast(layout["font"]["color"], PAGE[theme]) >= 4.5


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_numbers_give_the_same_picture(name):
    assert FIGURES[name]("light").to_json() == FIGURES[name]("light").to_json() != FIGURES[name]("dark").to_json()


@pytest.mark.parametrize("name", FIGURES)
def test_an_unknown_theme_is_refused(name):
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        FIGURES[name]("sepia")


def test_towers_do_not_touch_and_hold_one_window_per_channel():
    built = draw.towers(CHANNELS)
    assert [tower.unit for tower in built] == [*CHANNELS]
    for tower, count in zip(built, CHANNELS.values()):
        assert (tower.floors - 1) * tower.width < count <= tower.floors * tower.width
    for tower, following in zip(built, built[1:]):
        assert following.left == tower.left + tower.width + draw.BETWEEN


@pytest.mark.parametrize("order", draw.ORDERS)
def test_every_window_is_the_gate_of_its_channel(order):
    figure = draw.skyline(GATES, order)
    assert [trace.name for trace in towers(figure)] == [*GATES]
    for trace, gates in zip(towers(figure), GATES.values()):
        lit, numbers = np.asarray(trace.z), np.asarray(trace.customdata)
        there = ~np.isnan(lit)
        assert lit.dtype == np.float32 and there.sum() == len(gates) and sorted(numbers[there]) == [*range(len(gates))]
        assert (lit[there] == gates[numbers[there]]).all()
        filled = lit.ravel()[: len(gates)]  # from the ground, row by row; only the top floor may have holes
        assert not np.isnan(filled).any()
        assert (filled == (np.sort(gates) if order == "gate" else gates)).all()


def test_gates_have_one_scale_everywhere():
    figure = draw.skyline({"stages.0.0": np.full(8, 0.4, np.float32), "stages.1.0": np.full(8, 0.6, np.float32)})
    assert {(trace.zmin, trace.zmax) for trace in towers(figure)} == {(0, 1)}
    scales = {str(trace.colorscale) for trace in towers(figure)}
    area = steps.gated(S).data[0].fillgradient
    assert len(scales) == 1 and str(area.colorscale) in scales and (area.start, area.stop) == (0, 1)
    assert [trace.showscale for trace in towers(figure)] == [True, False]


def test_towers_stand_on_their_stage_colour_and_name_their_block():
    (feet,) = [trace for trace in draw.skyline(GATES).data if trace.type == "bar"]
    assert [row[0] for row in feet.customdata] == [*GATES] and [*feet.marker.color] == [unit_colour(unit) for unit in GATES]
    assert [*feet.x] == [tower.centre for tower in draw.towers(CHANNELS)]


def test_only_the_selected_tower_is_framed_and_named():
    figure = draw.skyline(GATES, selected="stages.1.1")
    (frame,) = figure.layout.shapes
    tower = next(tower for tower in draw.towers(CHANNELS) if tower.unit == "stages.1.1")
    assert frame.x0 < tower.left - 0.5 and tower.left + tower.width - 0.5 < frame.x1
    assert [note.text for note in figure.layout.annotations if "stages" in note.text] == ["<b>▲ stages.1.1</b>"]
    assert not draw.skyline(GATES, selected="stem").layout.shapes


def test_the_spread_is_that_of_the_gates():
    gates = np.array([0.05, 0.1, 0.5, 0.9, 0.95, 1.0], np.float32)
    row = spread(gates)
    assert (row.closed, row.open) == (1 / 6, 2 / 6) and (CLOSED, OPEN) == (0.1, 0.9)
    assert row.mean == pytest.approx(3.5 / 6) and row.std == pytest.approx(np.std([0.05, 0.1, 0.5, 0.9, 0.95, 1.0]))
    reach, dots = [trace for trace in draw.skyline({"stages.0.0": gates}).data if trace.type == "scatter"]
    assert dots.y[0] == pytest.approx(row.mean) and dots.error_y.array[0] == pytest.approx(row.std)
    assert dots.y[0] + reach.error_y.array[0] == pytest.approx(1.0) and dots.y[0] - reach.error_y.arrayminus[0] == pytest.approx(0.05)


def test_shares_are_written_where_there_are_any():
    half = {"stages.0.0": np.array([0.01, 0.5, 0.5, 0.95], np.float32), "stages.1.0": np.full(1000, 0.5, np.float32)}
    half["stages.1.0"][0] = 0.99
    written = [note.text for note in draw.skyline(half).layout.annotations]
    assert written == ["25 %", "25 %", "&lt; 1 %"]
    many = {f"stages.{i // 4}.{i % 4}": half["stages.0.0"] for i in range(draw.MOST_SHARES + 1)}
    assert not draw.skyline(many).layout.annotations


def test_gates_travel_as_typed_arrays():
    sent = json.loads(draw.skyline(GATES).to_json())
    z = next(trace for trace in sent["data"] if trace["name"] == "stages.6.0")["z"]
    assert z["dtype"] == "f4" and len(base64.b64decode(z["bdata"])) < 4 * 1153 * 1.05
    assert len(json.dumps(sent)) < 12 * sum(CHANNELS.values()) + 10_000


@pytest.mark.parametrize("order", draw.ORDERS)
def test_steps_show_the_same_channels_in_the_same_order(order):
    z, s = steps.squeezed(Z, S, order, chosen=17), steps.gated(S, order, chosen=17)
    (zs,), (area, gates) = z.data, s.data
    places = np.asarray(zs.customdata)
    assert (places == np.asarray(gates.customdata)).all() and (zs.y == Z[places]).all() and (gates.y == S[places]).all()
    assert (area.y[:-1] == S[places]).all() and (np.asarray(area.x) == np.arange(146) - 0.5).all()  # a step as wide as its bar
    assert (places == (np.argsort(S, kind="stable") if order == "gate" else np.arange(145))).all()
    for figure in (z, s):
        (mark,) = figure.layout.annotations
        assert places[mark.x] == 17 and "channel 17" in mark.text


def test_the_bottleneck_has_a_bar_per_squeezed_channel():
    assert (steps.bottleneck(H).data[0].y == H).all()


def test_logits_are_sorted_and_come_with_their_probability():
    figure = steps.logits(np.array([0.0, 2.0, 1.0], np.float32), ("a", "<b>", "c"), most=2)
    (bars,) = figure.data
    assert [*bars.x] == [2.0, 1.0] and [*figure.layout.yaxis.ticktext] == ["&lt;b&gt;", "c"]
    assert [row[1] for row in bars.customdata] == ["66.5 %", "24.5 %"]  # e², e¹ over e⁰ + e¹ + e²


@pytest.mark.parametrize("stamp", ["", "untrained weights"])
def test_figures_say_so_when_the_weights_are_untrained(stamp):
    drawn = [draw.skyline(GATES, stamp=stamp), steps.squeezed(Z, S, stamp=stamp), steps.bottleneck(H, stamp=stamp),
             steps.gated(S, stamp=stamp), steps.logits(RANDOM_LOGITS, LABELS, stamp=stamp)]
    assert all(("untrained weights" in figure.to_json()) == bool(stamp) for figure in drawn)


def test_impossible_skylines_are_refused():
    with pytest.raises(UserError, match="no squeeze-and-excitation"):
        draw.skyline({})
    with pytest.raises(UserError, match="There is no order 'size'"):
        draw.skyline(GATES, "size")
