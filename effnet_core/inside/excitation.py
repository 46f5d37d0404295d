"""How one channel gets its gate, number by number: the squeeze-and-excitation of Hu et al. (arXiv 1709.01507, eq. 2–4) computed by hand.

Sums are in float64; what a pass recorded in float32 stands beside them.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from torch import nn

from ..blocks import SqueezeExcitation
from ..network import Network
from .inspection import Excitation

NEURONS = 3  # hidden numbers that are worked out
TERMS = 3  # of a sum, written one by one


class Term(NamedTuple):
    """One input of a neuron."""

    place: int
    weight: float
    value: float

    @property
    def product(self) -> float:
        return self.weight * self.value


class Neuron(NamedTuple):
    """value = f(Σ weight · input + bias)."""

    place: int
    terms: tuple[Term, ...]  # those that matter most: the greatest |weight · input| first
    others: int  # how many more there are
    rest: float  # and their sum
    bias: float
    total: float
    value: float  # as recorded

    @property
    def parts(self) -> tuple[float, ...]:
        """What adds up to the total."""
        return (*(term.product for term in self.terms), *((self.rest,) if self.others else ()), self.bias)


class Work(NamedTuple):
    """One channel's way through an SE unit with C channels and S hidden numbers."""

    channel: int
    height: int
    width: int
    sum: float  # of its map
    z: float  # as recorded
    hidden: tuple[Neuron, ...]  # those that matter most for this gate: the greatest |weight · h| first
    gate: Neuron  # its value is what the network decides
    s: float  # what was applied: the same, unless it was set
    first: np.ndarray  # their rows of W₁, as many × C
    second: np.ndarray  # the channel's row of W₂, S


def swish(x: float) -> float:
    """x · σ(x) (arXiv 1710.05941), the activation of the hidden numbers."""
    return x * sigmoid(x)


def sigmoid(x: float) -> float:
    """σ(x) = 1 / (1 + e^−x), for any finite x."""
    return 0.0 if x < -700 else 1 / (1 + math.exp(-x))


class Activation(NamedTuple):
    """Of the hidden numbers, under the field's name for it."""

    name: str
    of: Callable[[float], float]


ACTIVATIONS = {nn.SiLU: Activation("swish", swish), nn.ReLU: Activation("ReLU", lambda x: max(0.0, x)),
               nn.ReLU6: Activation("ReLU6", lambda x: min(6.0, max(0.0, x))), nn.Identity: Activation("identity", lambda x: x)}


def neuron(place: int, weights: np.ndarray, inputs: np.ndarray, bias: float, value: float, most: int = TERMS) -> Neuron:
    """The sum of one neuron, written out; `value` is what was recorded of it."""
    weights, inputs = weights.astype(np.float64), inputs.astype(np.float64)
    products = weights * inputs
    best = np.argsort(-np.abs(products), kind="stable")[:most]
    terms = tuple(Term(int(i), float(weights[i]), float(inputs[i])) for i in best)
    total = float(products.sum()) + bias
    return Neuron(place, terms, len(weights) - len(terms), total - bias - sum(term.product for term in terms), bias, total, value)


def _matrices(se: SqueezeExcitation) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """W₁ (S C), b₁ (S), W₂ (C S), b₂ (C)."""
    return tuple(part.detach().numpy() for conv in (se.reduce, se.expand) for part in (conv.weight[:, :, 0, 0], conv.bias))


def activation(network: Network, unit: str) -> Activation:
    """Of the SE unit in the block `unit`."""
    return ACTIVATIONS[type(network.get_submodule(unit + ".se").activation)]


def work(network: Network, unit: str, excitation: Excitation, channel: int) -> Work:
    """`channel` of the block `unit` through its SE unit, of which `excitation` was recorded."""
    w1, b1, w2, b2 = _matrices(network.get_submodule(unit + ".se"))
    z, hidden = excitation.z, excitation.hidden
    gate = neuron(channel, w2[channel], hidden, float(b2[channel]), float(excitation.own[channel]))
    places = [int(i) for i in np.argsort(-np.abs(w2[channel].astype(np.float64) * hidden), kind="stable")[:NEURONS]]
    worked = tuple(neuron(i, w1[i], z, float(b1[i]), float(hidden[i])) for i in places)
    before = excitation.before[channel]
    return Work(channel, *before.shape, float(before.sum(dtype=np.float64)), float(z[channel]), worked, gate, float(excitation.s[channel]),
                w1[places], w2[channel])
