"""`python -m effnet_core data`: in this process, and as the worker that a page starts."""

import json
import subprocess
import sys
import zipfile

import pytest

from effnet_core.cli import data, main
from effnet_core.data import folders
from effnet_core.data.folders import scan
from effnet_core.learning import runs

from .serving import ROOT
from .test_archives import zipped
from .test_folders import classes, picture, write

PETS = {name: picture(seed) for name, seed in classes().items()}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "the cache"))


@pytest.fixture
def root(tmp_path):
    return write(tmp_path / "pets", PETS)


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "pets.zip"
    path.write_bytes(zipped(PETS))
    return path


def test_the_json_object_is_the_description(root, capsys):
    assert main(["data", str(root), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == folders.describe(scan(root)) and not said.err


def test_the_table_has_a_line_per_class_warning_and_bad_file(root, capsys):
    write(root, {f"cat/bad {i:02}.png": b"x" for i in range(22)} | {"dog/copy.png": 100})
    assert main(["data", str(root)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    found = scan(root)
    assert lines[0] == f"pets: 16 photos of 2 classes; {len(found.train)} to learn from, {len(found.held_out)} held out (split by content)"
    for label, counts in zip(found.labels, found.counts):
        assert [label, *map(str, counts)] in [line.split() for line in lines]
    assert all(warning in lines for warning in found.warnings) and len(found.warnings) == 2
    assert "22 files cannot be used:" in lines and lines[-1] == "  and 2 more"
    assert sum("not a photo in a known format" in line for line in lines) == 20
    assert said.err.splitlines()[-1] == "checking 100 %"


def test_data_is_kept_listed_and_removed(archive, capsys):
    assert main(["data"]) == 0
    assert "imagenette" in capsys.readouterr().out
    assert main(["data", "--keep", str(archive), "--name", "my-pets"]) == 0
    assert capsys.readouterr().out.startswith("my-pets: 16 photos of 2 classes")
    assert main(["data", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["imagenette"] is False and [(own["name"], own["images"]) for own in listed["own"]] == [("my-pets", 16)]
    assert main(["data"]) == 0
    assert "my-pets                   2 classes, 16 photos, from pets.zip" in capsys.readouterr().out.splitlines()
    assert main(["data", "my-pets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 16
    assert main(["data", "--remove", "my-pets"]) == 0
    assert "my-pets" not in capsys.readouterr().out


def test_the_unpacked_copy_of_an_archive_is_listed_and_removed(archive, capsys):
    assert main(["data", str(archive), "--json"]) == 0
    capsys.readouterr()
    assert main(["data", "--json"]) == 0
    (copy,) = json.loads(capsys.readouterr().out)["unpacked"]
    assert copy["name"].startswith("pets.") and copy["bytes"] == sum(len(archive_file(archive, name)) for name in PETS)
    assert main(["data"]) == 0
    assert f"{copy['name']:<26}unpacked copy of an archive, " in capsys.readouterr().out
    assert main(["data", "--remove", copy["name"]]) == 0
    assert copy["name"] not in capsys.readouterr().out
    assert main(["data", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unpacked"] == []


def archive_file(archive, name):
    with zipfile.ZipFile(archive) as file:
        return file.read(name)


def test_a_long_name_is_apart_from_what_it_is(archive, capsys):
    assert main(["data", "--keep", str(archive), "--name", "a" * 40]) == 0
    assert main(["data"]) == 0
    assert f"{'a' * 40} 2 classes" in capsys.readouterr().out


def test_removed_data_leaves_no_photo_in_an_album(archive):
    assert main(["data", "--keep", str(archive), "--name", "my-pets"]) == 0
    for name, learnt in (("mine", "my-pets"), ("other", "scenes")):
        runs.run(name).keep_plan({"plan": {"data": learnt}, "curve": []})
        runs.run(name).album.start(b"a photo", 0, ("cat", "dog"))
    assert main(["data", "--remove", "my-pets"]) == 0
    assert runs.run("mine").album.photo is None and runs.run("other").album.photo == b"a photo"


@pytest.mark.parametrize("words, sentence", [
    (["nowhere"], "There is no data called 'nowhere'"),
    (["./nowhere"], "'nowhere' could not be read"),
    (["x", "--keep", "y.zip", "--name", "z"], "Give one of"),
    (["--keep", "y.zip"], "Give one of"),
    (["imagenette", "--name", "z"], "Give one of"),
    (["x", "--remove", "z"], "Give one of"),
    (["--keep", "y.zip", "--name", "z"], "'y.zip' could not be read"),
    (["--keep", "y.zip", "--name", "No good"], "cannot name data"),
    (["--remove", "z"], "no data called 'z' to remove"),
])
def test_what_cannot_be_done_is_one_sentence(words, sentence, capsys):
    assert main(["data", *words]) == 1
    said = capsys.readouterr()
    assert sentence in said.err and not said.out and len(said.err.splitlines()) == 1


def test_interrupted_it_ends_with_a_sentence(root, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "_do", interrupt)
    assert main(["data", str(root)]) == 1
    assert capsys.readouterr().err == "Stopped; the same command goes on from here.\n"


def worker(*words: str, stop: bool = False) -> tuple[int, list[dict], str]:
    process = subprocess.Popen([sys.executable, "-m", "effnet_core", "data", *words, "--events"], cwd=ROOT, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if stop:
        process.stdin.close()
        process.stdin = None
    lines = process.stdout.read()  # the input stays open meanwhile, as a living page keeps it
    out, err = process.communicate()
    return process.returncode, [json.loads(line) for line in (lines + out).splitlines()], err


def test_the_worker_tells_how_far_it_is_and_what_it_found(archive):
    code, events, err = worker(str(archive))
    assert code == 0 and not err
    assert [event["event"] for event in events[-2:]] == ["progress", "result"]
    assert {(event["phase"], event["unit"]) for event in events[:-1]} == {("unpacking", "bytes"), ("checking", "photos")}
    assert events[-2]["done"] == events[-2]["total"] == 16 and events[-1]["images"] == 16


def test_the_worker_ends_with_the_sentence_or_with_its_input(tmp_path):
    code, events, _ = worker("./nowhere")
    assert code == 1 and events == [{"event": "error", "message": events[0]["message"]}] and "could not be read" in events[0]["message"]
    many = tmp_path / "many.zip"
    many.write_bytes(zipped({f"{name}/{i}.png": b"x" * 9 for name in ("cat", "dog") for i in range(20_000)}))
    code, events, _ = worker(str(many), stop=True)
    assert code == 1 and "was stopped before it was complete" in events[-1]["message"]
