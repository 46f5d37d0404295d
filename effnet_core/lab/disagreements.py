"""Where the paper does not agree with itself, or with the count: every line computed or read in two places of v5."""

from collections.abc import Iterator
from math import log
from typing import NamedTuple

from ..families import PAPER, published
from ..palette import si
from ..scaling import Compound
from . import paper
from .paper import Scaled, counted, flops_text


class Disagreement(NamedTuple):
    what: str
    one: str
    other: str


def disagreements() -> Iterator[Disagreement]:
    """One after another, the formula first."""
    yield Disagreement("α·β²·γ²", "about 2 (eq. 3)", f"{Compound(1.0).constraint:.3f} with the paper's α, β, γ")
    yield from _flops()
    yield from _accuracies()
    yield from _figure_4()
    released, base = published("b7").scaling, published("b0").scaling
    factors = (("depth", released.depth), ("width", released.width), ("resolution", released.side / base.side))
    implied = ", ".join(f"{log(factor, letter):.2f} by {name}" for (name, factor), letter in zip(factors, PAPER))
    yield Disagreement("φ of B7", "one φ (Table 2)", implied)


def exchanged() -> list[Scaled]:
    """The two rows of Table 3 whose FLOPS look as if they had changed places."""
    return [row for row in paper.TABLE_3 if row.base == "resnet50" and row.label in ("d = 4", "w = 2")]


def _flops() -> Iterator[Disagreement]:
    known = {row.name: row for row in paper.TABLE_2}
    b4, b5 = known["EfficientNet-B4"], known["EfficientNet-B5"]
    for name, table, rows in (("B0", 7, paper.TABLE_7[1:4]), ("ResNet-50", 3, exchanged())):
        for row in rows:
            yield Disagreement(f"FLOPS of {name} with {row.label}", f"{flops_text(row.flops)} (Table {table})",
                               f"{si(counted(row).macs)} counted")
    for row in (b4, b5):
        yield Disagreement(f"FLOPS of {row.short}", f"{flops_text(row.flops)} (Table 2)", f"{si(counted(row).macs)} counted")
    ratio = known["PNASNet"].flops / b4.flops
    yield Disagreement("FLOPS of PNASNet over B4's", f"{paper.PNASNET_RATIO:.1f} (Table 2)", f"{ratio:.1f} from the same table's FLOPS")


def _accuracies() -> Iterator[Disagreement]:
    table_2 = {row.short: f"{row.top1} % (Table 2)" for row in paper.TABLE_2}
    for key, top1 in paper.TABLE_4.items():
        yield Disagreement(f"top-1 of {key.upper()}", f"{top1} % (Table 4, as in v3)", table_2[key.upper()])
    yield Disagreement("top-1 of B0", f"{paper.TABLE_7[0].top1} % (Table 7)", table_2["B0"])
    yield Disagreement("top-1 of NASNet-A", f"{paper.FIGURE_5_NASNET} % (table in Figure 5)", table_2["NASNet-A"])
    for name, top1 in paper.INTRODUCTION.items():
        yield Disagreement(f"top-1 of {name}", f"{top1} % (§1)", table_2[name])


def _figure_4() -> Iterator[Disagreement]:
    depth, resolution = paper.FIGURE_4[-1]
    first, last = paper.FIGURE_4_LAYERS
    network = paper.network(Scaled("b0", depth, 1.0, resolution, 0.0, 0.0))
    yield Disagreement("r of Figure 4's sharper baselines", f"{paper.FIGURE_4_TEXT} (text)", f"{resolution} (legend, caption)")
    yield Disagreement(f"image at r = {resolution}", f"{paper.FIGURE_4_SIDES[1]} px (caption)",
                       f"{network.scaling.side} px, from {paper.FIGURE_4_SIDES[0]}")
    yield Disagreement("layers of Figure 4's deepest baseline", f"{last} (caption)",
                       f"{len(network.blocks) + 2}, counting as the first one's {first}: blocks, stem and head")
