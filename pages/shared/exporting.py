"""ONNX files that a worker writes for a visitor: one at a time each, kept in a folder of the session until it ends."""

import json
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cache import cache_folder
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.export.tables import slug
from effnet_core.families import to_spec
from effnet_core.palette import bytes_text
from effnet_core.work.jobs import Job, JobQueue

from . import work

LIMIT_S = 300.0
LARGEST = 300_000_000  # bytes that a browser is offered; what is larger is for the terminal
ABANDONED_S = 86_400.0  # after which what an ended server left is removed


class Wish(NamedTuple):
    """Which file: of the network that is shown, untrained, or of a trained model."""

    network: Architecture
    model: str | None = None

    @property
    def title(self) -> str:
        return self.model or self.network.name

    @property
    def file(self) -> str:
        return f"{self.model}.onnx" if self.model else f"{slug(self.network.name)}-untrained.onnx"

    @property
    def bytes(self) -> int:
        """Of the weights, about all of the file."""
        return 4 * cost(self.network).params

    def check(self) -> None:
        """Raises `UserError` where the file would be too large for a browser."""
        if self.bytes > LARGEST:
            raise UserError(f"{self.title} as an ONNX file would have {bytes_text(self.bytes)}, and up to {bytes_text(LARGEST)} are made "
                            "on this page; from a terminal, as said below, files of up to 2 GB can be written.")


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def queue() -> JobQueue:
    """One at a time: each holds the weights in memory a few times over."""
    return JobQueue("export", timeout_s=LIMIT_S, grace_s=2.0)


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda folder: shutil.rmtree(folder, ignore_errors=True))
def _folder() -> Path:
    everybody = cache_folder() / "exports"
    for left in everybody.glob("*") if everybody.is_dir() else ():
        with suppress(FileNotFoundError):  # its visitor has just left
            if time.time() - left.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
    return everybody / secrets.token_hex(8)


def start(wish: Wish) -> None:
    """Asks a worker for the file; a refusal is left for `refusal`."""
    try:
        wish.check()
        earlier, made = list(_folder().glob("*")), _folder() / secrets.token_hex(4)
        named = [wish.model] if wish.model else ["--spec", json.dumps(to_spec(wish.network))]
        work.start(queue(), ["export", *named, "--onnx", str(made / wish.file)], wish.title, nice=10, threads=1, about=wish)
        for old in earlier:
            shutil.rmtree(old, ignore_errors=True)
    except UserError as refused:
        st.session_state["_refused_export"] = str(refused)


def refusal() -> str | None:
    return st.session_state.pop("_refused_export", None)


def mine() -> Job | None:
    return work.mine(queue())


def written(job: Job) -> Path | None:
    """The file of a finished job, while it is there."""
    path = Path(job.result["file"]) if job.state == "done" else None
    return path if path is not None and path.is_file() else None
