"""The building blocks of EfficientNet and of the networks that its paper scales beside it. Every forward pass reads like its equation; nothing is changed in place.

Shapes: N images, C channels, H × W cells, S channels of the squeezed vector.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .architecture import Block, Layer

ACTIVATIONS: dict[str | None, Callable[[], nn.Module]] = {"swish": nn.SiLU, "relu6": nn.ReLU6, "relu": nn.ReLU, None: nn.Identity}


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after one dimension so that the output has ⌈size / stride⌉ cells, TensorFlow's "SAME".

    Where the total is odd the extra zero goes after: an even side with stride 2 is padded asymmetrically.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Convolution(nn.Conv2d):
    """A convolution without bias, padded to ⌈side / stride⌉: "same" as in TensorFlow, or "symmetric" as PyTorch users write it.

    Both give the same output shape; on even sides with stride 2 they sample a grid shifted by one pixel.
    """

    def __init__(self, layer: Layer, padding: str) -> None:
        symmetric = (layer.kernel - 1) // 2 if padding == "symmetric" else 0
        super().__init__(layer.input.channels, layer.output.channels, layer.kernel, layer.stride,
                         padding=symmetric, groups=layer.groups, bias=False)
        self.same = padding == "same" and layer.kernel > 1

    def forward(self, x: Tensor) -> Tensor:
        if self.same:
            top, bottom = same_padding(x.shape[-2], self.kernel_size[0], self.stride[0])
            left, right = same_padding(x.shape[-1], self.kernel_size[1], self.stride[1])
            if (top, left) == (bottom, right):
                return F.conv2d(x, self.weight, None, self.stride, (top, left), 1, self.groups)
            x = F.pad(x, (left, right, top, bottom))
        return super().forward(x)


class MaxPool(nn.MaxPool2d):
    """The greatest value of every window, padded to ⌈side / stride⌉ cells with −∞ as `Convolution` pads with zeros."""

    def __init__(self, layer: Layer, padding: str) -> None:
        super().__init__(layer.kernel, layer.stride, 0 if padding == "same" else (layer.kernel - 1) // 2)
        self.same = padding == "same"

    def forward(self, x: Tensor) -> Tensor:
        if self.same:
            top, bottom = same_padding(x.shape[-2], self.kernel_size, self.stride)
            left, right = same_padding(x.shape[-1], self.kernel_size, self.stride)
            x = F.pad(x, (left, right, top, bottom), value=-torch.inf)
        return super().forward(x)


class ConvNormAct(nn.Module):
    """Convolution → batch norm → activation; without activation where `layer.activation` is None (linear bottleneck)."""

    def __init__(self, layer: Layer, padding: str, eps: float, momentum: float) -> None:
        super().__init__()
        self.conv = Convolution(layer, padding)
        self.norm = nn.BatchNorm2d(layer.output.channels, eps, momentum)
        self.activation = ACTIVATIONS[layer.activation]()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.conv(x)))


class SqueezeExcitation(nn.Module):
    """s = σ(W₂ swish(W₁ z + b₁) + b₂) with z the mean of every channel; the output is s · x (Hu et al., arXiv 1709.01507, eq. 2–4).

    The squeezed width S is a quarter of the *block's* input channels, not of the expanded ones that pass through here.
    """

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(layer.input.channels, layer.squeeze, 1)
        self.activation = ACTIVATIONS[layer.activation]()
        self.expand = nn.Conv2d(layer.squeeze, layer.input.channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        z = self.squeeze(x)  # N C 1 1
        s = self.gate(self.expand(self.activation(self.reduce(z))))  # N C 1 1, through N S 1 1
        return x * s  # N C H W


class StochasticDepth(nn.Module):
    """Drops a residual branch per image with probability `rate` in training and rescales the kept ones (arXiv 1603.09382)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate
        mask = torch.empty((x.shape[0], 1, 1, 1), dtype=x.dtype, device=x.device).bernoulli_(keep)
        return x * (mask / keep)

    def extra_repr(self) -> str:
        return f"rate={self.rate:g}"


class MBConv(nn.Module):
    """Inverted residual with a linear bottleneck and squeeze-and-excitation (arXiv 1801.04381 with SE; paper §4)."""

    def __init__(self, block: Block, padding: str, eps: float, momentum: float) -> None:
        super().__init__()
        for layer in block.layers:
            unit = SqueezeExcitation(layer) if layer.operator == "se" else ConvNormAct(layer, padding, eps, momentum)
            self.add_module(layer.part, unit)
        self.skip = block.skip
        self.drop = StochasticDepth(block.drop_rate)

    def branch(self, x: Tensor) -> Tensor:
        for name in ("expand", "depthwise", "se", "project"):  # narrow → wide → wide, gated → narrow
            if name in self._modules:
                x = self._modules[name](x)
        return x

    def forward(self, x: Tensor) -> Tensor:
        return x + self.drop(self.branch(x)) if self.skip else self.branch(x)


class Separable(nn.Module):
    """A depthwise separable convolution: depthwise, then pointwise, each with its activation (arXiv 1704.04861)."""

    def __init__(self, block: Block, padding: str, eps: float, momentum: float) -> None:
        super().__init__()
        self.depthwise, self.pointwise = (ConvNormAct(layer, padding, eps, momentum) for layer in block.layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class Bottleneck(nn.Module):
    """The residual block: wide → narrow → wide, and the input added, projected where shapes differ (arXiv 1512.03385)."""

    def __init__(self, block: Block, padding: str, eps: float, momentum: float) -> None:
        super().__init__()
        if block.shortcut is None:
            self.shortcut = nn.Identity()
        for layer in block.layers:
            self.add_module(layer.part, ConvNormAct(layer, padding, eps, momentum))
        self.activation = ACTIVATIONS[block.after]()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.shortcut(x) + self.expand(self.spatial(self.reduce(x))))


KINDS: dict[str, type[nn.Module]] = {"mbconv": MBConv, "separable": Separable, "bottleneck": Bottleneck}
