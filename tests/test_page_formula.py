"""Four sections of the Scaling page: formula or table, why about 2, kinds of layers, memory."""

import re

import plotly.graph_objects as go
import pytest

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, EFFICIENTNET, PAPER, compound, published
from effnet_core.figures import formula as formula_figures
from effnet_core.figures import memory as memory_figures
from effnet_core.figures import shares, staircase
from effnet_core.lab import exponents, formula, memory, rounding
from effnet_core.palette import PAGE, contrast
from effnet_core.scaling import Scaling
from pages.shared import results, texts
from pages.shared.lab import constraint
from pages.shared.lab import memory as memory_room

from .apps import open_app
from .test_figures import font_sizes
from .test_page_scaling import words

ASKS = ("Formula or table", "Why about 2", "Kinds of layers", "Memory")
B0, B7 = published("b0"), published("b7")
LINE = list(rounding.over_phi(EFFICIENTNET, *PAPER, [step / 30 for step in range(-60, 241)]))
ROW = memory_figures.Row("B0", 385_814_752, 3 * 10**9, 5 * 10**8, 8 * 10**7, 2 * 10**7)
FIGURES = {
    "implied": lambda theme: formula_figures.implied(formula.comparisons(*PAPER), theme, 2.0, "b7"),
    "implied, no φ": lambda theme: formula_figures.implied(formula.comparisons(1.0, 1.0, 1.0), theme, -2.0),
    "step": lambda theme: formula_figures.step(exponents.one_step(EFFICIENTNET, *PAPER), theme),
    "step of nothing": lambda theme: formula_figures.step(exponents.one_step(EFFICIENTNET, 1.0, 1.0, 1.0), theme),
    "over φ": lambda theme: staircase.over_phi(LINE, 385_814_752, 1.92, (1.0, 992_629_472), theme),
    "over the side": lambda theme: staircase.over_side(rounding.over_side(EFFICIENTNET, Scaling(1.0, 1.0, 224), 48), 224, theme),
    "memory": lambda theme: memory_figures.over_networks([ROW, ROW._replace(name="B7", macs=10**11)], ROW, (8, 80), theme),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_every_figure(name, theme):
    drawn = FIGURES[name](theme).to_dict()
    go.Figure(drawn)
    assert min(font_sizes(drawn)) >= 12 and contrast(drawn["layout"]["font"]["color"], PAGE[theme]) >= 4.5
    assert FIGURES[name](theme).to_json() == FIGURES[name](theme).to_json()
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        FIGURES[name]("sepia")


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_light_enough_to_send(name):
    assert len(FIGURES[name]("light").to_json(validate=False)) < 30_000


def test_marks_of_a_network_stand_at_the_phi_they_mean():
    traces = {trace.name: trace for trace in formula_figures.implied(formula.comparisons(*PAPER)).data}
    for dimension in ("depth", "width", "resolution"):
        assert list(traces[dimension].x) == [getattr(row.implied, dimension) for row in formula.comparisons(*PAPER)]
    assert list(traces["number in the name"].x) == [*range(9)] and len({trace.marker.symbol for trace in traces.values()}) == 5


def test_bars_of_a_step_end_at_its_factor():
    strides = exponents.one_step(EFFICIENTNET, *PAPER)
    bars = formula_figures.step(strides).data
    ends = {bar.y[0]: bar.base[0] + bar.x[0] for bar in bars}
    assert ends == pytest.approx({0: 992_629_472 / 385_814_752, 1: 1.2 * 1.21 * 1.3225})


@pytest.mark.parametrize("by, count", [("kind", 7), ("block", 19)])
def test_four_shares_of_b0(by, count):
    lines = shares.four(cost(B0), B0, by)
    assert len(lines) == count and all(set(line.shares) == {"params", "macs", "activations"} for line in lines)
    for metric in ("params", "macs", "activations"):
        assert sum(line.shares[metric][0] for line in lines) == pytest.approx(1)
    if by == "kind":
        se = next(line for line in lines if line.name == "SE")
        assert se.shares["params"][0] == 636_540 / 5_288_548 and "636,540 parameters, 12.0 %" in se.shares["params"][1]


def test_many_blocks_fold_and_nothing_is_lost():
    network = compound(8.0)
    lines = shares.four(cost(network), network, "block", "dark", {layer.id: 1.0 for layer in network.layers})
    assert len(network.blocks) > shares.MOST >= len(lines)
    assert all(sum(line.shares[metric][0] for line in lines) == pytest.approx(1) for metric in ("params", "macs", "time"))
    assert any(re.match(r"stages\.3\.1 … \d+$", line.name) for line in lines)


@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("address", [
    {}, {"phi": "8"}, {"phi": "-2"}, {"phi": "8", "alpha": "2"}, {"alpha": "1", "beta": "1", "gamma": "1"},
    {"source": "Published", "name": "L2"}, {"source": "Published", "name": "Lite3"},
    {"base": "ResNet-50", "phi": "1"}, {"base": "MobileNetV1"}, {"base": "MnasNet-A1"},
    {"source": "Published", "name": "ResNet-152"}])
def test_every_section_takes_every_network(ask, address):
    app = open_app("scaling", ask=ask, **address)
    assert not app.exception and not app.warning


@pytest.mark.parametrize("ask", ASKS)
def test_absurd_sliders_get_a_sentence_and_the_way_back(ask):
    app = open_app("scaling", ask=ask, phi="8", gamma="2")
    assert not app.exception and "8 to 8192" in app.warning[0].value
    app.slider(key="gamma").set_value(1.15).run()
    assert not app.exception and not app.warning and app.session_state["ask"] == ask


def test_why_b7_is_not_the_seventh_power():
    text = words(open_app("scaling", ask="Formula or table"))
    for number in ("6.21", "7.27", "7.05", "6.88", "109.13", "77.95", "7.17", "149", "150", "66,347,960", "37,745,884,192"):
        assert number in text, number
    assert "B2 comes closest to that (1.00 to 1.07), L2 is farthest (9.11 to 15.30)" in text.replace("\n", " ")


def test_the_formula_beside_a_chosen_network():
    app = open_app("scaling", ask="Formula or table", formula_at="The number in its name", released="B3")
    assert not app.exception and "19.20 → 24 ↑ 10 % rule" in words(app)
    app.slider(key="phi").set_value(2.0)
    app.button_group(key="formula_at").set_value("The sliders' φ").run()
    assert f"{cost(compound(2.0)).params:,}" in words(app)


def test_other_bases_are_told_that_the_table_is_efficientnet_s():
    app = open_app("scaling", ask="Formula or table", base="ResNet-50")
    assert any("applied to B0 here, not to ResNet-50" in caption.value for caption in app.caption)


def test_why_about_two():
    text = words(open_app("scaling", ask="Why about 2"))
    assert "1.920" in text and "×2.57" in text and "449,497,408" in text and "16.5 % for one pixel" in text
    assert "+16.5 %" in text and "w¹·⁰⁰" in text and "breaks in width" in text and "17.5 %" in text


def test_the_line_over_phi_covers_the_slider():
    line = constraint._line(EFFICIENTNET, *PAPER)
    assert (line[0][0], line[-1][0]) == (-2.0, 8.0) and (0.0, 224, 385_814_752) in line and (1.0, 258, 992_629_472) in line


def test_where_the_cost_lives_in_words():
    text = words(open_app("scaling", ask="Kinds of layers"))
    for params, macs in (("12.0", "0.2"), ("24.2", "0.3"), ("3.8", "9.0"), ("59.9", "87.7")):
        assert f"{params} % of the parameters, {macs} % of the MACs" in text
    assert "not measured yet" in text  # and no time is invented
    assert "stages.4.1" in words(open_app("scaling", ask="Kinds of layers", shares_by="Block"))


def test_measured_time_is_the_fourth_share():
    app = open_app("scaling", ask="Kinds of layers")
    ms = {layer.id: 3.0 if layer.operator == "depthwise" else 1.0 for layer in B0.layers}
    app.session_state["_measurements"] = [{"key": results.key_of(B0), "layers": ms, "job": "", "steady": True}]
    app.run()
    share = 48 / sum(ms.values())
    assert not app.exception and "not measured yet" not in words(app)
    assert f"9.0 % of the MACs, {100 * share:.1f} % of the measured time" in words(app)
    app.slider(key="phi").set_value(1.0).run()
    assert "not measured yet" in words(app)


def test_memory_on_screen_is_that_of_the_core():
    app = open_app("scaling", ask="Memory", images="8", optimiser="SGD with momentum")
    walked, table = memory.footprint(B0), cost(B0)
    assert f"{memory.training(table, walked, 8, 'SGD with momentum').total:,} bytes" in words(app)
    assert f"{memory.inference(table, walked, 8).total:,} bytes" in words(app)
    app.slider(key="images").set_value(9).run()
    assert f"{memory.training(table, walked, 9, 'SGD with momentum').activations:,} bytes" in words(app)


def test_what_fits_is_told_for_every_card():
    table, walked = cost(B7), memory.footprint(B7)
    fits = [int(text.replace(",", "")) for text in memory_room._batches(table, walked, "Adam", "training")]
    for most, card in zip(fits, memory_room.CARDS):
        assert memory.training(table, walked, most, "Adam").total <= card * 2**30 < memory.training(table, walked, most + 1, "Adam").total


@pytest.mark.parametrize("query", [
    {"images": "0"}, {"images": "1e9"}, {"optimiser": "hope"}, {"released": "b99"}, {"formula_at": ""}, {"released": ""},
    {"shares_by": ""}])
@pytest.mark.parametrize("ask", ASKS)
def test_nonsense_in_the_address_is_ignored(ask, query):
    assert not open_app("scaling", ask=ask, **query).exception


@pytest.mark.parametrize("name", ["formula", "constraint", "kinds", "memory"])
def test_texts_are_there(name):
    assert all(texts.sections(name).values())


def test_every_kind_of_layer_has_a_name_on_screen():
    kinds = {row.kind for family in BASES.values() for row in exponents.doublings(family)}
    assert kinds <= set(constraint.KINDS)
