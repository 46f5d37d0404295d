"""Whose job is whose, and what becomes of it when its visitor leaves. The workers here are a few lines long."""

import sys
import time
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from effnet_core.errors import UserError
from effnet_core.work.jobs import JobQueue
from pages.shared import work

HANG_S = 60.0  # nothing here takes that long; it turns a hang into a failure
SAY = "import json, sys\ndef say(event, **fields): print(json.dumps({'event': event, **fields}), flush=True)\n"
QUICK = SAY + "say('result', answer=42)"
PATIENT = SAY + "say('progress', phase='waiting'); sys.stdin.readline(); say('result', answer=1)"
RESTING = SAY + "say('progress', phase='waiting'); word = sys.stdin.readline().strip(); say('result', paused=word == 'pause')"


@pytest.fixture
def queues(monkeypatch):
    made = [JobQueue(name, command=(sys.executable, "-c"), grace_s=HANG_S) for name in ("measuring", "training", "trial")]
    for name, queue in zip(("benchmarks", "trainings", "trials"), made):
        monkeypatch.setattr(work, name, lambda queue=queue: queue)
    yield made
    for queue in made:
        queue.shutdown()


@pytest.fixture
def queue(queues):
    return queues[0]


@pytest.fixture
def visit(monkeypatch):
    """Makes what follows happen in the session of that visitor."""
    sessions = {}

    def enter(name):
        monkeypatch.setattr(work.st, "session_state", sessions.setdefault(name, {"_owner": name}))
        monkeypatch.setattr(work, "get_script_run_ctx", lambda: SimpleNamespace(session_id=name))
        monkeypatch.setattr(work, "_visit", lambda owner, session: (owner, session))

    enter("Ada")
    return enter


@pytest.fixture
def presence(monkeypatch):
    room = work.Presence()
    monkeypatch.setattr(work, "presence", lambda: room)
    monkeypatch.setattr(work, "connected", lambda session: False)
    return room


def until(condition):
    deadline = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.01)


def test_a_session_finds_its_own_job_and_nobody_elses(queue, visit):
    assert work.mine(queue) is None
    job = work.start(queue, [QUICK], "quick")
    assert work.mine(queue) is job and job.owner == "Ada" and job.wait(HANG_S)
    assert work.mine(queue) is job, "also when it is over"
    visit("Bob")
    assert work.mine(queue) is None
    visit("Ada")
    work.forget(queue)
    assert work.mine(queue) is None and queue.find(job.id) is job


def test_a_session_has_one_job_in_each_queue(queues, visit):
    jobs = [work.start(queue, [PATIENT], queue.name) for queue in queues]
    assert [work.mine(queue) for queue in queues] == jobs
    with pytest.raises(UserError, match="One job of yours"):
        work.start(queues[0], [QUICK], "one more")
    assert work.mine(queues[0]) is jobs[0]


def test_who_leaves_takes_their_measurements_along_and_trainings_go_on(queues, visit, presence, monkeypatch):
    monkeypatch.setattr(work, "ABSENCE_S", 0.0)
    measuring, training, trial = queues
    running, tried = work.start(training, [PATIENT], "Ada's training"), work.start(trial, [PATIENT], "Ada's trial")
    visit("Bob")
    others = work.start(measuring, [PATIENT], "Bob's")
    visit("Ada")
    queued = work.start(measuring, [PATIENT], "Ada's measurement")
    presence.leave("Ada", "session")
    assert queued.wait(HANG_S) and queued.state == "stopped" and queued.error == work.LEFT
    assert tried.wait(HANG_S) and tried.state == "stopped"
    assert running.state == "running" and not running.stopping
    visit("Eve")
    assert work.adopt(training, running.id) is running, "whoever has the address can take over what nobody watches"
    assert others.state == "running" and not others.stopping, "Bob is still here"


def test_what_nobody_watches_lets_others_go_first_and_goes_on_then(queues, visit, presence):
    queue = queues[1]
    watched = work.start(queue, [RESTING], "Ada's", again=[QUICK])
    visit("Bob")
    waiting = work.start(queue, [PATIENT], "Bob's", again=[QUICK])
    assert waiting.state == "queued" and not watched.stopping, "Ada is here"
    for name in ("Ada", "Bob"):
        presence.leave(name, "session")
        presence._decide(name, "session")
    visit("Eve")
    last = work.start(queue, [PATIENT], "Eve's", again=[QUICK])
    until(lambda: waiting.state == "running")
    assert watched.state == "queued" and watched.result is None and watched.position == 2, "it waits for its next turn"
    assert last.position == 1 and not waiting.stopping, "who only waits loses nothing, and one place is enough"
    waiting.stop()
    until(lambda: last.state == "running")
    last.stop()
    assert watched.wait(HANG_S) and watched.state == "done" and watched.error is None


def test_what_cannot_go_on_later_is_left_alone(queues, visit, presence):
    queue = queues[1]
    watched = work.start(queue, [PATIENT], "Ada's")
    presence.leave("Ada", "session")
    presence._decide("Ada", "session")
    visit("Bob")
    waiting = work.start(queue, [PATIENT], "Bob's")
    assert watched.state == "running" and not watched.stopping and waiting.state == "queued"


def test_what_waits_for_its_next_turn_is_paused_when_it_is_cancelled(queues, visit, presence):
    queue = queues[1]
    watched = work.start(queue, [RESTING], "Ada's", again=[QUICK])
    presence.leave("Ada", "session")
    presence._decide("Ada", "session")
    visit("Bob")
    work.start(queue, [PATIENT], "Bob's")
    until(lambda: watched.state == "queued")
    watched.stop()
    assert watched.wait(HANG_S) and watched.state == "paused"


def test_a_name_is_held_by_whoever_used_it_last_and_is_still_here(queue, visit, presence):
    assert work.holder(queue, "a model") is None
    job = work.start(queue, [QUICK], "a model")
    assert job.wait(HANG_S) and work.holder(queue, "a model") == "Ada"
    presence.leave("Ada", "session")
    assert work.holder(queue, "a model") is None, "whoever left has no claim, though what they made stays"
    visit("Bob")
    assert work.adopt(queue, job.id) is job and work.holder(queue, "a model") == "Bob"


def test_who_is_back_in_time_loses_nothing(queue, visit, presence, monkeypatch):
    job = work.start(queue, [PATIENT], "patient")
    presence.leave("Ada", "session")
    assert presence.is_leaving("Ada")
    presence.arrive("Ada")
    assert not presence.is_leaving("Ada")
    presence._decide("Ada", "session")  # the timer that went off in that very moment
    assert job.active and not job.stopping


def test_a_connection_that_is_back_without_any_run_counts_as_here(queue, visit, presence, monkeypatch):
    job, back = work.start(queue, [PATIENT], "patient"), {"session"}
    monkeypatch.setattr(work, "connected", back.__contains__)
    monkeypatch.setattr(work, "ABSENCE_S", 0.01)
    decided = []
    monkeypatch.setattr(presence, "_decide", lambda *who: decided.append(who) or work.Presence._decide(presence, *who))
    presence.leave("Ada", "session")
    until(lambda: len(decided) > 2)
    assert job.active and not job.stopping, "it is asked again and again, and she is connected every time"
    back.clear()
    assert job.wait(HANG_S) and job.state == "stopped"


def test_a_job_can_be_adopted_once_its_visitor_is_gone_or_it_is_over(queue, visit, presence):
    job = work.start(queue, [PATIENT], "patient")
    visit("Bob")
    assert work.adopt(queue, job.id) is None and work.mine(queue) is None, "Ada is here and keeps it"
    assert work.adopt(queue, "no such job") is None
    presence.leave("Ada", "session")
    assert work.adopt(queue, job.id) is job and work.mine(queue) is job and job.owner == "Bob"
    presence._decide("Ada", "session")
    assert job.active and not job.stopping, "it is Bob's now"
    job.stop()
    assert job.wait(HANG_S)
    visit("Eve")
    assert work.adopt(queue, job.id) is job


def test_places_in_the_queue_are_told(queue):
    jobs = [queue.submit([PATIENT], f"network {number}") for number in range(4)]
    until(lambda: jobs[0].state == "running")
    assert [work.waiting(queue, job) for job in jobs[1:]] == [
        "Waiting in the measuring queue: network 0 is at work, yours is next.",
        "Waiting in the measuring queue: network 0 is at work, one more is before yours.",
        "Waiting in the measuring queue: network 0 is at work, 2 more are before yours.",
    ]


@pytest.mark.parametrize("seconds, text", [(0.2, "nearly done"), (12.4, "about 12 s left"), (89, "about 89 s left"),
                                           (130, "about 2 min left"), (5399, "about 90 min left"), (9000, "about 2.5 h left")])
def test_time_left_is_told_in_round_numbers(seconds, text):
    assert work.time_left(seconds) == text


@pytest.mark.parametrize("seconds, text", [(0.4, "0 s"), (119, "119 s"), (125, "2 min 5 s"), (180, "3 min"), (660.2, "11 min"), (7500, "2 h 5 min"),
                                           (10_800, "3 h"), (86_400, "24 h"), (172_800, "2 days"), (10_000_000, "116 days")])
def test_a_span_is_told_as_people_say_it(seconds, text):
    assert work.span(seconds) == text


def told(*events):
    said = [{"event": "progress", "phase": phase, "fraction": fraction, "elapsed_s": elapsed} for phase, fraction, elapsed in events]
    return SimpleNamespace(events=said, latest=lambda kind: said[-1] if said else None)


def test_the_pace_is_that_of_the_phase():
    assert work.pace(told()) is None
    assert work.pace(told(("warming up", 0.9, 3.0), ("measuring", 0.0, 4.0))) is None
    assert work.pace(told(("warming up", 0.9, 3.0), ("measuring", 0.0, 4.0), ("measuring", 0.25, 5.0))) == (1.0, 3.0)
    assert work.pace(told(("measuring", 0.0, 4.0), ("measuring", 1.0, 6.0))) == (2.0, 0.0)


def script():
    import streamlit as st

    from pages.shared import work

    job, queue = work.mine(work.benchmarks()), work.benchmarks()
    st.text(work.owner())
    if job is None or not job.active:
        st.text("nothing" if job is None else job.state)
    else:
        work.watch(queue, job, lambda: work.bar(queue, job, lambda job: work.Step(0.5, "half"), pausable=True))


def test_a_job_is_shown_while_it_runs_and_can_be_stopped(queue):
    app = AppTest.from_function(script, default_timeout=60).run()
    assert [text.value for text in app.text][1:] == ["nothing"]
    job = queue.submit([PATIENT], "patient", owner=app.text[0].value)
    app.session_state["_jobs"] = {"measuring": job.id}
    until(lambda: job.state == "running")
    app.run()
    bar = app.get("progress")[0].proto
    assert bar.value == 50 and bar.text.startswith("half · ") and bar.text.endswith(" s so far")
    app.button(key="stop_measuring").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"
    app.run()
    assert not app.exception and not app.get("progress") and app.text[-1].value == "stopped"


def test_a_job_can_be_paused_and_only_once_it_runs(queue):
    app = AppTest.from_function(script, default_timeout=60).run()
    first = queue.submit([RESTING], "before it")
    job = queue.submit([RESTING], "resting", owner=app.text[0].value)
    app.session_state["_jobs"] = {"measuring": job.id}
    app.run()
    assert [button.label for button in app.button] == ["Cancel"]
    assert app.get("progress")[0].proto.text == "Waiting in the measuring queue: before it is at work, yours is next."
    first.stop()
    until(lambda: job.state == "running")
    app.run()
    app.button(key="pause_measuring").click().run()
    assert job.wait(HANG_S) and job.state == "paused"
    app.run()
    assert not app.exception and app.text[-1].value == "paused"


def test_streamlit_says_when_a_session_ends(queue, presence):
    from streamlit.runtime.caching import clear_session_resource_cache

    app = AppTest.from_function(script, default_timeout=60).run()
    owner = app.text[0].value
    assert not presence.is_leaving(owner)
    clear_session_resource_cache("test session id")  # what the server does when a connection ends
    assert presence.is_leaving(owner)
    app.run()
    assert not presence.is_leaving(owner)
