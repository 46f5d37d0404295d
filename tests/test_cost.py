"""Cost in closed form against the published table and against the built network, to the integer."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from effnet_core.cost import cost
from effnet_core.families import compound, published
from effnet_core.inside.probing import probe
from effnet_core.network import build

REFERENCE = {  # parameters and MACs that timm, torchvision, lukemelas and Google's own unit tests agree on
    "b0": (5_288_548, 385_814_752), "b1": (7_794_184, 686_802_832), "b2": (9_109_994, 993_561_872),
    "b3": (12_233_232, 1_827_141_392), "b4": (19_341_616, 4_393_771_024), "b5": (30_389_784, 10_266_384_752),
    "b6": (43_040_704, 19_067_593_536), "b7": (66_347_960, 37_745_884_192), "b8": (87_413_142, 62_597_461_568),
    "l2": (480_309_308, 475_703_653_280), "lite0": (4_652_008, 385_187_552), "lite1": (5_416_680, 600_185_232),
    "lite2": (6_092_072, 859_736_272), "lite3": (8_197_096, 1_383_321_872), "lite4": (13_006_568, 2_553_034_336)}
OTHERS = {  # parameters as torchvision and timm publish them
    "mobilenetv1": 4_231_976, "mobilenetv2": 3_504_872, "mnasnet-a1": 3_887_038, "resnet50": 25_557_032, "resnet152": 60_192_808}
RECEPTIVE_FIELD = {"b0": 851, "b1": 1183, "b2": 1183, "b3": 1407, "b4": 1799, "b5": 2131, "b6": 2523, "b7": 3079}


@pytest.mark.parametrize("name", REFERENCE)
def test_published_networks_to_the_integer(name):
    total = cost(published(name))
    assert (total.params, total.macs) == REFERENCE[name]
    assert total.flops == 2 * total.macs


@pytest.mark.parametrize("name", RECEPTIVE_FIELD)
def test_receptive_fields(name):
    total = cost(published(name))
    assert (total.receptive_field, total.stride) == (RECEPTIVE_FIELD[name], 32)


def test_receptive_field_grows_stage_by_stage():
    b0 = published("b0")
    rows = cost(b0).rows
    assert [rows[stage.blocks[-1].id + ".project"].receptive_field for stage in b0.stages] == [7, 19, 67, 147, 339, 787, 851]


@pytest.mark.parametrize("name", OTHERS)
def test_other_families_to_the_integer(name):
    assert cost(published(name)).params == OTHERS[name]


def test_resnet_s_receptive_fields():
    """Published figures (Araujo et al., "Computing receptive fields of convolutional neural networks", distill.pub 2019) are for the
    stride in the first 1×1 convolution; in the 3×3 one the field is smaller, by hand: 7, 11, then 2 k − 2 steps of each stage's stride."""
    field, stride, seen = 11, 4, []
    for blocks, first in ((3, 1), (4, 2), (6, 2), (3, 2)):
        for block in range(blocks):
            field += 2 * stride
            stride *= first if block == 0 else 1
        seen.append(field)
    total = cost(published("resnet50"))
    assert [total.stages[f"stages.{i}"].receptive_field for i in range(4)] == seen
    assert (total.receptive_field, total.stride) == (427, 32)
    shortcut = total.rows["stages.1.0.shortcut"]
    assert (shortcut.receptive_field, shortcut.stride) == (total.units["stages.0.2"].receptive_field, 8)


def test_se_is_an_eighth_of_the_parameters_and_almost_none_of_the_macs():
    total = cost(published("b0"))
    assert total.operators["se"].params == 636_540 == REFERENCE["b0"][0] - REFERENCE["lite0"][0]
    assert 0.0015 < total.operators["se"].macs / total.macs < 0.002


@pytest.mark.parametrize("name", ["b0", "b7", "lite3"])
def test_all_sums_agree(name):
    total = cost(published(name))
    last = total.rows["head"]
    assert (total.units["head"].receptive_field, total.stages["head"].stride) == (last.receptive_field, last.stride)
    assert total.stages["stages.2"].stride == 8 and total.units["stages.6.0"].receptive_field == total.rows["stages.6.0.project"].receptive_field
    assert total.activation_bytes == 4 * total.activations == sum(unit.activation_bytes for unit in total.units.values())
    for groups in (total.units, total.stages, total.operators):
        for position, whole in enumerate((total.params, total.macs, total.activations)):
            assert sum(group[position] for group in groups.values()) == whole
    assert len(total.rows) == len(total.layers)


def test_the_paper_s_table_7_rows():
    rows = {"d = 4": (2, 2, 1, 1), "w = 2": (1, 1, 2, 1), "r = 2": (1, 1, 1, 2), "all": (1, 1.4, 1.2, 1.3)}
    gmacs = {name: round(cost(compound(*row)).macs / 1e9, 3) for name, row in rows.items()}
    assert gmacs == {"d = 4": 1.575, "w = 2": 1.450, "r = 2": 1.538, "all": 1.800}


networks = st.builds(
    compound, phi=st.floats(-1.5, 1.2), alpha=st.floats(1, 1.6), beta=st.floats(1, 1.5), gamma=st.floats(0.6, 1.3),
    base=st.sampled_from(["b0", "lite0", "small", "mobilenetv1", "mobilenetv2", "mnasnet-a1", "resnet50"]), classes=st.integers(1, 1500))


@settings(max_examples=16, deadline=None)
@given(network=networks)
def test_equal_to_the_built_network(network):
    total, module = cost(network), build(network, seed=0).eval()
    assert total.params == sum(p.numel() for p in module.parameters())
    for row in total.layers:
        assert row.params == sum(p.numel() for p in module.get_submodule(row.id).parameters()), row.id
    image = torch.zeros(1, *network.input)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(image)
    assert counter.get_total_flops() == 2 * total.macs
    record = probe(module, image)
    for layer in network.layers[:-1]:
        assert tuple(record.activations[layer.id].shape[1:]) == layer.output, layer.id
        assert record.activations[layer.id].numel() == total.rows[layer.id].activations


def test_a_network_too_large_for_memory_is_still_counted():
    from effnet_core.errors import UserError

    giant = compound(8, 1.5, 2.0, 1.15)
    assert cost(giant).params > 10**11
    with pytest.raises(UserError) as refused:
        build(giant)
    assert f"{4 * cost(giant).params:,} bytes" in str(refused.value) and "memory free" in str(refused.value)
