"""Gradient × activation of every channel, against autograd over the whole network, and the sum that is exact."""

import numpy as np
import pytest
import torch

from effnet_core.families import LITE, SMALL
from effnet_core.inside.attribution import attributed, attributions
from effnet_core.inside.gradients import gradients
from effnet_core.inside.inspection import inspect, open_unit, operate

from .test_inspection import model_of

LABEL = 3


@pytest.fixture(scope="module")
def x():
    return torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def by_autograd(model, x, forced):
    """Unit or layer id, and "image" → Σ gradient × activation (C), from one pass through the whole network with gates `forced`."""
    network, kept = model.network, {}
    names = [layer.id for layer in network.architecture.layers[:-1]] + [block.id for block in network.architecture.blocks]
    handles = [network.get_submodule(name).register_forward_hook(lambda _, __, out, name=name: kept.update({name: out})) for name in names]
    for block, gates in forced.items():
        handles.append(network.get_submodule(f"{block}.se.gate").register_forward_hook(lambda _, __, ___, gates=gates: torch.from_numpy(gates)[None, :, None, None]))
    image = x.clone().requires_grad_()
    logit = network(image)[0, LABEL]
    for handle in handles:
        handle.remove()
    kept["image"] = image
    slopes = torch.autograd.grad(logit, [*kept.values()])
    return {name: (kept[name].double() * slope.double()).sum((2, 3))[0].detach().numpy() for name, slope in zip(kept, slopes)}


def ids(model, unit):
    names = ["image", *dict(model.network.architecture.units())]
    return {"input": names[names.index(unit) - 1], "output": unit}


@pytest.mark.parametrize("family", [SMALL, LITE])
@pytest.mark.parametrize("operated", [False, True])
def test_every_layer_s_is_autograd_s_over_the_whole_network(family, operated, x):
    model = model_of(family)
    seen, forced = inspect(model, x), {}
    if operated and seen.gates:
        forced = {block: np.random.default_rng(1).random(len(seen.gates[block]), np.float32) for block in ("stages.1.0", "stages.4.1")}
        seen = operate(model, seen, forced)
    expected, slopes = by_autograd(model, x, forced), gradients(model, seen, LABEL)
    for unit, layers in [*model.network.architecture.units()][:-1]:
        found = attributions(model, seen, open_unit(model, seen, unit), slopes)
        assert {*found} == {"input", "output", *(layer.id for layer in layers)}
        for part, values in found.items():
            right = expected[ids(model, unit).get(part, part)]
            np.testing.assert_allclose(values, right, rtol=2e-3, atol=1e-5 * np.abs(right).max())


def test_those_of_the_last_map_and_the_bias_are_the_logit(x):
    model = model_of(SMALL)
    seen = inspect(model, x)
    slopes = gradients(model, seen, LABEL)
    found = attributions(model, seen, open_unit(model, seen, "head"), slopes)["output"]
    assert found.sum() + model.network.classifier.bias[LABEL].item() == pytest.approx(float(seen.logits[LABEL]), abs=1e-5)
    weights = model.network.classifier.weight[LABEL].detach().numpy().astype(np.float64)
    np.testing.assert_allclose(found, weights * seen.outputs["head"].mean((1, 2), dtype=np.float64), rtol=1e-4, atol=1e-8)


def test_a_sum_over_cells():
    maps, slope = np.arange(8.0).reshape(2, 2, 2), np.array([[[1, 0], [0, 2]], [[0, -1], [0.5, 0]]])
    assert attributed(maps, slope).tolist() == [6.0, -2.0]
