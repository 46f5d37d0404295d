"""The picture of a roofline: every marker and every roof where its number is."""

import plotly.graph_objects as go
import pytest

from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.figures import roofline as draw
from effnet_core.speed.intensity import Roof, works

B0 = published("b0")
FOUND = works(B0)
ROOF = Roof(50e9, ((65_536, 150e9), (2**28, 20e9)))
TIMES = {"plain": {one.id: 2.0 + place / 9 for place, one in enumerate(FOUND)},
         "fused": {one.id: 0.5 + place / 99 for place, one in enumerate(FOUND)}}
MOVEMENTS = [{"kind": kind, "held": held, "bytes_per_s": pace} for kind, held, pace in
             (("copy", 65_536, 90e9), ("in place", 65_536, 150e9), ("copy", 2**28, 12e9), ("in place", 2**28, 20e9))]


def drawn(theme="light", **options):
    return draw.roofline(B0, FOUND, ROOF, TIMES, theme, **options).to_dict()


def named(figure, name):
    return next(trace for trace in figure["data"] if trace.get("name") == name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plotly_accepts_it(theme):
    go.Figure(draw.roofline(B0, FOUND, ROOF, TIMES, theme, "stages.4.1", (), {"bf16": 99e9}).to_dict())
    go.Figure(draw.memory(ROOF, MOVEMENTS, FOUND, theme).to_dict())


def test_every_layer_is_where_it_was_measured():
    figure = drawn()
    for way, times in TIMES.items():
        trace = named(figure, way)
        assert [*trace["x"]] == [one.macs / one.bytes for one in FOUND]
        assert [*trace["y"]] == pytest.approx([one.macs / (times[one.id] / 1e3) for one in FOUND])
        assert [unit for unit, _ in trace["customdata"]] == [B0.unit_of(one.id) for one in FOUND]
        assert all(f"{one.macs:,} MACs, {one.bytes:,} bytes" in told for one, (_, told) in zip(FOUND, trace["customdata"]))


def test_kinds_have_shapes_and_ways_are_hollow_or_full():
    plain, fused = (dict(zip((one.operator for one in FOUND), named(drawn(), way)["marker"]["symbol"])) for way in ("plain", "fused"))
    assert len({*fused.values()}) == len(fused) and {kind: symbol + "-open" for kind, symbol in fused.items()} == plain


def test_no_roof_is_higher_than_it_was_measured():
    caches, far = (trace for trace in drawn()["data"] if trace["mode"] == "lines" and trace["line"]["width"] == 2)
    for roof, pace in ((caches, 150e9), (far, 20e9)):
        assert all(y == pytest.approx(min(50e9, pace * x)) for x, y in zip(roof["x"], roof["y"])) and 50e9 / pace in roof["x"]
    (bf16,) = (trace for trace in drawn(faster={"bf16": 99e9})["data"] if trace["mode"] == "lines" and trace["line"]["width"] == 1.5)
    assert {*bf16["y"]} == {99e9} and bf16["x"][0] == pytest.approx(99 / 150)


def test_the_selected_unit_has_a_ring_round_each_of_its_layers():
    (ring,) = (trace for trace in drawn(selected="stages.4.1.se")["data"] if trace.get("marker", {}).get("symbol") == "circle-open")
    mine = [one.intensity for one in FOUND if one.id.startswith("stages.4.1.")]
    assert sorted(ring["x"]) == sorted(2 * mine) and len(mine) == 4


def test_only_the_kinds_and_ways_that_are_asked_for_are_shown():
    figure = draw.roofline(B0, FOUND, ROOF, {"fused": TIMES["fused"]}, kinds=("depthwise",)).to_dict()
    assert len(named(figure, "fused")["x"]) == 16 and not any(trace.get("name") == "plain" for trace in figure["data"])
    lite = published("lite0")
    times = {"fused": dict.fromkeys((layer.id for layer in lite.layers), 1.0)}
    empty = draw.roofline(lite, works(lite), ROOF, times, kinds=("se",)).to_dict()
    assert not named(empty, "fused")["x"]


def test_the_name_of_the_lower_roof_stands_where_fewest_markers_are():
    crowd = [(0.0, 0.0)] * 9
    assert draw._covered(-0.1, 0.05, (-1, 1), (-1, 1), crowd) == 9 == draw._covered(0.5, -0.9, (-1, 1), (-1, 1), crowd)
    assert draw._covered(0.1, 0.05, (-1, 1), (-1, 1), crowd) == 0


def test_shares_are_of_the_whole():
    rows = draw.parts(FOUND, ROOF, TIMES)
    assert [*rows] == ["MACs", "floor", "time, plain", "time, fused"]
    assert all(sum(piece.share for piece in pieces) == pytest.approx(1) for pieces in rows.values())
    pointwise = sum(one.macs for one in FOUND if one.operator == "pointwise")
    assert {piece.name: piece.share for piece in rows["MACs"]}["pointwise"] == pointwise / 385_814_752


def test_memory_has_a_line_per_movement_and_a_tick_per_layer():
    copy, place, ticks = draw.memory(ROOF, MOVEMENTS, FOUND).to_dict()["data"]
    assert [*zip(copy["x"], copy["y"])] == [(65_536, 90e9), (2**28, 12e9)] and [*place["y"]] == [150e9, 20e9]
    assert [*ticks["x"]] == [one.held for one in FOUND]


def test_an_unknown_theme_is_refused():
    memory, parts = (lambda: draw.memory(ROOF, MOVEMENTS, FOUND, "sepia")), (lambda: draw.parts(FOUND, ROOF, TIMES, "sepia"))
    for wrong in (lambda: drawn("sepia"), memory, parts):
        with pytest.raises(UserError, match="no theme 'sepia'"):
            wrong()
