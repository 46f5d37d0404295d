"""Why other tools print other numbers for the same network: what each counts, and how often, in exact terms of an `Architecture`.

The rules were read off the tools' own numbers, which are recorded in `assets/measurements/counters.json` with their versions; the tests
check that the terms of every tool sum to its recorded number, to the unit.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .architecture import Architecture, Layer
from .errors import UserError
from .scaling import check

RECORDED = Path(__file__).resolve().parents[1] / "assets" / "measurements" / "counters.json"
ONCE, TWICE = {"conv": 1, "strided": 1, "se": 1, "linear": 1}, {"conv": 2, "strided": 2, "se": 2, "linear": 2}
BIASES, POOLS = {"se_bias": 1, "linear_bias": 1}, {"se_pool": 1, "top_pool": 1}

AMOUNTS = {  # term → what there is so many of
    "conv": "MACs of convolutions outside squeeze-and-excitation, with stride 1 or a 1×1 kernel",
    "strided": "MACs of strided convolutions",
    "se": "MACs of the two convolutions of squeeze-and-excitation",
    "linear": "MACs of the classifier",
    "se_bias": "biases of squeeze-and-excitation",
    "linear_bias": "biases of the classifier",
    "norm": "numbers that batch norm scales and shifts",
    "norm_weights": "scales and shifts of batch norm, each once",
    "swish": "numbers that go through swish",
    "se_pool": "numbers that squeeze-and-excitation averages",
    "se_mean": "averages in squeeze-and-excitation",
    "top_pool": "numbers that the pooling before the classifier averages",
    "top_mean": "averages before the classifier",
}
RULES: dict[str, dict[str, int]] = {  # tool → how often it counts each of a term
    "torch": TWICE,
    "fvcore": ONCE | {"norm": 2} | POOLS,
    "torchinfo": ONCE | BIASES | {"norm_weights": 1},
    "ptflops, modules": ONCE | BIASES | {"norm": 2, "swish": 1, "se_pool": 2, "top_pool": 2},
    "ptflops, aten": ONCE | BIASES,
    "thop": ONCE | POOLS | {"norm": 4, "se_mean": 1, "top_mean": 1},
    "calflops, MACs": ONCE,
    "calflops, FLOPs": TWICE | POOLS | {"se_bias": 1, "norm": 2, "swish": 1},
}
