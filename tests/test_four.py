"""Four bars of shares as plain data: against sums by hand."""

import pytest

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.figures.four import Timed, four
from effnet_core.palette import ink_on, unit_colour

B0 = published("b0")
TOTAL = cost(B0)
EVEN = {layer.id: 2.0 for layer in B0.layers}


def drawn(*timed, selected="stages.4.1", theme="light"):
    return four(TOTAL, B0, timed or (Timed("CPU time", EVEN, "here"), Timed("GPU time", None, "")), selected, theme)


def test_every_bar_is_a_whole_of_all_units_in_their_order():
    data = drawn()
    names = [unit for unit, _ in B0.units()]
    assert [unit["id"] for unit in data["units"]] == names and [row["name"] for row in data["rows"]] == ["Parameters", "MACs", "CPU time", "GPU time"]
    for row in data["rows"][:3]:
        assert sum(row["shares"]) == pytest.approx(1, abs=1e-12) and len(row["told"]) == len(names)
    place = names.index("stages.1.0")
    assert data["rows"][0]["shares"][place] == TOTAL.units["stages.1.0"].params / TOTAL.params
    assert data["rows"][1]["shares"][place] == TOTAL.units["stages.1.0"].macs / TOTAL.macs
    assert data["rows"][2]["shares"][place] == pytest.approx(4 / len(B0.layers)), "expand, depthwise, SE and project"


def test_what_nobody_measured_is_an_empty_bar_that_says_so():
    row = drawn()["rows"][3]
    assert (row["shares"], row["told"], row["empty"]) == (None, [], "not measured")
    assert drawn()["units"][0]["line"].endswith("GPU time not measured")


def test_a_unit_has_its_stages_colour_number_and_a_line_on_all_its_shares():
    data = drawn(theme="dark")
    unit = next(unit for unit in data["units"] if unit["id"] == "stages.5.2")
    assert unit["colour"] == unit_colour("stages.5", "dark") and unit["ink"] == ink_on(unit["colour"]) and unit["group"] == "5"
    assert [data["units"][place]["group"] for place in (0, -2, -1)] == ["stem", "head", "classifier"]
    shares = [getattr(TOTAL.units["stages.5.2"], name) / getattr(TOTAL, name) for name in ("params", "macs")]
    assert unit["line"] == (f"stages.5.2, MBConv6 5×5: {100 * shares[0]:.1f} % of the parameters, {100 * shares[1]:.1f} % of the MACs, "
                            f"{400 / len(B0.layers):.1f} % of the CPU time, GPU time not measured")


def test_a_piece_tells_its_exact_figure():
    place = [unit for unit, _ in B0.units()].index("classifier")
    rows = drawn()["rows"]
    assert rows[0]["told"][place] == "classifier, pool and linear: 1,281,000 parameters, 24.2 %"
    assert rows[2]["told"][place].startswith("classifier, pool and linear: 2 ms, ")


def test_the_unit_of_a_selected_layer_is_marked():
    assert drawn(selected="stages.4.1.se")["selected"] == "stages.4.1"


def test_times_that_lack_a_layer_and_unknown_themes_are_refused():
    with pytest.raises(UserError, match="1 of 66 are missing, the first is 'stem'"):
        drawn(Timed("CPU time", {key: ms for key, ms in EVEN.items() if key != "stem"}, ""))
    with pytest.raises(UserError, match="no theme 'sepia'"):
        drawn(theme="sepia")
