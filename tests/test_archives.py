"""Archives are unpacked without trusting them: pictures only, nowhere else, whole or not at all."""

import gzip
import io
import os
import random
import re
import stat
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from effnet_core.data import archives, filenames
from effnet_core.data.archives import Limits, stem, unpack
from effnet_core.data.filenames import Places
from effnet_core.errors import UserError

from .test_folders import picture

NOISE = random.Random(5).randbytes(3000)  # does not shrink, as photos do not
PLAIN = {"cat/1.png": NOISE, "cat/2.JPG": NOISE[::-1], "dog/young/1.webp": b"any content: it is judged later"}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, **more) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    for key, value in more.items():
        setattr(info, key, value)
    return info


def tarred(files: dict[str, bytes], *more: tarfile.TarInfo, mode: str = "w", layout: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=layout) as archive:
        for name, content in files.items():
            archive.addfile(entry(name, size=len(content)), io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return buffer.getvalue()


def gzipped(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    return tarred(files, *more, mode="w:gz")


PACKERS = {".zip": zipped, ".tar": tarred, ".tar.gz": gzipped, ".tgz": gzipped}


@pytest.fixture
def store(tmp_path):
    """Writes an archive of these bytes, and checks at the end that nothing was left beside what was unpacked."""
    outside = tmp_path / "outside"

    def write(content: bytes, name: str = "photos.zip") -> Path:
        outside.mkdir(exist_ok=True)
        (outside / name).write_bytes(content)
        return outside / name

    yield write
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]
    assert {path.name for path in tmp_path.iterdir()} <= {"outside", "data"}


@pytest.fixture
def into(tmp_path):
    return tmp_path / "data" / "photos"


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(archive: Path, into: Path, sentence: str, **options) -> None:
    with pytest.raises(UserError, match=re.escape(sentence)) as said:
        unpack(archive, into, **options)
    assert str(said.value).endswith(".") and str(said.value).isprintable() and str(archive.parent) not in str(said.value)
    assert not into.exists() and not (into.parent.exists() and list(into.parent.iterdir()))


# What is unpacked


@pytest.mark.parametrize("suffix, pack", PACKERS.items(), ids=PACKERS)
def test_pictures_come_out_as_they_went_in(suffix, pack, store, into):
    assert unpack(store(pack(PLAIN), "photos" + suffix), into) == into and tree(into) == PLAIN


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_method_of_zip_that_is_at_hand(method, store, into):
    assert tree(unpack(store(zipped(PLAIN, method)), into)) == PLAIN


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_layout_of_tar_and_long_names(layout, store, into):
    files = PLAIN | {"bird/" + "x" * 90 + "/" + "y" * 90 + ".png": b"deep"}
    assert tree(unpack(store(tarred(files, layout=layout), "photos.tar"), into)) == files


def test_the_content_and_not_the_name_says_what_it_is(store, into):
    assert tree(unpack(store(gzipped(PLAIN), "photos.zip"), into)) == PLAIN


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
def test_only_pictures_are_written(pack, store, into):
    others = {"cat/notes.txt": b"x", "run.sh": b"#!/bin/sh", "cat/.hidden.png": b"x", "__MACOSX/cat/._1.png": b"x", "dog/Thumbs.db": b"x",
              "inner.zip": zipped(PLAIN), "cat/1.png.exe": b"MZ", ".git/1.png": b"x", "page.svg": b"<svg/>", "desktop.ini": b""}
    assert tree(unpack(store(pack(others | PLAIN)), into)) == PLAIN
    assert not os.access(into / "cat" / "1.png", os.X_OK)


def test_what_cannot_be_read_here_is_kept_to_be_named_later(store, into):
    assert tree(unpack(store(zipped({"cat/a.HEIC": b"x"})), into)) == {"cat/a.HEIC": b"x"}


def test_modes_and_owners_are_not_taken_over(store, into):
    unpack(store(tarred({}, entry("cat/1.png", mode=0o4777, uid=12345)), "photos.tar"), into)
    facts = (into / "cat" / "1.png").stat()
    assert not facts.st_mode & (stat.S_ISUID | stat.S_IXUSR) and facts.st_uid == into.stat().st_uid


@pytest.mark.parametrize("written", ["bébé".encode(), "bébé".encode("cp437")], ids=["macOS: UTF-8, not marked as such", "DOS"])
def test_names_in_the_letters_of_other_systems(written, store, into):
    stand_in = "x" * len(written)
    content = zipped({f"{stand_in}/1.png": b"x"}).replace(stand_in.encode(), written)
    assert tree(unpack(store(content), into)) == {"bébé/1.png": b"x"}


def test_backslashes_separate_folders(store, into):
    files = {"cat\\1.png": b"1", "dog\\young\\2.png": b"2"}
    assert tree(unpack(store(zipped(files)), into)) == {"cat/1.png": b"1", "dog/young/2.png": b"2"}


@pytest.mark.parametrize("stored, place", [
    ("cat/what?.png", "cat/what_.png"), ("con/1.png", "_con/1.png"), ("cat/LPT1.png", "cat/_LPT1.png"), ("cat. /1.png", "cat/1.png"),
    ("a:b/1.png", "a_b/1.png"), ("cat/new\nline.png", "cat/new_line.png"), ("./cat//1.png", "cat/1.png"),
    ("console/1.png", "console/1.png"),
    ("cat/1.png ", "cat/1.png"), ("e\N{COMBINING ACUTE ACCENT}/1.png", "\N{LATIN SMALL LETTER E WITH ACUTE}/1.png"),
    ("cat/\udcff.png", "cat/_.png"), ('<>"|*/1.png', "_____/1.png"),
])
def test_names_become_safe_on_every_system(stored, place):
    assert Places("photos.zip").of(stored) == place


NAMES = st.text(st.one_of(st.characters(), st.sampled_from("./\\: ")), max_size=30)


@given(st.lists(st.builds(lambda *parts: "/".join(parts) + ".png", NAMES, NAMES), max_size=8))
@example(["..../1.png", "...\\..\\1.png", "C:/1.png", "//host/share/1.png", "~/1.png", "\0/../1.png"])
def test_no_name_leads_outside_or_meets_another(stored):
    places, found = Places("photos.zip"), []
    for name in stored:
        try:
            found.append(places.of(name))
        except UserError as refusal:
            assert str(refusal).isprintable()
    found = [place for place in found if place is not None]
    assert len({place.casefold() for place in found}) == len(found)
    for place in found:
        parts = place.split("/")
        assert all(part.strip(" .") and part not in ("", ".", "..") and not part.endswith((" ", ".")) for part in parts)
        assert not filenames.FORBIDDEN.search(place.replace("/", "")) and not any(filenames.RESERVED.fullmatch(part) for part in parts)
        assert "\\" not in place and os.path.normpath(place) == place.replace("/", os.sep) and not os.path.isabs(place)


def test_equal_names_are_numbered(store, into):
    files = {"cat/1.png": b"a", "cat/1.PNG": b"b", "CAT.png": b"c", "cat/1 (2).png": b"d", "cat/1?.png": b"e", "cat/1*.png": b"f"}
    found = tree(unpack(store(zipped(files)), into))
    assert sorted(found.values()) == [b"a", b"b", b"c", b"d", b"e", b"f"] and found["cat/1.png"] == b"a"
    assert len({name.casefold() for name in found}) == 6


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_keeps_both(store, into):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("cat/1.png", b"a")
        archive.writestr("cat/1.png", b"b")
    assert tree(unpack(store(buffer.getvalue()), into)) == {"cat/1.png": b"a", "cat/1 (2).png": b"b"}


# What is refused

HOSTILE = {
    "traversal": {"../evil.png": b"x"}, "deep traversal": {"cat/../../evil.png": b"x"}, "absolute": {"/tmp/evil.png": b"x"},
    "drive": {"C:/evil.png": b"x"}, "drive with backslash": {"C:\\evil.png": b"x"}, "backslashes": {"..\\..\\evil.png": b"x"},
    "share": {"\\\\host\\share\\evil.png": b"x"}, "no picture": {"../../.bashrc": b"x"}, "hidden": {"../.evil.png": b"x"},
}


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE)
def test_what_leads_outside_is_refused(pack, files, store, into):
    refused(store(pack(PLAIN | files)), into, "wants to write outside its folder")
    refused(store(pack(files | PLAIN)), into, "wants to write outside its folder")


LINKS = {
    "symbolic": entry("cat/1.png", tarfile.SYMTYPE, linkname="/etc/passwd"),
    "hard": entry("cat/1.png", tarfile.LNKTYPE, linkname="../../x"),
    "device": entry("cat/1.png", tarfile.CHRTYPE, devmajor=1, devminor=5), "block": entry("cat/1.png", tarfile.BLKTYPE),
    "pipe": entry("cat/1.png", tarfile.FIFOTYPE), "sparse": entry("cat/1.png", tarfile.GNUTYPE_SPARSE),
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_links_and_devices_in_a_tar_are_refused(link, store, into):
    content = tarred({}, link)
    if link.type == tarfile.GNUTYPE_SPARSE:  # its head needs a map, which is empty here
        content = content[:483] + b"%011o\0" % (1 << 40) + content[495:]
        head = bytearray(content[:512])
        head[148:156] = b" " * 8
        content = content[:148] + b"%06o\0 " % sum(head) + content[156:]
    refused(store(content, "photos.tar"), into, "holds a link or a device in place of the photo 'cat/1.png'")


def test_a_link_in_a_zip_is_refused(store, into):
    info = zipfile.ZipInfo("cat/1.png")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    refused(store(zipped({"dog/1.png": b"x", info: b"/etc/passwd"})), into, "holds a link or a device in place of the photo 'cat/1.png'")


def test_a_link_in_place_of_a_folder_leads_nowhere(store, into, tmp_path):
    content = tarred(PLAIN | {}, entry("bird", tarfile.SYMTYPE, linkname=str(tmp_path)), entry("bird/1.png"))
    assert set(tree(unpack(store(content, "photos.tar"), into))) == {*PLAIN, "bird/1.png"} and not (tmp_path / "1.png").exists()
    assert not any(path.is_symlink() for path in into.rglob("*"))


def test_folders_that_differ_in_capitals_only_are_refused(store, into):
    refused(store(zipped({"Cat/1.png": b"x", "cat/2.png": b"x"})), into, "'Cat' and 'cat', which many systems cannot tell apart; rename")
    refused(store(zipped({"a?/1.png": b"x", "a*/2.png": b"x"})), into, "'a?' and 'a*', which many systems cannot tell apart")
    refused(store(zipped({"cat.png": b"x", "cat.png/1.png": b"x"})), into, "which many systems cannot tell apart")


@pytest.mark.parametrize("name", ["x" * 250 + "/1.png", "cat/" + "é" * 120 + ".png", "/".join("abcdefghijklmnopqr") + "/1.png"])
def test_names_too_long_for_some_systems_are_refused(name, store, into):
    refused(store(zipped({name: b"x"})), into, "holds a name that is too long, or folders that are too deep")


def test_a_password_is_named(store, into):
    content = bytearray(zipped(PLAIN))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), bytes(content)):
            content[found.start() + at] |= 1
    refused(store(bytes(content)), into, "'photos.zip' is protected by a password; pack it again without one")


def test_a_method_of_another_program_is_named(store, into):
    content = bytearray(zipped({"cat/1.png": b"x"}))
    content[content.index(b"PK\x03\x04") + 8] = content[content.index(b"PK\x01\x02") + 10] = 9  # deflate64
    refused(store(bytes(content)), into, "compressed by a method that cannot be read here; pack it again as an ordinary .zip")


KINDS = {"7z": b"7z\xbc\xaf\x27\x1c", "rar": b"Rar!\x1a\x07", "xz": b"\xfd7zXZ\0", "bz2": b"BZh9", "zst": b"\x28\xb5\x2f\xfd"}


@pytest.mark.parametrize("suffix, magic", KINDS.items(), ids=KINDS)
def test_other_archives_are_named(suffix, magic, store, into):
    refused(store(magic.ljust(600, b"\1"), "photos." + suffix), into, "archive; pack the photos as .zip or .tar.gz")


@pytest.mark.parametrize("content", [b"", b"<!doctype html>", b"PK", b"hello" * 200], ids=["empty", "page", "stub", "text"])
def test_what_is_no_archive_is_refused(content, store, into):
    refused(store(content), into, "is not an archive of a known kind, or damaged; pack the photos as .zip or .tar.gz")


def test_what_is_not_there_or_a_folder_is_refused(store, into, tmp_path):
    refused(store(b"").parent, into, "'outside' could not be read")
    refused(tmp_path / "outside" / "none.zip", into, "'none.zip' could not be read (No such file or directory); give an archive of photos")


def test_archives_without_pictures(store, into):
    refused(store(zipped({"a.txt": b"x"})), into, "There is no photo in 'photos.zip'; it needs one folder of photos per class")
    refused(store(zipped({"train.tar.gz": gzipped(PLAIN)})), into, "no photo in 'photos.zip', but another archive: unpack that one first")
    for pack in (zipped, gzipped):
        refused(store(pack({})), into, "There is no photo")


def test_a_folder_that_is_there_is_not_touched(store, into):
    into.mkdir(parents=True)
    (into / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="There is already a folder 'photos'"):
        unpack(store(zipped(PLAIN)), into)
    assert tree(into) == {"mine.txt": b"mine"}


# Damage


@pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
def test_every_truncation_is_noticed(pack, store, into):
    whole = pack(PLAIN)
    lengths = {*range(1, 600, 37), *range(600, len(whole) - 1, max(1, len(whole) // 40)), len(whole) - 1}
    if pack is tarred:  # what follows its end mark is filling
        end = len(whole.rstrip(b"\0"))
        lengths = {length for length in lengths if length < end // 512 * 512 + 1024}
    for length in sorted(lengths):
        with pytest.raises(UserError, match="damaged|There is no photo"):
            unpack(store(whole[:length]), into)
        assert not into.exists()


def test_a_tar_cut_between_two_files_is_noticed(store, into):
    whole = tarred(PLAIN)
    second = whole.index(b"cat/2.JPG")
    refused(store(whole[:second], "photos.tar"), into, "'photos.tar' is damaged or cut short (its end mark is missing)")
    damaged = whole[:second] + b"\xff" * 512 + whole[second + 512 :]
    refused(store(damaged, "photos.tar"), into, "is damaged or cut short (its end mark is missing)")


def test_the_checksum_at_the_end_of_gzip_counts(store, into):
    whole = gzipped(PLAIN)
    refused(store(whole[:-8] + b"\0\0\0\0" + whole[-4:], "photos.tgz"), into, "is damaged or cut short (CRC check failed")


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=6))
def test_flipped_bits_are_harmless(pack, changes, tmp_path):
    content = bytearray(pack({"cat/1.png": NOISE[:200], "dog/2.jpg": NOISE[200:400]}))
    for place, mask in changes:
        content[int(place * len(content))] ^= mask
    archive, into = tmp_path / "photos.zip", tmp_path / "data" / "photos"
    archive.write_bytes(content)
    try:
        assert all(filenames.is_picture(name) for name in tree(unpack(archive, into)))
    except UserError as said:
        assert str(said).isprintable() and not into.exists()
    finally:
        for path in sorted(into.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if into.exists():
            into.rmdir()


# Bombs


def test_a_zip_that_unpacks_to_far_more_is_refused(store, into):
    content = zipped({f"cat/{i}.bmp": bytes(200_000) for i in range(10)})
    assert len(content) < 10_000
    refused(store(content), into, "unpacks to more than 100 times its size", limits=Limits(ratio=100, harmless=100_000))
    assert len(tree(unpack(store(content), into, limits=Limits(ratio=100, harmless=2_000_000)))) == 10


def test_a_tar_that_unpacks_to_far_more_is_refused_even_by_what_is_skipped(store, into):
    for name in ("cat/1.bmp", "cat/film.mp4"):
        content = gzipped({name: bytes(5_000_000)} | PLAIN)
        refused(store(content, "photos.tgz"), into, "unpacks to more than 200 times its size", limits=Limits(harmless=100_000))


def test_a_zip_whose_files_share_their_bytes_is_refused(store, into):
    """The directory may name one compressed stream many times: each is as small as the archive, and all together are not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.bmp", bytes(100_000))
        first = archive.filelist[0]
        for i in range(1, 50):
            again = zipfile.ZipInfo(f"{i}.bmp")
            again.header_offset, again.CRC, again.compress_size, again.file_size, again.compress_type = (
                first.header_offset, first.CRC, first.compress_size, first.file_size, first.compress_type)
            archive.filelist.append(again)
            archive.NameToInfo[again.filename] = again
    refused(store(buffer.getvalue()), into, "unpacks to more than 200 times its size", limits=Limits(harmless=100_000))


def test_a_zip_that_lies_about_sizes_is_refused(store, into):
    content = zipped({"cat/1.bmp": bytes(500_000)})
    lying = content.replace((500_000).to_bytes(4, "little"), (500).to_bytes(4, "little"))
    refused(store(lying), into, "is damaged or cut short")


def test_too_many_files_and_bytes_are_refused(store, into):
    for pack in (zipped, tarred):
        archive = store(pack(PLAIN))
        refused(archive, into, "holds more than 2 photos", limits=Limits(files=2))
        refused(archive, into, "unpacks to more than 4.66e-06 GB", limits=Limits(bytes=5000))


def test_a_header_cannot_fill_the_memory(store, into):
    long = entry("cat/1.png", tarfile.GNUTYPE_LONGNAME, size=1 << 30).tobuf(tarfile.GNU_FORMAT)
    for head in (long, entry("x", tarfile.XHDTYPE, size=1 << 30).tobuf(tarfile.USTAR_FORMAT)):
        refused(store(gzip.compress(head + bytes(100_000)), "photos.tgz"), into, "longer than any can be")


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
def test_a_full_disk_is_noticed_before_it_is_full(pack, store, into, monkeypatch):
    free = archives.SPARE + 2000
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": free}))
    refused(store(pack(PLAIN)), into, "MB of disk and 67 MB are free; free some space, or set EFFNET_CACHE")


def test_a_disk_that_fails_is_not_taken_for_a_damaged_archive(store, into, monkeypatch):
    def fail(path, mode="r", *more):
        if "x" in mode:
            raise OSError(28, "No space left on device")
        return io.open(path, mode, *more)

    monkeypatch.setattr(archives, "open", fail, raising=False)
    refused(store(zipped(PLAIN)), into, "'1.png' could not be written (No space left on device); free some space")


# Progress and stopping


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
def test_progress_grows_to_the_end(pack, store, into, monkeypatch):
    monkeypatch.setattr(archives, "REPORT_S", 0)
    told = []
    files = {f"cat/{i}.png": random.Random(i).randbytes(30_000) for i in range(30)}
    unpack(store(pack(files)), into, on_progress=lambda *step: told.append(step))
    assert told == sorted(told) and len({total for _, total in told}) == 1 and told[-1][0] == told[-1][1] and len(set(told)) > 3


@pytest.mark.parametrize("pack", [zipped, tarred, gzipped])
def test_stopped_it_leaves_nothing(pack, store, into):
    calls = iter([False] * 4 + [True] * 100)
    refused(store(pack({f"cat/{i}.png": NOISE for i in range(30)})), into, "was stopped before it was complete; nothing of it was kept",
            should_stop=lambda: next(calls))


def test_an_interruption_leaves_nothing(store, into):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(store(zipped(PLAIN)), into, on_progress=interrupt)
    assert not list(into.parent.iterdir())


def test_what_a_killed_process_left_is_cleared_after_a_day(store, into):
    old, new = into.parent / ".other.0a1b2c3d.part", into.parent / ".another.0a1b2c3d.part"
    for folder in (old, new):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 2 * archives.ABANDONED_S,) * 2)
    unpack(store(zipped(PLAIN)), into)
    assert not old.exists() and new.exists()
    new.rmdir()


STEMS = {"photos.zip": "photos", "a.b.tar.gz": "a.b", "X.TGZ": "X", "y.tar": "y", "z": "z", ".zip": ""}


@pytest.mark.parametrize("name, plain", STEMS.items(), ids=STEMS)
def test_stem(name, plain):
    assert stem(Path(name)) == plain


def test_real_pictures_survive(store, into):
    data = picture(3, "JPEG")
    assert tree(unpack(store(gzipped({"cat/1.jpg": data})), into)) == {"cat/1.jpg": data}
