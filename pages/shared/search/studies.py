"""Searches by training, as the page sees them: the queue they run in, whose they are, and what the buttons do."""

import secrets
import threading
from collections.abc import Sequence

import streamlit as st

from effnet_core.errors import UserError
from effnet_core.search import settings
from effnet_core.work.jobs import Job, JobQueue

from .. import removing, shell, state, work

LIMIT_S = 25 * 3600.0
NICE = 10
ADDED = "_added_searches"
NAMING = threading.Lock()


@st.cache_resource(show_spinner=False, on_release=JobQueue.shutdown)
def searches() -> JobQueue:
    """One at a time: another process may join from a terminal."""
    return JobQueue("search", timeout_s=LIMIT_S, grace_s=20.0)


@st.cache_resource(show_spinner="Loading Optuna…")
def boot_optuna() -> None:
    """Once per server, at the first look at a search."""
    import effnet_core.search.stores  # noqa: F401

    shell.freeze()


def standing(name: str):
    """What is known of that search. Raises `UserError` where there is none."""
    boot_optuna()
    path = settings.path_of(name)
    return _standing(name, tuple(_stamp(file) for file in (path, path.with_name(f"{path.name}-journal"))))


def _stamp(path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_mtime_ns, facts.st_size


@st.cache_data(max_entries=64, ttl=15.0, show_spinner=False)  # a process that dies changes no file
def _standing(name: str, stamps: tuple):
    from effnet_core.search import stores

    return stores.standing(name)


def title(name: str) -> str:
    return f"search {name}"


def active_job(name: str) -> Job | None:
    return next((job for job in searches().active() if job.title == title(name)), None)


def belongs_to_another(name: str) -> bool:
    """Whether a visitor who is here has begun `name`, or went on with it."""
    return work.holder(searches(), title(name)) not in (None, work.owner())


def shown() -> str | None:
    """The search that the address names, where it can be one."""
    name = state.get("study")
    return name if settings.NAME.fullmatch(name) else None


def job_of(name: str) -> Job | None:
    """This visit's job for that search, taken over where whoever started it has left."""
    queue = searches()
    own = work.mine(queue)
    if own is not None and own.title == title(name):
        return own
    job = active_job(name)
    return None if job is None else work.adopt(queue, job.id)


def suggested() -> str:
    """The same name until a search of this session has used it."""
    return f"search-{st.session_state.setdefault('_search_tail', secrets.token_hex(2))}"


# What a press of a button does; a refusal is left for `refusal`


def refusal() -> str | None:
    return st.session_state.pop("_refused_search", None)


def begin(name: str, args: Sequence[str]) -> None:
    """A new search by that name, with the options `args` of the terminal command."""
    try:
        with NAMING:
            if settings.path_of(name).exists() or active_job(name):
                raise UserError(f"There is already a search called {name!r} on this machine; choose another name, or go on with it below.")
            _submit(name, args)
    except UserError as refused:
        st.session_state["_refused_search"] = str(refused)
        return
    st.session_state.setdefault(ADDED, set()).add(name)
    for key in ("_search_tail", "search_name"):
        st.session_state.pop(key, None)


def go_on(name: str) -> None:
    try:
        with NAMING:
            if active_job(name):
                raise UserError(f"The search {name!r} is at work already.")
            if belongs_to_another(name):
                raise UserError(f"The search {name!r} belongs to another visitor who is here; it can be gone on with once they have left.")
            _submit(name, ())
    except UserError as refused:
        st.session_state["_refused_search"] = str(refused)


def _submit(name: str, args: Sequence[str]) -> None:
    again = ["search", "--study", name, "--threads", "1"]
    work.start(searches(), [*again, *args], title(name), nice=NICE, threads=1, about=name, again=again)
    state.put(study=name)


def look_at(name: str) -> None:
    state.put(study=name)


def may_remove(name: str) -> bool:
    return name in st.session_state.get(ADDED, ()) or removing.from_this_machine() and not belongs_to_another(name)


def remove(name: str) -> None:
    from effnet_core.search import stores

    try:
        if active_job(name):
            raise UserError(f"The search {name!r} is at work; it can be removed once it has ended or is paused.")
        stores.remove(name)
    except UserError as refused:
        st.session_state["_refused_search"] = str(refused)
        return
    st.session_state.get(ADDED, set()).discard(name)
    if state.get("study") == name:
        state.put(study="")


