"""Evidence over a picture, pixel by pixel."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from effnet_core.figures.cam import AGAINST, FOR, blend, sheet


@pytest.mark.parametrize("opacity", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("positive", [False, True])
def test_colour_covers_what_speaks_and_leaves_the_rest_grey(opacity, positive):
    generator = np.random.default_rng(0)
    photo, values = generator.integers(0, 256, (5, 6, 3), np.uint8), generator.normal(size=(5, 6)) * 2
    found = blend(photo, values, 1.5, opacity, positive)
    assert found.dtype == np.uint8
    for row, column in itertools.product(range(5), range(6)):
        value, pixel = values[row, column], photo[row, column].astype(float)
        cover = opacity * min(1.0, abs(value) / 1.5) * (value > 0 or not positive)
        colour = [int((FOR if value > 0 else AGAINST)[place : place + 2], 16) for place in (1, 3, 5)]
        luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]
        for channel in range(3):
            grey = pixel[channel] * (1 - min(1, 2 * opacity)) + luma * min(1, 2 * opacity)
            assert abs(int(found[row, column, channel]) - (grey * (1 - cover) + colour[channel] * cover)) <= 0.5 + 1e-6


def test_nothing_is_coloured_where_all_is_zero():
    photo = np.full((3, 3, 3), 90, np.uint8)
    assert (blend(photo, np.zeros((3, 3)), 0.0) == photo).all()


def test_pictures_stand_in_rows():
    pictures = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)]
    made = sheet(pictures, 2)
    whole = np.asarray(Image.open(io.BytesIO(made.png)))
    assert (made.columns, made.gap, made.height, made.width) == (2, 0, 2, 3) and whole.shape == (4, 6, 3)
    assert (whole[:2, :3] == 10).all() and (whole[:2, 3:] == 20).all() and (whole[2:, :3] == 30).all()
