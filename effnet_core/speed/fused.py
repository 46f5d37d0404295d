"""The fused path: the network for output only. Batch norm is folded, maps are channels-last, and a convolution, its activation function and
the addition after it are one operation, where torch has oneDNN's for the processor.

It writes into maps that nobody needs any more, so nothing can be recorded inside it. The layer ids are the paths of its modules, as in
`Network`. Logits are the network's own within about 1e-6 (fp32), relative to the greatest.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..architecture import Block
from ..blocks import ConvNormAct, MaxPool, SqueezeExcitation, same_padding
from ..errors import UserError
from ..network import Network

ONEDNN = torch.ops.mkldnn
POSTS: dict[type[nn.Module], tuple[str, list]] = {  # activation functions as oneDNN calls them, with their numbers
    nn.SiLU: ("swish", []), nn.ReLU: ("relu", []), nn.ReLU6: ("hardtanh", [0.0, 6.0]), nn.Identity: ("none", [])}
IN_PLACE: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.SiLU: lambda x: F.silu(x, inplace=True), nn.ReLU: torch.relu_, nn.ReLU6: lambda x: F.relu6(x, inplace=True), nn.Identity: lambda x: x}


def has_onednn() -> bool:
    """Whether this build of torch has the fused operators, which only compiled code uses otherwise."""
    names = ("_convolution_pointwise", "_convolution_pointwise_", "_reorder_convolution_weight")
    return torch.backends.mkldnn.is_available() and all(hasattr(ONEDNN, name) for name in names)


class FusedConvolution(nn.Module):
    """w′ · x + b′, plus the map `other` where one is given, then the activation function: one operation with oneDNN.

    w′ = w γ / √(σ² + ε) and b′ = β − μ γ / √(σ² + ε). Where "same" padding has one more zero after than before, w′ gets a row or column
    of zeros in front instead: oneDNN pads evenly, and a padded copy of the map would cost more.
    """

    def __init__(self, unit: ConvNormAct, after: nn.Module, onednn: bool, dtype: torch.dtype) -> None:
        super().__init__()
        conv, norm = unit.conv, unit.norm
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # C
        weight = (conv.weight * factor[:, None, None, None]).detach().to(dtype, memory_format=torch.channels_last)
        self.register_buffer("weight", weight)
        self.register_buffer("bias", (norm.bias - norm.running_mean * factor).detach().to(dtype))
        self.stride, self.groups, self.same, self.even = list(conv.stride), conv.groups, conv.same, list(conv.padding)
        self.post, self.act, self.onednn = POSTS[type(after)], IN_PLACE[type(after)], onednn
        self._ready: dict[tuple, tuple[Tensor, list[int]]] = {}

    def _fitting(self, height: int, width: int) -> tuple[Tensor, list[int]]:
        """The weights and the even padding for a map of that size."""
        if not self.same:
            key = (0, 0, *self.even)
        else:
            sides = [same_padding(side, kernel, step) for side, kernel, step in zip((height, width), self.weight.shape[2:], self.stride)]
            key = (*(after - before for before, after in sides), *(after for _, after in sides))
        if key not in self._ready:
            above, left, *padding = key
            weight = F.pad(self.weight, (left, 0, above, 0)).contiguous(memory_format=torch.channels_last)
            if self.onednn:
                weight = ONEDNN._reorder_convolution_weight(weight, padding, self.stride, [1, 1], self.groups, None)
            self._ready[key] = weight, padding
        return self._ready[key]

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        weight, padding = self._fitting(*x.shape[2:])
        geometry = (weight, self.bias, padding, self.stride, [1, 1], self.groups)
        if not self.onednn:
            y = F.conv2d(x, *geometry)
            return self.act(y if other is None else y.add_(other))
        name, scalars = self.post
        if other is None:
            return ONEDNN._convolution_pointwise(x, *geometry, name, scalars, "")
        post = (None, [], None) if name == "none" else (name, scalars, "")
        return ONEDNN._convolution_pointwise_.binary(other, x, *geometry, "add", 1.0, *post)  # into `other`


class FusedGate(nn.Module):
    """Squeeze-and-excitation: x is multiplied where it lies."""

    def __init__(self, unit: SqueezeExcitation, dtype: torch.dtype) -> None:
        super().__init__()
        for name, conv in (("reduce", unit.reduce), ("expand", unit.expand)):
            self.register_buffer(f"{name}_weight", conv.weight.detach().flatten(1).to(dtype))
            self.register_buffer(f"{name}_bias", conv.bias.detach().to(dtype))
        self.act = IN_PLACE[type(unit.activation)]

    def forward(self, x: Tensor) -> Tensor:
        z = x.mean((2, 3))  # N C
        s = self.act(F.linear(z, self.reduce_weight, self.reduce_bias))  # N S
        return x.mul_(torch.sigmoid_(F.linear(s, self.expand_weight, self.expand_bias))[:, :, None, None])  # N C H W


class FusedBlock(nn.Module):
    """Any block: its layers one after another, the last of which adds the input or its projection."""

    def __init__(self, own: nn.Module, block: Block, fuse: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.skip, self.path = block.skip, [layer.part for layer in block.layers if not layer.is_shortcut]
        self.projected = any(layer.is_shortcut for layer in block.layers)
        for layer in block.layers:
            unit = own._modules[layer.part]
            ends = block.skip and layer.part == self.path[-1] and block.after is not None
            self.add_module(layer.part, fuse(unit, own.activation if ends else getattr(unit, "activation", None)))

    def forward(self, x: Tensor) -> Tensor:
        other, y = (self.shortcut(x) if self.projected else x) if self.skip else None, x
        for part in self.path[:-1]:
            y = self._modules[part](y)
        last = self._modules[self.path[-1]]
        return last(y) if other is None else last(y, other)


class Fused(nn.Module):
    """Images (N 3 H W, any size, fp32) → logits (N classes, fp32), computed in `dtype` on the network's device."""

    def __init__(self, network: Network, dtype: torch.dtype = torch.float32, onednn: bool | None = None) -> None:
        super().__init__()
        self.architecture, self.dtype = network.architecture, dtype
        on_processor = next(network.parameters()).device.type == "cpu"
        onednn = on_processor and has_onednn() if onednn is None else onednn

        def fuse(unit: nn.Module, after: nn.Module | None) -> nn.Module:
            if isinstance(unit, SqueezeExcitation):
                return FusedGate(unit, dtype)
            return FusedConvolution(unit, after or unit.activation, onednn, dtype) if isinstance(unit, ConvNormAct) else unit

        self.stem = fuse(network.stem, None)
        self.maxpool = network.maxpool
        self.stages = nn.Sequential(*(
            nn.Sequential(*(FusedBlock(own, block, fuse) for own, block in zip(stage, blocks.blocks)))
            for stage, blocks in zip(network.stages, network.architecture.stages)))
        self.head = fuse(network.head, None)
        self.classifier = nn.utils.skip_init(nn.Linear, *reversed(network.classifier.weight.shape), dtype=dtype)
        self.classifier.load_state_dict(network.classifier.state_dict())
        self.classifier.to(next(network.parameters()).device)
        self.eval()

    @torch.inference_mode()
    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.dtype, memory_format=torch.channels_last, copy=False)
        x = self.head(self.stages(self.maxpool(self.stem(x))))
        return self.classifier(x.mean((2, 3))).float()
