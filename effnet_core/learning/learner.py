"""The network that learns: how it begins, which parts of it learn, and the average of its weights that is kept."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..network import Network


def start_gently(network: Network, seed: int | None = None) -> None:
    """Every residual branch starts at zero (the scale of its last batch norm) and the classifier near zero.

    The network is shallow at first and its first losses are those of chance, so that early steps do no harm; on short runs
    this decides more than the optimiser does (Goyal et al., arXiv 1706.02677 §5.1).
    """
    for block in network.architecture.blocks:
        if block.skip:
            nn.init.zeros_(network.get_submodule(block.layers[-1].id).norm.weight)
    start_anew(network.classifier, seed)


def start_anew(classifier: nn.Linear, seed: int | None = None) -> None:
    """A classifier near zero: at first every class is as likely as any other."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    nn.init.normal_(classifier.weight, 0.0, 0.01, generator=generator)
    nn.init.zeros_(classifier.bias)


def freeze(network: Network) -> None:
    """From now on only the classifier learns; batch norms keep their statistics."""
    network.requires_grad_(False)
    network.classifier.requires_grad_(True)


def into_training(network: Network) -> None:
    """Training mode, except for what is frozen."""
    network.train()
    for part in network.children():
        learning = [parameter.requires_grad for parameter in part.parameters()]
        if learning and not any(learning):
            part.eval()


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict]:
    """Kernels and matrices decay; batch norms and biases, which are vectors, do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}]


def moving_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    """a ← d·a + (1 − d)·w with d = min(decay, (1 + n) / (10 + n)) after n updates, so that early averages are not stuck at
    the start (as TensorFlow's ExponentialMovingAverage does); whole numbers, such as counters, are copied."""

    @torch.no_grad()
    def update(averages: list[Tensor], values: list[Tensor], updates: Tensor | int) -> None:
        d = min(decay, (1 + int(updates)) / (10 + int(updates)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - d)
        else:
            torch._foreach_copy_(averages, values)

    return update
