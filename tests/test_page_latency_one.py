"""The part "One network": ways and precisions, what is missing for them, measurements without layers, and the four bars."""

import csv
import io
import json
from types import SimpleNamespace

import pytest

from effnet_core.families import compound, published
from effnet_core.lab.recorded import Series
from effnet_core.speed.ways import WAYS
from pages.shared import results
from pages.shared.clock import four, one

from .apps import open_app
from .test_page_latency import SMALL, measure, record, session_rows, text, until_running, world  # noqa: F401

FUSED = {"way": "Our fused path", "precision": "bf16"}
NETWORK = compound(float(SMALL))


@pytest.fixture
def drawn(monkeypatch):
    """What the four bars were last given."""
    seen = {}
    monkeypatch.setattr(four, "component", lambda name: lambda **given: seen.update(given["data"]))
    return seen


def series(device, layers, batch=1, name="b0"):
    row = {"median_ms": 9.0, "p10_ms": 8.0, "p90_ms": 10.0, "steady": True, "note": None, "passes": 10}
    machine = {"processor": "Testum Mk 1", "cores": 4, "memory": 8, "system": "Linux", "python": "3"}
    times = {name: {**row, "layers": layers} if layers else row}
    return {f"{device} {batch}": Series("2026-01-02", device, f"Recordum {device}", batch, 1, machine, {"torch": "2"}, times)}


def even(network):
    return {layer.id: 1.0 for layer in network.layers}


# ways


def test_a_way_and_a_precision_are_asked_for_measured_and_told(world):  # noqa: F811
    app = measure(open_app("latency", phi=SMALL, **FUSED))
    job = until_running(world.queue.active()[0])
    assert job.args[job.args.index("--way") + 1] == "fused" and job.args[job.args.index("--precision") + 1] == "bf16"
    assert job.title == "B0 scaled by φ = -2, batch 1, Our fused path, bf16"
    world.go.touch()
    assert job.wait(120)
    app.run()
    assert not app.exception and "batch 1, 1 thread, Our fused path, bf16 on" in text(app)
    assert "<td>Our fused path</td><td>bf16</td>" in text(app), "in the history"
    assert "the addition of a skip connection belongs to the last convolution of its block" in text(app)
    (line,) = csv.DictReader(io.StringIO(results.as_csv(session_rows(app))))
    assert (line["way"], line["precision"]) == ("fused", "bf16")
    assert json.loads(results.as_json(session_rows(app)))[0]["way"] == "fused"


def test_one_way_does_not_answer_for_another(world):  # noqa: F811
    app = measure(open_app("latency", phi=SMALL), world)
    app.selectbox(key="way").set_value("Channels-last").run()
    assert "The controls have moved on" in text(app) and app.button(key="measure_one").label == "Measure"
    measure(app, world)
    assert [row["way"] for row in session_rows(app)] == ["plain", "channels-last"]
    request = results.Request(NETWORK, "cpu", 1, 1)
    plain, other = session_rows(app)
    assert request.answered_by(plain) and not request.answered_by(other) and request._replace(way="channels-last").answered_by(other)
    assert request.answered_by({key: value for key, value in plain.items() if key not in ("way", "precision")}), "a record from before there were ways"


def test_what_is_missing_is_offered_with_its_reason(world, monkeypatch):  # noqa: F811
    app = open_app("latency", phi=SMALL, precision="fp16")
    assert app.button(key="measure_one").disabled
    assert "Plain in fp16 cannot run like this here." in text(app) and "fp16 is for GPUs; the short format of processors is bf16" in text(app).replace("\\", "")
    app.selectbox(key="device").set_value("cuda:0").run()
    assert not app.button(key="measure_one").disabled and "cannot run like this here" not in text(app)
    reason = "OpenVINO is not installed here; pip install openvino brings it."
    monkeypatch.setattr(one, "missing", lambda way, *_: reason if way == "openvino" else None)
    app = open_app("latency", phi=SMALL, way="OpenVINO")
    assert app.selectbox(key="way").options == [way.name for way in WAYS.values()] and app.button(key="measure_one").disabled
    assert "OpenVINO is not installed here" in text(app).replace("\\", "") and reason in app.selectbox(key="way").help


@pytest.mark.parametrize("query", [{"way": "magic"}, {"way": "plain"}, {"precision": "fp99"}, {"way": "", "precision": ""}, {"batch": "3"}, {"threads": "99"},
                                   {"device": "abacus"}])
def test_nonsense_in_the_address_is_ignored(world, query):  # noqa: F811
    app = open_app("latency", phi=SMALL, **query)
    assert not app.exception and (app.session_state["way"], app.session_state["precision"]) == ("Plain", "fp32")
    assert not app.button(key="measure_one").disabled


def test_making_ready_is_a_phase_and_layers_take_no_time_where_there_are_none(world):  # noqa: F811
    said = {"phase": "preparing", "fraction": 0.0, "ms": None, "elapsed_s": 3.0}
    job = SimpleNamespace(latest=lambda kind: said, events=[said], args=("latency",))
    assert one.step(job).text == "Making it ready to run that way"
    for way, left in (("plain", "4"), ("onnxruntime", "2")):
        app = measure(open_app("latency", phi=SMALL, way=WAYS[way].name))
        until_running(world.queue.active()[0])
        assert f"about {left} s left" in text(app.run())
        app.button(key="stop_measuring").click().run()
        assert all(job.wait(120) for job in world.queue.active())


# without layers


@pytest.fixture
def whole(world):  # noqa: F811
    world.record.write_text(json.dumps({**world.steady, "layers": {}, "hooked_ms": None, "layers_ms": None, "memory_peak": None}))
    return world


def test_a_measurement_without_layers_says_why_and_shows_the_rest(whole, drawn):
    app = measure(open_app("latency", phi=SMALL, way="ONNX Runtime"), whole)
    assert not app.exception and "ONNX Runtime was measured only as a whole" in text(app).replace("**", "")
    assert [chart.proto.id.rpartition("-")[2] for chart in app.get("plotly_chart")] == ["distribution", "history"]
    assert "cannot be told here" in text(app) and "slowest layers" not in text(app)
    assert drawn["rows"][2]["shares"] is None


def test_the_scaling_page_says_that_only_the_whole_was_measured(whole):
    app = measure(open_app("latency", phi=SMALL, way="ONNX Runtime"), whole)
    app.switch_page("pages/scaling.py").run()
    app.selectbox(key="colour").select("Measured time").run()
    assert not app.exception
    assert "measured only as a whole, batch 1, 1 thread, ONNX Runtime on" in app.info[0].value and "says nothing of its layers" in app.info[0].value


def test_the_scaling_page_takes_the_latest_that_has_layers_and_says_what_it_is_of(world):  # noqa: F811
    app = measure(open_app("latency", phi=SMALL), world)
    app.selectbox(key="way").set_value("Channels-last").run()
    app.session_state["batch"] = 4
    measure(app.run(), world)
    world.record.write_text(json.dumps({**world.steady, "layers": {}, "hooked_ms": None, "layers_ms": None}))
    app.selectbox(key="way").set_value("OpenVINO").run()
    measure(app, world)
    app.switch_page("pages/scaling.py").run()
    app.selectbox(key="colour").select("Measured time").run()
    assert not app.exception and not app.info
    assert any("batch 4, 1 thread, Channels-last on" in caption.value for caption in app.caption)


# the four bars


def test_before_anything_is_measured_the_bars_count_and_say_what_is_missing(world, drawn, monkeypatch):  # noqa: F811
    monkeypatch.setattr(four, "shipped", dict)
    app = open_app("latency", phi=SMALL)
    assert not app.exception and [row["name"] for row in drawn["rows"]] == ["Parameters", "MACs", "CPU time", "GPU time"]
    assert [row["shares"] is None for row in drawn["rows"]] == [False, False, True, True] and len(drawn["units"]) == len([*NETWORK.units()])
    assert "CPU time and GPU time: nobody has timed the layers of this network on such a device" in text(app).replace("**", "")


def test_measured_times_fill_their_bars_and_a_disturbed_one_is_told(world, drawn):  # noqa: F811
    app = measure(open_app("latency", phi=SMALL), world)
    cpu, gpu = drawn["rows"][2:]
    times = world.steady["layers"]
    mine = [sum(times[layer.id] for layer in layers) / sum(times.values()) for _, layers in NETWORK.units()]
    assert cpu["shares"] == pytest.approx(mine) and gpu["shares"] is None
    assert cpu["about"].startswith("measured just now: batch 1, 1 thread on") and "disturbed" not in cpu["about"]
    world.record.write_text(json.dumps({**world.steady, "steady": False, "note": "Noise.", "layers": even(NETWORK)}))
    app.selectbox(key="device").set_value("cuda:0").run()
    measure(app, world)
    cpu, gpu = drawn["rows"][2:]
    assert cpu["shares"] == pytest.approx(mine), "of the measurement before"
    assert gpu["shares"] == pytest.approx([len(layers) / len(NETWORK.layers) for _, layers in NETWORK.units()]) and "disturbed it" in gpu["about"]


def test_recorded_layers_stand_in_and_are_said_to_be_recorded(world, drawn, monkeypatch):  # noqa: F811
    network = published("b0")
    monkeypatch.setattr(four, "shipped", lambda: {
        **series("cuda", even(network), batch=8), **series("cuda", {**even(network), "stem": 30.0}), **series("cpu", None)})
    open_app("latency", phi="0.0")
    cpu, gpu = drawn["rows"][2:]
    assert cpu["shares"] is None, "that series has no layers"
    assert gpu["about"] == "recorded 2026-01-02: batch 1, 1 thread on Recordum cuda"
    assert gpu["shares"][0] == pytest.approx(30 / (29 + len(network.layers))), "the series with the same batch"


@pytest.mark.parametrize("layers", [{"stem": 1.0}, {}, None])
def test_recorded_series_that_lack_layers_leave_the_bar_empty(world, drawn, monkeypatch, layers):  # noqa: F811
    monkeypatch.setattr(four, "shipped", lambda: series("cuda", layers))
    assert not open_app("latency", phi="0.0").exception and drawn["rows"][3]["shares"] is None
    monkeypatch.setattr(four, "shipped", lambda: series("cuda", even(published("b0"))))
    open_app("latency", phi=SMALL)
    assert drawn["rows"][3]["shares"] is None, "another network"


# how it was measured


@pytest.mark.parametrize(("changed", "said"), [
    ({"settled": True, "warmup": 9}, "9 passes, not counted, until the median of three was within 2 %"),
    ({"settled": False, "warmup": 60}, "They were still getting faster or slower"),
    ({"settled": None, "warmup": 1}, "Warm-up: 1 pass, not counted."),
    ({"memory_peak": 12_300_000}, "12.3 MB at most in one more pass"),
    ({"difference": 1.2e-6}, "its logits lay within 1.2e-06 of the plain network's"),
    ({"conditions": {"thread_share": 0.97, "cores_used": 1.0, "cores_others": 0.4, "preemptions": 12.0}},
     "the measuring thread had a core 97.0 % of the time, other work kept 0.4 of its"),
    ({"conditions": {"thread_share": None, "cores_used": None, "cores_others": None, "preemptions": None}}, "other work kept an unknown number of its"),
])
def test_every_step_of_measuring_is_told_with_what_it_found(world, changed, said):  # noqa: F811
    world.record.write_text(json.dumps({**world.steady, **changed}))
    app = measure(open_app("latency", phi=SMALL), world)
    assert said in text(app).replace("**", "")


def test_on_a_gpu_the_clock_and_the_load_are_others(world):  # noqa: F811
    versions = {"torch": "2.13", "cuda": "13.0", "cudnn": "91200", "tf32": True}
    world.record.write_text(json.dumps({**world.steady, "versions": versions}))
    app = open_app("latency", phi=SMALL)
    app.selectbox(key="device").set_value("cuda:0").run()
    measure(app, world)
    seen = text(app)
    assert "timed by events on the GPU itself" in seen and "of a GPU only the spread of the passes tells" in seen
    assert "torch 2.13, cuda 13.0, cudnn 91200, convolutions in TF32" in seen
