"""What a model makes of one picture, against explicit computation."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained
from effnet_core.families import LITE, SMALL
from effnet_core.inside.gradients import gradients, layer_gradients
from effnet_core.inside.inspection import inspect, open_unit, operate, speakers
from effnet_core.inside.probing import probe
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.scaling import Scaling


def model_of(family, classes=7):
    network = build(assemble(family, Scaling(0.5, 0.35, 32, 0.0), classes, "tiny"), seed=4).eval()
    generator = torch.Generator().manual_seed(1)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
    return Pretrained("tiny", network, Preprocess(32, 32), tuple("abcdefg"[:classes]), {})


@pytest.fixture(scope="module")
def model():
    return model_of(SMALL)


@pytest.fixture(scope="module")
def x():
    return torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def seen(model, x):
    return inspect(model, x)


def test_guesses_are_the_softmax_of_the_logits(model, x, seen):
    with torch.inference_mode():
        logits = model.network(x)[0]
    assert (seen.logits == logits.numpy()).all()
    expected = torch.softmax(logits.double(), 0)
    guesses = seen.top(3)
    assert [guess.index for guess in guesses] == expected.argsort(descending=True)[:3].tolist()
    assert [guess.probability for guess in guesses] == pytest.approx(expected.sort(descending=True).values[:3].tolist())
    assert [guess.label for guess in guesses] == ["abcdefg"[guess.index] for guess in guesses]
    assert len(seen.top(100)) == 7
    far = replace(seen, logits=np.array([-500.0, 0, -300, -400, 2000, 1, -200], np.float32))  # only one probability is above zero
    assert [guess.label for guess in far.top(7)] == list("efbgcda")


def test_uncertainty_is_entropy_over_that_of_guessing(seen):
    p = seen.probabilities
    assert p.sum() == pytest.approx(1) and seen.uncertainty == pytest.approx(-(p * np.log(p)).sum() / math.log(7))
    sure = replace(seen, logits=np.array([1000.0, 0, 0, 0, 0, 0, 0], np.float32))
    blind = replace(seen, logits=np.zeros(7, np.float32))
    alone = replace(seen, labels=("a",), logits=np.zeros(1, np.float32))
    assert (sure.uncertainty, blind.uncertainty, alone.uncertainty) == (pytest.approx(0), pytest.approx(1), 0.0)


def test_what_is_kept_and_what_is_opened_are_the_record_s_to_the_bit(model, x, seen):
    record = probe(model.network, x)
    blocks = model.network.architecture.blocks
    assert [*seen.outputs] == ["stem", *(block.id for block in blocks), "head"]
    assert [*seen.gates] == [*seen.squeezed] == [block.id for block in blocks]
    for unit, maps in seen.outputs.items():
        opened = open_unit(model, seen, unit)
        assert (maps == record.activations[unit][0].numpy()).all() and (opened.output == maps).all()
        for layer, inner in opened.layers.items():
            assert (inner == record.activations[layer][0].numpy()).all()
        assert (opened.excitation is None) == (unit in ("stem", "head"))
        if se := opened.excitation:
            assert (se.s == seen.gates[unit]).all() and (se.own == se.s).all() and (se.z == seen.squeezed[unit]).all()
            assert (se.s == record.gates[unit + ".se"][0].numpy()).all() and (se.z == record.squeezed[unit + ".se"][0].numpy()).all()
            assert (se.after() == record.activations[unit + ".se"][0].numpy()).all()
            assert (se.after(np.array([2, 0])) == se.after()[[2, 0]]).all()


def test_the_bottleneck_leads_from_z_to_the_gates(model, seen):
    for block in seen.gates:
        unit, se = open_unit(model, seen, block).excitation, model.network.get_submodule(block + ".se")
        w1, w2 = (conv.weight.detach().numpy()[:, :, 0, 0] for conv in (se.reduce, se.expand))
        b1, b2 = se.reduce.bias.detach().numpy(), se.expand.bias.detach().numpy()
        np.testing.assert_allclose(unit.z, unit.before.mean((1, 2)), rtol=1e-4, atol=1e-6)
        squeezed = w1 @ unit.z + b1
        np.testing.assert_allclose(unit.hidden, squeezed / (1 + np.exp(-squeezed)), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(unit.s, 1 / (1 + np.exp(-(w2 @ unit.hidden + b2))), rtol=1e-5)


def by_hand(network, x, gates):
    """The forward pass with these gates, written out; block id → gates (C), NaN for the network's own."""
    x = network.stem(x)
    for block in network.architecture.blocks:
        module, start = network.get_submodule(block.id), x
        if hasattr(module, "expand"):
            x = module.expand(x)
        x = module.depthwise(x)
        se = module.se
        s = torch.sigmoid(se.expand(torch.nn.functional.silu(se.reduce(x.mean((2, 3), keepdim=True)))))[0, :, 0, 0]
        if block.id in gates:
            forced = torch.from_numpy(gates[block.id])
            s = torch.where(forced.isnan(), s, forced)
        x = module.project(x * s[None, :, None, None])
        x = x + start if block.skip else x
    return network.classifier(network.head(x).mean((2, 3)))[0]


@pytest.mark.parametrize("blocks", [["stages.0.0"], ["stages.4.1"], ["stages.1.0", "stages.6.0"]])
def test_gates_that_are_set_act_in_the_network_s_own_pass(model, x, seen, blocks):
    generator = np.random.default_rng(3)
    operation = {}
    for block in blocks:
        operation[block] = generator.random(len(seen.gates[block]), np.float32)
        operation[block][::3] = np.nan
    done = operate(model, seen, operation)
    with torch.inference_mode():
        np.testing.assert_allclose(done.logits, by_hand(model.network, x, operation).numpy(), rtol=1e-4, atol=1e-6)
    full = probe(model.network, x, {block: torch.from_numpy(gates) for block, gates in operation.items()})
    assert (done.logits == full.logits[0].numpy()).all() and not (done.logits == seen.logits).all()
    for unit, maps in done.outputs.items():
        assert (maps == full.activations[unit][0].numpy()).all()
    for block, forced in operation.items():
        wanted = ~np.isnan(forced)
        assert (done.gates[block][wanted] == forced[wanted]).all()
        opened = open_unit(model, done, block)
        assert (opened.output == done.outputs[block]).all() and (opened.excitation.s == done.gates[block]).all()
        assert not (opened.excitation.own == opened.excitation.s).all()
    assert operate(model, seen, {}) is seen and (inspect(model, x).logits == seen.logits).all()


def test_gradients_are_autograd_s_over_the_whole_network(model, x, seen):
    network, kept = model.network, {}
    names = [*seen.outputs, *(layer.id for layer in network.architecture.layers[:-1])]
    handles = [network.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: kept.update({name: out})) for name in names]
    logit = network(x.clone().requires_grad_())[0, 3]
    for handle in handles:
        handle.remove()
    expected = dict(zip(names, torch.autograd.grad(logit, [kept[name] for name in names])))
    found = gradients(model, seen, 3)
    assert {*found} == {*seen.outputs}
    for unit, slope in found.items():
        torch.testing.assert_close(torch.from_numpy(slope), expected[unit][0], rtol=1e-3, atol=1e-7)
        for layer, inner in layer_gradients(model, seen, unit, slope).items():
            torch.testing.assert_close(torch.from_numpy(inner), expected[layer][0], rtol=1e-3, atol=1e-7)
    names = [*seen.outputs]
    assert [*gradients(model, seen, 3, "stages.5.0")] == names[: names.index("stages.5.0") - 1 : -1]


def test_what_the_head_channels_say_adds_up_to_the_logit(model, seen):
    everyone = speakers(model, seen, 3, 10_000)
    assert len(everyone) == model.network.architecture.head.output.channels
    total = sum(share for _, share in everyone) + model.network.classifier.bias[3].item()
    assert total == pytest.approx(float(seen.logits[3]), abs=1e-5)
    shares = [share for _, share in everyone]
    assert shares == sorted(shares, reverse=True) and speakers(model, seen, 3, 5) == everyone[:5]


def test_networks_without_squeeze_and_excitation_have_no_gates(x):
    bare = model_of(LITE)
    seen = inspect(bare, x)
    assert not seen.gates and len(seen.outputs) == 2 + len(bare.network.architecture.blocks)


def test_a_pass_keeps_what_units_hand_on_and_leaves_no_hooks(model, x, monkeypatch):
    """What makes it cheap: nothing of what layers within a block hand on, and hooks on nothing but the parts of SE units, gone afterwards."""
    hooked, real = [], torch.nn.Module.register_forward_hook
    monkeypatch.setattr(torch.nn.Module, "register_forward_hook", lambda module, *more, **options: hooked.append(module) or real(module, *more, **options))
    seen = inspect(model, x)
    architecture = model.network.architecture
    excited = [layer.id for layer in architecture.layers if layer.operator == "se"]
    assert [*seen.outputs] == [unit for unit, _ in architecture.units()][:-1]
    assert [*seen.gates] == [*seen.squeezed] == [se.removesuffix(".se") for se in excited]
    assert hooked == [model.network.get_submodule(f"{se}.{part}") for part in ("squeeze", "gate") for se in excited]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.network.modules())
