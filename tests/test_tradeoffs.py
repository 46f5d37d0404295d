"""One dimension or all three at equal MACs, the budget, the recorded series: against brute force and against `cost`."""

import json
import math
import random

import plotly.graph_objects as go
import pytest

from effnet_core import cli
from effnet_core.architecture import assemble
from effnet_core.cli import recording
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import BASES, FAMILIES, compound, published
from effnet_core.figures import exhibits, ladder, landscape
from effnet_core.figures import tradeoffs as draw
from effnet_core.lab import budget, memory, recorded, tradeoffs
from effnet_core.lab.paper import EFFICIENTNETS, FIGURE_3, KINDS, TABLE_2, TABLE_3
from effnet_core.lab.tradeoffs import WAYS, at, base_of, curve, nearest, point, scaled, unscaled
from effnet_core.palette import PAGE, contrast, si
from effnet_core.scaling import Scaling

OFFERED = [name for name in BASES if name != "small"]
B0 = cost(published("b0"))
LIVE = compound(1.0)
POINT = point(LIVE.scaling, len(LIVE.blocks), cost(LIVE))


@pytest.mark.parametrize("base", OFFERED)
def test_the_short_way_to_count_is_exact(base):
    chance = random.Random(base)
    for _ in range(25):
        scaling = Scaling(chance.uniform(0.1, 6), chance.uniform(0.2, 4), chance.randint(33, 700))
        network = assemble(BASES[base], scaling, 1000, "")
        assert scaled(base, scaling.depth, scaling.width, scaling.side) == point(scaling, len(network.blocks), cost(network))


def test_a_deep_network_is_counted_exactly_too():
    network = compound(2, 3.0, 1.0, 1.0)
    assert scaled("b0", 9.0, 1.0, 224) == point(network.scaling, len(network.blocks), cost(network))


@pytest.mark.parametrize("base", ["b0", "lite0", "mobilenetv2", "resnet50"])
@pytest.mark.parametrize("key", WAYS)
def test_every_way_is_a_staircase_that_never_falls(base, key):
    places = WAYS[key].places
    some = sorted({*random.Random(key).sample(places, 150), *list(places)[:50]})
    macs = [at(base, key, place).macs for place in some]
    assert macs == sorted(macs)


@pytest.mark.parametrize("key", WAYS)
def test_each_way_passes_through_its_base(key):
    home = WAYS[key].drawn(0)
    assert at("b0", key, home) == unscaled("b0") == point(published("b0").scaling, 16, B0)
    assert WAYS[key].law(WAYS[key].turned(home)) == 1.0


@pytest.mark.parametrize("key", WAYS)
@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0, 2.5719, 4.0, 7.3])
def test_the_nearest_is_nearest_of_all(key, ratio):
    wanted, way = ratio * B0.macs, WAYS[key]
    found = nearest("b0", key, wanted)
    ends = {"depth": (200, 12_000), "width": (400, 4_000), "resolution": (100, 900), "compound": (-3000, 4000)}[key]
    best = min(abs(math.log(at("b0", key, place).macs / wanted)) for place in range(*ends))
    assert abs(math.log(found.point.macs / wanted)) == pytest.approx(best, abs=1e-12)
    assert found.miss == found.point.macs / wanted - 1 and not found.end
    same = [place for place in range(*ends) if at("b0", key, place).macs == found.point.macs]
    assert found.low <= way.turned(same[0]) and way.turned(same[-1]) <= found.high and found.low <= found.value <= found.high


def test_what_was_asked_for_is_found_again():
    assert nearest("b0", "compound", POINT.macs)[1:] == (1.0, 1.0, 1.024, POINT, 0.0, False)
    for key in WAYS:
        assert nearest("b0", key, B0.macs).point.macs == B0.macs and nearest("b0", key, B0.macs).miss == 0


def test_the_roundest_number_is_told():
    assert nearest("b0", "depth", 4 * B0.macs).value == 3.7 and nearest("b0", "resolution", 4 * B0.macs).value == 2.0


def test_a_way_that_ends_says_so():
    small, large = (nearest("b0", "depth", ratio * B0.macs) for ratio in (0.2, 1e4))
    assert small.end and small.point.blocks == 7 and small.miss > 0
    assert large.end and large.high == 256 and large.miss < 0
    assert not nearest("b0", "width", 1e3 * B0.macs).end


@pytest.mark.parametrize("key", WAYS)
@pytest.mark.parametrize("ratio", [0.5, 2, 8, 2048])
def test_a_curve_goes_from_the_base_as_far_as_asked(key, ratio):
    line = curve("b0", key, ratio)
    macs = [p.macs for _, p in line]
    home = line[0] if ratio >= 1 else line[-1]
    assert home == (WAYS[key].turned(WAYS[key].drawn(0)), unscaled("b0")) and macs == sorted(macs)
    ended = WAYS[key].drawn(len(line)) not in WAYS[key].places
    assert macs[-1] >= ratio * B0.macs or ended if ratio >= 1 else macs[0] <= ratio * B0.macs
    assert all(p == at("b0", key, round(x * (224 if key == "resolution" else 1000))) for x, p in line)


def test_the_reference_figures_of_receptive_field_over_resolution():
    sharp, deep = scaled("b0", 1, 1, 448), scaled("b0", 4, 1, 224)
    assert (deep.receptive_field, f"{deep.field_ratio:.1f}") == (3695, "16.5")
    assert (sharp.receptive_field, f"{sharp.field_ratio:.1f}") == (851, "1.9")


def test_the_base_of_a_network():
    bases = {"b7": "b0", "lite3": "lite0", "resnet152": "resnet152", "mobilenetv1": "mobilenetv1"}
    assert {name: base_of(published(name).family) for name in bases} == bases
    assert base_of(FAMILIES["small"]) == "b0"


# ---- the budget


@pytest.mark.parametrize("kind", budget.COUNTED)
@pytest.mark.parametrize("batch", [1, 32])
def test_the_best_within_a_budget_is_the_most_accurate_that_fits(kind, batch):
    rungs = budget.ladder(kind, batch)
    needs = [rung.need for rung in rungs]
    assert [rung.key for rung in rungs] == [f"b{i}" for i in range(8)] and needs == sorted(needs)
    for i, rung in enumerate(rungs):
        at_it, below = budget.choose(rungs, rung.need), budget.choose(rungs, rung.need - 1)
        assert at_it == (rung, rungs[i + 1] if i < 7 else None)
        assert below == (rungs[i - 1] if i else None, rung)


def test_what_a_network_needs():
    assert (budget.need(LIVE, "macs", 8), budget.need(LIVE, "params", 8)) == (POINT.macs, POINT.params)
    assert [rung.top1 for rung in budget.ladder("macs")] == [row.top1 for row in EFFICIENTNETS]


@pytest.mark.parametrize("kind, amount, batch", [
    ("macs", 2e9, 1), ("params", 1e7, 1), ("macs", 385_814_752, 1)])
def test_the_largest_phi_fits_and_a_thousandth_more_does_not(kind, amount, batch):
    phi, need = budget.largest_phi(kind, amount, batch)
    assert need == budget.need(compound(phi), kind, batch) <= amount < budget.need(compound(round(phi + 0.001, 3)), kind, batch)


@pytest.mark.parametrize("kind, amount, batch", [("inference", 5e7, 1), ("inference", 6e8, 32), ("training", 4e9, 8), ("training", 2e8, 1)])
def test_of_memory_the_largest_phi_is_found_among_all_tenths(kind, amount, batch):
    needs = {tenth / 10: budget.need(compound(tenth / 10), kind, batch) for tenth in range(-40, 81)}
    assert budget.largest_phi(kind, amount, batch) == max((phi, need) for phi, need in needs.items() if need <= amount)
    assert budget.largest_phi(kind, 1e5, batch) is None


def test_memory_is_that_of_the_memory_room():
    walked, table = memory.footprint(LIVE), cost(LIVE)
    assert budget.need(LIVE, "inference", 8) == 4 * (table.params + 8 * walked.peak)
    assert budget.need(LIVE, "training", 8) == 4 * (4 * table.params + 8 * walked.saved + walked.saved_once)


def test_absurd_budgets():
    assert budget.largest_phi("macs", 1000.0) is None and budget.largest_phi("params", 1e15)[0] == 8.0
    assert budget.choose(budget.ladder("params"), 1.0) == (None, budget.ladder("params")[0])
    with pytest.raises(UserError, match="The budget is 0; it must be a number from 1 to 1e"):
        budget.largest_phi("macs", 0)
    with pytest.raises(UserError, match="The batch size is 0"):
        budget.ladder("training", 0)


def test_only_measured_networks_stand_on_the_ladder_of_times():
    rungs = budget.measured({"b1": 80.0, "b0": 50.0, "resnet50": 90.0})
    assert [(rung.key, rung.need) for rung in rungs] == [("b0", 50.0), ("b1", 80.0)] and budget.measured({}) == ()
    assert [(rung.name, rung.top1) for rung in budget.rivals({"resnet50": 90.0, "b0": 1.0, "mobilenetv2": 60.0})] == [
        ("MobileNetV2", 72.0), ("ResNet-50", 76.0)]
    assert budget.RIVALS == {"mobilenetv1": 70.6, "mobilenetv2": 72.0, "resnet50": 76.0, "resnet152": 77.8}
    slow = budget.measured({"b0": 50.0, "b1": 40.0, "b2": 90.0})
    assert budget.choose(slow, 45.0)[0].key == "b1" and budget.choose(slow, 100.0) == (slow[2], None)
    assert budget.choose(slow, 10.0)[1].key == "b1", "the cheapest of those that are better"


# ---- recorded series


def record(name, median=10.0, **other):
    return {"device": "cpu", "device_name": "Testum Mk 2", "batch": 1, "threads": 1, "median_ms": median, "p10_ms": median,
            "p90_ms": median, "steady": True, "note": None, "samples_ms": [median] * 12, "network": {"name": name},
            "machine": {"processor": "Testum Mk 2", "cores": 2, "system": "Linux 6"}, "versions": {"torch": "2"}, **other}


def test_a_series_survives_its_file(tmp_path):
    series = recorded.from_records({"b0": record("b0"), "resnet50": record("resnet50", 20.0)}, "2026-11-25")
    (tmp_path / "latency-one.json").write_text(recorded.dumps(series))
    assert recorded.shipped(tmp_path) == [series] == [recorded.loads(recorded.dumps(series))]
    assert series.times["resnet50"]["median_ms"] == 20.0 and series.times["b0"]["passes"] == 12
    assert series.title == "Testum Mk 2, batch 1, 1 thread, 2026-11-25"
    assert recorded.shipped(tmp_path / "nowhere") == []


@pytest.mark.parametrize("records, says", [
    ({}, "got none"), ({"b99": record("b99")}, "got b99"), ({"b0": record("b0"), "b1": record("b1", threads=2)}, "one number of threads")])
def test_records_that_make_no_series(records, says):
    with pytest.raises(UserError, match=says):
        recorded.from_records(records, "2026-11-25")


ONE = recorded.from_records({"b0": record("b0")}, "2026-11-25")._asdict()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"a": 1}', json.dumps({**ONE, "times": {}}),
                                  json.dumps({**ONE, "times": {"b0": {"median_ms": -1}}})])
def test_a_broken_file_is_refused(text):
    with pytest.raises(UserError, match="no series of recorded measurements"):
        recorded.loads(text)


def test_the_command_writes_what_the_app_reads(tmp_path, monkeypatch, capsys):
    times = {"b0": 10.0, "resnet50": 20.0}
    monkeypatch.setattr(recording, "_measure", lambda name, asked: record(name, times[name], note="busy", steady=name == "b0"))
    assert cli.main(["latency", *times, "--record", str(tmp_path / "new" / "latency-one.json")]) == 0
    (series,) = recorded.shipped(tmp_path / "new")
    assert {name: row["median_ms"] for name, row in series.times.items()} == times
    assert "b0                 10.00 ms\n" in (said := capsys.readouterr().err) and said.endswith("20.00 ms   busy\n")


def test_what_is_shipped_can_be_read_and_names_no_host():
    assert recorded.shipped()
    for series in recorded.shipped():
        assert {"b0", "b7", "resnet152"} <= {*series.times} and {*series.machine} == {"processor", "cores", "memory", "system", "python"} and "/" not in json.dumps(series.machine)


# ---- figures

FOUND = {key: nearest("b0", key, POINT.macs) for key in WAYS}
FIGURES = {
    **{f"staircase {key}": lambda theme, key=key: draw.staircase("b0", FOUND[key], POINT.macs, theme) for key in WAYS},
    "staircase down": lambda theme: draw.staircase("b0", nearest("b0", "width", 0.4 * B0.macs), 0.4 * B0.macs, theme),
    "staircase end": lambda theme: draw.staircase("b0", nearest("b0", "depth", 1e4 * B0.macs), 1e4 * B0.macs, theme),
    **{f"beside {metric}": lambda theme, metric=metric: draw.beside("b0", metric, FOUND, POINT.macs, POINT, theme)
       for metric in draw.METRICS},
    **{f"landscape {price}": lambda theme, price=price: landscape.chart(price, 1e9, "φ = 1", theme=theme) for price in landscape.AXES},
    "ladder": lambda theme: ladder.chart(budget.ladder("macs"), 2e9, si, si, "MACs", 1e9, theme),
    "ladder without": lambda theme: ladder.chart(budget.ladder("params"), 2e3, si, si, "parameters", None, theme),
    **{f"figure 3 {dimension}": lambda theme, dimension=dimension: exhibits.single(dimension, theme) for dimension in FIGURE_3},
    "figure 4": exhibits.widths,
    "figure 8": exhibits.methods,
    "agreement 2": lambda theme: exhibits.agreement([(row.short, row) for row in EFFICIENTNETS], theme),
    "agreement 3": lambda theme: exhibits.agreement([(f"{row.base}, {row.label}", row) for row in TABLE_3], theme),
}


def font_sizes(value):
    if isinstance(value, dict):
        yield from (v["size"] for k, v in value.items() if k.endswith("font") and "size" in v)
        for part in value.values():
            yield from font_sizes(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from font_sizes(part)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_every_figure(name, theme):
    figure = FIGURES[name](theme)
    go.Figure(figure.to_dict())
    layout = figure.to_dict()["layout"]
    assert layout["paper_bgcolor"] == "rgba(0,0,0,0)" and min(font_sizes(figure.to_dict())) >= 12
    assert contrast(layout["font"]["color"], PAGE[theme]) >= 4.5
    assert len(figure.to_json(validate=False)) < 20_000
    for trace in figure.data:
        if marker := getattr(trace, "marker", None):
            shades = marker.color if isinstance(marker.color, list | tuple) else [marker.color or layout["font"]["color"]]
            assert trace.type == "bar" or all(contrast(shade, PAGE[theme]) >= 3 for shade in shades)


@pytest.mark.parametrize("name", FIGURES)
def test_an_unknown_theme_is_refused(name):
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        FIGURES[name]("sepia")


def test_unknown_wishes_are_refused():
    for wish, says in ((lambda: landscape.chart("ms", 1.0, ""), "no axis 'ms'"), (lambda: exhibits.single("φ"), "no panel 'φ'"),
                       (lambda: draw.beside("b0", "ms", FOUND, 1.0, POINT), "no metric 'ms'")):
        with pytest.raises(UserError, match=says):
            wish()


def test_figure_3_shows_accuracies_only_where_they_are_printed():
    for dimension, (factor, top1) in {"depth": (4.0, 79.0), "width": (2.0, 78.9), "resolution": (2.0, 79.1)}.items():
        figure = exhibits.single(dimension)
        marks = [trace for trace in figure.data if trace.y[0] != exhibits.RANGE[0]]
        assert [trace.y[0] for trace in marks] == [77.3, top1]
        poles = [shape for shape in figure.layout.shapes if shape.x0 == shape.x1 and shape.y0 != shape.y1]
        hidden = [f for f in FIGURE_3[dimension] if f not in (1.0, factor)]
        assert len(poles) == len(hidden) and all(shape.line.dash == "dot" for shape in poles)


def test_markers_of_the_ways_differ_without_colour():
    assert len({look[1] for look in draw.LOOKS.values()}) == len({look[2] for look in draw.LOOKS.values()}) == len(WAYS)
    assert len({symbol for _, symbol in landscape.LOOKS}) == len(KINDS)


@pytest.mark.parametrize("price", landscape.AXES)
def test_labels_cover_neither_each_other_nor_a_marker(price):
    rows = [row for row in TABLE_2 if getattr(row, price)]
    span = landscape.chart(price, 1e9, "x").layout.xaxis.range
    written = landscape.labels(rows, price, span, live=3.2e9 if price == "flops" else 1.3e7)
    assert {row for row, _ in written} >= set(EFFICIENTNETS) and len(written) >= len(rows) - 2
    low, high = landscape.ACCURACY
    places = {row: ((math.log10(getattr(row, price)) - span[0]) / (span[1] - span[0]) * landscape.WIDTH,
                    (row.top1 - low) / (high - low) * (landscape.HEIGHT - 90)) for row in rows}
    boxes = [landscape._box(*places[row], side, landscape.LETTER * len(row.short)) for row, side in written]
    for i, one in enumerate(boxes):
        assert not any(landscape._cover(one, other) for other in boxes[:i])
        assert not any(one[0] < x < one[2] and one[1] < y < one[3] for x, y in places.values())


def test_the_live_network_is_a_line_and_off_the_chart_there_is_none():
    figure = landscape.chart("flops", 5e9, "φ = 4")
    assert [shape.x0 for shape in figure.layout.shapes] == [5e9] and "accuracy unknown" in figure.layout.annotations[-1].text
    known = landscape.chart("flops", 1.58e9, "4× deeper", 79.0)
    assert (known.data[-1].x[0], known.data[-1].y[0]) == (1.58e9, 79.0) and "top-1 79.0 %, published" in known.layout.annotations[-1].text
    poor = landscape.chart("flops", 5.7e8, "MobileNetV1", 70.6)
    assert poor.data[-1].y[0] == 70.6 > poor.layout.yaxis.range[0]
    assert not landscape.chart("flops", 1e15, "φ = 8").layout.shapes


def test_the_ladder_tells_what_fits():
    figure = ladder.chart(budget.ladder("macs"), 2e9, si, si, "MACs")
    (bars,) = figure.data
    assert [bool(shape) for shape in bars.marker.pattern.shape] == [False] * 4 + [True] * 4
    assert all("does not fit" in text for text in bars.customdata[4:]) and all(text.endswith("fits") for text in bars.customdata[:4])
    assert [note.text for note in figure.layout.annotations[:2]] == ["386 M · 77.1 %", "687 M · 79.1 %"]


def test_curves_reach_beyond_what_is_wanted():
    for ratio in (1.0, 2.5, 20.0, 100.0):
        assert draw.reach(ratio) >= 1.5 * ratio
    assert draw.reach(0.6) == 0.5 and draw.reach(0.3) == 0.05


def test_rooms_do_not_grow_without_bound():
    assert tradeoffs.at.cache_info().maxsize and tradeoffs._parts.cache_info().maxsize
