"""Why other tools print other numbers for the same network: what each one counts, how often, and what it cannot see.

The rules say it in exact terms of an `Architecture`. They were found from the numbers that the tools printed, which are recorded in
assets/measurements/counters.json with their versions; the tests check that the terms sum to every recorded number, to the unit.
"""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ..architecture import Architecture, Layer
from ..cost import cost
from ..errors import UserError
from ..families import published

RECORDED = Path(__file__).resolve().parents[2] / "assets" / "measurements" / "counters.json"

TERMS = {  # what there can be counted → in words
    "conv": "MACs: convolutions, stride 1",
    "strided": "MACs: strided convolutions",
    "se": "MACs: squeeze-and-excitation",
    "linear": "MACs: classifier",
    "norm": "batch norm: numbers",
    "norm_weights": "batch norm: its weights",
    "activation": "activations: numbers",
    "se_pool": "means in SE: numbers",
    "se_mean": "means in SE: divisions",
    "top_pool": "last mean: numbers",
    "top_mean": "last mean: divisions",
    "se_bias": "biases in SE",
    "linear_bias": "biases of the classifier",
    "gate": "gates: sigmoids",
    "scale": "gates: products",
    "sum": "skip connections: sums",
    "window": "max pooling: comparisons",
}
MACS = ("conv", "strided", "se", "linear")
GROUPS = {  # what a picture shows together
    "MACs": MACS,
    "Batch norm": ("norm", "norm_weights"),
    "Activations": ("activation",),
    "Pooling": ("se_pool", "se_mean", "top_pool", "top_mean"),
    "Biases": ("se_bias", "linear_bias"),
}
ONCE, TWICE = dict.fromkeys(MACS, 1), dict.fromkeys(MACS, 2)
BIASES, POOLS, MEANS = {"se_bias": 1, "linear_bias": 1}, {"se_pool": 1, "top_pool": 1}, {"se_mean": 1, "top_mean": 1}
RULES: dict[str, Mapping[str, int]] = {  # tool → how often it counts each of a term, where it sees it
    "torch": TWICE,
    "fvcore": ONCE | {"norm": 2} | POOLS,
    "torchinfo": ONCE | BIASES | {"norm_weights": 1},
    "ptflops, modules": ONCE | BIASES | {"norm": 2, "activation": 1, "se_pool": 2, "top_pool": 2},
    "ptflops, aten": ONCE | BIASES,
    "thop": ONCE | POOLS | MEANS | {"norm": 4},
    "calflops, MACs": ONCE,
    "calflops, FLOPs": TWICE | POOLS | {"se_bias": 1, "norm": 2, "activation": 1},
}
NAMED = {  # tool → what it calls its number
    "torch": "FLOPs", "fvcore": "flops", "torchinfo": "mult-adds", "ptflops, modules": "MACs", "ptflops, aten": "MACs", "thop": "MACs",
    "calflops, MACs": "MACs", "calflops, FLOPs": "FLOPs",
}
_OWN_CONVOLUTIONS, _MEANS, _OWN_NORM = {"conv", "strided"}, {"se_pool", "se_mean"}, {"norm", "norm_weights"}
_TIMM = {"fvcore": _MEANS, "torchinfo": _OWN_NORM, "ptflops, modules": _MEANS | _OWN_NORM, "thop": _MEANS | _OWN_NORM,
         "calflops, FLOPs": _MEANS}
UNSEEN: dict[str, dict[str, set[str]]] = {  # who wrote the network → tool → terms that escape it there
    "this app": {"ptflops, modules": _OWN_CONVOLUTIONS, "thop": _OWN_CONVOLUTIONS},
    "take home": {},
    "torchvision": {},
    "timm": _TIMM,
    "timm, tf": _TIMM | {tool: _TIMM[tool] | {"strided"} for tool in ("ptflops, modules", "thop")},
}


class Line(NamedTuple):
    """One term of a tool's number."""

    term: str
    amount: int
    times: int

    @property
    def count(self) -> int:
        return self.amount * self.times


def _of_layer(layer: Layer, macs: int) -> dict[str, int]:
    if layer.operator == "maxpool":
        return {"window": layer.kernel**2 * layer.output.elements}
    if layer.operator == "linear":
        return {"linear": macs, "linear_bias": layer.output.channels}
    if layer.operator == "se":
        c, s = layer.input.channels, layer.squeeze
        return {"se": macs, "se_bias": s + c, "activation": s, "se_pool": layer.input.elements, "se_mean": c, "gate": c,
                "scale": layer.output.elements}
    seen = {"norm": layer.output.elements, "norm_weights": 2 * layer.output.channels, "strided" if layer.stride > 1 else "conv": macs}
    return seen | ({"activation": layer.output.elements} if layer.activation else {})


@lru_cache(maxsize=32)
def amounts(architecture: Architecture) -> Mapping[str, int]:
    """How many of each term one image's way through the network has."""
    rows, found = cost(architecture).rows, Counter(dict.fromkeys(TERMS, 0))
    for layer in architecture.layers:
        found.update(_of_layer(layer, rows[layer.id].macs))
    for block in architecture.blocks:
        found["sum"] += block.output.elements if block.skip else 0
        found["activation"] += block.output.elements if block.after else 0
    top = architecture.last_map
    found.update({"top_pool": top.elements, "top_mean": top.channels})
    return MappingProxyType(dict(found))


def _known(tool: str, written: str) -> None:
    if tool not in RULES:
        raise UserError(f"There is no tool {tool!r}; there are {'; '.join(RULES)}.")
    if written not in UNSEEN:
        raise UserError(f"Nobody called {written!r} wrote the network; there are {'; '.join(UNSEEN)}.")


def account(architecture: Architecture, tool: str, written: str = "this app") -> tuple[Line, ...]:
    """The terms of the tool's number for that network, as it is `written` by somebody. Raises `UserError` for unknown names."""
    _known(tool, written)
    have, unseen = amounts(architecture), UNSEEN[written].get(tool, set())
    return tuple(Line(term, have[term], times) for term, times in RULES[tool].items() if term not in unseen)


def missed(architecture: Architecture, tool: str, written: str = "this app") -> int:
    """MACs of the network that escape the tool there."""
    _known(tool, written)
    have = amounts(architecture)
    return sum(have[term] for term in UNSEEN[written].get(tool, set()) if term in MACS)


def grouped(lines: tuple[Line, ...]) -> dict[str, int]:
    """What the terms of a number come to, by the names in `GROUPS`."""
    counts = {line.term: line.count for line in lines}
    return {name: sum(counts.get(term, 0) for term in terms) for name, terms in GROUPS.items()}


def parameters(architecture: Architecture, tool: str, written: str = "this app") -> int | None:
    """The parameters that the tool tells; None where it tells none. Only thop loses those of the layers that it cannot see."""
    _known(tool, written)
    unseen = UNSEEN[written].get(tool, set()) if tool == "thop" else set()
    rows, found = cost(architecture).rows, 0
    for layer in architecture.layers:
        norm = 0 if layer.operator in ("se", "linear", "maxpool") else 2 * layer.output.channels
        kind = layer.operator if not norm else "strided" if layer.stride > 1 else "conv"
        found += (0 if kind in unseen else rows[layer.id].params - norm) + (0 if "norm" in unseen else norm)
    return None if tool == "torch" else found


@cache
def recorded() -> dict:
    """What the tools printed: `counts[written][name][tool]` has `count` and `params`; also `versions`, `date`, `machine` and `batch`."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def version(tool: str) -> str:
    """Of the tool when it was recorded, with its package's name: `thop 0.1.1`."""
    package = tool.partition(",")[0]
    return f"{package} {recorded()['versions'][package]}"


def recorded_name(architecture: Architecture) -> str | None:
    """Under which name the tools counted just this network; None where they did not."""
    return next((name for name, known in networks().items() if known.layers == architecture.layers), None)


@cache
def networks() -> dict[str, Architecture]:
    """Those that were counted, by name."""
    return {name: published(name) for name in next(iter(recorded()["counts"].values()))}
