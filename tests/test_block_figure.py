"""The selected unit, opened: its formulas give exactly what `Cost` counts, and its drawing is in proportion and readable."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, compound, published
from effnet_core.figures import block, volumes
from effnet_core.lab.terms import accounts
from effnet_core.palette import si, unit_colour

NAMES = ("b0", "b7", "l2", "lite0", "lite4", "mobilenetv1", "mobilenetv2", "mnasnet-a1", "resnet50", "resnet152")
SUPERSCRIPT = {"²": "**2", "·": "*", "−": "-", ",": ""}
NETWORKS = st.builds(compound, st.floats(-2, 4), st.floats(1, 1.6), st.floats(1, 1.5), st.floats(1, 1.3),
                     base=st.sampled_from(sorted(BASES)))


def worked_out(text: str, values: dict[str, int] | None = None) -> int:
    """What a printed formula gives: `3² · 96 · 112` as arithmetic, or `k² · C` with `values` in the place of its letters."""
    for letter, value in sorted((values or {}).items(), key=lambda pair: -len(pair[0])):
        text = text.replace(letter, str(value))
    for sign, operation in SUPERSCRIPT.items():
        text = text.replace(sign, operation)
    assert re.fullmatch(r"[\d+*() \-]+", text), text
    return eval(text)  # noqa: S307 - digits and operators only


def letters(layer, field, stride) -> dict[str, int]:
    return {"C′": layer.output.channels, "C": layer.input.channels, "H′": layer.output.height, "W′": layer.output.width, "k": layer.kernel,
            "S": layer.squeeze, "K": layer.output.channels, "r": field, "j": stride, "s": layer.stride}


def check_every_formula(network):
    total = cost(network)
    for _, layers in network.units():
        before = None
        for layer, row in zip(layers, accounts(layers, total)):
            counted = total.rows[layer.id]
            for terms, figure in ((row.params, counted.params), (row.macs, counted.macs), ((row.activations,), counted.activations),
                                  ((row.receptive_field,), counted.receptive_field), ((row.stride,), counted.stride)):
                assert sum(worked_out(term.numbers) for term in terms) == sum(term.value for term in terms) == figure
            before = before or (int(row.receptive_field.numbers.split(" +")[0].replace(",", "")), counted.stride // layer.stride)
            for term in (*row.params, *row.macs, row.activations):
                assert worked_out(term.symbols, letters(layer, *before)) == term.value


@settings(max_examples=30, deadline=None)
@given(NETWORKS)
def test_the_numbers_in_every_formula_give_what_cost_counts(network):
    check_every_formula(network)


@pytest.mark.parametrize("name", NAMES)
def test_formulas_of_published_networks(name):
    check_every_formula(published(name))


def test_a_formula_as_it_is_printed():
    b0 = published("b0")
    expand, depthwise, se, project = accounts(b0.stages[1].blocks[0].layers, cost(b0))
    assert [term[:3] for term in depthwise.macs] == [("multiply-adds", "k² · C · H′ · W′", "3² · 96 · 56 · 56")]
    assert [term[1:] for term in expand.params] == [("C · C′", "16 · 96", 1536), ("2 · C′", "2 · 96", 192)]
    assert [term[1:] for term in se.params] == [("2 · C · S", "2 · 96 · 4", 768), ("S + C", "4 + 96", 100)]
    assert project.macs[0][2:] == ("96 · 24 · 56 · 56", 7_225_344)
    assert depthwise.receptive_field[1:] == ("r + (k − 1) · j", "7 + (3 − 1) · 2", 11) and depthwise.stride[2:] == ("2 · 2", 4)


def test_the_cells_print_the_terms_and_their_sum():
    b0 = published("b0")
    for unit_id, layers in b0.units():
        opened = block.unit(b0, cost(b0), unit_id)
        assert [layer["id"] for layer in opened["layers"]] == [layer.id for layer in layers]
        for layer in opened["layers"]:
            for cell in layer["cells"]:
                assert sum(worked_out(numbers) for _, _, numbers, _ in cell["terms"]) == int(cell["value"].replace(",", ""))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["wide", "tall"])
def test_boxes_are_in_proportion(name, way):
    network = published(name)
    for unit_id, layers in network.units():
        scene = block.unit(network, cost(network), unit_id)[way]
        shapes = [layers[0].input, *(layer.output for layer in layers if not layer.is_shortcut)]
        if unit_id == "classifier":
            shapes = [network.last_map, layers[0].input, layers[0].output]
        boxes = [box for part in scene["parts"] for box in part["boxes"]]
        assert len(boxes) == len(shapes)
        most = max(shape.channels for shape in shapes), max(shape.height for shape in shapes)
        longest, highest = max(box[2] for box in boxes), max(box[3] for box in boxes)
        for (_, _, width, height, _), shape in zip(boxes, shapes):
            assert width == pytest.approx(max(volumes.THIN, longest * shape.channels / most[0]), abs=0.11)
            assert height == pytest.approx(max(volumes.THIN, highest * shape.height / most[1]), abs=0.11)


def places(scene):
    """The words of a drawing as rectangles: left, top, right, bottom, text."""
    for part in scene["parts"]:
        for text, x, y, anchor, _ in part["words"]:
            width = 5.6 * len(text)
            left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
            yield left, y - 10, left + width, y + 2, text


@pytest.mark.parametrize("network", [published("b0"), published("l2"), published("lite0"), published("resnet50"), published("resnet152"),
                                     published("mobilenetv1"), published("mnasnet-a1"), compound(-2.0), compound(8.0)],
                         ids=lambda network: network.name)
@pytest.mark.parametrize("way", ["wide", "tall"])
def test_words_do_not_cover_each_other_and_stay_inside(network, way):
    for unit_id, _ in network.units():
        scene = block.unit(network, cost(network), unit_id)[way]
        words = list(places(scene))
        for left, top, right, bottom, text in words:
            assert left >= -1 and top >= 0 and right <= scene["width"] + 1 and bottom <= scene["height"], (unit_id, text)
        for i, a in enumerate(words):
            for b in words[i + 1:]:
                apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
                assert apart, (unit_id, a, b)


def test_every_shape_and_count_is_written():
    b0 = published("b0")
    scene = block.unit(b0, cost(b0), "stages.1.0")
    for way in ("wide", "tall"):
        words = " ".join(text for _, _, _, _, text in places(scene[way]))
        for text in ("16 × 112 × 112", "96 × 112 × 112", "96 × 56 × 56", "24 × 56 × 56", "stride 2", "1.73 k params",
                     "19.3 M MACs", "868 params", "96 gates", "swish", "sigmoid", "no activation"):
            assert text in words, (way, text)


def test_squeeze_and_excitation_is_a_branch_and_the_skip_ends_in_a_sum():
    b0 = published("b0")
    for way in ("wide", "tall"):
        parts = {part["id"]: part for part in block.unit(b0, cost(b0), "stages.1.1")[way]["parts"]}
        assert [node[0] for node in parts["stages.1.1.se"]["nodes"]] == ["×"] and [node[0] for node in parts["sum"]["nodes"]] == ["+"]
        assert parts["skip"]["lines"][0][2]  # dashed
        around, few, _ = (needle[2] for needle in parts["stages.1.1.se"]["needles"])
        assert few == pytest.approx(max(3, around * 6 / 144), abs=0.1)
        assert "skip" not in {part["id"] for part in block.unit(b0, cost(b0), "stages.1.0")[way]["parts"]}


def test_why_there_is_a_skip_or_none():
    b0 = published("b0")
    first, second = b0.stages[1].blocks
    assert "No skip connection: 16 × 112 × 112 goes in and 24 × 56 × 56 comes out" in block.skip_reason(first)
    assert block.skip_reason(second).startswith("The input is added at the end: 24 × 56 × 56")
    assert "0.2 · 2 ÷ 16 = 0.0250" in block.stochastic_depth(second, b0) and second.drop_rate == 0.025
    assert "never" in block.stochastic_depth(first, b0)


def test_other_families_say_what_they_have():
    resnet, separable = published("resnet50"), published("mobilenetv1").blocks[3]
    first, second = resnet.stages[1].blocks[:2]
    assert "after a 1×1 convolution of its own: 256 × 56 × 56 goes in and 512 × 28 × 28" in block.skip_reason(first)
    assert block.skip_reason(second).startswith("The input is added at the end: 512 × 28 × 28")
    assert block.skip_reason(separable) == "No skip connection: this family has none."
    assert "without stochastic depth" in block.stochastic_depth(first, resnet)


@pytest.mark.parametrize("way", ["wide", "tall"])
def test_a_shortcut_stands_on_the_way_of_the_skip(way):
    resnet = published("resnet50")
    opened = block.unit(resnet, cost(resnet), "stages.1.0")
    parts = {part["id"]: part for part in opened[way]["parts"]}
    own = parts["stages.1.0.shortcut"]
    words = " ".join(word[0] for word in own["words"])
    assert not own["boxes"] and "132 k params" in words and "stride 2" in words
    assert parts["sum"]["nodes"][0][0] == "+" and "relu" in [word[0] for word in parts["sum"]["words"]]
    assert set(parts) == {"input", "sum", *(layer["id"] for layer in opened["layers"])}


def test_what_the_cheap_convolution_saves():
    inverted, separable, resnet = published("b0").blocks[8], published("mobilenetv1").blocks[4], published("resnet50").stages[1].blocks[1]
    told = block.saving(inverted)
    assert (told["came"], told["wide"], told["left"], told["kernel"], told["times"]) == ("80", "480", "112", "5×5", "480")
    assert told["taken"] == si(cost(published("b0")).rows["stages.4.0.depthwise"].macs, "MACs")
    assert block.saving(separable)["times"] == f"{1 / (1 / 256 + 1 / 9):.3g}"  # Howard et al., §3.1: 1/N + 1/D²
    assert block.saving(separable)["taken"] == si(cost(published("mobilenetv1")).units[separable.id].macs, "MACs")
    assert block.saving(resnet)["times"] == "16"
    assert block.saving(resnet)["taken"] == si(cost(published("resnet50")).rows["stages.1.1.spatial"].macs, "MACs")


def test_max_pooling_costs_nothing():
    resnet = published("resnet50")
    opened = block.unit(resnet, cost(resnet), "maxpool")
    macs, params, activations, field = opened["layers"][0]["cells"]
    assert (macs["terms"], macs["value"], params["terms"], params["value"]) == ([], "0", [], "0")
    assert activations["value"] == "200,704" and field["value"] == "11"


def test_lite_has_no_branch_and_another_activation():
    lite = published("lite0")
    opened = block.unit(lite, cost(lite), "stages.1.1")
    assert [layer["name"] for layer in opened["layers"]] == ["expand", "depthwise", "project"]
    assert not any(part["needles"] for part in opened["wide"]["parts"]) and "batch norm, then relu6" in opened["layers"][0]["words"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plain_data_in_the_stages_colour(theme):
    b7 = published("b7")
    opened = block.unit(b7, cost(b7), "stages.4.3.project", theme)
    assert opened["id"] == "stages.4.3" and opened["colour"] == unit_colour("stages.4", theme)
    assert len(json.dumps(opened)) < 16_000


def test_unknown_units_and_themes_are_refused():
    b0 = published("b0")
    with pytest.raises(UserError, match="has no layer 'stages.9.9'"):
        block.unit(b0, cost(b0), "stages.9.9")
    with pytest.raises(UserError, match="There is no theme"):
        block.unit(b0, cost(b0), "stem", "sepia")
