"""Queues of workers, with workers of a few lines that behave well, badly or not at all."""

import functools
import io
import itertools
import json
import os
import subprocess
import sys
import threading
import time

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_core.cli import events as protocol
from effnet_core.errors import UserError
from effnet_core.work import jobs, workers
from effnet_core.work.history import History
from effnet_core.work.jobs import JobQueue
from effnet_core.work.workers import explain_exit, shorten

HANG_S = 60.0  # nothing here takes that long; it turns a hang into a failure

SAY = "import json, os, sys, time\ndef say(event, **fields): print(json.dumps({'event': event, **fields}), flush=True)\n"
QUICK = SAY + "say('progress', step=1); say('progress', step=2); say('result', answer=42)"
PATIENT = SAY + "say('progress', pid=os.getpid()); word = sys.stdin.readline(); say('result', word=word)"
DEAF = SAY + ("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
              "say('progress', pid=os.getpid())\nwhile True: time.sleep(60)")

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups as POSIX has them")


@pytest.fixture
def make():
    made = []

    def queue(**options) -> JobQueue:
        made.append(JobQueue("test", **{"command": (sys.executable, "-c"), "grace_s": 0.3, **options}))
        return made[-1]

    yield queue
    for each in made:
        each.shutdown()


def until(condition) -> None:
    deadline = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.01)


def over(job):
    assert job.wait(HANG_S), "the job never ended"
    return job


def gone(pid: int) -> bool:
    """Ended and reaped."""
    return not psutil.pid_exists(pid)


def test_events_come_in_order_and_the_result_last(make):
    job = over(make().submit([QUICK], "quick"))
    assert job.state == "done" and job.error is None
    assert [event["event"] for event in job.events] == ["progress", "progress", "result"]
    assert job.latest("progress") == {"event": "progress", "step": 2}
    assert job.latest("nothing") is None
    assert job.result == {"answer": 42}
    assert job.submitted <= job.started <= job.finished
    assert job.seconds == job.finished - job.started


def test_a_snapshot_never_changes(make):
    job = make().submit([PATIENT], "patient")
    until(lambda: job.events)
    before = job.events
    job.stop()
    over(job)
    assert isinstance(before, tuple) and len(before) == 1 and len(job.events) == 2


def test_the_worker_gets_its_arguments_the_folder_and_the_thread_limit(make):
    code = SAY + "say('result', args=sys.argv[1:], folder=os.getcwd(), threads=os.environ['OMP_NUM_THREADS'])"
    result = over(make().submit([code, "b0", "--batch", "1"], "arguments", threads=3)).result
    assert result == {"args": ["b0", "--batch", "1", "--events"], "folder": str(workers.ROOT), "threads": "3"}


@posix
def test_a_nice_worker_is_nice(make):
    code = SAY + "sys.stdin.readline(); say('result', nice=os.getpriority(os.PRIO_PROCESS, 0))"
    job = make().submit([code], "nice", nice=10)
    until(lambda: job.worker is not None)
    job.worker.ask()
    assert over(job).result == {"nice": max(10, os.getpriority(os.PRIO_PROCESS, 0))}


def test_jobs_run_one_at_a_time_in_order(make):
    queue = make()
    many = [queue.submit([PATIENT], name) for name in "abc"]
    assert [job.position for job in many] == [0, 1, 2]
    assert queue.running() == ["a"]
    for job in many:
        until(lambda job=job: job.events)
        assert queue.running() == [job.title]
        job.worker.ask()
        over(job)
    assert [job.state for job in many] == ["done"] * 3
    assert many[0].finished <= many[1].started and many[1].finished <= many[2].started
    assert [job.position for job in many] == [None] * 3


def test_a_wider_queue_runs_as_many_as_allowed(make):
    queue = make(limit=2)
    many = [queue.submit([PATIENT], name) for name in "abc"]
    assert [job.state for job in many] == ["running", "running", "queued"]


def test_a_queued_job_can_be_cancelled_and_never_starts(make):
    queue = make()
    first, second, third = (queue.submit([PATIENT], name) for name in "abc")
    second.stop()
    assert over(second).state == "stopped" and second.started is None and second.error is None
    assert third.position == 1
    assert first.state == "running"


def test_stop_asks_politely_and_keeps_what_the_worker_still_says(make):
    job = make(grace_s=HANG_S).submit([PATIENT], "patient")
    until(lambda: job.events)
    job.stop()
    job.stop()
    assert over(job).state == "stopped"
    assert job.result == {"word": "stop\n"} and job.error is None


RESTING = SAY + "say('progress'); word = sys.stdin.readline().strip(); say('result', word=word, paused=word == 'pause')"


def test_pause_keeps_what_is_needed_to_go_on_and_frees_the_place(make):
    queue = make(grace_s=HANG_S)
    job, waiting = queue.submit([RESTING], "resting"), queue.submit([QUICK], "quick")
    until(lambda: job.events)
    job.pause()
    job.stop()  # too late: it is ending already
    assert over(job).state == "paused" and job.result == {"word": "pause", "paused": True} and job.error is None
    assert over(waiting).state == "done"


def test_a_worker_that_was_asked_to_stop_is_not_paused(make):
    job = make(grace_s=HANG_S).submit([RESTING], "resting")
    until(lambda: job.events)
    job.stop()
    job.pause()
    assert over(job).state == "stopped" and job.result["word"] == "stop"


def test_what_cannot_go_on_later_is_stopped_by_a_pause(make):
    queue = make(grace_s=HANG_S)
    job, queued = queue.submit([PATIENT], "patient"), queue.submit([QUICK], "queued")
    until(lambda: job.events)
    queued.pause()
    assert over(queued).state == "stopped" and queued.started is None
    queue.pause(job, "The machine is needed.")
    assert over(job).state == "stopped" and job.error == "The machine is needed."


def test_the_time_limit_and_the_end_of_the_app_pause(make):
    job = over(make(timeout_s=0.5, grace_s=HANG_S).submit([RESTING], "resting"))
    assert job.state == "paused" and job.error == "Stopped after 0.5 seconds, the time limit."
    queue = make(grace_s=HANG_S)
    last = queue.submit([RESTING], "resting")
    until(lambda: last.events)
    queue.shutdown()
    assert over(last).state == "paused"


def test_the_memory_of_a_worker_is_known_while_it_lives(make):
    job = make(grace_s=HANG_S).submit([PATIENT], "patient")
    until(lambda: job.events)
    assert job.worker.memory > 2**20
    job.stop()
    over(job)
    assert job.worker.memory is None


@posix
def test_a_worker_that_does_not_listen_is_killed_and_reaped(make):
    job = make().submit([DEAF], "deaf")
    until(lambda: job.events)
    job.stop()
    assert over(job).state == "stopped"
    assert gone(job.latest("progress")["pid"])


def test_a_job_past_its_time_is_stopped_with_a_sentence(make):
    job = over(make(timeout_s=0.5).submit([PATIENT], "slow"))
    assert job.state == "stopped"
    assert job.error == "Stopped after 0.5 seconds, the time limit."


@pytest.mark.parametrize(("code", "error"), [
    (SAY + "say('error', message='There is no device.'); sys.exit(1)", "There is no device."),
    ("import sys; sys.exit('no luck in /opt/secret/place/file.py')", "The worker ended with exit code 1: no luck in …/file.py."),
    ("raise KeyError('broken')", "The worker ended with exit code 1: KeyError: 'broken'."),
    ("pass", "The worker ended without a result."),
    ("print('what is this')", "The worker ended without a result: it printed 'what is this'."),
    ("print('[' * 100_000)", "The worker ended without a result: it printed '" + "[" * 199 + "…'."),
    ("print(7); print('{\"event\": 3}'); print('[]')", "The worker ended without a result: it printed '[]'."),
])
def test_a_failing_worker_makes_a_failed_job_with_a_sentence(make, code, error):
    job = over(make().submit([code], "failing"))
    assert (job.state, job.error, job.result) == ("failed", error, None)


@posix
@pytest.mark.parametrize(("name", "error"), [
    ("SIGKILL", "The worker was ended by the system, most likely because memory ran out."),
    ("SIGSEGV", "The worker crashed (signal SIGSEGV)."),
])
def test_a_worker_ended_by_a_signal_is_explained(make, name, error):
    job = over(make().submit([f"import os, signal; os.kill(os.getpid(), signal.{name})"], "crashing"))
    assert (job.state, job.error) == ("failed", error)


def test_noise_between_events_does_no_harm(make):
    noisy = SAY + "print('warning: noise'); sys.stdout.buffer.write(bytes([255, 10])); say('result', answer=1)"
    assert over(make().submit([noisy], "noisy")).state == "done"


def test_a_program_that_does_not_exist_makes_a_failed_job_and_the_queue_goes_on(make):
    queue = make(command=(os.path.join("no", "such", "program"),))
    for _ in range(2):
        job = over(queue.submit([], "impossible"))
        assert job.state == "failed" and job.error.startswith("The worker could not be started: ")


@posix
def test_what_a_worker_leaves_behind_holds_up_nothing(make, monkeypatch):
    monkeypatch.setattr(workers, "LINGER_S", 0.2)
    code = SAY + ("import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
                  "say('result', pid=child.pid)")
    job = over(make().submit([code], "parent"))
    assert job.state == "done"
    until(lambda: gone(job.result["pid"]) or psutil.Process(job.result["pid"]).status() == psutil.STATUS_ZOMBIE)


def test_one_job_for_each_owner(make):
    queue = make()
    first = queue.submit([PATIENT], "first", owner="ann")
    queue.submit([PATIENT], "other", owner="bob")
    with pytest.raises(UserError, match="One job of yours"):
        queue.submit([PATIENT], "second", owner="ann")
    first.stop()
    over(first)
    assert queue.submit([PATIENT], "second", owner="ann").state in ("queued", "running")


def test_a_full_queue_says_so(make):
    queue = make(longest=2)
    for name in "abc":
        queue.submit([PATIENT], name)
    with pytest.raises(UserError, match="full with 2 waiting jobs"):
        queue.submit([PATIENT], "d")
    assert len(queue.active()) == 3


def test_jobs_are_found_by_an_id_that_nobody_guesses(make):
    queue = make()
    many = [queue.submit([QUICK], "quick") for _ in range(3)]
    assert len({job.id for job in many}) == 3 and all(len(job.id) >= 20 for job in many)
    assert all(queue.find(job.id) is job for job in many)
    assert queue.find("0") is None


def test_only_the_latest_finished_jobs_are_kept(make, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT_JOBS", 2)
    queue = make(limit=1)
    many = [over(queue.submit([QUICK], "quick")) for _ in range(4)]
    assert [queue.find(job.id) for job in many] == [None, None, many[2], many[3]]


def test_a_queue_tells_its_jobs_at_work_and_its_finished_ones_latest_first(make):
    queue = make()
    early, late, at_work, last = [queue.submit([code], code) for code in (QUICK, QUICK, PATIENT, QUICK)]
    over(late)
    until(lambda: at_work.state == "running")
    assert queue.finished() == [late, early] and queue.active() == [at_work, last]
    at_work.stop()
    over(last)
    assert queue.active() == [] and queue.finished()[0] is last


def test_of_a_talkative_worker_every_second_event_goes_and_then_again(make, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT_EVENTS", 5)
    code = SAY + "[say('progress', step=i) for i in range(100)]; say('result', answer=1)"
    job = over(make().submit([code], "talkative"))
    assert [event.get("step") for event in job.events] == [0, 32, 64, 96, 99, None]


@given(st.lists(st.sampled_from("aaaaaab"), max_size=400), st.integers(3, 40))
def test_a_history_is_bounded_and_even_and_keeps_what_is_rare_and_what_is_last(kinds, most):
    history, said = History(most), [{kind: place} for place, kind in enumerate(kinds)]
    for event in said:
        history.add(event)
    kept = history.events()
    assert len(kept) <= most + 2 and [*kept] == [event for event in said if event in kept]
    assert not said or kept[-1] == said[-1]
    common = [event["a"] for event in said if "a" in event]
    turns = [common.index(event["a"]) for event in kept if "a" in event][:-1]
    assert len({later - earlier for earlier, later in itertools.pairwise(turns)}) <= 1, "evenly spread, up to the last one"
    if len(said) <= most:
        assert [*kept] == said


def test_a_history_of_events_that_have_nothing_in_common_forgets_the_oldest():
    history = History(3)
    for number in range(10):
        history.add({f"field {number}": number})
    assert [*history.events()] == [{f"field {number}": number} for number in (7, 8, 9)]


@posix
def test_shutdown_ends_everything_and_refuses_more(make):
    queue = make()
    running, queued = queue.submit([DEAF], "running"), queue.submit([QUICK], "queued")
    until(lambda: running.events)
    queue.shutdown()
    assert gone(running.latest("progress")["pid"])
    assert [over(job).state for job in (running, queued)] == ["stopped", "stopped"]
    with pytest.raises(UserError, match="closed"):
        queue.submit([QUICK], "late")


def test_many_threads_may_share_a_queue(make):
    queue, found, lock = make(limit=2), [], threading.Lock()

    def visitor(number: int) -> None:
        job = queue.submit([SAY + f"say('result', number={number})"], str(number), owner=number)
        queue.active(), queue.running(), job.position, job.events
        over(job)
        with lock:
            found.append((number, job.state, job.result))

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [(number, "done", {"number": number}) for number in range(8)]


@posix
def test_a_worker_outlives_neither_the_exit_nor_the_death_of_its_parent():
    for ending in ("sys.exit()", "os.kill(os.getpid(), 9)"):
        code = ("import os, sys, time; from effnet_core.work.jobs import JobQueue\n"
                f"job = JobQueue('q', command=(sys.executable, '-c')).submit([{PATIENT!r}], 'child')\n"
                "while not job.events: time.sleep(0.01)\n"
                f"print(job.latest('progress')['pid'], flush=True); {ending}")
        parent = subprocess.run([sys.executable, "-c", code], cwd=workers.ROOT, capture_output=True, text=True, timeout=HANG_S, check=False)
        pid = int(parent.stdout)
        until(lambda pid=pid: gone(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(("text", "short"), [
    ("OSError: /opt/work/app/x.py is missing", "OSError: …/x.py is missing"),
    (r"in C:\Users\someone\app\x.py", "in …/x.py"),
    ("  two\n lines  ", "two lines"),
    ("b0 and/or b1 at 3 images/s", "b0 and/or b1 at 3 images/s"),
    ("x" * 300, "x" * 199 + "…"),
])
def test_sentences_are_short_and_tell_no_folders(text, short):
    assert shorten(text) == short


def test_the_home_folder_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setattr(workers.Path, "home", lambda: tmp_path / "Some One")
    assert shorten(f"no file {tmp_path / 'Some One' / 'data' / 'x.pt'}") == "no file …/x.pt"


def test_an_unknown_signal_is_told_by_its_number():
    assert explain_exit(-999) == "The worker crashed (signal 999)."


def served(work, source: int) -> tuple[int, list[dict]]:
    """Runs `work` under the worker's side of the protocol; the exit status and what was said."""
    output = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "Events", functools.partial(protocol.Events, source, output))
        code = protocol.serve(work)
    return code, [json.loads(line) for line in output.getvalue().splitlines()]


@pytest.fixture
def pipe():
    source, sink = os.pipe()
    yield source, sink
    os.close(sink)


def test_the_workers_side_says_progress_and_result_and_keeps_prints_apart(pipe, capsys):
    def work(events):
        print("a word from a library")
        events.progress(step=1)
        return {"answer": 42, "stopped": events.stopped()}

    code, said = served(work, pipe[0])
    assert (code, said) == (0, [{"event": "progress", "step": 1}, {"event": "result", "answer": 42, "stopped": False}])
    assert capsys.readouterr() == ("", "a word from a library\n")


def test_the_workers_side_says_the_sentence_of_a_user_error(pipe):
    def work(events):
        raise UserError("There is no such thing.")

    assert served(work, pipe[0]) == (1, [{"event": "error", "message": "There is no such thing."}])


def test_the_workers_side_hears_stop_even_in_pieces(pipe):
    def work(events):
        os.write(pipe[1], b"go on\nst")
        os.write(pipe[1], b"op\n")
        until(events.stopped)
        return {}

    assert served(work, pipe[0]) == (0, [{"event": "result"}])


def test_the_workers_side_takes_the_end_of_its_input_as_stop():
    source, sink = os.pipe()

    def work(events):
        os.close(sink)
        until(events.stopped)
        return {}

    assert served(work, source) == (0, [{"event": "result"}])


def test_a_worker_that_never_asks_whether_to_stop_still_ends_without_its_parent():
    code = ("import time; from effnet_core.cli import events; events.ORPHAN_S = 0.1\n"
            "events.serve(lambda _: time.sleep(600))")
    orphan = subprocess.run([sys.executable, "-c", code], cwd=workers.ROOT, stdin=subprocess.DEVNULL, timeout=HANG_S, check=False)
    assert orphan.returncode == 1


def test_a_reader_that_is_gone_counts_as_stop(pipe):
    output = io.StringIO()
    output.close()
    events = protocol.Events(pipe[0], output)
    events.progress(step=1)
    assert events.stopped()
