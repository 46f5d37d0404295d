"""Long work in processes of its own: started in order, watched, stopped. A worker that fails makes a job fail, nothing else.

A worker is `python -m effnet_core <command> … --events`. It prints one JSON object a line ({"event": "progress", …}, then
{"event": "result", …} or {"event": "error", "message": …}) and ends soon after the line "stop" or "pause", or the end, of its input.
One that can go on later answers "pause" with a result that has `"paused": true`; to all others that word means "stop".
"""

import atexit
import json
import secrets
import sys
import threading
import time
from collections.abc import Hashable, Sequence

from ..errors import UserError
from .history import History
from .workers import Worker, explain_exit, shorten

COMMAND = (sys.executable, "-m", "effnet_core")
KEPT_EVENTS = 2_000  # per job; beyond that every second one goes
KEPT_JOBS = 50  # finished ones
LONGEST_QUEUE = 30
GRACE_S = 8.0  # from asking a worker to stop to terminating it, and from there to killing it
EXIT_GRACE_S = 3.0  # the same while the app itself ends


class Job:
    """One piece of work, made by `JobQueue.submit`. Reading it is safe from any thread; a snapshot never changes."""

    def __init__(self, queue: "JobQueue", args: Sequence[str], title: str, nice: int, threads: int | None, owner: Hashable,
                 about: object, again: Sequence[str] | None) -> None:
        self.id = secrets.token_urlsafe(16)
        self.title, self.args, self.owner, self.about = title, tuple(args), owner, about
        self.again = None if again is None else tuple(again)  # the arguments with which it goes on after a pause
        self.nice, self.threads = nice, threads
        self.state = "queued"  # → running → done, failed, stopped or paused, or queued again; or queued → stopped
        self.error: str | None = None  # a sentence, where the job failed or ran out of time
        self.submitted = time.time()  # seconds since 1970, as the next two
        self.started: float | None = None
        self.finished: float | None = None
        self.stopping = self.pausing = False  # asked to end; so that it can go on later
        self.returning = self.has_run = False  # asked to wait once more for its turn; has had a turn before
        self.worker: Worker | None = None
        self.ended = threading.Event()
        self._queue, self._lock = queue, threading.Lock()
        self._history = History(KEPT_EVENTS)
        self._latest: dict[str, dict] = {}
        self._stray: str | None = None

    @property
    def events(self) -> tuple[dict, ...]:
        """What the worker has said so far, oldest first; of a long run thinned evenly (see `History`)."""
        with self._lock:
            return self._history.events()

    def latest(self, kind: str) -> dict | None:
        """The last event of that kind, such as "progress"."""
        with self._lock:
            return self._latest.get(kind)

    @property
    def result(self) -> dict | None:
        """The fields of the result event; a job that was stopped or paused may have one too."""
        event = self.latest("result")
        return None if event is None else {key: value for key, value in event.items() if key != "event"}

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ("queued", "running")

    @property
    def position(self) -> int | None:
        """0 while running, 1 for the next in the queue, and so on; None once it is over."""
        return self._queue.position_of(self)

    @property
    def seconds(self) -> float:
        """How long it has run; 0 before it starts."""
        return 0.0 if self.started is None else (self.finished or time.time()) - self.started

    def stop(self) -> None:
        """Cancels a queued job; asks a running one to stop, later terminates and at last kills it. Returns at once."""
        self._queue.stop(self)

    def pause(self) -> None:
        """As `stop`, but what can go on later is asked to keep what it needs for that."""
        self._queue.pause(self)

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until the job is over; False where `timeout` seconds passed first."""
        return self.ended.wait(timeout)

    def hear(self, line: bytes) -> None:
        """Takes in one line of the worker's standard output; what is no event is kept only to explain a failure."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        with self._lock:
            if isinstance(event, dict) and isinstance(event.get("event"), str):
                self._history.add(event)
                self._latest[event["event"]] = event
            elif line.strip():
                self._stray = shorten(line.decode("utf-8", "replace"))

    def turn_over(self) -> None:
        """It has paused to let others go first, and waits to go on."""
        self.state, self.args, self.error, self.started, self.worker = "queued", self.again, None, None, None
        self.stopping = self.pausing = self.returning = False
        self.has_run = True
        with self._lock:
            self._latest.pop("result", None)

    def outcome(self, code: int, last_words: str) -> str:
        """The final state, from what was asked, what was said and the exit status; a failure also gets its `error`."""
        complaint = self.latest("error")
        if (self.result or {}).get("paused"):
            return "paused"
        if self.stopping:
            return "stopped"
        if complaint is None and self.latest("result") is not None:
            return "done"
        self.error = explain_exit(code, last_words, self._stray) if complaint is None else str(complaint.get("message"))
        return "failed"


class JobQueue:
    """Runs submitted work in order, `limit` jobs at a time, `timeout_s` seconds each at most; the others wait visibly.

    Safe to share between threads. `command` is what a job's arguments are appended to.
    """

    def __init__(self, name: str, limit: int = 1, timeout_s: float = 600.0, *, command: Sequence[str] = COMMAND,
                 grace_s: float = GRACE_S, longest: int = LONGEST_QUEUE) -> None:
        self.name, self.limit, self.timeout_s, self.longest = name, limit, timeout_s, longest
        self._command, self._grace_s, self._closed = tuple(command), grace_s, False
        self._lock = threading.Lock()
        self._queued: list[Job] = []
        self._running: list[Job] = []
        self._jobs: dict[str, Job] = {}  # in the order of submission
        atexit.register(self.shutdown)

    def submit(self, args: Sequence[str], title: str, *, nice: int = 0, threads: int | None = None, owner: Hashable = None,
               about: object = None, again: Sequence[str] | None = None) -> Job:
        """Runs `*command *args --events`, now or when its turn comes. With `nice` 10 it yields to everything else; `threads`
        bounds its cores; `about` is whatever its owner wants to find with it again; `again` are the arguments with which it goes
        on after a pause. Raises `UserError` where `owner` has a job here already, or the queue is full or closed."""
        job = Job(self, args, title, nice, threads, owner, about, again)
        with self._lock:
            self._admit(job)
            self._jobs[job.id] = job
            self._queued.append(job)
            self._start_next()
        return job

    def find(self, job_id: str) -> Job | None:
        """The job of that id; finished ones are kept until 50 others have finished."""
        with self._lock:
            return self._jobs.get(job_id)

    def running(self) -> list[str]:
        """The titles of the jobs at work."""
        with self._lock:
            return [job.title for job in self._running]

    def active(self) -> list[Job]:
        """The jobs at work and, in their order, those that wait."""
        with self._lock:
            return [*self._running, *self._queued]

    def finished(self) -> list[Job]:
        """The jobs that are over and still kept, the latest first."""
        with self._lock:
            return sorted((job for job in self._jobs.values() if not job.active), key=lambda job: job.finished, reverse=True)

    def position_of(self, job: Job) -> int | None:
        with self._lock:
            return 0 if job in self._running else self._queued.index(job) + 1 if job in self._queued else None

    def stop(self, job: Job, reason: str | None = None) -> None:
        """Cancels or stops `job`, `reason` becoming its `error`; leaves alone what is over or stopping already."""
        self._end(job, reason, pausing=False)

    def pause(self, job: Job, reason: str | None = None) -> None:
        """As `stop`, but a running one is asked to pause: what can go on later keeps what it needs for that."""
        self._end(job, reason, pausing=True)

    def put_back(self, job: Job) -> None:
        """Pauses a running job that can go on, and lets it wait for its next turn at the end of the queue."""
        job.returning = job.again is not None
        self._end(job, None, pausing=True)

    def _end(self, job: Job, reason: str | None, pausing: bool) -> None:
        with self._lock:
            if job in self._queued:
                self._queued.remove(job)
                job.error = reason
                self._close(job, "paused" if job.has_run else "stopped")
                return
            if job not in self._running or job.stopping:
                return
            job.error, job.stopping, job.pausing = reason, True, pausing
        threading.Thread(target=_press, args=([job], self._grace_s), daemon=True).start()

    def shutdown(self) -> None:
        """Refuses new jobs, pauses or stops all others and returns once their processes are gone."""
        atexit.unregister(self.shutdown)
        with self._lock:
            self._closed = True
            for job in self._queued:
                self._close(job, "stopped")
            self._queued, running = [], [*self._running]
            for job in running:
                job.stopping = job.pausing = True
        _press(running, min(self._grace_s, EXIT_GRACE_S))

    def _admit(self, job: Job) -> None:
        if self._closed:
            raise UserError(f"The {self.name} queue is closed because the app is ending; start it again.")
        if job.owner is not None and any(job.owner == other.owner for other in (*self._running, *self._queued)):
            raise UserError("One job of yours is waiting or running already; wait for it, or stop it first.")
        if len(self._queued) >= self.longest:
            raise UserError(f"The {self.name} queue is full with {self.longest} waiting jobs; try again in a few minutes.")

    def _start_next(self) -> None:
        while self._queued and len(self._running) < self.limit:
            job = self._queued.pop(0)
            job.started, job.state = time.time(), "running"
            self._running.append(job)
            threading.Thread(target=self._run, args=(job,), daemon=True).start()

    def _run(self, job: Job) -> None:
        """The life of one worker, in a thread of its own."""
        limit = threading.Timer(self.timeout_s, self.pause, (job, f"Stopped after {_span(self.timeout_s)}, the time limit."))
        limit.daemon, state = True, "failed"
        try:
            job.worker = Worker([*self._command, *job.args, "--events"], job.hear, nice=job.nice, threads=job.threads)
            if job.stopping:  # asked before there was anyone to ask
                _ask(job)
            limit.start()
            code = job.worker.wait()
            state = job.outcome(code, job.worker.last_words)
        except OSError as refused:
            job.error = f"The worker could not be started: {shorten(str(refused))}."
        finally:
            limit.cancel()
            with self._lock:
                self._running.remove(job)
                if job.returning and state == "paused" and not self._closed:
                    job.turn_over()
                    self._queued.append(job)
                else:
                    self._close(job, state)
                self._start_next()

    def _close(self, job: Job, state: str) -> None:
        job.finished, job.state = time.time(), state
        over = sorted((other for other in self._jobs.values() if not other.active), key=lambda other: other.finished)
        for old in over[: max(0, len(over) - KEPT_JOBS)]:
            del self._jobs[old.id]
        job.ended.set()


def _ask(job: Job) -> None:
    job.worker.ask("pause" if job.pausing else "stop")


def _press(jobs: list[Job], grace_s: float) -> None:
    """Asks, then terminates, then kills, with `grace_s` seconds to react after each."""
    for act in (_ask, lambda job: job.worker.terminate(), lambda job: job.worker.kill()):
        for job in jobs:
            if job.worker is not None and not job.ended.is_set():
                act(job)
        deadline = time.monotonic() + grace_s
        if all(job.wait(max(0.0, deadline - time.monotonic())) for job in jobs):
            return


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} hours" if seconds >= 7200 else f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
