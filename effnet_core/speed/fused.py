"""The fused path: the network for output only. Batch norm is folded, maps are channels-last, and a convolution, its activation function and
the addition after it are one operation, where torch has oneDNN's for the processor.

It writes into maps that nobody needs any more, so nothing can be recorded inside it. The layer ids are the paths of its modules, as in
`Network`; a block's last layer contains the addition. Logits are the network's own within about 1e-6 of the greatest (fp32).
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..architecture import Block
from ..blocks import ConvNormAct, SqueezeExcitation, same_padding
from ..network import Network
from .folded import folded

ONEDNN = torch.ops.mkldnn
MOST_SHAPES = 3  # of images, for which packed weights are kept
POSTS: dict[type[nn.Module], tuple[str, list]] = {  # activation functions as oneDNN calls them, with their numbers
    nn.SiLU: ("swish", []), nn.ReLU: ("relu", []), nn.ReLU6: ("hardtanh", [0.0, 6.0]), nn.Identity: ("none", [])}
IN_PLACE: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.SiLU: lambda x: F.silu(x, inplace=True), nn.ReLU: torch.relu_, nn.ReLU6: lambda x: F.relu6(x, inplace=True), nn.Identity: lambda x: x}


def has_onednn(dtype: torch.dtype = torch.float32) -> bool:
    """Whether this build of torch has the fused operators, which only compiled code uses otherwise, and the processor computes in `dtype`."""
    names = ("_convolution_pointwise", "_convolution_pointwise_", "_reorder_convolution_weight")
    if not torch.backends.mkldnn.is_available() or not all(hasattr(ONEDNN, name) for name in names):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and ONEDNN._is_mkldnn_bf16_supported())


class FusedConvolution(nn.Module):
    """w′ · x + b′, plus the map `other` where one is given, then the activation function: one operation with oneDNN.

    w′ = w γ / √(σ² + ε) and b′ = β − μ γ / √(σ² + ε). Where "same" padding has one more zero after than before, w′ gets a row or column
    of zeros in front instead: oneDNN pads evenly, and a padded copy of the map would cost more.
    """

    def __init__(self, unit: ConvNormAct, after: nn.Module, onednn: bool, dtype: torch.dtype) -> None:
        super().__init__()
        self._own = (unit.conv, unit.norm)  # in a tuple: they are the network's parts, not this one's
        self.post, self.act, self.onednn, self.dtype = POSTS[type(after)], IN_PLACE[type(after)], onednn, dtype
        self.post_sum = (None, [], None) if self.post[0] == "none" else (*self.post, "")
        self._fitted: dict[torch.Size, tuple] = {}

    def _fitting(self, shape: torch.Size) -> tuple:
        """w′, b′, the even padding, stride, dilation and groups for maps of that `shape` (N C H W): oneDNN's order.

        oneDNN packs w′ for a shape. Packed for another it may be packed anew at every pass, which can take longer than all the rest.
        """
        conv, norm = self._own
        (above, left), padding = (0, 0), list(conv.padding)
        if conv.same:
            sides = [same_padding(side, kernel, step) for side, kernel, step in zip(shape[2:], conv.kernel_size, conv.stride)]
            (above, left), padding = (after - before for before, after in sides), [after for _, after in sides]
        weight, bias = folded(conv, norm)
        weight = F.pad(weight, (left, 0, above, 0)).to(self.dtype, memory_format=torch.channels_last)
        if self.onednn:
            weight = ONEDNN._reorder_convolution_weight(weight, padding, list(conv.stride), [1, 1], conv.groups, list(shape))
        return weight, bias.to(self.dtype), padding, list(conv.stride), [1, 1], conv.groups

    def _fit(self, shape: torch.Size) -> tuple:
        """The same, kept for the shapes that came last: each has weights of its own."""
        for oldest in [*self._fitted][: 1 - MOST_SHAPES]:
            self._fitted.pop(oldest, None)
        return self._fitted.setdefault(shape, self._fitting(shape))

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        fitted = self._fitted.get(x.shape) or self._fit(x.shape)
        if not self.onednn:
            weight, bias, padding, stride, dilation, groups = fitted
            y = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
            return self.act(y if other is None else y.add_(other))
        if other is None:
            return ONEDNN._convolution_pointwise.default(x, *fitted, *self.post, "")
        return ONEDNN._convolution_pointwise_.binary(other, x, *fitted, "add", 1.0, *self.post_sum)  # into `other`


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
    """Images (N 3 H W, any size, fp32) → logits (N classes, fp32) of `network` in eval mode, computed in `dtype` on its device.

    It is of the weights that the network has at the first pass of a shape; the network itself stays as it is. `onednn`: whether to use the operators,
    by default where they are.
    """

    def __init__(self, network: Network, dtype: torch.dtype = torch.float32, onednn: bool | None = None) -> None:
        super().__init__()
        self.architecture, self.dtype = network.architecture, dtype
        on_processor = next(network.parameters()).device.type == "cpu"
        onednn = on_processor and has_onednn(dtype) if onednn is None else onednn

        def fuse(unit: nn.Module, after: nn.Module | None) -> nn.Module:
            if isinstance(unit, SqueezeExcitation):
                return FusedGate(unit, dtype)
            return FusedConvolution(unit, after or unit.activation, onednn, dtype) if isinstance(unit, ConvNormAct) else copy.deepcopy(unit)

        self.stem = fuse(network.stem, None)
        self.maxpool = fuse(network.maxpool, None)
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
