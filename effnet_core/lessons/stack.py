"""How a signal and its gradient fare in a deep stack, with and without skip connections and batch norm: a toy that can be run whole.

Points of two interlocked spirals are embedded in `WIDTH` numbers each; every block is one layer, x ← norm(W φ(x)) or x ← x + norm(W φ(x)),
with or without the norm; no activation follows the sum, as in MBConv. A linear layer and softmax tell the arms apart by cross-entropy.
The backward pass is the chain rule written out; `assets/stack_math.js` is the same in the browser.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..errors import UserError
from . import curves
from .normals import normals

WIDTH, PLACES = 24, 24  # numbers a point, points an arm
DEEPEST = 64
EPS = 1e-5  # of batch norm, whose scale and shift stay 1 and 0
INPUT = 1.9  # standard deviation of the embedding's weights, which gives the embedded points one of about 1


class Kind(NamedTuple):
    name: str
    skip: bool
    norm: bool


KINDS = (Kind("plain", False, False), Kind("skip", True, False), Kind("norm", False, True), Kind("skip + norm", True, True))


class Weights(NamedTuple):
    embedding: np.ndarray  # 2 C
    layers: np.ndarray  # L C C; a block computes φ(x) W
    reading: np.ndarray  # C 2


class Pass(NamedTuple):
    """One forward and one backward pass. Places 0 … L: before the first block, after every block."""

    loss: float
    right: float  # share of points
    spread: np.ndarray  # L + 1, standard deviation of a number from point to point (root mean square over the numbers)
    slope: np.ndarray  # L + 1, ‖∂loss/∂x‖
    steps: Weights  # ∂loss/∂weights; of the embedding zero, it is not trained


def arms() -> tuple[np.ndarray, np.ndarray]:
    """N 2 points, the second arm is the first turned by half a circle; N, which arm."""
    turn = 0.25 + 1.25 * (np.arange(PLACES) + 0.5) / PLACES
    one = (turn / 1.5)[:, None] * np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], 1)
    return np.concatenate([one, -one]), np.repeat([0, 1], PLACES)


def weights(depth: int, gain: float, seed: int) -> Weights:
    """Normal, with `gain` times He's standard deviation √(2 / C) (arXiv 1502.01852); a deeper stack begins with the same blocks."""
    if not 1 <= depth <= DEEPEST:
        raise UserError(f"The stack can have 1 to {DEEPEST} blocks, not {depth}.")
    ends = 2 * WIDTH
    drawn = normals(seed, 2 * ends + depth * WIDTH**2)
    layers = gain * np.sqrt(2.0 / WIDTH) * drawn[2 * ends :].reshape(depth, WIDTH, WIDTH)
    return Weights(INPUT * drawn[:ends].reshape(2, WIDTH), layers, drawn[ends : 2 * ends].reshape(WIDTH, 2) / np.sqrt(WIDTH))


def _judged(logits: np.ndarray, arm: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Loss, share that is right, ∂loss/∂logits."""
    shifted = logits - logits.max(1, keepdims=True)
    odds = np.exp(shifted)
    total = odds.sum(1, keepdims=True)
    wanted = np.eye(2)[arm]
    loss = float(((np.log(total) - shifted) * wanted).sum() / len(arm))
    return loss, float((logits.argmax(1) == arm).mean()), (odds / total - wanted) / len(arm)


def _spread(x: np.ndarray) -> float:
    return float(np.sqrt(x.var(0).mean()))


def run(given: Weights, kind: Kind, activation: str) -> Pass:
    """A forward and a backward pass over all points. What overflows becomes ∞ or NaN, as in any network."""
    points, arm = arms()
    with np.errstate(over="ignore", invalid="ignore"):
        inputs, kept, x = [points @ given.embedding], [], points @ given.embedding
        for w in given.layers:
            inner = curves.activate(x, activation)
            branch, size = inner @ w, np.ones(1)
            if kind.norm:
                size = np.sqrt(branch.var(0) + EPS)
                branch = (branch - branch.mean(0)) / size
            kept.append((inner, branch, size))
            x = x + branch if kind.skip else branch
            inputs.append(x)
        loss, right, slope = _judged(x @ given.reading, arm)
        slopes, steps = _back(given, kind, activation, inputs, kept, slope)
        return Pass(loss, right, np.array([_spread(x) for x in inputs]), slopes, steps)


def _back(given: Weights, kind: Kind, activation: str, inputs: list, kept: list, slope: np.ndarray) -> tuple[np.ndarray, Weights]:
    """The chain rule, from the logits' slope (N 2) to the first block's input."""
    reading, x = inputs[-1].T @ slope, slope @ given.reading.T
    slopes, layers = [np.linalg.norm(x)], []
    for w, before, (inner, branch, size) in zip(given.layers[::-1], inputs[-2::-1], kept[::-1]):
        through = x
        if kind.norm:  # batch norm's mean and deviation depend on every point
            through = (x - x.mean(0) - branch * (x * branch).mean(0)) / size
        layers.append(inner.T @ through)
        through = (through @ w.T) * curves.slope(before, activation)
        x = x + through if kind.skip else through
        slopes.append(np.linalg.norm(x))
    return np.array(slopes[::-1]), Weights(np.zeros_like(given.embedding), np.array(layers[::-1]), reading)


def descend(given: Weights, found: Pass, rate: float) -> Weights:
    """One step of gradient descent."""
    with np.errstate(over="ignore", invalid="ignore"):
        return Weights(*(value - rate * step for value, step in zip(given, found.steps)))


def course(depth: int, kind: Kind, activation: str, gain: float, seed: int, rate: float, steps: int) -> Iterator[Pass]:
    """A training: the pass before every one of `steps` steps and after the last, or fewer where the loss stops being a finite number."""
    given = weights(depth, gain, seed)
    for _ in range(steps + 1):
        found = run(given, kind, activation)
        if not np.isfinite(found.loss):
            return
        yield found
        given = descend(given, found, rate)


def train(depth: int, kind: Kind, activation: str, gain: float, seed: int, rate: float, steps: int) -> np.ndarray:
    """The losses of `course`."""
    return np.array([found.loss for found in course(depth, kind, activation, gain, seed, rate, steps)])


def learnt(depth: int, kind: Kind, activation: str, gain: float, seed: int, rate: float, steps: int) -> float | None:
    """The share of points that is right after `steps` steps of `course`; None where it ended before."""
    found = [each.right for each in course(depth, kind, activation, gain, seed, rate, steps)]
    return found[-1] if len(found) > steps else None
