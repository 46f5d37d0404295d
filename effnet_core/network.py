"""The network: an `Architecture` made of tensors."""

import math

import torch
from torch import Tensor, nn

from . import machine
from .architecture import Architecture
from .blocks import KINDS, ConvNormAct, MaxPool
from .cost import cost
from .errors import UserError
from .scaling import check

PADDINGS = ("same", "symmetric")


class Network(nn.Module):
    """Images (N 3 H W, any size) → logits (N classes). Every layer id of `architecture` is the path of a submodule."""

    def __init__(self, architecture: Architecture, padding: str = "same", eps: float = 1e-3, momentum: float = 0.01) -> None:
        super().__init__()
        self.architecture = architecture
        self.padding = padding
        norm = (padding, eps, momentum)
        self.stem = ConvNormAct(architecture.stem, *norm)
        self.maxpool = nn.Identity() if architecture.maxpool is None else MaxPool(architecture.maxpool, padding)
        self.stages = nn.Sequential(
            *(nn.Sequential(*(KINDS[block.kind](block, *norm) for block in stage.blocks)) for stage in architecture.stages)
        )
        self.head = nn.Identity() if architecture.head is None else ConvNormAct(architecture.head, *norm)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(architecture.scaling.dropout)
        self.classifier = nn.Linear(architecture.classifier.input.channels, architecture.classes)

    def features(self, x: Tensor) -> Tensor:
        return self.head(self.stages(self.maxpool(self.stem(x))))  # N C H/32 W/32

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.pool(self.features(x)).flatten(1)))


def initialise(network: Network, generator: torch.Generator | None = None) -> None:
    """The reference initialisation: normal, variance 2 / fan-out, with a depthwise kernel's fan its own k²; classifier
    uniform in ±1/√classes; batch norm 1 and 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan = math.prod(module.kernel_size) * module.out_channels // module.groups
            nn.init.normal_(module.weight, 0.0, math.sqrt(2.0 / fan), generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            bound = 1.0 / math.sqrt(module.out_features)
            nn.init.uniform_(module.weight, -bound, bound, generator=generator)
            nn.init.zeros_(module.bias)


def check_memory(architecture: Architecture) -> None:
    """Raises `UserError` with the bytes needed and available where the fp32 weights do not fit into this machine's memory."""
    needed, available = 4 * cost(architecture).params, machine.memory_available()
    if needed > available:
        raise UserError(f"{architecture.name} has weights of {needed:,} bytes, and this machine has {available:,} bytes of "
                        "memory free. It can be counted and drawn, but not built here; a smaller φ, α or β would fit.")


def build(
    architecture: Architecture,
    *,
    padding: str = "same",
    eps: float = 1e-3,
    momentum: float = 0.01,
    initialised: bool = True,
    seed: int | None = None,
) -> Network:
    """A `Network` in training mode, fp32, on the CPU.

    `padding` is "same" (TensorFlow's) or "symmetric"; `eps` and `momentum` (PyTorch's convention) are batch norm's. The defaults
    are the reference implementation's. With `initialised=False` the tensors have shapes but no storage (the meta device), for
    weights that are about to be assigned: `network.load_state_dict(state, assign=True)`. Raises `UserError` for an unknown
    padding, and for weights that do not fit into memory.
    """
    if padding not in PADDINGS:
        raise UserError(f"The padding is {padding!r}; it must be one of {', '.join(PADDINGS)}.")
    check("Batch norm's ε", eps, (1e-8, 1.0))
    check("Batch norm's momentum", momentum, (0.0, 1.0))
    check_memory(architecture)
    with torch.device("meta"):  # PyTorch's own initialisation would be work for nothing
        network = Network(architecture, padding, eps, momentum)
    if initialised:
        network.to_empty(device="cpu")
        initialise(network, None if seed is None else torch.Generator().manual_seed(seed))
    return network
