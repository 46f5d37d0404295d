"""Published weights on their way here: one download of each file for all visitors, who all see how far it is.

A download belongs to everybody who pressed its button, and stops when one of them stops it and no other one
is still here. It goes on when they merely leave.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from effnet_core import cards, downloads
from effnet_core.cache import cache_folder
from effnet_core.errors import UserError
from effnet_core.palette import bytes_text
from effnet_core.weights.registry import ROWS, Row
from effnet_core.work.jobs import Job, JobQueue

from . import html, texts, work
from .looks import again

LIMIT_S = 6 * 3600.0  # a slow line may need hours; what has arrived is kept in any case
AT_ONCE = 2
WINDOW_S = 20.0  # over which the speed is taken
LOOK_OUT_S = 3.0  # between two looks whether somebody else has begun
ENOUGH_S = 1.5  # of it before a time is said
PHASES = {"converting": "Converting it into this app's format",
          "waiting for another download": "Waiting for another process that downloads it"}


class Pace:
    """The speed of the last seconds, from what was seen of one download."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def left_s(self, done: int, total: int, now: float | None = None) -> float | None:
        """The seconds that remain at that speed; None while nobody can say."""
        now = time.monotonic() if now is None else now
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        since, before = self._seen[0]
        return (total - done) * (now - since) / (done - before) if done > before and now - since >= ENOUGH_S else None


class Arrivals:
    """The downloads of this server, by the name of what they bring."""

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self._lock = threading.Lock()
        self._wanted: dict[str, set[str]] = {}  # name → who asked for it
        self._paces: dict[str, Pace] = {}  # of the jobs at work, by id

    def latest(self, name: str) -> Job | None:
        """The download of `name` that waits or runs, else the last one."""
        return next((job for job in (*self.queue.active(), *self.queue.finished()) if job.title == name), None)

    def begin(self, name: str, owner: str) -> Job:
        """Starts it, or joins the one under way. Raises `UserError` where the queue is full."""
        with self._lock:
            job = self.latest(name)
            if job is None or not job.active or job.stopping:
                job = self.queue.submit(["fetch", name], name, threads=1, nice=5)
                self._wanted[name] = set()
            self._wanted[name].add(owner)
            return job

    def wanted_by(self, name: str) -> set[str]:
        """Who asked for it and is still here."""
        with self._lock:
            return {owner for owner in self._wanted.get(name, ()) if not work.presence().is_gone(owner)}

    def give_up(self, name: str, owner: str) -> bool:
        """Stops it, unless somebody else still wants it; whether it stops."""
        others = self.wanted_by(name) - {owner}
        with self._lock:
            self._wanted.get(name, set()).discard(owner)
        job = self.latest(name)
        if job is None or others:
            return False
        job.stop()
        return True

    def left_s(self, job: Job, done: int, total: int) -> float | None:
        with self._lock:
            for other in [other for other in self._paces if other != job.id and not self._is_active(other)]:
                del self._paces[other]
            return self._paces.setdefault(job.id, Pace()).left_s(done, total)

    def _is_active(self, job_id: str) -> bool:
        job = self.queue.find(job_id)
        return job is not None and job.active


@st.cache_resource(show_spinner=False, on_release=lambda arrivals: arrivals.queue.shutdown())
def arrivals() -> Arrivals:
    return Arrivals(JobQueue("download", limit=AT_ONCE, timeout_s=LIMIT_S, grace_s=10.0))


def folder() -> Path:
    """Where files wait until they are converted, and where they can be put by hand."""
    return cache_folder() / "downloads"


def here_already(row: Row) -> int:
    """Bytes of an unfinished download."""
    try:
        return downloads.part_of(row.source, folder()).stat().st_size
    except OSError:
        return 0


def begin(name: str) -> None:
    """For this visitor; a refusal is shown in place of the button."""
    st.session_state.pop("_refused_download", None)
    try:
        job = arrivals().begin(name, work.owner())
    except UserError as refused:
        st.session_state["_refused_download"] = str(refused)
        return
    st.session_state.setdefault("_awaited", {})[name] = job.id


def _stop(name: str) -> None:
    st.session_state.get("_awaited", {}).pop(name, None)
    arrivals().give_up(name, work.owner())


def button(name: str, key: str = "model") -> None:
    """In the chooser `key`, of published weights that are not here: the button that brings them, or how far they are."""
    job = arrivals().latest(name)
    with st.container(key=f"{key}_arrival"):
        if job is not None and job.active:
            watch(job, lambda: _bar(key, name, job))
        else:
            _offer(key, name, job)
            _look_out(name)


def _offer(key: str, name: str, job: Job | None) -> None:
    row, awaited = ROWS[name], st.session_state.get("_awaited", {}).get(name)
    have = here_already(row)
    error = job.error if job is not None and job.id == awaited else st.session_state.pop("_refused_download", None)
    label = "Go on with the download" if have else "Try again" if error else f"Download {bytes_text(row.approximate_bytes)}"
    st.button(label, type="primary", icon=":material/download:", key=f"{key}_download", on_click=begin, args=(name,), width="stretch",
              help=texts.text("models", "by_hand", file=row.file, url=row.url))
    if error:
        st.warning(html.plain(error), icon=":material/info:")
    numbers = {"have": bytes_text(have), "all": bytes_text(row.approximate_bytes)}
    st.caption(texts.text("models", "part", **numbers) if have else texts.text("models", "offer"))


def _look_out(name: str) -> None:
    """The page runs anew once somebody else has begun the download, or the model has come by another way."""

    before = _stamp(name)

    def look() -> None:
        job = arrivals().latest(name)
        if (job is not None and job.active) or _stamp(name) != before:
            st.rerun()

    st.fragment(look, run_every=LOOK_OUT_S)()


def _stamp(name: str) -> int:
    """When the model's file was written; 0 where there is none."""
    try:
        return (cards.own_folder() / (name + cards.SUFFIX)).stat().st_mtime_ns
    except OSError:
        return 0


def watch(job: Job, show: Callable[[], None]) -> None:
    """Of anybody's job that waits or runs: calls `show` again and again; when it starts or ends, the page runs anew."""
    state = job.state

    def look() -> None:
        work.owner()
        if job.state != state:
            st.rerun()
        show()

    again("arrivals", look, work.POLL_S.get(state))


def _bar(key: str, name: str, job: Job) -> None:
    fraction, text = step(job)
    st.progress(fraction, text=text)
    owner, wanted = work.owner(), arrivals().wanted_by(name)
    if owner in wanted or not wanted:
        st.button("Stop", key=f"{key}_download_stop", icon=":material/stop_circle:", on_click=_stop, args=(name,), disabled=job.stopping,
                  width="stretch", help=texts.text("models", "stop"))
    st.caption(texts.text("models", "also" if wanted - {owner} else "arriving"))


def step(job: Job) -> tuple[float, str]:
    """How far a download is, 0 … 1, and that in words."""
    now = job.latest("progress")
    if job.stopping:
        return 0.0 if now is None else _share(now), "Stopping; what has arrived is kept"
    if job.state == "queued":
        return 0.0, work.waiting(arrivals().queue, job)
    if now is None:
        return 0.0, "Starting"
    done, total, share = now["done"], now["total"], _share(now)
    if now["phase"] != "downloading":
        return share, PHASES.get(now["phase"], now["phase"])
    left = arrivals().left_s(job, done, total)
    rest = "" if left is None else f", {work.time_left(left)}"
    return share, f"{bytes_text(done)} of {bytes_text(total)}, {100 * share:.0f} %{rest}"


def _share(now: dict) -> float:
    return min(1.0, now["done"] / now["total"]) if now["total"] else 0.0
