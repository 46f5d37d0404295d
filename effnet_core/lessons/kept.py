"""Stochastic depth and the second half of squeeze-and-excitation as the real modules do them."""

import math
from typing import NamedTuple

import numpy as np
import torch

from ..blocks import StochasticDepth
from ..inside.inspection import Excitation
from ..network import Network


class Mean(NamedTuple):
    """Of many images with the value 1 in training."""

    draws: int
    kept: int  # of them
    mean: float  # over all of them, the dropped ones too
    error: float  # its standard deviation: √(rate / (1 − rate) / draws)


def rescaled(rate: float, draws: int) -> Mean:
    """The real module on so many images at once: the kept ones are divided by 1 − rate, so that the mean stays near 1. Uses torch's own
    random numbers."""
    module = StochasticDepth(rate).train()
    made = module(torch.ones(draws, 1, 1, 1, dtype=torch.float64))
    return Mean(draws, int(torch.count_nonzero(made)), float(made.mean()), math.sqrt(rate / (1 - rate) / draws))


def before_gates(network: Network, unit: str, excitation: Excitation) -> np.ndarray:
    """W₂ h + b₂ of the block's SE unit, C: what the sigmoid gets."""
    expand = network.get_submodule(unit + ".se.expand")
    with torch.inference_mode():
        return expand(torch.from_numpy(excitation.hidden)[None, :, None, None]).flatten().numpy()
