"""Multiply-adds against milliseconds, network by network: the pace of each, how many times one is of another, and where the time goes.

Times are per image: those of a pass of the whole batch, divided by the batch.
"""

from collections.abc import Mapping
from functools import cache
from statistics import median
from typing import NamedTuple

from ..cost import Cost, cost
from ..families import published, title
from .paper import TABLE_4_SECONDS

EFFICIENTNETS = tuple(f"b{phi}" for phi in range(8))
RESNETS = ("resnet50", "resnet152")
NETWORKS = (*EFFICIENTNETS, "mobilenetv2", *RESNETS)
QUICK = ("b0", "b1", "b2", "b3", "mobilenetv2", *RESNETS)
PAIRS = (  # of which the first is compared with the second
    ("resnet50", "b0"), ("resnet152", "b1"), ("resnet152", "b4"), ("b7", "resnet152"), ("b7", "b1"), ("b0", "mobilenetv2"), ("gpipe", "b7"))
UNBUILT = {"gpipe": "GPipe"}  # of the paper; what it is made of is not printed there, so it can be neither counted nor built here
OPERATORS = {  # of layers, by what they have in common
    "dense": ("conv", "pointwise", "linear"),  # they mix channels: a number that was loaded is used for every output channel
    "depthwise": ("depthwise",),
    "se": ("se",),
    "pool": ("maxpool",),
}


class Point(NamedTuple):
    """A network that was timed: milliseconds an image, and the passes between which eight of ten lie; None where that is not told."""

    key: str
    macs: int  # an image
    ms: float
    p10: float | None = None
    p90: float | None = None
    steady: bool = True

    @property
    def name(self) -> str:
        return short(self.key)

    @property
    def pace(self) -> float:
        """MACs per second."""
        return 1e3 * self.macs / self.ms


def short(key: str) -> str:
    """`B0`, `ResNet-50`, `GPipe`."""
    return UNBUILT.get(key) or title(key).removeprefix("EfficientNet-")


@cache
def counted(key: str) -> Cost:
    return cost(published(key))


def points(times: Mapping[str, Mapping], batch: int) -> dict[str, Point]:
    """Those of `NETWORKS` that `times` has, by name, with median_ms, p10_ms, p90_ms and steady of a pass of `batch` images."""
    return {key: Point(key, counted(key).macs, *(times[key][figure] / batch for figure in ("median_ms", "p10_ms", "p90_ms")), times[key]["steady"])
            for key in NETWORKS if key in times}


def papers() -> dict[str, Point]:
    """The networks of Table 4 that can be counted here, with the times printed there."""
    return {key: Point(key, counted(key).macs, 1e3 * seconds) for key, seconds in TABLE_4_SECONDS.items() if key not in UNBUILT}


def macs_ratio(of: str, to: str) -> float | None:
    """How many times the multiply-adds of `to` the network `of` has; None where one of them cannot be counted here."""
    return None if {of, to} & UNBUILT.keys() else counted(of).macs / counted(to).macs


def time_ratio(of: str, to: str, timed: Mapping[str, Point]) -> float | None:
    """How many times as long it takes; None where one of them was not timed."""
    return timed[of].ms / timed[to].ms if of in timed and to in timed else None


def printed_ratio(of: str, to: str) -> float | None:
    """The same from the seconds of Table 4."""
    return TABLE_4_SECONDS[of] / TABLE_4_SECONDS[to] if of in TABLE_4_SECONDS and to in TABLE_4_SECONDS else None


def expected_ms(key: str, here: Mapping[str, Point], elsewhere: Mapping[str, Point]) -> float | None:
    """About how long an image of `key` will take: as `elsewhere`, times how much slower what has been timed `here` was than there."""
    if key in here or key not in elsewhere:
        return here[key].ms if key in here else None
    slower = [here[one].ms / elsewhere[one].ms for one in here if one in elsewhere]
    return elsewhere[key].ms * (median(slower) if slower else 1.0)


class Part(NamedTuple):
    """Layers of one kind in a network: the time of all of them, its share of the time of all layers, and what they do."""

    ms: float  # of the whole batch
    share: float
    macs: int  # an image

    def pace(self, batch: int) -> float:
        """MACs per second."""
        return 1e3 * batch * self.macs / self.ms if self.ms else 0.0


def parts(key: str, layers: Mapping[str, float]) -> dict[str, Part]:
    """Where the time of the layers goes, by the kinds in `OPERATORS` that there are. `layers` has the milliseconds by layer id, and a
    layer's time includes its batch norm and its activation."""
    rows, whole = counted(key).layers, sum(layers.values())
    chosen = {kind: [row for row in rows if row.operator in operators] for kind, operators in OPERATORS.items()}
    return {kind: Part(ms := sum(layers[row.id] for row in mine), ms / whole, sum(row.macs for row in mine))
            for kind, mine in chosen.items() if mine}


def reuse(key: str) -> float:
    """Multiply-adds for every number that the layers write: what arithmetic there is while memory is waited for."""
    return counted(key).macs / counted(key).activations
