"""Random numbers that Python and the browser draw alike, digit for digit: `assets/lots.js` is the same.

Word k of a seed is MurmurHash3's finaliser of key + k · 0x9E3779B9 (mod 2³²), where the key is the finaliser of seed + 1. Good enough for
pictures, not for secrets.
"""

from typing import TypeVar

from ..errors import UserError

Words = TypeVar("Words")  # a whole number below 2³², or an array of them (uint32)

SEEDS = 2**32
WORD = SEEDS - 1
STEP, FIRST, SECOND = 0x9E3779B9, 0x85EBCA6B, 0xC2B2AE35


def finalise(word: Words) -> Words:
    """MurmurHash3's last step, which mixes all bits."""
    word = (word ^ word >> 16) * FIRST & WORD
    word = (word ^ word >> 13) * SECOND & WORD
    return word ^ word >> 16


class Lots:
    """Even numbers between 0 and 1 from a seed. Raises `UserError` for a seed outside 0 … 2³² − 1."""

    def __init__(self, seed: int) -> None:
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < SEEDS:
            raise UserError(f"The seed is {seed!r}; it must be a whole number from 0 to {SEEDS - 1:,}.")
        self._state = finalise(seed + 1 & WORD)

    def next(self) -> float:
        word, self._state = finalise(self._state), self._state + STEP & WORD
        return (word + 0.5) / SEEDS
