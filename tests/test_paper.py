"""The paper's printed figures, typed once more as its tables read, and what the count says of them."""

import pytest

from effnet_core.families import NAMES, compound, published
from effnet_core.lab import paper
from effnet_core.lab.paper import EFFICIENTNETS, FIGURE_3, FIGURE_4, TABLE_2, TABLE_3, TABLE_7, Scaled, counted, excess, front, network
from effnet_core.scaling import Compound

PRINTED_2 = """
EfficientNet-B0 77.1 93.3 5.3M 0.39B
ResNet-50 76.0 93.0 26M 4.1B
DenseNet-169 76.2 93.2 14M 3.5B
EfficientNet-B1 79.1 94.4 7.8M 0.70B
ResNet-152 77.8 93.8 60M 11B
DenseNet-264 77.9 93.9 34M 6.0B
Inception-v3 78.8 94.4 24M 5.7B
Xception 79.0 94.5 23M 8.4B
EfficientNet-B2 80.1 94.9 9.2M 1.0B
Inception-v4 80.0 95.0 48M 13B
Inception-ResNet-v2 80.1 95.1 56M 13B
EfficientNet-B3 81.6 95.7 12M 1.8B
ResNeXt-101 80.9 95.6 84M 32B
PolyNet 81.3 95.8 92M 35B
EfficientNet-B4 82.9 96.4 19M 4.2B
SENet 82.7 96.2 146M 42B
NASNet-A 82.7 96.2 89M 24B
AmoebaNet-A 82.8 96.1 87M 23B
PNASNet 82.9 96.2 86M 23B
EfficientNet-B5 83.6 96.7 30M 9.9B
AmoebaNet-C 83.5 96.5 155M 41B
EfficientNet-B6 84.0 96.8 43M 19B
EfficientNet-B7 84.3 97.0 66M 37B
GPipe 84.3 97.0 557M -
""".split("\n")[1:-1]
PRINTED_3 = """
mobilenetv1: baseline 0.6B 70.6; w = 2 2.2B 74.2; r = 2 2.2B 72.7; d = 1.4, w = 1.2, r = 1.3 2.3B 75.6
mobilenetv2: baseline 0.3B 72.0; d = 4 1.2B 76.8; w = 2 1.1B 76.4; r = 2 1.2B 74.8; d = 1.4, w = 1.2, r = 1.3 1.3B 77.4
resnet50: baseline 4.1B 76.0; d = 4 16.2B 78.1; w = 2 14.7B 77.7; r = 2 16.4B 77.5; d = 1.4, w = 1.2, r = 1.3 16.7B 78.8
"""
PRINTED_7 = "b0: baseline 0.4B 77.3; d = 4 1.8B 79.0; w = 2 1.8B 78.9; r = 2 1.9B 79.1; d = 1.4, w = 1.2, r = 1.3 1.8B 81.1"
FIRST = {"b0": 76.3, "b1": 78.8, "b2": 79.8, "b3": 81.1, "b4": 82.6, "b5": 83.3, "b6": 84.0, "b7": 84.4}
RATIOS = {  # of parameters and FLOPS, to the EfficientNet above
    "ResNet-50": (4.9, 11), "ResNet-152": (7.6, 16), "ResNeXt-101": (7.0, 18), "GPipe": (8.4, None), "SENet": (7.7, 10)}


def number(text):
    return None if text == "-" else float(text[:-1]) * {"M": 1e6, "B": 1e9}[text[-1]]


def rows(text):
    for line in filter(None, text.split("\n")):
        base, _, rest = line.partition(": ")
        for part in rest.split("; "):
            label, flops, top1 = part.rsplit(" ", 2)
            yield base, label, number(flops), float(top1)


def test_table_2_is_as_printed():
    read = [(row.name, row.top1, row.top5, row.params, row.flops) for row in TABLE_2]
    assert read == [(name, float(a), float(b), number(p), number(f)) for name, a, b, p, f in (line.split() for line in PRINTED_2)]
    assert {row.key: row.first for row in EFFICIENTNETS} == FIRST and all(row.kind in paper.KINDS for row in TABLE_2)


@pytest.mark.parametrize("name", RATIOS)
def test_the_ratios_that_the_paper_prints_follow_from_its_figures(name):
    place = [row.name for row in TABLE_2].index(name)
    own = [row for row in TABLE_2[:place] if row in EFFICIENTNETS][-1]
    params, flops = RATIOS[name]
    assert TABLE_2[place].params / own.params == pytest.approx(params, abs=0.1)
    assert flops is None or TABLE_2[place].flops / own.flops == pytest.approx(flops, rel=0.05)


@pytest.mark.parametrize("table, printed", [(TABLE_3, PRINTED_3), (TABLE_7, PRINTED_7)])
def test_tables_3_and_7_are_as_printed(table, printed):
    assert [(row.base, row.label, row.flops, row.top1) for row in table] == [*rows(printed)]
    assert [row.label for row in table if not row.printed] == ["d = 1.4, w = 1.2, r = 1.3"] * (2 if table is TABLE_3 else 0)


@pytest.mark.parametrize("row", EFFICIENTNETS, ids=lambda row: row.key)
def test_the_printed_figures_of_the_released_are_within_five_percent_of_the_count(row):
    assert abs(excess(row.flops, counted(row).macs)) < 0.05 and abs(excess(row.params, counted(row).params)) < 0.02


def test_rivals_that_can_be_built_here_count_as_printed():
    known = [row for row in TABLE_2 if row.key in NAMES and row not in EFFICIENTNETS]
    assert [row.name for row in known] == ["ResNet-50", "ResNet-152"]
    assert all(abs(excess(row.flops, counted(row).macs)) < 0.05 and abs(excess(row.params, counted(row).params)) < 0.02 for row in known)
    assert counted(TABLE_2[2]) is None


def test_table_7_counted():
    base, *singles, together = (counted(row).macs for row in TABLE_7)
    assert base == 385_814_752 and abs(excess(TABLE_7[-1].flops, together)) < 0.01
    assert [round(macs / 1e9, 3) for macs in singles] == [1.575, 1.450, 1.538]
    assert sorted(round(100 * (1 - macs / together)) for macs in singles) == [12, 15, 19], "percent less than the compound network"
    assert all(excess(row.flops, macs) > 0.1 for row, macs in zip(TABLE_7[1:], singles))


def test_baselines_of_table_3_count_as_printed_and_two_rows_of_resnet_look_exchanged():
    for row in TABLE_3:
        if row.label in ("baseline", "r = 2"):
            assert abs(excess(row.flops, counted(row).macs)) < 0.06, row
    deep, wide = (next(row for row in TABLE_3 if row.base == "resnet50" and row.label == label) for label in ("d = 4", "w = 2"))
    assert abs(excess(deep.flops, counted(wide).macs)) < 0.01 and abs(excess(wide.flops, counted(deep).macs)) < 0.01


def test_figures_3_and_4():
    assert FIGURE_3 == {"width": (1.0, 1.4, 1.8, 2.6, 3.8, 5.0), "depth": (1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
                        "resolution": (1.0, 1.3, 1.5, 1.7, 1.9, 2.2, 2.5)}
    assert network(Scaled("b0", 1, 1, 2.5, 0, 0)).scaling.side == 560, "as the paper says of r = 2.5"
    first, last = (network(Scaled("b0", depth, 1, resolution, 0, 0)) for depth, resolution in (FIGURE_4[0], FIGURE_4[-1]))
    assert len(first.blocks) + 2 == paper.FIGURE_4_LAYERS[0] and len(last.blocks) + 2 == 34 != paper.FIGURE_4_LAYERS[1]
    assert first.scaling.side == paper.FIGURE_4_SIDES[0] and last.scaling.side == 291 != paper.FIGURE_4_SIDES[1]


def test_no_accuracy_of_a_figure_is_made_up():
    """Figures 3, 4 and 8 print no accuracies; what there is, is Table 7's."""
    assert {row.top1 for row in TABLE_7} == {77.3, 79.0, 78.9, 79.1, 81.1}
    assert all(isinstance(factor, float) for factors in (*FIGURE_3.values(), *FIGURE_4) for factor in factors)


def test_the_constraint_is_not_two():
    assert f"{Compound(1.0).constraint:.3f}" == "1.920"


def test_printed_texts():
    assert [paper.flops_text(row.flops) for row in (TABLE_2[0], TABLE_2[3], TABLE_2[-1])] == ["0.39 B", "0.7 B", "–"]
    assert paper.params_text(TABLE_2[0].params) == "5.3 M"


@pytest.mark.parametrize("network, found", [
    (compound(0.0), (77.1, 2)), (published("b7"), (84.3, 2)), (compound(2, 2, 1, 1), (79.0, 7)), (compound(1, 1, 2, 1), (78.9, 7)),
    (compound(1, 1, 1, 2), (79.1, 7)), (compound(1, 1.4, 1.2, 1.3), (81.1, 7)), (compound(2, 2, 1, 1, base="mobilenetv2"), (76.8, 3)),
    (published("resnet152"), (77.8, 2)), (published("mobilenetv1"), (70.6, 3))])
def test_a_network_that_the_paper_trained_is_known_by_whatever_name(network, found):
    assert paper.trained(network) == found


@pytest.mark.parametrize("network", [
    compound(1.0), published("l2"), published("b8"), published("lite0"), compound(1, 1.4, 1.2, 1.3, base="resnet50")])
def test_no_accuracy_is_given_to_any_other(network):
    assert paper.trained(network) is None


def test_the_front_is_what_nothing_beats():
    points = [(3, 80), (1, 70), (2, 80), (2, 75), (4, 79), (5, 81), (1, 60)]
    kept = front(points)
    assert kept == [(1, 70), (2, 80), (5, 81)]
    for point in points:
        beaten = any(other[0] <= point[0] and other[1] >= point[1] and other != point for other in points)
        assert (point in kept) == (not beaten)


def test_every_efficientnet_is_on_the_front_and_nothing_else_is():
    for price in ("params", "flops"):
        assert front((getattr(row, price), row.top1) for row in TABLE_2 if getattr(row, price)) == [
            (getattr(row, price), row.top1) for row in EFFICIENTNETS]


def test_base_names_are_known():
    assert {row.base for row in (*TABLE_3, *TABLE_7)} <= set(NAMES) and all(published(row.key) for row in EFFICIENTNETS)
