"""The part "Ways to run" of the page Latency: what is asked for, what is shown of a race, and what is said of ways that did not run."""

import json
import sys
from types import SimpleNamespace

import pytest

from effnet_core.families import compound, to_spec
from effnet_core.figures import ways as draw
from effnet_core.speed.ways import WAYS
from effnet_core.work.jobs import JobQueue
from pages.shared import html, results, work

from .apps import open_app
from .test_page_latency import HANG_S, text

SMALL = "-2.0"
FAKE = """
import json, sys
folder, asked = sys.argv[1], sys.argv[3:]
def values(name): return asked[asked.index(name) + 1:][: next((i for i, word in enumerate(asked[asked.index(name) + 1:]) if word.startswith("--")), None)]
record = json.load(open(folder + "/record"))
runners = [("plain", "fp32")] + [(way, precision) for precision in values("--precisions") for way in values("--ways") if (way, precision) != ("plain", "fp32")]
ratios = {"plain": 1.0, "channels-last": 0.9, "folded": 0.8, "fused": 0.625, "onnxruntime": 0.5, "openvino": 0.75}
def row(way, precision):
    found = {"way": way, "precision": precision, "name": way.title(), "tolerance": 1e-4, "difference": 1e-6, "error": None, "prepare_s": 0.5}
    if way == "folded" and precision == "bf16":
        return {**found, "error": "It fell <b>over</b>.", "difference": None}
    ms = 16.0 * ratios.get(way, 1.0)
    return {**found, "median_ms": ms, "p10_ms": 0.9 * ms, "p90_ms": 1.2 * ms, "ratio": ratios.get(way, 1.0), "samples_ms": [ms]}
print(json.dumps({"event": "progress", "phase": "preparing Plain", "fraction": 0.0, "ms": None, "elapsed_s": 0.1}), flush=True)
print(json.dumps({"event": "result", **record, "network": json.loads(values("--spec")[0]), "device": values("--device")[0],
                  "batch": int(values("--batch")[0]), "threads": int(values("--threads")[0]), "ways": [row(*each) for each in runners]}), flush=True)
"""


@pytest.fixture
def world(tmp_path, monkeypatch):
    queue = JobQueue("measuring", command=(sys.executable, "-c", FAKE, str(tmp_path)), grace_s=0.3)
    record = {"name": "x", "device_name": "Testum Mk 2", "parameters": 1, "macs": 1, "machine": {
        "processor": "Testum Mk 2", "cores": 2, "memory": 8e9, "system": "Linux 6", "python": "3.11.7"},
        "versions": {"torch": "2.13.0", "onnxruntime": "1.32.0"}, "conditions": {}, "steady": True, "note": None}
    (tmp_path / "record").write_text(json.dumps(record))
    monkeypatch.setattr(work, "benchmarks", lambda: queue)
    monkeypatch.setattr(results, "devices", lambda: SimpleNamespace(names={"cpu": "Testum Mk 2", "cuda:0": "Graphum 9"}, watch=lambda: None))
    yield SimpleNamespace(queue=queue, record=record, folder=tmp_path)
    queue.shutdown()


def opened(**address):
    return open_app("latency", phi=SMALL, clock_part="Ways to run", **address)


def measured(app, world):
    app.button(key="measure_ways").click().run()
    jobs = world.queue.active() + world.queue.finished()
    assert jobs[0].wait(HANG_S)
    app.run()
    assert not app.exception
    return app


def test_an_empty_part_invites_and_explains_every_way(world):
    app = opened()
    assert "Nothing measured yet" in text(app) and not app.get("plotly_chart") and not app.exception
    for way in WAYS.values():
        assert way.name in text(app), f"{way.name} is not explained"
    assert app.button(key="measure_ways").proto.type == "primary"


def test_a_race_is_shown_with_ratios_and_the_quickest_named(world):
    app = measured(opened(), world)
    (row,) = app.session_state["_way_races"]
    assert row["network"] == to_spec(compound(-2.0)) and row["ways"][0]["way"] == "plain"
    assert "**Onnxruntime, fp32** is the quickest here: 50.0 % of the plain way's time, 8.00 ms instead of 16.0 ms, that is 2.00 times" in text(app)
    assert "0.90 of the plain way's time; batch norm folded, 0.80; all of one layer in one operation, 0.62" in text(app)
    assert "onnxruntime 1.32.0" in text(app) and "Testum Mk 2" in text(app)
    assert app.button(key="measure_ways").label == "Measure again"
    other = opened()
    assert "You can have that result at once" in text(other), "other visitors are offered it"
    other.button(key="take_ways").click().run()
    assert "by another visitor" in text(other) and not other.exception


def test_what_did_not_run_is_said_and_escaped(world):
    app = opened(ways_precision=["fp32", "bf16"])
    measured(app, world)
    assert html.plain("It fell <b>over</b>.") in text(app)
    assert len(app.session_state["_way_races"][0]["ways"]) > len(WAYS) - 2


def test_other_controls_make_the_figures_stale(world):
    app = measured(opened(), world)
    app.selectbox(key="device").set_value("cuda:0").run()
    assert "The controls have moved on" in text(app) and "runs on the processor only" in text(app)
    assert not app.exception


def test_no_way_and_no_precision_cannot_be_measured(world):
    app = opened()
    app.button_group(key="ways").set_value([]).run()
    assert app.button(key="measure_ways").disabled and "Choose at least one way" in text(app)


def test_a_failure_is_a_sentence(world):
    (world.folder / "record").unlink()
    app = opened()
    app.button(key="measure_ways").click().run()
    assert (world.queue.active() + world.queue.finished())[0].wait(HANG_S)
    app.run()
    assert "was not measured" in text(app) and not app.exception


def test_an_absurd_address_is_answered(world):
    app = opened(ways="Magic", ways_precision="fp8", batch="-3", threads="x", device="tpu")
    assert not app.exception


def test_the_picture_has_a_line_per_way_and_every_figure_in_its_hover():
    rows = [{"name": "Plain", "precision": "fp32", "ratio": 1.0, "median_ms": 20.0, "p10_ms": 19.0, "p90_ms": 22.0, "difference": 0.0},
            {"name": "Our fused path", "precision": "bf16", "ratio": 0.5, "median_ms": 10.0, "p10_ms": 9.0, "p90_ms": 13.0, "difference": 4e-3}]
    drawn = draw.ratios(rows)
    (points,) = drawn.data
    assert list(points.x) == [1.0, 0.5] and list(points.error_x.array) == [0.1, 0.15] and list(points.error_x.arrayminus) == [0.05, 0.05]
    assert list(points.marker.symbol) == ["circle", "diamond"] and list(drawn.layout.yaxis.ticktext) == ["Plain, fp32", "Our fused path, bf16"]
    assert points.customdata[1][1:] == ["10.0 ms", "9.00 ms", "13.0 ms", "0.500", "4.0e-03"]


@pytest.mark.parametrize(("ratio", "p90", "ends"), [(0.5, 0.6, 1.1), (4.0, 4.4, 4.0), (1.5, 9.0, 2.5), (1.5, 2.0, 2.0)])
def test_every_marker_is_inside_the_chart_and_a_long_whisker_is_cut(ratio, p90, ends):
    plain = {"name": "Plain", "precision": "fp32", "median_ms": 10.0, "p10_ms": 10.0, "p90_ms": 10.0, "ratio": 1.0, "difference": 0.0}
    other = {**plain, "precision": "bf16", "median_ms": 10 * ratio, "p10_ms": 10 * ratio, "p90_ms": 10 * p90, "ratio": ratio}
    assert draw.ratios([plain, other]).layout.xaxis.range == (0, pytest.approx(1.05 * ends))
