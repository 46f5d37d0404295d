"""The page "Latency": measuring, waiting, stopping, history, and results that visitors share.

Most tests use a worker of a few lines that answers with a recorded measurement when it is told to; one measures for real.
"""

import csv
import io
import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.families import compound, published, to_spec
from effnet_core.work import jobs
from effnet_core.work.jobs import JobQueue
from pages.shared import measured, results, work

from .apps import open_app

HANG_S = 120.0  # nothing here takes that long; it turns a hang into a failure
SMALL = "-2.0"  # φ of the network that most tests ask for
FAKE = """
import json, os, sys, threading, time
folder, asked = sys.argv[1], dict(zip(sys.argv[3:-1:2], sys.argv[4:-1:2]))
stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True).start()
def say(event, **fields): print(json.dumps({"event": event, **fields}), flush=True)
say("progress", phase="loading torch", fraction=0.0, ms=None, elapsed_s=0.0)
say("progress", phase="measuring", fraction=0.0, ms=None, elapsed_s=1.0)
say("progress", phase="measuring", fraction=0.5, ms=12.5, elapsed_s=3.0)
while not stopped.is_set():
    if os.path.exists(folder + "/refuse"):
        say("error", message=open(folder + "/refuse").read())
        sys.exit(1)
    try:
        os.unlink(folder + "/go")
    except FileNotFoundError:
        time.sleep(0.01)
    else:
        record = json.load(open(folder + "/record"))
        say("result", **{**record, "network": json.loads(asked["--spec"]), "name": json.loads(asked["--spec"])["name"],
                         "device": asked["--device"], "batch": int(asked["--batch"]), "threads": int(asked["--threads"]),
                         "way": asked.get("--way", "plain"), "precision": asked.get("--precision", "fp32")})
        sys.exit(0)
sys.exit(1)
"""


@pytest.fixture(scope="module")
def record():
    from effnet_core import latency, network

    built = network.build(compound(float(SMALL)), seed=0)
    return latency.measure(built, threads=1, seconds=0.0).to_dict()


@pytest.fixture
def world(tmp_path, monkeypatch, record):
    """A queue of obedient workers: one answers when `go` is made, all with the sentence in `refuse`."""
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(tmp_path)), grace_s=0.3)
    steady = {**record, "samples_ms": [10.0, 11.0, 12.0, 13.0, 14.0], "median_ms": 12.0, "p10_ms": 10.4, "p90_ms": 13.6,
              "images_per_second": 1e3 / 12, "steady": True, "note": None, "macs": 60_000_000}
    (tmp_path / "record").write_text(json.dumps(steady))
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2", "cuda:0": "Graphum 9"}, watch=lambda: None))
    yield SimpleNamespace(queue=queue, go=tmp_path / "go", refuse=tmp_path / "refuse", record=tmp_path / "record", steady=steady)
    queue.shutdown()


def text(app):
    """All that a visitor can read, but for figures."""
    kinds = [element for kind in ("markdown", "caption", "info", "warning", "html", "progress") for element in app.get(kind)]
    return "\n".join(element.proto.text if element.type == "progress" else element.proto.body for element in kinds)


def measure(app, world=None):
    """Presses Measure; with a `world`, waits for the answer too."""
    app.button(key="measure_one").click().run()
    if world is not None:
        world.go.touch()
        assert work.benchmarks().active()[0].wait(HANG_S)
        app.run()
    assert not app.exception
    return app


def until_running(job):
    while job.latest("progress") is None or job.latest("progress")["fraction"] == 0:
        assert job.active and not job.ended.wait(0.01)
    return job


def session_rows(app):
    return app.session_state["_measurements"]


def test_an_empty_page_invites_and_shows_no_figure(world):
    app = open_app("latency", phi=SMALL)
    button = app.button(key="measure_one")
    assert (button.label, button.proto.type, button.disabled) == ("Measure", "primary", False)
    assert "Nothing measured yet" in text(app) and "Ready to measure **B0 scaled by φ = -2, batch 1**" in text(app)
    assert not app.get("plotly_chart") and "<dl" not in text(app)
    assert not app.exception


def test_a_real_measurement_of_exactly_the_network_of_the_sliders(monkeypatch):
    queue = JobQueue("measuring")
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "SECONDS", 0.05)
    app = open_app("latency", phi=SMALL, gamma="1.3")
    app.button(key="measure_one").click().run()
    assert app.button(key="measure_one").disabled and app.get("progress")
    assert queue.active()[0].wait(HANG_S)
    app.run()
    assert not app.exception
    (row,) = session_rows(app)
    assert row["network"] == to_spec(compound(-2.0, gamma=1.3)) and (row["batch"], row["threads"], row["device"]) == (1, 1, "cpu")
    assert len(row["samples_ms"]) >= 10 and min(row["samples_ms"]) <= row["median_ms"] <= max(row["samples_ms"])
    assert {*row["layers"]} == {layer.id for layer in compound(-2.0, gamma=1.3).layers}
    assert f"{row['median_ms']:.4g} ms" in text(app) and row["machine"]["processor"] in text(app) and row["versions"]["torch"] in text(app)
    assert ("cannot be trusted" in text(app)) == (not row["steady"])
    queue.shutdown()


def test_progress_tells_the_phase_the_median_so_far_and_the_time_left(world):
    app = measure(open_app("latency", phi=SMALL))
    until_running(world.queue.active()[0])
    app.run()
    assert "Measuring, median so far **12.5 ms** · about 4 s left" in text(app), "2 s of measuring and 2 s for the layers"
    assert app.get("progress")[0].proto.value == 60
    assert app.button(key="measure_one").disabled and "Nothing measured yet" not in text(app)


def test_results_show_figures_derived_from_the_record(world):
    app = measure(open_app("latency", phi=SMALL), world)
    seen = text(app)
    assert all(figure in seen for figure in ("12.0 ms", "10.4 – 13.6 ms", "83.3", "5.00 G", "5 passes"))
    assert "The figures below are of the network and the settings shown above, measured just now." in seen
    assert "cannot be trusted" not in seen
    slowest = sorted(world.steady["layers"], key=world.steady["layers"].get)[-8:]
    assert all(f'<th scope="row">{layer}</th>' in seen for layer in slowest)
    assert [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")] == ["layers", "distribution", "history"]
    again = app.button(key="measure_one")
    assert (again.label, again.proto.type, again.disabled) == ("Measure again", "secondary", False)


def test_a_figure_that_cannot_be_trusted_says_why(world):
    world.record.write_text(json.dumps({**world.steady, "steady": False, "note": "One pass in ten took 3.0 times the median or longer."}))
    app = measure(open_app("latency", phi=SMALL), world)
    (warning,) = app.warning
    assert "cannot be trusted" in warning.value and "One pass in ten took 3.0 times" in warning.value


@pytest.mark.parametrize("index, unit", [(4, "stages.2.0"), (10_000, None), (-1, None)])
def test_a_click_on_a_bar_selects_its_unit(monkeypatch, index, unit):
    points = SimpleNamespace(selection=SimpleNamespace(points=[{"point_index": index}]))
    session = {"layers": points}
    monkeypatch.setattr(measured.st, "session_state", session)
    measured.pick(published("b0"))
    assert session.get("layer") == unit


def test_few_passes_are_told_without_alarm(world):
    world.record.write_text(json.dumps({**world.steady, "note": "Only 5 passes, since one takes 9 seconds."}))
    app = measure(open_app("latency", phi=SMALL), world)
    assert not app.warning and app.info[0].value == "Only 5 passes, since one takes 9 seconds."


def test_a_measurement_that_ends_while_the_page_is_drawn_is_not_overlooked(world, monkeypatch):
    app = measure(open_app("latency", phi=SMALL))
    job, drawn = until_running(world.queue.active()[0]), results.mine

    def slow(request):
        row = drawn(request)
        world.go.touch() if job.active else None
        assert job.wait(HANG_S)
        return row

    monkeypatch.setattr(results, "mine", slow)
    app.run()
    assert not app.exception and len(session_rows(app)) == 1 and "12.0 ms" in text(app) and not app.get("progress")


@pytest.mark.parametrize("chosen", [{"phi": 1.0}, {"batch": 8}, {"device": "cuda:0"}])
def test_moved_controls_are_told_and_measuring_is_the_thing_to_do_again(world, chosen):
    app = measure(open_app("latency", phi=SMALL), world)
    for key, value in chosen.items():
        app.session_state[key] = value
    app.run()
    button = app.button(key="measure_one")
    assert "The controls have moved on" in app.info[0].value and (button.label, button.proto.type) == ("Measure", "primary")
    s = compound(-2.0).scaling
    assert f"of B0 scaled by φ = -2 (depth × {s.depth:.3g}, width × {s.width:.3g}, {s.side} px), batch 1, 1 thread on" in app.info[0].value
    for key, value in {"phi": -2.0, "batch": 1, "device": "cpu"}.items():
        app.session_state[key] = value
    app.run()
    assert not app.info and app.button(key="measure_one").label == "Measure again", "back where it was measured"


def test_an_older_measurement_is_shown_when_the_sliders_come_back_to_it(world):
    app = measure(open_app("latency", phi=SMALL), world)
    app.session_state["batch"] = 4
    measure(app.run(), world)
    name, figures = '<th scope="row">B0 scaled by φ = -2</th>', "<td>12.0 ms</td><td>10.4 – 13.6 ms</td><td>83.3</td>"
    marked = f'<tr class="ef-mark">{name}{figures}<td>%d</td>'
    assert [row["batch"] for row in session_rows(app)] == [1, 4]
    assert marked % 4 in text(app) and marked % 1 not in text(app)
    app.session_state["batch"] = 1
    app.run()
    assert marked % 1 in text(app) and marked % 4 not in text(app)


def test_a_refusal_of_the_worker_is_shown_and_measuring_goes_on(world):
    world.refuse.write_text("EfficientNet-X needs about 99.00 GB, and cpu has 1.00 GB of memory free; a smaller batch would fit.")
    app = open_app("latency", phi=SMALL)
    app.button(key="measure_one").click().run()
    world.queue.finished() or world.queue.active()[0].wait(HANG_S)
    app.run()
    (warning,) = app.warning
    assert "**B0 scaled by φ = -2, batch 1** was not measured. EfficientNet-X needs about 99.00 GB" in warning.value.replace("\\", "")
    assert not app.exception and session_rows(app) == [] and app.button(key="measure_one").proto.type == "primary"
    world.refuse.unlink()
    measure(app, world)
    assert not app.warning and len(session_rows(app)) == 1


def test_a_full_queue_is_a_sentence(world):
    world.queue.longest = 0
    app = open_app("latency", phi=SMALL)
    app.button(key="measure_one").click().run()
    assert not app.exception and "queue is full" in app.warning[0].value
    assert not app.run().warning, "said once"


def test_a_measurement_can_be_stopped(world):
    app = measure(open_app("latency", phi=SMALL))
    job = until_running(world.queue.active()[0])
    app.run().button(key="stop_measuring").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"
    app.run()
    assert "was not measured. It was stopped before it was complete." in app.warning[0].value.replace("\\", "")
    assert not app.get("progress") and session_rows(app) == [] and not app.button(key="measure_one").disabled
    app.session_state["batch"] = 2
    assert not app.run().warning, "about something else now"


def test_a_second_visitor_waits_and_sees_the_place_in_the_queue(world):
    first, second = measure(open_app("latency", phi=SMALL)), open_app("latency", phi="1.0")
    until_running(world.queue.active()[0])
    measure(second)
    assert "Waiting in the measuring queue: B0 scaled by φ = -2, batch 1 is at work, yours is next." in text(second)
    assert second.get("progress")[0].proto.value == 0
    first.button(key="stop_measuring").click().run()
    until_running(world.queue.active()[-1])
    second.run()
    assert "Measuring, median so far" in text(second)


def test_a_result_is_offered_to_another_visitor_and_costs_no_run(world):
    measure(open_app("latency", phi=SMALL), world)
    other = open_app("latency", phi=SMALL)
    offer = other.info[0].value
    assert "**B0 scaled by φ = -2, batch 1** was measured just now on this server" in offer and "**12.0 ms**" in offer
    assert other.button(key="measure_one").label == "Measure again" and session_rows(other) == []
    other.button(key="take_one").click().run()
    assert not other.exception and not other.info and len(session_rows(other)) == 1 and len(world.queue.finished()) == 1
    assert "by another visitor" in text(other) and other.button(key="measure_one").label == "Measure again"
    assert not open_app("latency", phi="1.0").info, "another network was not measured"


def test_who_waits_for_a_measurement_that_is_being_made_gets_that_one(world):
    first, second = measure(open_app("latency", phi=SMALL)), measure(open_app("latency", phi=SMALL))
    running, queued = world.queue.active()
    world.go.touch()
    assert running.wait(HANG_S)
    second.run()
    assert queued.wait(HANG_S) and queued.state == "stopped"
    second.run()
    assert not second.exception and not second.warning and "by another visitor" in text(second)
    for app in (first.run(), second):
        (row,) = session_rows(app)
        assert row["job"] == running.id


def test_an_answer_older_than_the_question_is_not_taken(world):
    app = measure(measure(open_app("latency", phi=SMALL), world))
    assert world.queue.active() and len(session_rows(app)) == 1
    measure_again = until_running(world.queue.active()[0])
    assert not measure_again.stopping
    world.go.touch()
    assert measure_again.wait(HANG_S)
    app.run()
    assert len(session_rows(app)) == 2


def test_history_survives_other_pages_and_colours_the_scaling_page(world):
    app = measure(open_app("latency", phi=SMALL), world)
    app.switch_page("pages/scaling.py").run()
    app.selectbox(key="colour").select("Measured time").run()
    assert not app.exception and not app.info, "no word that it has not been measured"
    app.switch_page("pages/latency.py").run()
    assert not app.exception and "12.0 ms" in text(app) and len(session_rows(app)) == 1


def test_a_job_goes_on_while_its_visitor_looks_at_another_page(world):
    app = measure(open_app("latency", phi=SMALL))
    job = until_running(world.queue.active()[0])
    app.switch_page("pages/scaling.py").run()
    world.go.touch()
    assert job.wait(HANG_S) and job.state == "done"
    assert len(session_rows(app.run())) == 1, "the Scaling page has it without a visit to this one"
    app.switch_page("pages/latency.py").run()
    assert "12.0 ms" in text(app) and not app.get("progress")


def test_history_can_be_cleared(world):
    app = measure(open_app("latency", phi=SMALL), world)
    app.button(key="clear").click().run()
    assert session_rows(app) == [] and not app.exception
    assert "was measured just now on this server" in app.info[0].value, "the server still knows"


def test_networks_are_the_same_whatever_they_are_called(record):
    request = results.Request(published("b0"), "cpu", 1, 1)
    theirs = {**record, "network": to_spec(compound(0.0)), "device": "cpu", "batch": 1, "threads": 1}
    assert request.answered_by(theirs) and published("b0").name != compound(0.0).name
    assert not request.answered_by({**theirs, "threads": 2}) and not request.answered_by({**theirs, "network": to_spec(published("b1"))})


def test_downloads_hold_every_figure(record):
    from effnet_core.latency import Latency

    rows = [{**record, "key": "…", "job": "secret", "measured": 0.0, "shared": False}] * 2
    (line, _) = csv.DictReader(io.StringIO(results.as_csv(rows)))
    assert float(line["median_ms"]) == record["median_ms"] and line["measured"] == "1970-01-01T00:00:00+00:00"
    assert line["torch"] == record["versions"]["torch"] and int(line["passes"]) == len(record["samples_ms"])
    (back, _) = json.loads(results.as_json(rows))
    assert Latency.from_dict(back) == Latency.from_dict(record) and "secret" not in results.as_json(rows)


@pytest.mark.parametrize("minutes, said", [(0.5, "just now"), (3.2, "3 min ago"), (89, "89 min ago"), (125, "2 h ago")])
def test_ages_are_told(monkeypatch, minutes, said):
    monkeypatch.setattr(results.time, "time", lambda: 1000.0 + 60 * minutes)
    assert results.ago(1000.0) == said


@pytest.mark.parametrize("code, names", [
    ("print('{\"devices\": [{\"key\": \"cpu\", \"name\": \"C\"}, {\"key\": \"cuda:0\", \"name\": \"G\"}]}')", {"cpu": "C", "cuda:0": "G"}),
    ("raise SystemExit(3)", {"cpu": "Testum"}),
])
def test_devices_are_asked_in_a_process_of_its_own_and_the_processor_is_always_there(monkeypatch, code, names):
    monkeypatch.setattr(jobs, "COMMAND", (sys.executable, "-c", code))
    monkeypatch.setattr(results.machine, "processor", lambda: "Testum")
    devices = results.Devices()
    devices.asking.join(HANG_S)
    assert devices.names == names
