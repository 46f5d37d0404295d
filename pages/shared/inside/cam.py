"""Where the evidence for a class lies on the photo: class activation maps, Grad-CAM at every unit, and a second model beside the first."""

import math

import numpy as np
import streamlit as st

from effnet_core.inside.cam import bias, class_map, class_maps
from effnet_core.inside.inspection import Inspection
from effnet_core.palette import fixed, percent, three

from .. import html
from ..html import plain
from ..seen import Look, titled
from . import beside, sweep
from .evidence import choose, last_grid, pick, text
from .files import named
from .overlay import Panel, Words, overlay, picture, reach_of

SIGNS = {"For and against": False, "Only for": True}
RIVALS = {"By itself": False, "Against the runner-up": True}
BEST = 5


def rival_of(seen: Inspection, label: int) -> int | None:
    """The most probable other class."""
    return next((guess.index for guess in seen.top(2) if guess.index != label), None)


def evidence(at: Look, seen: Inspection, label: int, rival: int | None) -> tuple[np.ndarray, float]:
    """The map of a class and its bias, or what they are more than those of a rival."""
    values, constant = class_map(at.model, seen, label), bias(at.model, label)
    return (values, constant) if rival is None else (values - class_map(at.model, seen, rival), constant - bias(at.model, rival))


def show(at: Look) -> None:
    """All that is said of where the evidence lies."""
    st.markdown(f"#### {titled(at, 'Where it looks')}")
    label, positive, rival = _controls(at)
    st.markdown(text("lead", channels=f"{at.network.last_map.channels:,}", cells=str(at.network.last_map.height),
                     formula=text("formula") + ("" if rival is None else ", " + text("formula_rival"))))
    if at.stamp:
        st.info(text("untrained"), icon=":material/info:")
    _large(at, label, positive, rival)
    _several(at, label, positive)
    sweep.show(at, label, positive)
    beside.show(at, label, positive)
    st.markdown(text("limits", reach=f"{last_grid(at).reach:,}"))


def _controls(at: Look) -> tuple[int, bool, int | None]:
    which, sign, against = st.columns([4, 3, 4], gap="medium")
    kept = {"bind": "query-params", "persist_state": "session", "required": True, "width": "stretch"}
    with which:
        label = choose(at)
    positive = SIGNS[sign.segmented_control("Evidence", list(SIGNS), default="For and against", key="evidence", **kept)]
    rival = RIVALS[against.segmented_control("Look at the class", list(RIVALS), default="By itself", key="rival", **kept)]
    return label, positive, rival_of(at.seen, label) if rival else None


def _large(at: Look, label: int, positive: bool, rival: int | None) -> None:
    """The map over the photo, before and after where gates are set by hand, and the sum that it is."""
    passes = {"as the network does it": at.untouched, "with your gates": at.seen} if at.surgery else {"": at.seen}
    made = {note: (seen, *evidence(at, seen, label, rival)) for note, seen in passes.items()}
    top, name = reach_of([values for _, values, _ in made.values()]), at.model.labels[label]
    panels = [Panel(note or "network", name, f"{note}{', ' if note else ''}probability {percent(seen.probabilities[label])}", values,
                    last_grid(at), top) for note, (seen, values, _) in made.items()]
    words = Words("evidence of a cell" if rival is None else "what a cell says more for the class than for its rival",
                  share=f"the logit of “{name}”" if rival is None else f"the lead of “{name}”")
    drawn, told = st.columns(2, gap="large")
    with drawn:
        overlay("cam_large", titled(at, f"Evidence for {name}"), panels, [picture(at)], words, size=260, positive=positive, tools=True,
                stamp=at.stamp, file=named(at, "evidence", name))
    with told:
        if at.surgery:
            st.markdown(text("surgery"))
        _sum(at, *[*made.values()][-1], label, rival)
        st.markdown(text("positive" if positive else "sign"))
        st.markdown(_sees(at))


def _sum(at: Look, seen: Inspection, values: np.ndarray, constant: float, label: int, rival: int | None) -> None:
    """The map's mean and the bias are the logit."""
    sign = "−" if constant < 0 else "+"
    names = {"label": plain(at.model.labels[label]), "mean": fixed(values.mean()), "bias": f"{sign} {fixed(abs(constant))}"}
    if rival is None:
        st.markdown(text("sum", **names, logit=fixed(seen.logits[label])))
    else:
        lead = float(seen.logits[label]) - float(seen.logits[rival])
        st.markdown(text("sum_rival", **names, logit=fixed(lead), rival=plain(at.model.labels[rival]), odds=times(lead)))
    best = seen.top(BEST)
    guesses = best if any(guess.index == label for guess in best) else [*best, seen.guess(label)]
    means = class_maps(at.model, seen, [guess.index for guess in guesses]).mean((1, 2))
    rows = [(guess.label, percent(guess.probability), fixed(mean), fixed(bias(at.model, guess.index)), fixed(guess.logit))
            for guess, mean in zip(guesses, means)]
    mark = next(place for place, guess in enumerate(guesses) if guess.index == label)
    html.table(("Class", "Probability", "Mean of its map", "Bias", "Logit"), rows, mark=mark)


def times(lead: float) -> str:
    """e to the lead, in words: "12.3 times"; of two probabilities the ratio."""
    ratio = math.exp(min(lead, 700.0))
    return f"{three(ratio)} times" if ratio < 1e6 else f"{ratio:.1e} times"


def _sees(at: Look) -> str:
    grid, side = last_grid(at), at.model.preprocess.crop
    off = max(abs(grid.centre(cell) - ((cell + 0.5) * side / grid.cells - 0.5)) for cell in range(grid.cells))
    return text("sees", reach=f"{grid.reach:,}", step=str(grid.step), first=f"{grid.first:g}",
                shift=text("shift", naive=f"{off:.0f}") if off >= 1 else "", compared=text("sees_all" if grid.reach > side else "sees_part", side=str(side)))


def _several(at: Look, label: int, positive: bool) -> None:
    """The five best guesses side by side."""
    guesses, labels = at.seen.top(BEST), at.model.labels
    best = guesses[0].index
    st.markdown(f"**The {len(guesses)} best guesses.** " + text("several"))
    made = class_maps(at.model, at.seen, [guess.index for guess in guesses])
    top = reach_of(made)
    panels = [Panel(str(guess.index), guess.label, f"{percent(guess.probability)}, logit {fixed(guess.logit)}", values, last_grid(at), top)
              for guess, values in zip(guesses, made)]
    words = Words("evidence of a cell, all on one scale", share="the logit of its class")
    overlay("cam_several", titled(at, "The best guesses"), panels, [picture(at)], words, size=150, most=200, positive=positive, chosen=str(label), on_pick=lambda index: pick(labels, best, int(index)),
            stamp=at.stamp, file=named(at, "evidence", "best-guesses"))
