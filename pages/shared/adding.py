"""A person's own file of weights: taken in, looked at, asked about, and made a model.

What the weights are is found out by a worker, which also converts them: nothing of a stranger's file is opened in the server.
"""

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from streamlit.typing import UploadedFile

from effnet_core.cache import cache_folder
from effnet_core.errors import UserError
from effnet_core.palette import bytes_text, si
from effnet_core.weights.registry import ROWS
from effnet_core.work.jobs import Job, JobQueue

from . import arrivals, html, questions, texts, uploads, work
from .shelf import PROJECTS

LARGEST_MB = 300  # of an upload; B7's weights are 267 MB
LIMIT_S = 600.0
STALE_S = 86_400.0  # after which an upload that nobody finished goes


class Upload(NamedTuple):
    """A file that a visitor gave, in a folder of its own."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def discard(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def queue() -> JobQueue:
    """One file at a time, since each may need hundreds of megabytes of memory."""
    return JobQueue("file", timeout_s=LIMIT_S)


def _folder() -> Path:
    return cache_folder() / "uploads"


def store(name: str, data: memoryview) -> Upload:
    """Writes an upload to disk. Raises `UserError` where that fails, or there is no room to convert it."""
    _sweep()
    safe = re.sub(r"[^\w.()+-]", "_", Path(name.replace("\\", "/")).name)[-100:].lstrip(".-") or "weights"
    path = _folder() / secrets.token_hex(8) / safe
    try:
        path.parent.mkdir(parents=True)
        if 2 * len(data) > (free := shutil.disk_usage(path.parent).free):
            path.parent.rmdir()
            raise UserError(f"{safe} would need {bytes_text(2 * len(data))} on the server's disk while it is converted, and "
                            f"{bytes_text(free)} are left; free some space there.")
        path.write_bytes(data)
    except OSError as failed:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise UserError(f"{safe} could not be stored ({failed.strerror or failed}); free some space, or allow writing, in the app's cache "
                        "folder.") from failed
    return Upload(path)


def _sweep() -> None:
    """Removes uploads that visitors left behind."""
    with suppress(OSError):
        for folder in _folder().iterdir():
            if time.time() - folder.stat().st_mtime > STALE_S:
                shutil.rmtree(folder, ignore_errors=True)


def _start(upload: Upload, args: list[str], title: str) -> None:
    """Hands the file to a worker. Raises `UserError` where too many files wait already."""
    job = queue().submit(args, title, threads=1, owner=upload.path.parent.name)
    st.session_state["_file_job"] = job.id


def _job() -> Job | None:
    return queue().find(st.session_state.get("_file_job", ""))


def _take(key: str) -> None:
    """A file has come: it is stored, and a worker looks at it."""
    if not isinstance(file := st.session_state.get(key), UploadedFile):  # taken away again, or forgotten by the server
        return
    abandon()
    st.session_state["_files_taken"] = st.session_state.get("_files_taken", 0) + 1  # an empty uploader: the memory goes
    try:
        upload = st.session_state["_adding"] = store(file.name, file.getbuffer())
        _start(upload, ["fetch", "--file", str(upload.path)], f"Looking at {upload.name}")
    except UserError as refused:
        abandon()
        st.session_state["_refused_file"] = str(refused)
    finally:
        uploads.release([file])


def abandon() -> None:
    """Forgets the file that is being added."""
    if job := _job():
        job.stop()
    if upload := st.session_state.pop("_adding", None):
        upload.discard()
    for key in ("_refused_file", "_found", "_converting", "_file_job"):
        st.session_state.pop(key, None)


def section(key: str) -> None:
    """In the chooser `key`: the uploader, then what the file is and what it cannot tell, then its conversion."""
    job, upload = _job(), st.session_state.get("_adding")
    with st.container(key=f"{key}_adding"):
        if job is not None and job.active:
            arrivals.watch(job, lambda: _waiting(key, job))
            return
        if upload is not None and job is not None:
            _over(key, upload, job)
        if refused := st.session_state.get("_refused_file"):
            st.warning(html.plain(refused), icon=":material/info:")
        if found := st.session_state.get("_found"):
            _form(key, found)
        else:
            _uploader(key)


def _uploader(key: str) -> None:
    widget = f"{key}_file_{st.session_state.get('_files_taken', 0)}"
    st.file_uploader("Add a file of weights", key=widget, on_change=_take, args=(widget,), max_upload_size=LARGEST_MB,
                     help=texts.text("models", "formats"))


def _waiting(key: str, job: Job) -> None:
    spent = work.waiting(queue(), job) if job.state == "queued" else f"{job.title}, {work.span(job.seconds)} so far"
    st.markdown(f":material/hourglass_top: {html.plain('Stopping' if job.stopping else spent)}")
    st.button("Stop", key=f"{key}_file_stop", icon=":material/stop_circle:", on_click=abandon, disabled=job.stopping, width="stretch")


def _over(key: str, upload: Upload, job: Job) -> None:
    """Takes in what the worker has found out, made, or refused."""
    st.session_state.pop("_file_job")
    name = st.session_state.pop("_converting", None)
    if job.result is None:
        if name is None:
            abandon()
        st.session_state["_refused_file"] = job.error or f"{upload.name} was not added."
    elif name is None:
        st.session_state["_found"] = job.result
    else:
        abandon()
        st.session_state.setdefault("_added", set()).add(name)
        st.session_state["_just_added"] = name
        st.session_state[key] = name
        st.rerun()


def _form(key: str, found: dict) -> None:
    """What the file is, and the questions that it leaves open."""
    st.markdown(f"**{html.plain(found['file'])}**")
    html.facts(_seen(found))
    if found["published"] in ROWS:
        st.markdown(texts.text("models", "is_published", name=found["published"]))
        st.button(f"Add as {found['published']}", key=f"{key}_give", type="primary", on_click=_give, args=(key, found["published"]),
                  width="stretch")
    else:
        if given := questions.ask(key, found):
            _convert(given, found)
    st.button("Leave it", key=f"{key}_leave", on_click=abandon, width="stretch")


def _seen(found: dict) -> list[tuple[str, str]]:
    rows = [("Network", found["network"]), ("Classes", f"{found['classes']:,}"), ("Parameters", si(found["parameters"])),
            ("Named as by", PROJECTS.get(found["layout"], found["layout"])), ("Stored as", found["precision"])]
    rows += [("Inside", f"“{found['wrapper']}”")] if found["wrapper"] else []
    return rows


def _convert(given: dict, found: dict) -> None:
    upload = st.session_state["_adding"]
    try:
        job_args = questions.arguments(upload.path, given, found["classes"])
        _start(upload, job_args, f"Converting {upload.name}")
        st.session_state["_converting"] = given["name"]
        st.session_state.pop("_refused_file", None)
    except UserError as refused:
        st.session_state["_refused_file"] = str(refused)
    except OSError as failed:
        st.session_state["_refused_file"] = f"The labels could not be stored ({failed.strerror or failed})."
    st.rerun()


def _give(key: str, name: str) -> None:
    """Puts a published file, proven by its whole checksum, where its download would be, and converts it as if it had been downloaded."""
    upload = st.session_state["_adding"]
    try:
        arrivals.folder().mkdir(parents=True, exist_ok=True)
        os.replace(upload.path, arrivals.folder() / ROWS[name].file)
    except OSError as failed:
        st.session_state["_refused_file"] = f"{upload.name} could not be stored ({failed.strerror or failed})."
        return
    abandon()
    st.session_state[key] = name
    arrivals.begin(name)


def welcome(name: str) -> None:
    """Says so once, where `name` has just been added."""
    if st.session_state.get("_just_added") == name:
        del st.session_state["_just_added"]
        st.toast(f"{name} is added.", icon=":material/check_circle:")
