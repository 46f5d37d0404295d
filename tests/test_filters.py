"""Filters as colours, weight by weight."""

import io

import numpy as np
import pytest
from PIL import Image

from effnet_core.errors import UserError
from effnet_core.figures import filters


def test_zero_is_grey_and_the_ends_are_the_ends():
    weights = np.zeros((1, 3, 1, 2), np.float32)
    weights[0, :, 0, 0] = -0.5, 0.0, 0.5
    assert filters.reach(weights) == 0.5
    assert filters.pixels(weights, 0.5).tolist() == [[[[0, 128, 255], [128, 128, 128]]]]


def test_what_exceeds_the_scale_gets_its_end_and_what_is_no_number_is_black():
    weights = np.array([2.0, np.nan, -9.0], np.float32).reshape(1, 3, 1, 1)
    assert filters.pixels(weights, 1.0).tolist() == [[[[255, 0, 0]]]]
    assert filters.reach(weights) == 9.0


def test_filters_of_nothing_but_zeros_are_grey():
    assert filters.reach(np.zeros((2, 3, 3, 3))) == 0.0
    assert set(filters.pixels(np.zeros((2, 3, 3, 3)), 0.0).ravel().tolist()) == {128}


def test_the_mosaic_has_a_pixel_per_weight_and_gaps_that_are_transparent():
    weights = np.random.default_rng(0).normal(size=(5, 3, 3, 3)).astype(np.float32)
    made = filters.mosaic(weights, filters.reach(weights))
    picture = np.asarray(Image.open(io.BytesIO(made.png)))
    assert (made.columns, made.height, made.width, made.gap) == (3, 3, 3, 1) and picture.shape == (7, 11, 4)
    for number, tile in enumerate(filters.pixels(weights, filters.reach(weights))):
        y, x = number // 3 * 4, number % 3 * 4
        assert np.array_equal(picture[y : y + 3, x : x + 3, :3], tile) and (picture[y : y + 3, x : x + 3, 3] == 255).all()
    assert not picture[3].any() and not picture[:, 3].any() and not picture[4:, 8:].any()


@pytest.mark.parametrize("shape", [(4, 1, 3, 3), (3, 3, 3), (0, 3, 3, 3)])
def test_filters_that_see_no_colours_get_a_sentence(shape):
    with pytest.raises(UserError, match="O × 3 × k × k"):
        filters.pixels(np.zeros(shape), 1.0)
