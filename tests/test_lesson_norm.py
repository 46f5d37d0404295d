"""Batch norm folded and followed through training, against torch's own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from effnet_core import load
from effnet_core.errors import UserError
from effnet_core.figures import chance as drawn
from effnet_core.inside.inspection import inspect, open_unit
from effnet_core.inside.probing import probe
from effnet_core.lessons import folding, normals
from effnet_core.lessons import norm as core
from effnet_core.lessons.kept import before_gates
from effnet_core.photos import samples


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(-3, 3), st.floats(0, 6), st.sampled_from([1e-5, 1e-3, 1.0]), st.floats(-5, 5))
def test_folding_one_channel_is_batch_norm(gamma, beta, mean, variance, eps, x):
    module = nn.BatchNorm1d(1, eps).double().eval()
    module.load_state_dict({"weight": torch.tensor([gamma]), "bias": torch.tensor([beta]), "running_mean": torch.tensor([mean]),
                            "running_var": torch.tensor([variance]), "num_batches_tracked": torch.tensor(0)}, strict=True)
    norm = core.Norm(*(float(part.detach()) for part in (module.weight, module.bias, module.running_mean, module.running_var)), eps)
    expected = module(torch.tensor([[x]], dtype=torch.float64)).item()
    folded = core.fold(norm)
    assert norm.of(x) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert folded.factor * x + folded.shift == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("variance, eps", [(-1.0, 1e-3), (0.0, 0.0)])
def test_a_spread_that_is_none_is_refused(variance, eps):
    with pytest.raises(UserError, match="variance"):
        core.fold(core.Norm(1, 0, 0, variance, eps))


@pytest.mark.parametrize("momentum, size", [(0.01, 16), (0.1, 2), (1.0, 5)])
def test_running_statistics_are_those_of_torch(momentum, size):
    batches = normals.batches(40, size, 2.0, 1.0, 3)
    module = nn.BatchNorm1d(1, momentum=momentum).double().train()
    for batch, step in zip(batches, core.running(batches, momentum)):
        x = torch.tensor(batch, dtype=torch.float64)[:, None]
        y = module(x)
        assert (step.running_mean, step.running_variance) == pytest.approx((module.running_mean.item(), module.running_var.item()))
        assert core.Norm(1, 0, step.mean, step.variance, module.eps).of(batch[0]) == pytest.approx(y[0].item())
    ones = core.running([[1.0, 1.0]] * 40, momentum)[-1]
    assert core.share(momentum, 40) == pytest.approx(ones.running_mean)
    figure = drawn.running(core.running(batches, momentum), 2.0, "light")
    type(figure)(figure.to_dict())


def test_the_batches_have_the_mean_and_spread_that_was_asked_for():
    numbers = torch.tensor(normals.batches(100, 100, 2.0, 1.5, 0))
    assert abs(numbers.mean() - 2) < 5 * 1.5 / 100 and abs(numbers.std() - 1.5) < 0.06


@pytest.mark.parametrize("batches, momentum, says", [([[1.0]], 0.1, "two numbers"), ([[1.0, 2.0]], 1.5, "from 0 to 1")])
def test_a_batch_has_a_spread_and_a_momentum_is_a_share(batches, momentum, says):
    with pytest.raises(UserError, match=says):
        core.running(batches, momentum)


@pytest.fixture(scope="module")
def model():
    return load("b0-imagenette")


@pytest.fixture(scope="module")
def seen(model):
    return inspect(model, model.preprocess.tensor(samples()["cat"].open()))


@pytest.mark.parametrize("layer", ["stem", "stages.0.0.depthwise", "stages.2.0.depthwise", "stages.4.1.expand", "stages.6.0.project"])
def test_the_parts_of_a_layer_are_those_of_the_pass(model, seen, layer):
    unit = model.network.architecture.unit_of(layer)
    parts = folding.within(model, seen, unit, layer)
    module = model.network.get_submodule(layer)
    with torch.inference_mode():
        assert torch.equal(module.conv(parts["input"]), parts["conv"]) and torch.equal(module.norm(parts["conv"]), parts["norm"])
        assert torch.equal(module.activation(parts["norm"]), torch.from_numpy(open_unit(model, seen, unit).layers[layer])[None])


@pytest.mark.parametrize("layer", ["stem", "stages.2.0.depthwise", "stages.4.1.expand"])
def test_a_folded_layer_is_the_layer(model, seen, layer):
    given = folding.within(model, seen, model.network.architecture.unit_of(layer), layer)["input"]
    found = folding.of_layer(model.network, layer, given)
    module = model.network.get_submodule(layer)
    channels, weights = module.norm.num_features, module.conv.weight.numel()
    assert 0 <= found.most < 1e-5 * found.reach
    assert (found.learnt, found.kept, found.folded) == (weights + 2 * channels, 2 * channels, weights + channels)


def test_a_folded_network_has_no_batch_norm_and_computes_the_same(model, seen):
    x = torch.from_numpy(seen.image)[None]
    folded = folding.fold(model.network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, nn.BatchNorm2d) for module in model.network.modules()) and not model.network.training
    with torch.inference_mode():
        assert (folded(x) - probe(model.network, x).logits).abs().max() < 1e-4
    found = folding.of_network(model.network, x)
    assert found.most < 1e-4
    assert (found.learnt, found.folded) == tuple(sum(part.numel() for part in each.parameters()) for each in (model.network, folded))
    assert found.kept == sum(part.numel() for name, part in model.network.named_buffers() if "running" in name)


def test_what_the_sigmoid_gets_makes_the_gates(model, seen):
    excitation = open_unit(model, seen, "stages.4.1").excitation
    numbers = before_gates(model.network, "stages.4.1", excitation)
    assert torch.equal(torch.sigmoid(torch.from_numpy(numbers)), torch.from_numpy(excitation.own))
