"""A network as data: the paper's Table 1, ids, shapes and the description that restores it."""

import pytest

from effnet_core.errors import UserError
from effnet_core.families import FAMILIES, NAMES, RIVALS, compound, from_spec, published, to_spec

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


@pytest.mark.parametrize("network", [*map(published, NAMES), compound(2.3, 1.3, 1.05, 1.2, base="small", classes=7), compound(-1.5, base="resnet50")],
                         ids=lambda network: network.name)
def test_layers_chain_and_ids_are_unique(network):
    ids = [layer.id for layer in network.layers]
    assert len(ids) == len(set(ids))
    chain = [layer for layer in network.layers[:-1] if not layer.is_shortcut]
    for before, after in zip(chain, chain[1:]):
        assert before.output == after.input
    assert chain[-1].output == network.last_map and network.classifier.input == (network.last_map.channels, 1, 1)
    for block in network.blocks:
        if block.shortcut is not None:
            assert (block.shortcut.input, block.shortcut.output) == (block.input, block.output) and block.input != block.output
        assert not block.skip or block.shortcut is not None or block.input == block.output
    ends = [layer.id for layer in (network.stem, network.maxpool, network.head, network.classifier) if layer is not None]
    assert {unit for unit, _ in network.units()} == {*ends, *(b.id for b in network.blocks)}
    assert [layer for _, layers in network.units() for layer in layers] == list(network.layers)


@pytest.mark.parametrize("name", NAMES)
def test_description_restores_the_network(name):
    network = published(name, classes=17)
    assert from_spec(to_spec(network)) == network


@pytest.mark.parametrize("broken", [3, {}, {"name": "x", "family": "vgg"}, {**to_spec(published("b0")), "side": "224"},
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
    with pytest.raises(UserError, match="b0, b1.*resnet152"):
        published("b9")
    with pytest.raises(UserError, match="no base network 'b7'"):
        compound(1, base="b7")
    assert set(FAMILIES) == {"efficientnet", "lite", "small", *RIVALS}


def test_whole_floats_become_integers():
    network = published("b0", classes=10.0)
    assert network == published("b0", classes=10) and isinstance(network.classes, int)
    again = from_spec({**to_spec(published("b0")), "side": 224.0})
    assert isinstance(again.scaling.side, int) and isinstance(again.stem.output.height, int)


def test_the_other_families_are_their_papers_tables():
    v1, v2, mnasnet, resnet = (published(name) for name in ("mobilenetv1", "mobilenetv2", "mnasnet-a1", "resnet50"))
    assert [(s.output.channels, s.output.height, len(s.blocks)) for s in v1.stages] == [
        (64, 112, 1), (128, 56, 2), (256, 28, 2), (512, 14, 6), (1024, 7, 2)]
    assert [(s.output.channels, s.output.height, len(s.blocks)) for s in v2.stages] == [
        (16, 112, 1), (24, 56, 2), (32, 28, 3), (64, 14, 4), (96, 14, 3), (160, 7, 3), (320, 7, 1)]
    assert [layer.squeeze for layer in mnasnet.layers if layer.operator == "se"] == [6, 10, 10, 20, 28, 28, 40, 40]
    assert [(s.output.channels, s.output.height, len(s.blocks)) for s in resnet.stages] == [
        (256, 56, 3), (512, 28, 4), (1024, 14, 6), (2048, 7, 3)]
    assert (resnet.stem.kernel, resnet.maxpool.output, resnet.head, v1.head) == (7, (64, 56, 56), None, None)
    assert {block.after for block in resnet.blocks} == {"relu"} and all(block.skip for block in resnet.blocks)
    assert [block.id for block in resnet.blocks if block.shortcut] == [f"stages.{i}.0" for i in range(4)]
    assert not any(block.skip for block in v1.blocks) and not any(block.drop_rate for net in (v1, v2, mnasnet, resnet) for block in net.blocks)


def test_a_narrow_mobilenet_keeps_its_wide_head():
    assert compound(1, 1, 0.5, 1, base="mobilenetv2").head.output.channels == 1280
    assert compound(1, 1, 2.0, 1, base="mobilenetv2").head.output.channels == 2560
    assert compound(1, 1, 0.5, 1).head.output.channels == 640  # EfficientNet's does not


def test_dropout_of_other_families_does_not_grow_with_phi():
    assert [compound(7, base=base).scaling.dropout for base in ("b0", "mobilenetv2", "resnet50")] == [0.5, 0.2, 0.0]
