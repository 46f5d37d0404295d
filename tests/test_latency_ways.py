"""A measurement in another way or precision: the same procedure on a network that must answer as the plain one does, and the memory of its passes."""

import json
import math

import pytest
import torch
from torch import nn

from effnet_core import contention, latency, machine
from effnet_core.devices import out_of_memory
from effnet_core.errors import UserError
from effnet_core.families import from_spec
from effnet_core.latency import Latency, measure
from effnet_core.network import build
from effnet_core.speed import needs, trusted
from effnet_core.speed.fused import FusedConvolution
from effnet_core.speed.race import race
from effnet_core.speed.trusted import TOLERANCE
from effnet_core.speed.ways import WAYS, missing

from .test_latency import QUICK, TINY, conditions, hooks, slow_down

LAYERED = [way.key for way in WAYS.values() if way.layered]
MB = 1_000_000
MANY = {**TINY, "side": 64, "classes": 1000}  # of so many logits the greatest does not happen to be small


@pytest.fixture
def network():
    return build(from_spec(TINY), seed=0)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("way", LAYERED)
def test_a_way_that_keeps_layers_apart_is_measured_whole_and_layer_by_layer(way, precision):
    network = build(from_spec(MANY), seed=0)
    found = measure(network, way=way, precision=precision, **QUICK)
    assert (found.way, found.precision, len(found.samples_ms)) == (way, precision, 10)
    assert [*found.layers] == [layer.id for layer in network.architecture.layers] and found.hooked_ms > 0
    if (way, precision) == ("plain", "fp32"):
        assert found.difference is None
    else:
        assert 0 <= found.difference <= TOLERANCE[precision]
    assert precision == "fp32" or found.difference > 1e-4, "it did compute with fewer digits"


@pytest.mark.parametrize("way", ["onnxruntime", "openvino"])
def test_a_runtime_of_others_is_measured_only_whole(network, way):
    if (why := missing(way)) is not None:
        pytest.skip(why)
    found = measure(network, way=way, **QUICK)
    assert (found.layers, found.hooked_ms, found.layers_ms) == ({}, None, None)
    assert found.difference <= TOLERANCE["fp32"] and WAYS[way].package in found.versions and len(found.samples_ms) == 10


def test_other_ways_run_a_copy_and_leave_the_network_as_it_was(network):
    network.train()
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    measure(network, way="fused", **QUICK)
    assert network.training and hooks(network) == 0
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.requires_grad and not parameter.is_inference() for parameter in network.parameters())


def test_the_phase_of_making_ready_is_told(network):
    told = []
    measure(network, way="folded", on_progress=lambda phase, *_: told.append(phase), **QUICK)
    assert [*dict.fromkeys(told)] == ["preparing", "warming up", "measuring", "layers"]


@pytest.mark.parametrize(("answer", "sentence"), [
    (lambda right: right + 0.5 * right.abs().max(), r"they differ by 5\.0e-01 of the greatest, and 1e-04 is allowed. So it was not timed"),
    (lambda right: right * math.nan, "they differ by nan of the greatest"),
])
def test_what_answers_otherwise_is_not_timed(network, monkeypatch, answer, sentence):
    passes = []
    monkeypatch.setattr(trusted, "prepare", lambda own, *_: lambda x: passes.append(1) or answer(own(x)))
    with pytest.raises(UserError, match=f"Our fused path in fp32 gives other logits than the plain network: {sentence}"):
        measure(network, way="fused", **QUICK)
    assert len(passes) == 1, "none that would be timed"


def test_a_runtime_that_fails_in_its_own_words_becomes_a_sentence(network, monkeypatch):
    def fail(x):
        raise ValueError("No such kernel.\nmany more lines")

    monkeypatch.setattr(trusted, "prepare", lambda *_: fail)
    with pytest.raises(UserError, match=r"^ONNX Runtime could not run this network here: No such kernel\.$"):
        measure(network, way="onnxruntime", **QUICK)


def test_running_out_of_memory_while_it_is_made_ready_is_said_as_such(network, monkeypatch):
    def fail(x):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(trusted, "prepare", lambda *_: fail)
    with pytest.raises(UserError, match="cpu ran out of memory"):
        measure(network, way="folded", **QUICK)
    assert not out_of_memory(ValueError("out of memory")) and not out_of_memory(RuntimeError("no such kernel"))


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"way": "magic"}, "There is no way to run 'magic'; there is plain, channels-last,"),
    ({"precision": "fp8"}, "There is no precision 'fp8'; there is fp32, bf16, fp16"),
    ({"precision": "fp16"}, "fp16 is for GPUs; the short format of processors is bf16."),
    ({"way": "fused", "precision": "fp16"}, "fp16 is for GPUs"),
])
def test_ways_that_are_not_here_are_refused(network, wrong, sentence):
    with pytest.raises(UserError, match=sentence):
        measure(network, **QUICK, **wrong)


def test_a_copy_needs_room_for_its_weights_too(network, monkeypatch):
    from effnet_core.speed.needs import memory_needed

    weights, activations = memory_needed(network.architecture)
    monkeypatch.setattr(machine, "memory_available", lambda: activations + weights - 1)
    measure(network, **QUICK)
    with pytest.raises(UserError, match="a smaller batch or network would fit"):
        measure(network, way="folded", **QUICK)
    monkeypatch.setattr(machine, "memory_available", lambda: activations + 2 * weights - 1)
    with pytest.raises(UserError, match="a smaller batch or network would fit"):
        race(network, [("folded", "fp32"), ("channels-last", "fp32")], threads=1, seconds=0.0)


# memory


class Hungry(nn.Module):
    def forward(self, x):
        return x + torch.ones(10 * MB)[:1]  # 40 MB for a moment


def test_the_memory_of_the_passes_is_what_they_hold_at_most(network):
    before = measure(network, memory=True, **QUICK).memory_peak
    network.pool = nn.Sequential(network.pool, Hungry())
    found = measure(network, memory=True, **QUICK)
    if found.memory_peak is None:
        pytest.skip("this system does not tell")
    assert before < 20 * MB and 39 * MB < found.memory_peak < 60 * MB


def test_memory_is_weighed_last_with_the_settings_of_the_passes_and_only_where_it_is_asked_for(network, monkeypatch):
    before, seen = torch.get_num_threads(), []
    network.register_forward_hook(lambda *_: seen.append((torch.is_inference_mode_enabled(), torch.get_num_threads())))
    genuine, weighed = latency.peak_bytes, []
    monkeypatch.setattr(latency, "peak_bytes", lambda work, device: (weighed.append(len(seen)), genuine(work, device))[1])
    measure(network, **QUICK)
    assert not weighed and {*seen} == {(True, 1)}
    seen.clear()
    found = measure(network, memory=True, **QUICK)
    assert weighed == [len(seen) - 1] == [found.warmup + len(found.samples_ms) + needs.LAYER_REPEATS], "nothing is timed after it"
    assert {*seen} == {(True, 1)} and torch.get_num_threads() == before


@pytest.mark.parametrize("way", [way.key for way in WAYS.values() if way.package])
def test_the_memory_of_a_runtime_that_keeps_it_is_not_told(network, way):
    if (why := missing(way)) is not None:
        pytest.skip(why)
    assert measure(network, way=way, memory=True, **QUICK).memory_peak is None


# the record


def test_an_older_record_is_one_of_the_plain_way(network):
    record = measure(network, **QUICK).to_dict()
    new = ("way", "precision", "difference", "memory_peak", "settled")
    old = Latency.from_dict({key: value for key, value in record.items() if key not in new})
    assert [getattr(old, key) for key in new] == ["plain", "fp32", None, None, None]


@pytest.mark.parametrize(("times", "settled"), [
    ([50.0, 30.0, 10.0, 10.0, 10.0, 10.1, 10.0], True),
    ([10.0] * 5, False),
    ([10.0, 10.0, 10.0, 10.2, 10.2, 10.2], False),
    ([10.0, 10.0, 10.0, 10.19, 10.19, 10.19], True),
    ([10.0 * 0.9**i for i in range(60)], False),
])
def test_whether_a_warm_up_settled_is_known(times, settled):
    assert needs.settled(times) is settled


def test_a_fixed_warm_up_says_nothing_of_settling(network):
    assert measure(network, **QUICK).settled is None
    assert measure(network, seconds=0.0, threads=1).settled in (True, False)


def test_a_thread_that_sleeps_while_others_work_is_no_complaint():
    assert contention.complaints(conditions(thread_share=None), 2, True, 1.0) == []


@pytest.mark.skipif(machine.cores() < 2 or missing("onnxruntime") is not None, reason="needs two cores and ONNX Runtime")
def test_the_share_of_the_measuring_thread_is_unknown_where_a_runtime_has_threads_of_its_own(network):
    assert measure(network, way="onnxruntime", **{**QUICK, "threads": 2}).conditions["thread_share"] is None
    assert measure(network, way="onnxruntime", **QUICK).conditions["thread_share"] is not None


def test_the_command_takes_a_way_and_a_precision(capsys):
    from effnet_core.cli import main
    from effnet_core.cli.latency import table

    asked = ["latency", "--spec", json.dumps(MANY), "--seconds", "0", "--threads", "1"]
    assert main([*asked, "--way", "fused", "--precision", "bf16", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["way"], record["precision"]) == ("fused", "bf16")
    assert f"Our fused path, bf16, logits within {record['difference']:.1e} of the plain network's" in table(record)
    assert "cannot be told here" in table({**record, "memory_peak": None}) and "12.3 MB at most" in table({**record, "memory_peak": 12_300_000})
    assert main([*asked, "--precision", "fp16"]) == 1 and "fp16 is for GPUs" in capsys.readouterr().err


def test_layers_of_another_way_are_timed_where_they_are(network, monkeypatch):
    def slow(own, *rest):
        module = prepare(own, *rest)
        slow_down(module.get_submodule("stages.2.0.depthwise"), 0.03)
        return module

    prepare = trusted.prepare
    monkeypatch.setattr(trusted, "prepare", slow)
    found = measure(network, way="folded", **QUICK)
    assert max(found.layers, key=found.layers.get) == "stages.2.0.depthwise" and found.layers["stages.2.0.depthwise"] >= 30


def test_the_memory_is_that_of_the_way_and_not_of_the_plain_network(network, monkeypatch):
    network.register_forward_hook(lambda *_: plain.append(torch.ones(10 * MB)))
    plain, genuine = [], trusted.prepare
    monkeypatch.setattr(trusted, "prepare", lambda own, *rest: genuine(build(from_spec(TINY), seed=0).eval(), *rest))
    found = measure(network, way="folded", memory=True, **QUICK)
    assert len(plain) == 1 and (found.memory_peak is None or found.memory_peak < 20 * MB)


def test_weights_of_the_fused_path_are_made_before_its_first_pass(network):
    run = trusted.prepare(network, "fused", "fp32", torch.ones(1, *network.architecture.input), 1)
    parts = [part for part in run.modules() if isinstance(part, FusedConvolution)]
    assert parts and all(len(part._fitted) == 1 for part in parts)
