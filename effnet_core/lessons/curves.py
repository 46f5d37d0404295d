"""The activations of the lessons' small experiments on arrays of any shape, and their slopes; `assets/curves.js` is the same."""

import numpy as np

from ..errors import UserError
from .activations import TITLES
from .applied import apply

NAMES = ("relu", "relu6", "swish", "linear")  # as `effnet_core.blocks` calls them, and none


def activate(x: np.ndarray, activation: str) -> np.ndarray:
    """φ(x). Raises `UserError` for a name that is none of `NAMES`."""
    if activation not in NAMES:
        raise UserError(f"There is no activation {activation!r} here; there are {', '.join(NAMES[:-1])} and {NAMES[-1]}.")
    return x if activation == "linear" else apply(TITLES[activation], x)


def slope(x: np.ndarray, activation: str) -> np.ndarray:
    """φ′(x), 0 at a kink."""
    if activation == "swish":
        gate = apply("sigmoid", x)
        return gate * (1.0 + x * (1.0 - gate))
    return alive(x, activation).astype(float)


def alive(x: np.ndarray, activation: str) -> np.ndarray:
    """Where φ is not flat; of swish a single point is, which is not asked for."""
    return (x > 0) & (x < 6) if activation == "relu6" else x > 0 if activation == "relu" else np.ones_like(x, bool)
