"""Covering parts of the picture, against explicit passes; and rank correlation against its definition."""

import itertools

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained
from effnet_core.families import SMALL
from effnet_core.inside.inspection import inspect, operate, softmax
from effnet_core.inside.occlusion import Patch, cover, logits_of, patches, ranks, raster, score_map, spearman, under
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling


@pytest.fixture(scope="module")
def model():
    network = build(assemble(SMALL, Scaling(0.5, 0.35, 40, 0.0), 7, "tiny"), seed=4).eval()
    return Pretrained("tiny", network, Preprocess(40, 40), tuple("abcdefg"), {})


@pytest.fixture(scope="module")
def seen(model):
    return inspect(model, torch.randn(1, 3, 40, 40, generator=torch.Generator().manual_seed(0)))


def grey(image, left, top, size):
    """Pixel by pixel."""
    covered = image.copy()
    for row, column in itertools.product(range(40), range(40)):
        if top <= row < top + size and left <= column < left + size:
            covered[:, row, column] = 0.0
    return covered


@pytest.mark.parametrize("left, top, size", [(3, 7, 9), (-4, 35, 12), (0, 0, 40), (38, -9, 10), (90, 3, 5)])
def test_a_patch_is_the_mean_pixel_and_ends_at_the_border(seen, left, top, size):
    before = seen.image.copy()
    assert (cover(seen.image, Patch(left, top, size)) == grey(seen.image, left, top, size)).all()
    assert (seen.image == before).all()


def test_grey_is_the_mean_of_the_preprocessing():
    from PIL import Image

    plain = Preprocess(40, 40)
    mean = Image.new("RGB", (40, 40), tuple(round(255 * value) for value in plain.mean))
    assert float(plain.tensor(mean).abs().max()) < 0.01  # half a level of 255, over the standard deviation


@pytest.mark.parametrize("side, size", list(itertools.product([32, 40, 160, 224, 225, 600], [2, 3, 7, 16, 21, 32])))
def test_the_raster_covers_every_pixel_and_each_patch_half_of_the_next(side, size):
    grid = raster(side, size)
    places = patches(grid)
    assert len(places) == grid.cells**2 and {patch.size for patch in places} == {size}
    lefts = [patch.left for patch in places[: grid.cells]]
    assert {b - a for a, b in itertools.pairwise(lefts)} <= {size // 2}
    assert [patch.top for patch in places[:: grid.cells]] == lefts
    covered = np.zeros(side, int)
    for left in lefts:
        assert 0 <= left + size // 2 and left + size / 2 <= side  # at least half of each lies within
        covered[max(0, left) : left + size] += 1
    assert covered.min() >= 1
    assert abs((lefts[0]) + (lefts[-1] + size - side)) <= 1  # sticks out alike
    for cell, left in enumerate(lefts):
        assert grid.centre(cell) == left + (size - 1) / 2


def test_the_score_map_is_that_of_explicit_passes(model, seen):
    heard = []
    found = score_map(model, seen, 16, 7, lambda done: heard.append(done) or True)
    grid = raster(40, 16)
    assert found.shape == (grid.cells, grid.cells, 7) and heard == [7, 14, 21, 25]
    for row, column in itertools.product(range(grid.cells), range(grid.cells)):
        covered = grey(seen.image, round(grid.centre(column) - 7.5), round(grid.centre(row) - 7.5), 16)
        with torch.inference_mode():
            expected = model.network(torch.from_numpy(covered)[None])[0].numpy()
        np.testing.assert_allclose(found[row, column], expected, rtol=1e-4, atol=1e-6)


def test_it_can_be_stopped(model, seen):
    heard = []
    assert score_map(model, seen, 16, 10, lambda done: heard.append(done) or done < 20) is None and heard == [10, 20]


def test_gates_that_are_set_stay_set_under_the_patch(model, seen):
    done = operate(model, seen, {"stages.4.1": np.zeros_like(seen.gates["stages.4.1"])})
    outside, plain = Patch(100, 100, 8), logits_of(model, seen, [Patch(100, 100, 8)])[0]
    np.testing.assert_allclose(logits_of(model, done, [outside])[0], done.logits, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(plain, seen.logits, rtol=1e-4, atol=1e-6)
    assert not np.allclose(plain, done.logits)


def test_probabilities_are_the_softmax():
    logits = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    expected = torch.softmax(torch.from_numpy(logits).double(), -1).numpy()
    np.testing.assert_allclose(softmax(logits), expected, rtol=1e-12)


def test_a_map_is_averaged_under_every_patch():
    values, grid = np.random.default_rng(1).random((40, 40)), raster(40, 12)
    found = under(values, grid)
    for row, column in itertools.product(range(grid.cells), range(grid.cells)):
        top, left = (round(grid.centre(cell) - 5.5) for cell in (row, column))
        pixels = [values[y, x] for y in range(40) for x in range(40) if top <= y < top + 12 and left <= x < left + 12]
        assert found[row, column] == pytest.approx(np.mean(pixels))


def test_ranks_share_places_where_values_are_equal():
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0, 3.0])).tolist() == [4, 1, 4, 2, 4]


def test_spearman_is_the_textbook_formula_where_no_values_are_equal():
    generator = np.random.default_rng(2)
    for count in (2, 5, 30):
        a, b = generator.permutation(count), generator.permutation(count)
        assert spearman(a, b) == pytest.approx(1 - 6 * ((a - b) ** 2).sum() / (count * (count**2 - 1)))
    a = generator.normal(size=(4, 4))
    assert spearman(a, np.exp(a)) == pytest.approx(1) and spearman(a, -(a**3)) == pytest.approx(-1)
    assert spearman(a, np.ones((4, 4))) == 0.0
    assert spearman(np.array([1, 2, 2, 3]), np.array([1, 2, 3, 4])) == pytest.approx(np.corrcoef([1, 2.5, 2.5, 4], [1, 2, 3, 4])[0, 1])
