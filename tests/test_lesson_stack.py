"""The toy stack: its backward pass against autograd and finite differences, and what theory says of signal and gradient."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from effnet_core.errors import UserError
from effnet_core.lessons import stack
from effnet_core.lessons.stack import KINDS, Kind, Weights, arms, run, weights

ACTIVATIONS = ("relu", "relu6", "swish", "linear")
OF_TORCH = {"relu": F.relu, "relu6": F.relu6, "swish": F.silu, "linear": lambda x: x}


def by_autograd(given: Weights, kind: Kind, activation: str):
    """Loss, ‖∂loss/∂x‖ at every place, and the weights' slopes."""
    points, arm = map(torch.tensor, arms())
    layers, reading = (torch.tensor(part, requires_grad=True) for part in (given.layers, given.reading))
    x = (points @ torch.tensor(given.embedding)).requires_grad_()
    inputs = [x]
    for w in layers:
        branch = OF_TORCH[activation](x) @ w
        if kind.norm:
            branch = F.batch_norm(branch, None, None, training=True, eps=stack.EPS)
        x = x + branch if kind.skip else branch
        inputs.append(x)
    loss = F.cross_entropy(x @ reading, arm)
    *slopes, of_layers, of_reading = torch.autograd.grad(loss, [*inputs, layers, reading])
    return loss.item(), [slope.norm().item() for slope in slopes], of_layers.numpy(), of_reading.numpy()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("depth, gain", [(1, 1.0), (5, 0.7), (20, 1.0)])  # deeper, norm without skip makes rounding visible
def test_the_chain_rule_is_autograd_s(kind, activation, depth, gain):
    given = weights(depth, gain, 3)
    found, (loss, slopes, layers, reading) = run(given, kind, activation), by_autograd(given, kind, activation)
    assert found.loss == pytest.approx(loss, rel=1e-8)
    np.testing.assert_allclose(found.slope, slopes, rtol=1e-6)
    np.testing.assert_allclose(found.steps.layers, layers, rtol=1e-5, atol=1e-8 * np.abs(layers).max())
    np.testing.assert_allclose(found.steps.reading, reading, rtol=1e-6, atol=1e-9 * np.abs(reading).max())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_chain_rule_is_what_a_small_change_does(kind):
    given, small = weights(3, 1.0, 1), 1e-6
    steps = run(given, kind, "swish").steps.layers
    for place in ((0, 2, 5), (1, 0, 23), (2, 7, 7)):
        moved = [given.layers.copy() for _ in range(2)]
        moved[0][place] += small
        moved[1][place] -= small
        up, down = (run(given._replace(layers=layers), kind, "swish").loss for layers in moved)
        assert steps[place] == pytest.approx((up - down) / (2 * small), rel=1e-5, abs=1e-9)


def test_a_linear_stack_multiplies_its_matrices():
    given = weights(6, 1.0, 0)
    plain, skipped = np.eye(stack.WIDTH), np.eye(stack.WIDTH)
    for w in given.layers:
        plain, skipped = plain @ w, skipped @ (np.eye(stack.WIDTH) + w)
    points, _ = arms()
    for product, kind in ((plain, KINDS[0]), (skipped, KINDS[1])):
        x = points @ given.embedding @ product
        assert run(given, kind, "linear").spread[-1] == pytest.approx(np.sqrt(x.var(0).mean()), rel=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_with_skip_and_norm_the_spread_grows_like_a_root(activation, gain):
    """Every branch adds variance 1: l blocks give about √(1 + l), whatever the weights' scale (arXiv 2002.10444)."""
    spread = run(weights(64, gain, 0), KINDS[3], activation).spread
    np.testing.assert_allclose(spread[8:], np.sqrt(spread[0] ** 2 + np.arange(8, 65)), rtol=0.35)


def test_what_each_lacks():
    """Means over seeds, ReLU, He's scale, 64 blocks: the gradient at the first over that at the last."""
    ratio = {kind.name: np.exp(np.mean([np.log(found.slope[0] / found.slope[-1]) for seed in range(8)
                                        for found in [run(weights(64, 1.0, seed), kind, "relu")]])) for kind in KINDS}
    assert ratio["plain"] < 0.2 and ratio["skip"] > 1e6 and ratio["norm"] > 1e4 and 1 < ratio["skip + norm"] < 300


def test_a_deeper_stack_begins_with_the_same_blocks():
    np.testing.assert_array_equal(weights(64, 1.0, 5).layers[:7], weights(7, 1.0, 5).layers)


def test_refusals():
    with pytest.raises(UserError, match="1 to 64"):
        weights(65, 1.0, 0)
    with pytest.raises(UserError, match="relu, relu6"):
        run(weights(1, 1.0, 0), KINDS[0], "tanh")
