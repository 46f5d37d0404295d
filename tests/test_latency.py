"""Measurements: the arithmetic exactly, the procedure on networks whose layers take a known time, never a speed."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from effnet_core import contention, latency, machine, timing
from effnet_core.cost import cost
from effnet_core.devices import check_memory, devices, find_device
from effnet_core.errors import UserError
from effnet_core.families import from_spec, published
from effnet_core.latency import Latency, measure
from effnet_core.network import build
from effnet_core.speed import needs
from effnet_core.speed.needs import memory_needed
from effnet_core.timing import percentile

ROOT = Path(__file__).resolve().parents[1]
TINY = {"name": "tiny", "family": "small", "depth": 0.3, "width": 0.25, "side": 16, "dropout": 0.0, "classes": 4}
QUICK = {"seconds": 0.0, "warmup": 1, "threads": 1}
GB = 1e9


@pytest.fixture
def network():
    return build(from_spec(TINY), seed=0)


def hooks(network) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules())


def slow_down(module, seconds: float) -> None:
    forward = module.forward

    def sleepy(x):
        time.sleep(seconds)
        return forward(x)

    module.forward = sleepy


# the arithmetic


@pytest.mark.parametrize("percent", [0, 10, 37, 50, 90, 100])
@pytest.mark.parametrize("values", [[3.0], [2.0, 1.0], [5.0, 1.0, 4.0, 2.0, 3.0], [0.5] * 7, [9.0, 1.5, 8.25, 7.0, 3.0, 2.0]])
def test_percentiles_are_numpys(values, percent):
    assert percentile(tuple(values), percent) == pytest.approx(np.percentile(values, percent), rel=1e-12)


def test_a_warm_up_ends_when_passes_stop_getting_faster():
    falling = [100 * 0.8**i for i in range(20)]
    assert all(timing.warming(falling[:n]) < 1 for n in range(20))
    assert timing.warming([50.0, 30.0, 20.0, 10.0, 10.0, 10.0]) < 1
    assert timing.warming([50.0, 30.0, 10.1, 10.0, 10.0, 10.1, 10.0]) == 1
    assert timing.warming([10.0] * 5) < 1


def test_a_warm_up_ends_at_its_limits_whatever_happens():
    restless = [10.0 * 0.9**i for i in range(60)]
    assert timing.warming(restless[:59]) < 1 <= timing.warming(restless)
    assert timing.warming([12_000.0]) >= 1


@pytest.mark.parametrize(("times", "seconds", "done"), [
    ([1.0] * 9, 0.0, False),
    ([1.0] * 10, 0.0, True),
    ([100.0] * 10, 2.0, False),
    ([100.0] * 20, 2.0, True),
    ([1_000.0] * 9, 2.0, False),
    ([1_000.0] * 10, 2.0, True),
    ([20_000.0] * 2, 2.0, False),
    ([20_000.0] * 3, 2.0, True),
    ([20_000.0] * 3, 100.0, False),
    ([20_000.0] * 5, 100.0, True),
    ([0.01] * 4_999, 2.0, False),
    ([0.01] * 5_000, 2.0, True),
])
def test_a_measurement_is_long_enough_and_has_enough_passes_but_not_too_many(times, seconds, done):
    assert (timing.sampling(times, 10, seconds) >= 1) is done


def test_progress_grows_and_never_reaches_the_end_early():
    told = [timing.sampling([100.0] * n, 10, 2.0) for n in range(21)]
    assert told == sorted(told) and told[0] == 0 and told[10] == pytest.approx(0.5) and told[20] == 1


# what disturbs


def conditions(**changed) -> dict:
    return {"thread_share": 1.0, "cores_used": 1.0, "cores_others": 0.0, "preemptions": 2.0, **changed}


def test_the_share_of_the_cores_is_taken_from_the_clocks():
    before = contention.Reading(10.0, 1.0, 2.0, 100.0, 5)
    after = contention.Reading(14.0, 4.0, 8.0, 112.0, 25)
    assert contention.between(before, after) == {"thread_share": 0.75, "cores_used": 1.5, "cores_others": 1.5, "preemptions": 5.0}
    unknown = contention.between(before._replace(busy=None, preemptions=None), after)
    assert unknown["cores_others"] is None and unknown["preemptions"] is None


def test_a_quiet_machine_raises_no_complaint():
    assert contention.complaints(conditions(), 1, True, 1.1) == []
    assert contention.complaints(conditions(cores_others=None, preemptions=None), 1, True, 1.1) == []


@pytest.mark.parametrize(("changed", "spread", "sentence"), [
    ({}, 1.62, "One pass in ten took 1.6 times the median or longer."),
    ({"thread_share": 0.58}, 1.0, "The measuring thread had a core only 58 % of the time."),
    ({"cores_others": 2.4}, 1.0, "Other work kept 2.4 of 4 cores busy meanwhile."),
    ({"preemptions": 300.0}, 1.0, "The process was interrupted 300 times a second."),
])
def test_every_disturbance_has_its_sentence(monkeypatch, changed, spread, sentence):
    monkeypatch.setattr(contention.psutil, "cpu_count", lambda: 4)
    assert contention.complaints(conditions(**changed), 2, True, spread) == [sentence]


def test_on_a_gpu_the_processor_may_be_busy_with_other_things():
    assert contention.complaints(conditions(thread_share=0.2, cores_others=9.0, preemptions=900.0), 1, False, 1.0) == []


# the procedure


def test_a_measurement_says_what_it_measured(network):
    found = measure(network, batch=2, **QUICK)
    total = cost(network.architecture)
    assert (found.name, found.side, found.batch, found.threads, found.device) == ("tiny", 16, 2, 1, "cpu")
    assert (found.parameters, found.macs) == (total.params, total.macs)
    assert found.network == TINY and found.warmup == 1
    assert len(found.samples_ms) == 10
    assert 0 < found.p10_ms <= found.median_ms <= found.p90_ms
    assert found.median_ms == statistics.median(found.samples_ms)
    assert found.images_per_second == pytest.approx(2e3 / found.median_ms)
    assert found.machine == machine.describe()
    assert found.versions == {"torch": torch.__version__}
    assert found.steady is (found.note is None)


def test_layers_are_those_of_the_architecture_and_their_order_is_right(network):
    slow_down(network.get_submodule("stages.2.0.depthwise"), 0.03)
    slow_down(network.get_submodule("stages.4.0.se"), 0.06)
    found = measure(network, **QUICK)
    assert [*found.layers] == [layer.id for layer in network.architecture.layers]
    assert sorted(found.layers, key=found.layers.get)[-2:] == ["stages.2.0.depthwise", "stages.4.0.se"]
    assert found.layers["stages.2.0.depthwise"] >= 30 and found.layers["stages.4.0.se"] >= 60
    assert found.layers_ms == pytest.approx(sum(found.layers.values()))
    assert found.median_ms >= 90 and found.hooked_ms >= 90


def test_time_outside_the_layers_is_in_no_layer(network):
    slow_down(network.pool, 0.05)
    found = measure(network, **QUICK)
    assert found.hooked_ms - found.layers_ms >= 25


def test_layers_can_be_left_out(network):
    found = measure(network, layers=False, **QUICK)
    assert (found.layers, found.hooked_ms, found.layers_ms) == ({}, None, None)


def test_a_fixed_warm_up_may_be_none_at_all(network):
    assert measure(network, layers=False, **{**QUICK, "warmup": 0}).warmup == 0


def test_the_network_is_left_as_it_was(network):
    network.train()
    network.stages[0].eval()
    modes = [module.training for module in network.modules()]
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    before = hooks(network)
    measure(network, **QUICK)
    assert [module.training for module in network.modules()] == modes
    assert hooks(network) == before
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.requires_grad and not parameter.is_inference() for parameter in network.parameters())


def test_outputs_are_the_same_with_and_without_clocks(network):
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    network.eval()
    with torch.inference_mode():
        plain = network(x)
        with timing.marked(network, [layer.id for layer in network.architecture.layers], x.device) as times:
            watched = network(x)
            network(x)
            assert {len(series) for series in times().values()} == {2}
    assert torch.equal(plain, watched)


def test_passes_are_in_eval_and_inference_mode_on_the_same_images(network):
    seen = []
    network.register_forward_pre_hook(lambda module, inputs: seen.append((module.training, inputs[0].is_inference(), inputs[0].clone())))
    measure(network, layers=False, **QUICK)
    measure(network, layers=False, **QUICK)
    assert not any(training for training, *_ in seen) and all(inference for _, inference, _ in seen)
    assert len(seen) == 22 and all(torch.equal(x, seen[0][2]) for *_, x in seen)


def test_the_global_random_state_is_left_alone(network):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    measure(network, layers=False, **QUICK)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.skipif(machine.cores() < 2, reason="needs two usable cores")
def test_threads_are_set_while_measuring_and_restored(network):
    before, seen = torch.get_num_threads(), []
    network.register_forward_pre_hook(lambda *_: seen.append(torch.get_num_threads()))
    for threads in (1, 2):
        assert measure(network, layers=False, **{**QUICK, "threads": threads}).threads == threads
    assert seen == [1] * 11 + [2] * 11 and torch.get_num_threads() == before
    assert measure(network, layers=False, seconds=0.0, warmup=0).threads == machine.cores()


def test_everything_is_restored_when_a_pass_fails(network):
    before, threads = hooks(network), torch.get_num_threads()
    network.classifier.forward = lambda x: (_ for _ in ()).throw(KeyError("no such thing"))
    with pytest.raises(KeyError):
        measure(network, **QUICK)
    assert hooks(network) == before and torch.get_num_threads() == threads and network.training


@pytest.mark.parametrize("phase", ["warming up", "measuring", "layers"])
def test_it_stops_between_two_passes_of_any_phase(network, phase):
    seen = []
    with pytest.raises(UserError, match="stopped before it was complete"):
        measure(network, on_progress=lambda name, *_: seen.append(name), should_stop=lambda: phase in seen, **QUICK)
    assert seen[-1] == phase and hooks(network) == 0 and network.training


def test_progress_names_the_phases_in_order_and_rises_to_one(network):
    told = []
    measure(network, on_progress=lambda *event: told.append(event), **QUICK)
    assert [*dict.fromkeys(phase for phase, *_ in told)] == ["warming up", "measuring", "layers"]
    for name in ("warming up", "measuring", "layers"):
        fractions = [fraction for phase, fraction, _ in told if phase == name]
        assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert told[0][2] is None and told[-1][2] > 0


def test_a_network_that_takes_very_long_is_measured_a_few_times_and_says_so(network, monkeypatch):
    monkeypatch.setattr(needs, "PATIENCE_S", 0.02)
    slow_down(network.pool, 0.02)
    found = measure(network, **QUICK)
    assert len(found.samples_ms) == 3
    assert "Only 3 passes" in found.note


@pytest.mark.parametrize("ms", [0.2, 3.0, 40.0, 250.0, 1_999.0, 2_000.0, 4_000.0, 11_000.0, 70_000.0])
@pytest.mark.parametrize(("seconds", "layers"), [(2.0, True), (10.0, True), (0.0, False), (60.0, False)])
def test_how_many_passes_there_will_be_is_known_before(ms, seconds, layers):
    """Of equal passes, counted by the procedure itself."""
    def counted(fraction):
        return len(timing.repeat(lambda: ms, fraction, "measuring"))

    found = counted(timing.warming) + counted(lambda times: timing.sampling(times, needs.REPEATS, seconds))
    if layers:
        found += counted(lambda times: timing.sampling(times, needs.LAYER_REPEATS, seconds * needs.LAYER_SHARE))
    assert needs.passes(ms, seconds, layers) == found
    assert needs.seconds_needed(ms, seconds, layers) == pytest.approx(found * ms / 1e3)


def test_what_would_not_end_in_time_is_refused(capsys):
    from effnet_core.cli import main

    needs.check_time(60_000.0, 2.0, True, 420.0)  # 1 to warm up, 3 whole, 3 layer by layer
    with pytest.raises(UserError, match=r"One pass takes 60 s, so that a measurement would take about 420 s, and it may take 419 s\. A smaller"):
        needs.check_time(60_000.0, 2.0, True, 419.0)
    assert main(["latency", "--spec", json.dumps(TINY), "--seconds", "2", "--threads", "1", "--limit", "1"]) != 0
    assert "and it may take 1 s. A smaller batch" in capsys.readouterr().err


def test_a_record_survives_json(network):
    found = measure(network, **QUICK)
    record = json.loads(json.dumps(found.to_dict()))
    assert Latency.from_dict(record) == found
    assert record["median_ms"] == found.median_ms and record["images_per_second"] == found.images_per_second


def test_a_record_that_lacks_something_is_refused():
    with pytest.raises(UserError, match="it lacks network, device,"):
        Latency.from_dict({"batch": 1})


# what is refused


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"batch": 0}, "The batch is 0"),
    ({"batch": 1.5}, "The batch is 1.5"),
    ({"threads": 0}, "The number of threads is 0"),
    ({"threads": machine.cores() + 1}, "The number of threads is"),
    ({"seconds": -1}, "The measuring time is -1"),
    ({"seconds": float("nan")}, "The measuring time is nan"),
    ({"warmup": -1}, "The number of warm-up passes is -1"),
    ({"device": "abacus"}, "There is no device 'abacus' here; there is cpu"),
    ({"device": "cuda:99"}, "There is no device 'cuda:99' here"),
])
def test_impossible_wishes_are_refused(network, wrong, sentence):
    with pytest.raises(UserError, match=sentence):
        measure(network, **{**QUICK, **wrong})


def test_a_network_without_weights_is_refused():
    with pytest.raises(UserError, match="tiny has no weights yet"):
        measure(build(from_spec(TINY), initialised=False), **QUICK)


def test_memory_is_counted_by_hand_for_b0():
    """The hungriest layer is the first depthwise convolution of stage 1: 96 × 112² in, 96 × 56² out, the block's input 16 × 112²."""
    weights, activations = memory_needed(published("b0"), 8)
    assert weights == 4 * 5_288_548
    assert activations == 4 * 8 * (3 * 96 * 112**2 + 2 * 96 * 56**2 + 16 * 112**2)


def test_too_little_memory_is_refused_with_both_numbers(network, monkeypatch):
    b7 = published("b7")
    needed = sum(memory_needed(b7, 64)) / GB
    monkeypatch.setattr(machine, "memory_available", lambda: 2_500_000_000)
    with pytest.raises(UserError, match=rf"EfficientNet-B7 with a batch of 64 needs about {needed:.2f} GB, and cpu has 2.50 GB"):
        check_memory(b7, 64)
    monkeypatch.setattr(machine, "memory_available", lambda: memory_needed(network.architecture)[1])
    check_memory(network.architecture, copies=0)
    with pytest.raises(UserError):
        check_memory(network.architecture)
    monkeypatch.setattr(machine, "memory_available", lambda: 0)
    with pytest.raises(UserError, match="a smaller batch or network would fit"):
        measure(network, **QUICK)


@pytest.mark.parametrize("message", ["CUDA out of memory. Tried to allocate 2 GiB", "DefaultCPUAllocator: can't allocate memory"])
def test_running_out_of_memory_becomes_a_sentence(network, message):
    network.pool.forward = lambda x: (_ for _ in ()).throw(RuntimeError(message))
    with pytest.raises(UserError, match="cpu ran out of memory"):
        measure(network, **QUICK)


def test_other_failures_of_torch_stay_what_they_are(network):
    network.pool.forward = lambda x: (_ for _ in ()).throw(RuntimeError("unsupported memory format"))
    with pytest.raises(RuntimeError, match="unsupported memory format"):
        measure(network, **QUICK)


# devices


def test_the_processor_is_always_a_device():
    assert devices()[0] == ("cpu", machine.processor())
    assert [device.key for device in devices()].count("cpu") == 1
    assert find_device("cpu") == devices()[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_on_cuda_layers_are_timed_by_events_and_the_network_comes_back(network):
    found = measure(network, device="cuda", **QUICK)
    assert found.device == "cuda:0" and found.device_name == torch.cuda.get_device_name(0)
    assert all(ms > 0 for ms in found.layers.values()) and {"cuda", "cudnn", "tf32"} <= set(found.versions)
    assert {parameter.device.type for parameter in network.parameters()} == {"cpu"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_memory_is_checked_against_the_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1_000, 2_000))
    with pytest.raises(UserError, match="cuda:0 has 0.00 GB"):
        check_memory(published("b0"), 1, "cuda:0")


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="no Apple GPU here")
def test_on_an_apple_gpu(network):
    found = measure(network, device="mps", **QUICK)
    assert found.device == "mps" and all(ms > 0 for ms in found.layers.values())


# from a terminal


def start(*args: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "effnet_core", "latency", "--spec", json.dumps(TINY), "--threads", "1", *args]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_worker_says_its_phases_and_then_the_result():
    worker = start("--seconds", "0", "--events")
    events = [json.loads(line) for line in worker.stdout]
    assert worker.wait() == 0
    assert [event["event"] for event in events] == ["progress"] * (len(events) - 1) + ["result"]
    phases = [*dict.fromkeys(event["phase"] for event in events[:-1])]
    assert phases == ["loading torch", "building", "warming up", "measuring", "layers"]
    assert all(0 <= event["fraction"] <= 1 and event["elapsed_s"] >= 0 for event in events[:-1])
    assert Latency.from_dict(events[-1]).name == "tiny"


@pytest.mark.parametrize("how", ["stop", "end of input"])
def test_a_worker_ends_on_stop_and_at_the_end_of_its_input(how):
    worker = start("--seconds", "300", "--events")
    while json.loads(worker.stdout.readline())["phase"] != "measuring":
        continue
    if how == "stop":
        worker.stdin.write("stop\n")
        worker.stdin.flush()
    else:
        worker.stdin.close()
    last = [json.loads(line) for line in worker.stdout][-1]
    assert last == {"event": "error", "message": "The measurement was stopped before it was complete."}
    assert worker.wait() == 1 and not psutil.pid_exists(worker.pid)


def test_a_worker_that_cannot_do_it_says_why():
    worker = start("--device", "abacus", "--events")
    last = [json.loads(line) for line in worker.stdout][-1]
    assert last["event"] == "error" and "no device 'abacus'" in last["message"]
    assert worker.wait() == 1


def test_json_and_table_agree_on_what_was_measured(network):
    from effnet_core.cli.latency import table

    record = measure(network, **QUICK).to_dict()
    text = table({**record, "note": "A word of caution."})
    assert f"{record['median_ms']:.2f} ms" in text and f"{record['parameters']:,} parameters" in text
    slowest = max(record["layers"], key=record["layers"].get)
    assert text.splitlines().index(f"{'  ' + slowest:<26}{record['layers'][slowest]:.3f} ms") == 10
    assert text.endswith("A word of caution.")


def test_the_command_prints_one_json_object(capsys):
    from effnet_core.cli import main

    assert main(["latency", "--spec", json.dumps(TINY), "--seconds", "0", "--threads", "1", "--json", "--no-layers"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert Latency.from_dict(record).layers == {} and record["network"] == TINY


def test_the_devices_are_listed(capsys):
    from effnet_core.cli import main

    assert main(["devices", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["devices"][0] == {"key": "cpu", "name": machine.processor()}
    assert told["machine"] == machine.describe() and told["versions"]["torch"] == torch.__version__
    assert main(["devices"]) == 0
    assert machine.processor() in capsys.readouterr().out


def test_the_public_names_are_there():
    import effnet_core

    assert effnet_core.measure is measure and effnet_core.Latency is latency.Latency
