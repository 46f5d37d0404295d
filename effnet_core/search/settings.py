"""What a search by training is: the thin base, the candidates, and how each is trained and judged. The same for all who join in."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from ..architecture import Architecture
from ..cache import cache_folder
from ..cost import cost
from ..errors import UserError
from ..families import PAPER, small
from ..scaling import BASE_RANGE, FACTOR_RANGE, SIDE_RANGE, Scaling, check, check_count
from .grid import PHI_RANGE, TARGET_RANGE
from .scores import Ranking, paper_score, rank

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")  # as that of data or a model
SUFFIX = ".sqlite3"
SAMPLERS = {"grid": "every candidate", "tpe": "where it looks promising"}
LETTERS = ("α", "β", "γ")
SEEDS_RANGE, TRIALS_RANGE, STEPS_RANGE = (1, 20), (1, 500), (1, 100_000)
IMAGES_RANGE = (10, 100_000)
MOST = 500  # trainings in one search
MOST_GIVEN = 5_000  # candidates, before those that become one network are put together
# Twice the work in each way, as in the paper's Table 7, then as the paper found it; and what nothing was added to
KINDS = {
    "deeper": (2.0, 1.0, 1.0),
    "wider": (1.0, round(math.sqrt(2), 4), 1.0),
    "sharper": (1.0, 1.0, round(math.sqrt(2), 4)),
    "alike": (1.25, 1.125, 1.125),
    "paper": PAPER,
    "base": (1.0, 1.0, 1.0),
}
TITLES = {"alike": "all alike", "paper": "the paper's", "base": "the base"}

Coefficients = tuple[float, float, float]


class Outcome(NamedTuple):
    """What one training of a candidate has found. Its network is that of the thin base."""

    coefficients: Coefficients
    seed: int
    accuracy: float  # on the held-out images
    macs: int
    params: int
    side: int
    seconds: float
    images: int  # held out

    def score(self, setting: "Setting") -> float:
        return paper_score(self.accuracy, self.macs, setting.target_macs)


@dataclass(frozen=True)
class Setting:
    """All that decides what a search finds. The thin base is families.SMALL with `depth` and `width`, at `side` pixels.

    At depth 1 its stages repeat as B0's do, so that α rounds as it does there; 28 pixels and width 0.35 make each way of doubling
    cost nearly the double once counted, which on other thin bases rounding would not allow.
    """

    candidates: tuple[Coefficients, ...] = tuple(KINDS.values())  # none where a sampler proposes them
    sampler: str = "grid"
    trials: int = 20  # candidates that "tpe" proposes
    seeds: int = 2  # trainings of every candidate
    data: str = "scenes"
    steps: int = 100
    batch: int = 16  # images
    held_out: int = 500  # images that every network is judged on, the same for all
    depth: float = 1.0
    width: float = 0.35
    side: int = 28  # pixels
    phi: float = 1.0
    target: float = 2.0  # MACs at φ = 1, as a multiple of the base's

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise UserError(f"There is no sampler {self.sampler!r}; there are {', '.join(SAMPLERS)}.")
        for what, name, allowed in (
            ("The number of candidates to propose", "trials", TRIALS_RANGE),
            ("The number of seeds", "seeds", SEEDS_RANGE),
            ("The number of steps", "steps", STEPS_RANGE),
            ("The batch size", "batch", (2, 4096)),
            ("The number of held-out images", "held_out", IMAGES_RANGE),
            ("The side of the thin base", "side", SIDE_RANGE),
        ):  # fmt: skip
            object.__setattr__(self, name, check_count(what, getattr(self, name), allowed))  # 2.0 becomes 2
        if not isinstance(self.data, str):
            raise UserError(f"The data are {self.data!r}; they must be named by a text.")
        if len(self.candidates) > MOST_GIVEN:
            raise UserError(f"{len(self.candidates):,} candidates are more than the {MOST_GIVEN:,} that one search takes; a larger step or narrower bounds "
                            "would give fewer.")
        for what, factor in (("The depth of the thin base", self.depth), ("The width of the thin base", self.width)):
            check(what, factor, FACTOR_RANGE)
        check("φ", self.phi, PHI_RANGE)
        check("The target", self.target, TARGET_RANGE)
        object.__setattr__(self, "candidates", tuple(map(_coefficients, self.candidates)))
        if self.sampler == "grid" and not self.candidates:
            raise UserError("There is no candidate to train; give at least one, as α, β and γ.")
        if self.sampler == "tpe" and self.candidates:
            raise UserError("The sampler tpe proposes its own candidates; leave them out, or take the grid.")
        if self.trainings > MOST:
            raise UserError(f"{self.points:,} candidates with {self.seeds} seeds are {self.trainings:,} trainings; at most {MOST} make one "
                            "search.")

    @cached_property
    def distinct(self) -> dict[str, list[Coefficients]]:
        """The candidates by the network that they become on the thin base, where rounding may swallow what tells them apart."""
        groups: dict[str, list[Coefficients]] = {}
        for candidate in self.candidates:
            groups.setdefault(self.identity(candidate), []).append(candidate)
        return groups

    @cached_property
    def trained(self) -> tuple[Coefficients, ...]:
        """One candidate for each of these networks, the paper's where it is among those that become one."""
        return tuple(PAPER if PAPER in group else group[0] for group in self.distinct.values())

    @property
    def points(self) -> int:
        """Candidates that are trained."""
        return len(self.trained) if self.sampler == "grid" else self.trials

    @property
    def trainings(self) -> int:
        return self.points * self.seeds

    @cached_property
    def base_macs(self) -> int:
        return cost(self.network((1.0, 1.0, 1.0))).macs

    @property
    def target_macs(self) -> float:
        """What the score compares with: the base's MACs times target^φ."""
        return self.base_macs * self.target**self.phi

    def network(self, coefficients: Sequence[float], classes: int = 10) -> Architecture:
        """The thin base under α^φ, β^φ and γ^φ. Raises `UserError` where that is impossible."""
        depth, width, side = (factor**self.phi for factor in coefficients)
        return small(Scaling(self.depth * depth, self.width * width, math.floor(self.side * side + 0.5), 0.0), classes)

    @cached_property
    def _identities(self) -> dict[Coefficients, str]:
        return {}

    def identity(self, coefficients: Coefficients) -> str:
        """That of the network which these coefficients make of the thin base."""
        if coefficients not in self._identities:
            self._identities[coefficients] = identity(self.network(coefficients))
        return self._identities[coefficients]

    def shared(self, depth: float, rest: float) -> Coefficients:
        """α, β and γ on the surface α·β²·γ² = target: the share `depth` of the factor goes to α, `rest` of what is left to β²."""
        width = (1 - depth) * rest
        return tuple(round(self.target**power, 4) for power in (depth, width / 2, (1 - depth - width) / 2))

    def to_dict(self) -> dict:
        """JSON values."""
        return {**asdict(self), "candidates": [list(candidate) for candidate in self.candidates]}

    @classmethod
    def from_dict(cls, values: Mapping) -> "Setting":
        """The inverse of `to_dict`, also from JSON. Raises `UserError` where a value is missing, unknown or impossible."""
        names = {field.name for field in fields(cls)}
        if not isinstance(values, Mapping) or values.keys() != names:
            raise UserError("The setting of this search is damaged, or of another version of this app; begin a new one.")
        try:
            return cls(**values)
        except (TypeError, ValueError, AttributeError) as broken:
            raise UserError(f"The setting of this search is damaged ({broken}); begin a new one.") from broken

    def differences(self, wanted: Mapping) -> list[str]:
        """Where `wanted`, some fields by name, asks for something else, in words."""
        other = replace(self, **wanted)
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in wanted}
        return [f"{name} {_words(own)} and not {_words(theirs)}" for name, (own, theirs) in pairs.items() if own != theirs]


def _words(value: object) -> str:
    return ("; ".join(map(title, value)) or "none") if isinstance(value, tuple) else f"{value}"


def _coefficients(values: Sequence[float]) -> Coefficients:
    if isinstance(values, str) or len(values) != len(LETTERS):
        raise UserError(f"A candidate is three numbers, α, β and γ, such as 1.2, 1.1 and 1.15; {values!r} is not.")
    return tuple(float(check(letter, value, BASE_RANGE)) for letter, value in zip(LETTERS, values))


def title(coefficients: Sequence[float]) -> str:
    """`1.2, 1.1, 1.15`, with the name of what is known by one."""
    numbers = ", ".join(f"{value:.4g}" for value in coefficients)
    name = next((name for name, known in KINDS.items() if known == tuple(coefficients)), None)
    return f"{TITLES.get(name, name)} ({numbers})" if name else numbers


def identity(network: Architecture) -> str:
    """The same for combinations that become the same network: its blocks, channels and side."""
    repeats = "+".join(str(len(stage.blocks)) for stage in network.stages)
    channels = "-".join(str(part.output.channels) for part in (network.stem, *network.stages, network.head))
    return f"{repeats} blocks, {channels} channels, {network.scaling.side} px"


def judging_error(setting: Setting, outcomes: Sequence[Outcome]) -> float:
    """The standard error of a score that is found on so few images, of the candidate whose score it moves most; a network scores that
    differently on others of the same kind."""
    weight = max((paper_score(1.0, outcome.macs, setting.target_macs) for outcome in outcomes), default=1.0)
    images = min((outcome.images for outcome in outcomes), default=1)
    right = (1 + images * fmean([outcome.accuracy for outcome in outcomes] or [0.5])) / (2 + images)
    return weight * math.sqrt(right * (1 - right) / images)


def ranking(setting: Setting, outcomes: Sequence[Outcome]) -> Ranking:
    """The candidates by their mean score; the keys are those of `outcomes`, one for each distinct network.

    Two seeds that happen to agree prove little: no spread below the error of judging is believed.
    """
    return _ranking(setting, tuple(outcomes))


@lru_cache(maxsize=32)
def _ranking(setting: Setting, outcomes: tuple[Outcome, ...]) -> Ranking:
    scores = {key: tuple(outcome.score(setting) for outcome in own) for key, own in by_network(setting, outcomes).items()}
    return rank(scores, judging_error(setting, outcomes))


def by_network(setting: Setting, outcomes: Sequence[Outcome]) -> dict[Coefficients, tuple[Outcome, ...]]:
    """One outcome for every seed of each distinct network, by the first coefficients that became it."""
    found: dict[str, dict[int, Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(setting.identity(outcome.coefficients), {})[outcome.seed] = outcome
    first: dict[str, Coefficients] = {}
    for outcome in outcomes:
        first.setdefault(setting.identity(outcome.coefficients), outcome.coefficients)
    return {first[key]: tuple(own[seed] for seed in sorted(own)) for key, own in found.items()}


# Where searches are kept on this machine


def folder() -> Path:
    return cache_folder() / "searches"


def path_of(name: str) -> Path:
    """The file of the search called `name`. Raises `UserError` for an unusable name."""
    if not NAME.fullmatch(name):
        raise UserError(f"{name[:80]!r} cannot name a search; use 1 to 64 small letters a–z, digits and, not at the start, hyphens.")
    return folder() / f"{name}{SUFFIX}"


def names() -> list[str]:
    """The searches on this machine, the latest first."""
    found = []
    for path in folder().glob(f"*{SUFFIX}"):
        with suppress(FileNotFoundError):  # removed meanwhile
            found.append((path.stat().st_mtime, path.stem))
    return [name for _, name in sorted(found, reverse=True) if NAME.fullmatch(name)]
