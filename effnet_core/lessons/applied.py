"""The activations on whole maps of a real layer, what becomes of their cells, and the gates that other endings of an SE unit would give."""

from typing import NamedTuple

import numpy as np

from .activations import functions


class Before(NamedTuple):
    """A layer's maps before their activation."""

    telling: int  # the channel with the most on both sides of zero
    negative: float  # share of all cells


class Shares(NamedTuple):
    """What becomes of a layer's cells, each as a share of all of them."""

    zero: float  # exactly zero
    full: float  # at 6 or above before it: where ReLU6 cuts off
    flat: float  # slope exactly zero: nothing is learnt through these cells
    negative: float


def apply(name: str, x: np.ndarray, beta: float = 1.0) -> np.ndarray:
    """One of the activations on floating-point numbers of any shape, in their own precision."""
    if name in ("swish", "sigmoid"):
        bounded = np.exp(-np.abs(x if name == "sigmoid" else beta * x))
        gate = np.where(x >= 0, 1 / (1 + bounded), bounded / (1 + bounded))
        return gate if name == "sigmoid" else x * gate
    six = np.clip(x, 0.0, 6.0)
    return {"ReLU": np.maximum(x, 0.0), "ReLU6": six, "hard-swish": x * np.clip(x + 3, 0.0, 6.0) / 6}[name]


def before(values: np.ndarray) -> Before:
    """Of maps (C H W)."""
    sides = np.minimum(np.maximum(values, 0).mean((1, 2)), np.maximum(-values, 0).mean((1, 2)))
    return Before(int(sides.argmax()), float((values < 0).mean()))


def shares(values: np.ndarray, beta: float = 1.0) -> dict[str, Shares]:
    """Of the same maps through each of the activations, one after the other."""
    return {name: _shares(name, values, apply(name, values, beta)) for name in functions()}


def _shares(name: str, x: np.ndarray, made: np.ndarray) -> Shares:
    nowhere = np.zeros_like(x, bool)
    full = x >= 6 if name == "ReLU6" else nowhere
    flat = {"ReLU": x <= 0, "ReLU6": (x <= 0) | full, "hard-swish": x <= -3}.get(name, nowhere)
    return Shares(*(float(np.count_nonzero(chosen)) / x.size for chosen in (made == 0, full, flat, made < 0)))


def endings(numbers: np.ndarray) -> dict[str, np.ndarray]:
    """The numbers that come out of the second matrix of an SE unit (C), as gates under each ending that SENet compares (arXiv 1709.01507,
    §6.3); float64."""
    x = numbers.astype(np.float64)
    return {"sigmoid": apply("sigmoid", x), "ReLU": apply("ReLU", x), "tanh": np.tanh(x)}
