"""The part "Sweeps" of the page Latency: wishing, waiting, curves that grow, stopping, and what is said of the figures.

A worker of a few lines tells one point of a made-up sweep whenever it is told to, and the result after the last.
"""

import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.families import compound, published, to_spec
from effnet_core.speed import plan
from effnet_core.work.jobs import JobQueue
from pages.shared import results, work
from pages.shared.clock import sweep, sweep_wish

from .apps import open_app, read
from .test_page_latency import HANG_S
from .test_page_latency import text as whole

FAKE = """
import json, os, sys, threading, time
folder, asked = sys.argv[1], sys.argv[2:]
stopped = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True).start()
def say(event, **fields): print(json.dumps({"event": event, **fields}), flush=True)
whole = json.load(open(folder + "/record"))
whole["threads"], whole["device"] = (type(whole[name])(asked[asked.index("--" + name) + 1]) for name in ("threads", "device"))
for done in range(len(whole["values"]) + 1):
    said = {**whole, "points": whole["points"][:done]}
    if done:
        say("point", **said)
    if done == len(whole["values"]):
        say("result", **said)
        sys.exit(0)
    say("progress", phase="measuring", place=done, value=whole["values"][done], fraction=done / 10, ms=12.5, left_s=40.0, elapsed_s=1.0)
    while True:
        if stopped.is_set():
            if os.path.exists(folder + "/rude"):
                os._exit(1)
            say("result", **{**said, "stopped": True}) if done else say("error", message="The sweep was stopped before it had begun.")
            sys.exit(0)
        if os.path.exists(folder + "/die"):
            os._exit(3)
        try:
            os.unlink(folder + "/go")
            break
        except FileNotFoundError:
            time.sleep(0.01)
"""


def made_up(points, over="batch", times=(10.0, 12.0, 16.0, 60.0, 120.0, 240.0)):
    """A record of those points, without anything being measured."""
    rows = [{"value": point.value, "batch": point.batch, "network": to_spec(point.network), "name": point.network.name,
             "side": point.network.scaling.side, "parameters": 5, "macs": point.macs // point.batch, "weights": 20_000_000, "error": None,
             "median_ms": ms, "p10_ms": 0.9 * ms, "p90_ms": 1.1 * ms, "images_per_second": 1e3 * point.batch / ms, "passes": 10, "steady": True,
             "note": None, "memory": 1_000_000 * point.batch, "memory_by": "samples"} for point, ms in zip(points, times)]
    return {"over": over, "values": [point.value for point in points], "work": [point.macs for point in points],
            "counted": [20_000_000 + 2_000_000 * point.batch for point in points], "points": rows, "device": "cpu", "device_name": "Testum Mk 2",
            "threads": 1, "seconds": 1.0, "limit_s": 240.0, "stopped": False, "versions": {"torch": "2.0"},
            "machine": {"processor": "Testum Mk 2", "cores": 2, "system": "S", "python": "3"}}


BATCHES = made_up(plan.over_batch(compound(-2.0), (1, 2, 4, 8, 16, 32)))


@pytest.fixture
def world(tmp_path, monkeypatch):
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(tmp_path)), grace_s=0.5)
    (tmp_path / "record").write_text(json.dumps(BATCHES))
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2", "cuda:0": "Graphum 9"}, watch=lambda: None))
    yield SimpleNamespace(queue=queue, go=tmp_path / "go", record=tmp_path / "record", rude=tmp_path / "rude", die=tmp_path / "die")
    queue.shutdown()


def opened(**query):
    app = open_app("latency", clock_part="Sweeps", phi="-2.0", **query)
    assert not app.exception
    return app


def start(app):
    app.button(key="measure_sweep").click().run()
    assert not app.exception
    return work.benchmarks().active()[0]


def point(world, job, count):
    """One more point, the `count`th."""
    world.go.touch()
    while len((job.latest("point") or {"points": []})["points"]) < count:
        assert not job.ended.wait(0.01) or job.state == "done"
    return job


def measured(world, app):
    job, values = start(app), len(json.loads(world.record.read_text())["values"])
    for count in range(1, values + 1):
        point(world, job, count)
    assert job.wait(HANG_S) and job.state == "done"
    app.run()
    assert not app.exception
    return app


def text(app):
    """All that a visitor can read, however its lines are broken."""
    return " ".join(read(whole(app)).split())


def charts(app):
    return [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")]


def test_the_part_says_what_it_would_measure_and_shows_no_figure(world):
    app = opened()
    assert "Values: 1, 2, 4, 8, 16, 32" in text(app) and "Ready to sweep **B0 scaled by φ = \\-2 over batches of 1 … 32**" in text(app)
    assert not charts(app) and app.button(key="measure_sweep").proto.type == "primary"
    app.session_state["sweep_over"] = "Resolution"
    assert "Values: 96, 160, 224, 288, 352, 416" in text(app.run()) and "over images of 96 … 416 px" in text(app)
    app.session_state["sweep_over"] = "φ"
    assert "Values: −2, −1, 0, 1, 2, 3" in text(app.run()) and "Ready to sweep **B0 over φ = −2 … 3**" in text(app)


@pytest.mark.parametrize("query", [{"sweep_over": "nonsense"}, {"sweep_points": "9999"}, {"sweep_points": "x"}, {"sweep_batches": "7"},
                                   {"sweep_phis": "nan"}, {"sweep_sides": "-5"}, {"threads": "99"}, {"device": "cuda:9"}])
def test_an_address_may_say_anything(world, query):
    app = opened(**query)
    assert "Ready to sweep" in text(app) and not app.warning


def test_ends_that_meet_are_a_sentence(world):
    app = opened()
    app.session_state["sweep_batches"] = (4, 4)
    app.run()
    assert not app.exception and "A sweep needs at least two values" in app.warning[0].value.replace("\\", "")


def test_curves_grow_while_points_come_in(world):
    app = opened()
    job = start(app)
    while job.latest("progress") is None:
        assert not job.ended.wait(0.01)
    app.run()
    assert not charts(app) and "Point 1 of 6, batch 1: measuring, median so far **12.5 ms** · about 40 s left" in text(app)
    point(world, job, 1)
    point(world, job, 2)
    app.run()
    assert charts(app) == ["sweep_0", "sweep_1", "sweep_2"] and app.button(key="measure_sweep").disabled
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["data"][-1]["x"] == [1, 2] and figure["layout"]["xaxis"]["tickvals"] == [1, 2, 4, 8, 16, 32]


def test_what_is_there_when_it_is_stopped_stays(world):
    app = opened()
    job = start(app)
    point(world, job, 1)
    point(world, job, 2)
    app.run().button(key="stop_measuring").click().run()
    assert job.wait(HANG_S) and job.state == "stopped"
    app.run()
    assert not app.exception and "It ended early: 2 of 6 points are there." in app.info[0].value and charts(app)
    assert "<td>10.0 ms</td>" in text(app) and "<td>16.0 ms</td>" not in text(app)
    assert "was swept" not in text(opened()), "a part is not offered to others"


def test_what_a_worker_has_told_stays_when_it_dies(world):
    world.rude.touch()
    app = opened()
    job = start(app)
    point(world, job, 1)
    app.run().button(key="stop_measuring").click().run()
    assert job.wait(HANG_S) and job.result is None
    assert "It ended early: 1 of 6 points are there." in app.run().info[0].value and not app.exception


def test_a_worker_that_fails_says_why_and_leaves_its_points(world):
    app = opened()
    job = start(app)
    point(world, job, 1)
    world.die.touch()
    assert job.wait(HANG_S) and job.state == "failed"
    app.run()
    assert app.warning[0].value.replace("\\", "") == job.error and "1 of 6 points are there." in app.info[0].value and charts(app)


def test_a_stop_before_the_first_point_is_told(world):
    app = opened()
    job = start(app)
    while job.latest("progress") is None:
        assert not job.ended.wait(0.01)
    app.run().button(key="stop_measuring").click().run()
    assert job.wait(HANG_S)
    app.run()
    assert "was not measured. It was stopped before it was complete." in app.warning[0].value.replace("\\", "") and not charts(app)


def test_figures_words_and_table_are_of_the_record(world):
    app = measured(world, opened())
    said = text(app)
    assert "The curves below are of the settings shown above, measured just now." in said and not app.warning
    assert "#### B0 scaled by φ = -2 over batches of 1 … 32, 1 thread on Testum Mk 2" in said
    assert "With 2 images it takes 1.2 times as long, hardly longer" in said, "4 images take 1.6 times as long"
    assert "It stops paying at a batch of 4:** 250 images per second, 2.5 times as many as at first, and everyone waits 16.0 ms" in said
    assert "with 32 images there are 133 a second, and everyone waits 240 ms." in said
    assert "21.0 MB with batch 1, 52.0 MB with batch 32. Each further image adds 1.00 MB;" in said
    assert "counting the hungriest layer from its shapes gives 2.00 MB." in said
    assert '<th scope="row">32</th><td>240 ms</td><td>216 – 264 ms</td><td>7.50 ms</td><td>133</td>' in said


@pytest.mark.parametrize("times, said", [
    ((10.0, 20.0, 40.0, 80.0, 160.0, 320.0), (
        "nothing worth mentioning is paid once", "A larger batch does not pay here:** none gives as much as 10 % more images per second than batch 1")),
    ((10.0, 15.0, 25.0, 45.0, 85.0, 120.0), (
        "takes only 1.5 times as long", "It still pays at the largest batch, 32:** 267 images per second, 2.67 times")),
])
def test_other_machines_are_told_of_in_other_words(world, times, said):
    world.record.write_text(json.dumps(made_up(plan.over_batch(compound(-2.0), (1, 2, 4, 8, 16, 32)), times=times)))
    app = measured(world, opened())
    assert all(words in text(app) for words in said)


@pytest.mark.parametrize("times, kind", [((10.0, 12.0, 13.0), "grew less"), ((1.0, 50.0, 5000.0), "grew more")])
def test_time_is_compared_with_the_work(world, times, kind):
    points = plan.over_phi((-2, 0.5, 3))
    world.record.write_text(json.dumps(made_up(points, "phi", times)))
    app = measured(world, opened(sweep_over="φ", sweep_points="3"))
    grown = points[-1].macs / points[0].macs
    assert f"Time {kind} than the work.** From φ = −2 to φ = 3 there are {grown:.3g} times as many multiply-adds" in text(app)
    assert "#### B0 over φ = −2 … 3, batch 1, 1 thread on Testum Mk 2" in text(app)


def test_doubtful_and_missing_points_are_told(world):
    first, second, *others = BATCHES["points"]
    shaky = {**second, "steady": False, "note": "One pass in ten took 3.0 times the median or longer."}
    known = {name: value for name, value in others[-1].items() if name not in ("median_ms", "memory", "steady")}
    left_out = known | {"error": "It would take about 900 s."}
    world.record.write_text(json.dumps({**BATCHES, "points": [first, shaky, *others[:-1], left_out]}))
    app = measured(world, opened())
    assert "1 of 5 points cannot be trusted" in app.warning[0].value and "3.0 times" in app.warning[0].value
    assert "<td>left out</td>" in text(app) and "<td>It would take about 900 s.</td>" in text(app) and "<td>disturbed</td>" in text(app)


def test_a_guess_is_asked_before_and_answered_by_the_measurement(world):
    app = opened()
    assert "32 images at once: how many more images per second" in text(app) and "times as many." not in text(app)
    app.session_state["guessed_sweep_cpu"] = 1
    app = measured(world, app)
    assert "**As you expected.** 133 images per second with a batch of 32, 100 with one image at a time: 1.33 times as many." in text(app)
    assert "at once: how many" not in text(measured(world, opened())), "nobody asks when the answer is there"


def test_a_sweep_is_offered_to_others_and_costs_no_run(world):
    measured(world, opened())
    other = opened()
    assert "was swept just now on this server with these settings" in other.info[0].value
    other.button(key="take_sweep").click().run()
    assert not other.exception and charts(other) and "by another visitor" in text(other) and len(world.queue.finished()) == 1
    assert "was swept" not in text(opened(sweep_points="5"))


def test_another_sweep_stands_beside_it(world):
    app = measured(world, opened())
    assert "sweep_beside" not in "".join(str(element.key) for element in app if getattr(element, "key", None))
    app.session_state["threads"] = 2
    app = measured(world, app.run())
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert [trace.get("name") for trace in figure["data"][1:]] == ["■ 1 thread", ""], "what it differs in"
    (pills,) = [pills for pills in app.get("button_group") if str(pills.key).startswith("sweep_beside")]
    pills.set_value([]).run()
    assert len(json.loads(app.get("plotly_chart")[0].proto.spec)["data"]) == 2 and not app.exception


def test_moved_controls_are_told(world):
    app = measured(world, opened())
    app.session_state["sweep_points"] = 4
    app.run()
    assert "The controls have moved on" in app.info[0].value and charts(app) and app.button(key="measure_sweep").proto.type == "primary"


def test_a_running_sweep_is_shown_on_other_parts_in_its_own_words(world):
    app = opened()
    job = start(app)
    point(world, job, 1)
    app.session_state["clock_part"] = "One network"
    app.run()
    assert not app.exception and "over batches of 1 … 32: measuring" in text(app).replace("\\", "")
    for count in range(2, 7):
        point(world, job, count)
    assert job.wait(HANG_S)
    app.session_state["clock_part"] = "Sweeps"
    assert charts(app.run()), "and is kept"


def test_the_time_is_foretold_from_what_was_measured(world):
    app = measured(world, opened())
    app.session_state["sweep_over"] = "Resolution"
    seen = text(app.run())
    last = BATCHES["points"][-1]
    pace = last["median_ms"] / 1e3 / last["macs"] / last["batch"]
    expected = plan.all_expected_s(plan.over_side(compound(-2.0), (96, 160, 224, 288, 352, 416)), pace)
    assert f"it takes about {work.span(expected)}" in seen


@pytest.mark.parametrize("request_, words", [
    (sweep_wish.Request(published("b0"), "batch", (1, 2), None, "cpu", 1, 1), ["--spec", json.dumps(to_spec(published("b0")))]),
    (sweep_wish.Request(published("b0"), "phi", (-2, 0.5), (1.2, 1.1, 1.15, "b0"), "cpu", 4, 2), ["--alpha", "1.2"]),
])
def test_a_request_is_understood_by_the_command_as_it_is_meant(request_, words):
    import argparse

    from effnet_core.cli import sweep as command

    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = request_.args()
    assert [*words] == args[args.index(words[0]) :][: len(words)]
    understood = command.points(parser.parse_args(args))
    assert [(one.value, one.batch) for one in understood] == [(one.value, one.batch) for one in request_.points()]
    assert all(sweep_wish.same(to_spec(one.network), other.network) for one, other in zip(understood, request_.points()))
    record = made_up(request_.points(), request_.over) | {"threads": request_.threads}
    assert request_.answered_by(record) and request_.answered_by({**record, "points": record["points"][:1]})
    assert not request_.answered_by({**record, "threads": 7}) and not request_._replace(values=(1, 3)).answered_by(record)


def test_published_networks_are_swept_by_the_papers_formula(monkeypatch):
    monkeypatch.setattr(sweep_wish.state, "get", lambda key: "Published")
    assert sweep_wish.formula(published("lite2")) == (1.2, 1.1, 1.15, "lite0") and sweep_wish.formula(published("b5"))[3] == "b0"
    assert sweep.GUESSES and len(sweep.GUESSES) == len(sweep.ENDS) + 1
