"""Networks against each other: counted and timed ratios, the series of measurements in files, and the command that records them."""

import getpass
import json
import math
import platform

import plotly.graph_objects as go
import pytest

from effnet_core import cli
from effnet_core.cli import recording
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.figures import against as draw
from effnet_core.lab import against, paper, recorded
from effnet_core.lab.against import Point

from .test_tradeoffs import record

FIRST = {  # as the first file was written, before series knew of layers and ways
    "date": "2026-11-25", "device": "cpu", "device_name": "AMD EPYC", "batch": 1, "threads": 1,
    "machine": {"processor": "AMD EPYC", "cores": 2, "memory": 25276502016, "system": "Linux", "python": "3.11.7"}, "versions": {"torch": "2.13.0+cpu"},
    "times": {"b0": {"median_ms": 39.5, "p10_ms": 38.0, "p90_ms": 41.8, "steady": True, "note": None, "passes": 251}},
}


def layers(key, each=1.0):
    """Milliseconds by layer id, all the same."""
    return {layer.id: each for layer in published(key).layers}


def at(key, ms, **more):
    return Point(key, cost(published(key)).macs, ms, **more)


# what is compared


def test_ratios_of_work_are_counted_and_those_of_time_are_quotients():
    assert against.macs_ratio("resnet50", "b0") == 4_089_184_256 / 385_814_752
    timed = against.points({"resnet50": record("resnet50", 64.0), "b0": record("b0", 16.0)}, 2)
    assert (timed["b0"].ms, timed["b0"].p10, timed["b0"].pace) == (8.0, 8.0, 385_814_752 / 8e-3)
    assert against.time_ratio("resnet50", "b0", timed) == 4.0
    assert against.time_ratio("resnet152", "b0", timed) is against.time_ratio("gpipe", "b7", timed) is None


def test_the_seconds_of_table_4_give_the_ratios_that_it_prints():
    for (of, to), printed in paper.TABLE_4_RATIOS.items():
        assert round(against.printed_ratio(of, to), 1) == printed
    assert against.macs_ratio("gpipe", "b7") is None, "which cannot be counted here"
    assert {*against.papers()} == {"resnet152", "b1", "b7"} and against.papers()["b7"].ms == 3100
    assert against.printed_ratio("resnet50", "b0") is None


def test_what_is_expected_is_what_was_recorded_times_how_much_slower_it_is_here():
    elsewhere = {key: at(key, ms) for key, ms in {"b0": 10.0, "b1": 20.0, "b2": 30.0, "b3": 100.0}.items()}
    here = {key: at(key, ms) for key, ms in {"b0": 20.0, "b1": 60.0, "b2": 120.0}.items()}  # 2, 3 and 4 times as long
    assert against.expected_ms("b3", here, elsewhere) == 300.0
    assert against.expected_ms("b3", {}, elsewhere) == 100.0 and against.expected_ms("b1", here, elsewhere) == 60.0
    assert against.expected_ms("b7", here, elsewhere) is None


def test_the_parts_of_a_network_hold_all_its_layers_once():
    parts = against.parts("b0", layers("b0"))
    kinds = [layer.operator for layer in published("b0").layers]
    assert {*parts} == {"dense", "depthwise", "se"} and parts["se"].ms == parts["depthwise"].ms == kinds.count("se") == 16
    assert sum(part.share for part in parts.values()) == pytest.approx(1) and sum(part.macs for part in parts.values()) == cost(published("b0")).macs
    assert parts["depthwise"].pace(4) == pytest.approx(4e3 * parts["depthwise"].macs / 16)
    assert {*against.parts("resnet50", layers("resnet50"))} == {"dense", "pool"} and {*against.parts("mobilenetv2", layers("mobilenetv2"))} == {"dense", "depthwise"}


# the chart


def test_the_chart_has_every_point_where_it_was_measured():
    here = [at("b0", 20.0, p10=19.0, p90=24.0), at("b1", 30.0), at("resnet50", 100.0)]
    figure = draw.chart(here, [at("b0", 10.0), at("b7", 900.0)])
    go.Figure(figure.to_dict())  # as Plotly checks it
    equal, *traces = figure.data
    filled = {trace.name: trace for trace in traces if not trace.marker.symbol.endswith("-open")}
    assert filled["EfficientNet"].x == tuple(cost(published(key)).macs for key in ("b0", "b1")) and filled["EfficientNet"].y == (0.02, 0.03)
    assert filled["EfficientNet"].error_y.array == pytest.approx((0.004, 0)) and filled["EfficientNet"].error_y.arrayminus == pytest.approx((0.001, 0))
    assert filled["ResNet"].y == (0.1,) and "MobileNetV2" not in filled
    (hollow,) = (trace for trace in traces if trace.marker.symbol.endswith("-open"))
    assert hollow.y == (0.01, 0.9) and hollow.text == ("", "B7") and hollow.line.dash == "dash"
    assert all(y / x == pytest.approx(0.02 / cost(published("b0")).macs) for x, y in zip(equal.x, equal.y)), "the pace of B0 measured here"


def test_without_points_there_is_no_chart_and_without_b0_no_line_of_equal_pace():
    with pytest.raises(UserError, match="measure a network first"):
        draw.chart([], [])
    assert [trace.name for trace in draw.chart([at("resnet50", 5.0)], []).data] == ["ResNet"]


def test_bars_say_what_their_pieces_are():
    (pieces,) = draw.shares({"B0": against.parts("b0", layers("b0"))}).values()
    assert [piece.name for piece in pieces] == ["convolutions, classifier", "depthwise", "SE"]
    assert sum(piece.share for piece in pieces) == pytest.approx(1) and len({piece.colour for piece in pieces}) == 3
    with pytest.raises(UserError):
        draw.shares({}, "sepia")


# series in files


def test_an_older_file_is_read_as_it_is():
    found = recorded.loads(json.dumps(FIRST))
    assert found.times["b0"]["passes"] == 251 and found.run == ("plain", "fp32") and found.title == "AMD EPYC, batch 1, 1 thread, 2026-11-25"
    assert all(series.times for series in recorded.shipped())


def test_a_series_keeps_what_was_measured_of_layers_and_ways():
    fresh = record("b0", 8.0, batch=4, layers=layers("b0", 0.123456), hooked_ms=9.0, way="folded", precision="bf16")
    found = recorded.loads(recorded.dumps(recorded.from_records({"b0": fresh}, "2026-11-26")))
    row = found.times["b0"]
    assert row["layers"] == layers("b0", 0.1235) and row["images_per_second"] == 500.0 and (row["way"], row["precision"]) == ("folded", "bf16") == found.run
    assert found.title == "Testum Mk 2, batch 4, 1 thread, folded, bf16, 2026-11-26"
    assert "layers" not in recorded.from_records({"b0": record("b0")}, "2026-11-26").times["b0"]


@pytest.mark.parametrize("broken", [{"layers": {"stem": 1.0}}, {"layers": {**layers("b0"), "stem": -1.0}}, {"layers": {**layers("b0"), "stem": "x"}},
                                    {"layers": 3}, {"layers": layers("b0", 0.0)}, {"median_ms": 0.0}, {"median_ms": "8"}, {"p90_ms": 0.1},
                                    {"p10_ms": math.nan}, {"p90_ms": math.inf}, {"steady": None}])
def test_a_file_whose_figures_cannot_be_is_refused(broken):
    with pytest.raises(UserError, match="latency --record FILE"):
        recorded.loads(json.dumps({**FIRST, "times": {"b0": {**FIRST["times"]["b0"], **broken}}}))


@pytest.mark.parametrize("broken", [{"batch": 0}, {"batch": True}, {"threads": 1.5}, {"date": 3}, {"machine": {}}, {"versions": []}, {"times": {}}, {"more": 1}])
def test_a_file_that_does_not_say_where_and_how_is_refused(broken):
    with pytest.raises(UserError, match="latency --record FILE"):
        recorded.loads(json.dumps({**FIRST, **broken}))


@pytest.mark.parametrize("text", ["", "{", json.dumps(FIRST)[:-9], "[]", "3", "null", "[" * 100_000])
def test_a_text_that_is_no_series_is_refused(text):
    with pytest.raises(UserError, match="latency --record FILE"):
        recorded.loads(text)


def test_ways_are_not_mixed_in_a_series():
    with pytest.raises(UserError, match="differ"):
        recorded.from_records({"b0": record("b0"), "b1": record("b1", way="fused")}, "2026-11-26")


# the command


def test_a_recording_measures_each_and_names_neither_host_nor_user(tmp_path, capsys):
    path = tmp_path / "new" / "latency-here.json"
    assert cli.main(["latency", "lite0", "lite0", "--record", str(path), "--seconds", "0", "--threads", "1"]) == 0
    series = recorded.loads(path.read_text(encoding="utf-8"))
    said = capsys.readouterr()
    assert [*series.times] == ["lite0"] and series.title in said.out and "1 of 1 networks" in said.out
    assert {*series.times["lite0"]["layers"]} == {layer.id for layer in published("lite0").layers} and series.times["lite0"]["passes"] >= 3
    assert (series.batch, series.threads, series.run) == (1, 1, ("plain", "fp32")) and [line.split()[0] for line in said.err.splitlines()] == [*series.times]
    words = {word for value in (series.device_name, *series.machine.values(), *series.versions.values()) for word in str(value).split()}
    assert not words & {platform.node(), getpass.getuser()} and [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_measured_is_told_and_left_out(tmp_path, monkeypatch, capsys):
    def fake(name, args):
        if name == "b7":
            raise UserError("B7 needs about 99 GB.")
        return record(name)

    monkeypatch.setattr(recording, "_measure", fake)
    path = tmp_path / "latency.json"
    assert cli.main(["latency", "b0", "b7", "b1", "--record", str(path)]) == 1
    assert [*recorded.loads(path.read_text(encoding="utf-8")).times] == ["b0", "b1"]
    said = capsys.readouterr()
    assert "B7 needs about 99 GB." in said.err and "2 of 3 networks" in said.out
    assert cli.main(["latency", "b7", "--record", str(tmp_path / "none.json")]) == 1
    assert "was not written" in capsys.readouterr().err and not (tmp_path / "none.json").exists()
    assert cli.main(["latency", "--record", str(path)]) == 1 and {*recorded.loads(path.read_text(encoding="utf-8")).times} == {*recorded.NETWORKS} - {"b7"}


@pytest.mark.parametrize("args, words", [
    (["b0", "b1"], "add --record FILE"), (["b0", "b99", "--record", "x.json"], "no published network 'b99'"), (["b0", "--record", "/"], "cannot be a file"),
    (["b0", "--record", "x.json", "--phi", "1"], "leave --phi"), (["--record", "x.json", "--events"], "leave --events out"), ([], "Name one network"),
    (["b0", "--record", "x.json", "--device", "gpu9"], "There is no device 'gpu9'"),
])
def test_wrong_usage_gets_a_sentence_and_no_file(args, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["latency", *args]) == 1
    assert words in capsys.readouterr().err and not [*tmp_path.iterdir()]
