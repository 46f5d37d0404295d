"""What the model says when a part of the photo is covered: one place by hand, then every place in turn, as a check of the class activation map."""

import json
import time
from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np
import streamlit as st

from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import Grid, spread_out
from effnet_core.inside.occlusion import Patch, logits_of, probabilities, raster, score_map, spearman, under
from effnet_core.palette import percent, si

from .. import html, memory, shell, state, texts, work
from ..components import component
from ..html import plain
from ..seen import Look
from . import cam
from .cam import number
from .overlay import Panel, Words, overlay, picture, reach_of
from .turns import Stopped, Turn, Turns

SCORES = {"Logit": "logit", "Probability": "probability"}
LEAST, MOST = 10, 2  # the patch's side is at least a tenth of the picture's and at most half of it
BATCH_BYTES, BATCH = 32_000_000, 4  # of what passes together need meanwhile; and pictures in one pass, at most
POLL_S = 0.5


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_occlusion", section, **numbers)


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """The one of this server."""
    return Turns()


def show(at: Look) -> None:
    """The patch and what it does; then the map of every place."""
    st.markdown(f"#### {cam.titled(at, 'Occlusion')}")
    st.markdown(text("lead"))
    if at.stamp:
        st.info(text("untrained"), icon=":material/info:")
    which, score = st.columns([5, 4], gap="medium")
    with which:
        label = cam.choose(at)
    scored = SCORES[score.segmented_control("The map shows what it takes from the", list(SCORES), default="Logit", key="score", bind="query-params",
                                            persist_state="session", required=True, width="stretch")]
    patch, seconds = _hand(at, label)
    _whole(at, label, scored, patch.size, seconds)


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
    full = spread_out(class_map(at.model, at.seen, label), cam.last_grid(at))
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
        data = component_data(picture(at), name="A grey patch on the photo", side=side, about=about, patch=patch._asdict(), least=least, most=most, step=2, grey=grey)
        component("patch")(key="patch", data=data, on_moved_change=moved, height="content")
        st.caption(text("hand"))
    with told:
        logits, seconds = _covered(at, patch)
        _told(at, label, logits, seconds)
    return patch, seconds


def component_data(photo: bytes, **head: object) -> bytes:
    """Length of the head (4 bytes, big-endian), head as JSON, picture."""
    words = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return len(words).to_bytes(4) + words + photo


def _told(at: Look, label: int, logits: np.ndarray, seconds: float) -> None:
    seen, odds, labels = at.seen, probabilities(logits), at.model.labels
    drop = float(seen.logits[label]) - float(logits[label])
    numbers = {"label": plain(labels[label]), "before": number(seen.logits[label]), "after": number(logits[label]),
               "odds": percent(seen.probabilities[label]), "covered": percent(odds[label])}
    st.markdown(text("result", drop=number(drop), **numbers) if drop >= 0 else text("result_gain", gain=number(-drop), **numbers))
    was, now = seen.top(1)[0].index, int(logits.argmax())
    st.markdown(text("same_guess", guess=plain(labels[now])) if was == now else text("other_guess", guess=plain(labels[now]), before=plain(labels[was])))
    shown = list(dict.fromkeys([*(guess.index for guess in seen.top(5)), now, label]))
    rows = [(labels[each], percent(seen.probabilities[each]), percent(odds[each]), number(seen.logits[each]), number(logits[each])) for each in shown]
    html.table(("Class", "Probability", "covered", "Logit", "covered"), rows, mark=shown.index(label))
    st.caption(text("time", time=si(seconds, "s")))


def _key(at: Look, size: int) -> Hashable:
    return at.entry.path, at.entry.version, at.shown, at.surgery, size


def batch_of(extra: int) -> int:
    """How many pictures go through at once, where one needs `extra` bytes meanwhile."""
    return max(1, min(BATCH, BATCH_BYTES // max(1, extra)))


def _whole(at: Look, label: int, scored: str, size: int, seconds: float) -> None:
    grid = raster(at.model.preprocess.crop, size)
    turn, places = turns().find(_key(at, size)), grid.cells**2
    if turn is not None and turn.active:
        _progress(turn)
    elif turn is not None and turn.state == "done":
        _compared(at, label, scored, grid, turn.result)
    else:
        st.markdown(text("whole", places=f"{places:,}", time=f"about {work.span(places * seconds)}" if places * seconds >= 1 else "about a second"))
        if turn is not None:
            st.warning(plain(turn.error) or text("stopped"), icon=":material/info:")
        if st.button(f"Cover all {places:,} places", key="occlude", icon=":material/grid_on:"):
            with shell.refusals():
                _begin(at, size, places)
                st.rerun()


def _begin(at: Look, size: int, places: int) -> None:
    extra, kept = memory.need(at.network).extra, places * at.seen.logits.nbytes
    bare = replace(at.seen, outputs={}, squeezed={}, gates={})  # one that waits for its turn should not hold a pass in memory
    light, batch = at._replace(untouched=bare, seen=bare, eye=b"", view=b""), batch_of(extra)

    def covered(go_on: Callable[[int], bool]) -> np.ndarray:
        if (found := score_map(light.model, bare, size, batch, go_on)) is None:
            raise Stopped
        return found

    turns().begin(_key(at, size), work.owner(), places, lambda go_on: light.kept("occluded", lambda: covered(go_on), kept, batch * extra, size))


def _progress(turn: Turn) -> None:
    """How far it is, again and again, and the button that stops it; the page runs anew when it is over."""
    queue = turns()

    def look() -> None:
        if not turn.active:
            st.rerun()
        turn.watch(work.owner())
        with st.container(key="occlusion_bar", horizontal=True, vertical_alignment="center"):
            st.progress(turn.done / turn.total, text=_words(queue, turn))
            if st.button("Stop", key="occlusion_stop", icon=":material/stop_circle:"):
                turn.leave(work.owner())
                st.rerun()

    st.fragment(look, run_every=POLL_S)()


def _words(queue: Turns, turn: Turn) -> str:
    before = queue.before(turn)
    if turn.state == "waiting" and before:
        return text("waiting", before="no other comes" if before == 1 else f"{before - 1} more come")
    left = "" if turn.left_s is None else f" · {work.time_left(turn.left_s)}"
    return f"{turn.done:,} of {turn.total:,} places covered{left}"


def _compared(at: Look, label: int, scored: str, grid: Grid, logits: np.ndarray) -> None:
    """The map of what covering takes, beside the class activation map."""
    drops = at.seen.logits[label] - logits[..., label] if scored == "logit" else at.seen.probabilities[label] - probabilities(logits)[..., label]
    values, name = class_map(at.model, at.seen, label), at.model.labels[label]
    rho = spearman(drops, under(spread_out(values, cam.last_grid(at)), grid))
    row, column = (int(place) for place in np.unravel_index(drops.argmax(), drops.shape))
    places = f"{grid.cells**2:,}"
    st.markdown(f"**Every place, covered by {grid.reach} × {grid.reach} pixels.** " + text(
        "scale", what=scored, label=plain(name), drop=number(drops.max()), across=f"{grid.centre(column):.0f}", down=f"{grid.centre(row):.0f}"))
    panels = [Panel("occlusion", "Occlusion", f"what covering takes from the {scored} of “{name}”", drops, grid, reach_of([drops])),
              Panel("cam", "Class activation map", f"evidence for “{name}”", values, cam.last_grid(at), reach_of([values]))]
    overlay("occlusion_map", cam.titled(at, "Occlusion beside the class activation map"), panels, [picture(at)],
            Words("each map on its own scale", "The nearest place or cell,", "It covers or sees"), size=340, most=480, common=False, tools=True, stamp=at.stamp)
    st.markdown(text("agreement", rho=f"{rho:.2f}".replace("-", "−"), places=places))
    st.markdown(text("disagree"))
