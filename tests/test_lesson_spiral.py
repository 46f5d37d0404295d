"""The spiral's experiment against numpy's pseudo-inverse, least squares and SVD, and against the binomial law."""

import math
import statistics

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from effnet_core.errors import UserError
from effnet_core.lessons import normals, spiral
from effnet_core.lessons.curves import NAMES, activate, alive, slope
from effnet_core.lessons.spiral import MEASURES, WIDEST, at_width, collapse, losses, matrices

from .spirals import embed

RUNS = [(n, activation, seed, scale) for activation in NAMES for n, seed, scale in ((2, 0, 1.0), (3, 7, 4.0), (15, 1, 0.5), (60, 999, 8.0))]


def by_hand(n, activation, seed, scale):
    """The same three measures, from numpy's own solvers."""
    points, t = spiral.spiral(), matrices(np.array([seed]), n, scale)[0]
    z = points @ t.T
    y = activate(z, activation)
    middle = points - points.mean(0)
    back = y @ np.linalg.pinv(t).T
    design = np.column_stack([back.ravel(order="F"), np.repeat(np.eye(2), len(points), 0)])  # a factor and a shift
    inverse = np.sum((points.ravel(order="F") - design @ np.linalg.lstsq(design, points.ravel(order="F"))[0]) ** 2)
    affine = np.column_stack([y, np.ones(len(y))])
    best = affine @ np.linalg.lstsq(affine, points, rcond=1e-10)[0]
    rank = [np.linalg.matrix_rank(t * slope[:, None]) for slope in _jacobian(z, activation)]
    return np.mean(np.array(rank) < 2), inverse / np.sum(middle**2), np.sum((points - best) ** 2) / np.sum(middle**2), best


def _jacobian(z, activation):
    """φ′ at every number, by autograd."""
    leaf = torch.tensor(z, requires_grad=True)
    function = {"relu": F.relu, "relu6": F.relu6, "swish": F.silu, "linear": lambda x: 1.0 * x}[activation]
    return torch.autograd.grad(function(leaf).sum(), leaf)[0].numpy()


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_measures_are_what_numpy_s_solvers_find(run):
    found, (collapsed, inverse, by_best, best) = embed(*run), by_hand(*run)
    assert found.collapsed == collapsed
    assert found.inverse == pytest.approx(inverse, abs=1e-9) and found.by_best == pytest.approx(by_best, abs=1e-7)
    np.testing.assert_allclose(found.best, best, atol=1e-3 if found.by_best > 1e-7 else 1e-4)
    left = spiral.spiral() - found.back
    assert np.sum(left**2) / np.sum((spiral.spiral() - spiral.spiral().mean(0)) ** 2) == pytest.approx(found.inverse, abs=1e-9)


@pytest.mark.parametrize("activation, scale", [("relu", 1.0), ("relu6", 6.0), ("swish", 2.0), ("linear", 1.0)])
def test_the_curve_is_made_of_single_runs(activation, scale):
    curve = losses(activation, 3, scale)
    assert curve.shape == (len(MEASURES), 3, WIDEST - 1)
    for seed in range(3):
        for n in (2, 5, 29, WIDEST):
            found = embed(n, activation, seed, scale)
            assert curve[:, seed, n - 2] == pytest.approx([found.collapsed, found.inverse, found.by_best], abs=1e-9)


def test_a_linear_way_loses_nothing_and_relu_is_blind_to_scale():
    assert losses("linear", 5).max() < 1e-12
    np.testing.assert_allclose(losses("relu", 5, 1.0), losses("relu", 5, 7.0), atol=1e-9)


def test_the_share_that_collapses_is_the_binomial_law_s():
    found = losses("relu", 1000)[0].mean(0)
    for n in (2, 3, 5, 8):
        assert found[n - 2] == pytest.approx(collapse(n), abs=0.02) and collapse(n) == (n + 1) / 2**n
    assert collapse(4, 4) == 15 / 16 and collapse(5, 1) == 1 / 32 and collapse(3, 9) == 1.0


@pytest.mark.parametrize("n, m", [(1024, 170), (1025, 2), (1025, 500), (1025, 513), (1025, 514), (1500, 741), (4097, 2049), (9000, 4400), (9000, 9000), (9000, 1)])
def test_wide_layers_keep_to_the_law(n, m):
    """By whole numbers, and by logarithms where these grow too long."""
    assert collapse(n, m) == pytest.approx(sum(math.comb(n, k) for k in range(m)) / 2**n, rel=1e-9, abs=0)


def test_the_widest_layer_of_all():
    """β = 2 at φ = 8: to within the tails of a normal distribution with the same variance."""
    n = 294_912
    assert collapse(n, n // 6) == 0.0 and collapse(n, n // 2) == pytest.approx(0.5, abs=2e-3) and collapse(n, n) == 1.0
    below = statistics.NormalDist(n / 2, math.sqrt(n) / 2).cdf(146_500 - 0.5)
    assert collapse(n, 146_500) == pytest.approx(below, rel=0.01)


def test_swish_flattens_no_number_for_good():
    assert losses("swish", 5)[0].max() == 0


def test_relu6_at_a_great_scale_loses_what_relu_keeps():
    assert embed(8, "relu6", 1, 200.0).collapsed > embed(8, "relu", 1, 200.0).collapsed


def test_wide_layers_lose_little():
    collapsed, inverse = at_width(40, 10)
    assert inverse == pytest.approx(losses("relu", 10)[1, :, 38].mean(), abs=1e-9) and collapsed == losses("relu", 10)[0, :, 38].mean()
    assert at_width(960, 10)[1] < inverse


def test_random_numbers_are_normal_and_continue():
    drawn = normals.normals(5, 200_000)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.var() - 1) < 0.02 and abs((drawn**4).mean() - 3) < 0.1
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01 and abs(np.corrcoef(drawn, normals.normals(6, 200_000))[0, 1]) < 0.01
    np.testing.assert_array_equal(normals.normals(5, 7), drawn[:7])


def test_words_are_murmur3_s_finaliser_of_a_weyl_sequence():
    def finalise(h):
        h = (h ^ h >> 16) * 0x85EBCA6B % 2**32
        h = (h ^ h >> 13) * 0xC2B2AE35 % 2**32
        return h ^ h >> 16

    assert normals.words(41, 5).tolist() == [finalise((finalise(42) + k * 0x9E3779B9) % 2**32) for k in range(5)]


def test_an_unknown_activation_is_refused():
    with pytest.raises(UserError, match="relu, relu6, swish and linear"):
        losses("tanh", 1)


@pytest.mark.parametrize("activation", NAMES)
def test_slopes_are_those_of_autograd(activation):
    x = torch.tensor([*np.linspace(-9, 9, 97), 0.0, 6.0], dtype=torch.float64, requires_grad=True)
    made = {"relu": F.relu, "relu6": F.relu6, "swish": F.silu, "linear": lambda x: 1 * x}[activation](x)
    made.sum().backward()
    numbers = x.detach().numpy()
    np.testing.assert_allclose(activate(numbers, activation), made.detach().numpy(), atol=1e-15)
    np.testing.assert_allclose(slope(numbers, activation), x.grad.numpy(), atol=1e-15)
    assert alive(numbers, activation).tolist() == ((slope(numbers, activation) != 0) | (activation == "swish")).tolist()
