"""The network against independent implementations, and the pieces that are easy to get wrong."""

import math
from functools import lru_cache, partial

import pytest
import torch

from effnet_core.architecture import Layer, Shape
from effnet_core.blocks import Convolution, MaxPool, StochasticDepth, same_padding
from effnet_core.errors import UserError
from effnet_core.families import compound, published
from effnet_core.network import build
from effnet_core.weights.layouts import LAYOUTS, key_map, shapes

BN_ONE = {"eps": 1e-5, "momentum": 0.1}


def randomised(module, seed=0):
    """Random weights and random batch-norm statistics, so that no tensor is at a value that hides a mistake."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith(("running_mean", "bias")):
            tensor.normal_(0, 0.1, generator=generator)
        elif tensor.ndim == 1:
            tensor.uniform_(0.8, 1.2, generator=generator)
    return module


def translated(ours, architecture, layout):
    state = ours.state_dict()
    return {theirs: state[key] for key, theirs in key_map(architecture, layout).items()}


def assert_same_logits(ours, theirs, side):
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        mine, other = ours.eval()(image), theirs.eval()(image)
    assert other.std() > 0.01  # an image that dies on its way would prove nothing
    assert (mine - other).abs().max() <= 1e-5


RELEASED = [*(f"b{i}" for i in range(8)), *(f"lite{i}" for i in range(5))]
LIBRARIES = [("timm", "same"), ("timm", "symmetric"), ("torchvision", "symmetric")]


@lru_cache(maxsize=1)
def weights(name):
    """For all references: initialising the large ones takes longer than running them."""
    return randomised(build(published(name), seed=3)).state_dict()


def reference(library, padding, name, timm, torchvision):
    """That library's network and what batch norm is like there."""
    with torch.device("meta"):  # its own weights would be thrown away
        if library == "torchvision":
            norm = {"eps": 1e-3, "momentum": 0.01} if name in ("b5", "b6", "b7") else BN_ONE
            return getattr(torchvision.models, f"efficientnet_{name}")(), norm
        prefix, norm = ("tf_efficientnet_", {}) if padding == "same" else ("efficientnet_", BN_ONE)
        return timm.create_model(prefix + name), norm


@pytest.mark.parametrize("name, library, padding", [
    (name, *which) for name in RELEASED for which in LIBRARIES if not (name.startswith("lite") and which[0] == "torchvision")])
def test_logits_equal_those_of_independent_libraries(timm, torchvision, name, library, padding):
    architecture = published(name)
    theirs, norm = reference(library, padding, name, timm, torchvision)
    ours = build(architecture, padding=padding, initialised=False, **norm)
    ours.load_state_dict(weights(name), strict=True, assign=True)
    theirs.load_state_dict(translated(ours, architecture, library), strict=True, assign=True)
    side = 65 if name in ("b5", "b6", "b7") else 96  # small images: the arithmetic is the same, the tests stay quick
    assert_same_logits(ours, theirs, side)


def _places(architecture):
    """Our tensors in the order in which torchvision and timm have them: a shortcut after the other layers of its block."""
    layers = [*architecture.front]
    for block in architecture.blocks:
        layers += sorted(block.layers, key=lambda layer: layer.is_shortcut)
    keys = [*shapes(architecture)]
    return [key for layer in (*layers, *architecture.back) for key in keys if key.startswith(layer.id + ".")]


def assert_same_network(architecture, build_theirs, side=96):
    """The same weights, matched by place and shape, give the same logits."""
    ours = randomised(build(architecture, padding="symmetric", seed=5, **BN_ONE))
    with torch.device("meta"):
        theirs = build_theirs()
    state, expected, places = ours.state_dict(), shapes(architecture), _places(architecture)
    theirs_state = theirs.state_dict()
    assert [tuple(t.shape) for t in theirs_state.values()] == [expected[key] for key in places]
    theirs.load_state_dict({their: state[key] for their, key in zip(theirs_state, places)}, strict=True, assign=True)
    assert_same_logits(ours, theirs, side)


@pytest.mark.parametrize("name, build_theirs", [
    ("mobilenetv2", "mobilenet_v2"), ("resnet50", "resnet50"), ("resnet152", "resnet152")])
def test_other_families_equal_torchvision_s(torchvision, name, build_theirs):
    assert_same_network(published(name), getattr(torchvision.models, build_theirs))


@pytest.mark.parametrize("width", [0.5, 1.4, 2.0])
def test_a_scaled_mobilenet_equals_torchvision_s(torchvision, width):
    assert_same_network(compound(1, 1, width, 1, base="mobilenetv2"), partial(torchvision.models.mobilenet_v2, width_mult=width))


@pytest.mark.parametrize("name, build_theirs", [("mobilenetv1", "mobilenetv1_100"), ("mnasnet-a1", "semnasnet_100")])
def test_other_families_equal_timm_s(timm, name, build_theirs):
    assert_same_network(published(name), partial(timm.create_model, build_theirs))


def test_both_paddings_of_max_pooling():
    layer = Layer("maxpool", "maxpool", 3, 2, 1, Shape(1, 4, 4), Shape(1, 2, 2), None)
    image = -torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)  # all negative: a padding of zeros would win
    assert MaxPool(layer, "same")(image).flatten().tolist() == [-1, -3, -9, -11]
    assert MaxPool(layer, "symmetric")(image).flatten().tolist() == [-1, -2, -5, -6]
    for side in range(1, 20):
        x = torch.randn(1, 2, side, side)
        for padding in ("same", "symmetric"):
            assert MaxPool(layer, padding)(x).shape[-1] == -(-side // 2)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_key_maps_are_one_to_one_in_order(layout):
    for name in ("b0", "b1", "lite2", "l2"):
        architecture = published(name)
        keys = key_map(architecture, layout)
        with torch.device("meta"):
            assert list(keys) == list(build(architecture, initialised=False).state_dict())
        assert len(set(keys.values())) == len(keys)
    assert len(key_map(published("b0"), layout)) == 360
    assert list(key_map(published("b0"), "lukemelas").values())[6:8] == ["_blocks.0._depthwise_conv.weight", "_blocks.0._bn1.weight"]
    with pytest.raises(UserError, match="timm, torchvision, lukemelas"):
        key_map(published("b0"), "keras")


def test_the_default_is_the_reference_s_batch_norm():
    network = build(published("b0"))
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(1e-3, 0.01)}


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_same_padding_gives_the_ceiling(kernel, stride):
    for side in range(1, 66):
        before, after = same_padding(side, kernel, stride)
        assert (side + before + after - kernel) // stride + 1 == math.ceil(side / stride) or kernel == 1
        assert 0 <= after - before <= 1
        if stride == 1 or side % 2 == 1 and kernel > 1:
            assert before == after


@pytest.mark.parametrize("kernel, side, pads", [(3, 224, (0, 1)), (5, 112, (1, 2)), (3, 225, (1, 1)), (5, 113, (2, 2))])
def test_same_padding_is_asymmetric_on_even_sides(kernel, side, pads):
    assert same_padding(side, kernel, 2) == pads


def test_padding_is_taken_from_the_live_shape_and_works_off_square():
    layer = Layer("x", "conv", 3, 2, 1, Shape(3, 8, 8), Shape(4, 4, 4), None)
    same, symmetric = Convolution(layer, "same"), Convolution(layer, "symmetric")
    assert same(torch.zeros(1, 3, 9, 14)).shape == symmetric(torch.zeros(1, 3, 9, 14)).shape == (1, 4, 5, 7)


@pytest.mark.parametrize("side, equal", [(33, True), (65, True), (64, False)])
def test_the_two_paddings_agree_where_every_strided_side_is_odd(side, equal):
    architecture = compound(0)
    same = randomised(build(architecture, seed=5)).eval()
    symmetric = build(architecture, padding="symmetric", seed=5).eval()
    symmetric.load_state_dict(same.state_dict())
    image = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        assert torch.equal(same(image), symmetric(image)) is equal


def test_stochastic_depth_is_per_sample_and_rescaled():
    drop = StochasticDepth(0.25).train()
    torch.manual_seed(0)
    out = drop(torch.ones(4000, 2, 3, 3))
    assert out.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert (out == out[:, :1, :1, :1]).all()  # one decision per image
    assert abs((out[:, 0, 0, 0] > 0).float().mean().item() - 0.75) < 0.03
    image = torch.randn(3, 2, 4, 4)
    assert torch.equal(drop.eval()(image), image)


def test_rates_of_stochastic_depth_in_the_module():
    network = build(published("b1"))
    rates = [module.rate for module in network.modules() if isinstance(module, StochasticDepth)]
    assert rates == [0.2 * block.index / 23 if block.skip else 0.0 for block in published("b1").blocks]
    assert network.dropout.p == 0.2 and build(published("b4")).dropout.p == 0.4


def test_reference_initialisation():
    network = build(published("b0"), seed=0)
    deviation = network.get_submodule("stages.5.1.depthwise.conv").weight.std().item()  # 5×5, 1152 channels
    assert deviation == pytest.approx(math.sqrt(2 / 25), rel=0.02)
    expand = network.get_submodule("stages.5.1.expand.conv").weight.std().item()
    assert expand == pytest.approx(math.sqrt(2 / 1152), rel=0.02)
    weight = network.classifier.weight
    assert weight.abs().max().item() <= 1 / math.sqrt(1000) and weight.abs().max().item() > 0.99 / math.sqrt(1000)
    assert network.classifier.bias.abs().max().item() == 0
    again = build(published("b0"), seed=0)
    assert all(torch.equal(a, b) for a, b in zip(network.state_dict().values(), again.state_dict().values()))


def test_nothing_changes_its_input():
    network = randomised(build(compound(-1, base="small", classes=5), seed=1)).train()
    for name, module in network.named_modules():
        if name and not name.startswith("classifier"):
            module.register_forward_hook(lambda _, inputs, output: kept.append((inputs[0], inputs[0].clone(), output, output.clone())))
    kept = []
    network(torch.randn(2, 3, 32, 32))
    assert kept and all(torch.equal(a, b) and torch.equal(c, d) for a, b, c, d in kept)


def test_building_for_weights_allocates_nothing():
    network = build(published("b7"), initialised=False)
    assert all(p.is_meta for p in network.parameters()) and all(b.is_meta for b in network.buffers())
    donor = build(compound(0), seed=1)
    empty = build(compound(0), initialised=False)
    empty.load_state_dict(donor.state_dict(), assign=True)
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(donor.eval()(image), empty.eval()(image))


@pytest.mark.parametrize("wrong", [{"padding": "valid"}, {"eps": 0.0}, {"eps": math.nan}, {"momentum": 2.0}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(UserError):
        build(compound(0), **wrong)
