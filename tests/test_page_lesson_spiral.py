"""The lessons "Why linear" and "Why skip connections" on the page Blocks."""

import re

import numpy as np
import pytest

from effnet_core.families import compound, published
from effnet_core.figures import rectified, skips
from effnet_core.lessons import stack
from effnet_core.lessons.learnt import recorded
from effnet_core.lessons.rectified import Cut
from effnet_core.lessons.shortcuts import Flow
from effnet_core.lessons.spiral import collapse, losses
from pages.shared import texts
from pages.shared.lessons import skips as lesson_skips
from pages.shared.lessons import spiral as lesson_spiral

from .apps import open_app

LINEAR, SKIPS = {"lesson": "Why linear"}, {"lesson": "Why skip connections"}


def prose(app) -> str:
    return " ".join(" ".join(part.value for part in (*app.markdown, *app.caption)).split())


def tables(app) -> str:
    return " ".join(part.proto.body for part in app.get("html"))


@pytest.mark.parametrize("address", [LINEAR, SKIPS])
def test_a_lesson_opens(address):
    app = open_app("blocks", **address)
    assert not app.exception and not app.warning and "Your guess first" in prose(app)


@pytest.mark.parametrize("address", [
    {**LINEAR, "spiral_n": "999"}, {**LINEAR, "spiral_n": "two"}, {**LINEAR, "spiral_act": "tanh"}, {**LINEAR, "spiral_scale": "nan", "spiral_seed": "-4"},
    {**LINEAR, "linear_photo": "upload-0"}, {**SKIPS, "depth_blocks": "0"}, {**SKIPS, "depth_rate": "7", "depth_case": "B9"}, {**SKIPS, "depth_gain": "1e9"}])
def test_an_address_may_say_anything(address):
    assert not open_app("blocks", **address).exception


@pytest.mark.parametrize("base", ["ResNet-50", "MobileNetV1", "MobileNetV2"])
@pytest.mark.parametrize("address", [LINEAR, SKIPS])
def test_other_families(base, address):
    app = open_app("blocks", base=base, **address)
    assert not app.exception and (("has no MBConv" in prose(app)) == (address is LINEAR and base != "MobileNetV2"))


def test_guesses_are_judged_by_what_was_computed():
    app = open_app("blocks", **LINEAR)
    app.button_group(key="guessed_spiral").set_value(lesson_spiral.GUESSES.index(0.75)).run()
    assert "As you expected" in prose(app) and collapse(2) == 0.75


def test_the_guess_about_skips_is_judged_by_the_recorded_trainings():
    """Those of the page: the same depth, steps and rate as in the browser. In a part of the steps the same kind tells all points right, and skip alone has no finite loss."""
    found = recorded()
    assert (found.depth, found.steps, found.points, found.rate) == (stack.DEEPEST, lesson_skips.STEPS, 2 * stack.PLACES, float(lesson_skips.RATE))
    assert set(found.right) == {kind.name for kind in stack.KINDS} and found.seeds >= 20 and {len(shares) for shares in found.right.values()} == {found.seeds}
    assert lesson_skips.GUESSES[lesson_skips.learns()] == "only skip + norm" and found.never == ["plain", "skip", "norm"]
    assert found.span("plain")[0] == found.span("plain")[2], "the text says where plain stays"
    last = {kind.name: stack.learnt(stack.DEEPEST, kind, "relu", 1.0, found.seeds, found.rate, 50) for kind in stack.KINDS}
    assert last["skip + norm"] == 1.0 and last["skip"] is None and last["plain"] < 1 and last["norm"] < 1


def test_the_answer_about_skips_says_what_was_recorded():
    app = open_app("blocks", **SKIPS)
    app.button_group(key="guessed_skips").set_value(lesson_skips.learns()).run()
    least, middle, most = (f"{100 * share:.1f} %" for share in recorded().span("norm"))
    assert "As you expected" in prose(app) and f"norm ended between {least} and {most}, half of the seeds below {middle}" in prose(app)


def test_the_selected_block_s_two_widths():
    app = open_app("blocks", layer="stages.1.0", **LINEAR)
    assert "takes 16 channels, works on 96 and hands on 24" in prose(app)
    assert "2.0 · 10⁻¹² (16 of 96)" in tables(app) and "100.0 % (24 of 24)" in tables(app)


def test_the_widest_network_answers():
    """Its widest block multiplies 49,152 channels by 6; whole numbers of 294,912 bits would take hours."""
    app = open_app("blocks", phi="8", beta="2", alpha="1", gamma="1", layer="stages.6.0", **LINEAR)
    assert not app.exception and "294,912" in tables(app) and "The spiral is measured with 4,096 channels at most" in prose(app)


def test_ways_around_are_counted():
    app = open_app("blocks", source="Published", name="B7", **SKIPS)
    assert "of 55 blocks 48 have a skip connection" in prose(app)


def test_phrases_go_to_the_depths_of_b0_and_b7():
    depths = [int(found) for found in re.findall(r"#set:depth_blocks=(\d+)\)", texts.whole("lesson_skips"))]
    assert depths == [len(published(name).blocks) for name in ("b0", "b7")]


@pytest.mark.parametrize("case", ["B0, trained", "B0, untrained"])
def test_the_real_network_with_and_without_skips(case):
    app = open_app("blocks", depth_real="true", depth_case=case, **SKIPS)
    assert not app.exception and re.search(r"with skips, .* (times )?without", prose(app))


def test_the_real_network_with_a_relu():
    app = open_app("blocks", linear_real="true", **LINEAR)
    assert not app.exception and "with a ReLU after every projection" in prose(app)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_are_valid(theme):
    import plotly.graph_objects as go

    cuts = [Cut("stages.0.0", 16, 0.5, 0.2, False), Cut("stages.1.0", 24, 0.4, 0.0, False)]
    flows = [Flow("stem", 1e-9, 0.5), Flow("stages.0.0", 0.0, 1.0), Flow("head", 3.0, 2.0)]
    for figure in (rectified.cuts(cuts, 0.8, "tench", theme, "stages.1.0"), skips.flows(flows, flows[::-1], "logit", theme)):
        go.Figure(figure.to_dict())
    assert [mark["around"] for mark in skips.arcs(published("b0"), theme)["marks"]].count(True) == 9


def test_thousands_of_blocks_are_drawn_as_runs():
    drawn = skips.arcs(compound(8, 2.0), chosen="stages.4.300")
    assert len(drawn["marks"]) < 20 and "× 255" in drawn["marks"][1]["label"] and [mark["id"] for mark in drawn["marks"] if mark["chosen"]] == ["stages.4.1"]


def test_what_more_numbers_leave_and_what_fifteen_lose_is_computed():
    app = open_app("blocks", **LINEAR)
    _, half, most = np.percentile(losses("relu", 100)[1, :, 13], (10, 50, 90))
    assert f"seldom lose much: by T⁺ half of 100 seeds up to {100 * half:.1f} %, nine of ten up to {100 * most:.1f} %" in prose(app)
    app.button_group(key="guessed_spiral").set_value(0).run()
    assert "a third number leaves 66.7 % of that share, a fourth 62.5 %" in prose(app)  # 4/8 ÷ 3/4 and 5/16 ÷ 4/8
