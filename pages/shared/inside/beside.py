"""A second model's class activation map of the same photo, as in the paper's figure 7."""

import streamlit as st

from effnet_core.cards import Entry
from effnet_core.inside.cam import class_map
from effnet_core.inside.inspection import UNDECIDED
from effnet_core.palette import fixed, percent

from .. import html, memory, models, photo, shelf, state, texts, truth
from ..html import plain
from ..seen import Look, titled, untouched
from .evidence import last_grid, text
from .files import named
from .overlay import Panel, Words, overlay, picture, reach_of

OTHERS = {"The same class": True, "Its own best guess": False}


def _others(at: Look) -> dict[str, Entry]:
    return {entry.name: entry for entry in models.entries() if not entry.problem and entry.name != at.entry.name}


def show(at: Look, label: int, positive: bool) -> None:
    """Another model's map of the same photo."""
    st.markdown(text("beside"))
    here = _others(at)
    if not here:
        st.caption(text("beside_none"))
        return
    which, of = st.columns(2, gap="medium")
    wanted = state.get("second_model")
    st.session_state["beside_choice"] = wanted if wanted in here else None
    which.selectbox("Beside it", list(here), None, lambda name: shelf.title(here[name]), key="beside_choice", placeholder="Choose a model",
                    on_change=_put_beside)
    same = OTHERS[of.segmented_control("Its map of", list(OTHERS), default="The same class", key="beside_of", bind="query-params",
                                       persist_state="session", required=True, width="stretch")]
    if wanted in here and models.may_open(here[wanted], sum(memory.need(shelf.network(here[wanted]).architecture))):
        _pair(at, untouched(here[wanted], models.model_of(here[wanted]), at.shown, photo.picture(at.shown)), label, same, positive)


def _put_beside() -> None:
    state.put(second_model=st.session_state["beside_choice"] or "")


def _pair(at: Look, other: Look, label: int, same: bool, positive: bool) -> None:
    name, best = at.model.labels[label], other.seen.top(1)[0]
    knows = name in other.model.labels
    own = other.model.labels.index(name) if same and knows else best.index
    if same and not knows:
        st.info(text("beside_other", label=plain(name), classes=f"{len(other.model.labels):,}", name=plain(other.model.name)),
                icon=":material/info:")
    else:
        st.markdown(text("beside_same" if same else "beside_own", label=plain(name)))
    mine = label if same else at.seen.top(1)[0].index
    panels = [_one(each, index, place) for place, (each, index) in enumerate(((at, mine), (other, own)))]
    overlay("cam_beside", titled(at, "Two models on one photo"), panels, [picture(at), picture(other)],
            Words("evidence of a cell, each model on its own scale", share="its logit"),
            size=340, most=480, positive=positive, common=False, stamp=at.stamp, file=named(at, "beside", other.model.name))
    for column, each in zip(st.columns(2, gap="large"), (at, other)):
        with column:
            _doubts(each)
            rows = [(guess.label, percent(guess.probability), fixed(guess.logit)) for guess in each.seen.top(3)]
            html.table((titled(each, each.model.name), "Probability", "Logit"), rows)


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
    values, guess, side = class_map(at.model, at.seen, label), at.seen.guess(label), at.model.preprocess.crop
    note = f"{guess.label}, {percent(guess.probability)}; {side} × {side} pixels, {len(values)} × {len(values)} cells"
    return Panel(str(place), titled(at, at.model.name), note, values, last_grid(at), reach_of([values]), place)
