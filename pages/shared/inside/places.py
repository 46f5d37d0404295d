"""A patch at every place of the photo in turn: what the class loses there, as a map beside the class activation map."""

from collections.abc import Callable, Hashable

import numpy as np
import streamlit as st

from effnet_core.inside.cam import class_map
from effnet_core.inside.geometry import Grid, spread_out
from effnet_core.inside.inspection import softmax
from effnet_core.inside.occlusion import raster, score_map, spearman, under
from effnet_core.palette import fixed

from .. import memory, shell, texts, work
from ..html import plain
from ..seen import Look, titled
from .evidence import last_grid
from .files import named
from .overlay import Panel, Words, overlay, picture, reach_of
from .turns import Stopped, Turn
from .waiting import light, progress, turns

BATCH_BYTES, BATCH = 32_000_000, 4  # of what passes together need meanwhile; and pictures in one pass, at most


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_occlusion", section, **numbers)


def _key(at: Look, size: int) -> Hashable:
    return at.entry.path, at.entry.version, at.shown, at.operated, size


def batch_of(extra: int) -> int:
    """How many pictures go through at once, where one needs `extra` bytes meanwhile."""
    return max(1, min(BATCH, BATCH_BYTES // max(1, extra)))


def show(at: Look, label: int, scored: str, size: int, seconds: float) -> None:
    """The map where it is made, how far it is where it is being made, else what it would take; a pass takes `seconds`."""
    grid = raster(at.model.preprocess.crop, size)
    turn, places = turns().find(_key(at, size)), grid.cells**2
    if turn is not None and turn.active:
        progress(turn, "occlusion", _words)
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
    few, batch = light(at), batch_of(extra)

    def covered(go_on: Callable[[int], bool]) -> np.ndarray:
        if (found := score_map(few.model, few.seen, size, batch, go_on)) is None:
            raise Stopped
        return found

    def made(go_on: Callable[[int], bool]) -> np.ndarray:
        return few.kept("occluded", lambda: covered(go_on), kept, batch * extra, size)

    turns().begin(_key(at, size), work.owner(), places, made)


def _words(turn: Turn) -> str:
    return f"{turn.done:,} of {turn.total:,} places covered"


def _compared(at: Look, label: int, scored: str, grid: Grid, logits: np.ndarray) -> None:
    """The map of what covering takes, beside the class activation map."""
    before, after = (at.seen.logits, logits) if scored == "logit" else (at.seen.probabilities, softmax(logits))
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
    st.markdown(text("agreement", rho=fixed(rho, 2), places=places))
    st.markdown(text("disagree"))
