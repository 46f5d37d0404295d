"""What was measured in this session, kind by kind, and what other visitors of this server measured."""

from collections.abc import Callable
from typing import Protocol

import streamlit as st

from effnet_core.work.jobs import Job

from . import work


class Request(Protocol):
    """What is to be measured, and how."""

    @property
    def threads(self) -> int: ...
    @property
    def title(self) -> str: ...
    def args(self) -> list[str]: ...  # for `python -m effnet_core`
    def answered_by(self, record: dict) -> bool: ...  # whether `record`, the result of such a command, measured just this


class Answers:
    """Measurements of one kind: the results of one `command`. They lie in the session under `slot`; `marked` is what is added to each, and
    `left` finds what a job has left that ended before it was done, where that is worth keeping."""

    kinds: "list[Answers]" = []

    def __init__(self, command: str, slot: str, marked: Callable[[dict], dict] = lambda record: {},
                 left: Callable[[Job], dict | None] = lambda job: None) -> None:
        self._command, self._slot, self._marked, self._left = command, slot, marked, left
        self.kinds.append(self)

    @classmethod
    def of(cls, command: str) -> "Answers | None":
        """The kind that `command` measures, where a page has one."""
        return next((kind for kind in reversed(cls.kinds) if kind._command == command), None)

    def rows(self) -> list[dict]:
        """Those of this session, oldest first: the results with `"job"`, `"measured"` (seconds since 1970) and whether it was `"shared"` by
        another visitor."""
        rows = st.session_state.setdefault(self._slot, [])
        job = work.mine(work.benchmarks())
        if job is None or not self.made(job) or any(row["job"] == job.id for row in rows):
            return rows
        if not job.active and self._found(job) is not None:
            rows.append(self._row(job))
        elif job.active and (twin := self._finished(self.asked(), since=job.submitted)):
            work.forget(work.benchmarks())
            job.stop()
            rows.append(self._row(twin, shared=True))
        return rows

    def made(self, job: Job) -> bool:
        """Whether that job measures this kind."""
        return job.args[0] == self._command

    def _found(self, job: Job) -> dict | None:
        return job.result if job.state == "done" else self._left(job)

    def _row(self, job: Job, shared: bool = False) -> dict:
        found = self._found(job)
        return {**found, **self._marked(found), "job": job.id, "measured": job.finished, "shared": shared}

    def _finished(self, request: Request | None, since: float = 0.0) -> Job | None:
        return next((job for job in work.benchmarks().finished() if request is not None and self.made(job) and job.state == "done"
                     and job.finished > since and request.answered_by(job.result)), None)

    def ask(self, request: Request) -> None:
        """Starts the measurement, or queues it. Where the same one of another visitor ends first, that is taken. Raises `UserError`."""
        for kind in self.kinds:
            kind.rows()  # what the session's last job found, before another takes its place
        work.start(work.benchmarks(), request.args(), request.title, threads=request.threads)
        st.session_state[f"_asked_{self._command}"] = request

    def asked(self) -> Request | None:
        """What this session asked for last."""
        return st.session_state.get(f"_asked_{self._command}")

    def offered(self, request: Request) -> dict | None:
        """The latest answer to `request` that another visitor of this server has, where this session has none."""
        job = None if self.mine(request) else self._finished(request)
        return None if job is None else self._row(job, shared=True)

    def take(self, record: dict) -> None:
        """Makes an offered measurement one of this session's."""
        self.rows().append(record)

    def mine(self, request: Request) -> dict | None:
        """The latest of this session's measurements that answers `request`."""
        return next((row for row in reversed(self.rows()) if request.answered_by(row)), None)

    def clear(self) -> None:
        """Forgets this session's measurements; one under way goes on."""
        self.rows().clear()
        job = work.mine(work.benchmarks())
        if job is not None and not job.active and self.made(job):
            work.forget(work.benchmarks())
