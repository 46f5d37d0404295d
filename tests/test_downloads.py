"""Downloads: what arrives is what was meant, whatever the network, the server, the disk or another process does."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from effnet_core import downloads, transfers
from effnet_core.cache import cache_folder
from effnet_core.downloads import DownloadError, Source, Stopped, fetch, is_right, part_of
from effnet_core.errors import UserError

from .mirrors import serving

CONTENT = random.Random(0).randbytes(3_000_000)
NAME = "weights-0123.pth"


@pytest.fixture
def mirror():
    with serving() as mirror:
        mirror.files[NAME] = CONTENT
        yield mirror


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr(downloads, "PAUSE_S", 0.01)
    monkeypatch.setattr(transfers, "TIMEOUT_S", (2.0, 2.0))
    monkeypatch.delenv("EFFNET_MIRROR", raising=False)
    monkeypatch.setenv("EFFNET_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def source(mirror, content=CONTENT, name=NAME, algorithm="sha256", digits=64, **facts):
    digest = hashlib.new(algorithm, content).hexdigest()[:digits]
    return Source(f"{mirror.url}/{name}", name, f"{algorithm}:{digest}", **facts)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("sha256", 8), ("md5", 32), ("md5", 10)])
@pytest.mark.parametrize("manner", ["", "no ranges", "no length", "called gzip"])
def test_a_file_arrives_whole_and_verified(mirror, tmp_path, algorithm, digits, manner):
    mirror.manners[NAME] = manner
    path = fetch(source(mirror, algorithm=algorithm, digits=digits), tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / NAME and path.read_bytes() == CONTENT and left(path.parent) == {NAME}


def test_progress_ends_with_everything(mirror, tmp_path):
    seen = []
    fetch(source(mirror), tmp_path, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, None) and seen[-1] == (len(CONTENT),) * 2
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_is_there_never_touches_the_network(mirror, tmp_path, monkeypatch):
    (tmp_path / NAME).write_bytes(CONTENT)  # placed by hand
    monkeypatch.setattr(requests, "get", None)
    assert fetch(source(mirror), tmp_path).read_bytes() == CONTENT
    assert not mirror.asked


def test_a_wrong_file_placed_by_hand_is_replaced_or_spoken_of(mirror, tmp_path):
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    assert fetch(source(mirror), tmp_path).read_bytes() == CONTENT
    (tmp_path / NAME).write_bytes(b"other")
    mirror.manners[NAME] = "404"
    with pytest.raises(DownloadError, match="the file of that name that is there is another one"):
        fetch(source(mirror), tmp_path)
    assert (tmp_path / NAME).read_bytes() == b"other"


@pytest.mark.parametrize("have", [1, 1_000_000, len(CONTENT) - 1])
def test_a_part_is_continued(mirror, tmp_path, have):
    wanted = source(mirror)
    part_of(wanted, tmp_path).write_bytes(CONTENT[:have])
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT
    assert mirror.ranges(NAME) == [f"bytes={have}-"] and mirror.sent == len(CONTENT) - have


def test_a_complete_part_needs_no_network(mirror, tmp_path):
    wanted = source(mirror)
    part_of(wanted, tmp_path).write_bytes(CONTENT)
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT and not mirror.asked


@pytest.mark.parametrize("manner", ["no ranges", "wrong range"])
def test_a_server_without_ranges_starts_over(mirror, tmp_path, manner):
    wanted, mirror.manners[NAME] = source(mirror), manner
    part_of(wanted, tmp_path).write_bytes(CONTENT[:1000])
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"x" * 1000, CONTENT + b"too long", b"y" * len(CONTENT)])
def test_a_part_of_another_file_is_thrown_away(mirror, tmp_path, part):
    wanted = source(mirror)
    part_of(wanted, tmp_path).write_bytes(part)
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT and left(tmp_path) == {NAME}


def test_a_connection_that_breaks_is_taken_up_again(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "ENOUGH", 1000)
    mirror.manners[NAME] = "half"
    with pytest.raises(DownloadError, match="the connection"):  # half of what is missing, again and again, until too little comes
        fetch(source(mirror), tmp_path)
    assert len(mirror.asked) > 8 and len(part_of(source(mirror), tmp_path).read_bytes()) > 0.99 * len(CONTENT)
    mirror.manners[NAME] = ""
    assert fetch(source(mirror), tmp_path).read_bytes() == CONTENT


def test_a_server_that_always_breaks_is_given_up(mirror, tmp_path):
    mirror.manners[NAME] = "half"
    with pytest.raises(DownloadError, match=rf"{NAME} could not be fetched from 127.0.0.1:\d+: the connection .*Try again later, or download "
                                            rf"http.*{NAME} elsewhere and put it into the folder .* as {NAME}"):
        fetch(source(mirror), tmp_path)
    assert left(tmp_path) == {part_of(source(mirror), tmp_path).name}


@pytest.mark.parametrize(("manner", "said", "requests"), [
    ("404", r"there is no such file \(status 404\)", 1), ("403", "the server refuses access", 1), ("401", "asks for a password", 1),
    ("407", "the proxy asks for a password", 1), ("410", "withdrawn", 1), ("418", r"did not send it \(status 418\)", 1),
    ("500", r"busy or out of order \(status 500\)", downloads.ATTEMPTS), ("503", "busy", downloads.ATTEMPTS), ("429", "busy", downloads.ATTEMPTS),
    ("page", "a web page came in its place, so a proxy", 1), ("hidden page", "a web page came in its place", 1),
])  # fmt: skip
def test_a_refusal_is_a_sentence(mirror, tmp_path, manner, said, requests):
    mirror.manners[NAME] = manner
    with pytest.raises(DownloadError, match=said):
        fetch(source(mirror), tmp_path)
    assert len(mirror.asked) == requests
    assert left(tmp_path) == set()


def test_a_page_does_not_spoil_a_part(mirror, tmp_path):
    wanted = source(mirror)
    part_of(wanted, tmp_path).write_bytes(CONTENT[:1000])
    mirror.manners[NAME] = "503"
    with pytest.raises(DownloadError):
        fetch(wanted, tmp_path)
    assert part_of(wanted, tmp_path).read_bytes() == CONTENT[:1000]


def test_another_content_is_refused_and_nothing_kept(mirror, tmp_path):
    with pytest.raises(DownloadError, match="does not have the checksum sha256:.*, so the file there has changed or was altered"):
        fetch(source(mirror, content=b"what was published"), tmp_path)
    assert left(tmp_path) == set()


def test_an_empty_answer_is_refused(mirror, tmp_path):
    mirror.files[NAME] = b""
    with pytest.raises(DownloadError, match="does not have the checksum"):
        fetch(source(mirror), tmp_path)


@pytest.mark.parametrize(("error", "said"), [
    (requests.ConnectionError("NameResolutionError(... [Errno -2] Name or service not known)"), "its address was not found; there may be no network"),
    (requests.ConnectionError("Network is unreachable"), "there is no network"),
    (requests.ConnectTimeout("timed out"), "did not answer in time"),
    (requests.ReadTimeout("Read timed out."), "did not answer in time"),
    (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), "secure connection was not accepted"),
    (requests.exceptions.ProxyError("Tunnel connection failed"), "the proxy did not let it through"),
    (requests.exceptions.InvalidURL("no host"), "not one that can be fetched"),
    (requests.ConnectionError("Remote end closed connection"), "the connection broke"),
])  # fmt: skip
def test_no_network_is_a_sentence(mirror, tmp_path, monkeypatch, error, said):
    def get(*_, **__):
        raise error

    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(DownloadError, match=f"{NAME} could not be fetched from 127.0.0.1:[0-9]+: .*{said}"):
        fetch(source(mirror), cache_folder() / "downloads")
    with pytest.raises(DownloadError, match=f"put it into the folder downloads in the app's cache folder as {NAME}"):
        fetch(source(mirror), cache_folder() / "downloads")


def test_a_server_that_is_gone_is_a_sentence(tmp_path):
    with serving() as mirror:
        wanted = source(mirror)
    with pytest.raises(DownloadError, match="could not be fetched from 127.0.0.1:.*refused the connection"):
        fetch(wanted, tmp_path)


def test_silence_is_a_sentence(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(transfers, "TIMEOUT_S", (1.0, 0.1))
    monkeypatch.setattr(downloads, "ATTEMPTS", 2)
    mirror.manners[NAME] = "slow"
    with pytest.raises(DownloadError, match="did not answer in time"):
        fetch(source(mirror), tmp_path)


def test_stopping_keeps_the_part(mirror, tmp_path):
    mirror.manners[NAME], wanted, seen = "slow", source(mirror), []
    with pytest.raises(Stopped, match="was stopped; the next one will go on from there"):
        fetch(wanted, tmp_path, on_progress=lambda done, total: seen.append(done), should_stop=lambda: part_of(wanted, tmp_path).stat().st_size > 0)
    have = part_of(wanted, tmp_path).stat().st_size
    assert 0 < have < len(CONTENT) and CONTENT.startswith(part_of(wanted, tmp_path).read_bytes())
    mirror.manners[NAME] = ""
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT
    assert mirror.ranges(NAME)[-1] == f"bytes={have}-"


def test_stopping_works_between_attempts(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "PAUSE_S", 1000.0)
    mirror.manners[NAME] = "503"
    with pytest.raises(Stopped):
        fetch(source(mirror), tmp_path, should_stop=lambda: bool(mirror.asked))


@pytest.mark.parametrize("goal", ["{url}/other-name.pth", "/files/other-name.pth", "other-name.pth"])
def test_redirects_are_followed(mirror, tmp_path, goal):
    mirror.files["other-name.pth"] = CONTENT
    mirror.manners[NAME], mirror.goal = "redirect", goal.format(url=mirror.url)
    path = fetch(source(mirror), tmp_path)
    assert path.name == NAME and path.read_bytes() == CONTENT


def test_redirects_end(mirror, tmp_path):
    mirror.manners[NAME], mirror.goal = "redirect", f"{mirror.url}/{NAME}"
    with pytest.raises(DownloadError, match="from one address to the next, 8 times, without an end"):
        fetch(source(mirror), tmp_path)


@pytest.mark.parametrize("goal", ["http://example.com/x.pth", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_secure_addresses(mirror, tmp_path, goal, monkeypatch):
    mirror.manners[NAME], mirror.goal = "redirect", goal
    with pytest.raises(DownloadError, match="which is no secure"):
        fetch(source(mirror), tmp_path)
    assert len(mirror.asked) == 1
    monkeypatch.setattr(requests, "get", None)
    with pytest.raises(DownloadError, match="which is no secure"):
        fetch(Source(goal, NAME, "sha256:" + "0" * 64), tmp_path)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_mirror_replaces_everything_but_the_name(mirror, tmp_path, monkeypatch, slash):
    monkeypatch.setenv("EFFNET_MIRROR", mirror.url + slash)
    wanted = Source(f"https://example.com/deep/in/a/tree/{NAME}?download=1", "here.pth", "sha256:" + hashlib.sha256(CONTENT).hexdigest())
    assert wanted.address == f"{mirror.url}/{NAME}" and wanted.site == mirror.url.split("/")[2]
    assert fetch(wanted, tmp_path) == tmp_path / "here.pth"
    assert mirror.ranges(NAME) == [None]


def test_a_mirror_may_do_without_a_certificate(monkeypatch):
    transfers._check_secure("https://example.com/x")
    monkeypatch.setenv("EFFNET_MIRROR", "http://mirror.school.example/effnet")
    transfers._check_secure("http://mirror.school.example/effnet/x")
    for other in ("http://mirror.school.example/x", "http://mirror.school.example.org/effnet/x"):
        with pytest.raises(transfers.Failed):
            transfers._check_secure(other)


def test_too_little_room_is_told_before(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(DownloadError, match="needs another 3 MB, and the disk of the folder .* has 1 MB left"):
        fetch(source(mirror), tmp_path)
    assert left(tmp_path) == set()


class Full:
    """A file on a disk that is full after a megabyte."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, piece):
        if self._file.tell() > 1_000_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(piece)


def test_a_disk_that_fills_up_is_a_sentence_and_keeps_the_part(mirror, tmp_path, monkeypatch):
    real = downloads._attempt
    monkeypatch.setattr(downloads, "_attempt", lambda source, file, *rest: real(source, Full(file), *rest))
    with pytest.raises(DownloadError, match=r"could not be written \(No space left on device\); free some space"):
        fetch(source(mirror), tmp_path)
    assert part_of(source(mirror), tmp_path).stat().st_size > 1_000_000
    monkeypatch.undo()
    assert fetch(source(mirror), tmp_path).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_a_sentence(mirror, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match="could not be written"):
        fetch(source(mirror), tmp_path / "file" / "downloads")


def test_threads_share_one_download(mirror, tmp_path):
    mirror.manners[NAME], found, progress = "slow", [], []
    threads = [threading.Thread(target=lambda: found.append(fetch(source(mirror), tmp_path, on_progress=lambda d, t: progress.append(d))))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    while not part_of(source(mirror), tmp_path).exists() or not part_of(source(mirror), tmp_path).stat().st_size:
        time.sleep(0.01)
    mirror.more.set()
    for thread in threads:
        thread.join()
    assert found == [tmp_path / NAME] * 4 and found[0].read_bytes() == CONTENT and len(mirror.asked) == 1


WORKER = "import sys; from effnet_core.downloads import *; fetch(Source(*sys.argv[1:4]), sys.argv[4])"


def test_a_killed_process_leaves_a_part_that_the_next_one_continues(mirror, tmp_path):
    mirror.manners[NAME], wanted = "slow", source(mirror)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, wanted.url, wanted.name, wanted.digest, str(tmp_path)])
    try:
        while worker.poll() is None and not (part_of(wanted, tmp_path).exists() and part_of(wanted, tmp_path).stat().st_size):
            time.sleep(0.02)
        with pytest.raises(Stopped):  # the worker has the claim
            fetch(wanted, tmp_path, should_stop=lambda: True)
        assert len(mirror.asked) == 1
    finally:
        worker.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        worker.wait()
    have = part_of(wanted, tmp_path).stat().st_size
    mirror.manners[NAME] = ""
    assert fetch(wanted, tmp_path).read_bytes() == CONTENT
    assert have > 0 and mirror.ranges(NAME)[-1] == f"bytes={have}-"


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:abc", "sha256:" + "G" * 64, "sha1:" + "0" * 40, "md5:" + "0" * 33, "0" * 64])
def test_digests_are_checked(digest):
    with pytest.raises(UserError, match="it must be sha256: or md5:"):
        Source("https://example.com/x", "x", digest)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", ".hidden"])
def test_names_stay_in_the_folder(name):
    with pytest.raises(UserError, match="cannot name a download"):
        Source("https://example.com/x", name, "sha256:" + "0" * 8)


def test_a_prefix_must_match(tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    right = hashlib.sha256(CONTENT).hexdigest()
    for digits in (8, 20, 64):
        assert is_right(tmp_path / "x", Source("https://example.com/x", "x", f"sha256:{right[:digits]}"))
        wrong = right[: digits - 1] + ("0" if right[digits - 1] != "0" else "1")
        assert not is_right(tmp_path / "x", Source("https://example.com/x", "x", f"sha256:{wrong}"))
    assert not is_right(tmp_path / "missing", Source("https://example.com/x", "x", f"sha256:{right}"))
    assert not is_right(tmp_path, Source("https://example.com/x", "x", f"sha256:{right}"))
