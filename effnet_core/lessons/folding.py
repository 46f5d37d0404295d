"""Batch norm folded into real convolutions, and how far the folded network's numbers are from the network's own."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..blocks import ConvNormAct
from ..checkpoints import Pretrained
from ..inside.inspection import Inspection
from ..inside.probing import keeping, operating
from ..network import Network
from ..speed.folded import FoldedConvolution, fold


class Apart(NamedTuple):
    """Convolution and batch norm against the folded convolution, on the same numbers."""

    most: float  # greatest |difference|
    reach: float  # greatest |value|
    learnt: int  # parameters before: weights, γ and β
    kept: int  # and what batch norm keeps besides: μ and σ²
    folded: int  # after: weights and b′


def counts(modules: list[ConvNormAct]) -> tuple[int, int, int]:
    """Learnt and kept numbers of these layers, and what is left of them when they are folded."""
    weights = sum(module.conv.weight.numel() for module in modules)
    channels = sum(module.norm.num_features for module in modules)
    return weights + 2 * channels, 2 * channels, weights + channels


def of_layer(network: Network, layer_id: str, x: Tensor) -> Apart:
    """One layer on its own input `x`, N C H W."""
    module = network.get_submodule(layer_id)
    with operating(network), torch.inference_mode():
        own, folded = module.norm(module.conv(x)), FoldedConvolution(module.conv, module.norm)(x)
    return Apart(float((own - folded).abs().max()), float(own.abs().max()), *counts([module]))


def of_network(network: Network, x: Tensor) -> Apart:
    """All layers at once: the difference is that of the logits of images `x`, N 3 H W."""
    modules = [module for module in network.modules() if isinstance(module, ConvNormAct)]
    with operating(network), torch.inference_mode():
        own, folded = network(x), fold(network)(x)
    learnt, kept, after = counts(modules)
    others = sum(each.numel() for each in network.parameters()) - learnt
    return Apart(float((own - folded).abs().max()), float(own.abs().max()), learnt + others, kept, after + others)


@torch.inference_mode()
def within(model: Pretrained, seen: Inspection, unit: str, layer_id: str) -> dict[str, Tensor]:
    """What a convolution of the unit reads ("input"), makes of it ("conv"), and what batch norm makes of that ("norm"): each 1 C H W."""
    network, kept = model.network, {}
    module, before = network.get_submodule(layer_id), _before(network, unit, layer_id)
    pairs = [("conv", module.conv), ("norm", module.norm), *([("input", network.get_submodule(before))] if before else [])]
    x = torch.from_numpy(seen.input_of(unit))[None]
    with operating(network), keeping(pairs, kept):
        network.get_submodule(unit)(x)
    return {"input": x, **kept}


def _before(network: Network, unit: str, layer_id: str) -> str:
    """The layer of the unit that the convolution reads; "" where it reads the unit's own input."""
    names = [layer.id for layer in dict(network.architecture.units())[unit] if not layer.is_shortcut]
    place = names.index(layer_id) if layer_id in names else 0
    return names[place - 1] if place else ""
