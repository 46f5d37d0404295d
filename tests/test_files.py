"""Files that are there whole or not at all."""

import errno
import os

import pytest

from effnet_core import files
from effnet_core.errors import UserError


def test_a_file_is_written_with_its_folder_and_replaced(tmp_path):
    path = tmp_path / "a" / "b.txt"
    files.write(path, b"first")
    files.write(path, b"second")
    assert path.read_bytes() == b"second" and [file.name for file in path.parent.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_is_a_sentence_and_changes_nothing(tmp_path, monkeypatch, step):
    path = tmp_path / "b.txt"
    files.write(path, b"first")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, step, full)
    with pytest.raises(UserError, match=r"b.txt could not be written \(No space left on device\)"):
        files.write(path, b"second")
    assert path.read_bytes() == b"first" and [file.name for file in tmp_path.iterdir()] == ["b.txt"]


def test_what_goes_wrong_while_it_is_written_changes_nothing(tmp_path):
    path = tmp_path / "b.txt"
    files.write(path, b"first")
    with pytest.raises(ZeroDivisionError), files.replacing(path) as file:
        file.write(b"half")
        1 / 0
    assert path.read_bytes() == b"first" and [file.name for file in tmp_path.iterdir()] == ["b.txt"]
