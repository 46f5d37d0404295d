"""What a network is to learn from: procedural scenes, Imagenette, or photos of the visitor's own; and how far those are ready."""

import threading
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import NamedTuple

import streamlit as st
from PIL import Image, ImageOps
from streamlit.delta_generator import DeltaGenerator

from effnet_core.data.remarks import count
from effnet_core.errors import UserError
from effnet_core.families import small
from effnet_core.palette import bytes_text
from effnet_core.photos import decode
from effnet_core.work.jobs import Job

from . import html, removing, shell, texts, uploads, work
from .work import Step

KINDS = {"scenes": "Scenes", "imagenette": "Imagenette", "own": "Your photos"}
WAYS = {"archive": "A zip file", "folder": "A folder"}
SHOWN = 10  # classes with a picture
SIDE = 144  # of those pictures, pixels
IMAGENETTE = "Imagenette"
FACTS = {"classes", "images", "train", "held_out", "split", "fingerprint", "unreadable", "warnings"}  # of a card that is whole
PHASES = {"downloading": "Downloading", "unpacking": "Unpacking", "checking": "Checking the photos of"}


class Chosen(NamedTuple):
    """Data to train on. `images` to learn from are None where there is no end of them."""

    name: str  # as `python -m effnet_core train --data` knows it
    classes: int
    images: int | None = None

    @property
    def is_scenes(self) -> bool:
        return self.images is None


SCENES = Chosen("scenes", small().classes)


class Checked:
    """What was found out about data that is not kept under a name of the visitor's; once for the whole server."""

    def __init__(self) -> None:
        self.cards: dict[str, dict] = {}


@st.cache_resource(show_spinner=False)
def checked() -> Checked:
    return Checked()


def kind() -> str:
    return st.session_state.get("data_kind") or "scenes"


def choose() -> tuple[Chosen | None, Callable[[], None]]:
    """The choice of the data: what can be trained on, None while there is nothing yet, and what draws the pictures that need torch."""
    st.markdown("#### What there is to learn")
    st.segmented_control("Learn from", list(KINDS), default="scenes", required=True, format_func=KINDS.get, key="data_kind",
                         persist_state="session", label_visibility="collapsed")
    place = st.container(key="data")
    if kind() == "scenes":
        return SCENES, lambda: _scenes(place)
    with place:
        return {"imagenette": _imagenette, "own": _own}[kind()](), lambda: None


# Pictures


def _strip(pictures: tuple[tuple[str, bytes], ...], words: str) -> None:
    with st.container(key="scenes"):
        for column, (label, picture) in zip(st.columns(SHOWN, gap="small"), pictures):
            column.image(picture, caption=html.plain(label), width="stretch", alt=words.format(label=label))


@cache
def sheet(side: int, seed: int) -> tuple[tuple[str, bytes], ...]:
    """One scene of every class: its label and a PNG, drawn by the code that draws the training images."""
    from effnet_core.data import datasets

    pictures = []
    for index, label in enumerate(datasets.Scenes.labels):
        pixels = datasets.example(index, seed, side).mul(255).round().byte().permute(1, 2, 0).numpy()
        file = BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        pictures.append((label, file.getvalue()))
    return tuple(pictures)


@st.cache_data(max_entries=16, show_spinner="Loading the photos…")
def examples(name: str, fingerprint: str) -> tuple[tuple[str, bytes], ...]:
    """A photo of each of the first classes: its label and a JPEG. Raises `UserError` where the data is gone."""
    from effnet_core.data import sources

    found, first = sources.collection(name), {}
    for item in found.train:
        if item.label < SHOWN:
            first.setdefault(item.label, item.path)
    return tuple((found.labels[label], _thumbnail(path.read_bytes())) for label, path in sorted(first.items()))


def _thumbnail(data: bytes) -> bytes:
    file = BytesIO()
    ImageOps.fit(decode(data), (SIDE, SIDE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=88)
    return file.getvalue()


# The three kinds


def _scenes(place: DeltaGenerator) -> None:
    with place:
        shell.boot_torch()
        _strip(sheet(SIDE, 3), "A scene of the class {label}")
        st.caption(texts.text("pretrain", "scenes"))


def _imagenette() -> Chosen | None:
    from effnet_core.data import sources

    job, known, here = work.mine(work.preparations()), checked().cards, sources.is_here("imagenette")
    ours = job if job is not None and job.title == IMAGENETTE else None
    if ours is not None and ours.state == "done":
        known["imagenette"] = ours.result
    if here and "imagenette" in known:
        return _photos("imagenette", IMAGENETTE, known["imagenette"])
    st.markdown(texts.text("pretrain", "imagenette"))
    if job is not None and job.active:
        _progress(job)
        return None
    refused = _refused(ours)
    if here and ours is None and not refused:  # fetched by whomever; it only has to be looked through
        _prepare(["data", "imagenette"], IMAGENETTE)
        st.rerun()
    if not here:
        st.caption(texts.text("pretrain", "imagenette_size", site=sources.IMAGENETTE.site))
    st.button("Check the photos of Imagenette" if here else "Download Imagenette", key="fetch_imagenette", icon=":material/download:",
              on_click=_prepare, args=(["data", "imagenette"], IMAGENETTE))
    return None


def _own() -> Chosen | None:
    from effnet_core.data import sources

    job = work.mine(work.preparations())
    if job is not None and job.state == "done" and job.title != IMAGENETTE and st.session_state.get("_kept") != job.id:
        st.session_state["_kept"] = job.id
        st.session_state["data_own"] = job.result["name"]
        st.session_state.setdefault("_added_data", set()).add(job.result["name"])
    kept = {own.name: own.card for own in sources.available() if FACTS <= own.card.keys()}
    busy = job is not None and job.active
    shown = _kept(kept) if kept else None
    if busy:
        _progress(job)
    else:
        _refused(job if job is not None and job.title != IMAGENETTE else None)
    with st.expander("Add photos of your own", expanded=not kept, icon=":material/upload:"):
        _adding(busy)
    return shown


def _progress(job: Job) -> None:
    work.watch(work.preparations(), job, lambda: work.bar(work.preparations(), job, step))


def _refused(job: Job | None) -> bool:
    """Says what was refused just now, or why that job failed."""
    words = st.session_state.pop("_refused_data", None) or (job is not None and job.error)
    if words:
        st.warning(html.plain(words), icon=":material/info:")
    return bool(words)


def _kept(kept: dict[str, dict]) -> Chosen | None:
    if st.session_state.get("data_own") not in kept:
        st.session_state["data_own"] = next(iter(kept))
    pick, drop = st.columns([5, 1], gap="small", vertical_alignment="bottom")
    name = pick.selectbox("Photos on this machine", list(kept), key="data_own", persist_state="session",
                          format_func=lambda name: f"{name} ({len(kept[name]['classes']):,} classes, {kept[name]['images']:,} photos)")
    if removing.may_remove("data", name):
        with drop.popover("Remove", icon=":material/delete:", width="stretch"):
            st.markdown(f"**{html.plain(name)}** is deleted from this machine. Models that learnt from it stay.")
            st.button("Delete these photos", key="drop_data", on_click=_remove, args=(name,), type="primary")
    return _photos(name, html.plain(name), kept[name])


def _photos(name: str, title: str, card: dict) -> Chosen | None:
    """The pictures of data that is here, and what is known about it."""
    try:
        _strip(examples(name, card["fingerprint"]), "A photo of the class {label}")
    except (UserError, OSError) as gone:
        st.warning(html.plain(str(gone)), icon=":material/info:")
        return None
    classes, own = len(card["classes"]), card["split"] == "its own"
    more = f" (the first {SHOWN} are shown)" if classes > SHOWN else ""
    st.caption(texts.text("pretrain", "photos_split" if own else "photos", title=title, classes=f"{classes:,}", more=more, images=f"{card['images']:,}",
                          train=f"{card['train']:,}", held_out=f"{card['held_out']:,}"))
    _remarks(card)
    return Chosen(name, classes, card["train"])


def _remarks(card: dict) -> None:
    """What may disappoint, what could not be used, and how many photos every class has."""
    unusable = card["unreadable"]
    for warning in card["warnings"]:
        st.caption(f":material/info: {html.plain(warning)}")
    with st.expander("Classes, split" + (f" and {count(unusable['count'], 'file')} that cannot be used" if unusable["count"] else "")):
        if unusable["count"]:
            rest = unusable["count"] - len(unusable["first"])
            lines = [f"- {html.plain(line)}" for line in unusable["first"]] + ([f"- and {rest:,} more"] if rest else [])
            st.markdown("**Not used:**\n" + "\n".join(lines))
        with st.container(height=320 if len(card["classes"]) > 12 else "content"):
            html.table(("Class", "to learn from", "held out"), [(row["label"], f"{row['train']:,}", f"{row['held_out']:,}") for row in card["classes"]])


# Adding and removing


def _adding(busy: bool) -> None:
    st.markdown(texts.text("pretrain", "own", most=str(uploads.MOST_MB)))
    way = st.segmented_control("Give", list(WAYS), default="archive", required=True, format_func=WAYS.get, key="upload_way")
    turn = st.session_state.get("_upload_turn", 0)  # an uploader that has done its work is replaced by an empty one
    key = f"upload_{way}_{turn}"
    options = {"type": uploads.ARCHIVES} if way == "archive" else {"type": uploads.PICTURES, "accept_multiple_files": "directory"}
    st.file_uploader("A zip file with a folder of photos for every class" if way == "archive" else "A folder with a folder of photos for every class",
                     key=key, on_change=_take, args=(key,), max_upload_size=uploads.MOST_MB, disabled=busy, **options)
    st.caption(texts.text("pretrain", "own_place"))


def _take(key: str) -> None:
    """Files have come: they go to the disk, out of memory, and a worker unpacks and checks them."""
    files = st.session_state.get(key)
    files = files if isinstance(files, list) else [files] if files else []
    if not files:
        return
    st.session_state["_upload_turn"] = st.session_state.get("_upload_turn", 0) + 1
    spooled = None
    try:
        spooled = uploads.spool(files)
        job = work.start(work.preparations(), ["data", "--keep", str(spooled.path), "--name", spooled.name], f"photos {spooled.name}", nice=10)
        threading.Thread(target=lambda: (job.wait(), spooled.remove()), daemon=True).start()
    except UserError as refused:
        if spooled is not None:
            spooled.remove()
        st.session_state["_refused_data"] = str(refused)
    finally:
        uploads.release(files)


def _prepare(args: list[str], title: str) -> None:
    try:
        work.start(work.preparations(), args, title, nice=10)
    except UserError as refused:
        st.session_state["_refused_data"] = str(refused)


def _remove(name: str) -> None:
    from effnet_core.learning import runs

    try:
        if (used := _learning_from(name)) is not None:
            raise UserError(f"These photos are being learnt from ({used.title}); they can be removed once that is over.")
        runs.remove_data(name)
        removing.forget("data", name)
    except UserError as refused:
        st.session_state["_refused_data"] = str(refused)
    st.session_state.pop("data_own", None)


def _learning_from(name: str) -> Job | None:
    """A training that waits or runs on this data."""
    return next((job for job in work.trainings().active() if data_of(job) == name), None)


def data_of(job: Job) -> str | None:
    """What a training learns from, as `--data` names it."""
    if "--data" in job.args:
        return job.args[job.args.index("--data") + 1]
    from effnet_core.learning import runs

    try:
        return runs.run(job.args[job.args.index("--name") + 1]).kept["plan"]["data"]
    except (UserError, KeyError, TypeError):
        return None


def step(job: Job) -> Step:
    """How far a running preparation is."""
    now = job.latest("progress") or {}
    name, done, total = f"**{html.plain(job.title)}**", now.get("done", 0), now.get("total")
    if "phase" not in now:
        return Step(0.0, f"{name} · starting")
    words = PHASES.get(now["phase"], now["phase"].capitalize())
    if not total:
        return Step(0.0, f"{words} {name}")
    amount = f"{bytes_text(done)} of {bytes_text(total)}" if now.get("unit") == "bytes" else f"{done:,} of {total:,}"
    return Step(done / total, f"{words} {name} · {amount}")
