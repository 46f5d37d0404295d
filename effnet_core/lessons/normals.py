"""Normal random numbers that Python and the browser make alike of the same lots, but for the last digits of log, cos and sin: two of them
give two by Box and Muller's transform. `assets/normals.js` is the same."""

import numpy as np

from .lots import SEEDS, STEP, WORD, finalise


def words(seed: int, count: int) -> np.ndarray:
    """`count` words of 32 bits of a seed from 0 to 2³² − 1, from which `lots.Lots` draws one by one."""
    places = np.arange(count, dtype=np.uint32) * np.uint32(STEP)
    return finalise(places + np.uint32(finalise(seed + 1 & WORD)))


def normals(seed: int, count: int) -> np.ndarray:
    """`count` numbers of the standard normal distribution (float64); more of the same seed begin with these."""
    pairs = ((words(seed, 2 * ((count + 1) // 2)) + 0.5) / SEEDS).reshape(-1, 2)
    radius, angle = np.sqrt(-2.0 * np.log(pairs[:, 0])), 2.0 * np.pi * pairs[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()[:count]


def batches(count: int, size: int, mean: float, spread: float, seed: int) -> list[list[float]]:
    """`count` batches of `size` normal numbers around `mean`, the same for the same `seed`."""
    return (mean + spread * normals(seed, count * size)).reshape(count, size).tolist()
