"""A person's own file of weights: taken in, looked at, asked about, and made a model; and models removed again.

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

from effnet_core import cards, labels
from effnet_core.cache import cache_folder
from effnet_core.errors import UserError
from effnet_core.jobs import Job, JobQueue
from effnet_core.palette import bytes_text, si
from effnet_core.preprocess import INTERPOLATIONS, Preprocess
from effnet_core.registry import HALVES, IMAGENET, ROWS, TF_EPS, TORCH_EPS
from effnet_core.scaling import SIDE_RANGE

from . import arrivals, html, texts, uploads, work
from .shelf import PROJECTS

LARGEST_MB = 300  # of an upload; B7's weights are 267 MB
LIMIT_S = 600.0
STALE_S = 86_400.0  # after which an upload that nobody finished goes
EPSILONS = {"0.001, as TensorFlow has it": TF_EPS, "0.00001, as PyTorch has it": TORCH_EPS}
PADDINGS = {"same, as TensorFlow pads": "same", "symmetric, as PyTorch pads": "symmetric"}
NORMALISATIONS = {"ImageNet's mean and deviation": IMAGENET, "to −1 … 1": HALVES, "to 0 … 1": ((0.0,) * 3, (1.0,) * 3)}


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


def suggestion(file: str) -> str:
    """A free name for the model in `file`."""
    base = re.sub(r"[^a-z0-9]+", "-", Path(file).stem.lower()).strip("-")[:48] or "my-model"
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, 1000))
    return next((name for name in names if not _taken(name)), base)


def _taken(name: str) -> bool:
    try:
        return cards.path_of(name).exists()
    except UserError:
        return True


def _form(key: str, found: dict) -> None:
    """What the file is, and the questions that it leaves open."""
    st.markdown(f"**{html.plain(found['file'])}**")
    html.facts(_seen(found))
    if found["published"] in ROWS:
        st.markdown(texts.text("models", "is_published", name=found["published"]))
        st.button(f"Add as {found['published']}", key=f"{key}_give", type="primary", on_click=_give, args=(key, found["published"]),
                  width="stretch")
    else:
        _questions(key, found)
    st.button("Leave it", key=f"{key}_leave", on_click=abandon, width="stretch")


def _seen(found: dict) -> list[tuple[str, str]]:
    rows = [("Network", found["network"]), ("Classes", f"{found['classes']:,}"), ("Parameters", si(found["parameters"])),
            ("Named as by", PROJECTS.get(found["layout"], found["layout"])), ("Stored as", found["precision"])]
    rows += [("Inside", f"“{found['wrapper']}”")] if found["wrapper"] else []
    return rows


def _questions(key: str, found: dict) -> None:
    asked, known = found["open_questions"], found["proposals"]
    with st.form(f"{key}_questions", border=False, enter_to_submit=False):
        given = {"name": st.text_input("Name of the model", suggestion(found["file"]), max_chars=64,
                                       help="Small letters, digits and hyphens.")}
        if asked:
            st.caption(texts.text("models", "asked"))
        if "eps" in asked:
            given["eps"] = EPSILONS[_choice("ε of batch norm", EPSILONS, known["eps"], "eps")]
        if "padding" in asked:
            given["padding"] = PADDINGS[_choice("Padding of the convolutions", PADDINGS, known["padding"], "padding")]
        if "preprocess" in asked:
            given["preprocess"] = _preprocessing(known["preprocess"])
        if known and known["labels"]["value"][:1] == ["class 0"]:
            given["labels"] = st.text_area("Labels, one a line", placeholder="\n".join(known["labels"]["value"][:3]),
                                           help=texts.text("models", "labels", classes=f"{found['classes']:,}"))
        if sure := [f"{texts.text('models', f'sure_{field}')}: {_said(field, one['value'])} ({one['reason']})"
                    for field, one in known.items() if one["sure"] and field != "labels"]:
            st.caption(html.plain(". ".join(sure) + "."))
        if st.form_submit_button("Add the model", type="primary", width="stretch", icon=":material/add:"):
            _convert(given, found)


def _choice(label: str, options: dict, proposal: dict, section: str) -> str:
    values = [*options.values()]
    place = values.index(proposal["value"]) if proposal["value"] in values else 0
    return st.selectbox(label, list(options), index=place, help=_explained(section, proposal))


def _explained(section: str, proposal: dict) -> str:
    """What a question is about, and why that is proposed."""
    return f"{texts.text('models', section)} Proposed, since {html.plain(proposal['reason'])}."


def _preprocessing(proposal: dict) -> dict:
    """How its photos are prepared: five numbers in three questions."""
    value = proposal["value"]
    sides, cut = st.columns(2)
    resize = sides.number_input("Shorter side, px", *SIDE_RANGE, value["resize"], help=texts.text("models", "resize"))
    crop = cut.number_input("Square, px", *SIDE_RANGE, value["crop"], help=_explained("crop", proposal))
    interpolation = st.selectbox("Resizing", list(INTERPOLATIONS), index=[*INTERPOLATIONS].index(value["interpolation"]),
                                 help=texts.text("models", "interpolation"))
    pairs = [*NORMALISATIONS.values()]
    pair = tuple(value["mean"]), tuple(value["std"])
    chosen = st.selectbox("Pixel values", list(NORMALISATIONS), index=pairs.index(pair) if pair in pairs else 0,
                          help=texts.text("models", "normalisation"))
    mean, std = NORMALISATIONS[chosen]
    return {"resize": resize, "crop": crop, "interpolation": interpolation, "mean": mean, "std": std}


def _said(field: str, value: object) -> str:
    return f"{value['resize']} → {value['crop']} px" if field == "preprocess" else f"{value:g}" if field == "eps" else str(value)


def arguments(path: Path, given: dict, classes: int) -> list[str]:
    """Of the worker that converts the file. Raises `UserError` for a name that is taken or unusable, and impossible answers."""
    if cards.path_of(given["name"]).exists():
        raise UserError(f"There is a model called {given['name']!r} already; choose another name.")
    args = ["fetch", "--file", str(path), "--name", given["name"]]
    args += ["--eps", repr(given["eps"])] if "eps" in given else []
    args += ["--padding", given["padding"]] if "padding" in given else []
    if preprocess := given.get("preprocess"):
        Preprocess(**preprocess)
        args += [word for field in ("resize", "crop", "interpolation") for word in (f"--{field}", str(preprocess[field]))]
        args += [word for field in ("mean", "std") for word in (f"--{field}", *map(repr, preprocess[field]))]
    if text := given.get("labels", "").strip():
        labels.parse(text, classes)
        file = path.with_name(f"{path.name}.labels.txt")
        file.write_text(text, encoding="utf-8")
        args += ["--labels", str(file)]
    return args


def _convert(given: dict, found: dict) -> None:
    upload = st.session_state["_adding"]
    try:
        job_args = arguments(upload.path, given, found["classes"])
        _start(upload, job_args, f"Converting {upload.name}")
        st.session_state["_converting"] = given["name"]
        st.session_state.pop("_refused_file", None)
    except UserError as refused:
        st.session_state["_refused_file"] = str(refused)
    except OSError as failed:
        st.session_state["_refused_file"] = f"The labels could not be stored ({failed.strerror or failed})."
    st.rerun()


def _give(key: str, name: str) -> None:
    """Puts a published file where its download would be, and converts it as if it had been downloaded."""
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


def from_this_machine() -> bool:
    """Whether the visitor sits at the machine that the app runs on, as far as the connection tells; a proxy in between says otherwise."""
    through = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")
    return st.context.ip_address is None and not any(name in st.context.headers for name in through)


def removal(key: str, entry: cards.Entry) -> None:
    """Under the card of a model that this visit added, or that is on the visitor's own machine: the way to remove it."""
    added = {*st.session_state.get("_added", ()), *st.session_state.get("_trained", ())}
    if entry.bundled or not (entry.name in added or from_this_machine()):
        return
    with st.container(key=f"{key}_removal"):
        if st.session_state.get("_removing") != entry.name:
            st.button("Remove this model", key=f"{key}_remove", icon=":material/delete:", type="tertiary", on_click=_ask,
                      args=(entry.name,))
            return
        st.markdown(texts.text("models", "remove", name=html.plain(entry.name), size=bytes_text(entry.version[1])))
        yes, no = st.columns(2)
        yes.button("Remove", key=f"{key}_remove_yes", type="primary", on_click=_remove, args=(key, entry.name), width="stretch")
        no.button("Keep", key=f"{key}_remove_no", on_click=_ask, args=("",), width="stretch")


def _ask(name: str) -> None:
    st.session_state["_removing"] = name


def _remove(key: str, name: str) -> None:
    st.session_state["_removing"] = ""
    try:
        cards.remove(name)
        st.session_state.get("_added", set()).discard(name)
        st.session_state.pop(key, None)
    except UserError as refused:
        st.session_state["_refused_file"] = str(refused)
