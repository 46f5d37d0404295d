"""How a class's logit would change with every number inside: gradients, unit by unit from the last to the first.

One unit at a time is in memory, so that B7 at 600 pixels needs no more for this than for its forward pass.
"""

import numpy as np
import torch

from ..checkpoints import Pretrained
from .inspection import Inspection, tensors
from .probing import chain, keeping, operating


def gradients(model: Pretrained, seen: Inspection, label: int, down_to: str = "stem") -> dict[str, np.ndarray]:
    """d logit[label] / d output (C H W) of every unit from the last map back to `down_to`, with the gates of `seen`."""
    network, names = model.network, [*seen.outputs]
    units, found = chain(network), {}
    with operating(network, tensors(seen.operation)), torch.enable_grad():
        x = _leaf(seen.outputs[names[-1]])
        (slope,) = torch.autograd.grad(units["classifier"](x)[0, label], x)
        found[names[-1]] = slope
        for unit, before in zip(names[:0:-1], names[-2::-1]):
            if unit == down_to:
                break
            x = _leaf(seen.outputs[before])
            (slope,) = torch.autograd.grad(units[unit](x), x, slope)
            found[before] = slope
    return {unit: slope[0].numpy() for unit, slope in found.items()}


def layer_gradients(model: Pretrained, seen: Inspection, unit: str, slope: np.ndarray) -> dict[str, np.ndarray]:
    """The same for every layer within a unit (layer id → C H W), from `slope`, that of its output."""
    network = model.network
    layers = [layer.id for name, layers in network.architecture.units() if name == unit for layer in layers]
    with operating(network, tensors(seen.operation)), torch.enable_grad():
        with keeping([(layer, network.get_submodule(layer)) for layer in layers], {}) as kept:
            output = chain(network)[unit](_leaf(seen.input_of(unit)))
        inner = [layer for layer in layers if kept[layer] is not output]
        slopes = torch.autograd.grad(output, [kept[layer] for layer in inner], torch.from_numpy(slope)[None]) if inner else ()
    return {layer: each[0].numpy() for layer, each in zip(inner, slopes)} | {layer: slope for layer in layers if layer not in inner}


def _leaf(maps: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(maps.copy())[None].requires_grad_()
