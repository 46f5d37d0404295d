"""A patch at every place of the photo in turn: what the class loses there, as a map beside the class activation map."""

from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np
import streamlit as st

from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import Grid, spread_out
from effnet_core.inside.occlusion import probabilities, raster, score_map, spearman, under
from effnet_core.palette import fixed

from .. import memory, shell, texts, work
from ..html import plain
from ..seen import Look
from .evidence import last_grid, titled
from .files import named
from .overlay import Panel, Words, overlay, picture, reach_of
from .turns import Stopped, Turn, Turns

BATCH_BYTES, BATCH = 32_000_000, 4  # of what passes together need meanwhile; and pictures in one pass, at most
POLL_S = 0.5


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_occlusion", section, **numbers)


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """The one of this server."""
    return Turns()


def _key(at: Look, size: int) -> Hashable:
    return at.entry.path, at.entry.version, at.shown, at.surgery, size


def batch_of(extra: int) -> int:
    """How many pictures go through at once, where one needs `extra` bytes meanwhile."""
    return max(1, min(BATCH, BATCH_BYTES // max(1, extra)))


def show(at: Look, label: int, scored: str, size: int, seconds: float) -> None:
    """The map where it is made, how far it is where it is being made, else what it would take; a pass takes `seconds`."""
    grid = raster(at.model.preprocess.crop, size)
    turn, places = turns().find(_key(at, size)), grid.cells**2
    if turn is not None and turn.active:
        _progress(turn)
    elif turn is not None and turn.state == "done":
        _compared(at, label, scored, grid, turn.result)
    else:
        st.markdown(text("whole", places=f"{places:,}", time=f"about {work.span(max(1.0, places * seconds))}"))
        if turn is not None and turn.error:
            st.warning(plain(turn.error), icon=":material/info:")
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

    def made(go_on: Callable[[int], bool]) -> np.ndarray:
        return light.kept("occluded", lambda: covered(go_on), kept, batch * extra, size)

    turns().begin(_key(at, size), work.owner(), places, made)


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
    before, after = (at.seen.logits, logits) if scored == "logit" else (at.seen.probabilities, probabilities(logits))
    drops = before[label] - after[..., label]
    values, name = class_map(at.model, at.seen, label), at.model.labels[label]
    rho = spearman(drops, under(spread_out(values, last_grid(at)), grid))
    row, column = (int(place) for place in np.unravel_index(drops.argmax(), drops.shape))
    places = f"{grid.cells**2:,}"
    st.markdown(f"**Every place, covered by {grid.reach} × {grid.reach} pixels.** " + text(
        "scale", what=scored, label=plain(name), drop=fixed(drops.max()), across=f"{grid.centre(column):.0f}", down=f"{grid.centre(row):.0f}"))
    panels = [Panel("occlusion", "Occlusion", f"what covering takes from the {scored} of “{name}”", drops, grid, reach_of([drops])),
              Panel("cam", "Class activation map", f"evidence for “{name}”", values, last_grid(at), reach_of([values]))]
    overlay("occlusion_map", titled(at, "Occlusion beside the class activation map"), panels, [picture(at)],
            Words("each map on its own scale", "The nearest place or cell,", "It covers or sees"), size=340, most=480, common=False,
            tools=True, stamp=at.stamp, file=named(at, "occlusion", name))
    st.markdown(text("agreement", rho=f"{rho:.2f}".replace("-", "−"), places=places))
    st.markdown(text("disagree"))
