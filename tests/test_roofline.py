"""The roofline: bytes and intensities by hand, what a roof promises, and the measured record."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from effnet_core import devices, machine
from effnet_core.errors import UserError
from effnet_core.families import from_spec, published
from effnet_core.lessons.convolution import Convolution
from effnet_core.network import build
from effnet_core.speed import intensity, roofline
from effnet_core.speed.intensity import Roof, Work, attainable, bound, floor_s, moved, network_floor_s, roof_of, shares, works

TINY = {"name": "tiny", "family": "small", "depth": 0.3, "width": 0.25, "side": 16, "dropout": 0.0, "classes": 4}
B0 = {one.id: one for one in works(published("b0"))}
TABLE_1 = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1))
ROOF = Roof(100.0, ((1_000, 50.0), (10_000, 80.0), (100_000, 10.0)))


# what a layer must compute and move


@pytest.mark.parametrize("layer, macs, numbers, again", [
    ("stem", 27 * 32 * 112**2, 3 * 224**2 + 32 * 112**2 + 27 * 32 + 32, 0),
    ("stages.1.0.expand", 16 * 96 * 112**2, 16 * 112**2 + 96 * 112**2 + 16 * 96 + 96, 0),
    ("stages.1.0.depthwise", 9 * 96 * 56**2, 96 * 112**2 + 96 * 56**2 + 9 * 96 + 96, 0),
    ("stages.1.0.se", 2 * 96 * 4, 2 * 96 * 56**2 + 2 * 96 * 4 + 4 + 96, 96 * 56**2),
    ("stages.1.0.project", 96 * 24 * 56**2, 96 * 56**2 + 24 * 56**2 + 96 * 24 + 24, 0),
    ("classifier", 1280 * 1000, 1280 + 1000 + 1280 * 1000 + 1000, 0),
])
def test_a_layer_by_hand(layer, macs, numbers, again):
    one = B0[layer]
    assert (one.macs, one.bytes, one.held) == (macs, 4 * (numbers + again), 4 * numbers)
    assert one.intensity == macs / (4 * (numbers + again))


def test_the_whole_of_b0_from_the_papers_table():
    """Table 1: stem, seven stages, head; a bias per channel where batch norm was, and SE's two."""
    side, width, numbers = 112, 32, 3 * 224**2 + 32 * 112**2 + 27 * 32 + 32
    for expand, kernel, stride, channels, repeats in TABLE_1:
        for place in range(repeats):
            middle, squeeze, after = expand * width, width // 4, side // (stride if place == 0 else 1)
            numbers += (width * side**2 + middle * side**2 + width * middle + middle) * (expand > 1)
            numbers += middle * side**2 + middle * after**2 + kernel**2 * middle + middle
            numbers += 3 * middle * after**2 + 2 * middle * squeeze + squeeze + middle
            numbers += middle * after**2 + channels * after**2 + middle * channels + channels
            side, width = after, channels
    numbers += 320 * 49 + 1280 * 49 + 320 * 1280 + 1280 + 1280 + 1000 + 1280 * 1000 + 1000
    assert sum(one.bytes for one in B0.values()) == 4 * numbers == 103_010_416
    assert sum(one.macs for one in B0.values()) == 385_814_752


def test_a_batch_shares_the_weights_and_a_short_format_halves_all():
    for name in ("b0", "resnet50", "lite0"):
        one, eight, short = works(published(name)), works(published(name), 8), works(published(name), 8, "bf16")
        for alone, batch, half in zip(one, eight, short):
            assert batch.macs == 8 * alone.macs == half.macs and batch.bytes == 2 * half.bytes and batch.held == 2 * half.held
            assert alone.bytes < batch.bytes <= 8 * alone.bytes
    with pytest.raises(UserError, match="no precision 'int4'"):
        works(published("b0"), 1, "int4")


def test_max_pooling_moves_and_computes_nothing():
    pool = next(one for one in works(published("resnet50")) if one.id == "maxpool")
    assert (pool.macs, pool.bytes) == (0, 4 * (64 * 112**2 + 64 * 56**2)) and bound(pool, ROOF) == "memory"


def test_a_lessons_convolution_moves_what_a_layer_does_but_for_the_bias():
    assert Convolution(16, 96, 1, 112).bytes + 4 * 96 == B0["stages.1.0.expand"].bytes
    assert moved(10, 3, 5, 2) == 2 * (5 * 10 + 3)


# what a roof promises


@pytest.mark.parametrize("held, pace", [
    (0, 80.0), (500, 80.0), (1_000, 80.0), (10_000, 80.0), (99_999, 80.0), (100_000, 10.0), (10**9, 10.0)])
def test_a_size_gets_the_best_pace_from_the_one_below_it_upwards(held, pace):
    assert ROOF.bandwidth(held) == pace and (ROOF.cache, ROOF.main_memory) == (80.0, 10.0)


positive = st.floats(1e-3, 1e12)
roofs = st.builds(lambda rate, paces: Roof(rate, tuple((4**place, pace) for place, pace in enumerate(paces, 8))),
                  positive, st.lists(positive, min_size=1, max_size=6))


@given(roofs, st.integers(0, 10**12), st.integers(1, 10**9), st.integers(1, 10**9))
def test_nothing_is_above_a_roof(roof, macs, size, held):
    one = Work("x", "conv", macs, size, held)
    most = attainable(one.intensity, roof, held)
    assert most <= roof.rate and most <= one.intensity * roof.bandwidth(held) <= one.intensity * roof.cache
    assert floor_s(one, roof) * most == pytest.approx(macs) and roof.bandwidth(held) >= roof.bandwidth(4 * held) >= roof.main_memory
    assert bound(one, roof) == ("multiplier" if floor_s(one, roof) == macs / roof.rate else "memory")


def test_the_floor_of_a_network_is_the_sum_of_the_longer_times():
    found = [Work("a", "pointwise", 1000, 80, 80), Work("b", "depthwise", 100, 400, 400), Work("c", "se", 0, 1_000_000, 200_000)]
    assert [floor_s(one, ROOF) for one in found] == [10.0, 5.0, 100_000.0] and network_floor_s(found, ROOF) == 100_015.0
    assert [bound(one, ROOF) for one in found] == ["multiplier", "memory", "memory"]


@pytest.mark.parametrize("times, said", [
    ({"a": 10_000, "b": 5_000}, ("multiplier", "memory")), ({"a": 20_001, "b": 10_001}, ("neither", "neither"))])
def test_what_holds_up_a_kind(times, said):
    found = [Work("a", "pointwise", 1000, 80, 80), Work("b", "depthwise", 100, 400, 400)]
    kinds = shares(found, ROOF, times)
    assert (kinds["pointwise"].held_up, kinds["depthwise"].held_up) == said
    assert kinds["pointwise"].macs == 10 / 11 and kinds["pointwise"].floor == 2 / 3
    assert kinds["depthwise"].reached == pytest.approx(5e3 / times["b"]) and kinds["depthwise"].time == times["b"] / sum(times.values())
    with pytest.raises(UserError, match="no measured time of b"):
        shares(found, ROOF, {"a": 1.0})


def test_the_roof_is_the_best_that_was_measured():
    told = {"products": [{"precision": name, "macs_per_s": rate} for name, rate in (("fp32", 3.0), ("fp32", 5.0), ("bf16", 9.0))],
            "movements": [{"held": 64, "bytes_per_s": 2.0}, {"held": 8, "bytes_per_s": 4.0}, {"held": 64, "bytes_per_s": 7.0}]}
    assert roof_of(told) == Roof(5.0, ((8, 4.0), (64, 7.0))) and roof_of(told, "bf16").rate == 9.0 and roof_of(told, "fp16") is None


# what is measured


@pytest.fixture
def small(monkeypatch):
    """Sizes that take no time."""
    monkeypatch.setattr(roofline, "SIDES", {"cpu": (32, 64), "gpu": (64,)})
    monkeypatch.setattr(roofline, "HELD", (2**14, 2**16))
    monkeypatch.setattr(roofline, "AT_LEAST", 2**17)


def test_the_record_has_the_roofs_and_every_layer_under_them(small):
    network = build(from_spec(TINY), seed=0).train()
    said, threads = [], torch.get_num_threads()
    record = roofline.measure(network, batch=2, threads=1, seconds=0.0, on_progress=lambda *told: said.append(told))
    assert json.loads(json.dumps(record)) == record
    assert (record["network"], record["batch"], record["threads"], record["device"]) == (TINY, 2, 1, "cpu")
    assert record["machine"] == machine.describe() and record["versions"] == devices.versions("cpu")
    products, movements = record["roofs"]["products"], record["roofs"]["movements"]
    asked = [(name, side) for name in roofline.precisions("cpu") for side in (32, 64)]
    assert [(row["precision"], row["side"]) for row in products] == asked
    assert [(row["kind"], row["held"], row["moved"]) for row in movements] == [
        ("copy", 2**14, 2**14), ("in place", 2**14, 2**15), ("copy", 2**16, 2**16), ("in place", 2**16, 2**17)]
    assert all(row["macs_per_s"] == pytest.approx(row["side"]**3 / row["median_ms"] * 1e3) and row["median_ms"] > 0 for row in products)
    assert all(row["bytes_per_s"] == pytest.approx(row["moved"] / row["median_ms"] * 1e3) and row["median_ms"] > 0 for row in movements)
    for way in ("plain", "fused"):
        assert {*record["ways"][way]["layers"]} == {layer.id for layer in network.architecture.layers} and record["ways"][way]["batch"] == 2
        assert record["ways"][way]["way"] == way and (record["ways"][way]["difference"] is None) == (way == "plain"), "only what agrees is timed"
    roof = roof_of(record["roofs"])
    assert roof.rate > 0 and roof.cache >= roof.main_memory > 0
    assert [*dict.fromkeys(phase for phase, _, _ in said)] == ["roofs", "plain", "fused"]
    for phase in ("roofs", "plain", "fused"):
        parts = [done for name, done, _ in said if name == phase]
        assert parts == sorted(parts) and parts[0] >= 0 and parts[-1] == 1
    assert network.training and torch.get_num_threads() == threads
    assert record["steady"] == all(part["steady"] for part in (record["roofs"], *record["ways"].values()))


def test_it_can_be_stopped_and_refuses_what_is_not_there(small):
    network = build(from_spec(TINY), seed=0)
    with pytest.raises(UserError, match="stopped"):
        roofline.measure(network, threads=1, should_stop=lambda: True)
    for wrong, sentence in (({"device": "abacus"}, "no device 'abacus'"), ({"batch": 0}, "batch"), ({"threads": 10_000}, "threads"),
                            ({"seconds": -1.0}, "time")):
        with pytest.raises(UserError, match=sentence):
            roofline.measure(network, **{"threads": 1, **wrong})


def test_too_little_memory_is_a_sentence_and_little_leaves_the_largest_arrays_out(small, monkeypatch):
    monkeypatch.setattr(machine, "memory_available", lambda: 70_000)
    with pytest.raises(UserError, match="Measuring the roofs of cpu needs about 0.00 GB, and 0.00 GB of memory are free"):
        roofline.roofs("cpu", 1, 0.0)
    assert [task.told["held"] for task in roofline._movements("cpu", 4 * 2**16 - 1)] == [2**14, 2**14]


def test_a_note_says_which_part_was_disturbed():
    assert roofline._note({}) is None
    assert roofline._note({"the fused path": "A."}) == "While the fused path was measured: A."
    assert roofline._note({"x": "A.", "y": "B.", "z": "C."}) == "While x was measured: A. Likewise for y and z."


def test_the_command_says_it_in_json_and_as_a_table(small, capsys):
    from effnet_core.cli import main
    from effnet_core.cli.roofline import table

    assert main(["roofline", "--spec", json.dumps(TINY), "--threads", "1", "--seconds", "0", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    floor = network_floor_s(works(from_spec(TINY)), roof_of(record["roofs"]))
    text = table({**record, "note": "A word of caution."})
    assert f"{record['ways']['fused']['median_ms'] / 1e3 / floor:.2f} times the floor" in text and text.endswith("A word of caution.")
    assert main(["roofline", "b0", "--device", "abacus", "--json"]) == 1


def test_multiply_adds_for_each_byte_are_of_all_layers_of_a_kind():
    found = intensity.works(published("b0"), 8, "bf16")
    told = intensity.per_byte(found)
    kinds = {one.operator for one in found}
    assert told == {kind: sum(one.macs for one in found if one.operator == kind) / sum(one.bytes for one in found if one.operator == kind) for kind in kinds}
    assert told["se"] < told["depthwise"] < told["pointwise"]
