"""Augmentation and mixtures: within bounds, reproducible, and labels that say exactly what an image is made of."""

import pytest
import torch

from effnet_core.data.augmentation import POLICIES, mix, policy
from effnet_core.errors import UserError
from effnet_core.learning.training import AUGMENTATIONS


def images(seed=0, count=8, side=24):
    return torch.rand((count, 3, side, side), generator=torch.Generator().manual_seed(seed))


def solid(count=6, side=10):
    """Image i is the number i everywhere, of class i."""
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(-1, 3, side, side).contiguous(), torch.arange(count)


def test_recipes_and_policies_have_the_same_names():
    assert tuple(POLICIES) == AUGMENTATIONS


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_keeps_the_shape_and_leaves_its_input_alone(name):
    x = images()
    before = x.clone()
    torch.manual_seed(1)
    changed = policy(name)(x)
    assert changed.shape == x.shape and changed.isfinite().all() and torch.equal(x, before)
    assert torch.equal(changed, x) == (name == "none")


@pytest.mark.parametrize("name", ["light", "strong"])
def test_a_policy_draws_from_torchs_generator_alone(name):
    change, x = policy(name), images()
    results = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        results.append(change(x))
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


def test_an_unknown_policy_is_refused():
    with pytest.raises(UserError, match="no augmentation 'wild'; there are none, light, strong"):
        policy("wild")


def test_without_mixing_labels_are_certain():
    x, labels = solid()
    pixels, shares = mix(x, labels, 7, 0.0, 0.0)
    assert torch.equal(pixels, x) and torch.equal(shares, torch.eye(7)[:6])


@pytest.mark.parametrize("way", [(1.0, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("seed", range(5))
def test_shares_say_what_an_image_is_made_of(way, seed):
    """Image i has the value i everywhere, so the mean over a mixture is the mean of the class numbers under its shares."""
    x, labels = solid()
    torch.manual_seed(seed)
    pixels, shares = mix(x, labels, 6, *way)
    torch.testing.assert_close(shares.sum(1), torch.ones(6))
    torch.testing.assert_close(pixels.mean((1, 2, 3)), shares @ torch.arange(6.0), atol=1e-4, rtol=1e-4)


def test_cutmix_pastes_and_mixup_blends():
    x, labels = solid()
    torch.manual_seed(0)
    pasted, _ = mix(x, labels, 6, 0.0, 1.0)
    blended, _ = mix(x, labels, 6, 1.0, 0.0)
    assert torch.equal(pasted, pasted.round())  # every pixel is of one of the two images
    assert not torch.equal(blended, blended.round()) and torch.equal(blended.amax((1, 2, 3)), blended.amin((1, 2, 3)))


def test_the_stated_share_of_batches_is_mixed():
    x, labels = solid()
    torch.manual_seed(0)
    mixed = sum((mix(x, labels, 6, 0.2, 0.3)[1].amax(1) < 1).any().item() for _ in range(300))
    assert 120 < mixed < 180
