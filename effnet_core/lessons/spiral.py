"""What an activation loses of a spiral: the experiment of MobileNetV2's Figure 1 (arXiv 1801.04381 §3.2), measured.

Every point x of a spiral in the plane becomes n numbers y = φ(T x) with a random n × 2 matrix T. What is left of x is measured in three
ways: the share of points with fewer than two numbers on a slope (the paper's Lemma 2: no way back for these, whatever comes next), and the
share of the spiral's variance that two linear ways back do not recover, the best one there is and T⁺, which the paper's figure draws.
`assets/spiral_math.js` is the same in the browser.
"""

from functools import lru_cache
from math import exp, lgamma, log

import numpy as np

from .curves import activate, alive
from .normals import normals

POINTS, TURNS, WIDEST = 96, 2.0, 60
LARGEST_SEED = 999
EXACT = 1024  # numbers, up to which the binomial law is summed in whole numbers
TOLERANCE = 1e-9  # of a column's length, below which what others leave of it is rounding
MEASURES = ("collapsed", "inverse", "best")


def spiral() -> np.ndarray:
    """N 2: points of r = θ / θ_max, evenly along its length but for its first turn."""
    share = np.sqrt((np.arange(POINTS) + 0.5) / POINTS)
    angle = 2.0 * np.pi * TURNS * share
    return np.stack([share * np.cos(angle), share * np.sin(angle)], 1)


def matrices(seeds: np.ndarray, rows: int, scale: float) -> np.ndarray:
    """S n 2: T of every seed; a wider one begins with the rows of a narrower one."""
    return scale * np.stack([normals(int(seed), 2 * rows) for seed in seeds]).reshape(len(seeds), rows, 2)


def _centred(values: np.ndarray) -> np.ndarray:
    """Along the points, the last axis."""
    return values - values.mean(-1, keepdims=True)


def _basis(columns: np.ndarray) -> np.ndarray:
    """S n N → S n N: orthonormal columns by Gram and Schmidt, twice for accuracy; zero where a column adds nothing to those before."""
    basis = np.zeros_like(columns)
    for j in range(columns.shape[1]):
        left, before = columns[:, j, :, None], basis[:, :j]
        size = np.linalg.norm(left, axis=1, keepdims=True)
        for _ in range(2):
            left = left - before.transpose(0, 2, 1) @ (before @ left)
        length = np.linalg.norm(left, axis=1, keepdims=True)
        basis[:, j] = np.where(length > TOLERANCE * size, left / np.where(length > 0, length, 1.0), 0.0)[..., 0]
    return basis


def _fit(back: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factor and lost share (…) of the best enlarging of the centred picture `back` (… 2 N) to `wanted` (2 N); it is never turned over."""
    power, common = (back**2).sum((-1, -2)), (back * wanted).sum((-1, -2))
    factor = np.maximum(0.0, common / np.where(power > 0, power, 1.0))
    return factor, np.maximum(0.0, 1.0 - factor * common / (wanted**2).sum())


def _inverted(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    """T⁺ y = (TᵀT)⁻¹ Tᵀ y of the first 1, 2, … rows of T (S n 2) and y (S n N): S n 2 N, without meaning for one row."""
    gram = np.cumsum(t[..., :, None] * t[..., None, :], 1)  # S n 2 2
    seen = np.cumsum(t[..., None] * y[:, :, None], 1)  # S n 2 N
    (a, b), d = (gram[..., 0, 0], gram[..., 0, 1]), gram[..., 1, 1]
    whole = (a * d - b * b)[..., None]
    whole = np.where(whole == 0, 1.0, whole)
    first, second = seen[..., 0, :], seen[..., 1, :]
    return np.stack([(d[..., None] * first - b[..., None] * second) / whole, (a[..., None] * second - b[..., None] * first) / whole], -2)


def losses(activation: str, seeds: int, scale: float = 1.0) -> np.ndarray:
    """The three measures (in the order of `MEASURES`) of the seeds 0, 1, … for every n from 2 to `WIDEST`: 3 S n."""
    points = spiral().T
    t = matrices(np.arange(seeds), WIDEST, scale)
    z = t @ points
    y, wanted = activate(z, activation), _centred(points)
    collapsed = (np.cumsum(alive(z, activation), 1) < 2).mean(-1)
    inverse = _fit(_centred(_inverted(t, y)), wanted)[1]
    found = np.cumsum((_basis(_centred(y)) @ wanted.T) ** 2, 1).sum(-1)
    return np.stack([collapsed, inverse, np.maximum(0.0, 1.0 - found / (wanted**2).sum())])[..., 1:]


def at_width(n: int, seeds: int) -> tuple[float, float]:
    """With ReLU and n ≥ 2 numbers a point: the share of collapsed points and the variance that T⁺ loses, means over the seeds 0, 1, …"""
    points, found = spiral().T, []
    for seed in range(seeds):
        t = matrices(np.array([seed]), n, 1.0)[0]
        z = t @ points
        back = np.linalg.solve(t.T @ t, t.T @ np.maximum(z, 0.0))
        found.append((((z > 0).sum(0) < 2).mean(), _fit(_centred(back), _centred(points))[1]))
    collapsed, inverse = np.mean(found, 0)
    return float(collapsed), float(inverse)


@lru_cache(maxsize=1024)
def collapse(n: int, m: int = 2) -> float:
    """The probability that fewer than m of n numbers stay positive where each does with probability ½, as rows of a random matrix do.

    By Lemma 2 of arXiv 1801.04381, m values cannot then be told from what ReLU leaves: Σ_{k<m} C(n, k) / 2ⁿ; (n + 1) / 2ⁿ in the plane.
    Exact but for the last rounding up to `EXACT` numbers; beyond them by logarithms, to eight digits at a million numbers.
    """
    if m > n:
        return 1.0
    if n > EXACT:
        return _tail(n, m) if 2 * m <= n else 1.0 - _tail(n, n - m + 1)  # as many positive as negative ones are as likely
    term = total = 1
    for k in range(1, m):
        term = term * (n - k + 1) // k
        total += term
    return total / 2**n


def _tail(n: int, m: int) -> float:
    """The same for 1 ≤ m ≤ (n + 1) / 2: the last term, times what the ones before it add, each a known part of the next."""
    last = m - 1
    below = np.arange(last, 0, -1.0)
    parts = 1.0 + np.cumprod(below / (n - below + 1)).sum()
    return exp(lgamma(n + 1) - lgamma(last + 1) - lgamma(n - last + 1) - n * log(2)) * float(parts)
