"""The ways to run a network: equal numbers, what is missing said, a race that times only what agrees, and the quickest way found by trying."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from effnet_core.checkpoints import load
from effnet_core.errors import UserError
from effnet_core.families import compound, published
from effnet_core.network import build
from effnet_core.speed import output, prepared, race, trusted
from effnet_core.speed.fused import MOST_SHAPES, Fused, has_onednn
from effnet_core.speed.output import TRIES, Output
from effnet_core.speed.prepared import prepare
from effnet_core.speed.trusted import apart
from effnet_core.speed.ways import PRECISIONS, WAYS, missing

from .serving import ROOT

QUICK = [way for way in WAYS if way not in ("compiled", "graphed")]


def lively(architecture, padding="same", **options):
    """Random weights and, unlike a new network's, batch norms that do something."""
    torch.manual_seed(0)
    network = build(architecture, padding=padding, seed=0, **options).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
    return network


@pytest.fixture(scope="module")
def small():
    return lively(compound(-2.0, classes=10))


def images(network, batch=2, side=None):
    side = side or network.architecture.scaling.side
    return torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(1))


FUSED = pytest.mark.skipif(not has_onednn(), reason="this torch has no oneDNN")


@pytest.mark.parametrize("name, onednn", [
    *((name, False) for name in ("b0", "mobilenetv2", "resnet50")),
    *(pytest.param(name, True, marks=FUSED) for name in ("b0", "mobilenetv1", "mobilenetv2", "mnasnet-a1", "resnet50"))])
def test_the_fused_path_gives_the_networks_logits_in_every_family_with_either_padding_at_any_size(name, onednn):
    for padding in ("same", "symmetric"):
        network = lively(published(name, 10), padding)
        state = {key: value.clone() for key, value in network.state_dict().items()}
        run = Fused(network, onednn=onednn)
        with torch.inference_mode():
            for height, width in ((64, 64), (33, 48)):
                x = torch.randn(1, 3, height, width)
                kept = x.clone()
                assert apart(network(x), run(x)) < 1e-5
                assert torch.equal(x, kept), "the images are the caller's"
        assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items()) and not network.training
    network.train()
    Fused(network)(images(network, 1, 32))
    assert network.training and all(module.training for module in network.modules()), "the network is left as it was"


PACKED = """
import sys, torch
from effnet_core import build, published
from effnet_core.speed.fused import Fused
torch.set_num_threads(1)
network = build(published("b1"), seed=0).eval()  # whose last maps, 8 × 8, want other packs than B0's
for batch in (1, 4):
    run, x = Fused(network), torch.zeros(batch, 3, 240, 240)
    run(x)
    with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
        run(x)
"""


@FUSED
def test_weights_are_packed_once_and_not_at_every_pass():
    said = subprocess.run([sys.executable, "-c", PACKED], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if said.count(",convolution,") == 0:
        pytest.skip("this oneDNN does not tell what it does")
    layers = sum(layer.operator in ("conv", "depthwise", "pointwise") for layer in published("b1").layers)
    assert said.count(",convolution,") == 2 * layers and ",reorder," not in said


@FUSED
def test_few_shapes_are_kept_packed_and_a_forgotten_one_is_packed_again(small):
    run, stem = Fused(small), Fused(small).stem
    for side in (32, 40, 48, 56, 64, 32):
        x = images(small, 1, side)
        with torch.inference_mode():
            assert apart(small(x), run(x)) < 1e-5
            stem(x.contiguous(memory_format=torch.channels_last))
        assert len(run.stem._fitted) <= MOST_SHAPES and len(stem._fitted) <= MOST_SHAPES


def test_layers_of_the_layered_ways_are_called_as_in_the_network_and_run_once_a_pass(small):
    ids = [layer.id for layer in small.architecture.layers]
    x = images(small)
    for way in QUICK:
        run = prepare(small, way, "fp32", x, 1) if missing(way) is None else None
        assert run is None or isinstance(run, nn.Module) >= WAYS[way].layered
        if not WAYS[way].layered:
            continue
        seen = []
        for layer in ids:
            run.get_submodule(layer).register_forward_hook(lambda *_, layer=layer: seen.append(layer))
        with torch.inference_mode():
            run(x)
        assert sorted(seen) == sorted(ids)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("way", QUICK)
def test_every_way_that_is_here_agrees_with_the_network_in_double_precision(small, way, precision):
    if (why := missing(way, "cpu", precision)) is not None:
        pytest.skip(why)
    x = images(small)
    with torch.inference_mode():
        exact = lively(small.architecture).double()(x.double())
        logits = prepare(small, way, precision, x, 1)(x)
    assert logits.dtype == torch.float32
    assert apart(exact, logits) < {"fp32": 1e-5, "bf16": 5e-2}[precision]
    assert precision == "fp32" or apart(exact, logits) > 1e-4, "this was not computed in the short format"


def test_what_is_missing_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert missing("openvino") == "OpenVINO is not installed here; pip install openvino brings it."
    assert missing("onnxruntime", "cuda:0") is not None and missing("fused", "cuda:0", "fp16") is None
    assert "GPU" in missing("graphed") and "bf16" in missing("fused", "cpu", "fp16")
    for way, precision in (("magic", "fp32"), ("plain", "fp8")):
        with pytest.raises(UserError, match="there is plain|there is fp32"):
            missing(way, "cpu", precision)


def test_a_race_times_only_what_agrees_and_goes_on_without_what_fails(small, monkeypatch):
    genuine = prepare

    def faulty(network, way, *rest):
        if way == "folded":
            return lambda x: genuine(network, "plain", *rest)(x) * 1.001
        if way == "channels-last":
            raise OSError("it broke\nand more")
        return genuine(network, way, *rest)

    monkeypatch.setattr(trusted, "prepare", faulty)
    told = []
    record = race.race(small, [(way, "fp32") for way in ("folded", "channels-last", "fused", "fused")], threads=1, seconds=0.0,
                       on_progress=lambda *said: told.append(said))
    rows = {row["way"]: row for row in record["ways"]}
    assert [*rows] == ["plain", "folded", "channels-last", "fused"]
    assert rows["plain"]["ratio"] == 1.0 and rows["plain"]["difference"] == 0.0
    assert rows["folded"]["difference"] == pytest.approx(1e-3, rel=0.01) and "So it was not timed" in rows["folded"]["error"]
    assert rows["channels-last"]["error"] == "Channels-last could not run this network here: it broke."
    assert "median_ms" not in rows["folded"] and "median_ms" not in rows["channels-last"]
    fused = rows["fused"]
    assert len(fused["samples_ms"]) >= race.ROUNDS and min(fused["samples_ms"]) <= fused["p10_ms"] <= fused["median_ms"] <= fused["p90_ms"]
    assert fused["ratio"] == fused["median_ms"] / rows["plain"]["median_ms"] and fused["error"] is None
    assert {phase for phase, *_ in told} >= {"preparing Plain", "preparing Our fused path", "warming up", "measuring"}
    assert json.loads(json.dumps(record)) == record


def test_a_race_refuses_what_is_absurd_and_stops(small):
    before = torch.get_num_threads()
    for options in ({"batch": 0}, {"threads": 10_000}, {"seconds": -1.0}, {"device": "tpu"}):
        with pytest.raises(UserError):
            race.race(small, [], **options)
    with pytest.raises(UserError, match="no way to run"):
        race.race(small, [("magic", "fp32")])
    with pytest.raises(UserError, match="stopped"):
        race.race(small, [("fused", "fp32")], should_stop=lambda: True)
    assert torch.get_num_threads() == before


def test_short_work_goes_the_fused_way_and_long_work_the_way_that_is_quickest_among_those_that_agree(small, monkeypatch):
    x, made = images(small, 1), []

    def others(_, way, precision, example, threads):
        made.append(way)
        return {"onnxruntime": lambda x: small(x) + 1, "openvino": lambda x: small(x) * (1 + 1e-6)}[way]  # the first one is wrong

    monkeypatch.setattr(output, "missing", lambda way: None)
    monkeypatch.setattr(output, "prepare", others)
    run, right, genuine, ticks = Output(small), small(x).detach(), output.Fused.forward, [0.0]

    def slow(self, images):
        ticks[0] += 1.0  # by the clock below, a pass of the fused path takes a second, and one of OpenVINO no time
        return genuine(self, images)

    monkeypatch.setattr(output.time, "perf_counter", lambda: ticks[0])
    monkeypatch.setattr(output.Fused, "forward", slow)
    for _ in range(int(output.LONG_S)):
        assert apart(right, run(x)) < 1e-5
    assert not made and not run.chosen, "until then nobody knows that the work is long"
    for _ in range(2 * TRIES):
        assert apart(right, run(x)) < 1e-5, "what is wrong is never used"
    assert made == ["onnxruntime", "openvino"] and run.chosen == {tuple(x.shape): "openvino"}
    before = ticks[0]
    run(x)
    assert ticks[0] == before, "from now on the fused path rests"
    assert apart(small(images(small, 2)), run(images(small, 2))) < 1e-5 and len(run.chosen) == 1, "another shape begins anew"


def test_what_cannot_be_prepared_or_would_take_too_much_memory_is_left_out(small, monkeypatch):
    def broken(*_):
        raise OSError

    x = images(small, 1)
    monkeypatch.setattr(output, "LONG_S", 0.0)
    monkeypatch.setattr(output, "missing", lambda way: None)
    monkeypatch.setattr(output, "prepare", broken)
    run = Output(small)
    for _ in range(TRIES):
        run(x)
    assert run.chosen == {tuple(x.shape): "fused"}
    monkeypatch.setattr(output, "MOST_PARAMETERS", 0)
    monkeypatch.setattr(output, "prepare", lambda *_: pytest.fail("too large"))
    Output(small)(x)


def test_a_models_output_is_its_networks_own():
    model = load("small-scenes")
    x = torch.randn(2, 3, model.preprocess.crop, model.preprocess.crop, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert apart(model.network(x), model.output(x)) < 1e-5
    assert model.output is model.output


def test_a_compiler_that_is_missing_is_said(small, monkeypatch):
    def refused(_):
        raise RuntimeError("No working C++ compiler found in torch._inductor\nmore")

    monkeypatch.setattr(torch, "compile", lambda network: refused)
    with pytest.raises(UserError, match="No working C.. compiler found in torch._inductor. It needs a C.. compiler"):
        prepared.prepare(small, "compiled", "fp32", images(small), 1)


def test_from_a_terminal(tmp_path):
    command = [sys.executable, "-m", "effnet_core", "ways", "--phi", "-2", "--threads", "1", "--seconds", "0", "--ways", "plain", "fused"]
    record = json.loads(subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert [row["way"] for row in record["ways"]] == ["plain", "fused"] and record["threads"] == 1
    refused = subprocess.run([*command, "--batch", "0"], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 1 and "batch" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize("way", [key for key, way in WAYS.items() if way.package])
def test_threads_that_share_a_runtime_get_the_answers_to_their_own_images(small, way):
    if (why := missing(way)) is not None:
        pytest.skip(why)
    mine = [images(small, 1) * size for size in (1.0, 2.0, 3.0)]
    with torch.inference_mode():
        run, right = prepare(small, way, "fp32", mine[0], 1), [small(x) for x in mine]

        def most(place):
            return max(apart(right[place], run(mine[place])) for _ in range(50))

        with ThreadPoolExecutor(len(mine)) as pool:
            assert max(pool.map(most, range(len(mine)))) < 1e-4


def test_others_are_prepared_for_few_shapes_only(small, monkeypatch):
    made = []
    monkeypatch.setattr(output, "LONG_S", 0.0)
    monkeypatch.setattr(output, "missing", lambda way: None)
    monkeypatch.setattr(output, "prepare", lambda _, way, *rest: made.append(way) or (lambda x: small(x).detach()))
    run = Output(small)
    for batch in range(1, 5):
        for _ in range(3 * TRIES):
            assert apart(small(images(small, batch)).detach(), run(images(small, batch))) < 1e-5
    assert len(run.chosen) == output.MOST_SHAPES and made == [*output.OTHERS] * output.MOST_SHAPES


def test_a_way_that_another_thread_has_just_chosen_is_not_tried_anew(small, monkeypatch):
    x, run = images(small, 1), Output(small)
    shape = tuple(x.shape)
    monkeypatch.setattr(run, "_candidates", lambda x: pytest.fail("it is known"))
    run._spent[shape], run._runs[shape] = output.LONG_S, lambda x: "chosen"
    assert run._tried(x, shape) == "chosen", "it was not known when this thread asked"
