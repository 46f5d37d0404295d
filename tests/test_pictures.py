"""Photos as training data: what a batch holds, what an epoch shows, and that nothing depends on chance or on the machine."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from effnet_core.data import pictures
from effnet_core.data.datasets import Scenes
from effnet_core.data.folders import scan
from effnet_core.data.pictures import PLAIN, Photos, Shelf, dataset, held_out, order, place, square
from effnet_core.errors import UserError
from effnet_core.preprocess import Preprocess

COLOURS = {"blue": (20, 30, 220), "green": (20, 210, 40), "red": (230, 20, 30)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three classes of plain photos, each of its own brightness and size: 8 to learn from and 3 held out of each."""
    root = tmp_path_factory.mktemp("photos")
    for side, count in (("train", 8), ("val", 3)):
        for label, colour in COLOURS.items():
            (root / side / label).mkdir(parents=True)
            for number in range(count):
                scale = (60 + number + 20 * (side == "val")) / 100
                image = Image.new("RGB", (60 + number, 50 - number), tuple(round(scale * value) for value in colour))
                image.save(root / side / label / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def photos(folder):
    return Photos(scan(folder), side=16, seed=3)


def nearest(pixels):
    """The class whose colour an image has."""
    mean = pixels.mean((2, 3))  # N 3
    return torch.tensor([[2, 1, 0][row.argmax()] for row in mean])  # red, green, blue → sorted names


def test_a_batch_holds_crops_and_their_classes(photos):
    pixels, labels = photos.batch(0, 12)
    assert pixels.shape == (12, 3, 16, 16) and pixels.dtype == torch.float32 and labels.dtype == torch.int64
    assert 0 <= pixels.min() and pixels.max() <= 1 and torch.equal(nearest(pixels), labels)
    assert photos.labels == ("blue", "green", "red") and photos.images == 24


def test_a_batch_is_a_pure_function_of_its_number(photos, folder):
    again = Photos(scan(folder), side=16, seed=3)
    again.batch(5, 7)
    assert torch.equal(photos.batch(2, 7)[0], again.batch(2, 7)[0])
    assert not torch.equal(photos.batch(2, 7)[0], Photos(scan(folder), side=16, seed=4).batch(2, 7)[0])


def test_parts_of_a_batch_make_up_the_whole(photos):
    whole, labels = photos.batch(3, 10)
    for processes in (2, 5):
        parts = [photos.batch(3, 10, slice(rank, None, processes)) for rank in range(processes)]
        for rank, (pixels, own) in enumerate(parts):
            assert torch.equal(pixels, whole[rank::processes]) and torch.equal(own, labels[rank::processes])


@pytest.mark.parametrize("size", [1, 5, 24, 7])
def test_every_epoch_shows_every_photo_once(photos, size):
    numbers = [photos._photo(number) for number in range(48)]
    assert sorted(numbers[:24]) == sorted(numbers[24:]) == list(range(24)) and numbers[:24] != numbers[24:]
    seen = torch.cat([photos.batch(index, size)[1] for index in range(24 // size)])
    assert torch.equal(seen, torch.tensor([photos.collection.train[n].label for n in numbers[: len(seen)]]))


def test_held_out_photos_come_once_in_an_order_of_their_own(photos, folder):
    held = photos.held_out
    labels = torch.cat([held.batch(index, 4)[1] for index in range(3)])
    assert held.images == 9 and len(labels) == 9 and sorted(labels.tolist()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert labels.tolist() != sorted(labels.tolist())  # the first ones are of several classes
    assert torch.equal(held.batch(0, 9)[0], Photos(scan(folder), side=16, seed=99).held_out.batch(0, 9)[0])


def test_held_out_photos_are_prepared_as_a_photo_in_use_is(photos):
    held = photos.held_out
    pixels, _ = held.batch(0, 9)
    for row, photo in zip(pixels, order(9, 0, 0)):
        image = Image.open(photos.collection.held_out[photo].path).convert("RGB")
        expected = held.preprocess.tensor(image)[0]
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (held.preprocess.mean, held.preprocess.std))
        torch.testing.assert_close((row - mean) / std, expected, atol=0.02, rtol=0)  # a photo that is shelved was resized once before


def test_other_sides_show_the_same_photos_and_are_judged_alike(photos):
    small, large = photos.at(16), photos.at(24)
    assert torch.equal(small.batch(1, 8)[1], large.batch(1, 8)[1]) and large.batch(1, 8)[0].shape[-1] == 24
    assert large.preprocess == photos.preprocess == square(20) and large.held_out.preprocess == photos.held_out.preprocess


def test_half_of_the_crops_are_mirrored(folder, monkeypatch):
    ramp = Image.fromarray(np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (48, 64, 3)).copy())
    photos = Photos(scan(folder), side=16)
    monkeypatch.setattr(Shelf, "__getitem__", lambda self, index: ramp)
    rises = [(crop[0, 0, -1] > crop[0, 0, 0]).item() for crop in photos.batch(0, 200)[0]]
    assert 70 < sum(rises) < 130


@settings(max_examples=200, deadline=None)
@given(width=st.integers(1, 5000), height=st.integers(1, 5000), least=st.floats(0.01, 1), seed=st.integers(0, 2**31))
def test_a_crop_lies_inside_the_photo(width, height, least, seed):
    left, top, right, bottom = place(width, height, least, random.Random(seed))
    assert -1e-6 <= left < right <= width + 1e-6 and -1e-6 <= top < bottom <= height + 1e-6


def test_crops_have_the_areas_and_shapes_that_were_asked_for():
    dice = random.Random(0)
    boxes = np.array([place(400, 300, 0.25, dice) for _ in range(3000)])
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    share, shape = width * height / 120_000, width / height
    assert 0.25 <= share.min() and share.max() <= 1 and 0.5 < share.mean() < 0.6  # the largest do not fit in all shapes
    assert 0.749 < shape.min() and shape.max() < 1.334


def test_the_shelf_keeps_what_fits_and_shrinks_what_is_large(folder):
    items = scan(folder).train
    full, empty = Shelf(items, 20, reserve=0.0), Shelf(items, 20, reserve=1.0)  # not all of the memory is ever free
    assert min(full[0].size) == 20 and full[0].tobytes() == empty[0].tobytes() == full[0].tobytes()
    assert len(full._kept) == 1 and not empty._kept
    size = full[0].width * full[0].height * 3
    assert full.growing == size * (len(items) - 1) and empty.growing == 0
    for index in range(len(items)):
        full[index]
    assert full.growing == 0
    assert Shelf(items, 500)[0].size == Image.open(items[0].path).size  # nothing is enlarged


def test_a_photo_that_vanished_is_named(folder, tmp_path):
    for label in ("a", "b"):
        for number in range(3):
            (tmp_path / label).mkdir(exist_ok=True)
            Image.new("RGB", (40, 40), (number * 40, 9, 9 + 99 * (label == "a"))).save(tmp_path / label / f"{number}.png")
    photos = Photos(scan(tmp_path), side=16)
    for item in photos.collection.train:
        item.path.unlink()
    with pytest.raises(UserError, match=r"The photo \d\.png could be read when the data was checked and cannot be now"):
        photos.batch(0, 2)


def test_data_are_found_by_name_and_prepared_as_a_model_asks(folder):
    like = Preprocess(40, 32, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    data = dataset(str(folder) + "/", 16, 1, like=like)
    assert data.preprocess == Preprocess(20, 20, "bilinear", like.mean, like.std) and data.seed == 1
    assert dataset(f"{folder}/", 16, test=28).preprocess == square(28, PLAIN)
    assert held_out(f"{folder}/", like).preprocess == like and held_out(f"{folder}/", like).images == 9
    assert dataset("scenes", 32, 1) == Scenes(32, 1) and dataset("scenes", 32, 1, like=like) == Scenes(32, 1, like.mean, like.std)
    assert held_out("scenes", Scenes(32).preprocess) == Scenes(32).held_out


@pytest.mark.parametrize(("make", "message"), [
    (lambda photos: photos.at(4), "side of the crops is 4"),
    (lambda photos: Photos(photos.collection, seed=-1), "seed is -1"),
    (lambda photos: Photos(photos.collection, least=0), "least share of a crop is 0"),
    (lambda photos: photos.batch(-1, 4), "batch number is -1"),
    (lambda photos: photos.batch(0, 0), "batch size is 0"),
    (lambda photos: pictures.dataset("nothing-like-it", 32), "no data called 'nothing-like-it'"),
])
def test_impossible_photos_are_refused(photos, make, message):
    with pytest.raises(UserError, match=message):
        make(photos)
