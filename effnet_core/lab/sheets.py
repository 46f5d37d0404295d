"""The numbers of the lesson sheets, page by page: what a class works out on paper, computed when the sheet is made."""

import math
from collections.abc import Callable
from functools import cache

from ..architecture import Architecture, assemble
from ..cost import Cost, cost
from ..families import EFFICIENTNET, PAPER, compound, published, small
from ..palette import percent, si
from ..scaling import Compound, Scaling
from ..search.scores import EXPONENT
from .budget import OPTIMISER, choose, ladder
from .exponents import one_step
from .formula import implied
from .lesson_sheets import LESSONS
from .memory import footprint, inference, training
from .paper import EFFICIENTNETS, excess
from .tradeoffs import nearest

MEASURED = "here"  # the blank that stays one on the answers too: what the reader's own machine says
UNIT = "stages.4.1"  # the block that is taken apart on paper: 5×5, with a skip connection
PASS_S = 0.02  # of the pass that is assumed on paper
INSIDE_SIDE = 160  # pixels of the bundled model's input
ONE_DIMENSION = {"deeper": (2.0, 2.0, 1.0, 1.0), "wider": (1.0, 1.0, 2.0, 1.0), "sharper": (1.0, 1.0, 1.0, 2.0)}  # Table 7, as on the page


def _count(value: int) -> str:
    return f"{value:,}"


def _times(value: float) -> str:
    return f"{value:.2f}"


def _b0(**sides: int) -> tuple[Architecture, Cost]:
    network = assemble(EFFICIENTNET, Scaling(1.0, 1.0, sides["side"]), 1000, "B0") if sides else published("b0")
    return network, cost(network)


def _start() -> dict[str, str]:
    (network, total), one = _b0(), compound(1.0)
    grown, unit = cost(one), next(block for block in network.blocks if block.id == UNIT)
    tenth = next(step for step in range(81) if cost(compound(step / 10)).macs > 10 * total.macs)
    return {
        "params": _count(total.params), "macs": si(total.macs), "side": f"{network.scaling.side}", "blocks": f"{len(network.blocks)}",
        "marks": f"{len([*network.units()])}", "params_1": _count(grown.params), "macs_1": si(grown.macs), "side_1": f"{one.scaling.side}",
        "ratio_1": _times(grown.macs / total.macs), "channels": f"{unit.output.channels}", "cells": f"{unit.output.height}",
        "tenfold": f"{tenth / 10:.1f}", "blocks_01": f"{len(compound(0.1).blocks)}",
    }


def _seen(layers: int, kernel: int = 3) -> int:
    """Cells in a row that one cell sees behind so many convolutions of stride 1."""
    return 1 + layers * (kernel - 1)


def _blocks() -> dict[str, str]:
    network, total = _b0()
    block = next(block for block in network.blocks if block.id == UNIT)
    expand, depthwise, se, project = block.layers
    wide, kernel, cells = depthwise.output.channels, depthwise.kernel, depthwise.output.height
    macs = {layer.part: total.rows[layer.id].macs for layer in block.layers}
    full = kernel**2 * wide**2 * cells**2
    return {
        "into": f"{block.input.channels}", "wide": f"{wide}", "kernel": f"{kernel}", "cells": f"{cells}", "out": f"{block.output.channels}",
        "narrow": f"{se.squeeze}", "one_cell": f"{kernel**2}", "expand": _count(macs["expand"]), "depthwise": _count(macs["depthwise"]), "full": _count(full),
        "cheaper": f"{full // macs['depthwise']}", "project": _count(macs["project"]), "excite": _count(macs["se"]),
        "share": percent(macs["depthwise"] / sum(macs.values())), "skips": f"{sum(one.skip for one in network.blocks)}", "blocks": f"{len(network.blocks)}",
        "two": f"{_seen(2)}", "three": f"{_seen(3)}",
    }


def _scaling() -> dict[str, str]:
    three, (network, total) = Compound(3.0), _b0()
    scaled, meant = compound(3.0), implied(published("b7").scaling)
    ratios = {name: _times(cost(compound(*values)).macs / total.macs) for name, values in ONE_DIMENSION.items()}
    return ratios | {
        "depth": f"{three.depth:.3f}", "width": f"{three.width:.3f}", "resolution": f"{three.resolution:.3f}", "side": f"{scaled.scaling.side}",
        "product": f"{three.constraint:.3f}", "promised": _times(three.promised), "counted": _times(cost(scaled).macs / total.macs),
        "blocks": f"{len(network.blocks)}", "blocks_01": f"{len(compound(0.1).blocks)}", "jump": percent(_b0(side=225)[1].macs / total.macs - 1),
        "ratio_01": _times(cost(compound(0.1)).macs / total.macs), "meant_depth": f"{meant.depth:.2f}", "meant_width": f"{meant.width:.2f}",
        "meant_side": f"{meant.resolution:.2f}",
    }


def _tradeoffs() -> dict[str, str]:
    _, total = _b0()
    ways = {key: nearest("b0", key, 4 * total.macs) for key in ("depth", "width", "resolution", "compound")}
    printed = {row.key: row for row in EFFICIENTNETS}
    b4, fits = cost(published("b4")), choose(ladder("macs"), 4.2e9).best
    gain = printed["b7"].top1 - printed["b0"].top1
    return {
        "depth": f"{ways['depth'].value:g}", "width": f"{ways['width'].value:g}", "side": f"{ways['resolution'].point.side}", "phi": f"{ways['compound'].value:g}",
        "field": _times(ways["depth"].point.field_ratio), "field_sharp": _times(ways["resolution"].point.field_ratio),
        "b4": si(b4.macs), "b4_printed": si(printed["b4"].flops), "b4_off": percent(abs(excess(printed["b4"].flops, b4.macs))),
        "fits": fits.name if fits else "", "gain": f"{gain:.1f}", "b0": f"{printed['b0'].top1:.1f}", "b7": f"{printed['b7'].top1:.1f}",
        "work": f"{cost(published('b7')).macs / total.macs:.0f}",
    }


def _search() -> dict[str, str]:
    (_, total), paper, near = _b0(), compound(1.0), compound(1.0, 1.25, 1.1, 1.15)
    return {stride.dimension: _times(stride.counted) for stride in one_step(EFFICIENTNET, *PAPER)} | {
        "product": f"{Compound(1.0).constraint:.3f}", "near_product": f"{Compound(1.0, 1.25).constraint:.3f}", "macs": _count(cost(paper).macs),
        "near_macs": _count(cost(near).macs), "ratio": _times(cost(paper).macs / total.macs), "blocks": f"{len(paper.blocks)}", "beta": f"{2 ** 0.5:.3f}",
        "score": percent(1 - 2**EXPONENT), "more": percent(2**-EXPONENT - 1),
    }


def _latency() -> dict[str, str]:
    (_, total), one = _b0(), cost(compound(1.0))
    kinds = {name: part.macs for name, part in total.operators.items()}
    return {
        "macs": si(total.macs), "macs_1": si(one.macs), "ratio": _times(one.macs / total.macs), "depthwise": percent(kinds["depthwise"] / total.macs),
        "pointwise": percent(kinds["pointwise"] / total.macs), "pass": f"{1e3 * PASS_S:g}",
        "second": si(total.macs / PASS_S, "MAC/s"), "images": f"{1 / PASS_S:g}",
        "gpipe": f"{19.0 / 3.1:.1f}",
    }


def _inside() -> dict[str, str]:
    network, total = _b0(side=INSIDE_SIDE)
    se = [layer for layer in network.layers if layer.operator == "se"]
    unit = next(block for block in network.blocks if block.id == UNIT)
    last = network.last_map
    return {
        "gates": _count(sum(layer.input.channels for layer in se)), "towers": f"{len(se)}", "wide": f"{unit.layers[1].output.channels}",
        "narrow": f"{unit.layers[2].squeeze}", "cells": f"{last.height}", "channels": _count(last.channels), "step": f"{total.stride}",
        "field": f"{total.receptive_field}", "side": f"{INSIDE_SIDE}", "patch": f"{unit.kernel ** 2}", "sigmoid_0": f"{1 / (1 + math.exp(0)):.1f}",
        "sigmoid_2": f"{1 / (1 + math.exp(-2)):.3f}",
    }


def _pretrain() -> dict[str, str]:
    network = small()
    whole, last = cost(published("b0", 10)), cost(published("b0", 10)).rows["classifier"]
    return {
        "params": _count(cost(network).params), "macs": si(cost(network).macs), "guess": f"{100 / network.classes:g}",
        "loss": f"{math.log(network.classes):.3f}", "loss_1000": f"{math.log(1000):.3f}",
        "classifier": _count(last.params), "whole": _count(whole.params), "share": percent(last.params / whole.params),
    }


def _learn() -> dict[str, str]:
    _, total = _b0()
    walked = footprint(published("b0"))
    return {
        "macs": _count(total.macs), "flops": _count(total.flops), "params": _count(total.params), "bytes": si(4 * total.params, "B"),
        "weights": _count(3 * 3 * 16 * 32), "separable": _count(3 * 3 * 16 + 16 * 32), "relu6": "6", "softmax": f"{math.e ** 2 / (math.e ** 2 + math.e + 1):.3f}",
        "infer": si(inference(total, walked, 1).total, "B"), "train": si(training(total, walked, 32, OPTIMISER).total, "B"),
    }


SHEETS: dict[str, Callable[[], dict[str, str]]] = {
    "start": _start, "blocks": _blocks, "scaling": _scaling, "tradeoffs": _tradeoffs, "search": _search, "latency": _latency, "inside": _inside,
    "pretrain": _pretrain, "learn": _learn,
}


@cache
def numbers(name: str) -> dict[str, str]:
    """Blank → its answer, for the sheet of a page, or of a lesson of the page Blocks: "blocks_convolution"."""
    page, _, lesson = name.partition("_")
    return LESSONS[lesson]() if lesson else SHEETS[page]()
