"""Pinned networks as a text in the address, and their comparison: exact figures, fair ratios, files that say the same."""

import csv
import io
import json

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_core.cli import main
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, NAMES, compound, from_spec, published
from effnet_core.figures import stages
from effnet_core.lab import pins
from effnet_core.lab.comparison import FIGURES, Side, as_csv, as_json, figures, ratio_text, ratios
from effnet_core.palette import PAGE, contrast

FORMULAS = st.builds(pins.formula, st.floats(-2, 3).map(lambda x: round(x, 2)), st.floats(1, 1.5), st.floats(1, 1.5), st.floats(1, 1.3),
                     st.sampled_from(sorted(BASES)))
PINS = st.one_of(FORMULAS, st.sampled_from(NAMES).map(pins.named))


def side(name, ms=None, how=""):
    network = published(name)
    return Side(name, network, cost(network), "stages.3.1", ms, how)


@given(st.lists(PINS, max_size=pins.MOST, unique=True).map(tuple))
def test_what_is_written_is_read_again(chosen):
    text = pins.write(chosen)
    assert pins.parse(text) == chosen and len(text) <= pins.LONGEST


@given(st.text(max_size=300))
def test_any_text_is_survived(text):
    assert pins.parse(text) == pins.parse(pins.write(pins.parse(text)))


@pytest.mark.parametrize("text, found", [
    ("f:3,1.2,1.1,1.15;p:B7", ("f:3,1.2,1.1,1.15", "p:b7")),
    ("f:1,1.2,1.1,1.15,mobilenetv2; p:ResNet50 ", ("f:1,1.2,1.1,1.15,mobilenetv2", "p:resnet50")),
    ("p:b1;p:b1;f:0.50,1.20,1.1,1.15;f:.5,1.2,1.1,1.15", ("p:b1", "f:0.5,1.2,1.1,1.15")),
    ("p:b0;p:b1;p:b2;p:b3;p:b4", ("p:b0", "p:b1", "p:b2", "p:b3")),
    ("f:nan,1.2,1.1,1.15;f:inf,1,1,1;f:1e999,1,1,1;f:8,1,1,2;f:1,2,3;f:1,2,3,4;f:a,b,c,d;f:1,1,1,1,b99;p:b99;p:;:;;x;<script>", ()),
    ("f:1,1.2,1.1,1.15,b0;junk;p:l2", ("f:1,1.2,1.1,1.15", "p:l2")),
])
def test_nonsense_is_left_out(text, found):
    assert pins.parse(text) == found


def test_a_pin_is_its_network():
    assert pins.network("f:3,1.2,1.1,1.15") == compound(3)
    assert pins.network("f:1,1.2,1.1,1.15,mobilenetv2") == compound(1, base="mobilenetv2")
    assert pins.network("p:b7") == published("b7") and pins.table("p:b7").macs == 37_745_884_192
    assert pins.table("p:b7") is pins.table("p:b7")  # computed once
    for nonsense in ("", "x", "p:b99", "f:1,2", "f:a,1,1,1", "f:99,1,1,1"):
        with pytest.raises(UserError):
            pins.network(nonsense)


def test_short_names():
    named = {"p:b7": "B7", "f:3,1.2,1.1,1.15": "φ = 3", "f:2,1.4,1.1,1.15": "φ = 2, α = 1.4", "f:-1.5,1.2,1,1": "φ = −1.5, β = 1, γ = 1",
             "p:resnet50": "ResNet-50", "f:1,1.2,1.1,1.15,mobilenetv2": "MobileNetV2, φ = 1",
             "f:1,1.2,1.2,1.15,resnet50": "ResNet-50, φ = 1, β = 1.2"}
    assert {pin: pins.label(pin) for pin in named} == named


@given(st.lists(PINS, min_size=2, max_size=2, unique=True))
def test_different_pins_have_different_names(pair):
    assert pins.label(pair[0]) != pins.label(pair[1])


def test_figures_are_those_of_the_cost():
    sides = [side("b0"), side("b7"), side("resnet50")]
    lines = {line.key: line for line in figures(sides)}
    assert lines["params"].values == (5_288_548, 66_347_960, 25_557_032) and lines["params"].exacts[0] == "5,288,548"
    assert lines["macs"].values[:2] == (385_814_752, 37_745_884_192) and lines["macs"].texts[0] == "386 M"
    assert lines["receptive_field"].values[:2] == (851, 3079) and lines["field_over_side"].values[0] == 851 / 224
    assert lines["weight_bytes"].values[0] == 4 * 5_288_548 and lines["activation_bytes"].values[0] == 4 * cost(published("b0")).activations
    assert lines["depth"].values[1] == 3.1 and lines["side"].texts == ("224 px", "600 px", "224 px")
    assert lines["blocks"].values == (16, 55, 16)
    assert [lines[key].least for key in ("params", "macs", "depth", "ms")] == [0, 0, None, None]


def test_ratios_are_to_the_reference():
    sides = [side("b0"), side("b7")]
    macs = next(line for line in figures(sides) if line.key == "macs")
    assert ratios(macs, 0, sides) == (1.0, 37_745_884_192 / 385_814_752)
    assert ratios(macs, 1, sides)[0] == 385_814_752 / 37_745_884_192
    written = {None: "", 1.0: "×1.00", 2.5678: "×2.57", 97.834: "×97.83", 123.4: "×123", 12_345.6: "×12,346", 0.00123: "×0.00123"}
    assert {ratio: ratio_text(ratio) for ratio in written} == written


def test_equal_figures_have_no_lowest():
    assert all(line.least is None for line in figures([side("b0"), side("b0")]))


def test_times_are_compared_only_under_equal_conditions():
    def ms_of(*sides):
        line = next(line for line in figures(sides) if line.key == "ms")
        return line.texts, line.least, ratios(line, 0, sides)

    assert ms_of(side("b0", 30.0, "batch 1"), side("b7", 900.0, "batch 1")) == (("30.0 ms", "900 ms"), 0, (1.0, 30.0))
    assert ms_of(side("b0", 30.0, "batch 1"), side("b7", 900.0, "batch 8"))[1:] == (None, (1.0, None))
    assert ms_of(side("b0"), side("b7", 900.0, "batch 8")) == (("not measured", "900 ms"), None, (None, None))


def test_files_say_the_same():
    sides = [side("b0", 30.0, "batch 1, 1 thread on a processor"), side("b7")]
    rows, records = list(csv.DictReader(io.StringIO(as_csv(sides)))), json.loads(as_json(sides))
    assert [row["name"] for row in rows] == [record["name"] for record in records] == ["b0", "b7"]
    assert set(FIGURES) <= set(rows[0]) and set(FIGURES) <= set(records[0])
    for row, record, one in zip(rows, records, sides):
        assert int(row["macs"]) == record["macs"] == one.total.macs
        assert int(row["unit_params"]) == record["unit"]["params"] == one.total.units["stages.3.1"].params
        assert sum(stage["macs"] for stage in record["stages"].values()) == one.total.macs
    assert (rows[1]["ms"], records[1]["ms"], rows[0]["measured"]) == ("", None, "batch 1, 1 thread on a processor")


def test_the_same_from_a_terminal(capsys):
    names = ["b0", "f:3,1.2,1.1,1.15", "resnet50"]
    assert main(["compare", *names, "--unit", "stages.5.3", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    networks = published("b0"), compound(3), published("resnet50")
    assert [record["macs"] for record in records] == [cost(network).macs for network in networks]
    assert [record["unit"]["id"] for record in records] == ["stages.5.3", "stages.5.3", "stages.3.2"]
    assert from_spec(records[1]["network"]) == compound(3)
    assert main(["compare", *names, "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert main(["compare", *names]) == 0
    shown = capsys.readouterr().out
    assert "386 M" in shown and "×8.43" in shown and "φ = 3" in shown
    assert main(["compare", "b0", "f:1,2"]) == 1 and "names no network" in capsys.readouterr().err


def test_the_nearest_unit():
    b0, resnet = published("b0"), published("resnet50")
    asked = {"stages.5.99": "stages.5.3", "stages.9.0": "stages.6.0", "stages.1.0.se": "stages.1.0", "maxpool": "stages.0.0",
             "nonsense": "stages.0.0", "head": "head"}
    assert {unit: b0.nearest(unit) for unit in asked} == asked
    assert resnet.nearest("head") == resnet.nearest("stages.6.0") == "stages.3.2" and resnet.nearest("maxpool") == "maxpool"


SIDES = [side("b0"), side("b7"), side("resnet50"), side("mobilenetv1"), side("lite4")]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("metric", stages.COUNTED)
@pytest.mark.parametrize("shared", [False, True])
def test_bars_stage_by_stage_are_exact(metric, shared, theme):
    figure = stages.by_stage(SIDES, metric, shared, theme)
    go.Figure(figure.to_dict())  # Plotly accepts every property
    assert list(figure.data[0].x) == ["stem", "maxpool", "0", "1", "2", "3", "4", "5", "6", "head", "classifier"]
    for bars, one in zip(figure.data, SIDES):
        total = getattr(one.total, metric)
        assert sum(value for value in bars.y if value is not None) == pytest.approx(1 if shared else total)
        place = list(bars.x).index("3")
        assert bars.y[place] == getattr(one.total.stages["stages.3"], metric) / (total if shared else 1)
        assert f"{getattr(one.total.stages['stages.3'], metric):,}" in bars.customdata[place]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_networks_differ_by_pattern_and_by_colour(theme):
    bars = stages.by_stage(SIDES, "macs", False, theme).data
    assert len({one.marker.pattern.shape or "" for one in bars}) == len({one.marker.color for one in bars}) == len(SIDES)
    assert all(contrast(one.marker.color, PAGE[theme]) >= 3 for one in bars)


def test_unknown_figures_are_refused():
    with pytest.raises(UserError, match="There is no figure 'taste' to compare"):
        stages.by_stage(SIDES, "taste", False, "light")
    with pytest.raises(UserError, match="There is no theme"):
        stages.by_stage(SIDES, "macs", False, "sepia")
