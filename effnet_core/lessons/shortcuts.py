"""Signal and gradient in a real EfficientNet, block by block: as it is, and with every skip connection taken away (x + branch → branch)."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ..architecture import Architecture
from ..blocks import MBConv
from ..checkpoints import Pretrained
from ..inside.probing import chain, operating
from ..network import Network, build

SEED = 0  # of weights that learnt nothing


class Flow(NamedTuple):
    """What a unit hands on."""

    unit: str
    slope: float  # ‖∂/∂output‖ of a logit, or of a loss
    spread: float  # standard deviation of all its numbers


def trained(model: Pretrained, image: Tensor, label: int, skips: bool = True) -> list[Flow]:
    """Of the logit of class `label` on one image (1 3 H W); batch norm uses the statistics that it learnt with its skips."""
    with operating(model.network), torch.enable_grad():
        outputs = _through(model.network, image, skips)
        return _flows(outputs, outputs["classifier"][0, label])


def untrained(architecture: Architecture, images: Tensor, skips: bool = True) -> list[Flow]:
    """Of the cross-entropy on a batch of images (N 3 H W, image i called class i) at the reference initialisation; batch norm uses the
    batch's own statistics, as in the first step of a training, without dropout and stochastic depth."""
    network = build(architecture, seed=SEED)
    outputs = _through(network, images, skips)
    return _flows(outputs, F.cross_entropy(outputs["classifier"], torch.arange(len(images))))


def _through(network: Network, x: Tensor, skips: bool) -> dict[str, Tensor]:
    """Unit → what it hands on."""
    outputs = {}
    x = x.detach().clone().requires_grad_()
    for name, unit in chain(network).items():
        block = network.get_submodule(name)
        if isinstance(block, MBConv):
            x = x + block.branch(x) if block.skip and skips else block.branch(x)
        else:
            x = unit(x)
        outputs[name] = x
    return outputs


def _flows(outputs: dict[str, Tensor], goal: Tensor) -> list[Flow]:
    kept = {name: x for name, x in outputs.items() if name != "classifier"}
    slopes = torch.autograd.grad(goal, list(kept.values()))
    return [Flow(name, slope.norm().item(), x.std().item()) for (name, x), slope in zip(kept.items(), slopes)]
