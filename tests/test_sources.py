"""Photos by name: fetched, unpacked and checked once, found ever after; a person's own data kept, listed and removed."""

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys

import pytest

from effnet_core import checkpoints
from effnet_core.data import catalogue, folders, sources
from effnet_core.data.folders import describe
from effnet_core.data.sources import available, collection, is_here, keep, remove
from effnet_core.errors import UserError
from effnet_core.transfers import Source

from .serving import ROOT
from .test_archives import gzipped, tree, zipped
from .test_folders import classes, picture, write

ARCHIVE = ROOT.parent / "shared" / "data" / "imagenette2-144.tgz"
PETS = {name: picture(seed) for name, seed in classes().items()}
TEN = {"n01440764": "tench", "n02102040": "English springer", "n02979186": "cassette player", "n03000684": "chain saw",
       "n03028079": "church", "n03394916": "French horn", "n03417042": "garbage truck", "n03425413": "gas pump",
       "n03445777": "golf ball", "n03888257": "parachute"}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "the cache"))
    return tmp_path / "the cache" / "data"


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "My Pets 2.zip"
    path.write_bytes(zipped({f"pets/{name}": content for name, content in PETS.items()}))
    return path


@pytest.fixture
def small_imagenette(cache, monkeypatch):
    """A stand-in for the official archive: what a server would send, and a source with its checksum."""
    halves = {"train": 0, "val": 40}
    content = gzipped({f"imagenette2-160/{half}/{wnid}/{i}.JPEG": picture(100 * place + offset + i, "JPEG")
                       for half, offset in halves.items() for place, wnid in enumerate(TEN) for i in range(3)})
    source = Source("https://nowhere.invalid/imagenette2-160.tgz", "imagenette2-160.tgz", f"md5:{hashlib.md5(content).hexdigest()}")
    monkeypatch.setattr(sources, "IMAGENETTE", source)
    return content


def phases(told: list[tuple]) -> list[str]:
    return list(dict.fromkeys(phase for phase, _, _ in told))


# Imagenette


def test_the_official_archive_is_named_exactly():
    assert sources.IMAGENETTE.url == "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz"
    assert sources.IMAGENETTE.digest == "md5:e793b78cc4c9e9a4ccc0c1155377a412"


def test_imagenette_is_fetched_and_unpacked_once(small_imagenette, cache, monkeypatch):
    fetched, told = [], []

    def fetch(source, folder, *, on_progress, should_stop):
        fetched.append(source)
        folder.mkdir(parents=True)
        on_progress(0, None)
        (folder / source.name).write_bytes(small_imagenette)
        return folder / source.name

    monkeypatch.setattr(sources, "fetch", fetch)
    assert not is_here("imagenette")
    found = collection("imagenette", on_progress=lambda *step: told.append(step))
    assert (found.name, found.labels, found.own_split, found.counts) == ("imagenette2-160", tuple(TEN.values()), True, ((3, 3),) * 10)
    assert fetched == [sources.IMAGENETTE] and phases(told) == ["downloading", "unpacking", "checking"] == list(sources.UNITS)
    assert [path.name for path in cache.iterdir()] == ["imagenette2-160"] and is_here("imagenette")
    assert collection("imagenette") == found and len(fetched) == 1
    remove("imagenette")
    assert not is_here("imagenette") and not list(cache.iterdir()) and not list(cache.parent.glob("indexes/*"))


def test_an_archive_placed_by_hand_needs_no_network(small_imagenette, cache):
    cache.mkdir(parents=True)
    (cache / "imagenette2-160.tgz").write_bytes(small_imagenette)
    assert collection("imagenette").images == 60
    assert not (cache / "imagenette2-160.tgz").exists()


def test_unpacked_photos_placed_by_hand_need_no_archive(cache):
    for half, offset in (("train", 0), ("val", 40)):
        write(cache / "imagenette2-160" / half, {name: seed + offset for name, seed in classes(3, tuple(TEN)).items()})
    assert collection("imagenette").labels == tuple(TEN.values())


def test_without_a_network_there_is_a_sentence(small_imagenette, cache, monkeypatch):
    def fetch(*_, **__):
        raise UserError("imagenette2-160.tgz could not be fetched: there is no network.")

    monkeypatch.setattr(sources, "fetch", fetch)
    with pytest.raises(UserError, match="there is no network"):
        collection("imagenette")
    assert not is_here("imagenette")


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the archive imagenette2-144.tgz is not beside the project")
def test_the_real_imagenette(cache, request):
    request.addfinalizer(lambda: shutil.rmtree(cache))  # 60 MB
    found = collection(ARCHIVE)
    assert found.name == "imagenette2-144" and dict(zip(found.folders, found.labels)) == TEN
    assert len(found.train) == 9469 and len(found.held_out) == 3925 and found.own_split
    assert not found.unreadable and not found.warnings
    assert found.counts[0] == (963, 387) and all(item.path.parent.name == found.folders[item.label] for item in found.train[::97])
    assert {item.path.parent.parent.name for item in found.held_out} == {"val"}


# Paths


def test_a_folder_is_used_where_it_is(tmp_path, cache):
    root = write(tmp_path / "pets", PETS)
    for given in (root, str(root), f"{root}/", f"{root}/../pets"):
        found = collection(given)
        assert found.name == "pets" and found.images == 16
    assert not cache.exists()


def test_a_relative_folder_has_a_slash(tmp_path, monkeypatch):
    write(tmp_path / "pets", PETS)
    monkeypatch.chdir(tmp_path)
    assert collection("./pets").images == 16
    monkeypatch.chdir(tmp_path / "pets")
    assert collection(".").name == "pets"


def test_an_archive_is_unpacked_once(archive, cache, monkeypatch):
    found, told = collection(archive), []
    assert found.name == "My Pets 2" and found.images == 16 and len(list(cache.iterdir())) == 1
    assert next(cache.iterdir()).name.startswith("my-pets-2.") and archive.exists()
    monkeypatch.setattr(sources.archives, "unpack", None)
    assert collection(str(archive), on_progress=lambda *step: told.append(step)) == found and not told


def test_another_archive_of_the_same_name_is_other_data(archive, cache):
    first = collection(archive)
    archive.write_bytes(zipped({name: content for name, content in PETS.items() if name != "cat/0.png"}))
    assert collection(archive).images == 15 != first.images and len(list(cache.iterdir())) == 2


def test_a_process_that_was_faster_is_believed(archive, cache, monkeypatch):
    original = sources.archives.unpack

    def late(path, into, **options):
        original(path, into, **options)
        raise UserError("It could not be written: there is something.")

    monkeypatch.setattr(sources.archives, "unpack", late)
    assert collection(archive).images == 16


def test_unpacked_copies_are_listed_and_removed(archive, cache):
    keep(archive, "my-pets-2")
    collection(archive)
    (name, size), = sources.copies().items()
    assert re.fullmatch(r"my-pets-2\.[0-9a-f]{8}", name) and size == sum(map(len, tree(cache / name).values())) > 0
    assert not sources.NAME.fullmatch(name) and [own.name for own in available()] == ["my-pets-2"]
    with pytest.raises(UserError, match=f"to remove; there is imagenette, my-pets-2, {re.escape(name)}"):
        remove("my-pets-2.00000000")
    remove(name)
    assert not sources.copies() and sorted(path.name for path in cache.iterdir()) == ["my-pets-2", "my-pets-2.json"]
    assert archive.exists() and collection(archive).images == 16


def test_a_damaged_archive_leaves_nothing(archive, cache):
    archive.write_bytes(archive.read_bytes()[:900])
    with pytest.raises(UserError, match="damaged or cut short"):
        collection(archive)
    assert not list(cache.iterdir())


@pytest.mark.parametrize("name, sentence", [
    ("nothing", "There is no data called 'nothing'; there is imagenette, and a folder or an archive is given with a slash"),
    ("../nothing", "'nothing' could not be read (No such file or directory); give a folder of photos, or an archive"),
    ("nothing.zip", "'nothing.zip' could not be read"), ("", "There is no data called ''"),
    ("~nobody-of-that-name/x", "names a user that is not known"), ("scenes", "The scenes are drawn while a network learns"),
    ("a\nb", "There is no data called 'a\N{REPLACEMENT CHARACTER}b'"),
])
def test_what_is_not_there(name, sentence):
    with pytest.raises(UserError) as said:
        collection(name)
    assert sentence in str(said.value)


def test_a_folder_without_a_slash_is_pointed_out(tmp_path, monkeypatch):
    write(tmp_path / "pets", PETS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no data called 'pets'; there is imagenette, and what lies here is ./pets"):
        collection("pets")


# Own data


def test_names_are_those_of_models():
    assert sources.NAME.pattern == checkpoints.NAME.pattern


def test_a_persons_archive_is_kept_under_its_name(archive, cache, monkeypatch):
    told = []
    assert keep(archive, "my-pets", on_progress=lambda *step: told.append(step)) == "my-pets"
    assert phases(told) == ["unpacking", "checking"] and sorted(path.name for path in cache.iterdir()) == ["my-pets", "my-pets.json"]
    archive.unlink()
    found = collection("my-pets")
    assert found.name == "my-pets" and found.images == 16 and is_here("my-pets")
    own, = available()
    assert own.name == "my-pets" and own.card.items() >= describe(found).items() and own.card["from"] == "My Pets 2.zip"


def test_an_upload_is_kept_too(archive, cache):
    upload = io.BytesIO(archive.read_bytes())
    upload.name = "C:\\photos\\..\\pets?.zip"
    assert keep(upload, "pets") == "pets" and available()[0].card["from"] == "pets_.zip"
    assert sorted(path.name for path in cache.iterdir()) == ["pets", "pets.json"]
    assert tree(cache / "pets").keys() == {f"pets/{name}" for name in PETS}


def test_an_upload_that_cannot_be_used_leaves_nothing(cache):
    unreadable = zipped({"cat/1.png": b"x", "dog/1.png": b"x"})
    for content, sentence in ((b"hello", "^'upload.zip' is not an archive"), (unreadable, "None of the 2 files"),
                              (zipped({"1.png": b"x"}), "lie directly in 'pets'"), (zipped(PETS)[:-50], "damaged|not an archive")):
        with pytest.raises(UserError, match=sentence):
            keep(io.BytesIO(content), "pets")
        assert not list(cache.iterdir()) and not available() and not is_here("pets")


@pytest.mark.parametrize("name", ["", "My pets", "../pets", "-pets", "a" * 65, "pets/", "pets\n", "péts", "con.json"])
def test_unusable_names_are_refused(name, archive, cache):
    with pytest.raises(UserError, match="cannot name data; use 1 to 64 small letters"):
        keep(archive, name)
    assert not cache.exists()


@pytest.mark.parametrize("name", ["imagenette", "imagenette2-160", "scenes", "pets"])
def test_names_that_are_taken_are_refused(name, archive):
    keep(archive, "pets")
    with pytest.raises(UserError, match=f"There is already data called '{name}'; choose another name, or remove it first"):
        keep(archive, name)
    assert [own.name for own in available()] == ["pets"]


def test_a_folder_is_not_kept_but_used(tmp_path):
    write(tmp_path / "pets", PETS)
    with pytest.raises(UserError, match=r"'pets' is a folder, which is used where it is \(./pets\)"):
        keep(tmp_path / "pets", "pets")


def test_what_an_ended_process_left_is_replaced(archive, cache):
    write(cache / "pets", {"cat/old.png": 5})
    assert not is_here("pets")
    keep(archive, "pets")
    assert collection("pets").images == 16


AGAIN = """
import sys
from effnet_core.data import sources
from effnet_core.errors import UserError
try:
    sources.remove(sys.argv[2]) if sys.argv[1] == "remove" else sources.keep(sys.argv[1], sys.argv[2])
except UserError as refused:
    print(refused)
"""


def again(*words):
    """What another process says."""
    return subprocess.run([sys.executable, "-c", AGAIN, *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("phase", ["unpacking", "checking"])
def test_data_of_one_name_is_added_by_one_process_at_a_time(archive, tmp_path, phase):
    other, told = tmp_path / "other.zip", []
    other.write_bytes(zipped({f"{name[:3]}s/{name[4:]}": content for name, content in PETS.items()} | {"more/0.png": PETS["cat/0.png"]}))

    def meanwhile(now, *_):
        if now == phase and not told:
            told.append(again(str(other), "pets"))

    keep(archive, "pets", on_progress=meanwhile)
    assert "There is already data called 'pets', which is just being added" in told[0]
    assert available()[0].card["from"] == archive.name and collection("pets").images == 16


def test_data_is_not_removed_while_it_is_added(archive, cache):
    keep(archive, "pets")
    with sources._claimed("pets"):
        said = again("remove", "pets")
    assert "just being added or removed" in said and is_here("pets")


def test_a_folder_that_takes_no_claims_is_a_sentence(archive, cache):
    cache.parent.mkdir()
    (cache.parent / "claims").write_text("in the way")
    with pytest.raises(UserError, match="'pets.lock' could not be written"):
        keep(archive, "pets")


def test_stopped_it_keeps_nothing(archive, cache):
    with pytest.raises(UserError, match="stopped before it was complete"):
        keep(archive, "pets", should_stop=lambda: True)
    told = []
    with pytest.raises(KeyboardInterrupt):
        keep(archive, "pets", on_progress=lambda phase, *_: interrupt() if phase == "checking" else told.append(phase))
    assert not list(cache.iterdir()) and told


def interrupt():
    raise KeyboardInterrupt


def test_the_newest_comes_first_and_broken_cards_do_not_count(archive, cache):
    for name, date in (("old", "2026-01-01T00:00:00+00:00"), ("new", "2026-03-01T00:00:00+00:00"), ("mid", "2026-02-01T00:00:00+00:00")):
        keep(archive, name)
        path = cache / f"{name}.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"date": date}), encoding="utf-8")
    (cache / "broken.json").write_text("{")
    (cache / "list.json").write_text("[]")
    (cache / "Odd name.json").write_text('{"date": "2027"}')
    assert [own.name for own in available()] == ["new", "mid", "old"]
    with pytest.raises(UserError, match="there is imagenette, new, mid, old, and"):
        collection("broken")


def test_removed_data_is_gone(archive, cache):
    keep(archive, "pets")
    collection("pets")
    remove("pets")
    assert not list(cache.iterdir()) and not list(cache.parent.glob("indexes/*")) and not available()
    for name in ("pets", "imagenette", "../the cache", ""):
        with pytest.raises(UserError, match="to remove; there is imagenette"):
            remove(name)


def test_data_that_cannot_be_removed_whole_is_named(archive, cache, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(13, "Permission denied")

    keep(archive, "pets")
    monkeypatch.setattr(sources.shutil, "rmtree", fail)
    with pytest.raises(UserError, match=r"'pets' could not be removed whole \(Permission denied\); delete the folder pets"):
        remove("pets")
    assert not is_here("pets")


def test_kept_data_whose_photos_were_deleted_is_a_sentence(archive, cache):
    keep(archive, "pets")
    shutil.rmtree(cache / "pets")
    with pytest.raises(UserError, match="'pets' is not there"):
        collection("pets")
    remove("pets")
    assert not available()


def test_torch_is_not_needed():
    code = "import sys, effnet_core.data.sources; sys.exit('torch' in sys.modules or 'streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_index_is_shared_between_a_folder_and_its_links(tmp_path):
    root = write(tmp_path / "pets", PETS)
    try:
        (tmp_path / "link").symlink_to(root)
    except OSError:
        pytest.skip("this system makes no links")
    assert catalogue.index_of(tmp_path / "link") == catalogue.index_of(root)
    assert collection(tmp_path / "link").fingerprint == folders.scan(root).fingerprint
