"""What a ReLU after the projection would do to a trained network: what would become zero, block by block, and what the guess becomes."""

from typing import NamedTuple

import torch

from ..blocks import MBConv
from ..checkpoints import Pretrained
from ..inside.inspection import Inspection, softmax
from ..inside.probing import chain, follow, operating


class Cut(NamedTuple):
    """One block. Shares are of 1."""

    block: str
    channels: int  # of the projection
    negative: float  # share of its outputs below zero, which ReLU would make zero
    probability: float  # of the class, were a ReLU there and nowhere else
    skip: bool


@torch.inference_mode()
def cuts(model: Pretrained, seen: Inspection, label: int) -> list[Cut]:
    """Every MBConv of the pass `seen`, with its own projection computed again and the rest of the network after it."""
    network, units, found = model.network, [*chain(model.network)], []
    for name, block in _mbconvs(model):
        x = torch.from_numpy(seen.input_of(name))[None]
        with operating(network):
            projected = block.branch(x)
            cut = _rectified(block, x, projected)
        logits = follow(network, cut, units[units.index(name) + 1]).logits[0].numpy()
        found.append(Cut(name, projected.shape[1], float((projected < 0).float().mean()), float(softmax(logits)[label]), block.skip))
    return found


@torch.inference_mode()
def all_cut(model: Pretrained, seen: Inspection, label: int) -> float:
    """The probability of the class with a ReLU after the projection of every MBConv."""
    blocks, x = dict(_mbconvs(model)), torch.from_numpy(seen.image)[None]
    with operating(model.network):
        for name, unit in chain(model.network).items():
            x = _rectified(blocks[name], x, blocks[name].branch(x)) if name in blocks else unit(x)
    return float(softmax(x[0].numpy())[label])


def _rectified(block: MBConv, x: torch.Tensor, projected: torch.Tensor) -> torch.Tensor:
    return x + projected.relu() if block.skip else projected.relu()


def _mbconvs(model: Pretrained) -> list[tuple[str, MBConv]]:
    found = ((block.id, model.network.get_submodule(block.id)) for block in model.network.architecture.blocks)
    return [(name, block) for name, block in found if isinstance(block, MBConv)]
