"""The ways to run a network on a GPU: what is only there, and what is allowed there."""

import pytest
import torch

from effnet_core.devices import versions
from effnet_core.families import compound
from effnet_core.latency import measure
from effnet_core.network import build
from effnet_core.speed import peak, race, trusted
from effnet_core.speed.output import Output
from effnet_core.speed.prepared import prepare
from effnet_core.speed.trusted import TOLERANCE, apart, tolerance
from effnet_core.speed.ways import WAYS, missing

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
QUICK = {"seconds": 0.0, "warmup": 1, "threads": 1, "device": "cuda"}


@pytest.fixture
def network():
    return build(compound(-2.0), seed=0).eval()


@pytest.mark.parametrize(("device", "rounds", "allowed"), [
    ("cpu", True, 1e-4), ("cuda:0", False, 1e-4), ("cuda:0", True, 1e-2), ("mps", True, 1e-4)])
def test_fp32_may_differ_as_fp16_does_where_convolutions_round_to_tf32(monkeypatch, device, rounds, allowed):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", rounds)
    assert tolerance("fp32", device) == allowed
    assert (tolerance("bf16", device), tolerance("fp16", device)) == (TOLERANCE["bf16"], TOLERANCE["fp16"])


def test_the_record_says_what_was_allowed(network):
    found = measure(network, way="folded", **{**QUICK, "device": "cpu"})
    assert found.difference <= found.tolerance == 1e-4 and measure(network, **{**QUICK, "device": "cpu"}).tolerance is None


@CUDA
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("way", [key for key, way in WAYS.items() if way.device != "cpu" and key != "compiled"])
def test_every_way_agrees_on_a_gpu_and_its_layers_are_timed(network, way, precision):
    found = measure(network, way=way, precision=precision, **QUICK)
    assert found.difference is None or found.difference <= found.tolerance == tolerance(precision, "cuda:0")
    assert found.versions["tf32"] == torch.backends.cudnn.allow_tf32
    assert bool(found.layers) == WAYS[way].layered and (found.memory_peak is None) == (way == "graphed")
    assert all(parameter.device.type == "cpu" and not parameter.is_inference() for parameter in network.parameters())


@CUDA
def test_without_tf32_the_ways_agree_closely(network, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    assert versions("cuda")["tf32"] is False
    assert measure(network, way="fused", **QUICK).difference <= 1e-4 and measure(network, way="graphed", **QUICK).difference <= 1e-4


@CUDA
def test_a_graph_answers_to_the_images_that_it_is_given(network):
    network = network.to("cuda")
    first, second = torch.randn(2, 2, *network.architecture.input, device="cuda")
    with torch.inference_mode():
        run = prepare(network, "graphed", "fp32", first, 1)
        kept = run(first)
        other = run(second)
        for x, logits in ((first, kept), (second, other)):
            assert apart(network(x), logits) <= tolerance("fp32", "cuda")


@CUDA
def test_a_race_on_a_gpu_leaves_the_network_where_it_was(network):
    record = race.race(network.train(), [(way, "fp32") for way in ("fused", "graphed")], device="cuda", threads=1, seconds=0.0)
    assert [row["error"] for row in record["ways"]] == [None] * 3 and record["versions"]["tf32"] == torch.backends.cudnn.allow_tf32
    assert all(parameter.device.type == "cpu" and not parameter.is_inference() for parameter in network.parameters()) and network.training


@CUDA
def test_the_memory_of_a_gpu_is_what_its_allocator_held_at_most():
    size = 2**24
    found, by = peak.peak_bytes(lambda: torch.zeros(size, dtype=torch.uint8, device="cuda") + 1, "cuda")
    assert (found, by) == (2 * size, "allocator")


@CUDA
def test_an_output_on_a_gpu_is_the_networks(network):
    network = network.to("cuda")
    x = torch.randn(2, *network.architecture.input, device="cuda")
    with torch.inference_mode():
        assert apart(network(x), Output(network)(x)) <= tolerance("fp32", "cuda")


@CUDA
def test_what_answers_otherwise_on_a_gpu_is_refused(network, monkeypatch):
    right = trusted.prepare
    monkeypatch.setattr(trusted, "prepare", lambda *given: lambda x: right(*given)(x) * 1.1)
    record = race.race(network, [("fused", "fp32")], device="cuda", threads=1, seconds=0.0)
    assert "is allowed. So it was not timed." in record["ways"][1]["error"]


def test_what_runs_on_a_gpu_only_says_so():
    assert missing("graphed", "cpu") == "Our fused path as a CUDA graph runs on a CUDA GPU only." and missing("graphed", "cuda:1", "fp16") is None
