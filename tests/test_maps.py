"""Mosaics of activation maps, cell by cell."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from effnet_core.errors import UserError
from effnet_core.figures import maps
from effnet_core.palette import diverging

MAPS = np.array([[[-2.0, 0.0], [1.0, 2.0]], [[0.5, 0.5], [-0.5, 0.25]]], np.float32)  # C H W


def opened(png):
    return Image.open(BytesIO(png))


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def test_the_scale_reaches_the_greatest_size_of_a_map_or_of_the_layer():
    assert maps.tops(MAPS, "map").tolist() == [2.0, 0.5] and maps.tops(MAPS, "layer").tolist() == [2.0, 2.0]
    assert maps.tops(-MAPS, "map").tolist() == [2.0, 0.5]
    with pytest.raises(UserError, match="There is no scope 'page'"):
        maps.tops(MAPS, "page")


def test_the_scale_of_a_network_is_given():
    sizes = np.array([2.0, 0.5])
    assert maps.reaches(sizes, "network", 7.5).tolist() == [7.5, 7.5] and maps.reaches(sizes, "layer").tolist() == [2.0, 2.0]
    assert maps.reaches(sizes, "map", 7.5).tolist() == [2.0, 0.5]
    with pytest.raises(UserError, match="network with its reach"):
        maps.reaches(sizes, "network")


def test_values_become_palette_indexes():
    own, shared = maps.indexes(MAPS, maps.tops(MAPS, "map")), maps.indexes(MAPS, maps.tops(MAPS, "layer"))
    assert own.dtype == np.uint8
    assert own.tolist() == [[[0, 126], [189, 252]], [[252, 252], [0, 189]]]
    assert shared.tolist() == [[[0, 126], [189, 252]], [[158, 158], [94, 142]]]  # 126 + 126 · x / 2, to the nearest


def test_what_lies_beyond_the_scale_gets_its_end():
    assert maps.indexes(MAPS, np.array([1.0, 0.25])).tolist() == [[[0, 126], [252, 252]], [[252, 252], [0, 252]]]


@pytest.mark.parametrize("scope", ["map", "layer"])
def test_constant_maps_have_a_colour(scope):
    flat = np.stack([np.zeros((2, 3)), np.full((2, 3), 4.0), np.full((2, 3), -4.0)])
    with np.errstate(all="raise"):
        cells = maps.indexes(flat, maps.tops(flat, scope))
    assert [np.unique(cell).tolist() for cell in cells] == [[126], [252], [0]]
    zeros = np.zeros((1, 2, 2))
    assert np.unique(maps.indexes(zeros, maps.tops(zeros, scope))).tolist() == [126]


def test_what_is_not_a_finite_number_stands_out_and_spoils_nothing():
    broken = MAPS.copy()
    broken[0, 0] = np.nan, np.inf
    reach = maps.tops(broken, "map")
    assert reach.tolist() == [2.0, 0.5]
    assert maps.indexes(broken, reach)[0].tolist() == [[maps.NOT_FINITE, maps.NOT_FINITE], [189, 252]]
    lost = np.full((1, 2, 2), np.nan)
    assert maps.tops(lost).tolist() == [0.0] and np.unique(maps.indexes(lost, maps.tops(lost))).tolist() == [maps.NOT_FINITE]


def test_tiles_lie_row_by_row_with_gaps():
    tiles = np.arange(1, 4, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    g = maps.GAP
    assert maps.layout(tiles, 2, 1).tolist() == [
        [1, 1, 1, g, 2, 2, 2],
        [1, 1, 1, g, 2, 2, 2],
        [g, g, g, g, g, g, g],
        [3, 3, 3, g, g, g, g],
        [3, 3, 3, g, g, g, g],
    ]
    assert maps.layout(tiles, 3, 0).tolist() == [[1, 1, 1, 2, 2, 2, 3, 3, 3]] * 2


@given(count=st.integers(1, 12), height=st.integers(1, 4), width=st.integers(1, 4), columns=st.integers(1, 5), gap=st.integers(0, 3))
def test_every_tile_is_found_where_it_belongs(count, height, width, columns, gap):
    tiles = np.random.default_rng(count).integers(0, maps.LEVELS, (count, height, width), np.uint8)
    picture = maps.layout(tiles, columns, gap)
    covered = np.zeros(picture.shape, bool)
    for place, tile in enumerate(tiles):
        y, x = place // columns * (height + gap), place % columns * (width + gap)
        assert (picture[y : y + height, x : x + width] == tile).all()
        covered[y : y + height, x : x + width] = True
    assert covered.sum() == tiles.size and (picture[~covered] == maps.GAP).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_palette_is_blue_over_the_page_to_orange(theme):
    palette = np.frombuffer(maps.colours(theme), np.uint8).reshape(256, 3)
    for index, t in ((0, -1.0), (63, -0.5), (126, 0.0), (189, 0.5), (252, 1.0)):
        assert tuple(palette[index]) == rgb(diverging(t, theme))
    assert tuple(palette[maps.NOT_FINITE]) == rgb(maps.NOT_FINITE_COLOUR)
    assert tuple(palette[maps.NOT_FINITE]) not in {tuple(entry) for entry in palette[: maps.LEVELS]}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_mosaic_is_a_palette_png_that_says_how_to_read_it(theme):
    values = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    made = maps.mosaic(values, maps.tops(values, "map"), theme)
    assert (made.columns, made.gap, made.height, made.width) == (3, 1, 4, 3)
    image = opened(made.png)
    assert image.format == "PNG" and image.mode == "P" and image.size == (3 * 4 - 1, 2 * 5 - 1)
    cells, expected = np.asarray(image), maps.indexes(values, maps.tops(values, "map"))
    for place in range(5):
        y, x = place // 3 * 5, place % 3 * 4
        assert (cells[y : y + 4, x : x + 3] == expected[place]).all()
    seen = np.asarray(image.convert("RGBA"))
    assert tuple(seen[0, 0]) == (*rgb(diverging(2 * int(expected[0, 0, 0]) / 252 - 1, theme)), 255)
    assert seen[0, 3, 3] == 0 and seen[8, 10, 3] == 0  # a gap, and the place of the tile that is not there


@pytest.mark.parametrize("shape", [(0, 4, 4), (3, 0, 4), (4, 4)])
def test_nothing_is_no_mosaic(shape):
    with pytest.raises(UserError, match="at least one"):
        maps.mosaic(np.zeros(shape), np.zeros(shape[0]))
