"""The steps of the tour as data: where each is done, how one sees that it has been done, and the numbers of its sentence.

A step asks `values` alone: by name, what widgets and links hold, and beside those `_guess` (the lesson that was drawn last, where its
guess is answered), `_predicted` (questions whose answer was looked at after a guess), `_measurements` and `_moved` (what gates set by hand
did to the best guess).
Its words are the section of the same name in `assets/texts/tour.md`: title, what to do, why it matters, what was seen.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from effnet_core.architecture import Architecture
from effnet_core.cost import cost
from effnet_core.errors import UserError
from effnet_core.families import PAPER, compound, published
from effnet_core.lab import paper
from effnet_core.lessons.questions import QUESTIONS
from effnet_core.palette import percent, si
from effnet_core.search import grid

from .. import state, texts, work
from . import budget
from .budget import b0, times

Values = Mapping[str, Any]
Numbers = dict[str, str]


class Step(NamedTuple):
    slug: str
    page: str
    done: Callable[[Values], bool]
    seen: Callable[[Values], Numbers]  # as long as it is done; empty where there is nothing to tell
    lasting: bool = False  # whether what was seen is so, whatever the visitor has changed since
    opens: dict[str, Any] = {}  # what has to be open on that page
    task: Numbers = {}  # numbers of what is to be done
    now: Callable[[Values], tuple[str, Numbers] | None] = lambda values: None  # how far one is: a section of the text, and its numbers


def network(values: Values) -> Architecture | None:
    """The network of the controls; None where they ask for the impossible."""
    return _network(tuple(values[key] for key in state.BOUND))


@lru_cache(maxsize=32)
def _network(controls: tuple) -> Architecture | None:
    try:
        return state.architecture(dict(zip(state.BOUND, controls)).__getitem__)
    except UserError:
        return None


def _made(values: Values) -> tuple[Architecture | None, str]:
    return network(values), values["source"]


def _grown(values: Values) -> Numbers:
    made = network(values)
    return {} if made is None else {"phi": f"{values['phi']:g}".replace("-", "−"), "all": si(cost(made).macs), **times(cost(made))}


def _guessed(slug: str, lesson: str, seen: Callable[[Values], Numbers]) -> Step:
    """Answer the guess of that lesson; the one of another that was open before does not count."""
    return Step(slug, "blocks", lambda values: values.get("_guess") == lesson, seen, True, {"lesson": lesson})


def _stem(values: Values) -> Numbers:
    layer = b0().rows["stem"]
    return {"macs": f"{layer.macs:,}", "share": percent(layer.macs / b0().macs)}


def _split(values: Values) -> Numbers:
    """What one separable convolution of B0 saves, in its widest block."""
    rows = {layer.part: layer for layer in published("b0").blocks[-1].layers}
    depthwise, pointwise = rows["depthwise"], rows["project"]
    wide, left, taps = depthwise.input.channels, pointwise.output.channels, depthwise.kernel**2
    return {"wide": f"{wide:,}", "left": f"{left}", "times": f"{taps * wide * left / (taps * wide + wide * left):.3g}"}


def _middle(block) -> int:
    return max(layer.output.channels for layer in block.layers)


def _chosen(values: Values):
    """The selected block of the network of the controls; None where that is no block."""
    made = network(values)
    return made and next((block for block in made.blocks if block.id == made.nearest(values["layer"])), None)


def _widest(values: Values) -> bool:
    block = _chosen(values)
    return block is not None and _middle(block) == max(map(_middle, network(values).blocks))


def _found_block(values: Values) -> tuple[str, Numbers] | None:
    made, block = network(values), _chosen(values)
    if made is None:
        return None
    if block is None:
        return "shape_none", {"unit": made.nearest(values["layer"])}
    return "shape_most" if _widest(values) else "shape_more", {"unit": block.id, "wide": f"{_middle(block):,}"}


def _shape(values: Values) -> Numbers:
    block = _chosen(values)
    return {} if block is None else {"unit": block.id, "label": block.label, "came": f"{block.input.channels}",
                                     "wide": f"{_middle(block):,}",
                                     "left": f"{block.output.channels}"}


def _deep(values: Values) -> bool:
    """Whether depth has been scaled by itself, about four times."""
    made = network(values)
    return made is not None and made.scaling.depth > 3.9 and made.scaling.width == 1 and made.scaling.side == made.family.side


def _alone(values: Values) -> Numbers:
    total = cost(network(values))  # it is done, so there is one
    return {**times(total), "field": f"{total.receptive_field / total.side:.3g}", "before": f"{b0().receptive_field / b0().side:.3g}"}


def _together(values: Values) -> Numbers:
    ways = dict(zip(("depth", "width", "side", "all"), paper.TABLE_7[1:]))
    fields = {name: f"{paper.counted(row).receptive_field / paper.counted(row).side:.3g}" for name, row in ways.items()}
    return fields | {f"top_{name}": f"{row.top1}" for name, row in ways.items()}


def _searched(values: Values) -> Numbers:
    found, counted = (grid.search(grid.Grid(rule=rule)) for rule in ("formula", "counted"))
    return {"formula": f"{len(found.networks)}", "counted": f"{len(counted.networks)}", "ratio": f"{found.paper.ratio:.3g}"}


def _predicted(values: Values) -> Numbers:
    question = QUESTIONS["phi-b1"]
    return {"phi": question.scale.text(question.answer({})), **question.facts({})}


def _clocked(values: Values) -> Numbers:
    row = values["_measurements"][-1]
    return {"name": row["name"], "time": si(row["median_ms"] / 1e3, "s"), "macs": si(row["macs"]),
            "rate": si(row["macs"] * row["images_per_second"]),
            "doubt": "" if row["steady"] else texts.text("tour", "doubt")}


def _moved(values: Values) -> Numbers:
    label, before, after = values["_moved"]
    return {"label": label, "before": percent(before), "after": percent(after)}


def _training(values: Values) -> Numbers:
    job = work.trainings().find(values["job"])
    return {} if job is None else {"name": job.about.network, "classes": f"{job.about.classes}", "things": job.about.things}


def _found(values: Values) -> Numbers:
    made, rule = network(values), cost(compound(1.0, *PAPER))
    return {**times(cost(made)), "blocks": f"{len(made.blocks)}", "side": f"{made.scaling.side}", "rule": f"{rule.macs / b0().macs:.3g}"}


def learnt() -> Numbers:
    """The numbers of what the whole tour has shown."""
    rule = cost(compound(1.0, *PAPER))
    return {**_together({}), **_split({}), "rule": f"{rule.macs / b0().macs:.3g}",
            "promised": f"{PAPER[0] * PAPER[1]**2 * PAPER[2]**2:.3g}"}


FORMULA = {"source": "Formula"}
STEPS = (
    Step("why", "start", lambda values: values["source"] == "Formula" and values["phi"] >= 1, _grown, opens=FORMULA),
    _guessed("convolution", "Convolution", _stem),
    _guessed("separable", "Separable convolution", _split),
    Step("shape", "blocks", _widest, _shape, opens={"lesson": "The block, step by step"}, now=_found_block),
    Step("alone", "scaling", _deep, _alone, opens=FORMULA),
    Step("together", "tradeoffs", lambda values: values.get("beside") == "Receptive field", _together, True, {"trade": "One or all three"}),
    Step("search", "search", lambda values: values.get("rule") == "counted", _searched, True),
    Step("predict", "learn", lambda values: "phi-b1" in values.get("_predicted", ()), _predicted, True,
         {"learn": "Predict", "q": "phi-b1"}),
    Step("clock", "latency", lambda values: bool(values.get("_measurements")), _clocked),
    Step("gates", "inside", lambda values: bool(values["surgery"] and values.get("_moved")), _moved, opens={"part": "Surgery"}),
    Step("train", "pretrain", lambda values: bool(values["job"]), _training),
    Step("yourself", "scaling", lambda values: not budget.missing(*_made(values)), _found, opens=FORMULA, task=budget.LIMITS,
         now=lambda values: budget.now(*_made(values))),
)
