"""The block built by hand and its modules: counts and code against torch, against the network's own blocks, and against Keras."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from effnet_core import blocks
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.lessons import code_keras, code_torch, running
from effnet_core.lessons.convolution import Convolution
from effnet_core.lessons.design import RANGES, SHAPES, STEPS, Design, design, of
from effnet_core.lessons.parts import ACTIVATIONS, Filter, Gate, sampled, symmetric

DESIGNS = st.builds(
    Design, inputs=st.sampled_from([8, 16, 24]), outputs=st.sampled_from([8, 16]), expand=st.integers(1, 3), kernel=st.sampled_from([3, 5, 7]),
    stride=st.integers(1, 2), side=st.integers(4, 11), ratio=st.sampled_from([5, 25, 60, 100]), shape=st.sampled_from(SHAPES), skip=st.booleans(),
    depthwise=st.booleans(), norm=st.booleans(), activation=st.sampled_from(ACTIVATIONS), linear=st.booleans(), se=st.booleans())
FILTERS = st.builds(
    lambda kind, inputs, outputs, kernel, side, stride, padding, bias, norm: Filter(
        kind, Convolution(inputs, inputs if kind == "depthwise" else outputs, 1 if kind == "pointwise" else kernel, side, 1 if kind == "pointwise" else stride,
                          padding, inputs if kind == "depthwise" else 1), bias, norm),
    st.sampled_from(["depthwise", "pointwise", "convolution"]), st.sampled_from([4, 8]), st.sampled_from([4, 12]), st.sampled_from([1, 3, 5, 7]), st.integers(7, 13),
    st.integers(1, 3), st.sampled_from(["same", "valid"]), st.booleans(), st.booleans())
GATES = st.builds(Gate, st.just("se"), st.integers(1, 12), st.integers(1, 6), st.integers(1, 9))


def assert_as_torch_counts(made):
    """The shown code, run: what comes out, every parameter and buffer, and torch's own count of floating-point operations."""
    module = running.built(made)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        out = module(torch.randn(2, *made.input))
    assert out.shape == (2, *made.output)
    assert sum(p.numel() for p in module.parameters()) == made.params
    assert counter.get_total_flops() == 2 * 2 * made.macs  # of two images, two for each MAC
    return module


@settings(deadline=None, max_examples=60)
@given(DESIGNS)
def test_a_block_is_what_its_code_makes(made):
    module = assert_as_torch_counts(made)
    assert sum(b.numel() for b in module.buffers() if b.ndim) == made.buffers
    seen = []
    for layer in made.layers:
        getattr(module, layer.name).register_forward_hook(lambda _, given, out: seen.append((tuple(given[0].shape[1:]), tuple(out.shape[1:]))))
    with torch.no_grad():
        module(torch.randn(1, *made.input))
    assert seen == [(layer.input, layer.output) for layer in made.layers]
    assert made.activations == sum(c * h * w for _, (c, h, w) in seen)


@settings(deadline=None, max_examples=50)
@given(st.one_of(FILTERS, GATES))
def test_a_module_is_what_its_code_makes(part):
    module = assert_as_torch_counts(part)
    assert sum(term.value for term in part.terms) == part.params == sum(p.numel() for p in module.parameters())
    assert sorted(term.value for term in part.terms) == sorted(p.numel() for p in module.parameters())
    assert [term.value for term in part.buffers] == [b.numel() for b in module.buffers() if b.ndim]
    assert running.run(part) == running.Run((1, *part.output), part.params, sum(term.value for term in part.buffers), running.run(part).spread)


@pytest.mark.parametrize("part", [Filter("depthwise", Convolution(640, 640, 3, 224, 3, groups=640)), Gate("se", 640, 20, 224)])
def test_a_large_map_runs_on_shapes_alone(part):
    assert not running.small(part) and running.run(part).spread is None and running.run(part).output == (1, *part.output)
    assert running.small(Filter("depthwise", Convolution(96, 96, 3, 64, 2, groups=96)))


def test_no_more_than_two_run_at_a_time(monkeypatch):
    inside, most, made = [], [], running.built

    def slowly(part):
        inside.append(part)
        most.append(len(inside))
        time.sleep(0.05)
        inside.remove(part)
        return made(part)

    monkeypatch.setattr(running, "built", slowly)
    parts = [Filter("pointwise", Convolution(3, outputs, 1, 5)) for outputs in range(1, 9)]
    with ThreadPoolExecutor(8) as threads:
        assert [run.output[1] for run in threads.map(running.run, parts)] == list(range(1, 9))
    assert max(most) <= 2 and len(most) == 8


@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("numbers", [{}, {"inputs": 16, "stride": 2, "side": 15, "kernel": 5}, {"expand": 1, "side": 8}])
def test_every_step_is_what_its_code_makes(step, numbers):
    made = design(step, **{"side": 14, **numbers})
    assert_as_torch_counts(made)
    assert running.run(made)[:3] == ((1, *made.output), made.params, made.buffers)


@pytest.mark.parametrize("name", ["b0", "b7", "lite0", "mobilenetv2", "mnasnet-a1"])
def test_blocks_of_networks_are_counted_as_the_network_counts_them(name):
    network = published(name)
    total = cost(network)
    for block in network.blocks:
        made, counted = of(network, block), total.units[block.id]
        assert (made.params, made.macs, made.activations) == (counted.params, counted.macs, counted.activations)
        assert (made.input, made.output, made.joined) == (block.input, block.output, block.skip)
        assert [(layer.name, layer.output) for layer in made.layers] == [(layer.part, layer.output) for layer in block.layers]


def alive(module):
    """Batch norms as after some training."""
    with torch.no_grad():
        for norm in module.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):
                for tensor, low in ((norm.weight, 0.5), (norm.bias, -0.5), (norm.running_mean, -0.5), (norm.running_var, 0.5)):
                    tensor.uniform_(low, low + 1)
    return module.eval()


@pytest.mark.parametrize("name", ["b0", "lite0"])
def test_the_code_of_a_block_computes_what_the_networks_block_computes(name):
    network = published(name)
    for block in network.blocks:
        theirs = alive(blocks.MBConv(block, "same", 1e-3, 0.01))
        ours = running.built(of(network, block))
        state = dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True))
        ours.load_state_dict(state)
        x = torch.randn(1, *block.input)
        with torch.no_grad():
            assert torch.allclose(ours(x), theirs(x), atol=1e-4)


def test_a_residual_block_with_batch_norm_is_resnets():
    network = published("resnet50")
    block = next(block for block in network.blocks if block.shortcut is None)
    made = Design(block.input.channels, block.output.channels, 4, side=block.input.height, shape="bottleneck", depthwise=False, activation="ReLU", linear=False, se=False)
    counted = cost(network).units[block.id]
    assert (made.params, made.macs, made.activations) == (counted.params, counted.macs, counted.activations)
    theirs, ours = alive(blocks.Bottleneck(block, "same", 1e-3, 0.01)), running.built(made)
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    x = torch.randn(1, block.input.channels, 7, 7)
    with torch.no_grad():
        assert torch.allclose(ours(x), theirs(x), atol=1e-4)


def test_each_step_changes_what_its_text_says():
    made = [design(step) for step in range(len(STEPS))]
    convolutions, residual, bottleneck, inverted, depthwise, norm, linear, swish, se = made
    assert convolutions.params == 2 * (9 * 24 * 24 + 24) == residual.params and residual.after == "ReLU" and not convolutions.joined
    assert bottleneck.params == 24 * 4 + 4 + 9 * 4 * 4 + 4 + 4 * 24 + 24
    assert inverted.macs == (24 * 144 + 9 * 144 * 144 + 144 * 24) * 56 * 56 and depthwise.macs == (24 * 144 + 9 * 144 + 144 * 24) * 56 * 56
    assert norm.params - depthwise.params == 144 + 144 + 24 and norm.buffers == 2 * (144 + 144 + 24) and norm.after == "ReLU6"
    assert linear.after is None and (linear.params, linear.macs) == (norm.params, norm.macs) == (swish.params, swish.macs)
    assert se.params - swish.params == 2 * 144 * 6 + 6 + 144 and se == Design()


@pytest.mark.parametrize("side", range(7, 20))
@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_where_the_kernel_stops(side, kernel, stride):
    """The middles of the windows, found by convolving a ramp with a kernel that is 1 in its middle."""
    ramp, middle = torch.arange(side, dtype=torch.float32)[None, None] + 1, torch.zeros(1, 1, kernel)
    middle[..., kernel // 2] = 1
    for zeros in (Convolution(1, 1, kernel, side, stride).zeros, symmetric(kernel), (0, 0)):
        read = torch.nn.functional.conv1d(torch.nn.functional.pad(ramp, zeros), middle, stride=stride)[0, 0]
        places = sampled(side, kernel, stride, zeros)
        assert read.tolist() == [place + 1 if 0 <= place < side else 0 for place in places]


def test_on_even_sides_with_stride_2_the_grids_are_a_cell_apart():
    for side in range(8, 40):
        for kernel in (3, 5, 7):
            same, half = (sampled(side, kernel, 2, zeros) for zeros in (Convolution(1, 1, kernel, side, 2).zeros, symmetric(kernel)))
            assert [a - b for a, b in zip(same, half, strict=True)] == [1 - side % 2] * len(same)


@pytest.mark.parametrize("wrong, says", [
    ({"shape": "round"}, "plain, bottleneck, inverted"), ({"activation": "tanh"}, "ReLU, ReLU6, swish"), ({"expand": 0}, "expand"), ({"ratio": 0}, "ratio"),
])
def test_the_impossible_is_refused(wrong, says):
    with pytest.raises(UserError, match=says):
        Design(**wrong)


def test_blocks_that_do_not_fit_are_refused_with_the_reason():
    resnet, large = published("resnet50"), published("l2")
    with pytest.raises(UserError, match="only MBConv"):
        of(resnet, resnet.blocks[0])
    with pytest.raises(UserError, match=f"go from 8 to {RANGES['inputs'][1]}"):
        of(large, large.blocks[-1])
    with pytest.raises(UserError, match="at least 1"):
        Gate("se", 4, 0, 4)


def test_what_is_too_large_runs_on_shapes_alone():
    made = design(3, side=112)
    assert made.macs > running.LIMITS["macs"] and not running.small(made)
    assert running.run(made) == running.Run((1, *made.output), made.params, made.buffers, None)


EXAMPLES = [
    *(design(step, inputs=8, outputs=8, expand=3, side=9) for step in range(len(STEPS))), Design(8, 16, 2, 5, 2, 12), Design(8, 16, 2, 3, 2, 13, shape="bottleneck"),
    Design(16, 8, 1, 7, 2, 10, activation="ReLU6"), Design(8, 8, 2, 3, 1, 6, 60, "plain", norm=False, linear=False, activation="ReLU"),
    *(Filter(kind, Convolution(8, 8 if kind == "depthwise" else 12, kernel, side, stride, padding, 8 if kind == "depthwise" else 1), bias, norm)
      for kind, kernel, side, stride, padding, bias, norm in (
          ("depthwise", 3, 8, 2, "same", False, True), ("depthwise", 3, 9, 2, "valid", True, False), ("depthwise", 1, 8, 2, "same", False, True),
          ("pointwise", 1, 6, 1, "same", False, True), ("convolution", 7, 8, 3, "same", True, True), ("convolution", 5, 9, 3, "valid", False, False))),
    Gate("se", 12, 5, 6),
]
STRANGER = '''
import json, sys
import keras, torch
keras.Model.summary = lambda self: None
def run(text):
    names = {"__name__": "example"}
    exec(text, names)
    return names
found = []
for each in json.load(sys.stdin):
    model = run(each["keras"])["model"]
    module = eval(each["make"], run(each["torch"])).eval()
    convolutions = [m for m in module.modules() if isinstance(m, torch.nn.Conv2d)]
    norms = [m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        for tensor, low in ((norm.weight, 0.5), (norm.bias, -0.5), (norm.running_mean, -0.5), (norm.running_var, 0.5)):
            tensor.data.uniform_(low, low + 1)
    mine = [l for l in model.layers if isinstance(l, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D))]
    for layer, m in zip(mine, convolutions, strict=True):
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        kernel = m.weight.detach().permute(*((2, 3, 0, 1) if depthwise else (2, 3, 1, 0)))
        layer.set_weights([w.numpy() for w in [kernel, *([m.bias.detach()] if m.bias is not None else [])]])
    for layer, m in zip([l for l in model.layers if isinstance(l, keras.layers.BatchNormalization)], norms, strict=True):
        layer.set_weights([t.detach().numpy() for t in (m.weight, m.bias, m.running_mean, m.running_var)])
        assert (layer.epsilon, layer.momentum) == (m.eps, 1 - m.momentum)
    x = torch.randn(2, *each["input"])
    with torch.no_grad():
        theirs, ours = module(x), torch.as_tensor(model(x.permute(0, 2, 3, 1), training=False)).permute(0, 3, 1, 2)
    count = lambda weights: sum(int(w.numpy().size) for w in weights)
    found.append({"shape": list(ours.shape[1:]), "params": count(model.trainable_weights), "buffers": count(model.non_trainable_weights),
                  "difference": (ours - theirs).abs().max().item(), "spread": theirs.std().item()})
print(json.dumps(found))
'''


def made_by(example):
    if isinstance(example, Design):
        return "Block()"
    return f"SqueezeExcitation({example.channels}, {example.squeeze})" if isinstance(example, Gate) else f"{code_torch.CLASSES[example.name]}()"


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="Keras, the other dialect, is not installed")
def test_the_keras_code_makes_the_same_and_computes_the_same():
    """In a process of its own, where Keras computes with torch."""
    sent = [{"keras": (code_keras.block if isinstance(each, Design) else code_keras.module)(each), "input": each.input, "make": made_by(each),
             "torch": (code_torch.block if isinstance(each, Design) else code_torch.module)(each)} for each in EXAMPLES]
    answer = subprocess.run([sys.executable, "-c", STRANGER], input=json.dumps(sent), capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "torch"})
    assert answer.returncode == 0, answer.stderr[-2000:]
    for each, found in zip(EXAMPLES, json.loads(answer.stdout.splitlines()[-1]), strict=True):
        buffers = each.buffers if isinstance(each, Design) else sum(term.value for term in each.buffers)
        assert (found["shape"], found["params"], found["buffers"]) == ([*each.output], each.params, buffers)
        assert found["difference"] < 1e-4 and found["spread"] > 1e-3


def test_the_code_prints_what_its_comments_say(tmp_path):
    made = design(8, stride=2, side=14)
    (tmp_path / "block.py").write_text(code_torch.block(made), encoding="utf-8")
    answer = subprocess.run([sys.executable, "block.py"], cwd=tmp_path, capture_output=True, text=True)
    assert answer.stdout.splitlines() == [f"(1, {made.output.channels}, 7, 7) comes out", f"{made.params:,} parameters"] and not answer.stderr
    assert f"# (1, {made.output.channels}, 7, 7)\n" in code_torch.block(made) and f"# {made.params:,}\n" in code_torch.block(made)
