"""The numbers of the lesson sheets of the page Blocks, lesson by lesson; the sheet of the page itself is `sheets`'."""

import math
from collections.abc import Callable

from ..architecture import Architecture, Block
from ..cost import cost
from ..families import published
from ..lessons import activations, chance, gating
from ..lessons.convolution import Convolution
from ..lessons.design import design
from ..lessons.learnt import recorded
from ..lessons.parts import Filter, Gate
from ..lessons.separable import Separable, of_block
from ..lessons.skips import ways
from ..palette import fixed, percent, si, three

FIRST = Convolution(3, 16, 3, 32)  # what the lesson opens with
SQUEEZED = "stages.5.1"  # as in the lesson's guess
NORM = {"gamma": 3, "beta": 1, "mu": 4, "root": 2, "x": 6}  # a batch norm for the head; `root` is √(σ² + ε)


def _count(value: int) -> str:
    return f"{value:,}"


def _b0() -> Architecture:
    return published("b0")


def _block(name: str) -> Block:
    return next(block for block in _b0().blocks if block.id == name)


def _convolution() -> dict[str, str]:
    strided, bare, large = (Convolution(3, 16, kernel, 32, stride, padding) for kernel, stride, padding in ((3, 2, "same"), (3, 1, "valid"), (7, 1, "same")))
    return {
        "inputs": f"{FIRST.inputs}", "outputs": f"{FIRST.outputs}", "side": f"{FIRST.side}", "each": f"{FIRST.kernel**2 * FIRST.inputs}",
        "cells": _count(FIRST.cells**2), "one": _count(FIRST.macs // FIRST.outputs), "macs": _count(FIRST.macs), "params": _count(FIRST.params),
        "strided": f"{strided.cells}", "macs_2": _count(strided.macs), "bare": f"{bare.cells}", "stem": _count(cost(_b0()).rows["stem"].macs),
        "larger": three(large.params / FIRST.params),
    }


def _separable() -> dict[str, str]:
    last = of_block(_b0().blocks[-1])
    narrow, five = Separable(last.inputs, 1, 3, last.side), Separable(last.inputs, last.outputs, 5, last.side)
    return {
        "inputs": _count(last.inputs), "outputs": f"{last.outputs}", "kernel": f"{last.kernel}", "side": f"{last.side}",
        "standard": _count(last.standard.macs), "depthwise": _count(last.depthwise.macs), "pointwise": _count(last.pointwise.macs),
        "ratio": fixed(float(last.ratio)), "limit": fixed(1 / 9), "one": fixed(float(narrow.ratio)), "five": fixed(float(five.ratio)),
    }


def _activations() -> dict[str, str]:
    lowest, low = activations.least_of_swish()
    return {
        **{name: fixed(activations.swish(x), 3) for name, x in (("one", 1.0), ("minus", -1.0), ("far", -3.0))},
        **{name: f"{activations.relu6(x):g}" for name, x in (("cut", -2.0), ("kept", 3.0), ("full", 9.0))},
        "quarter": f"{activations.sigmoid_slope(0.0):g}", "half": f"{activations.swish_slope(0.0):g}", "hard": fixed(activations.hard_swish(1.0), 3),
        "lowest": fixed(lowest, 2), "low": fixed(low, 3),
    }


def _collapsed(count: int) -> float:
    """How likely fewer than two of `count` numbers are positive."""
    return (1 + count) / 2**count


def _spiral() -> dict[str, str]:
    block = _block("stages.1.0")
    return {
        "both": percent(1 / 4), "two": percent(_collapsed(2)), "cases": f"{2**3}", "lost": f"{1 + 3}", "three": percent(_collapsed(3)), "four": percent(_collapsed(4)),
        "six": percent(_collapsed(6)), "fifteen": percent(_collapsed(15)), "into": f"{block.input.channels}", "wide": f"{block.layers[-1].input.channels}",
        "out": f"{block.output.channels}",
    }


def _skips() -> dict[str, str]:
    shallow, deep, found = ways(_b0()), ways(published("b7")), recorded()
    return {
        "small": fixed(0.9**64), "large": si(1.3**64), "variance": "2", "root": fixed(math.sqrt(2), 3), "deviation": f"{math.sqrt(1 + 15):g}",
        "blocks": f"{shallow.blocks}", "around": f"{shallow.around}", "through": f"{shallow.through}", "deep": f"{deep.blocks}",
        "deep_around": f"{deep.around}", "deep_through": f"{deep.through}", "always": " and ".join(found.always), "seeds": f"{found.seeds}",
    }


def _squeeze() -> dict[str, str]:
    unit = next(unit for unit in gating.squeezes(_b0()) if unit.block == SQUEEZED)
    total, theirs = cost(_b0()), unit.narrowed(gating.SENET)
    se = total.operators["se"]
    return {
        "entering": f"{unit.entering}", "wide": _count(unit.channels), "narrow": f"{unit.squeezed}", "senet_ratio": f"{gating.SENET}", "senet": f"{theirs}",
        "quarter": f"{unit.channels // 4}", "params": _count(gating.params(unit.channels, unit.squeezed)), "macs": _count(gating.macs(unit.channels, unit.squeezed)),
        "senet_params": _count(gating.params(unit.channels, theirs)), "share": percent(se.params / total.params), "work": percent(se.macs / total.macs),
    }


def _built() -> dict[str, str]:
    plain, inverted, light, before, whole = (design(step) for step in (0, 3, 4, 7, 8))
    middle, filtered = inverted.layers[1], light.layers[1]
    return {
        "channels": f"{plain.inputs}", "side": f"{plain.side}", "plain": _count(plain.macs), "middle": f"{inverted.middle}", "full": _count(middle.macs),
        "inverted": _count(inverted.macs), "filtered": _count(filtered.macs), "light": _count(light.macs), "alone": f"{middle.macs // filtered.macs}",
        "fewer": f"{inverted.macs / light.macs:.1f}", "about": f"{inverted.macs / light.macs:.0f}", "se": _count(whole.macs - before.macs),
        "se_params": _count(whole.params - before.params),
    }


def _modules() -> dict[str, str]:
    even, five, odd = (Convolution(1, 1, kernel, side, 2) for kernel, side in ((3, 8), (5, 16), (3, 17)))
    depthwise, pointwise = Filter("depthwise", Convolution(96, 96, 3, 56, 1, "same", 96)), Filter("pointwise", Convolution(96, 24, 1, 56), norm=False)
    full = Convolution(96, 96, 3, 56)
    return {
        "cells": f"{even.cells}", "span": f"{(even.cells - 1) * 2 + 3}", "before": f"{even.zeros[0]}", "after": f"{even.zeros[1]}",
        "before_5": f"{five.zeros[0]}", "after_5": f"{five.zeros[1]}", "odd_before": f"{odd.zeros[0]}", "odd_after": f"{odd.zeros[1]}",
        "weights": _count(depthwise.terms[0].value), "normed": _count(depthwise.params), "mixing": _count(pointwise.params),
        "se": _count(Gate("se", 96, 4, 56).params), "times": f"{full.params // depthwise.terms[0].value}",
    }


def _chance() -> dict[str, str]:
    network, norm = _b0(), NORM
    rates, count, rate = chance.rates(network), network.classifier.input.channels, network.scaling.dropout
    factor, stem, last = norm["gamma"] / norm["root"], network.stem.output.channels, max(range(len(rates)), key=rates.__getitem__)
    bias = norm["beta"] - norm["mu"] * factor
    return {name: f"{value}" for name, value in norm.items()} | {
        "factor": f"{factor:g}", "bias": f"{bias:g}".replace("-", "−"), "y": f"{factor * norm['x'] + bias:g}", "stem": f"{stem}", "all": f"{4 * stem}",
        "block": network.blocks[last].id, "number": f"{network.blocks[last].index}", "blocks": f"{len(rates)}", "most": f"{network.family.stochastic_depth:g}",
        "rate": fixed(rates[last]), "skips": f"{sum(block.skip for block in network.blocks)}", "mean": f"{chance.expected(rates):.1f}",
        "even": f"{0.8 * len(rates):.1f}", "halved": f"{0.9 * len(rates):.1f}", "drop": f"{rate:g}", "count": _count(count),
        "stay": f"{chance.survivors(count, rate)[0]:,.0f}", "times": f"{1 / (1 - rate):g}",
    }


LESSONS: dict[str, Callable[[], dict[str, str]]] = {  # by the lesson's slug, in the order of the page
    "convolution": _convolution, "separable": _separable, "activations": _activations, "spiral": _spiral, "skips": _skips, "squeeze": _squeeze, "built": _built,
    "modules": _modules, "chance": _chance,
}
