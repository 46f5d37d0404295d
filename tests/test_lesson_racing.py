"""Convolutions against the clock: the procedure, with a clock that counts calls, and the arithmetic exactly; never a speed."""

import json
import statistics
from itertools import count

import pytest
import torch
from torch.nn import functional as F

from effnet_core import machine
from effnet_core.cli import main
from effnet_core.cli.convolutions import table
from effnet_core.errors import UserError
from effnet_core.lessons import racing
from effnet_core.lessons.convolution import Convolution
from effnet_core.lessons.separable import Separable

SMALL = Separable(6, 4, 3, 9, 2)
QUICK = {"threads": 1, "seconds": 0.0}


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("side, kernel, stride", [(9, 3, 1), (9, 3, 2), (8, 3, 2), (8, 5, 2), (10, 7, 3)])
def test_what_is_timed_is_the_convolution(side, kernel, stride, padding):
    shape = Convolution(6, 6, kernel, side, stride, padding, 3)
    module, x = racing.built((shape,)), torch.randn(2, 6, side, side)
    before, after = shape.zeros
    expected = F.conv2d(F.pad(x, (before, after, before, after)), module.convolution.weight, stride=stride, groups=3)
    assert torch.allclose(module(x), expected, atol=1e-6) and module(x).shape[-1] == shape.cells


def test_the_ways_run_in_turn_and_the_figures_follow_from_the_times(monkeypatch):
    order, clock = [], count()

    def timed(module, x):
        order.append((type(module).__name__, tuple(x.shape)))
        assert not module.training and torch.is_inference_mode_enabled()
        return float(next(clock) % 6 + 1)  # standard takes 1 ms, depthwise 2, pointwise 3, the pair 4, a call 5, a copy 6

    monkeypatch.setattr(racing, "pass_ms", timed)
    record = racing.race(SMALL.ways, batch=2, **QUICK)
    round_ = [("Padded", (2, 6, 9, 9)), ("Padded", (2, 6, 9, 9)), ("Padded", (2, 6, 5, 5)), ("Sequential", (2, 6, 9, 9)), ("Padded", (2, 1, 1, 1)),
              ("Copy", (2, 6, 9, 9))]
    assert order == round_ * (len(order) // 6) and len(order) == 6 * (record["warmup"] + record["ways"]["pair"]["rounds"])
    assert record["ways"]["pair"]["rounds"] >= racing.ROUNDS
    for ms, (name, way) in enumerate(SMALL.ways.items(), 1):
        found = record["ways"][name]
        assert found["median_ms"] == found["p10_ms"] == found["p90_ms"] == ms
        assert found["macs"] == sum(shape.macs for shape in way) and found["macs_per_s"] == 1e3 * 2 * found["macs"] / ms
        kernels = sum(shape.params for shape in way)
        assert found["bytes"] == 2 * sum(shape.bytes for shape in way) - 4 * kernels  # kernels are read once for both images
    assert (record["call_ms"], record["copy_ms"], record["copy_bytes"]) == (5, 6, 2 * 4 * 2 * 6 * 81)
    assert record["copied_per_s"] == 1e3 * record["copy_bytes"] / 6


def test_a_real_race_says_where_and_how(monkeypatch):
    threads, told = torch.get_num_threads(), []
    record = racing.race(SMALL.ways, **QUICK, on_progress=lambda *event: told.append(event))
    assert json.loads(json.dumps(record)) == record and torch.get_num_threads() == threads
    assert record["device"] == "cpu" and record["threads"] == record["batch"] == 1 and record["machine"] == machine.describe()
    assert all(0 < way["p10_ms"] <= way["median_ms"] <= way["p90_ms"] for way in record["ways"].values())
    assert [*dict.fromkeys(phase for phase, *_ in told)] == ["warming up", "measuring"] and told[-1][1] == 1.0
    assert record["steady"] == (record["note"] is None)


def test_disturbed_times_say_so(monkeypatch):
    clock = count()
    monkeypatch.setattr(racing, "pass_ms", lambda module, x: 9.0 if next(clock) % 24 == 0 else 1.0)  # every fourth pass of the standard convolution
    record = racing.race(SMALL.ways, **QUICK)
    assert not record["steady"] and "One pass in ten took 9.0 times the median" in record["note"]
    assert statistics.median([1.0, 9.0, 1.0]) == record["ways"]["standard"]["median_ms"]


@pytest.mark.parametrize("wrong, says", [({"device": "abacus"}, "no device 'abacus'"), ({"batch": 0}, "The batch"), ({"threads": 0}, "threads"),
                                         ({"seconds": -1.0}, "measuring time")])
def test_the_impossible_is_refused(wrong, says):
    with pytest.raises(UserError, match=says):
        racing.race(SMALL.ways, **{**QUICK, **wrong})


def test_too_little_memory_is_said_before_it_runs_out(monkeypatch):
    ways = SMALL.ways
    maps = 4 * (6 * 81 * 3 + 6 * 25)  # standard, depthwise and pair read 6 × 9 × 9, pointwise 6 × 5 × 5
    kernels = 4 * (9 * 24 + 9 * 6 + 24 + 9 * 6 + 24)
    assert racing.memory_needed(ways, 1) == maps + kernels + 2 * 4 * 6 * 81 + 2 * SMALL.standard.bytes
    monkeypatch.setattr(machine, "memory_available", lambda: racing.memory_needed(ways, 1) - 1)
    with pytest.raises(UserError, match="fewer channels"):
        racing.race(ways, **QUICK)


def test_it_stops_when_asked():
    with pytest.raises(UserError, match="stopped"):
        racing.race(SMALL.ways, **QUICK, should_stop=lambda: True)


ARGS = ["convolutions", "--inputs", "6", "--outputs", "4", "--kernel", "3", "--side", "9", "--stride", "2", "--threads", "1", "--seconds", "0"]


def test_the_command_prints_one_json_object_or_a_table(capsys):
    assert main([*ARGS, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert Separable(**record["shape"]) == SMALL and [*record["ways"]] == ["standard", "depthwise", "pointwise", "pair"]
    text = table({**record, "note": "A word of caution."})
    assert f"{record['ways']['pair']['median_ms']:.4f} ms" in text and f"{float(SMALL.ratio):.4f} of the MACs" in text
    assert text.endswith("A word of caution.")
    assert main([*ARGS[:2], "0", *ARGS[3:]]) == 1 and "inputs of a convolution" in capsys.readouterr().err
