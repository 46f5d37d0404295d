"""What `probe` records, against explicit computation; and that it leaves no trace."""

import threading

import pytest
import torch

from effnet_core.families import compound
from effnet_core.inside.probing import probe
from effnet_core.network import build


@pytest.fixture(scope="module")
def network():
    module = build(compound(0, base="small", classes=10), seed=2)
    generator = torch.Generator().manual_seed(0)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith("running_mean"):
            tensor.normal_(0, 0.1, generator=generator)
    return module.eval()


@pytest.fixture()
def images():
    return torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(7))


def hooks_of(network):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules())


def test_logits_are_those_of_a_plain_pass_to_the_bit(network, images):
    with torch.inference_mode():
        plain = network(images)
    assert torch.equal(probe(network, images).logits, plain)
    assert hooks_of(network) == 0


def test_every_se_unit_is_recorded_as_its_equation_says(network, images):
    record = probe(network, images)
    units = [layer for layer in network.architecture.layers if layer.operator == "se"]
    assert list(record.gates) == list(record.squeezed) == [unit.id for unit in units] and len(units) == 16
    for unit in units:
        se, before = network.get_submodule(unit.id), record.before(unit.id)
        z = before.mean((2, 3))
        w1, b1 = se.reduce.weight[:, :, 0, 0], se.reduce.bias
        w2, b2 = se.expand.weight[:, :, 0, 0], se.expand.bias
        hidden = z @ w1.T + b1
        s = torch.sigmoid((hidden * torch.sigmoid(hidden)) @ w2.T + b2)
        torch.testing.assert_close(record.squeezed[unit.id], z, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(record.gates[unit.id], s, rtol=1e-4, atol=1e-6)
        assert torch.equal(record.activations[unit.id], before * record.gates[unit.id][:, :, None, None])


def test_blocks_and_layers_are_recorded_with_their_shapes(network, images):
    record = probe(network, images)
    for block in network.architecture.blocks:
        assert record.activations[block.id].shape == (2, *block.output)
        projected = record.activations[block.id + ".project"]
        difference = record.activations[block.id] - projected
        assert block.skip or not difference.any()
    assert record.activations["head"].shape == (2, *network.architecture.head.output)


def test_a_block_s_output_includes_its_skip(network, images):
    record = probe(network, images)
    block = next(block for block in network.architecture.blocks if block.skip)
    before = network.architecture.blocks[block.index - 1].id
    assert torch.equal(record.activations[block.id], record.activations[before] + record.activations[block.id + ".project"])


def test_training_mode_is_restored_and_statistics_untouched(network, images):
    network.train()
    statistics = [buffer.clone() for buffer in network.buffers()]
    probe(network, images)
    assert network.training
    assert all(torch.equal(a, b) for a, b in zip(statistics, network.buffers()))
    network.eval()


def test_hooks_go_even_when_the_pass_fails(network):
    with pytest.raises(ValueError, match="N 3 H W"):
        probe(network, torch.zeros(1, 4, 8, 8))
    with pytest.raises(RuntimeError):
        probe(network, torch.zeros(1, 3, 48, 48, dtype=torch.int64))
    assert hooks_of(network) == 0


def test_two_visitors_never_mix(network):
    photos = [torch.full((1, 3, 48, 48), value) for value in (-1.0, 0.0, 1.0, 2.0)]
    expected = [probe(network, photo) for photo in photos]
    wrong, stop = [], threading.Event()

    def visit(photo, wanted):
        for _ in range(6):
            record = probe(network, photo)
            same = all(torch.equal(record.gates[key], wanted.gates[key]) for key in wanted.gates)
            if not (same and torch.equal(record.activations["head"], wanted.activations["head"])):
                wrong.append(photo)

    def passer_by():
        with torch.inference_mode():
            while not stop.is_set():
                network(torch.full((1, 3, 48, 48), 9.0))

    plain = threading.Thread(target=passer_by)
    plain.start()
    visitors = [threading.Thread(target=visit, args=pair) for pair in zip(photos, expected)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    stop.set()
    plain.join()
    assert not wrong and hooks_of(network) == 0
