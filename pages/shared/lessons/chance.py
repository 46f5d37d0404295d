"""Batch norm folding, stochastic depth and dropout: what the network does in training only."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core.architecture import Architecture
from effnet_core.families import published
from effnet_core.figures import chance as drawn
from effnet_core.lessons import chance as core
from effnet_core.palette import fixed, percent

from .. import guess, html, lesson, shell, state
from ..components import component
from ..html import Tile
from . import norms

SLUG, SEEDS = "chance", 99
DRAWS = (10, 100, 1_000, 10_000)


def show() -> None:
    lesson.head(SLUG)
    asked = st.segmented_control("Look at", list(PARTS), default=next(iter(PARTS)), required=True, **state.bound("chance_part"))
    PARTS[asked]()
    lesson.foot(SLUG)


def _seed(place: DeltaGenerator) -> int:
    return place.slider("Draw", 0, SEEDS, 2, 1, help=lesson.text(SLUG, "seed_help"), **state.bound("chance_seed"))


def _depth() -> None:
    network = state.architecture()
    b0 = published("b0")
    mean, whole = core.expected(core.rates(b0)), len(b0.blocks)
    numbers = {"blocks": str(whole), "mean": f"{mean:.2f}", "last": f"{max(core.rates(b0)):.4f}",
               "skips": str(sum(block.skip for block in b0.blocks)), "most": f"{b0.family.stochastic_depth:g}"}
    st.markdown(lesson.text(SLUG, "depth", **numbers))
    options = [f"{0.8 * whole:.1f}", f"{0.9 * whole:.1f}", f"{mean:.1f}"]  # as if every block had p, or half of it
    guessed = guess.ask(f"lesson_{SLUG}", "chance_depth", options, 2, section="depth", **numbers)
    left, right = st.columns(2, gap="large")
    seed = _seed(left)
    most = right.slider("Drop rate at the far end, p", 0.0, 0.9, 0.2, 0.01, help=lesson.text(SLUG, "most_help"),
                        **state.bound("chance_most"))
    data = drawn.blocks(network, seed, most, shell.theme())
    component("chance")(key="chance", data={**data, "guessed": guessed}, height="content")
    if len(data["blocks"]) < len(network.blocks):
        st.caption(lesson.text(SLUG, "depth_runs"))
    own = network.family.stochastic_depth
    st.caption(lesson.text(SLUG, "depth_own" if own else "depth_none", name=html.plain(network.name), most=f"{own:g}",
                           count=f"{len(network.blocks)}"))
    _kept(core.rates(network, most), network, seed)


def _kept(rates: list[float], network: Architecture, seed: int) -> None:
    """Why the kept ones are rescaled: the real module, many times."""
    chosen = state.selected(network)
    at = max(range(len(rates)), key=lambda place: (network.blocks[place].id == chosen and rates[place] > 0, rates[place]))
    rate = rates[at]
    st.markdown("##### Why the kept ones are made larger")
    if not rate:
        st.markdown(lesson.text(SLUG, "kept_none"))
        return
    st.markdown(lesson.text(SLUG, "kept", block=network.blocks[at].id, rate=fixed(rate), factor=fixed(1 / (1 - rate))))
    shell.boot_torch()
    found = (_draws(rate, each, seed) for each in DRAWS)
    rows = [(f"{draws:,}", f"{kept:,}", fixed(mean), f"1 ± {fixed(error)}", fixed(kept / draws)) for draws, kept, mean, error in found]
    html.table(("Images", "Branch kept in", "Mean of what comes out", "Expected", "Without rescaling"), rows)
    st.caption(lesson.text(SLUG, "kept_caption"))


@st.cache_data(max_entries=512, show_spinner=False)
def _draws(rate: float, draws: int, seed: int) -> tuple[int, int, float, float]:
    from effnet_core.lessons.kept import rescaled

    return tuple(rescaled(rate, draws))


def _dropout() -> None:
    network = state.architecture()
    own, count = network.scaling.dropout, network.classifier.input.channels
    b0 = published("b0")
    rate0, count0 = b0.scaling.dropout, b0.classifier.input.channels
    numbers = {"rate": f"{rate0:g}", "count": f"{count0:,}", "factor": f"{1 / (1 - rate0):g}",
               "stay": f"{core.survivors(count0, rate0)[0]:,.0f}"}
    st.markdown(lesson.text(SLUG, "dropout", **numbers))
    options = [1.0, 1 - rate0, 1 / (1 - rate0)]
    guessed = guess.ask(f"lesson_{SLUG}", "chance_dropout", [f"times {option:g}" for option in options], 2, section="dropout", **numbers)
    left, middle, right = st.columns(3, gap="large")
    seed = _seed(left)
    rate = middle.slider("Dropout rate, p", 0.0, 0.9, 0.2, 0.01, **state.bound("chance_rate"))
    mode = right.segmented_control("Mode", ["Training", "Inference"], default="Training", required=True, **state.bound("chance_mode"))
    component("dropout")(key="dropout", data={**drawn.dropout(count, seed, rate, mode == "Training"), "guessed": guessed}, height="content")
    mean, spread = core.survivors(count, rate)
    html.tiles([Tile("Stay on average", f"{mean:,.1f}", f"of {count:,}"), Tile("Standard deviation", f"{spread:.1f}", "√(n · p · (1 − p))"),
                Tile("Factor in training", fixed(1 / (1 - rate)), "1 / (1 − p)") if guessed else Tile("Factor in training", "?",
                                                                                                      guess.WAITS),
                Tile("Rate of the network shown", f"{own:g}", network.name)], key="dropout")
    _table(guessed)


def _table(guessed: bool) -> None:
    rows = []
    for name, rate in core.B_TABLE.items():
        count = published(name).classifier.input.channels
        mean, spread = core.survivors(count, rate)
        rows.append((name.upper(), f"{rate:g}", f"{count:,}", f"{mean:,.0f} ± {spread:.0f}", percent(rate),
                     fixed(1 / (1 - rate)) if guessed else "?"))
    head = ("Network", "Rate p", "Numbers", "Stay in training", "Dropped", "Factor")
    html.table(head, rows, caption=lesson.text(SLUG, "dropout_caption"))


PARTS: dict[str, Callable[[], None]] = {  # what the control says → the part
    "Batch norm": norms.show,
    "Stochastic depth": _depth,
    "Dropout": _dropout,
}
