"""Judging a network: every count against a hand computation, from Python and from the terminal."""

import json

import pytest
import torch
from PIL import Image
from torch import nn

from effnet_core import checkpoints
from effnet_core.cli import main
from effnet_core.data.datasets import Scenes
from effnet_core.data.pictures import held_out
from effnet_core.families import small
from effnet_core.learning.evaluation import Evaluation, evaluate
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling

CLASSES = ("a", "b", "c", "d", "e", "f", "g")
TINY = Scaling(0.3, 0.25, 16, 0.0)


class Fixed(nn.Module):
    """Answers with prepared logits, image after image."""

    def __init__(self, logits):
        super().__init__()
        self.logits, self.next = logits, 0

    def forward(self, x):
        self.next += len(x)
        return self.logits[self.next - len(x) : self.next]


class Seven:
    """120 grey images of seven classes in turn."""

    name, labels, images, preprocess = "seven", CLASSES, 120, Preprocess(16, 16)

    def batch(self, index, size):
        numbers = torch.arange(index * size, min((index + 1) * size, self.images))
        return torch.zeros(len(numbers), 3, 16, 16), numbers % 7


def test_every_count_is_right():
    logits = torch.randn(120, 7, generator=torch.Generator().manual_seed(0))
    found = evaluate(Fixed(logits), Seven(), 1000)  # all there are
    labels, ranks = torch.arange(120) % 7, logits.argsort(1, descending=True)
    assert found.images == 120
    assert found.accuracy == (ranks[:, 0] == labels).double().mean().item()
    assert found.top5 == sum(label in row[:5] for label, row in zip(labels, ranks)) / 120
    assert all(found.confusion[i, j] == ((labels == i) & (ranks[:, 0] == j)).sum() for i in range(7) for j in range(7))
    assert found.per_class == [found.confusion[i, i].item() / (labels == i).sum().item() for i in range(7)]


@pytest.mark.parametrize("images", [1, 49, 50, 51, 119])
def test_only_the_first_images_count(images):
    logits = torch.randn(120, 7, generator=torch.Generator().manual_seed(1))
    found = evaluate(Fixed(logits), Seven(), images)
    assert found.images == images
    assert found.accuracy == (logits[:images].argmax(1) == torch.arange(images) % 7).double().mean().item()


def test_of_few_classes_all_are_among_the_first_five():
    found = Evaluation(torch.tensor([[1, 1], [0, 2]]), 4)
    assert found.accuracy == 0.75 and found.top5 == 1.0 and found.to_dict()["top5"] == 1.0


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained network of ten classes and one of two, stored."""
    folder = tmp_path_factory.mktemp("models")
    for name, labels in (("scenes", Scenes.labels), ("two", ("dark", "light"))):
        network = build(small(TINY, len(labels)), seed=1).eval()
        card = checkpoints.make_card(name, network, labels, Preprocess(16, 16), trained=False)
        checkpoints.save(folder / f"{name}.safetensors", network, card)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("shades")
    for split, count in (("train", 3), ("val", 4)):
        for label, shade in (("dark", 30), ("light", 200)):
            (root / split / label).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (40, 32), (shade + number, shade, shade + 10 * (split == "val"))).save(root / split / label / f"{number}.png")
    return root


def test_the_terminal_says_the_same_as_python(model, photos, capsys):
    assert main(["evaluate", str(model / "two.safetensors"), f"{photos}/", "--json", "--threads", "1"]) == 0
    record = json.loads(capsys.readouterr().out)
    pretrained = checkpoints.load(model / "two.safetensors")
    expected = evaluate(pretrained.network, held_out(f"{photos}/", pretrained.preprocess), 8)
    assert record["images"] == 8 and record["side"] == 16 and record["labels"] == ["dark", "light"]
    assert {key: record[key] for key in expected.to_dict()} == expected.to_dict()


def test_the_table_shows_every_class_and_both_accuracies(model, capsys):
    assert main(["evaluate", str(model / "scenes.safetensors"), "scenes", "--images", "60", "--threads", "1"]) == 0
    said = capsys.readouterr().out
    assert "of 60 held-out images of scenes at 16 px" in said and "top-5" in said and all(label in said for label in Scenes.labels)


def test_another_side_can_be_tried(model, photos, capsys):
    assert main(["evaluate", str(model / "two.safetensors"), f"{photos}/", "--json", "--side", "24", "--threads", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["side"] == 24


@pytest.mark.parametrize(("arguments", "message"), [
    (["two.safetensors", "scenes"], "The model tells apart dark, light"),
    (["two.safetensors", "PHOTOS", "--images", "9"], "9 images were asked for, and shades"),
    (["two.safetensors", "PHOTOS", "--images", "0"], "number of held-out images is 0"),
    (["two.safetensors", "PHOTOS", "--side", "3"], "The side of the crop is 3"),
    (["two.safetensors", "PHOTOS", "--device", "tpu"], "no device 'tpu'"),
    (["missing.safetensors", "scenes"], "There is no file 'missing.safetensors'"),
])
def test_what_cannot_be_judged_is_refused(model, photos, capsys, arguments, message):
    name, data, *rest = arguments
    assert main(["evaluate", str(model / name), f"{photos}/" if data == "PHOTOS" else data, *rest]) == 1
    assert message in capsys.readouterr().err
