"""What the model says when a part of the photo is covered: one place by hand, then every place in turn.

A check of the class activation map that is independent of it.
"""

import time

import numpy as np
import streamlit as st

from effnet_core.figures.packing import pack
from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import spread_out
from effnet_core.inside.inspection import softmax
from effnet_core.inside.occlusion import Patch, logits_of
from effnet_core.palette import fixed, percent, si

from .. import html, memory
from ..components import component
from ..html import plain
from ..seen import Look, titled
from . import places
from .evidence import choose, last_grid
from .overlay import picture
from .places import text

SCORES = {"Logit": "logit", "Probability": "probability"}
LEAST, MOST = 10, 2  # the patch's side is at least a tenth of the picture's and at most half of it


def show(at: Look) -> None:
    """The patch and what it does; then the map of every place."""
    st.markdown(f"#### {titled(at, 'Occlusion')}")
    st.markdown(text("lead"))
    if at.stamp:
        st.info(text("untrained"), icon=":material/info:")
    which, score = st.columns([5, 4], gap="medium")
    with which:
        label = choose(at)
    scored = SCORES[score.segmented_control("The map shows what it takes from the", list(SCORES), default="Logit", key="score",
                                            bind="query-params", persist_state="session", required=True, width="stretch")]
    patch, seconds = _hand(at, label)
    places.show(at, label, scored, patch.size, seconds)


def sizes(side: int) -> tuple[int, int]:
    """The least and the greatest side of the patch: even, so that half of it is whole pixels."""
    return max(2, side // LEAST // 2 * 2), max(2, side // MOST // 2 * 2)


def placed(at: Look, label: int) -> Patch:
    """The patch as it was left on this photo; at first a quarter of the photo wide, over the strongest evidence."""
    side = at.model.preprocess.crop
    about, patch = st.session_state.get("_patch", ("", None))
    if about == _about(at):
        return patch
    size = max(2, side // 4 // 2 * 2)
    full = spread_out(class_map(at.model, at.seen, label), last_grid(at))
    top, left = (int(place) - size // 2 for place in np.unravel_index(full.argmax(), full.shape))
    st.session_state["_patch"] = _about(at), (patch := Patch(*(min(side - size, max(0, start)) for start in (left, top)), size))
    return patch


def _about(at: Look) -> str:
    return f"{at.entry.name} {at.shown} {at.model.preprocess.crop}"


def checked(sent: object, side: int) -> Patch | None:
    """What a browser says of the patch, which may be anything."""
    least, most = sizes(side)
    values = [sent.get(name) for name in Patch._fields] if isinstance(sent, dict) else []
    if len(values) != 3 or not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return None
    left, top, size = values
    fits = least <= size <= most and size % 2 == 0 and all(-size < start < side for start in (left, top))
    return Patch(left, top, size) if fits else None


def _covered(at: Look, patch: Patch) -> tuple[np.ndarray, float]:
    """The logits under the patch, and the seconds that the pass took."""
    def make() -> tuple[np.ndarray, float]:
        start = time.perf_counter()
        return logits_of(at.model, at.seen, [patch])[0], time.perf_counter() - start

    return at.kept("covered", make, at.seen.logits.nbytes + 64, memory.need(at.network).extra, patch)


def _hand(at: Look, label: int) -> tuple[Patch, float]:
    """The patch that is moved, and what it does to the guesses; the patch, and how long a pass takes."""
    side, about = at.model.preprocess.crop, _about(at)
    patch = placed(at, label)

    def moved() -> None:
        if (taken := checked(st.session_state["patch"].moved, side)) is not None:
            st.session_state["_patch"] = about, taken

    least, most = sizes(side)
    grey = "rgb({})".format(",".join(str(round(255 * value)) for value in at.model.preprocess.mean))
    drawn, told = st.columns([6, 5], gap="large")
    with drawn:
        looks = {"name": "A grey patch on the photo", "side": side, "about": about, "least": least, "most": most, "step": 2, "grey": grey}
        data = pack({**looks, "patch": patch._asdict()}, picture(at))
        component("patch")(key="patch", data=data, on_moved_change=moved, height="content")
        st.caption(text("hand"))
    with told:
        logits, seconds = _covered(at, patch)
        _told(at, label, logits, seconds)
    return patch, seconds


def _told(at: Look, label: int, logits: np.ndarray, seconds: float) -> None:
    seen, odds, labels = at.seen, softmax(logits), at.model.labels
    drop = float(seen.logits[label]) - float(logits[label])
    numbers = {"label": plain(labels[label]), "before": fixed(seen.logits[label]), "after": fixed(logits[label]),
               "odds": percent(seen.probabilities[label]), "covered": percent(odds[label])}
    st.markdown(text("result", drop=fixed(drop), **numbers) if drop >= 0 else text("result_gain", gain=fixed(-drop), **numbers))
    was, now = seen.top(1)[0].index, int(logits.argmax())
    st.markdown(text("same_guess" if was == now else "other_guess", guess=plain(labels[now]), before=plain(labels[was])))
    shown = list(dict.fromkeys([*(guess.index for guess in seen.top(5)), now, label]))
    rows = [(labels[each], percent(seen.probabilities[each]), percent(odds[each]), fixed(seen.logits[each]), fixed(logits[each]))
            for each in shown]
    html.table(("Class", "Probability", "covered", "Logit", "covered"), rows, mark=shown.index(label))
    st.caption(text("time", time=si(seconds, "s")))
