"""How maps travel to a browser: exactly where there is room, as levels or means where there is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_core.families import NAMES, published
from effnet_core.figures import atlas
from effnet_core.figures.maps import indexes, tops


def bytes_of(how, height, width):
    cell = 4 if how.exact else 1
    return how.count * -(-height // how.thin) * -(-width // how.thin) * cell


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_of_every_network_fits_its_messages(name):
    network = published(name)
    for layer in network.layers[:-1]:
        channels, height, width = layer.output
        how = atlas.plan(channels, height, width)
        assert 0 < bytes_of(how, height, width) <= atlas.MOST_BYTES and -(-height // how.thin) <= atlas.MOST_SIDE
        assert how.parts(channels) * how.count >= channels > (how.parts(channels) - 1) * how.count
        assert how.part(channels - 1) == how.parts(channels) - 1 and how.count >= min(channels, 24)
        assert how.exact or 4 * height * width * min(channels, atlas.ENOUGH) > atlas.MOST_BYTES


def test_messages_are_about_as_long():
    assert atlas.plan(96, 40, 40) == (48, True, 1)  # 85 would have room, and leave 11 for the second
    assert atlas.plan(1280, 7, 7) == (1280, True, 1)
    assert atlas.plan(32, 112, 112) == (32, False, 1) and atlas.plan(64, 300, 300) == (32, False, 3)


@given(height=st.integers(1, 9), width=st.integers(1, 9), times=st.integers(1, 4))
def test_means_of_squares_of_cells(height, width, times):
    maps = np.random.default_rng(height).normal(size=(2, height, width)).astype(np.float32)
    found = atlas.thinned(maps, times)
    assert found.dtype == np.float32 and found.shape == (2, -(-height // times), -(-width // times))
    for row in range(found.shape[1]):
        for column in range(found.shape[2]):
            square = maps[:, times * row : times * (row + 1), times * column : times * (column + 1)]
            assert found[:, row, column] == pytest.approx(square.mean((1, 2)), abs=1e-6)


def test_small_maps_travel_to_the_bit():
    maps = np.random.default_rng(0).normal(size=(3, 5, 5)).astype(np.float32)
    data, height, width = atlas.cells(maps, tops(maps), atlas.Plan(3, True, 1))
    assert (np.frombuffer(data, "<f4").reshape(3, 5, 5) == maps).all() and (height, width) == (5, 5)


def test_large_maps_travel_as_levels_of_the_colour_scale():
    maps = np.random.default_rng(0).normal(size=(3, 5, 4)).astype(np.float32)
    reach = tops(maps, "map")
    data, height, width = atlas.cells(maps, reach, atlas.Plan(3, False, 2))
    levels = np.frombuffer(data, np.uint8).reshape(3, 3, 2)
    assert (height, width) == (3, 2) and (levels == indexes(atlas.thinned(maps, 2), reach)).all()
    shown = (levels / 126 - 1) * reach[:, None, None]  # what is said of such a cell is at most half a level off
    assert (np.abs(shown - atlas.thinned(maps, 2)) <= reach[:, None, None] / 252 * 1.0001).all()
