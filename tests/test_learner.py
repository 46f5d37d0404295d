"""How a network begins to learn, what of it learns, and its moving average."""

import pytest
import torch
from torch import nn

from effnet_core.families import SCENES, small
from effnet_core.learning.learner import freeze, into_training, moving_average, parameter_groups, start_anew, start_gently
from effnet_core.network import build


@pytest.fixture
def network():
    return build(small(SCENES), seed=0)


def test_a_gentle_start_makes_residual_branches_zero(network):
    start_gently(network, 0)
    x = torch.randn(2, 3, 48, 48)
    skips = [block for stage in network.stages for block in stage if block.skip]
    others = [block for stage in network.stages for block in stage if not block.skip]
    assert skips and all(not block.project.norm.weight.any() for block in skips)
    assert all(bool(block.project.norm.weight.all()) for block in others)
    y = network.eval().stages[:4](network.stem(x))
    block = network.stages[4][1]
    z = network.stages[4][0](y)
    assert block.skip and torch.equal(block(z), z)
    assert network(x).abs().max() < 0.5


def test_a_new_classifier_is_near_zero_and_reproducible(network):
    start_anew(network.classifier, 3)
    first = network.classifier.weight.clone()
    start_anew(network.classifier, 3)
    assert torch.equal(first, network.classifier.weight) and 0.009 < first.std() < 0.011 and not network.classifier.bias.any()


def test_norms_and_biases_do_not_decay(network):
    decayed, spared = parameter_groups(network, 0.05)
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.05, 0.0)
    norms = {id(p) for module in network.modules() if isinstance(module, nn.BatchNorm2d) for p in module.parameters()}
    biases = {id(p) for name, p in network.named_parameters() if name.endswith("bias")}
    assert {id(p) for p in spared["params"]} == norms | biases
    assert len(decayed["params"]) + len(spared["params"]) == len(list(network.parameters()))


def test_of_a_frozen_network_only_the_classifier_learns(network):
    freeze(network)
    into_training(network)
    learning = [p for group in parameter_groups(network, 0.05) for p in group["params"]]
    assert {id(p) for p in learning} == {id(p) for p in network.classifier.parameters()}
    assert not any(module.training for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    assert network.dropout.training and network.classifier.training


def test_otherwise_all_of_it_is_in_training_mode(network):
    into_training(network.eval())
    assert all(module.training for name, module in network.named_modules() if name != "pool")


def test_the_average_follows_its_formula():
    weights = [torch.tensor([float(value)]) for value in (1, 2, 5, -3)]
    average, expected = weights[0].clone(), 1.0
    update = moving_average(0.2)
    for updates, weight in enumerate(weights[1:], 1):
        update([average], [weight], updates)
        decay = min(0.2, (1 + updates) / (10 + updates))
        expected = decay * expected + (1 - decay) * weight.item()
    assert (1 + 1) / (10 + 1) < 0.2 < (1 + 2) / (10 + 2)  # the first update is still limited by the count, the second is not
    assert average.item() == pytest.approx(expected, rel=1e-6)


def test_counters_are_copied():
    average = torch.tensor([3])
    moving_average(0.9)([average], [torch.tensor([8])], 5)
    assert average.item() == 8
