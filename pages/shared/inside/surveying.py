"""What a model does on a whole data set: which data, whether that was measured, here or elsewhere, and the job that measures it."""

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from effnet_core.cards import Entry
from effnet_core.data import archives, sources
from effnet_core.errors import UserError
from effnet_core.inside import survey_files
from effnet_core.inside.survey_files import Head, Survey
from effnet_core.inside.survey_pictures import Drawn
from effnet_core.preprocess import Preprocess
from effnet_core.work.jobs import Job, JobQueue

from .. import data, html, memory, shelf, texts, truth, work
from ..looks import again
from ..seen import Look

NICE = 10
SCENES = "scenes"
IMAGENETTE = "imagenette"
TITLES = {SCENES: "Scenes", IMAGENETTE: "Imagenette"}
HEAVY_MACS = 2e9  # of one image; of a network with more, only the first images are looked at
FEW = 500  # that many
ROOM = "inside_classes"  # of the texts


class Source(NamedTuple):
    """Data that can be measured on. `fingerprint` is "" where only a look through all files would tell."""

    key: str  # as `python -m effnet_core survey` knows it
    title: str
    name: str  # as surveys of it are called
    fingerprint: str
    here: bool


class Found(NamedTuple):
    """What is known of the chosen data; `survey` is None where nothing is yet."""

    source: Source
    head: Head | None
    survey: Survey | None


def choices(preprocess: Preprocess) -> dict[str, Source]:
    """All data of this machine, by key."""
    kept = [Source(own.name, own.name, own.name, own.card["fingerprint"], True) for own in sources.available()
            if data.FACTS <= own.card.keys()]
    imagenette = archives.stem(Path(sources.IMAGENETTE.name))
    rows = [Source(SCENES, TITLES[SCENES], SCENES, Drawn(preprocess).fingerprint, True),
            Source(IMAGENETTE, TITLES[IMAGENETTE], imagenette, "", sources.is_here(IMAGENETTE)), *kept]
    return {row.key: row for row in rows}


def fitting(entry: Entry, among: dict[str, Source]) -> str:
    """The data that says most of a model: what it has learnt, else what shares its classes."""
    learnt = entry.card.get("data")
    name = str(learnt.get("name")) if isinstance(learnt, dict) else ""
    if name in among:
        return name
    speaks = survey_files.title(name) == TITLES[IMAGENETTE] or truth.speaks_imagenet(entry.card["labels"])
    return SCENES if shelf.knows_scenes(entry.card) or not speaks else IMAGENETTE


def heads(entry: Entry, source: Source) -> list[Head]:
    """The surveys of that model on that data, the best one first."""
    known = [head for head in survey_files.available(entry) if survey_files.title(head.data) == survey_files.title(source.name)]
    return [head for head in known if head.recorded or not source.fingerprint or head.facts["data"]["fingerprint"] == source.fingerprint]


def read(head: Head) -> Survey | None:
    """Kept in memory for all visitors; None where the file is damaged."""
    blocks, peaks = sum(head.facts["blocks"].values()), sum((head.facts["peaks"] or {}).values())
    size = 8 * len(head.facts["labels"]) * blocks + 108 * peaks
    return memory.shared().get(("survey", head.path, head.version), lambda: survey_files.load(head.path), size, size)


def _picked() -> None:
    st.session_state["_survey_data"] = st.session_state["survey_data"]


def choose(at: Look, needs_peaks: bool = False) -> Found:
    """The choice of the data with what is known of it, and the button or the progress of its measurement."""
    among = choices(at.model.preprocess)
    wanted = st.session_state.get("_survey_data")
    shown = wanted if wanted in among else fitting(at.entry, among)
    st.session_state["survey_data"] = shown
    which, state = st.columns([3, 7], gap="medium", vertical_alignment="bottom")
    which.selectbox("Measured on", list(among), format_func=lambda key: among[key].title, key="survey_data", on_change=_picked)
    source = among[shown]
    usable = ((head, survey) for head in heads(at.entry, source) if (survey := read(head)) and (survey.peaks or not needs_peaks))
    head, survey = next(usable, (None, None))
    with state:
        _state(at, source, head)
    return Found(source, head, survey)


def _state(at: Look, source: Source, head: Head | None) -> None:
    job = current(at.entry, source)
    if job is not None:
        return _watch(job)
    mine = work.mine(work.surveys())
    words = st.session_state.pop("_refused_survey", None) or (mine is not None and mine.about == about(at.entry, source) and mine.error)
    if words:
        st.warning(html.plain(words), icon=":material/info:")
    if head is not None:
        st.caption(provenance(head))
    few = head is not None and head.images < head.facts["data"]["of"] and limit_of(at) is None
    if head is None or head.recorded or few:
        _offer(at, source, head is None)


def _offer(at: Look, source: Source, is_first: bool) -> None:
    """The button that measures here; a quiet one where something is known, but from elsewhere or of few images."""
    limit = limit_of(at)
    every = f"{len(Drawn(at.model.preprocess)):,} scenes" if source.key == SCENES else "all held-out photos"
    label = "Measure on this data" if source.here else "Fetch Imagenette (about 99 MB) and measure"
    st.button(label if is_first else f"{label} here", key="survey_start", icon=":material/query_stats:", on_click=start,
              args=(at.entry, source, limit), type="primary" if is_first else "secondary",
              help=texts.text(ROOM, "measuring", count=f"{limit} images" if limit else every))


def limit_of(at: Look) -> int | None:
    """How many images of the data are looked at; None for all of them."""
    return FEW if shelf.network(at.entry).total.macs > HEAVY_MACS else None


def provenance(head: Head) -> str:
    """Which images, when and where, in a sentence."""
    facts, seen = head.facts, head.facts["machine"]
    return texts.text(ROOM, "recorded" if head.recorded else "measured", images=f"{head.images:,}",
                      data=html.plain(survey_files.title(head.data)), side=str(facts["side"]), date=facts["date"][:10],
                      processor=html.plain(seen["processor"]), cores=str(seen["cores"]), torch=html.plain(facts["versions"]["torch"]),
                      part="" if head.images == facts["data"]["of"] else f" of {facts['data']['of']:,}")


# The job


def about(entry: Entry, source: Source) -> tuple:
    """What two visitors who want the same have in common."""
    return entry.name, entry.version, source.key


def current(entry: Entry, source: Source) -> Job | None:
    """Whose ever job that measures it, where one waits or runs."""
    return next((job for job in work.surveys().active() if job.about == about(entry, source) and not job.stopping), None)


def start(entry: Entry, source: Source, limit: int | None) -> None:
    """In a callback: the measurement is begun, unless it is under way already. What is refused is shown by the next run."""
    few = [] if limit is None else ["--limit", str(limit)]
    args = ["survey", entry.name, source.key, *few, "--threads", str(work.training_threads())]
    try:
        if current(entry, source) is None:
            work.start(work.surveys(), args, f"{entry.name} on {source.title}", nice=NICE, about=about(entry, source))
    except UserError as refused:
        st.session_state["_refused_survey"] = str(refused)


def _watch(job: Job) -> None:
    queue, state = work.surveys(), job.state

    def look() -> None:
        work.owner()
        if job.state != state or not job.active:
            st.rerun()
        _progress(queue, job)

    again(queue.name, look, work.POLL_S.get(state))


def _progress(queue: JobQueue, job: Job) -> None:
    if job.owner == work.owner():
        return work.bar(queue, job, step)
    now = step(job)
    words = work.waiting(queue, job) if job.state == "queued" else f"{now.text} · begun by another visitor"
    st.progress(min(1.0, max(0.0, now.fraction)), text=words)


def step(job: Job) -> work.Step:
    """How far a running survey is."""
    now = job.latest("progress") or {}
    name, done, total = f"**{html.plain(job.title)}**", now.get("done", 0), now.get("total")
    if now.get("phase") == "looking":
        pace = work.pace(job)
        return work.Step(done / total, f"{name} · {done:,} of {total:,} images", None if pace is None else pace[1])
    if not total:
        return work.Step(0.0, f"{name} · {html.plain(now.get('phase', 'starting'))}")
    return work.Step(done / total, f"{name} · {html.plain(now['phase'])} {100 * done / total:.0f} %")
