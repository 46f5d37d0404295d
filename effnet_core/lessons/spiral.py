"""What an activation loses of a spiral: the experiment of MobileNetV2's Figure 1 (arXiv 1801.04381 §3.2), measured.

Every point x of a spiral in the plane becomes n numbers y = φ(T x) with a random n × 2 matrix T. What is left of x is measured in three
ways: the share of points with fewer than two numbers on a slope (the paper's Lemma 2: no way back for these, whatever comes next), and the
share of the spiral's variance that two linear ways back do not recover, the best one there is and T⁺, which the paper's figure draws.
`assets/spiral_math.js` is the same in the browser.
"""

from math import comb

import numpy as np

from .curves import activate, alive
from .normals import normals

POINTS, TURNS, WIDEST = 96, 2.0, 60
LARGEST_SEED = 999
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


def collapse(n: int, m: int = 2) -> float:
    """The probability that fewer than m of n numbers stay positive where each does with probability ½, as rows of a random matrix do.

    By Lemma 2 of arXiv 1801.04381, m values cannot then be told from what ReLU leaves: Σ_{k<m} C(n, k) / 2ⁿ; (n + 1) / 2ⁿ in the plane.
    """
    return sum(comb(n, k) for k in range(min(m, n + 1))) / 2**n
