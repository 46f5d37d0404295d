"""A network as data: the paper's Table 1, ids, shapes and the description that restores it."""

import pytest

from effnet_core.errors import UserError
from effnet_core.families import FAMILIES, PUBLISHED, compound, from_spec, published, to_spec

TABLE_1 = [  # stage rows 2-8 of the paper: input side, channels, layers
    (112, 16, 1), (112, 24, 2), (56, 40, 2), (28, 80, 3), (14, 112, 3), (14, 192, 4), (7, 320, 1)]
SIDES = {  # stem and stage outputs at the published resolution
    "b1": (120, 120, 60, 30, 15, 15, 8, 8), "b3": (150, 150, 75, 38, 19, 19, 10, 10),
    "b7": (300, 300, 150, 75, 38, 38, 19, 19), "l2": (400, 400, 200, 100, 50, 50, 25, 25)}


def test_b0_is_the_paper_s_table_1():
    b0 = published("b0")
    assert [(s.blocks[0].input.height, s.output.channels, len(s.blocks)) for s in b0.stages] == TABLE_1
    assert (b0.stem.input, b0.stem.output) == ((3, 224, 224), (32, 112, 112))
    assert (b0.head.output, b0.classifier.output) == ((1280, 7, 7), (1000, 1, 1))


@pytest.mark.parametrize("name", SIDES)
def test_every_side_is_rounded_up(name):
    network = published(name)
    assert (network.stem.output.height, *(stage.output.height for stage in network.stages)) == SIDES[name]


def test_squeeze_is_a_quarter_of_the_block_s_input():
    widths = {layer.id: layer.squeeze for layer in published("b0").layers if layer.operator == "se"}
    firsts = [widths[f"stages.{i}.0.se"] for i in range(7)]
    assert firsts == [8, 4, 6, 10, 20, 28, 48]
    assert [widths[f"stages.{i}.1.se"] for i in range(1, 6)] == [6, 10, 20, 28, 48]


def test_skips_and_stochastic_depth():
    b0 = published("b0")
    skips = {block.id for block in b0.blocks if block.skip}
    assert skips == {"stages.1.1", "stages.2.1", "stages.3.1", "stages.3.2", "stages.4.1", "stages.4.2", "stages.5.1", "stages.5.2", "stages.5.3"}
    assert all(block.drop_rate == (0.2 * block.index / 16 if block.skip else 0.0) for block in b0.blocks)


def test_lite_has_fixed_ends_and_no_se():
    lite = published("lite4")
    assert (lite.stem.output.channels, lite.head.output.channels) == (32, 1280)
    assert len(lite.stages[0].blocks) == len(lite.stages[-1].blocks) == 1
    assert {layer.operator for layer in lite.layers} == {"conv", "depthwise", "pointwise", "linear"}
    assert {layer.activation for layer in lite.layers} == {"relu6", None}


@pytest.mark.parametrize("network", [*map(published, PUBLISHED), compound(2.3, 1.3, 1.05, 1.2, base="small", classes=7)],
                         ids=lambda network: network.name)
def test_layers_chain_and_ids_are_unique(network):
    ids = [layer.id for layer in network.layers]
    assert len(ids) == len(set(ids))
    for before, after in zip(network.layers[:-1], network.layers[1:-1]):
        assert before.output == after.input
    assert [unit for unit, _ in network.units()] == ["stem", *(b.id for b in network.blocks), "head", "classifier"]
    assert [layer for _, layers in network.units() for layer in layers] == list(network.layers)


@pytest.mark.parametrize("name", PUBLISHED)
def test_description_restores_the_network(name):
    network = published(name, classes=17)
    assert from_spec(to_spec(network)) == network


@pytest.mark.parametrize("broken", [3, {}, {"name": "x", "family": "resnet"}, {**to_spec(published("b0")), "side": "224"},
                                    {**to_spec(published("b0")), "classes": -1}])
def test_a_broken_description_is_refused(broken):
    with pytest.raises(UserError):
        from_spec(broken)


def test_unit_of_a_layer():
    b0 = published("b0")
    assert b0.unit_of("stages.2.0.expand") == b0.unit_of("stages.2.0") == "stages.2.0"
    assert b0.unit_of("head") == "head"
    for missing in ("stages.2", "stages.2.7", "tail", ""):
        with pytest.raises(UserError, match="has no layer"):
            b0.unit_of(missing)


def test_unknown_names():
    with pytest.raises(UserError, match="b0, b1"):
        published("b9")
    assert set(FAMILIES) == {"efficientnet", "lite", "small"}


def test_whole_floats_become_integers():
    network = published("b0", classes=10.0)
    assert network == published("b0", classes=10) and isinstance(network.classes, int)
    again = from_spec({**to_spec(published("b0")), "side": 224.0})
    assert isinstance(again.scaling.side, int) and isinstance(again.stem.output.height, int)
