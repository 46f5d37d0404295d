"""Procedural scenes: reproducible, unbiased, and decided by nothing less than shape, texture and colour together."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_core.data.datasets import MEAN, STD, Data, Scenes, example, stream
from effnet_core.data.scenes import CLASSES, HUES, OBSTACLES, SHAPES, TEXTURES, Dice, _obstacles, _paint, axis, plane, rgb
from effnet_core.errors import UserError
from effnet_core.learning.evaluation import normalise

ATTRIBUTES = ("colour", "texture", "shape")


def best_accuracy(known: tuple[str, ...]) -> float:
    """Of a judge who sees only `known`: per combination one class can be named, and classes are equally frequent."""
    return len({tuple(getattr(scene, name) for name in known) for scene in CLASSES}) / len(CLASSES)


@pytest.mark.parametrize(("known", "best"), [
    (("colour",), 0.4), (("texture",), 0.3), (("shape",), 0.4),
    (("colour", "texture"), 0.7), (("colour", "shape"), 0.7), (("texture", "shape"), 0.7), (ATTRIBUTES, 1.0),
])  # fmt: skip
def test_no_attribute_and_no_pair_decides(known, best):
    assert best_accuracy(known) == best


def test_classes_are_a_chain():
    def differing(a, b):
        return [name for name in ATTRIBUTES if getattr(a, name) != getattr(b, name)]

    links = [differing(a, b) for a, b in itertools.pairwise(CLASSES)]
    assert all(len(link) == 1 for link in links)
    assert Counter(link[0] for link in links) == {"colour": 3, "texture": 3, "shape": 3}
    assert all(len(differing(a, b)) > 1 for i, a in enumerate(CLASSES) for b in CLASSES[i + 2 :])


def test_every_attribute_value_is_drawn_and_occurs_twice():
    for name, drawn in (("colour", HUES), ("texture", TEXTURES), ("shape", SHAPES)):
        counts = Counter(getattr(scene, name) for scene in CLASSES)
        assert set(counts) == set(drawn)
        assert min(counts.values()) >= 2


def test_a_batch_is_a_pure_function_of_its_number():
    images, labels = Scenes(seed=3).batch(7, 12)
    torch.manual_seed(99)
    again, labels_again = Scenes(seed=3).batch(7, 12)
    assert torch.equal(images, again) and torch.equal(labels, labels_again)
    assert images.shape == (12, 3, 48, 48) and labels.dtype == torch.int64


@pytest.mark.parametrize("other", [Scenes(seed=4), Scenes(seed=3, is_held_out=True), Scenes(seed=3 + 2**32)])
def test_seeds_and_held_out_scenes_differ(other):
    assert not torch.equal(Scenes(seed=3).batch(7, 4)[0], other.batch(7, 4)[0])
    assert not torch.equal(Scenes(seed=3).batch(7, 4)[0], Scenes(seed=3).batch(8, 4)[0])


def test_training_and_held_out_streams_never_meet():
    numbers = list(itertools.product((0, 1, 2**40), range(500)))
    assert {stream(*number, False) % 2 for number in numbers} == {0}
    assert {stream(*number, True) % 2 for number in numbers} == {1}
    assert all(stream(*number, held_out) < 2**32 for number in numbers for held_out in (False, True))
    assert len({stream(*number, False) for number in numbers}) == len(numbers)


def test_the_generator_uses_every_bit_of_the_stream():
    draws = {tuple(Dice(seed, 4)(0, 1).tolist()) for seed in [0, *(1 << bit for bit in range(32))]}
    assert len(draws) == 33


def test_held_out_scenes_are_the_same_for_every_seed():
    a, b = (Scenes(seed=seed).held_out.batch(0, 3)[0] for seed in (1, 2))
    assert torch.equal(a, b)


def test_pixels_are_steps_of_a_png_and_survive_one():
    image = example(5, seed=2)
    levels = image * 255
    assert torch.equal(levels, levels.round()) and 0 <= image.min() < image.max() <= 1
    stored = Image.fromarray(levels.byte().permute(1, 2, 0).numpy())
    assert torch.equal(torch.from_numpy(np.array(stored)).permute(2, 0, 1) / 255, image)


def test_a_scene_as_a_photo_reaches_the_network_as_in_training():
    data = Scenes()
    images, _ = data.batch(0, 1)
    photo = Image.fromarray((images[0] * 255).byte().permute(1, 2, 0).numpy())
    torch.testing.assert_close(data.preprocess.tensor(photo), normalise(images, data).contiguous())


def test_mean_and_std_are_those_of_the_scenes():
    images = torch.cat([Scenes(seed=11).batch(index, 250)[0] for index in range(4)])
    assert images.mean((0, 2, 3)).tolist() == pytest.approx(MEAN, abs=0.015)
    assert images.std((0, 2, 3)).tolist() == pytest.approx(STD, abs=0.015)


def test_classes_are_equally_frequent():
    labels = torch.cat([Scenes(side=8).batch(index, 500)[1] for index in range(10)])
    chi_square = ((torch.bincount(labels, minlength=10) - 500) ** 2 / 500).sum()
    assert chi_square < 33.7  # 9 degrees of freedom, p = 0.0001


def test_a_scene_is_the_same_at_any_side():
    small, large = example(2, seed=4, side=48), example(2, seed=4, side=192)
    shrunk = torch.nn.functional.avg_pool2d(large[None], 4)[0]
    assert (small - shrunk).abs().mean() < 0.03  # the sensor's noise is drawn per pixel


@pytest.mark.parametrize("label", range(10))
def test_the_object_has_its_colour(label):
    """A plain judge: pixels of the class hue are more frequent with the object than in other classes' scenes."""
    hue = HUES[CLASSES[label].colour]

    def share(index):
        pixels = torch.stack([example(index, seed) for seed in range(25)]).permute(0, 2, 3, 1).reshape(-1, 3)
        top, bottom = pixels.max(1).values, pixels.min(1).values
        r, g, b = (pixels[:, i] for i in range(3))
        spread = (top - bottom).clamp(min=1e-6)
        angle = torch.where(top == r, (g - b) / spread % 6, torch.where(top == g, (b - r) / spread + 2, (r - g) / spread + 4)) / 6
        distance = ((angle - hue + 0.5) % 1 - 0.5).abs()
        return ((distance < 0.05) & (spread > 0.3)).float().mean()

    other = next(i for i, scene in enumerate(CLASSES) if scene.colour != CLASSES[label].colour)
    assert share(label) > share(other) + 0.05


def area(name: str, side: int = 400) -> float:
    grid = axis(side) * 2
    u, v = grid[None, None].expand(1, side, side), grid[None, :, None].expand(1, side, side)
    return (SHAPES[name](u, v) < 0).float().mean().item() * 16


@pytest.mark.parametrize(("shape", "exact"), [
    ("disc", np.pi * 0.88**2),
    ("square", (2 * 0.78) ** 2),
    ("triangle", 3 * np.sqrt(3) * 0.62**2),
    ("star", 0.45**2 * 5 * np.tan(np.pi / 5) * (1 + np.sqrt(5))),  # an inner pentagon, and arms √5 times as large
])  # fmt: skip
def test_shapes_have_their_exact_area(shape, exact):
    assert area(shape) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("texture", "share"), [("plain", 0.0), ("striped", 0.5), ("dotted", np.pi * 0.3**2)])
def test_textures_cover_their_share_of_a_period(texture, share):
    grid = axis(402) * 2  # four periods across, no sample on an edge
    u, v = grid[None, None].expand(1, 402, 402), grid[None, :, None].expand(1, 402, 402)
    assert (TEXTURES[texture](u, v) > 0).float().mean().item() == pytest.approx(share, abs=0.01)


def test_rgb_agrees_with_the_standard_library():
    import colorsys

    for hue, saturation, value in [(0.0, 1.0, 1.0), (0.13, 0.8, 0.9), (0.36, 0.5, 0.7), (0.61, 0.95, 0.4), (0.99, 0.2, 1.0)]:
        ours = rgb(*(torch.tensor(x) for x in (hue, saturation, value)))
        assert ours.tolist() == pytest.approx(colorsys.hsv_to_rgb(hue, saturation, value), abs=1e-6)


def test_a_plane_measures_distance():
    x = axis(4)
    along = plane(x, x, (torch.tensor([0.5]), torch.tensor([-0.25])), torch.tensor([torch.pi / 2]), torch.tensor([0.5]))
    assert torch.allclose(along[0], ((x + 0.25) / 0.5)[:, None].expand(4, 4), atol=1e-6)


def test_obstacles_are_ellipses_with_antialiased_edges():
    dice, x = Dice(5, 3), axis(64)
    cover, colours = _obstacles(dice, x, x)
    assert cover.shape == (3, OBSTACLES, 64, 64) and colours.shape == (3, OBSTACLES, 3)
    assert 0 <= colours.min() and colours.max() <= 1
    seconds = cover.diff(n=2, dim=-1)  # a quadratic form: its second differences are constant along a row
    assert (seconds - seconds.mean(-1, keepdim=True)).abs().max() < 2e-3 * cover.abs().max()


def test_layers_are_painted_in_order():
    ground = torch.full((1, 3, 2, 2), 0.5)
    cover = torch.tensor([1.0, 0.25]).view(1, 2, 1, 1).repeat(1, 1, 2, 2)
    colours = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    painted = _paint(ground, cover, colours)
    assert torch.allclose(painted[0, :, 0, 0], torch.tensor([0.75, 0.25, 0.0]))


def test_scenes_are_data():
    data: Data = Scenes(32, 1)
    assert data.labels[1] == "red striped disc" and len(data.labels) == len(set(data.labels)) == 10
    assert data.batch(0, 2)[0].shape == (2, 3, 32, 32)


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda: Scenes(side=4), "side of the scenes is 4"),
    (lambda: Scenes(seed=-1), "seed is -1"),
    (lambda: Scenes(seed=1.5), "seed is 1.5"),
    (lambda: Scenes().batch(-1, 4), "batch number is -1"),
    (lambda: Scenes().batch(0, 0), "batch size is 0"),
    (lambda: example(10), "class is 10"),
])  # fmt: skip
def test_impossible_wishes_get_a_sentence(wrong, message):
    with pytest.raises(UserError, match=message):
        wrong()
