"""Sweeps: their points, their pace and limits with a clock that obeys, the memory peak against what is known, and what is read from a record."""

import csv
import io
import itertools
import json
import math
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from effnet_core import latency
from effnet_core.cli import main
from effnet_core.errors import UserError
from effnet_core.families import compound, published
from effnet_core.figures import sweep as draw
from effnet_core.network import build
from effnet_core.speed import needs, peak, plan, reading
from effnet_core.speed import sweep as sweeping

from .serving import ROOT

TINY = compound(-4.0)
MB = 1_000_000


def row(batch, ms, memory=10 * MB, steady=True, error=None):
    figures = {} if error else {"median_ms": ms, "p10_ms": 0.9 * ms, "p90_ms": 1.2 * ms, "images_per_second": 1e3 * batch / ms, "passes": 10,
                                "steady": steady, "note": None, "memory": memory, "memory_by": "samples"}
    spec = {"name": "N", "family": "efficientnet", "depth": 1.0, "width": 1.0, "side": 32, "classes": 10}
    return {"value": batch, "batch": batch, "network": spec, "name": "N", "side": 32, "parameters": 5, "macs": 1000, "weights": 20 * MB, "error": error, **figures}


def record(*rows, over="batch", values=None):
    values = values or [point["value"] for point in rows]
    return {"over": over, "values": values, "work": [1000 * value for value in values], "counted": [30 * MB] * len(values), "points": [*rows],
            "device": "cpu", "device_name": "Testum", "threads": 1, "measured": 0.0, "stopped": False,
            "machine": {"processor": "Testum", "cores": 2, "system": "S", "python": "3"}, "versions": {"torch": "2"}}


def test_points_are_the_networks_that_their_values_name():
    b0 = published("b0")
    assert [(point.network, point.batch) for point in plan.over_batch(b0, [1, 4.0])] == [(b0, 1), (b0, 4)]
    assert [point.network for point in plan.over_phi([-1, 0.5], 2, gamma=1.2)] == [compound(-1, gamma=1.2), compound(0.5, gamma=1.2)]
    small, same = plan.over_side(b0, [128, 224], batch=3)
    assert (small.network.scaling.side, small.network.scaling.depth, small.batch) == (128, 1.0, 3) and same.network is b0
    assert small.macs == 3 * plan.cost(small.network).macs


@pytest.mark.parametrize("make", [
    lambda: plan.over_batch(TINY, [1]), lambda: plan.over_batch(TINY, [2, 2]), lambda: plan.over_batch(TINY, [0, 1]),
    lambda: plan.over_batch(TINY, [1, 1.5]), lambda: plan.over_side(TINY, [4, 64]), lambda: plan.over_side(TINY, [64, math.nan]),
    lambda: plan.over_phi([0, 99]), lambda: plan.over_batch(TINY, range(1, 99)), lambda: plan.spaced(2, 2, 5),
])
def test_impossible_sweeps_are_refused_in_a_sentence(make):
    with pytest.raises(UserError, match=r"\.$"):
        make()


@pytest.mark.parametrize("asked, values", [
    ((1, 32, 6, True, 1), (1, 2, 4, 8, 16, 32)), ((1, 4, 10, True, 1), (1, 2, 3, 4)), ((-2.0, 3.0, 6, False, 0.01), (-2, -1, 0, 1, 2, 3)),
    ((96, 416, 6, False, 8), (96, 160, 224, 288, 352, 416)), ((0.0, 0.5, 4, False, 0.01), (0, 0.17, 0.33, 0.5)),
])
def test_values_are_spaced_evenly(asked, values):
    low, high, count, geometric, grain = asked
    assert plan.spaced(low, high, count, geometric, grain) == values


@pytest.mark.parametrize("pass_s", [0.0001, 0.02, 4.0, 40.0])
def test_the_expected_time_of_a_point_is_that_of_its_passes_one_for_the_memory_among_them(pass_s):
    def count(fraction):
        times = []
        while fraction(times) < 1:
            times.append(1e3 * pass_s)
        return len(times)

    counted = count(needs.warming) + count(lambda times: needs.sampling(times, needs.REPEATS, 1.0)) + 1
    assert plan.expected_s(pass_s, 1.0) == pytest.approx(2 * plan.OVERHEAD_S + counted * pass_s, rel=0.02)


def test_the_whole_is_expected_to_end_within_its_limit():
    points = plan.over_batch(published("b7"), [1, 4, 16, 64])
    slow, seconds = 1e-10, plan.seconds_each(4)
    whole = sum(plan.expected_s(slow * point.macs, seconds) for point in points)
    assert whole > plan.LIMIT_S > plan.all_expected_s(points, slow) >= plan.expected_s(slow * points[0].macs, seconds)
    assert plan.all_expected_s(points, slow / 100) == pytest.approx(sum(plan.expected_s(slow / 100 * point.macs, seconds) for point in points))


@pytest.fixture
def clockwork(monkeypatch):
    """Every pass takes 1 ns a multiply-add by a clock of its own; nothing is computed."""
    now = SimpleNamespace(s=0.0, measured=[])

    def measure(network, *, batch, seconds, on_progress, should_stop, **_):
        took = 1e-9 * plan.Point(0, network.architecture, batch).macs
        on_progress("warming up", 0.5, 1e3 * took)
        now.s += plan.expected_s(took, seconds)
        if should_stop():
            raise UserError("The measurement was stopped before it was complete.")
        now.measured.append(batch)
        times = 1e3 * took
        return SimpleNamespace(median_ms=times, p10_ms=times, p90_ms=times, samples_ms=(times,) * 10, images_per_second=batch / took, steady=True,
                               note=None)

    monkeypatch.setattr(sweeping, "measure", measure)
    monkeypatch.setattr(sweeping, "peak_bytes", lambda work, device: (MB, "samples"))
    monkeypatch.setattr(sweeping.time, "monotonic", lambda: now.s)
    return now


def test_the_cheapest_point_comes_first_and_every_finished_one_is_told(clockwork):
    told, stands = [], []
    found = sweeping.sweep(plan.over_batch(TINY, [8, 1, 2]), threads=1, on_point=told.append, on_progress=stands.append)
    assert clockwork.measured == [1, 2, 8] and [[point["value"] for point in one["points"]] for one in told[:3]] == [[1], [1, 2], [8, 1, 2]]
    assert [[point["memory"] for point in one["points"]] for one in told[2:]] == [
        [None] * 3, [None, MB, None], [None, MB, MB], [MB, MB, MB]], "the memory comes last, since it costs speed"
    assert [point["value"] for point in found["points"]] == found["values"] == [8, 1, 2] and not found["stopped"]
    assert json.loads(json.dumps(found)) == found
    known = [stand for stand in stands if stand.left_s is not None]
    first = known[0]
    assert first.left_s == pytest.approx(plan.all_expected_s(plan.over_batch(TINY, [1, 2, 8]), 1e-9)), "from the first pass on"
    assert all(later.fraction >= earlier.fraction for earlier, later in zip(known, known[1:]))
    assert known[-1].phase == "memory" and known[-1].left_s == pytest.approx(found["points"][0]["median_ms"] / 1e3 + plan.OVERHEAD_S)


def test_what_would_take_too_long_is_left_out_and_the_others_go_on(clockwork):
    limit = plan.expected_s(1e-9 * plan.Point(0, TINY, 1).macs, plan.seconds_each(3)) + 1.0
    limit += plan.expected_s(1e-9 * plan.Point(0, TINY, 2).macs, plan.seconds_each(3))
    found = sweeping.sweep(plan.over_batch(TINY, [1, 2, 1024]), threads=1, limit_s=limit)
    assert [point["error"] is None for point in found["points"]] == [True, True, False] and clockwork.measured == [1, 2]
    assert "It would take about" in found["points"][2]["error"] and "median_ms" not in found["points"][2] and not found["stopped"]


def test_a_first_point_that_runs_past_the_limit_says_so(clockwork):
    found = sweeping.sweep(plan.over_batch(published("b7"), [64, 128]), threads=1, limit_s=5.0)
    first, second = (point["error"] for point in found["points"])
    assert first == "It was not ready when the 5 s for a sweep were over." and "It would take" in second


def test_what_does_not_fit_into_memory_is_left_out(clockwork, monkeypatch):
    fits = sum(needs.memory_needed(TINY, 2))
    monkeypatch.setattr(latency.machine, "memory_available", lambda: fits)
    found = sweeping.sweep(plan.over_batch(TINY, [4, 2, 1]), threads=1)
    assert [point["error"] is None for point in found["points"]] == [False, True, True] and "GB of memory free" in found["points"][0]["error"]


def test_a_stop_keeps_what_is_there(clockwork):
    found = sweeping.sweep(plan.over_batch(TINY, [1, 2, 4]), threads=1, should_stop=lambda: len(clockwork.measured) >= 2)
    assert [point["value"] for point in found["points"]] == [1, 2] and found["stopped"], "what was complete stays"
    assert sweeping.sweep(plan.over_batch(TINY, [1, 2]), threads=1, should_stop=lambda: True)["points"] == []


def touch(megabytes):
    return lambda: torch.ones(megabytes * MB // 4)


@pytest.mark.parametrize("measured", [lambda work: peak.peak_bytes(work)[0], peak.sampled], ids=["as the system has it", "samples"])
def test_the_peak_is_what_was_held_at_most_and_each_its_own(measured):
    touch(8)()
    for megabytes in (400, 100, 200):
        assert measured(touch(megabytes)) == pytest.approx(megabytes * MB, abs=20 * MB)


def test_where_the_system_does_not_set_the_peak_back_it_is_sampled(monkeypatch, tmp_path):
    monkeypatch.setattr(peak, "REFS", tmp_path / "missing" / "clear_refs")
    found, by = peak.peak_bytes(touch(200))
    assert by == "samples" and found == pytest.approx(200 * MB, abs=20 * MB)


@pytest.fixture
def hasty(monkeypatch):
    """Few passes are enough for what is no test of time."""
    monkeypatch.setattr(needs, "WARMUP_RANGE", (4, 4))
    monkeypatch.setattr(latency, "REPEATS", 2)
    monkeypatch.setattr(plan, "SECONDS_RANGE", (0.0, 0.0))


def held(network, batch):
    """Bytes of tensors alive at once during a pass, by torch's own account of every allocation."""
    with torch.profiler.profile(profile_memory=True) as seen, torch.inference_mode():
        network(torch.ones(batch, *network.architecture.input))
    sizes = [event.nbytes() for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    return max(itertools.accumulate(sizes))


REAL = """
import json
from effnet_core import latency
from effnet_core.families import compound
from effnet_core.speed import needs, plan, sweep
needs.WARMUP_RANGE, latency.REPEATS, plan.SECONDS_RANGE = (4, 4), 2, (0.0, 0.0)  # few passes are enough for what is no test of time
print(json.dumps(sweep.sweep(plan.over_batch(compound(-2.0), [16, 1, 8]), threads=1)))
"""


def test_a_real_sweep_has_the_memory_that_torch_allocates_and_the_figures_of_a_measurement():
    """In a process of its own, as the app has it: what other tests have left in this one would be weighed, too."""
    network = compound(-2.0)
    found = json.loads(subprocess.run([sys.executable, "-c", REAL], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    built = build(network, seed=0).eval()
    for point in found["points"]:
        assert point["memory"] == pytest.approx(held(built, point["batch"]), rel=0.05, abs=3 * MB), "each its own, in whatever order"
        assert point["memory"] < needs.memory_needed(network, point["batch"])[1] + 3 * MB, "counted is enough"
        assert point["passes"] == 2 and point["p10_ms"] <= point["median_ms"] <= point["p90_ms"]
        assert point["images_per_second"] == pytest.approx(1e3 * point["batch"] / point["median_ms"])
    assert found["counted"] == [sum(needs.memory_needed(network, batch)) for batch in (16, 1, 8)]


def test_the_floor_is_as_long_as_passes_take_hardly_longer():
    flat = [row(1, 10), row(2, 10.5), row(4, 12), row(8, 20), row(16, 12)]
    assert reading.rides_along(flat)["batch"] == 4 and reading.rides_along([row(1, 10), row(2, 12.5)])["batch"] == 1


@pytest.mark.parametrize("times, stops", [([10, 19, 38, 76], 1), ([10, 12, 14, 27], 4), ([10, 12, 14, 16], 8), ([10, 19, 38, 40], 8)])
def test_a_batch_stops_paying_where_no_larger_one_gives_a_tenth_more(times, stops):
    points = [row(2**place, ms) for place, ms in enumerate(times)]
    assert reading.pays_until(points)["batch"] == stops


def test_growth_and_memory_of_an_image_more():
    points = [row(1, 10, memory=10 * MB), row(4, 20, memory=40 * MB)]
    assert reading.growth(points) == (4, 2, 2) and reading.an_image_more(points) == 10 * MB and reading.held(points[0]) == 30 * MB
    assert reading.an_image_more([row(1, 10, memory=None), row(4, 20)]) is None and reading.held(row(1, 10, memory=None)) is None


def test_the_table_to_take_home_holds_every_point():
    text = reading.as_csv(record(row(1, 10.0), row(4, 20.0, memory=None), row(8, 0, error="It does not fit.")))
    one, four, eight = csv.DictReader(io.StringIO(text))
    assert (float(one["median_ms"]), int(one["memory"]), one["left_out"], one["measured"]) == (10.0, 10 * MB, "", "1970-01-01T00:00:00+00:00")
    assert four["memory"] == "" and (eight["left_out"], eight["median_ms"]) == ("It does not fit.", "")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", draw.PANELS)
def test_panels_are_valid_figures_with_their_exact_values(name, theme):
    import plotly.graph_objects as go

    shown = record(row(1, 10.0), row(2, 16.0, steady=False), row(8, 0, error="Too large."), values=[1, 2, 8, 16])
    chart = draw.panel(shown, name, theme, [("■ other", record(row(4, 50.0)))])
    go.Figure(chart.to_dict())  # with validation
    dotted, other, line, crosses = chart.data
    expected = {"rate": (100.0, 125.0), "time": (0.01, 0.016), "pace": (1e5, 1.25e5), "memory": (30 * MB, 30 * MB)}[name]
    assert tuple(line.y) == pytest.approx(expected) and tuple(line.x) == (1, 2) and tuple(other.x) == (4,)
    proportional = {"rate": [100.0] * 4, "time": [0.01, 0.02, 0.08, 0.16], "pace": [1e5] * 4, "memory": [30 * MB] * 4}[name]
    assert tuple(dotted.x) == (1, 2, 8, 16) and [*dotted.y] == pytest.approx(proportional)
    assert tuple(line.marker.symbol) == ("circle", "circle-open") and "other work" in line.customdata[1] and "10 ms" in line.customdata[0]
    assert tuple(crosses.x) == (8,) and "Too large." in crosses.customdata[0]
    low, high = (10**end for end in chart.layout.xaxis.range)
    assert low < 1 and high > 16 and list(chart.layout.xaxis.tickvals) == [1, 2, 8, 16]


@pytest.mark.parametrize("over", draw.OF)
def test_a_panel_without_points_says_so(over):
    for name in draw.OF[over]:
        chart = draw.panel(record(values=[1, 2], over=over), name)
        assert not chart.data and chart.layout.annotations[0].text == "nothing measured yet"
    waiting = [{**row(1, 10, memory=None), "memory_by": "later"}, {**row(2, 20, memory=None), "memory_by": "later"}]
    assert draw.panel(record(*waiting, over=over), "memory").layout.annotations[0].text == "measured last, when all times are there"
    no_memory = draw.panel(record(row(1, 10, memory=None), row(2, 20, memory=None), over=over), "memory")
    assert no_memory.layout.annotations[0].text == "not measured on this device"


def test_the_command_measures_and_tells_every_point(capfd, monkeypatch, hasty):
    command = ["sweep", "--over", "phi", "--values", "-4", "-3.5", "--threads", "1"]
    assert main([*command, "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["over"] == "phi" and [point["network"]["depth"] for point in answer["points"]] == [1.2**-4, 1.2**-3.5]
    monkeypatch.setattr("effnet_core.cli.sweep.serve", lambda work: served(work))

    def served(work):
        said = []
        events = SimpleNamespace(progress=lambda **fields: said.append(("progress", fields)), stopped=lambda: False,
                                 emit=lambda kind, **fields: said.append((kind, fields)))
        result = work(events)
        assert [len(fields["points"]) for kind, fields in said if kind == "point"] == [1, 2, 2, 2], "their times, and then their memory"
        assert [fields for kind, fields in said if kind == "point"][-1] == result and {"phase", "left_s", "elapsed_s"} <= said[-2][1].keys()
        return 0

    assert main([*command, "--events"]) == 0


@pytest.mark.parametrize("arguments, said", [
    (["b3", "--over", "phi", "--values", "1", "2"], "φ scales a base network"), (["b0", "--values", "1"], "The number of points is 1"),
    (["b0", "--values", "1", "9999"], "The batch is 9999.0"), (["b0", "--values", "1", "2", "--limit", "0"], "The time limit"),
    (["--values", "1", "2"], "Name one network"), (["b0", "--values", "1", "2", "--device", "cuda:77"], "There is no device"),
])
def test_the_command_refuses_in_a_sentence(capfd, arguments, said):
    assert main(["sweep", *arguments]) == 1
    assert said in capfd.readouterr().err
