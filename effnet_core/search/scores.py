"""How good a candidate is, and how sure a ranking of candidates can be when each was trained only a few times.

All candidates are taken to vary equally from seed to seed, so that their few seeds together tell by how much (a pooled variance, as in
an analysis of variance); what is unknown about that comes in through Student's t.
"""

import math
import random
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from statistics import fmean
from typing import NamedTuple

from ..errors import UserError

EXPONENT = -0.07  # paper §4, as in MnasNet: halving the MACs is worth 5 % of the accuracy
SURE = 0.95  # probability from which on something is called known
DRAWS = 4000  # of all true scores, to see how often each is the best


def paper_score(accuracy: float, macs: float, target: float) -> float:
    """accuracy · (MACs / target)^−0.07, what the paper's search for B0 maximises (§4)."""
    return accuracy * (macs / target) ** EXPONENT


class Place(NamedTuple):
    """A candidate in the ranking. What cannot be said with a single seed for every candidate is None."""

    key: Hashable
    scores: tuple[float, ...]  # one per seed
    mean: float
    low: float | None  # the middle 95 % of where the true mean may be
    high: float | None
    best: float | None  # probability that no other candidate is better
    behind: float | None  # probability that the leader is better than this one; None for the leader


class Ranking(NamedTuple):
    places: tuple[Place, ...]  # the best mean first
    spread: float | None  # standard deviation from seed to seed
    freedom: int  # degrees of freedom that the spread was found from

    @property
    def tied(self) -> tuple[Place, ...]:
        """Those among which the best is, with a probability of `SURE`: as few as possible, but all where nothing can be said."""
        if self.spread is None:
            return self.places
        likely = sorted(self.places, key=lambda place: -place.best)
        reached = [*accumulate(place.best for place in likely)]
        return tuple(likely[: 1 + next(number for number, share in enumerate(reached) if share >= SURE)])

    @property
    def is_sure(self) -> bool:
        """Whether there are others, and the leader is better than all of them."""
        return len(self.places) > 1 and self.tied == self.places[:1]


def student(t: float, freedom: int) -> float:
    """P(T ≤ t) of Student's distribution with a whole number of degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    if math.isinf(t):
        return float(t > 0)
    theta = math.atan(t / math.sqrt(freedom))
    cos2 = math.cos(theta) ** 2
    odd = freedom % 2
    term = total = math.cos(theta) if odd else 1.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= cos2 * (k - 1) / k
        total += term
    if odd:
        inside = 2 / math.pi * (theta + (math.sin(theta) * total if freedom > 1 else 0.0))
    else:
        inside = math.sin(theta) * total
    return 0.5 + inside / 2


@lru_cache(maxsize=256)
def quantile(share: float, freedom: int) -> float:
    """The t below which `share` of Student's distribution lies, 0.5 ≤ share < 1, by halving."""
    low, high = 0.0, 1.0
    while student(high, freedom) < share:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def rank(scores: Mapping[Hashable, Sequence[float]], finest: float = 0.0) -> Ranking:
    """Orders candidates by their mean score; a spread below `finest` is not believed.

    Raises `UserError` for a candidate without scores.
    """
    if empty := [key for key, own in scores.items() if not own]:
        raise UserError(f"There is no score of {empty[0]}; a ranking needs one of every candidate.")
    means = {key: fmean(own) for key, own in scores.items()}
    order = sorted(means, key=lambda key: -means[key])
    freedom = sum(len(own) - 1 for own in scores.values())
    if not freedom:
        return Ranking(tuple(Place(key, tuple(scores[key]), means[key], None, None, None, None) for key in order), None, 0)
    squares = sum((score - means[key]) ** 2 for key, own in scores.items() for score in own)
    spread = max(math.sqrt(squares / freedom), finest)
    errors = {key: spread / math.sqrt(len(own)) for key, own in scores.items()}
    reach, chances = quantile(0.975, freedom), _best(order, means, errors, freedom)
    places = []
    for key in order:
        behind = None if key == order[0] else better(means[order[0]] - means[key], math.hypot(errors[order[0]], errors[key]), freedom)
        places.append(Place(key, tuple(scores[key]), means[key], means[key] - reach * errors[key], means[key] + reach * errors[key],
                            chances[key], behind))
    return Ranking(tuple(places), spread, freedom)


def better(difference: float, error: float, freedom: int) -> float:
    """The probability that a difference found with such a standard error is really above 0."""
    if not error:
        return 0.5 + 0.5 * ((difference > 0) - (difference < 0))
    return student(difference / error, freedom)


def _best(order: Sequence[Hashable], means: Mapping, errors: Mapping, freedom: int) -> dict[Hashable, float]:
    """How often each is the best where all true means are drawn anew, the spread with them; the same draws every time."""
    dice, wins = random.Random(0), dict.fromkeys(order, 0)
    for _ in range(DRAWS):
        stretch = math.sqrt(freedom / dice.gammavariate(freedom / 2, 2.0))  # of the spread: χ² with that many degrees of freedom
        wins[max(order, key=lambda key: means[key] + errors[key] * stretch * dice.gauss(0.0, 1.0))] += 1
    return {key: count / DRAWS for key, count in wins.items()}
