"""`python -m tests.bench.training`: a step of training, forward, loss, backward and SGD, of our B0 and of timm's, in the same loop.

Both with dropout and stochastic depth at 0.2, in turn, so that what else the machine does slows both. With --memory the C library keeps what
is freed, as it does in the app's own trainings.
"""

import argparse
import gc
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

from effnet_core import machine
from effnet_core.families import published
from effnet_core.network import build

from ..conftest import declare_torchvision_operators
from .report import interleaved, show

SHAPES = ((16, 96), (32, 64))  # images, pixels
CLASSES = 10
FORMATS = {"channels first": torch.contiguous_format, "channels-last": torch.channels_last}


def networks() -> dict[str, Callable[[], nn.Module]]:
    declare_torchvision_operators()
    import timm

    architecture = published("b0", CLASSES)
    theirs = {"num_classes": CLASSES, "drop_rate": 0.2, "drop_path_rate": 0.2}
    return {
        "timm's efficientnet_b0": lambda: timm.create_model("efficientnet_b0", **theirs),
        "ours, padded as timm's": lambda: build(architecture, padding="symmetric", seed=0),
        "timm's tf_efficientnet_b0": lambda: timm.create_model("tf_efficientnet_b0", **theirs),
        "ours": lambda: build(architecture, seed=0),
    }


def stepping(network: nn.Module, images: int, side: int, memory: torch.memory_format) -> Callable[[], float]:
    """One step after the other, on the same noise."""
    network = network.train().to(memory_format=memory)
    optimiser = torch.optim.SGD(network.parameters(), 1e-3, momentum=0.9)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(images, 3, side, side, generator=generator).contiguous(memory_format=memory)
    y = torch.randint(CLASSES, (images,), generator=generator)

    def step() -> float:
        loss = F.cross_entropy(network(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.training", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, nargs="+", default=(1, 2))
    parser.add_argument("--memory", action="store_true")
    asked = parser.parse_args()
    if asked.memory:
        machine.keep_freed_memory()
    kept = "kept" if asked.memory else "given back"
    made = networks()
    gc.collect()
    gc.freeze()
    for threads in asked.threads:
        torch.set_num_threads(threads)
        for images, side in SHAPES:
            for title, memory in FORMATS.items():
                steps = {name: (stepping(make(), images, side, memory), 1) for name, make in made.items()}
                show(f"{images} images of {side} px, {title}, {threads} thread(s), freed memory {kept}", interleaved(steps, asked.rounds))


if __name__ == "__main__":
    main()
