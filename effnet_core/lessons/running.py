"""The code of a lesson, run: the very text that is shown makes the module, and a random map goes through it."""

import threading
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import nn

from . import code_torch
from .design import Design
from .parts import Gate, Part

LIMITS = {"macs": 200_000_000, "activations": 4_000_000, "params": 1_000_000}  # within them numbers are computed, beyond only shapes
MOST_INPUT = 1_000_000  # numbers that go in, likewise
_TURNS = threading.BoundedSemaphore(2)  # a run may need a hundred megabytes for a moment


class Run(NamedTuple):
    """What came of it. Without numbers, `spread` is none: the module then ran on shapes alone."""

    output: tuple[int, ...]  # N C H W
    params: int
    buffers: int  # numbers that are kept and not learnt; PyTorch's count of batches aside
    spread: float | None  # standard deviation of what came out


def small(made: Design | Part) -> bool:
    """Whether numbers are computed."""
    return made.input.elements <= MOST_INPUT and all(getattr(made, name) <= limit for name, limit in LIMITS.items())


def built(made: Design | Part) -> nn.Module:
    """The module that the shown PyTorch code makes, in eval mode, on torch's current device."""
    text = code_torch.block(made) if isinstance(made, Design) else code_torch.module(made)
    names: dict = {"__name__": "lesson"}
    exec(compile(text, "<the code of the lesson>", "exec"), names)
    if isinstance(made, Gate):
        return names["SqueezeExcitation"](made.channels, made.squeeze).eval()
    return names["Block" if isinstance(made, Design) else code_torch.CLASSES[made.name]]().eval()


@lru_cache(maxsize=256)
def run(made: Design | Part) -> Run:
    """Fresh random weights, and one map of normal random numbers of the shape that goes in. Two run at a time, others wait."""
    numbers = small(made)
    with _TURNS, torch.no_grad(), torch.device("cpu" if numbers else "meta"):
        module = built(made)
        out = module(torch.randn(1, *made.input))
    return Run(tuple(out.shape), sum(p.numel() for p in module.parameters()), sum(b.numel() for b in module.buffers() if b.ndim),
               out.std(correction=0).item() if numbers else None)
