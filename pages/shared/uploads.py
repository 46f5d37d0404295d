"""Photos that a visitor hands over to be trained on: from the browser's upload to one archive on disk, and out of memory."""

import re
import secrets
import shutil
import threading
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile

from effnet_core.cache import cache_folder
from effnet_core.data.archives import SUFFIXES, stem, writing
from effnet_core.errors import UserError
from effnet_core.palette import bytes_text

MOST_MB = 300  # of one upload; as `server.maxUploadSize`
ARCHIVES = ["zip", "tar", "gz", "tgz"]
PICTURES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]
CHUNK = 1 << 20
ABANDONED_S = 86_400.0  # after which what an ended process left is removed
NAMING = threading.Lock()  # two visitors may hand over photos of the same name at the same moment
UNDER_WAY: set[str] = set()  # names of photos that were handed over and are no data yet


@dataclass(frozen=True)
class Spooled:
    """An upload on disk, in a folder of its own, and the name that its photos will have, which nobody else gets until it is removed."""

    path: Path
    name: str

    def remove(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)
        UNDER_WAY.discard(self.name)


def spool(files: Sequence[UploadedFile]) -> Spooled:
    """Writes an archive as it is, and the files of a folder as a .zip of them. Raises `UserError` where that is impossible."""
    size = sum(file.size for file in files)
    if size > MOST_MB * 2**20:
        raise UserError(f"The upload has {bytes_text(size)}; at most {MOST_MB} MB can be taken: use smaller or fewer photos.")
    first = PurePosixPath(files[0].name.replace("\\", "/"))
    is_archive = len(files) == 1 and first.name.lower().endswith(SUFFIXES)
    plain = stem(Path(first.name)) if is_archive else first.parts[0]
    suffix = first.name[len(plain):].lower() if is_archive else ".zip"
    folder = _folder() / secrets.token_hex(8)
    spooled = Spooled(folder / f"{_slug(plain)}{suffix}", _reserved(_slug(plain)))
    try:
        with writing(spooled.path):
            folder.mkdir(parents=True)
            _copy(files[0], spooled.path) if is_archive else _pack(files, spooled.path)
    except UserError:
        spooled.remove()
        raise
    return spooled


def _copy(file: UploadedFile, path: Path) -> None:
    with open(path, "xb") as target:
        shutil.copyfileobj(file, target, CHUNK)


def _pack(files: Sequence[UploadedFile], path: Path) -> None:
    with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED) as archive:
        for file in files:
            with archive.open(zipfile.ZipInfo(file.name), "w") as target:
                shutil.copyfileobj(file, target, CHUNK)


def release(files: Sequence[UploadedFile]) -> None:
    """Lets the server forget the bytes, which it would otherwise keep until the visitor leaves."""
    context = get_script_run_ctx()
    for file in files:
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:48] or "photos"


def _reserved(name: str) -> str:
    with NAMING:
        free = _free(name)
        UNDER_WAY.add(free)
    return free


def _free(name: str) -> str:
    """`name`, or with a number behind it where there is data of that name, or soon will be."""
    from effnet_core.data import sources

    taken = {own.name for own in sources.available()} | {*sources.RESERVED} | UNDER_WAY
    return next(wanted for number in range(1, len(taken) + 2) if (wanted := name if number == 1 else f"{name}-{number}") not in taken)


def _folder() -> Path:
    _swept()
    return cache_folder() / "uploads"


@st.cache_resource(show_spinner=False)
def _swept() -> None:
    """Once per server: what another one left behind when it ended in the middle of an upload."""
    for left in (cache_folder() / "uploads").glob("*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
