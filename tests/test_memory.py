"""Memory in closed form against what PyTorch keeps and holds, to the byte."""

import weakref

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from effnet_core.architecture import assemble
from effnet_core.cost import cost
from effnet_core.families import BASES, compound, published
from effnet_core.lab.memory import OPTIMISERS, Budget, doublings, footprint, inference, largest_batch, training
from effnet_core.network import build
from effnet_core.scaling import Scaling

B0 = published("b0")
TABLE, WALKED = cost(B0), footprint(B0)


def own(module):
    return {tensor.untyped_storage().data_ptr() for tensor in (*module.parameters(), *module.buffers())}


def kept(module, images) -> int:
    """Bytes of all storages that automatic differentiation saves in a forward pass, parameters and buffers aside."""
    ours, found = own(module), {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in ours:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        scores = module.train()(images)
    assert scores.requires_grad  # the graph, and with it every storage, is alive until here: no address was used twice
    return sum(found.values())


class Alive(TorchDispatchMode):
    """Bytes of the storages that are alive, and the most there were after any operation."""

    def __init__(self, ignored):
        super().__init__()
        self.ignored, self.sizes, self.now, self.peak = ignored, {}, 0, 0

    def see(self, tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.ignored and storage._cdata not in self.sizes:
            self.sizes[storage._cdata] = storage.nbytes()
            self.now += storage.nbytes()
            weakref.finalize(storage, self.gone, storage._cdata)

    def gone(self, name):
        self.now -= self.sizes.pop(name)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self.see(tensor)
        self.peak = max(self.peak, self.now)
        return made


def fullest(module, images) -> int:
    module.eval()
    with torch.inference_mode(), Alive(own(module)) as alive:
        alive.see(images)
        module(images)
    return alive.peak


networks = st.builds(compound, phi=st.floats(-1.5, 1.0), alpha=st.floats(1, 1.6), beta=st.floats(1, 1.5), gamma=st.floats(0.6, 1.1),
                     base=st.sampled_from([*BASES]), classes=st.integers(1, 1200))


@settings(max_examples=10, deadline=None)
@given(network=networks, batch=st.integers(2, 3))
def test_what_is_kept_and_held_to_the_byte(network, batch):
    module, images, walked = build(network, seed=0), torch.zeros(batch, *network.input), footprint(network)
    assert kept(module, images) == 4 * walked.training(batch)
    assert fullest(module, images) == 4 * batch * walked.peak


@pytest.mark.parametrize("side", [64, 75])
@pytest.mark.parametrize("base", BASES)
def test_every_family_to_the_byte_at_even_and_odd_sides(base, side):
    network = assemble(BASES[base], Scaling(1.0, 0.5, side, 0.2), 10, base)
    module, images, walked = build(network, seed=0), torch.zeros(2, *network.input), footprint(network)
    assert kept(module, images) == 4 * walked.training(2)
    assert fullest(module, images) == 8 * walked.peak


@pytest.mark.parametrize("name", ["b0", "b1", "lite0"])
def test_released_networks_to_the_byte(name):
    network = published(name)
    module, images, walked = build(network, seed=0), torch.zeros(2, *network.input), footprint(network)
    assert kept(module, images) == 8 * walked.saved + 4 * walked.saved_once
    assert fullest(module, images) == 8 * walked.peak and walked.at.startswith("stages.1.0")


def test_a_block_by_hand():
    """The classifier and the head of B0: their input, the statistics, both inputs after it, the mask, and the dropped vector."""
    without = footprint(compound(0, classes=1))
    assert without.saved == WALKED.saved  # the scores themselves are not kept
    norms = 2 * sum(layer.output.channels for layer in B0.layers if layer.operator in ("conv", "pointwise", "depthwise"))
    assert WALKED.saved_once == norms == 42_016  # as many as there are running statistics


@pytest.mark.parametrize("name, make", [
    ("SGD", lambda p: torch.optim.SGD(p, 0.1)), ("SGD with momentum", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    ("RMSProp with momentum", lambda p: torch.optim.RMSprop(p, 0.1, momentum=0.9)), ("Adam", lambda p: torch.optim.Adam(p, 0.1))])
def test_copies_that_an_optimiser_keeps(name, make):
    parameters = [torch.nn.Parameter(torch.ones(8, 3)), torch.nn.Parameter(torch.ones(5))]
    optimiser = make(parameters)
    sum(parameter.sum() for parameter in parameters).backward()
    optimiser.step()
    state = [t for values in optimiser.state.values() for t in values.values() if isinstance(t, torch.Tensor) and t.ndim]
    assert sum(t.numel() for t in state) == OPTIMISERS[name] * 29


def test_budgets():
    weights = 4 * 5_288_548
    assert training(TABLE, WALKED, 8, "Adam") == Budget(weights, weights, 2 * weights, 4 * (8 * WALKED.saved + 42_016))
    assert training(TABLE, WALKED, 1, "SGD").optimiser == 0
    assert inference(TABLE, WALKED, 8) == Budget(weights, 0, 0, 32 * WALKED.peak)
    assert 2 * inference(TABLE, WALKED, 8, "fp16").total == inference(TABLE, WALKED, 8).total
    assert training(TABLE, WALKED, 8, "Adam").total == sum(training(TABLE, WALKED, 8, "Adam"))


@pytest.mark.parametrize("room", [0, 10**8, 8 * 2**30, 80 * 2**30])
@pytest.mark.parametrize("name", ["b0", "b7"])
def test_the_largest_batch_fits_and_one_more_does_not(name, room):
    table, walked = cost(published(name)), footprint(published(name))
    one, two = (training(table, walked, batch, "Adam") for batch in (1, 2))
    most = largest_batch(one, two, room)
    assert most == 0 or training(table, walked, most, "Adam").total <= room
    assert training(table, walked, most + 1, "Adam").total > room


def test_what_doubling_does():
    depth, width, side = doublings(BASES["b0"])
    assert (side.weights, depth.dimension) == (1.0, "depth")
    assert (side.saved, side.peak) == pytest.approx((4, 4), abs=0.02)  # a little less: padded edges do not double
    assert width.saved == pytest.approx(2, abs=0.02) and width.weights > 3 and depth.peak == pytest.approx(1, abs=0.01)
