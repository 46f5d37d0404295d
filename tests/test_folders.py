"""Folders of photos become classes, labels and a split that stays; whatever is wrong with them is a sentence or a warning."""

import hashlib
import io
import json
import os
import re
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from effnet_core.data import catalogue, class_folders, folders
from effnet_core.data.folders import describe, scan, split
from effnet_core.errors import UserError


def picture(seed: int, kind: str = "PNG", size: tuple[int, int] = (40, 34)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def write(root: Path, files: dict[str, bytes | int]) -> Path:
    """A number stands for the picture of that seed."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(content) if isinstance(content, int) else content)
    return root


def classes(count: int = 8, names: tuple[str, ...] = ("cat", "dog")) -> dict[str, int]:
    return {f"{name}/{i}.png": 100 * place + i for place, name in enumerate(names) for i in range(count)}


def sides(collection: folders.Collection, root: Path) -> dict[str, tuple[str, bool]]:
    """Name → class and whether it is held out."""
    return {item.path.relative_to(root).as_posix(): (collection.labels[item.label], held_out)
            for held_out, items in ((False, collection.train), (True, collection.held_out)) for item in items}


def halves(collection: folders.Collection) -> dict[bytes, bool]:
    """Content → whether it is held out."""
    return {item.path.read_bytes(): side for side, items in ((False, collection.train), (True, collection.held_out)) for item in items}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "the cache"))
    return tmp_path / "the cache"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "pets"


# Where the classes are


def test_a_folder_of_class_folders(root):
    found = scan(write(root, classes()))
    assert (found.name, found.labels, found.folders, found.images) == ("pets", ("cat", "dog"), ("cat", "dog"), 16)
    assert sorted(sides(found, root)) == sorted(classes()) and not found.own_split and not found.unreadable
    assert all(label == name.partition("/")[0] for name, (label, _) in sides(found, root).items())
    assert [sum(counts) for counts in found.counts] == [8, 8] and all(min(counts) >= 1 for counts in found.counts)


@pytest.mark.parametrize("train", ["train", "Training"])
@pytest.mark.parametrize("held_out", ["val", "valid", "Validation", "test", "testing"])
@pytest.mark.parametrize("wrap", ["", "pets-1.0/"])
def test_a_split_of_its_own_is_kept(root, train, held_out, wrap):
    write(root / wrap / train, classes(3))
    write(root / wrap / held_out, {name: seed + 50 for name, seed in classes(2).items()})
    found = scan(root)
    assert found.own_split and found.labels == ("cat", "dog") and found.counts == ((3, 2), (3, 2))
    assert {name for name, (_, side) in sides(found, root).items() if side} == {f"{wrap}{held_out}/{name}" for name in classes(2)}


def test_of_two_halves_to_judge_on_the_first_is_taken(root):
    for offset, half in enumerate(("train", "test", "val")):
        write(root / half, {name: seed + 10 * offset for name, seed in classes(3).items()})
    found = scan(root)
    assert {name.split("/")[0] for name, (_, side) in sides(found, root).items() if side} == {"val"}
    assert any("'test' is not used" in warning for warning in found.warnings)


def test_a_lone_half_is_split_here(root):
    write(root / "train", classes())
    write(root / "test", {"1.png": 500, "2.png": 501})
    found = scan(root)
    assert not found.own_split and found.images == 16 and any("'test' is not used" in warning for warning in found.warnings)
    shutil.rmtree(root / "test")
    assert scan(root).fingerprint == found.fingerprint


def test_a_class_may_be_called_train(root):
    assert scan(write(root, classes(names=("bus", "train")))).labels == ("bus", "train")
    write(root, {"train/night/1.png": 900, "train/day/1.png": 901})
    assert scan(root).labels == ("bus", "train")


def test_photos_may_lie_deeper_in_a_class(root):
    found = scan(write(root, classes() | {"cat/young/tabby/1.jpg": picture(77, "JPEG")}))
    assert sides(found, root)["cat/young/tabby/1.jpg"][0] == "cat"


def test_clutter_is_no_data(root):
    plain = scan(write(root, classes()))
    write(root, {"__MACOSX/cat/._1.png": b"x", "cat/.hidden.png": b"x", "cat/Thumbs.db": b"x", "dog/.DS_Store": b"x", ".git/1.png": b"x",
                 "cat/notes.txt": b"x", "README.md": b"x", "dog/@eaDir/1.png": b"x"})
    assert scan(root) == plain


def test_what_is_left_out_is_said(root):
    found = scan(write(root, classes() | {"1.png": 1, "2.png": 2, "empty/notes.txt": b"", "labels/a.csv": b""}))
    assert found.labels == ("cat", "dog") and found.images == 16
    assert "The folders 'empty', 'labels' have no photos and will not be a class." in found.warnings
    assert "2 photos outside the folders of the classes will not be used." in found.warnings


def test_imagenets_ids_get_their_names(root):
    found = scan(write(root, classes(names=("n03000684", "n01440764", "zebra"))))
    assert found.labels == ("tench", "chain saw", "zebra") and found.folders == ("n01440764", "n03000684", "zebra")


def test_classes_of_one_name_are_told_apart(root):
    labels = scan(write(root, classes(names=("n02012849", "n03126707", "crane")))).labels
    assert len(set(labels)) == 3 and all("crane" in label for label in labels)


def test_accents_are_one_class_however_they_are_written(root):
    composed, decomposed = (unicodedata.normalize(form, "bébé") for form in ("NFC", "NFD"))
    write(root / "train", classes(names=(composed, "dog")))
    write(root / "val", {name: seed + 50 for name, seed in classes(names=(decomposed, "dog")).items()})
    assert scan(root).labels == (composed, "dog")


def test_names_that_are_no_text_are_shown_without_harm(root):
    odd = os.fsdecode(b"na\xefve\n")
    try:
        write(root, classes(names=("cat", odd)) | {f"{odd}/bad\x1b[2J.png": b"x"})
    except OSError:
        pytest.skip("this file system takes no such names")
    found = scan(root)
    assert found.labels == ("cat", "na\N{REPLACEMENT CHARACTER}ve\N{REPLACEMENT CHARACTER}")
    assert json.dumps(describe(found), ensure_ascii=False).encode() and all(line.isprintable() for line in found.unreadable)


def test_links_are_followed_but_not_in_circles(tmp_path, root):
    other = write(tmp_path / "elsewhere", classes())
    root.mkdir()
    try:
        for name in ("cat", "dog"):
            (root / name).symlink_to(other / name)
        (other / "cat" / "again").symlink_to(other / "cat")
        (other / "cat" / "up").symlink_to(root)
    except OSError:
        pytest.skip("this system makes no links")
    found = scan(root)
    assert found.images == 16 and found.labels == ("cat", "dog")


# The split

DIGESTS = st.sets(st.text("0123456789abcdef", min_size=32, max_size=32), min_size=2, max_size=60)


@given(DIGESTS, st.randoms(use_true_random=False), st.floats(0.01, 0.9))
def test_the_split_knows_no_order_and_leaves_no_side_empty(digests, random, share):
    shuffled = sorted(digests)
    random.shuffle(shuffled)
    held_out = split(shuffled, share)
    assert held_out == split(digests, share) == split(shuffled * 2, share)
    assert set() < held_out < digests


@given(DIGESTS, DIGESTS, st.floats(0.01, 0.9))
def test_more_photos_leave_the_others_where_they_are(digests, more, share):
    before, after = split(digests, share), split(digests | more, share)
    moved = before ^ (after & digests)
    assert moved <= {min(digests), max(digests)}  # which are where they are only because a side must not be empty
    natural = {digest for digest in digests if int(digest[:8], 16) < share * 2**32}
    if set() < natural < digests:
        assert not moved


@given(DIGESTS, st.floats(0.01, 0.9), st.floats(0.01, 0.9))
def test_a_larger_share_only_adds(digests, one, other):
    assert split(digests, min(one, other)) <= split(digests, max(one, other))


def test_the_share_is_kept():
    digests = [hashlib.blake2b(bytes([i & 255, i >> 8]), digest_size=16).hexdigest() for i in range(20_000)]
    for share in (0.05, 0.2, 0.5):
        assert len(split(digests, share)) / 20_000 == pytest.approx(share, abs=4 * (share * (1 - share) / 20_000) ** 0.5)


def test_the_split_follows_the_content_not_the_name(tmp_path, root):
    before = scan(write(root, classes(20)))
    other = tmp_path / "elsewhere" / "wrapped"
    for index, item in enumerate([*before.held_out, *before.train]):
        write(other, {f"{before.labels[item.label]}/{index:03}/photo.png": item.path.read_bytes()})
    after = scan(tmp_path / "elsewhere")
    assert halves(after) == halves(before) and after.fingerprint == before.fingerprint


def test_more_files_move_no_other(root):
    before = sides(scan(write(root, classes(20))), root)
    after = scan(write(root, {f"cat/new {i}.png": 1000 + i for i in range(20)} | {f"owl/{i}.png": 2000 + i for i in range(5)}))
    assert before.items() <= sides(after, root).items() and after.images == 65


def test_the_fingerprint_stands_for_contents_classes_and_split(tmp_path):
    def fingerprint(name, files):
        return scan(write(tmp_path / name, files)).fingerprint

    plain = fingerprint("plain", classes())
    assert re.fullmatch("[0-9a-f]{16}", plain) and plain == fingerprint("same", classes())
    others = [classes(7), classes(names=("cat", "cow")), classes() | {"cat/0.png": 999},
              {f"train/{name}": seed for name, seed in classes().items()} | {"val/cat/1.png": 70, "val/dog/1.png": 71}]
    assert len({plain, *(fingerprint(str(i), files) for i, files in enumerate(others))}) == 5


# Copies


def test_of_copies_one_is_kept(root):
    files = classes() | {"cat/copy of 3.png": 3, "dog/copy of 3.png": 3}
    found = scan(write(root, files))
    assert sorted(sides(found, root)) == sorted(classes())
    assert any("left out as exact copies in one class: cat/copy of 3.png is cat/3.png" in warning for warning in found.warnings)
    assert any("in two classes, of which one must be wrong: dog/copy of 3.png is cat/3.png" in warning for warning in found.warnings)


def test_a_copy_on_the_other_side_is_not_learnt_from(root):
    files = {f"train/{name}": seed for name, seed in classes().items()} | {"val/cat/x.png": 3, "val/dog/y.png": 555}
    found = scan(write(root, files))
    where = sides(found, root)
    assert "train/cat/3.png" not in where and where["val/cat/x.png"] == ("cat", True) and found.images == 17
    assert any("on both sides of the split" in warning and "train/cat/3.png is val/cat/x.png" in warning for warning in found.warnings)


def test_no_content_is_ever_on_both_sides(root):
    found = scan(write(root, classes(20) | {f"dog/copy {i}.png": i for i in range(20)}))
    contents = [{item.path.read_bytes() for item in items} for items in (found.train, found.held_out)]
    assert not contents[0] & contents[1] and len(contents[0]) + len(contents[1]) == found.images == 40


# What is wrong with photos


def test_unreadable_files_are_listed_with_the_reason(root):
    whole = picture(5, "JPEG", (300, 200))
    found = scan(write(root, classes() | {
        "cat/cut.jpg": whole[: len(whole) // 2], "cat/empty.png": b"", "dog/page.jpg": b"<!doctype html><html>",
        "dog/phone.heic": b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "dog/half.png": picture(6)[:-40],
    }))
    assert found.images == 16 and [line.partition(": ")[0] for line in found.unreadable] == [
        "cat/cut.jpg", "cat/empty.png", "dog/half.png", "dog/page.jpg", "dog/phone.heic"]
    said = dict(line.split(": ", 1) for line in found.unreadable)
    assert "JPEG file is damaged" in said["cat/cut.jpg"] and "empty" in said["cat/empty.png"] and "HEIC" in said["dog/phone.heic"]
    assert "PNG file is damaged" in said["dog/half.png"] and "web page" in said["dog/page.jpg"]


def test_the_end_of_a_name_does_not_matter_but_the_content(root):
    found = scan(write(root, classes() | {"cat/really.png": picture(70, "JPEG"), "dog/UPPER.JPG": picture(71, "WEBP")}))
    assert found.images == 18 and not found.unreadable


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "MPO"])
def test_sides_are_read_and_damage_is_noticed(kind):
    data = picture(9, kind, (400, 300))
    assert catalogue.sides(data) == (400, 300)
    for part in (data[: len(data) // 2], data[: len(data) - len(data) // 10]):
        with pytest.raises(UserError, match="damaged, cut short"):
            catalogue.sides(part)


def test_a_jpeg_is_checked_at_a_fraction_of_its_size(monkeypatch):
    monkeypatch.setattr(catalogue, "decode", None)
    loaded, original = [], ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: (loaded.append(self.size), original(self))[1])
    assert catalogue.sides(picture(1, "JPEG", (1600, 1200))) == (1600, 1200) and loaded[0] == (200, 150)


def test_giants_are_refused_before_they_are_decoded():
    data = picture(1, "JPEG")
    at = data.index(b"\xff\xc0") + 5
    with pytest.raises(UserError, match="40 megapixels"):
        catalogue.sides(data[:at] + (9000).to_bytes(2) * 2 + data[at + 4 :])


WARNED = {
    "tiny": ({"cat/tiny.png": picture(7, size=(31, 90))}, "1 photo with fewer than 32 pixels a side, such as cat/tiny.png (31)"),
    "uneven": ({f"cat/{i}.png": 300 + i for i in range(80)}, "'cat' has 80 photos and 'dog' 8"),
    "few": ({}, "held-out photos, each of them"),
}


@pytest.mark.parametrize("files, sentence", WARNED.values(), ids=WARNED)
def test_what_may_disappoint_is_said(root, files, sentence):
    assert any(sentence in warning for warning in scan(write(root, classes() | files)).warnings)


def test_good_data_has_no_warnings(root):
    found = scan(write(root, classes(60)), share=0.5)
    assert not found.warnings and len(found.held_out) == pytest.approx(60, abs=25)


def test_a_class_without_held_out_photos_is_said(root):
    write(root / "train", classes(4, ("cat", "dog", "owl")))
    write(root / "val", {name: seed + 50 for name, seed in classes(4).items()})
    found = scan(root)
    assert found.counts == ((4, 4), (4, 4), (4, 0))
    assert any("The class 'owl' has no held-out photos" in warning for warning in found.warnings)


# What cannot be used

BROKEN = {f"{name}/{i}.png": b"broken" for name in ("cat", "dog") for i in range(3)}
REFUSED = {
    "empty": ({"notes.txt": b""}, "There is no photo in 'pets'; it needs one folder of photos per class"),
    "flat": ({"1.png": 1, "2.png": 2}, "All 2 photos lie directly in 'pets'; it needs one folder"),
    "flat and wrapped": ({"all/1.png": 1, "all/2.png": 2}, "'pets' has photos in one folder only, 'all'"),
    "one class": ({"cat/1.png": 1, "cat/2.png": 2, "dog/notes.txt": b""}, "one folder only, 'cat'; there is nothing to tell apart"),
    "one photo": (classes() | {"owl/1.png": 900}, "The class 'owl' has fewer than 2 photos that can be used; add photos"),
    "one usable photo": (classes() | {"owl/1.png": 900, "owl/2.png": b"", "emu/1.png": 901},
                         "The classes 'emu', 'owl' have fewer than 2 photos that can be used (owl/2.png: The file is empty"),
    "only copies": (classes() | {"owl/1.png": 900, "owl/2.png": 900}, "The class 'owl' has fewer than 2 photos"),
    "unreadable": (BROKEN, "None of the 6 files in 'pets' can be used, such as cat/0.png: The file is not a photo"),
    "nothing to learn": ({f"train/{n}": s for n, s in classes(3).items()} | {"val/cat/9.png": 90, "val/owl/1.png": 91, "val/owl/2.png": 92},
                         "The class 'owl' has photos to be judged on and none to learn from"),
    "nothing to be judged on": ({f"train/{n}": s for n, s in classes(3).items()} | {"val/cat/9.png": b"", "val/dog/9.png": b""},
                                "No photo is held out to be judged on"),
}


@pytest.mark.parametrize("files, sentence", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_learnt_from_is_refused(root, files, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        scan(write(root, files))


def test_too_many_classes_are_refused(root):
    write(root, {f"{i}/x.png": b"never read" for i in range(1001)})
    with pytest.raises(UserError, match="has 1,001 folders of photos; a classifier here has at most 1,000"):
        scan(root)


def test_too_many_files_are_refused(root, monkeypatch):
    monkeypatch.setattr(class_folders, "MOST_FILES", 15)
    with pytest.raises(UserError, match="'pets' holds more than 15 photos"):
        scan(write(root, classes()))


def test_a_file_and_nothing_are_no_folder(root):
    write(root, {"photos.zip": b""})
    with pytest.raises(UserError, match="'photos.zip' is a file; give a folder: it needs"):
        scan(root / "photos.zip")
    with pytest.raises(UserError, match="'nowhere' is not there"):
        scan(root / "nowhere")


def test_a_folder_that_cannot_be_listed_is_named(root, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    write(root, classes())
    monkeypatch.setattr(class_folders.os, "scandir", refuse)
    with pytest.raises(UserError, match=r"'pets' could not be read \(Permission denied\)"):
        scan(root)


@pytest.mark.parametrize("share", [0, 1, 0.95, float("nan"), "half"])
def test_an_impossible_share_is_refused(root, share):
    with pytest.raises(UserError, match="The share of photos to hold out"):
        scan(write(root, classes()), share=share)


# What is remembered


def opened(monkeypatch) -> list[str]:
    seen, original = [], catalogue._examine
    monkeypatch.setattr(catalogue, "_examine", lambda root, name: (seen.append(name), original(root, name))[1])
    return seen


def test_only_what_changed_is_opened_again(root, monkeypatch):
    seen = opened(monkeypatch)
    first = scan(write(root, classes() | {"dog/bad.png": b"x"}))
    assert len(seen) == 17
    seen.clear()
    assert scan(root) == first and not seen
    write(root, {"cat/1.png": 801, "cat/new.png": 802})
    (root / "dog" / "0.png").unlink()
    later = scan(root)
    assert sorted(seen) == ["cat/1.png", "cat/new.png"] and later.images == 16 and later.unreadable == first.unreadable
    assert scan(root) == later


def test_a_persons_folder_is_not_written_to(root, cache):
    scan(write(root, classes()))
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()) == sorted(classes())
    assert [path.parent.name for path in cache.rglob("*.json")] == ["indexes"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 0, "photos": 3}', b"\xff" * 9, b"[" * 5000])
def test_a_broken_index_is_made_anew(root, content):
    first = scan(write(root, classes()))
    catalogue.index_of(root).write_bytes(content)
    assert scan(root) == first
    assert json.loads(catalogue.index_of(root).read_bytes())["version"] == catalogue.VERSION


def test_without_a_place_for_the_index_it_works_too(root, cache):
    write(root, classes())
    cache.write_bytes(b"a file where the folder should be")
    assert scan(root).images == 16


def test_a_file_that_could_not_be_read_is_not_remembered(root, monkeypatch):
    write(root, classes() | {"cat/locked.png": 900})
    original = open

    def locked(path, *args):
        if str(path).endswith("locked.png"):
            raise PermissionError(13, "Permission denied")
        return original(path, *args)

    monkeypatch.setattr(catalogue, "open", locked, raising=False)
    assert scan(root).unreadable == ("cat/locked.png: The file could not be read (Permission denied).",)
    monkeypatch.undo()
    monkeypatch.setenv("EFFNET_CACHE", str(root.parent / "the cache"))
    assert not scan(root).unreadable


def test_progress_is_told_and_a_stopped_check_goes_on(root, monkeypatch):
    monkeypatch.setattr(catalogue, "AT_ONCE", 4)
    monkeypatch.setattr(catalogue, "REPORT_S", 0)
    seen, told = opened(monkeypatch), []
    with pytest.raises(UserError, match="was stopped before it was complete; the next one goes on from there"):
        scan(write(root, classes()), on_progress=lambda *step: told.append(step), should_stop=lambda: len(told) >= 8)
    assert told == [(i, 16) for i in range(1, 9)] and len(seen) == 8
    scan(root, on_progress=lambda *step: told.append(step))
    assert told[8:] == [(i, 16) for i in range(9, 17)] and len(seen) == 16


def test_the_description_is_json(root):
    found = scan(write(root, classes() | {f"cat/bad {i:02}.png": b"x" for i in range(30)}), name="my-pets")
    described = json.loads(json.dumps(describe(found)))
    assert described["name"] == "my-pets" and described["images"] == 16 == described["train"] + described["held_out"]
    rows = [(row["label"], row["folder"], row["train"] + row["held_out"]) for row in described["classes"]]
    assert rows == [("cat", "cat", 8), ("dog", "dog", 8)]
    assert described["unreadable"]["count"] == 30 and len(described["unreadable"]["first"]) == 20
    assert described["split"] == "by content" and described["warnings"] == list(found.warnings)
