"""Long work of the pages: one queue of each kind for the whole server, whose job is whose, and how a page shows one.

A job belongs to the visitor who started it. It goes on while they look at other pages; what is
short ends some time after they left.
"""

import secrets
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from effnet_core import machine
from effnet_core.work.jobs import Job, JobQueue

from . import html
from .looks import again

POLL_S = {"queued": 1.0, "running": 0.5}  # between two looks at a job
ABSENCE_S = 60.0  # a visitor whose connection is lost for longer has left; a shorter loss is the network's fault
MEASURING_LIMIT_S = 300.0
TRIAL_LIMIT_S = 600.0
PREPARING_LIMIT_S = 4 * 3600.0  # a download over a slow line
SURVEY_LIMIT_S = 4 * 3600.0
TRAINING_LIMIT_S = 25 * 3600.0  # a day, and what comes before and after it
MOST_TRAININGS = 4  # at a time; each holds a few hundred megabytes
MOST_PREPARATIONS = 2
LEFT = "It was stopped because the connection to the browser that started it was lost."


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def benchmarks() -> JobQueue:
    """One at a time, since a measurement wants the machine for itself."""
    return JobQueue("measuring", timeout_s=MEASURING_LIMIT_S, grace_s=2.0)


def most_trainings() -> int:
    """At a time: with two cores for each."""
    return max(1, min(MOST_TRAININGS, machine.cores() // 2))


def training_threads() -> int:
    """Of each training, so that all of them together have no more threads than there are cores: threads that wait for each other's
    turn would slow a training down many times."""
    return max(1, machine.cores() // most_trainings())


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def trainings() -> JobQueue:
    """A training that is asked to stop may take a while to judge and save its model."""
    return JobQueue("training", limit=most_trainings(), timeout_s=TRAINING_LIMIT_S, grace_s=180.0)


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def trials() -> JobQueue:
    """Short ones that find out how fast a training would be."""
    return JobQueue("trial", timeout_s=TRIAL_LIMIT_S, grace_s=5.0)


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def preparations() -> JobQueue:
    """Downloads, and photos that are unpacked and checked."""
    return JobQueue("preparing", limit=MOST_PREPARATIONS, timeout_s=PREPARING_LIMIT_S, grace_s=10.0)


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def surveys() -> JobQueue:
    """Runs of a model over a whole data set, one at a time; what one finds is there for all visitors, so it goes on when they leave."""
    return JobQueue("survey", timeout_s=SURVEY_LIMIT_S, grace_s=5.0)


class Presence:
    """Who is here. Of a visitor who leaves and is not back after `ABSENCE_S`, measurements and trials are stopped; trainings go on,
    where somebody else waits for their place after a break, and whoever opens their address again takes them over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leaving: dict[str, threading.Timer] = {}
        self._gone: set[str] = set()

    def arrive(self, owner: str) -> None:
        with self._lock:
            self._gone.discard(owner)
            if timer := self._leaving.pop(owner, None):
                timer.cancel()

    def leave(self, owner: str, session: str) -> None:
        self.arrive(owner)  # a loss soon after another starts the time anew
        timer = threading.Timer(ABSENCE_S, self._decide, (owner, session))
        timer.daemon = True
        with self._lock:
            self._leaving[owner] = timer
        timer.start()

    def is_leaving(self, owner: str) -> bool:
        with self._lock:
            return owner in self._leaving or owner in self._gone

    def is_gone(self, owner: str) -> bool:
        with self._lock:
            return owner in self._gone

    def _decide(self, owner: str, session: str) -> None:
        with self._lock:
            if self._leaving.pop(owner, None) is None:
                return
        if connected(session):  # back, but nothing has run for them since that would have said so
            self.leave(owner, session)
            return
        with self._lock:
            self._gone.add(owner)
        for queue in (benchmarks(), trials()):
            for job in queue.active():
                if job.owner == owner:
                    queue.stop(job, LEFT)


@st.cache_resource(show_spinner=False)
def presence() -> Presence:
    return Presence()


def connected(session: str) -> bool:
    return runtime.exists() and bool(runtime.get_instance().is_active_session(session))


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda visit: presence().leave(*visit))
def _visit(owner: str, session: str) -> tuple[str, str]:
    """Streamlit releases it when the session's connection ends, and computes it anew after that."""
    presence().arrive(owner)
    return owner, session


def owner() -> str:
    """Who this session is, as the owner of its jobs. Asking says that its visitor is here."""
    name = st.session_state.setdefault("_owner", secrets.token_urlsafe(16))
    return _visit(name, get_script_run_ctx().session_id)[0]


def start(queue: JobQueue, args: Sequence[str], title: str, **options) -> Job:
    """Submits this session's next job of that queue; `options` and errors as `JobQueue.submit` has them."""
    job = queue.submit(args, title, owner=owner(), **options)
    if job.state == "queued":
        _make_way(queue)
    return _keep(queue, job)


def _make_way(queue: JobQueue) -> None:
    """A running job that nobody watches, where it can go on later, lets the one that has come go first."""
    for other in queue.active():
        if other.state == "running" and other.again and not other.stopping and presence().is_gone(other.owner):
            queue.put_back(other)
            return


def _keep(queue: JobQueue, job: Job) -> Job:
    st.session_state.setdefault("_jobs", {})[queue.name] = job.id
    return job


def mine(queue: JobQueue) -> Job | None:
    """This session's latest job of that queue, whatever became of it."""
    return queue.find(st.session_state.get("_jobs", {}).get(queue.name, ""))


def forget(queue: JobQueue) -> None:
    """From now on `mine` is None, until the next job."""
    st.session_state.get("_jobs", {}).pop(queue.name, None)


def holder(queue: JobQueue, title: str) -> Hashable:
    """Who the latest job of that title belongs to, where they are still here; None where nobody has a claim."""
    known = next((job.owner for job in (*queue.active(), *queue.finished()) if job.title == title), None)
    return None if known is None or presence().is_leaving(known) else known


def adopt(queue: JobQueue, job_id: str) -> Job | None:
    """Makes a job this session's own if its visitor has just gone, as they do by reloading the page, or if it is over."""
    job = queue.find(job_id)
    if job is None or (job.active and job.owner != owner() and not presence().is_leaving(job.owner)):
        return None
    job.owner = owner()
    return _keep(queue, job)


class Step(NamedTuple):
    """How far a running job is: 0 … 1, in words, and the seconds left, None while nobody knows."""

    fraction: float
    text: str
    left_s: float | None = None


def plain_step(job: Job) -> Step:
    """Where a running job is, by its own words; on a page that shows another kind of work."""
    said = job.latest("progress") or {}
    return Step(said.get("fraction") or 0.0, html.plain(": ".join(filter(None, [job.title, said.get("phase")]))))


def watch(queue: JobQueue, job: Job, show: Callable[[], None], every: float | None = None) -> None:
    """For a job that waits or runs: calls `show` now and again and again; when it starts, ends or is given up, the page runs anew.

    `every`: seconds between two looks, where not the usual.
    """
    state = job.state

    def look() -> None:
        owner()
        if job.state != state or not job.active or mine(queue) is not job:
            st.rerun()
        show()

    again(queue.name, look, every or POLL_S.get(state))


def bar(queue: JobQueue, job: Job, step: Callable[[Job], Step], pausable: bool = False) -> None:
    """A job that waits or runs: its place in the queue or how far it is, and the buttons that pause or stop it."""
    fraction, text, left_s = Step(0.0, waiting(queue, job)) if job.state == "queued" else step(job)
    clock = "" if job.state == "queued" else f" · {span(job.seconds)} so far" if left_s is None else f" · {time_left(left_s)}"
    ending = f"{'Pausing' if pausable and job.pausing else 'Stopping'} {html.plain(job.title)}"
    with st.container(key=f"bar_{queue.name}", horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, max(0.0, fraction)), text=ending if job.stopping else text + clock)
        if pausable and job.state == "running":
            st.button("Pause", key=f"pause_{queue.name}", icon=":material/pause_circle:", on_click=job.pause, disabled=job.stopping,
                      help="Keeps everything needed to go on later, and frees the place for others.")
        st.button("Stop" if job.state == "running" else "Cancel", key=f"stop_{queue.name}", icon=":material/stop_circle:", on_click=job.stop,
                  disabled=job.stopping)


def waiting(queue: JobQueue, job: Job) -> str:
    """The place in the queue of a job that has not started, as a sentence."""
    place = job.position or 1
    before = "yours is next" if place == 1 else "one more is before yours" if place == 2 else f"{place - 1} more are before yours"
    return f"Waiting in the {queue.name} queue: {' and '.join(queue.running()) or 'another job'} is at work, {before}."


def span(seconds: float) -> str:
    """"12 s", "4 min 5 s", "2 h 10 min", "3 days"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min" + (f" {rest:.0f} s" if (rest := seconds % 60) >= 0.5 and seconds < 600 else "")
    if seconds < 36 * 3600:
        return f"{seconds // 3600:.0f} h" + (f" {rest:.0f} min" if (rest := seconds % 3600 // 60) else "")
    return f"{seconds / 86400:.3g} days"


def time_left(seconds: float) -> str:
    """"about 2 min left", "about 12 s left", "about 3.5 h left", "nearly done"."""
    if seconds < 1:
        return "nearly done"
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / 60:.0f} min left" if seconds < 5400 else f"about {seconds / 3600:.3g} h left"


def pace(job: Job) -> tuple[float, float] | None:
    """The seconds that the current phase has taken and those it still needs at that speed; None where the worker has not said enough.

    Of a worker whose progress has `phase`, `fraction` of it done, and `elapsed_s` since its start.
    """
    now = job.latest("progress") or {}
    if not now.get("fraction"):
        return None
    spent = now["elapsed_s"] - next(event["elapsed_s"] for event in job.events if event.get("phase") == now["phase"])
    return spent, spent * (1 / now["fraction"] - 1)
