"""What travels to a component of ours: a head, and behind it numbers that are too many for JSON, and files."""

import json
import math
from typing import Any

import numpy as np


def _plain(value: Any) -> Any:
    """As JSON has it: a number that is not finite is none."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pack(head: dict, *parts: np.ndarray | bytes) -> bytes:
    """Length of the head (4 bytes, big-endian), head as JSON, then all parts one behind the other: arrays as little-endian float32, row by
    row, whatever they were; bytes as they are. `assets/packed.js` unpacks it."""
    text = json.dumps(_plain(head), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    sent = (part if isinstance(part, bytes) else np.ascontiguousarray(part, "<f4").tobytes() for part in parts)
    return b"".join((len(text).to_bytes(4), text, *sent))
