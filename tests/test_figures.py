"""The Plotly figures: valid, readable, exact, and the same picture for the same figures."""

import json
import math
import re

import plotly.graph_objects as go
import pytest

from effnet_core.cost import cost as cost_of
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.figures import bars, curves, latency, linear, short, units
from effnet_core.palette import PAGE, contrast, percent, unit_colour

B0, B7 = published("b0"), published("b7")
TABLES = {B0: cost_of(B0), B7: cost_of(B7)}
TABLE = TABLES[B0]
MS = {network: {layer.id: 0.25 + index / 7 for index, layer in enumerate(network.layers)} for network in TABLES}
SAMPLES = [31.5, 29.25, 29.0, 30.0, 28.5, 40.0]


def record(name="b0", device="cpu", batch=1, median=29.0):
    network = published(name)
    return {"name": network.name, "device": device, "device_name": f"the {device}", "batch": batch, "macs": cost_of(network).macs,
            "median_ms": median, "p10_ms": 0.9 * median, "p90_ms": 1.25 * median}


RECORDS = [record(), record("b3", median=80.0), record("b7", "cuda:0", 8, 120.0), record("b0", "cuda:0", 1, 5.0)]
HISTORY = [{"step": s, "loss": 2.0 / s, **({"accuracy": s / 100} if s % 20 == 0 else {})} for s in range(1, 61)]
FIGURES = {
    "distribution": lambda theme: latency.distribution(SAMPLES, 28.75, 29.6, 36.0, theme),
    "history": lambda theme: latency.history(RECORDS, theme),
    "history of one": lambda theme: latency.history(RECORDS[:1], theme),
    "history of none": lambda theme: latency.history([], theme),
    "layers": lambda theme: latency.layers(MS[B7], B7, TABLES[B7], theme),
    "confusion": lambda theme: curves.confusion([[8, 2], [0, 5]], ["a", "b"], theme),
    "training": lambda theme: curves.training(HISTORY, 10, theme, 100),
    "training unstarted": lambda theme: curves.training([], 10, theme),
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
    go.Figure(figure.to_dict())  # raises for any unknown property or value; where the figure is built, nothing checks
    layout = figure.to_dict()["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)" and layout["uirevision"]
    assert min(font_sizes(figure.to_dict())) >= 12
    assert contrast(layout["font"]["color"], PAGE[theme]) >= 4.5


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_figures_give_the_same_picture(name):
    assert FIGURES[name]("light").to_json() == FIGURES[name]("light").to_json() != FIGURES[name]("dark").to_json()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_light_enough_to_send(name):
    assert len(FIGURES[name]("light").to_json(validate=False)) < 20_000


@pytest.mark.parametrize("name", FIGURES)
def test_an_unknown_theme_is_refused(name):
    with pytest.raises(UserError, match="There is no theme 'sepia'"):
        FIGURES[name]("sepia")


@pytest.mark.parametrize("metric", ["params", "macs", "activations"])
@pytest.mark.parametrize("network", TABLES, ids=lambda network: network.name)
def test_bars_stand_for_the_exact_figures_of_the_units(network, metric):
    table = TABLES[network]
    drawn = bars.by_unit(table, network, metric, "light", "stem")
    figures = [getattr(total, metric) for total in table.units.values()]
    assert [bar["id"] for bar in drawn["bars"]] == [unit for unit, _ in network.units()]
    assert [bar["height"] * 1.06 * max(figures) for bar in drawn["bars"]] == pytest.approx(figures)
    assert [bar["colour"] for bar in drawn["bars"]] == [unit_colour(unit) for unit in table.units]
    top = next(bar for bar, figure in zip(drawn["bars"], figures) if figure == max(figures))
    assert percent(max(figures) / sum(figures)) in top["label"]
    assert drawn["ticks"][0] == {"at": 0.0, "text": "0"} and all(0 <= tick["at"] <= 1 for tick in drawn["ticks"])


def test_bars_of_time_sum_the_layers_and_need_them():
    drawn = bars.by_unit(TABLE, B0, "time", "light", "stem", MS[B0])
    sums = [sum(MS[B0][layer.id] for layer in layers) for _, layers in B0.units()]
    assert [bar["height"] * 1.06 * max(sums) for bar in drawn["bars"]] == pytest.approx(sums)
    assert drawn["ticks"][1]["text"].endswith(" ms")
    with pytest.raises(UserError, match="is missing|are missing"):
        bars.by_unit(TABLE, B0, "time", "light", "stem")


def test_the_bar_of_a_layer_is_that_of_its_unit():
    assert bars.by_unit(TABLE, B0, "macs", "dark", "stages.4.1.se")["selected"] == "stages.4.1"
    with pytest.raises(UserError, match="no layer 'stages.4.9'"):
        bars.by_unit(TABLE, B0, "macs", "dark", "stages.4.9")


def test_groups_name_the_stages_below_their_blocks():
    groups = {group["text"]: (group["first"], group["last"]) for group in bars.by_unit(TABLE, B0, "macs", "light", "stem")["groups"]}
    assert groups == {"stem": (0, 0), "0": (1, 1), "1": (2, 3), "2": (4, 5), "3": (6, 8), "4": (9, 11), "5": (12, 15), "6": (16, 16),
                      "head": (17, 17), "classifier": (18, 18)}


def test_unit_ticks_centre_the_stages():
    ticks = units.unit_ticks(B0)
    assert dict(zip(ticks["ticktext"], ticks["tickvals"])) == {
        "<br>stem": 0, "0": 1, "1": 2.5, "2": 4.5, "3": 7, "4": 10, "5": 13.5, "6": 16, "<br>head": 17, "<br><br>classifier": 18}
    assert len(units.unit_ticks(B7)["tickvals"]) == 10


def test_kinds_of_layers_share_the_whole():
    rows = bars.by_operator(TABLE, "light", MS[B0])
    assert list(rows) == ["parameters", "MACs", "activations", "measured time"] and len(bars.by_operator(TABLE, "light")) == 3
    for pieces in rows.values():
        assert sum(piece.share for piece in pieces) == pytest.approx(1)
        assert all(contrast(piece.colour, piece.ink) >= 4.5 for piece in pieces)
    se = next(piece for piece in rows["parameters"] if piece.name == "SE")
    assert se.text == "SE: 636,540 parameters, 12.0 %"


def test_kinds_of_layers_agree_with_known_shares():
    """Of B0: 1×1 expansions hold 24.0 % of the parameters and 43.1 % of the MACs."""
    rows = bars.by_operator(TABLE, "dark")
    shares = {piece.name: percent(piece.share) for piece in rows["parameters"]}, {piece.name: percent(piece.share) for piece in rows["MACs"]}
    known = {"expand": ("24.0 %", "43.1 %"), "depthwise": ("3.8 %", "9.0 %"), "SE": ("12.0 %", "0.2 %"), "classifier": ("24.2 %", "0.3 %")}
    assert {name: (shares[0][name], shares[1][name]) for name in known} == known
    assert "SE" not in {piece.name for piece in bars.by_operator(cost_of(published("lite0")), "dark")["MACs"]}


def test_a_confusion_matrix_shows_shares_of_its_rows():
    figure = curves.confusion([[8, 2], [0, 5]], ["<a>", "b"])
    assert figure.data[0].z.tolist() == [[pytest.approx(0.8), pytest.approx(0.2)], [0, 1]]
    assert [note.text for note in figure.layout.annotations] == ["8", "2", "5"]
    assert figure.layout.xaxis.ticktext == ("&lt;a&gt;", "b")


def test_names_are_shown_as_they_are():
    assert latency.history([{**record(), "name": "<i>"}]).data[0].text == ("&lt;i&gt;",)


def test_distribution_shows_every_sample_in_order():
    points, counts = (figure := latency.distribution(SAMPLES, 28.75, 29.6, 36.0)).data
    assert [*points.x] == SAMPLES and [*points.y] == [1, 2, 3, 4, 5, 6] and [*counts.x] == SAMPLES
    band, middle = figure.layout.shapes
    assert (band.x0, band.x1, middle.x0, middle.x1) == (28.75, 36.0, 29.6, 29.6)
    assert figure.layout.annotations[0].text == "<b>median 29.6 ms</b>, 10 % to 90 %: 28.8 ms to 36.0 ms"
    with pytest.raises(UserError, match="There are no samples"):
        latency.distribution([], 1, 1, 1)


def test_history_has_a_shape_per_device_and_spreads():
    figure = latency.history(RECORDS)
    cpu, gpu = (trace for trace in figure.data if trace.mode == "markers+text")
    assert cpu.marker.symbol != gpu.marker.symbol and figure.layout.showlegend
    assert [*cpu.text] == ["B0", "B3"] and [*gpu.text] == ["B7, batch 8", "B0"]
    assert [*cpu.x] == [385814752, 1827141392] and gpu.x[0] == 8 * 37745884192
    assert [*cpu.y] == pytest.approx([0.029, 0.080]) and cpu.error_y.array[0] == pytest.approx(0.25 * 0.029)
    assert cpu.error_y.arrayminus[0] == pytest.approx(0.1 * 0.029) and cpu.customdata[0][0] == "385,814,752 MACs"
    assert not latency.history(RECORDS[:2]).layout.showlegend
    assert latency.history([]).layout.annotations[0].text == "No measurement yet"


def test_history_labels_are_short_and_a_repeated_measurement_is_labelled_once():
    again = [record(), record("b3"), record(), {**record(), "name": "B0 scaled by φ = 0"}, record(batch=2)]
    (points,) = (trace for trace in latency.history(again).data if trace.mode == "markers+text")
    assert [*points.text] == ["", "B3", "B0", "φ = 0", "B0, batch 2"]
    assert [row[4] for row in points.customdata] == ["B0", "B3", "B0", "φ = 0", "B0, batch 2"]


def test_the_dotted_line_has_slope_one_through_the_middle():
    line = next(trace for trace in latency.history(RECORDS[:2]).data if trace.mode == "lines")
    assert line.y[1] / line.y[0] == pytest.approx(line.x[1] / line.x[0])
    middle_x, middle_y = math.sqrt(385814752 * 1827141392), math.sqrt(0.029 * 0.080)
    assert line.y[0] / line.x[0] == pytest.approx(middle_y / middle_x)
    assert all(trace.mode != "lines" for trace in latency.history(RECORDS[:1]).data)


def test_history_keeps_every_point_inside():
    for records in (RECORDS, RECORDS[:1], [record("l2", median=90_000.0), record("b0", median=2e-3)]):
        figure = latency.history(records)
        (x0, x1), (y0, y1) = figure.layout.xaxis.range, figure.layout.yaxis.range
        for r in records:
            assert x0 < math.log10(r["macs"] * r["batch"]) < x1
            assert y0 < math.log10(r["p10_ms"] / 1e3) and math.log10(r["p90_ms"] / 1e3) < y1
        assert len(figure.layout.xaxis.tickvals) >= 1 and len(figure.layout.yaxis.tickvals) >= 2


def test_layers_mirror_two_wholes():
    up, down = latency.layers(MS[B0], B0, TABLE).data
    assert sum(up.y) == pytest.approx(1) and sum(down.y) == pytest.approx(-1)
    row = up.customdata[1]
    assert row[0] == "stages.0.0" and row[4] == f"{TABLE.units['stages.0.0'].macs:,} MACs"
    assert down.marker.pattern.shape == "/"  # told apart without colour
    with pytest.raises(UserError, match="the first is 'stem'"):
        latency.layers({}, B0, TABLE)


def test_the_selected_unit_is_outlined_in_time_and_macs():
    place = [unit for unit, _ in B0.units()].index("stages.2.0")
    for trace in latency.layers(MS[B0], B0, TABLE, selected="stages.2.0.expand").data:
        assert [i for i, width in enumerate(trace.marker.line.width) if width] == [place]
    assert not any(latency.layers(MS[B0], B0, TABLE).data[0].marker.line.width)


def test_smoothing_is_a_weighted_mean_of_what_came_before():
    values = [4.0, 2.0, 0.0, 6.0]
    assert curves.smoothed(values, 0.0) == values and curves.smoothed([], 0.9) == []
    weights = [0.5**k for k in range(3, -1, -1)]
    assert curves.smoothed(values, 0.5)[-1] == pytest.approx(sum(w * v for w, v in zip(weights, values)) / sum(weights))
    assert curves.smoothed([3.0] * 50, 0.9) == pytest.approx([3.0] * 50)


def test_training_shows_loss_accuracy_and_chance():
    figure = curves.training(HISTORY, 10, steps=100)
    raw, average, tests = figure.data
    assert [*raw.x] == [row["step"] for row in HISTORY] and raw.y[9] == pytest.approx(0.2)
    assert average.y[-1] == pytest.approx(curves.smoothed([row["loss"] for row in HISTORY], math.exp(-1 / (curves.SMOOTHING * 60)))[-1], rel=1e-6)
    assert [*zip(tests.x, tests.y)] == [(20, 0.2), (40, 0.4), (60, 0.6)] and [*tests.text] == ["", "", "<b>60.0 %</b>"]
    (guess,) = figure.layout.shapes
    assert guess.y0 == guess.y1 == 0.1 and guess.yref == "y2" and any("guessing, 10.0 %" == a.text for a in figure.layout.annotations)
    assert tuple(figure.layout.xaxis.range) == tuple(figure.layout.xaxis2.range) == (0, 100)
    assert tuple(curves.training(HISTORY, 10).layout.xaxis.range) == (0, 60)


def test_training_leaves_out_what_is_not_a_number_and_thins_long_runs():
    broken = curves.training([{"step": 1, "loss": 2.0}, {"step": 2, "loss": math.nan}, {"step": 3, "loss": None, "accuracy": 0.5}], 2)
    assert [*broken.data[0].x] == [1] and [*broken.data[2].x] == [3]
    json.loads(broken.to_json())
    long = curves.training([{"step": s, "loss": 1.0} for s in range(1, 5002)], 10)
    assert len(long.data[0].x) <= curves.POINTS and long.data[0].x[0] == 1


@pytest.mark.parametrize("top", [0, 1e-9, 0.3, 1, 7, 32.8e6, 4.75e11])
def test_linear_axes_have_round_ticks_below_the_top(top):
    options = linear(top)
    assert 3 <= len(options["tickvals"]) <= 7 and options["tickvals"][0] == 0 and options["range"][1] >= max(options["tickvals"])
    assert all(re.fullmatch(r"[\d.e-]+( [kMG])?", text) for text in options["ticktext"])
    mirrored = linear(top, below=True)
    assert mirrored["tickvals"] == [-v for v in reversed(mirrored["tickvals"])] and mirrored["ticktext"] == mirrored["ticktext"][::-1]


def test_short_drops_closing_zeros_only():
    assert [short(v, u) for v, u in ((1.5e6, ""), (2e7, ""), (0.02, "s"), (0, ""), (100, ""), (1e3, "s"))] == [
        "1.5 M", "20 M", "20 ms", "0", "100", "1 ks"]
