"""What the paper prints, as data: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019,
arXiv 1905.11946v5 unless a version is named, table by table and figure by figure; and the same networks counted here.

Accuracies are top-1 or top-5 on ImageNet, percent. What is only drawn in a figure, and printed nowhere, is not here.
"""

from collections.abc import Iterable
from functools import cache
from math import isclose
from typing import NamedTuple

from ..architecture import Architecture, assemble
from ..cost import Cost, cost
from ..families import NAMES, published
from ..scaling import Scaling

SOURCE = "Tan & Le 2019, v5"
M, B = 1e6, 1e9
KINDS = ("EfficientNet", "ResNet and kin", "DenseNet", "Inception and kin", "found by search")


class Result(NamedTuple):
    """A row of Table 2. `params` and `flops` as printed, two digits of them; its FLOPS are multiply-adds."""

    name: str
    kind: str  # one of `KINDS`
    top1: float
    top5: float
    params: float
    flops: float | None  # None where the paper prints a dash
    key: str = ""  # what `published` calls it, where it can
    first: float | None = None  # top-1 in v3 of the paper, before AutoAugment

    @property
    def short(self) -> str:
        return self.name.removeprefix("EfficientNet-")


TABLE_2 = (
    Result("EfficientNet-B0", KINDS[0], 77.1, 93.3, 5.3 * M, 0.39 * B, "b0", 76.3),
    Result("ResNet-50", KINDS[1], 76.0, 93.0, 26 * M, 4.1 * B, "resnet50"),
    Result("DenseNet-169", KINDS[2], 76.2, 93.2, 14 * M, 3.5 * B),
    Result("EfficientNet-B1", KINDS[0], 79.1, 94.4, 7.8 * M, 0.70 * B, "b1", 78.8),
    Result("ResNet-152", KINDS[1], 77.8, 93.8, 60 * M, 11 * B, "resnet152"),
    Result("DenseNet-264", KINDS[2], 77.9, 93.9, 34 * M, 6.0 * B),
    Result("Inception-v3", KINDS[3], 78.8, 94.4, 24 * M, 5.7 * B),
    Result("Xception", KINDS[3], 79.0, 94.5, 23 * M, 8.4 * B),
    Result("EfficientNet-B2", KINDS[0], 80.1, 94.9, 9.2 * M, 1.0 * B, "b2", 79.8),
    Result("Inception-v4", KINDS[3], 80.0, 95.0, 48 * M, 13 * B),
    Result("Inception-ResNet-v2", KINDS[3], 80.1, 95.1, 56 * M, 13 * B),
    Result("EfficientNet-B3", KINDS[0], 81.6, 95.7, 12 * M, 1.8 * B, "b3", 81.1),
    Result("ResNeXt-101", KINDS[1], 80.9, 95.6, 84 * M, 32 * B),
    Result("PolyNet", KINDS[3], 81.3, 95.8, 92 * M, 35 * B),
    Result("EfficientNet-B4", KINDS[0], 82.9, 96.4, 19 * M, 4.2 * B, "b4", 82.6),
    Result("SENet", KINDS[1], 82.7, 96.2, 146 * M, 42 * B),
    Result("NASNet-A", KINDS[4], 82.7, 96.2, 89 * M, 24 * B),
    Result("AmoebaNet-A", KINDS[4], 82.8, 96.1, 87 * M, 23 * B),
    Result("PNASNet", KINDS[4], 82.9, 96.2, 86 * M, 23 * B),
    Result("EfficientNet-B5", KINDS[0], 83.6, 96.7, 30 * M, 9.9 * B, "b5", 83.3),
    Result("AmoebaNet-C", KINDS[4], 83.5, 96.5, 155 * M, 41 * B),
    Result("EfficientNet-B6", KINDS[0], 84.0, 96.8, 43 * M, 19 * B, "b6", 84.0),
    Result("EfficientNet-B7", KINDS[0], 84.3, 97.0, 66 * M, 37 * B, "b7", 84.4),
    Result("GPipe", KINDS[4], 84.3, 97.0, 557 * M, None),
)
EFFICIENTNETS = tuple(row for row in TABLE_2 if row.kind == KINDS[0])


class Scaled(NamedTuple):
    """A row of Table 3 or 7: a base network, what its three dimensions are multiplied by, and what the paper prints of the result."""

    base: str  # what `published` calls it
    depth: float
    width: float
    resolution: float
    flops: float
    top1: float
    printed: bool = True  # whether the row prints its factors; otherwise they are those of the row that does

    @property
    def label(self) -> str:
        """`d = 4`, `d = 1.4, w = 1.2, r = 1.3`; "baseline" where nothing is scaled."""
        factors = (("d", self.depth), ("w", self.width), ("r", self.resolution))
        return ", ".join(f"{letter} = {factor:g}" for letter, factor in factors if factor != 1) or "baseline"


TABLE_3 = (
    Scaled("mobilenetv1", 1, 1, 1, 0.6 * B, 70.6),
    Scaled("mobilenetv1", 1, 2, 1, 2.2 * B, 74.2),
    Scaled("mobilenetv1", 1, 1, 2, 2.2 * B, 72.7),
    Scaled("mobilenetv1", 1.4, 1.2, 1.3, 2.3 * B, 75.6),
    Scaled("mobilenetv2", 1, 1, 1, 0.3 * B, 72.0),
    Scaled("mobilenetv2", 4, 1, 1, 1.2 * B, 76.8),
    Scaled("mobilenetv2", 1, 2, 1, 1.1 * B, 76.4),
    Scaled("mobilenetv2", 1, 1, 2, 1.2 * B, 74.8),
    Scaled("mobilenetv2", 1.4, 1.2, 1.3, 1.3 * B, 77.4, printed=False),
    Scaled("resnet50", 1, 1, 1, 4.1 * B, 76.0),
    Scaled("resnet50", 4, 1, 1, 16.2 * B, 78.1),
    Scaled("resnet50", 1, 2, 1, 14.7 * B, 77.7),
    Scaled("resnet50", 1, 1, 2, 16.4 * B, 77.5),
    Scaled("resnet50", 1.4, 1.2, 1.3, 16.7 * B, 78.8, printed=False),
)
TABLE_7 = (
    Scaled("b0", 1, 1, 1, 0.4 * B, 77.3),
    Scaled("b0", 4, 1, 1, 1.8 * B, 79.0),
    Scaled("b0", 1, 2, 1, 1.8 * B, 78.9),
    Scaled("b0", 1, 1, 2, 1.9 * B, 79.1),
    Scaled("b0", 1.4, 1.2, 1.3, 1.8 * B, 81.1),
)
FIGURE_3 = {"width": (1.0, 1.4, 1.8, 2.6, 3.8, 5.0), "depth": (1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
            "resolution": (1.0, 1.3, 1.5, 1.7, 1.9, 2.2, 2.5)}
FIGURE_4 = ((1.0, 1.0), (1.0, 1.3), (2.0, 1.0), (2.0, 1.3))  # depth and resolution of the baselines; their widths are not printed
FIGURE_4_LAYERS = (18, 36)  # convolutional layers of the first and the last baseline, says the caption
FIGURE_4_SIDES = (224, 299)  # and their resolutions
FIGURE_4_TEXT = 2.0  # the resolution of the text about it (§3.3), where figure and caption have 1.3
FIGURE_8_GAIN = 2.5  # percentage points by which compound scaling is better, at most (§6)
FIGURE_5_NASNET = 80.7  # top-1 of NASNet-A in the table inside Figure 5, where Table 2 has 82.7
INTRODUCTION = {"B4": 83.0, "ResNet-50": 76.3}  # top-1 in §1, where Table 2 has 82.9 and 76.0
SATURATION = 80.0  # percent, after which scaling one dimension gains little (caption of Figure 3)
PNASNET_RATIO = 6.0  # its FLOPS over B4's, as Table 2 prints it
TABLE_4 = {"b1": 78.8, "b7": 84.4}  # top-1 there, beside the times
TABLE_4_SECONDS = {"resnet152": 0.554, "b1": 0.098, "gpipe": 19.0, "b7": 3.1}  # batch 1, one core of a Xeon E5-2690, mean of 20 runs
TABLE_4_RATIOS = {("resnet152", "b1"): 5.7, ("gpipe", "b7"): 6.1}  # as printed


@cache
def network(row: Scaled) -> Architecture:
    """The network of a row, rounded as the released ones are. Raises `UserError` for a base that is not known."""
    base = published(row.base)
    side = round(base.scaling.side * row.resolution)
    return assemble(base.family, Scaling(row.depth, row.width, side, base.scaling.dropout), 1000, f"{base.name}, {row.label}")


@cache
def counted(row: Result | Scaled) -> Cost | None:
    """What the network of a row costs, counted here; None where it cannot be built here."""
    if isinstance(row, Scaled):
        return cost(network(row))
    return cost(published(row.key)) if row.key in NAMES else None


def scaled_b0(depth: float = 1.0, width: float = 1.0, resolution: float = 1.0) -> Cost:
    """B0 with its dimensions multiplied, as in Figures 3 and 4, counted here."""
    return counted(Scaled("b0", depth, width, resolution, 0.0, 0.0))


class Trained(NamedTuple):
    top1: float
    table: int


def trained(network: Architecture) -> Trained | None:
    """The top-1 that Table 2, 7 or 3 prints of just this network, under whatever name; None where they print none."""
    return next((found for other, found in _networks() if _same(network, other)), None)


@cache
def _networks() -> list[tuple[Architecture, Trained]]:
    rows = [(row, 7) for row in TABLE_7] + [(row, 3) for row in TABLE_3 if row.printed]
    return [*((published(row.key), Trained(row.top1, 2)) for row in TABLE_2 if row.key),
            *((network(row), Trained(row.top1, table)) for row, table in rows)]


def _same(one: Architecture, other: Architecture) -> bool:
    a, b = one.scaling, other.scaling
    return (one.family, a.side) == (other.family, b.side) and isclose(a.depth, b.depth) and isclose(a.width, b.width)


def flops_text(value: float | None) -> str:
    """`0.39 B`, billions as the paper prints them."""
    return "–" if value is None else f"{value / B:g} B"


def params_text(value: float) -> str:
    """`5.3 M`."""
    return f"{value / M:g} M"


def excess(printed: float, ours: float) -> float:
    """By what share the printed figure lies above the counted one: 0.046 is 4.6 % more."""
    return printed / ours - 1


def front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The (cost, accuracy) that no other point beats with at most the cost and at least the accuracy, cheapest first."""
    best, kept = float("-inf"), []
    for price, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if accuracy > best:
            best = accuracy
            kept.append((price, accuracy))
    return kept
