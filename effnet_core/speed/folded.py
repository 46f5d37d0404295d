"""Batch norm folded into the convolution before it: the same numbers from one operation less a layer."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import ConvNormAct, Convolution, same_padding
from ..network import Network


class FoldedConvolution(nn.Module):
    """w′ = w · γ / √(σ² + ε) and b′ = β − μ · γ / √(σ² + ε): a convolution with a bias that is convolution and batch norm in one."""

    def __init__(self, conv: Convolution, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # C
        self.weight = nn.Parameter((conv.weight * factor[:, None, None, None]).detach())
        self.bias = nn.Parameter((norm.bias - norm.running_mean * factor).detach())
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
