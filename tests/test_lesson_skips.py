"""Skip connections counted, taken away, and a ReLU put after projections: against the network's own forward pass and finite differences."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from effnet_core import build, published
from effnet_core.checkpoints import load
from effnet_core.figures.powers import power_text
from effnet_core.inside.inspection import inspect, softmax
from effnet_core.lessons import shortcuts
from effnet_core.lessons.rectified import _mbconvs, all_cut, cuts
from effnet_core.lessons.skips import ways


@pytest.fixture(scope="module")
def model():
    return load("small-scenes")


@pytest.fixture(scope="module")
def image(model):
    return torch.randn((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name, expected", [("b0", (16, 9, 2)), ("b1", (23, 16, 1)), ("b7", (55, 48, 1)), ("mobilenetv1", (13, 0, 13)), ("resnet50", (16, 16, 0))])
def test_ways_around_are_counted(name, expected):
    assert ways(published(name)) == expected


def test_depth_adds_only_blocks_with_a_skip():
    assert {ways(published(f"b{number}")).through for number in range(8)} == {7}


def test_the_way_through_is_the_network_s_own(model, image):
    found = shortcuts.trained(model, image, 3)
    seen = inspect(model, image)
    assert [flow.unit for flow in found] == [*seen.outputs]
    for flow in found:
        assert flow.spread == pytest.approx(float(torch.from_numpy(seen.outputs[flow.unit]).std()), rel=1e-4)


@pytest.mark.parametrize("skips", [True, False])
def test_gradients_are_what_a_small_change_does(model, image, skips):
    """The logit along the gradient's direction, from a block in the middle, by finite differences in numbers of 64 bits."""
    network = model.network.double()
    try:
        outputs = shortcuts._through(network, image.double(), skips)
        (slope,) = torch.autograd.grad(outputs["classifier"][0, 1], outputs["stages.2.0"], retain_graph=True)
        found = {flow.unit: flow.slope for flow in shortcuts._flows(outputs, outputs["classifier"][0, 1])}
        units, at = shortcuts.chain(network), outputs["stages.2.0"].detach()

        def logit(x):
            for name in [*units][[*units].index("stages.2.0") + 1 :]:
                block = network.get_submodule(name)
                x = block.branch(x) + (x if block.skip and skips else 0) if hasattr(block, "branch") else units[name](x)
            return x[0, 1].item()

        step = 1e-4 * slope / slope.norm()
        assert found["stages.2.0"] == pytest.approx((logit(at + step) - logit(at - step)) / 2e-4, rel=1e-4)
    finally:
        network.float()


def test_untrained_networks_grow_like_a_root_within_a_stage():
    images = torch.randn((4, 3, 64, 64), generator=torch.Generator().manual_seed(1))
    found = {flow.unit: flow for flow in shortcuts.untrained(published("b0", 4), images)}
    bare = {flow.unit: flow for flow in shortcuts.untrained(published("b0", 4), images, skips=False)}
    for place in range(4):
        assert found[f"stages.5.{place}"].spread == pytest.approx((1 + place) ** 0.5, rel=0.1)
        assert bare[f"stages.5.{place}"].spread == pytest.approx(1.0, rel=0.05)


def test_relu_after_a_projection(model, image):
    seen = inspect(model, image)
    label = int(seen.logits.argmax())
    found = cuts(model, seen, label)
    assert [cut.block for cut in found] == [block.id for block in model.network.architecture.blocks]
    for cut in found[:: max(1, len(found) // 4)]:
        values = []
        hook = model.network.get_submodule(f"{cut.block}.project").register_forward_hook(lambda _, __, output: (values.append(output), output.relu())[1])
        with torch.inference_mode():
            logits = model.network(image)[0].numpy()
        hook.remove()
        assert cut.probability == pytest.approx(float(softmax(logits)[label]), abs=1e-5) and cut.channels == values[0].shape[1]
        assert cut.negative == pytest.approx(float(np.mean(values[0].numpy() < 0)), abs=1e-4)
    hooks = [model.network.get_submodule(f"{cut.block}.project").register_forward_hook(lambda _, __, output: output.relu()) for cut in found]
    with torch.inference_mode():
        logits = model.network(image)[0].numpy()
    for hook in hooks:
        hook.remove()
    assert all_cut(model, seen, label) == pytest.approx(float(softmax(logits)[label]), abs=1e-5)


def test_nothing_of_the_model_is_changed(model, image):
    before = inspect(model, image).logits
    shortcuts.trained(model, image, 0, skips=False)
    all_cut(model, inspect(model, image), 0)
    np.testing.assert_array_equal(inspect(model, image).logits, before)
    assert all(parameter.grad is None for parameter in model.network.parameters())


def test_a_network_without_mbconv_has_no_projection_to_cut():
    network = build(published("mobilenetv1", 4), seed=0).eval()
    assert _mbconvs(SimpleNamespace(network=network)) == []


@pytest.mark.parametrize("value, text", [(2.471, "2.47"), (1075.4, "1075"), (2.438e-10, "2.4 · 10⁻¹⁰"), (0.0, "0"), (float("inf"), "∞"), (-0.5, "−0.5"), (123456.0, "1.2 · 10⁵")])
def test_numbers_of_any_size(value, text):
    assert power_text(value) == text and power_text(1e-9, 1) == "10⁻⁹"
