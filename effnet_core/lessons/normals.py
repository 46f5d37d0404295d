"""Random numbers that Python and the browser draw alike, digit for digit but for the last ones of log, cos and sin.

Word k of a seed is MurmurHash3's finaliser of key + k · 0x9E3779B9 (mod 2³²), where the key is the finaliser of seed + 1; two words give
two normal numbers by Box and Muller's transform. Good enough for pictures, not for secrets. `assets/normals.js` is the same.
"""

import numpy as np

STEP, FIRST, SECOND = np.uint32(0x9E3779B9), np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35)


def _finalise(words: np.ndarray) -> np.ndarray:
    words = (words ^ (words >> np.uint32(16))) * FIRST
    words = (words ^ (words >> np.uint32(13))) * SECOND
    return words ^ (words >> np.uint32(16))


def words(seed: int, count: int) -> np.ndarray:
    """`count` words of 32 bits of a seed from 0 to 2³² − 2."""
    return _finalise(_finalise(np.array([seed + 1], np.uint32)) + np.arange(count, dtype=np.uint32) * STEP)


def normals(seed: int, count: int) -> np.ndarray:
    """`count` numbers of the standard normal distribution (float64); more of the same seed begin with these."""
    pairs = ((words(seed, 2 * ((count + 1) // 2)) + 0.5) / 2.0**32).reshape(-1, 2)
    radius, angle = np.sqrt(-2.0 * np.log(pairs[:, 0])), 2.0 * np.pi * pairs[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()[:count]
