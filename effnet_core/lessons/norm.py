"""Batch norm by hand: folded into the convolution before it, and what its running statistics do in training.

Ioffe and Szegedy, arXiv 1502.03167, Algorithms 1 and 2.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import UserError


class Norm(NamedTuple):
    """Batch norm of one channel: γ · (x − μ) / √(σ² + ε) + β."""

    gamma: float
    beta: float
    mean: float
    variance: float
    eps: float

    def of(self, x: float) -> float:
        return self.gamma * self.standard(x) + self.beta

    def standard(self, x: float) -> float:
        """(x − μ) / √(σ² + ε)."""
        return (x - self.mean) / math.sqrt(self.variance + self.eps)


class Folded(NamedTuple):
    """The same as a · x + b."""

    factor: float
    shift: float


def fold(norm: Norm) -> Folded:
    """a = γ / √(σ² + ε), b = β − μ · a. Raises `UserError` where σ² is below 0 or σ² + ε is not above it."""
    if norm.variance < 0 or not norm.variance + norm.eps > 0:
        raise UserError(f"The variance is {norm.variance:g} and ε {norm.eps:g}; a variance is never below 0, and σ² + ε must be above it.")
    factor = norm.gamma / math.sqrt(norm.variance + norm.eps)
    return Folded(factor, norm.beta - norm.mean * factor)


class Step(NamedTuple):
    """One batch: its own mean and spread, and the running statistics after it."""

    mean: float
    variance: float  # by which the batch is normalised: the sum of squares over its size
    running_mean: float
    running_variance: float


def running(batches: Sequence[Sequence[float]], momentum: float) -> list[Step]:
    """Batches of one channel through batch norm in training. In PyTorch's convention a new batch has the weight `momentum` (TensorFlow's is
    one minus it), a running mean begins at 0 and a running variance at 1, and that gets the variance with n − 1."""
    if not 0 <= momentum <= 1:
        raise UserError(f"The momentum is {momentum!r}; it must be from 0 to 1.")
    steps, mean, variance = [], 0.0, 1.0
    for batch in batches:
        if len(batch) < 2:
            raise UserError("A batch needs at least two numbers per channel: one alone has no spread.")
        own = math.fsum(batch) / len(batch)
        squares = math.fsum((x - own) ** 2 for x in batch)
        mean += momentum * (own - mean)
        variance += momentum * (squares / (len(batch) - 1) - variance)
        steps.append(Step(own, squares / len(batch), mean, variance))
    return steps


def share(momentum: float, steps: int) -> float:
    """How much of the running mean comes from batches rather than from its start: 1 − (1 − m)ⁿ."""
    return 1 - (1 - momentum) ** steps
