"""One run of the spiral's experiment, point by point, with what `effnet_core.lessons.spiral` computes it with."""

from typing import NamedTuple

import numpy as np

from effnet_core.lessons.curves import activate, alive
from effnet_core.lessons.spiral import _basis, _centred, _fit, _inverted, matrices, spiral


class Shown(NamedTuple):
    """One run. Shares are of 1."""

    inner: np.ndarray  # n N, y = φ(T x)
    alive: np.ndarray  # N, numbers of a point that change with it
    back: np.ndarray  # N 2, T⁺ y, shifted and enlarged as fits best
    best: np.ndarray  # N 2, A y + b by least squares over the points
    collapsed: float  # points with fewer than two numbers alive
    inverse: float  # variance that `back` lacks
    by_best: float  # variance that `best` lacks


def embed(n: int, activation: str, seed: int, scale: float = 1.0) -> Shown:
    """One run with n numbers a point, T's entries normal with the standard deviation `scale`."""
    points = spiral().T
    t = matrices(np.array([seed]), n, scale)
    z = t @ points
    y, wanted, middle = activate(z, activation), _centred(points), points.mean(-1, keepdims=True)
    back, living, basis = _centred(_inverted(t, y)[0, -1]), alive(z[0], activation).sum(0), _basis(_centred(y))[0]
    factor, inverse = _fit(back, wanted)
    best = wanted @ basis.T @ basis
    lost = max(0.0, 1.0 - float((best**2).sum() / (wanted**2).sum()))
    return Shown(y[0], living, (middle + factor * back).T, (middle + best).T, float((living < 2).mean()), float(inverse), lost)
