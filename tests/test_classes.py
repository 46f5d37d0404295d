"""Class lines and what is said of them: figures with exact values, the paper's observations on made-up networks, patches to the pixel."""

import io

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from PIL import Image

from effnet_core import cards, checkpoints
from effnet_core.errors import UserError
from effnet_core.figures import classes as draw
from effnet_core.inside import survey_files
from effnet_core.inside.geometry import Grid, grids
from effnet_core.inside.probing import probe
from effnet_core.inside.survey_gates import Statistics
from effnet_core.inside.survey_observations import classes_part, growth, images_part, saturation
from effnet_core.inside.survey_patches import OUTSIDE, TILE, cut, patch, sheet, strongest
from effnet_core.inside.survey_peaks import Peak
from effnet_core.inside.survey_pictures import Drawn


def made(means, deviations, closed=None, opened=None, counts=None, channels=2):
    """A block per entry: mean gates (K C) and deviations of every class."""
    blocks = {f"stages.{place}.0": channels for place in range(len(means))}
    counts = np.array(counts or [10] * len(means[0]))
    zeros = np.zeros(len(means), np.int64)
    return Statistics({}, blocks, tuple(f"class {k}" for k in range(len(means[0]))), counts, np.concatenate(means, 1).astype(np.float32),
                      np.concatenate(deviations, 1).astype(np.float32), zeros if closed is None else np.array(closed),
                      zeros if opened is None else np.array(opened))


def dice(classes=7, channels=120, blocks=4, seed=0):
    generator = np.random.default_rng(seed)
    return made([generator.uniform(0, 1, (classes, channels)) for _ in range(blocks)],
                [generator.uniform(0, 0.2, (classes, channels)) for _ in range(blocks)], channels=channels)


# Figures


@pytest.mark.parametrize("order", ["gate", "channel"])
@pytest.mark.parametrize("sampled", [True, False])
def test_lines_have_the_mean_gates_in_order(order, sampled):
    gates, block = dice(), "stages.2.0"
    own = np.linspace(0, 1, 120)
    figure = draw.lines(gates, block, [3, 0], "dark", order, sampled, own, "untrained weights")
    go.Figure(figure.to_dict())  # Plotly's own validation
    overall = gates.means[:, 240:360].mean(0)  # as many images in every class
    channels = np.argsort(overall, kind="stable") if order == "gate" else np.arange(120)
    at = channels[np.round(np.linspace(0, 119, 50)).astype(int)] if sampled else channels
    rest, *lines = figure.data
    assert [line.name for line in lines] == ["class 3", "class 0", "all images", "this picture"]
    for line, expected in zip(lines, (gates.means[3, 240:360], gates.means[0, 240:360], overall, own)):
        assert np.allclose(line.y, expected[at], atol=1e-6) and line.customdata.tolist() == at.tolist()
    assert len({(line.line.color, line.line.dash) for line in lines[:2]}) == 2
    assert rest.name == "5 other classes" and np.allclose(rest.y.reshape(5, -1)[:, :-1], gates.means[[1, 2, 4, 5, 6], 240:360][:, at])
    assert np.isnan(rest.y.reshape(5, -1)[:, -1]).all() and "untrained weights" in figure.layout.xaxis.title.text


def test_many_other_classes_are_a_band_and_those_without_images_are_left_out():
    gates = dice(30)
    gates.counts[29] = 0
    gates.means[29] = np.nan
    figure = draw.lines(gates, "stages.0.0", [1])
    others = gates.means[[0, *range(2, 29)], :120]
    at = draw.places(gates.overall("stages.0.0"), "gate", True)
    assert figure.data[0].name == "28 other classes, least to greatest"
    assert np.allclose(figure.data[0].y[:50], others[:, at].max(0)) and np.allclose(figure.data[0].y[:49:-1], others[:, at].min(0))
    assert np.isfinite(figure.data[0].y).all()


def test_the_band_is_one_standard_deviation():
    gates = dice()
    figure = draw.within(gates, "stages.1.0", 4, "light", "channel", False)
    go.Figure(figure.to_dict())
    mean, spread = gates.means[4, 120:240], gates.deviations[4, 120:240]
    band, line = figure.data
    assert np.allclose(band.y[:120], mean + spread) and np.allclose(band.y[:119:-1], mean - spread)
    assert np.allclose(line.y, mean) and np.allclose(line.customdata[:, 1], spread)


def test_depth_has_a_point_for_every_block():
    gates = dice()
    figure = draw.depth(gates, "dark", "stages.2.0", "untrained weights")
    go.Figure(figure.to_dict())
    by_name = {trace.name: trace for trace in figure.data}
    for name, each in (("between classes", gates.between), ("within a class", gates.within), ("chance alone", gates.chance),
                       ("mean gate", lambda block: gates.overall(block).mean())):
        assert by_name[name].y == pytest.approx([each(block) for block in gates.blocks])
    assert [point[0] for point in by_name["mean gate"].customdata] == [*gates.blocks] and figure.layout.shapes[0].x0 == 2
    assert figure.layout.annotations[0].text == "untrained weights" and not draw.depth(gates).layout.shapes


def test_names_of_strangers_are_escaped_and_themes_are_known():
    gates = dice()
    gates = Statistics(gates.head, gates.blocks, ("<b>x</b>", *gates.labels[1:]), *(getattr(gates, name) for name in (
        "counts", "means", "deviations", "closed", "open")))
    assert draw.lines(gates, "stages.0.0", [0]).data[1].name == "&lt;b&gt;x&lt;/b&gt;"
    for figure in (lambda: draw.lines(gates, "stages.0.0", [0], "pink"), lambda: draw.depth(gates, "pink"), lambda: draw.within(gates, "stages.0.0", 0, "pink")):
        with pytest.raises(UserError, match="no theme"):
            figure()
    with pytest.raises(UserError, match="no order"):
        draw.lines(gates, "stages.0.0", [0], order="size")


# Observations


def test_growth_needs_the_correlation_and_the_ratio():
    found = growth([1, 2, 3, 4, 5, 6])
    assert (found.answer, found.correlation, found.early, found.late, found.ratio) == ("yes", pytest.approx(1.0), 1.5, 5.5, 5.5 / 1.5)
    assert growth([10, 11, 12, 13, 14, 15]).answer == "in part"  # it rises, but little
    assert growth([1, 9, 9, 0.5, 0.4, 8]).answer == "no"
    assert growth([6, 5, 4, 3, 2, 1]).answer == "no" and growth([3, 3, 3]).correlation == 0
    assert growth([2, 1, 1, 0.5, 0.4, 9]).answer == "in part"  # the last block alone
    assert growth([0, 0, 0]).ratio == 1.0 and growth([0, 0, 1]).ratio == float("inf")


def test_spread_over_classes_and_within_them_are_told_apart():
    steps = [0.0, 0.1, 0.2, 0.3]
    apart = made([[[0.5 - step, 0.5], [0.5 + step, 0.5]] for step in steps], [np.full((2, 2), 0.05)] * 4)
    assert [apart.between(block) for block in apart.blocks] == pytest.approx([step / 2 for step in steps])
    assert classes_part(apart).answer == "yes" and images_part(apart).answer == "no"
    alike = made([np.full((2, 2), 0.5)] * 4, [np.full((2, 2), step) for step in steps])
    assert classes_part(alike).answer == "no" and images_part(alike).answer == "yes"


@pytest.mark.parametrize("opened, answer", [((40, 0, 0), "no"), ((0, 0, 21), "in part"), ((0, 21, 40), "yes"), ((0, 20, 20), "no")])
def test_saturation_is_of_the_last_two_blocks(opened, answer):
    gates = made([np.full((2, 2), 0.5)] * 3, [np.zeros((2, 2))] * 3, closed=(0, 4, 0), opened=opened)  # 20 images, 2 channels
    found = saturation(gates)
    assert found.answer == answer and found.blocks == ("stages.1.0", "stages.2.0") and found.closed == (0.1, 0.0)
    assert found.open == (opened[1] / 40, opened[2] / 40) and found.means == (0.5, 0.5)


# What came with the app


@pytest.mark.parametrize("name, data", [("b0-imagenette", "imagenette2-144"), ("small-scenes", "scenes")])
def test_the_recorded_gates_are_of_the_bundled_weights(name, data):
    entry = next(entry for entry in cards.available() if entry.name == name and entry.bundled)
    found = survey_files.load(survey_files.SHIPPED / f"gates-{name}.npz")
    head = found.gates.head
    assert head["weights"] == survey_files.digest(entry.path) and found.peaks is None
    assert head["data"]["name"] == data and head["data"]["images"] == head["data"]["of"] == found.gates.images
    assert list(found.gates.labels) == entry.card["labels"] and {"processor", "cores", "system"} <= head["machine"].keys()
    assert survey_files.mean_gates(entry).keys() == found.gates.blocks.keys()
    if name == "b0-imagenette":  # as many photos of each class as it was judged on
        assert found.gates.counts.tolist() == [sum(row) for row in entry.card["evaluation"]["confusion"]]


def test_the_recorded_gates_can_be_measured_again():
    model = checkpoints.load("small-scenes")
    found, drawn = survey_files.load(survey_files.SHIPPED / "gates-small-scenes.npz").gates, Drawn(model.preprocess)
    rows = {block: [] for block in found.blocks}
    for first in range(0, found.counts[0], 50):
        views = [model.preprocess.tensor(drawn.view(10 * number)) for number in range(first, first + 50)]  # of class 0
        for se, gates in probe(model.network, torch.cat(views)).gates.items():
            rows[se.removesuffix(".se")].append(gates.numpy().astype(np.float64))
    for block, gates in rows.items():
        gates = np.concatenate(gates)
        assert np.allclose(found.mean(block)[0], gates.mean(0), rtol=0, atol=1e-4)
        assert np.allclose(found.deviation(block)[0], gates.std(0), rtol=0, atol=1e-4)


# Patches


def test_a_patch_is_what_the_cell_can_see():
    network = checkpoints.load("small-scenes").network
    places = grids(network.architecture, network.padding, 48)
    for key in ("stem", "stages.0.0.depthwise", "stages.1.0"):
        grid = places[key]
        if grid.reach >= 48:
            assert patch(grid, 0, 0) == (0, 0, 48)
            continue
        for cell in (0, 3, grid.cells - 1):
            found = patch(grid, cell, 2)
            low, high = found.top, found.top + found.edge - 1
            assert found.edge == grid.reach and (max(0, low), min(47, high)) == grid.span(cell)
            assert (low + high) / 2 == grid.centre(cell)


def test_a_patch_is_cut_to_the_pixel_and_grey_beyond_the_border():
    view = Image.fromarray(np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8))
    grid = Grid(1.0, 2, 5, 10, 20)  # cell 0 sees pixels −1 to 3, cell 9 sees 17 to 21
    scale = TILE / 5
    for row, column in ((0, 0), (4, 6), (9, 9)):
        tile = cut(view, grid, Peak(1.0, 0, row, column))
        assert tile.shape == (TILE, TILE, 3)
        for y in range(5):
            for x in range(5):
                if (y, x) == (2, 2):  # there is the ring
                    continue
                py, px = 2 * row - 1 + y, 2 * column - 1 + x
                inside = 0 <= py < 20 and 0 <= px < 20
                assert tile[int((y + 0.5) * scale), int((x + 0.5) * scale)].tolist() == list(np.asarray(view)[py, px] if inside else OUTSIDE)
    ring = cut(view, grid, Peak(1.0, 0, 4, 6))
    assert (ring[TILE // 2, TILE // 2 - 6 : TILE // 2 - 3] == 255).all(1).any()


def test_a_cell_that_sees_everything_gets_the_whole_picture_with_its_place():
    view, grid = Image.new("RGB", (40, 40), (10, 20, 30)), Grid(3.0, 8, 99, 5, 40)
    assert patch(grid, 4, 1) == (0, 0, 40) and not patch(Grid(0, 1, 100, 5, 100), 0, 0).enlarged
    tile = cut(view, grid, Peak(0.0, 0, 4, 1))
    marked = np.argwhere((tile == 255).all(2)).mean(0) * 40 / TILE  # row, column in pixels of the picture
    assert marked == pytest.approx((3 + 4 * 8 + 0.5, 3 + 8 + 0.5), abs=0.3)


def test_the_sheet_has_the_patches_in_order():
    tiles = [np.full((TILE, TILE, 3), shade, np.uint8) for shade in (10, 90, 170, 250)]
    for sharp in (True, False):
        picture = Image.open(io.BytesIO(sheet(tiles, 3, sharp)))
        assert picture.format == ("PNG" if sharp else "JPEG") and picture.size == (3 * TILE, 2 * TILE)
        cells = np.asarray(picture)[TILE // 2 :: TILE, TILE // 2 :: TILE, 0].ravel()
        assert np.abs(cells.astype(int) - [10, 90, 170, 250, 128, 128]).max() <= (0 if sharp else 3)


def test_the_strongest_cell_of_a_map():
    values = np.array([[0.0, -3.0], [2.5, 2.0]])
    assert strongest(values, 7) == Peak(2.5, 7, 1, 0)
