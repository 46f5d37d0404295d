"""What travels to a component of ours whose numbers are too many for JSON: a head, and arrays behind it."""

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def _plain(value: Any) -> Any:
    """As JSON has it: a number that is not finite is none."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pack(head: dict, arrays: Iterable[np.ndarray]) -> bytes:
    """Length of the head (4 bytes, big-endian), head as JSON, then all arrays one behind the other as little-endian float32."""
    text = json.dumps(_plain(head), ensure_ascii=False, separators=(",", ":")).encode()
    return len(text).to_bytes(4) + text + b"".join(np.ascontiguousarray(array, "<f4").tobytes() for array in arrays)
