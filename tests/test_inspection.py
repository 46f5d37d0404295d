"""What a model makes of one picture, against explicit computation."""

import math

import numpy as np
import pytest
import torch

from effnet_core.architecture import assemble
from effnet_core.checkpoints import Pretrained
from effnet_core.families import LITE, SMALL
from effnet_core.inspection import inspect, speakers
from effnet_core.network import build
from effnet_core.preprocess import Preprocess
from effnet_core.probing import probe
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


def test_uncertainty_is_entropy_over_that_of_guessing(seen):
    p = seen.probabilities
    assert p.sum() == pytest.approx(1) and seen.uncertainty == pytest.approx(-(p * np.log(p)).sum() / math.log(7))
    sure = type(seen)(seen.labels, np.array([1000.0, 0, 0, 0, 0, 0, 0], np.float32), {}, {})
    blind = type(seen)(seen.labels, np.zeros(7, np.float32), {}, {})
    alone = type(seen)(("a",), np.zeros(1, np.float32), {}, {})
    assert (sure.uncertainty, blind.uncertainty, alone.uncertainty) == (pytest.approx(0), pytest.approx(1), 0.0)


def test_outputs_and_excitations_are_those_of_the_record(model, x, seen):
    record = probe(model.network, x)
    assert [*seen.outputs] == ["stem", *(block.id for block in model.network.architecture.blocks), "head"]
    for unit, maps in seen.outputs.items():
        assert (maps == record.activations[unit][0].numpy()).all()
    assert [*seen.gates] == [block.id for block in model.network.architecture.blocks]
    for block, unit in seen.excitations.items():
        assert (unit.s == record.gates[block + ".se"][0].numpy()).all()
        assert (unit.after() == record.activations[block + ".se"][0].numpy()).all()
        assert (unit.after(np.array([2, 0])) == unit.after()[[2, 0]]).all()


def test_the_bottleneck_leads_from_z_to_the_gates(model, seen):
    for block, unit in seen.excitations.items():
        se = model.network.get_submodule(block + ".se")
        w1, w2 = (conv.weight.detach().numpy()[:, :, 0, 0] for conv in (se.reduce, se.expand))
        b1, b2 = se.reduce.bias.detach().numpy(), se.expand.bias.detach().numpy()
        np.testing.assert_allclose(unit.z, unit.before.mean((1, 2)), rtol=1e-4, atol=1e-6)
        squeezed = w1 @ unit.z + b1
        np.testing.assert_allclose(unit.hidden, squeezed / (1 + np.exp(-squeezed)), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(unit.s, 1 / (1 + np.exp(-(w2 @ unit.hidden + b2))), rtol=1e-5)


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
