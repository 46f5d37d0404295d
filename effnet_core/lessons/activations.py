"""The activations of EfficientNet and of the networks beside it, with their derivatives, and which layers of a network have which."""

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

from ..architecture import Architecture, Layer
from ..errors import UserError

TITLES = {"swish": "swish", "relu": "ReLU", "relu6": "ReLU6", "sigmoid": "sigmoid", None: "none"}
MOST, LARGEST = 20, 1e6  # numbers that are typed, and the greatest |x|
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.ASCII | re.IGNORECASE)


class Function(NamedTuple):
    """An activation. At a kink it has no derivative, and `slope` is what PyTorch takes there."""

    value: Callable[[float], float]
    slope: Callable[[float], float]
    kinks: tuple[float, ...] = ()


def sigmoid(x: float) -> float:
    """σ(x) = 1 / (1 + e^−x), without an overflow for any x."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    small = math.exp(x)
    return small / (1 + small)


def sigmoid_slope(x: float) -> float:
    """σ′ = σ · (1 − σ), with 1 − σ(x) as σ(−x), which is exact far out too."""
    return sigmoid(x) * sigmoid(-x)


def relu(x: float) -> float:
    return max(0.0, x)


def relu6(x: float) -> float:
    """min(6, max(0, x)), MobileNetV2's (arXiv 1801.04381)."""
    return min(6.0, max(0.0, x))


def swish(x: float, beta: float = 1.0) -> float:
    """x · σ(βx) (arXiv 1710.05941); with β = 1 it is SiLU, EfficientNet's."""
    return x * sigmoid(beta * x)


def swish_slope(x: float, beta: float = 1.0) -> float:
    """σ + βx · σ · (1 − σ) at βx."""
    return sigmoid(beta * x) + beta * x * sigmoid_slope(beta * x)


def hard_swish(x: float) -> float:
    """x · ReLU6(x + 3) / 6, MobileNetV3's swish without an exponential (arXiv 1905.02244, §5.2)."""
    return x * relu6(x + 3) / 6


def hard_swish_slope(x: float) -> float:
    return 0.0 if x <= -3 else 1.0 if x >= 3 else x / 3 + 0.5


def functions(beta: float = 1.0) -> dict[str, Function]:
    """All of them by name; `beta` is swish's."""
    return {
        "swish": Function(partial(swish, beta=beta), partial(swish_slope, beta=beta)),
        "ReLU": Function(relu, lambda x: 1.0 if x > 0 else 0.0, (0.0,)),
        "ReLU6": Function(relu6, lambda x: 1.0 if 0 < x < 6 else 0.0, (0.0, 6.0)),
        "hard-swish": Function(hard_swish, hard_swish_slope, (-3.0, 3.0)),
        "sigmoid": Function(sigmoid, sigmoid_slope),
    }


@cache
def least_of_swish() -> tuple[float, float]:
    """Where swish (β = 1) is lowest, and how low: its slope is bisected, which is negative left of there and positive right of it."""
    low, high = -2.0, -1.0
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if swish_slope(middle) < 0 else (low, middle)
    return middle, swish(middle)


@cache
def furthest() -> tuple[float, float]:
    """The greatest |hard-swish − swish| (β = 1): where it is, on the right, and how much. The difference is even in x; up to 3 it is
    x · (x / 6 + 1 / 2 − σ(x)), from there on x · (1 − σ(x)), which falls: thousandths up to 3 hold the greatest."""
    places = [step / 1000 for step in range(3001)]
    most = max(places, key=lambda x: abs(hard_swish(x) - swish(x)))
    return most, abs(hard_swish(most) - swish(most))


def read_numbers(text: str) -> list[float]:
    """The numbers in a line such as "−3, 0.5 2e1". Raises `UserError` for a word that is none, and for too many, too
    large ones, or none at all."""
    words = [word for word in re.split(r"[\s,;]+", text.replace("−", "-")) if word]
    if not words:
        raise UserError("There is no number yet; write some, such as −3, −1, 0, 0.5, with blanks or commas between them.")
    if len(words) > MOST:
        raise UserError(f"There are {len(words):,} numbers; at most {MOST} fit into the table.")
    return [_read(word) for word in words]


def _read(word: str) -> float:
    if not _NUMBER.fullmatch(word):
        raise UserError(f"{word[:40]!r} is no number; write numbers such as −1.5, 0 or 2e1, decimals with a point, and blanks or commas "
                        "between them.")
    if abs(value := float(word)) > LARGEST:
        raise UserError(f"{word[:40]} is too large; numbers from −{LARGEST:,.0f} to {LARGEST:,.0f} can be shown.")
    return value


def uses(network: Architecture) -> dict[str, Counter[str]]:
    """Kind of layer → how often it has which activation; an SE unit has two, a residual block one more after its sum. What the classifier
    hands on are logits: the softmax belongs to the loss."""
    found: dict[str, Counter[str]] = {}
    for layer in network.layers:
        for kind, activation in _of_layer(layer):
            found.setdefault(kind, Counter())[TITLES[activation]] += 1
    for block in network.blocks:
        if block.after:
            found.setdefault("after the sum", Counter())[TITLES[block.after]] += 1
    return found


def _of_layer(layer: Layer) -> list[tuple[str, str | None]]:
    if layer.operator == "maxpool":
        return []
    if layer.operator == "se":
        return [("SE, inside", layer.activation), ("SE, gates", "sigmoid")]
    return [(layer.part, layer.activation)]
