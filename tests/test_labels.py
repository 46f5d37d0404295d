"""Names of classes."""

import pytest

from effnet_core import labels
from effnet_core.errors import UserError

IMAGENETTE = {"n01440764": "tench", "n02102040": "English springer", "n02979186": "cassette player", "n03000684": "chain saw", "n03028079": "church",
              "n03394916": "French horn", "n03417042": "garbage truck", "n03425413": "gas pump", "n03445777": "golf ball", "n03888257": "parachute"}
RENAMED = {"n02012849": "crane (bird)", "n03126707": "crane (machine)", "n03710637": "maillot (tights)", "n03710721": "maillot (swimsuit)",
           "n02113186": "Cardigan Welsh corgi", "n02113023": "Pembroke Welsh corgi"}


def test_imagenet_s_labels_are_a_thousand_in_the_order_of_their_ids():
    found = labels.imagenet()
    wnids = [label.wnid for label in found]
    assert len(found) == 1000 and wnids == sorted(set(wnids))
    assert len({label.name.lower() for label in found}) == 1000
    assert all(label.name.isprintable() and label.name == label.name.strip() and len(label.name) < 40 for label in found)


def test_they_are_torchvision_s_but_for_those_that_could_be_confused(torchvision):
    categories = torchvision.models.EfficientNet_B0_Weights.DEFAULT.meta["categories"]
    assert {label.wnid for label, name in zip(labels.imagenet(), categories) if label.name != name} == RENAMED.keys()
    assert all(labels.of_wnid(wnid).name == name for wnid, name in RENAMED.items())


def test_their_ids_are_timm_s(timm):
    from timm.data import ImageNetInfo

    assert [label.wnid for label in labels.imagenet()] == ImageNetInfo().label_names()


def test_imagenette_s_ten():
    assert {wnid: labels.of_wnid(wnid).name for wnid in IMAGENETTE} == IMAGENETTE
    assert [labels.index_of(wnid) for wnid in IMAGENETTE] == [0, 217, 482, 491, 497, 566, 569, 571, 574, 701]
    with pytest.raises(UserError, match="'n00000001' is none of ImageNet's 1,000 classes"):
        labels.of_wnid("n00000001")


def test_labels_are_read_a_line_each(tmp_path):
    (tmp_path / "labels.txt").write_text("\ufeffant\r\n bee \ncrane\ncrane\n\n\n", encoding="utf-8")
    assert labels.read(tmp_path / "labels.txt", 4) == ("ant", "bee", "crane (class 2)", "crane (class 3)")
    assert labels.names(3) == ("class 0", "class 1", "class 2")


@pytest.mark.parametrize("told, apart", [
    (["a", "b"], ("a", "b")), (["a", "b", "a"], ("a (class 0)", "b", "a (class 2)")), ([], ()),
    (["a", "a", "a (class 0)"], ("a (class 0) (class 0)", "a (class 1)", "a (class 0) (class 2)")),
])  # fmt: skip
def test_every_label_names_one_class(told, apart):
    assert labels.apart(told) == apart


@pytest.mark.parametrize(("content", "said"), [
    (b"ant\nbee", "There are 2 labels, and the network tells 3 classes apart"), (b"", "There are 0 labels"), (b"a\n\nb", "label of class 1 is ''"),
    (b"a\nb\n" + b"c" * 300, "label of class 2"), (b"a\nb\nc\x07d", "label of class 2"), (b"a\nb\n\xff\xfe", "labels.txt is no text in UTF-8"),
    (b"a\n" * 6_000_000, "larger than 10 MB"),
])  # fmt: skip
def test_other_files_are_a_sentence(tmp_path, content, said):
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(UserError, match=said):
        labels.read(tmp_path / "labels.txt", 3)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="labels.txt could not be read"):
        labels.read(tmp_path / "labels.txt", 3)
