"""Questions to predict before the answer is seen. Every answer is computed from networks and their costs, or from what was measured."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..cost import cost
from ..families import EFFICIENTNET, PAPER, compound, published
from ..lab import formula, paper
from ..lab.rounding import form
from ..palette import percent, si
from ..scaling import Compound
from .scales import Scale
from .ways import GRID, combinations, distinct, fields, kept, kept_ways, ways

Times = Mapping[str, Mapping[str, Any]]  # by `published` name what was measured of it, as `Latency.to_dict` gives it
Facts = dict[str, str]  # what the explanation is filled in with
SHARE = Scale(0.0, 100.0, "%")
SMALL_SHARE = Scale(0.01, 100.0, "%", log=True)
TIMES = Scale(1.0, 1000.0, "×", log=True)
FEW_TIMES = Scale(0.5, 20.0, "×", log=True)


class Question(NamedTuple):
    """A guess is a number on `scale`, or one of `options()`; `answer` gives the number, or the place of the option that holds.

    `facts` are the numbers of the texts. `needs`: `published` names that have to be measured first; only with `times` of all of these may
    `answer` be asked, and before that `facts` lack what was measured.
    """

    slug: str
    answer: Callable[[Times], float]
    scale: Scale | None = None
    options: Callable[[], tuple[str, ...]] | None = None
    facts: Callable[[Times], Facts] = lambda times: {}
    needs: tuple[str, ...] = ()


@cache
def _cost(name: str):
    return cost(published(name))


@cache
def _b0(depth: float = 1.0, width: float = 1.0, side: int = 224):
    """B0 with its dimensions multiplied."""
    return paper.scaled_b0(depth, width, side / 224)


def _blocks(name: str) -> int:
    return len(published(name).blocks)


def _ratio(figure: str, of: str, to: str = "b0") -> float:
    return getattr(_cost(of), figure) / getattr(_cost(to), figure)


def _part(operator: str, figure: str, name: str = "b0") -> float:
    """The percentage that one kind of layer has."""
    table = _cost(name)
    return 100 * getattr(table.operators[operator], figure) / getattr(table, figure)


def _blocks_b2() -> tuple[int, ...]:
    """What B2 might have: B1's blocks, those by B2's own d = 1.2 without rounding, φ = 2, and B3's."""
    exact = round(_blocks("b0") * published("b2").scaling.depth)
    return tuple(sorted({_blocks("b1"), exact, len(compound(2.0).blocks), _blocks("b3")}))


@cache
def _homes() -> dict[str, int]:
    """Where parameters of B0 are: the four stages or ends with the most, in the order of the network."""
    sums = {name: total.params for name, total in _cost("b0").stages.items()}
    return {name: sums[name] for name in sums if name in sorted(sums, key=sums.get)[-4:]}


def _home(name: str) -> str:
    return f"Stage {int(name[-1]) + 1}" if "." in name else f"The {name}"


def _shares() -> str:
    return ", ".join(f"{_home(name).lower()} {percent(count / _cost('b0').params)}" for name, count in _homes().items())


def _widest() -> Facts:
    """Of the stage with the most parameters: how many blocks, and the most channels inside one."""
    homes = _homes()
    stage = published("b0").stages[int(max(homes, key=homes.get)[-1])]
    inside = max(layer.output.channels for block in stage.blocks for layer in block.layers)
    return {"blocks": f"{len(stage.blocks)}", "wide": f"{inside:,}"}


def _phis(name: str) -> formula.Implied:
    return formula.implied(published(name).scaling)


def _nearest(name: str) -> formula.Nearest:
    return formula.nearest(_cost(name).macs)


@cache
def _pixel() -> tuple[int, int]:
    """MACs of B0 at its side, and with one pixel more."""
    settled = form(EFFICIENTNET, 1.0, 1.0)
    return settled.macs(EFFICIENTNET.side), settled.macs(EFFICIENTNET.side + 1)


def _time(times: Times, name: str) -> float:
    return times[name]["median_ms"]


def _timed_share(times: Times, operator: str) -> float:
    """The percentage of the layers' time that one kind takes in B0."""
    layers = times["b0"]["layers"]
    kind = {row.id: row.operator for row in _cost("b0").layers}
    return 100 * sum(ms for layer, ms in layers.items() if kind[layer] == operator) / sum(layers.values())


def _pair(of: str, to: str) -> Callable[[Times], Facts]:
    def facts(times: Times) -> Facts:
        took = {key: si(_time(times, name) / 1e3, "s") for key, name in (("of", of), ("to", to)) if name in times}
        return {"macs": f"{_ratio('macs', of, to):.3g}", **took}

    return facts


QUESTIONS = {question.slug: question for question in (
    Question("blocks-b1", lambda _: _blocks("b1"), Scale(16, 40, "blocks", whole=True),
             facts=lambda _: {"before": f"{_blocks('b0')}", "now": f"{_blocks('b1')}",
                              "exact": f"{_blocks('b0') * published('b1').scaling.depth:.1f}"}),
    Question("blocks-b2", lambda _: _blocks_b2().index(_blocks("b2")), options=lambda: tuple(f"{count} blocks" for count in _blocks_b2()),
             facts=lambda _: {"blocks": f"{_blocks('b2')}", "rows": ", ".join(str(len(stage.blocks)) for stage in published("b2").stages)}),
    Question("macs-b7", lambda _: _ratio("macs", "b7"), TIMES,
             facts=lambda _: {"before": si(_cost("b0").macs), "now": si(_cost("b7").macs), "params": f"{_ratio('params', 'b7'):.3g}",
                              "doublings": f"{2**7}", "law": f"{Compound(7.0, *PAPER).promised:.3g}"}),
    Question("params-where", lambda _: [*_homes().values()].index(max(_homes().values())), options=lambda: tuple(map(_home, _homes())),
             facts=lambda _: {"shares": _shares(), **_widest()}),
    Question("depthwise-macs", lambda _: _part("depthwise", "macs"), SHARE,
             facts=lambda _: {"pointwise": percent(_part("pointwise", "macs") / 100)}),
    Question("depthwise-time", lambda times: _timed_share(times, "depthwise"), SHARE, needs=("b0",),
             facts=lambda times: {"macs": percent(_part("depthwise", "macs") / 100), **(
                 {"pointwise": percent(_timed_share(times, "pointwise") / 100)} if times else {})}),
    Question("se-macs", lambda _: _part("se", "macs"), SMALL_SHARE, facts=lambda _: {"params": percent(_part("se", "params") / 100)}),
    Question("classifier-b7", lambda _: _part("linear", "params", "b7"), SHARE,
             facts=lambda _: {"before": percent(_part("linear", "params") / 100), "first": f"{_cost('b0').operators['linear'].params:,}",
                              "last": f"{_cost('b7').operators['linear'].params:,}"}),
    Question("constraint", lambda _: Compound(1.0, *PAPER).constraint, Scale(1.0, 3.0),
             facts=lambda _: {"exact": f"{Compound(1.0, *PAPER).constraint:.5f}"}),
    Question("phi-1", lambda _: cost(compound(1.0)).macs / _cost("b0").macs, Scale(1.0, 4.0, "×"),
             facts=lambda _: {"promised": f"{Compound(1.0, *PAPER).promised:.3g}", "blocks": f"{len(compound(1.0).blocks)}",
                              "deep": f"{cost(compound(1.0, PAPER[0], 1.0, 1.0)).macs / _cost('b0').macs:.3g}"}),
    Question("phi-b1", lambda _: _nearest("b1").phi, Scale(0.0, 2.0, "φ"),
             facts=lambda _: dict(zip(("depth", "width", "side"), (f"{phi:.2f}" for phi in _phis("b1")))) | {
                 "low": f"{_nearest('b1').low:.3f}", "high": f"{_nearest('b1').high:.3f}"}),
    Question("phi-b7", lambda _: _phis("b7").depth, Scale(4.0, 9.0, "φ"),
             facts=lambda _: {"factor": f"{published('b7').scaling.depth:g}", "width": f"{_phis('b7').width:.2f}",
                              "side": f"{_phis('b7').resolution:.2f}", "near": f"{_nearest('b7').phi:.2f}"}),
    Question("sharper", lambda _: _b0(side=448).macs / _b0().macs, FEW_TIMES,
             facts=lambda _: {"params": f"{_b0(side=448).params / _b0().params:.3g}",
                              "once": percent(form(EFFICIENTNET, 1.0, 1.0).once / _b0().macs)}),
    Question("wider", lambda _: _b0(width=2.0).params / _b0().params, FEW_TIMES,
             facts=lambda _: {"linear": f"{_b0(width=2.0).operators['linear'].params / _b0().operators['linear'].params:.3g}",
                              "pointwise": f"{_b0(width=2.0).operators['pointwise'].params / _b0().operators['pointwise'].params:.3g}",
                              "depthwise": f"{_b0(width=2.0).operators['depthwise'].params / _b0().operators['depthwise'].params:.3g}"}),
    Question("pixel", lambda _: 100 * (_pixel()[1] / _pixel()[0] - 1), SHARE._replace(high=50.0),
             facts=lambda _: {"before": f"{_pixel()[0]:,}", "after": f"{_pixel()[1]:,}", "area": percent((225 / 224) ** 2 - 1)}),
    Question("field", lambda _: _b0().receptive_field / _b0().side, Scale(0.1, 10.0, "sides", log=True),
             facts=lambda _: {"field": f"{_b0().receptive_field}", "side": f"{_b0().side}"}),
    Question("field-ways", lambda _: fields().index(max(fields())), options=lambda: tuple(ways()),
             facts=lambda _: {"base": f"{_b0().receptive_field / _b0().side:.3g}",
                              **dict(zip(("depth", "width", "side"), (f"{field:.3g}" for field in fields())))}),
    Question("grid", lambda _: distinct()[0] * distinct()[1] * distinct()[2], Scale(1, combinations(), "networks", whole=True),
             facts=lambda _: {"all": f"{combinations():,}", **dict(zip(("depths", "widths", "sides"), map(str, distinct()))),
                              **dict(zip(("alphas", "betas", "gammas"), (str(len(axis)) for axis in GRID)))}),
    Question("memory", lambda _: kept("b0").training(1) / kept("b0").peak, Scale(1.0, 100.0, "×", log=True),
             facts=lambda _: {"kept": si(4 * kept("b0").training(1), "B"), "peak": si(4 * kept("b0").peak, "B"),
                              "weights": si(4 * _cost("b0").params, "B")}),
    Question("memory-resnet", lambda _: 100 * kept("b0").training(1) / kept("resnet50").training(1), Scale(1.0, 200.0, "%"),
             facts=lambda _: {"mine": si(4 * kept("b0").training(1), "B"), "other": si(4 * kept("resnet50").training(1), "B"),
                              "macs": percent(_ratio("macs", "b0", "resnet50")), "params": percent(_ratio("params", "b0", "resnet50"))}),
    Question("memory-ways", lambda _: kept_ways().index(max(kept_ways())), options=lambda: tuple(ways()),
             facts=lambda _: dict(zip(("depth", "width", "side"), (si(4 * kept, "B") for kept in kept_ways())))),
    Question("time-b1", lambda times: _time(times, "b1") / _time(times, "b0"), FEW_TIMES, needs=("b0", "b1"), facts=_pair("b1", "b0")),
    Question("time-resnet", lambda times: _time(times, "resnet50") / _time(times, "b0"), FEW_TIMES,
             needs=("b0", "resnet50"), facts=_pair("resnet50", "b0")),
)}
