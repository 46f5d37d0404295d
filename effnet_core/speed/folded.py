"""Batch norm folded into the convolution before it: the same numbers from one operation less a layer."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import ConvNormAct, Convolution, same_padding
from ..network import Network


def folded(conv: Convolution, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """w′ = w · γ / √(σ² + ε), as w, and b′ = β − μ · γ / √(σ² + ε), C: convolution and batch norm in one."""
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # C
    return (conv.weight * factor[:, None, None, None]).detach(), (norm.bias - norm.running_mean * factor).detach()


class FoldedConvolution(nn.Module):
    """A convolution with the weights and the bias of `folded`."""

    def __init__(self, conv: Convolution, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias = map(nn.Parameter, folded(conv, norm))
        self.stride, self.padding, self.groups, self.same = conv.stride, conv.padding, conv.groups, conv.same

    def forward(self, x: Tensor) -> Tensor:
        if self.same:
            (top, bottom), (left, right) = (same_padding(side, kernel, step) for side, kernel, step
                                            in zip(x.shape[2:], self.weight.shape[2:], self.stride))
            x = F.pad(x, (left, right, top, bottom))
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, 1, self.groups)


def fold(network: Network) -> Network:
    """A copy without any batch norm, in eval mode: it computes the same, and can learn no more as the original does."""
    folded = copy.deepcopy(network).eval()
    for module in [module for module in folded.modules() if isinstance(module, ConvNormAct)]:
        module.conv, module.norm = FoldedConvolution(module.conv, module.norm), nn.Identity()
    return folded
