"""Where the evidence for a class lies on the photo: class activation maps, Grad-CAM at every unit, and a second model beside the first."""

import math

import numpy as np
import streamlit as st

from effnet_core.cards import Entry
from effnet_core.figures import cam as draw
from effnet_core.figures.units import unit_names
from effnet_core.inside.cam import bias, class_map, sweep
from effnet_core.inside.geometry import Grid, grids, spread_out
from effnet_core.inside.inspection import UNDECIDED, Inspection
from effnet_core.palette import percent

from .. import html, memory, models, photo, shelf, state, texts, truth
from ..gallery import Sheet, Tile, gallery
from ..html import plain
from ..seen import Look, untouched
from .overlay import Panel, Words, overlay, picture, pixels, reach_of

SIGNS = {"For and against": False, "Only for": True}
RIVALS = {"By itself": False, "Against the runner-up": True}
OTHERS = {"The same class": True, "Its own best guess": False}
BEST = 5
SMALL = 96  # side of a picture of the sweep, pixels
NAMED = 1000  # classes up to which all are in the choice; beyond it so many of the most probable


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_cam", section, **numbers)


def titled(at: Look, title: str) -> str:
    return f"{title} ({at.stamp})" if at.stamp else title


def number(value: float) -> str:
    """Four decimals; of what is huge, as random weights can make it, four digits and the power of ten."""
    return (f"{value:.4f}" if abs(value) < 1e6 else f"{value:.3e}").replace("-", "−")


def label_of(at: Look) -> int:
    """The class whose evidence is asked for: the picked one where the model has it, else its best guess."""
    wanted, labels = state.get("class"), at.model.labels
    return labels.index(wanted) if wanted in labels else at.seen.top(1)[0].index


def _pick(labels: tuple[str, ...], best: int, label: int) -> None:
    """The best guess is not remembered: with the next picture it is another one. (The arguments of callbacks live as long as the session,
    so a whole look is none.)"""
    state.put(**{"class": "" if label == best else labels[label]})


def _chose(labels: tuple[str, ...], best: int) -> None:
    _pick(labels, best, st.session_state["class_choice"])


def choose(at: Look) -> int:
    """The choice of a class, the most probable first; typing searches."""
    label, odds, labels = label_of(at), at.seen.probabilities, at.model.labels
    options = [int(index) for index in np.argsort(-odds, kind="stable")[:NAMED]]
    st.session_state["class_choice"] = label
    st.selectbox("Class, by probability", options if label in options else [*options, label], format_func=lambda index: f"{labels[index]} · {percent(odds[index])}",
                 key="class_choice", on_change=_chose, args=(at.model.labels, options[0]))
    return label


def grids_of(at: Look) -> dict[str, Grid]:
    """Unit and layer id → where its cells lie."""
    size = 400 * (len(at.network.layers) + len(at.network.blocks))
    return at.kept("grids", lambda: grids(at.network, at.model.network.padding, at.model.preprocess.crop), size)


def last_grid(at: Look) -> Grid:
    """Of the cells of the last map."""
    return grids_of(at)[at.network.last_unit]


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
    _sweep(at, label, positive)
    _beside(at, label, positive)
    st.markdown(text("limits", reach=f"{last_grid(at).reach:,}"))


def _controls(at: Look) -> tuple[int, bool, int | None]:
    which, sign, against = st.columns([4, 3, 4], gap="medium")
    kept = {"bind": "query-params", "persist_state": "session", "required": True, "width": "stretch"}
    with which:
        label = choose(at)
    positive = SIGNS[sign.segmented_control("Evidence", list(SIGNS), default="For and against", key="evidence", **kept)]
    rival = RIVALS[against.segmented_control("The class", list(RIVALS), default="By itself", key="rival", **kept)]
    return label, positive, rival_of(at.seen, label) if rival else None


def _large(at: Look, label: int, positive: bool, rival: int | None) -> None:
    """The map over the photo, before and after where gates are set by hand, and the sum that it is."""
    passes = {"as the network does it": at.untouched, "with your gates": at.seen} if at.surgery else {"": at.seen}
    made = {note: (seen, *evidence(at, seen, label, rival)) for note, seen in passes.items()}
    top, name = reach_of([values for _, values, _ in made.values()]), at.model.labels[label]
    panels = [Panel(note or "network", name, ", ".join(filter(None, [note, f"probability {percent(seen.probabilities[label])}"])), values, last_grid(at), top)
              for note, (seen, values, _) in made.items()]
    words = Words("evidence of a cell" if rival is None else "what a cell says more for the class than for its rival",
                  share=f"the logit of “{name}”" if rival is None else f"the lead of “{name}”")
    drawn, told = st.columns([6, 5], gap="large") if len(panels) == 1 else st.columns([9, 5], gap="large")
    with drawn:
        overlay("cam_large", titled(at, f"Evidence for {name}"), panels, [picture(at)], words, size=260, positive=positive, tools=True, stamp=at.stamp)
    with told:
        if at.surgery:
            st.markdown(text("surgery"))
        _sum(at, *[*made.values()][-1], label, rival)
        st.markdown(text("positive" if positive else "sign"))
        st.markdown(_sees(at))


def _sum(at: Look, seen: Inspection, values: np.ndarray, constant: float, label: int, rival: int | None) -> None:
    """The map's mean and the bias are the logit."""
    names = {"label": plain(at.model.labels[label]), "mean": number(values.mean()), "bias": f"{'−' if constant < 0 else '+'} {number(abs(constant))}"}
    if rival is None:
        st.markdown(text("sum", **names, logit=number(seen.logits[label])))
    else:
        lead = float(seen.logits[label]) - float(seen.logits[rival])
        st.markdown(text("sum_rival", **names, logit=number(lead), rival=plain(at.model.labels[rival]), odds=times(lead)))
    rows = [(guess.label, percent(guess.probability), number(class_map(at.model, seen, guess.index).mean()), number(bias(at.model, guess.index)), number(guess.logit))
            for guess in seen.top(BEST)]
    mark = next((place for place, guess in enumerate(seen.top(BEST)) if guess.index == label), None)
    html.table(("Class", "Probability", "Mean of its map", "Bias", "Logit"), rows, mark=mark)


def times(lead: float) -> str:
    """e to the lead, in words: "12.3 times"; of two probabilities the ratio."""
    ratio = math.exp(min(lead, 700.0))
    return f"{ratio:,.3g} times" if ratio < 1e6 else f"{ratio:.1e} times"


def _sees(at: Look) -> str:
    grid, side = last_grid(at), at.model.preprocess.crop
    off = max(abs(grid.centre(cell) - ((cell + 0.5) * side / grid.cells - 0.5)) for cell in range(grid.cells))
    return text("sees", reach=f"{grid.reach:,}", step=str(grid.step), first=f"{grid.first:g}", shift=text("shift", naive=f"{off:.0f}") if off >= 1 else "",
                compared=text("sees_all" if grid.reach > side else "sees_part", side=str(side)))


def _several(at: Look, label: int, positive: bool) -> None:
    """The five best guesses side by side."""
    guesses, labels = at.seen.top(BEST), at.model.labels
    best = guesses[0].index
    st.markdown(f"**The {len(guesses)} best guesses.** " + text("several"))
    made = [class_map(at.model, at.seen, guess.index) for guess in guesses]
    top = reach_of(made)
    panels = [Panel(str(guess.index), guess.label, f"{percent(guess.probability)}, logit {number(guess.logit)}", values, last_grid(at), top)
              for guess, values in zip(guesses, made)]
    overlay("cam_several", titled(at, "The best guesses"), panels, [picture(at)], Words("evidence of a cell, all on one scale", share="the logit of its class"),
            size=150, most=200, positive=positive, chosen=str(label), on_pick=lambda index: _pick(labels, best, int(index)),
            stamp=at.stamp)


def _every(at: Look, label: int) -> dict[str, np.ndarray]:
    """Grad-CAM at every unit, remembered."""
    size = 4 * sum(maps[0].size for maps in at.seen.outputs.values())
    return at.kept("sweep", lambda: sweep(at.model, at.seen, label, at.gradients(label)), size, 0, label)


def _sweep(at: Look, label: int, positive: bool) -> None:
    st.markdown(text("sweep", cells=str(at.network.last_map.height ** 2)))
    with st.spinner("One pass backwards through the network…"):
        found = _every(at, label)
        sheet = at.kept("sweep sheet", lambda: _sheet(at, found, positive), 3 * SMALL**2 * len(found), 0, label, positive)
    chosen = state.selected(at.network)
    chosen = chosen if chosen in found else at.network.last_unit
    titles = dict(zip((unit for unit, _ in at.network.units()), unit_names(at.network)))
    tiles = [Tile(unit, [place], unit, titles[unit], f"{unit}, {titles[unit]}: {len(values)} × {len(values)} cells") for place, (unit, values) in enumerate(found.items())]
    drawn, row = st.columns([4, 7], gap="large")
    with row:
        gallery("cam_sweep", titled(at, "Grad-CAM at every unit"), sheet, tiles, size=88, chosen=chosen, on_pick=state.select)
    with drawn:
        values, name = found[chosen], at.model.labels[label]
        panel = Panel(chosen, f"{chosen}, {titles[chosen]}", f"“{name}”, {len(values)} × {len(values)} cells", values, grids_of(at)[chosen], reach_of([values]))
        overlay("cam_unit", titled(at, f"Grad-CAM at {chosen}"), [panel], [picture(at)], Words("Grad-CAM of a cell"), size=260, positive=positive, stamp=at.stamp)


def _sheet(at: Look, found: dict[str, np.ndarray], positive: bool) -> Sheet:
    seen, where = pixels(at, SMALL), grids_of(at)
    made = draw.sheet([draw.blend(seen, spread_out(values, where[unit], SMALL), reach_of([values]), positive=positive) for unit, values in found.items()],
                      math.ceil(math.sqrt(len(found))))
    return Sheet(made.png, made.columns, made.width, made.height, made.gap)


def _others(at: Look) -> dict[str, Entry]:
    return {entry.name: entry for entry in models.entries() if not entry.problem and entry.name != at.entry.name}


def _beside(at: Look, label: int, positive: bool) -> None:
    """Another model's map of the same photo."""
    st.markdown(text("beside"))
    here = _others(at)
    if not here:
        st.caption(text("beside_none"))
        return
    which, of = st.columns(2, gap="medium")
    wanted = state.get("beside")
    st.session_state["beside_choice"] = wanted if wanted in here else None
    which.selectbox("Beside it", list(here), None, lambda name: shelf.title(here[name]), key="beside_choice", placeholder="Choose a model", on_change=_put_beside)
    same = OTHERS[of.segmented_control("Its map of", list(OTHERS), default="The same class", key="beside_of", bind="query-params", persist_state="session",
                                       required=True, width="stretch")]
    if wanted in here and models.may_open(here[wanted], sum(memory.need(shelf.network(here[wanted]).architecture))):
        _pair(at, untouched(here[wanted], models.model_of(here[wanted]), at.shown, photo.picture(at.shown)), label, same, positive)


def _put_beside() -> None:
    state.put(beside=st.session_state["beside_choice"] or "")


def _pair(at: Look, other: Look, label: int, same: bool, positive: bool) -> None:
    name, best = at.model.labels[label], other.seen.top(1)[0]
    knows = name in other.model.labels
    own = other.model.labels.index(name) if same and knows else best.index
    if same and not knows:
        st.info(text("beside_other", label=plain(name), classes=f"{len(other.model.labels):,}", name=plain(other.model.name)), icon=":material/info:")
    else:
        st.markdown(text("beside_same" if same else "beside_own", label=plain(name)))
    mine = label if same else at.seen.top(1)[0].index
    panels = [_one(each, index, place) for place, (each, index) in enumerate(((at, mine), (other, own)))]
    overlay("cam_beside", "Two models on one photo", panels, [picture(at), picture(other)], Words("evidence of a cell, each model on its own scale", share="its logit"),
            size=340, most=480, positive=positive, common=False, stamp=at.stamp)
    for column, each in zip(st.columns(2, gap="large"), (at, other)):
        with column:
            _doubts(each)
            html.table((titled(each, each.model.name), "Probability", "Logit"), [(guess.label, percent(guess.probability), number(guess.logit)) for guess in each.seen.top(3)])


def _doubts(at: Look) -> None:
    """What is to be thought of a model's guesses, where that is not much."""
    shows = truth.of(at.shown, at.picture.title, at.entry.card)
    if at.stamp:
        st.caption(texts.text("inside", "untrained"))
    elif shows is not None and not any(label in at.model.labels for label in shows.labels):
        st.caption(text("foreign", truth=plain(shows.words), name=plain(at.model.name), classes=f"{len(at.model.labels):,}"))
    elif at.seen.uncertainty > UNDECIDED:
        st.caption(texts.text("inside", "undecided", uncertainty=f"{100 * at.seen.uncertainty:.0f} %"))


def _one(at: Look, label: int, place: int) -> Panel:
    values, guess = class_map(at.model, at.seen, label), at.seen.guess(label)
    note = f"{guess.label}, {percent(guess.probability)}; {at.model.preprocess.crop} × {at.model.preprocess.crop} pixels, {len(values)} × {len(values)} cells"
    return Panel(str(place), titled(at, at.model.name), note, values, last_grid(at), reach_of([values]), place)
