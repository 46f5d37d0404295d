"""Why skip connections: signal and gradient in a deep stack, and what they mean for a network that is scaled in depth."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import published
from effnet_core.figures.skips import arcs
from effnet_core.lessons.learnt import recorded
from effnet_core.lessons.skips import ways
from effnet_core.lessons.stack import DEEPEST, KINDS, PLACES, WIDTH
from effnet_core.palette import percent, unit_colour

from .. import html, lesson, shell, state
from ..components import component, picking

SLUG = "skips"
SEEDS = 999
ACTIVATIONS = {"ReLU": "relu", "ReLU6": "relu6", "swish": "swish", "linear": "linear"}
LINES = dict(zip((kind.name for kind in KINDS), ("stages.1", "stages.3", "stages.0", "stages.4")))  # whose colours the stacks have
RATES, RATE = ("0.01", "0.03", "0.1", "0.3"), "0.03"
GUESSES = ["only plain", "only skip", "only norm", "only skip + norm", "all but plain"]
STEPS = 300  # of the training in the browser


def show() -> None:
    shallow, deep = ways(published("b0")), ways(published("b7"))
    numbers = {"shallow": str(shallow.blocks), "deep": str(deep.blocks), "through": str(shallow.through), "deep_through": str(deep.through)}
    lesson.head(SLUG, **numbers)
    guessed = lesson.ask(SLUG, GUESSES, learns(), deepest=str(DEEPEST), steps=str(STEPS), rate=RATE, points=str(2 * PLACES), **_trained())
    _stack(guessed)
    st.markdown(lesson.text(SLUG, "reading", width=str(WIDTH), points=str(2 * PLACES)))
    _learning()
    with shell.refusals():
        _network(state.architecture(), numbers)
    _real()
    lesson.foot(SLUG, **numbers)


def learns() -> int:
    """Which guess the recorded trainings bear out."""
    return GUESSES.index(f"only {' and '.join(recorded().always)}")


def _trained() -> dict[str, str]:
    """What they came to, in words."""
    found = recorded()
    (plain, _, _), (least, middle, most) = found.span("plain"), found.span("norm")
    said = {name: percent(share) for name, share in (("plain", plain), ("least", least), ("middle", middle), ("most", most))}
    return said | {"seeds": str(found.seeds), "device": found.machine["processor"], "date": found.date, "always": " and ".join(found.always), "never": ", ".join(found.never),
                   "burst": str(found.right["skip"].count(None))}


def _stack(guessed: bool) -> None:
    kind, depth, gain, seed = st.columns([1.5, 1, 1, 1], gap="medium")
    kind.segmented_control("Activation φ", list(ACTIVATIONS), default="ReLU", required=True, **state.bound("depth_act"))
    depth.slider("Blocks, L", 2, DEEPEST, 16, **state.bound("depth_blocks"))
    gain.slider("Weights, times He’s scale", 0.4, 1.6, 1.0, 0.05, help=lesson.text(SLUG, "gain"), **state.bound("depth_gain"))
    seed.slider("Seed", 0, SEEDS, 0, **state.bound("depth_seed"))
    component("stack")(key="stack", data={**_data(), "guessed": guessed}, height="content")


def _data() -> dict:
    hand = {key: st.session_state[key] for key in ("depth_blocks", "depth_gain", "depth_seed")}
    lines = [unit_colour(unit, shell.theme()) for unit in LINES.values()]
    return {"hand": hand, "activation": ACTIVATIONS[st.session_state["depth_act"]], "lines": lines}


def _learning() -> None:
    st.markdown(f"##### Can they learn?\n{lesson.text(SLUG, 'learning', points=str(2 * PLACES))}")
    rate = st.segmented_control("Learning rate", RATES, default=RATE, required=True, **state.bound("depth_rate"))
    component("stack_learning")(key="stack_learning", data={**_data(), "rate": float(rate), "steps": STEPS}, height="content")


def _network(network: Architecture, numbers: dict[str, str]) -> None:
    st.markdown(f"##### In EfficientNet\n{lesson.text(SLUG, 'network', **numbers)}")
    found = ways(network)
    component("arcs")(key="arcs", data=arcs(network, shell.theme(), state.selected(network)), height="content",
                      on_picked_change=picking("arcs", {block.id for block in network.blocks}))
    counts = {name: f"{getattr(found, name):,}" for name in ("blocks", "around", "through", "longest")}
    st.markdown(lesson.text(SLUG, "counted", name=network.name, **counts))
    rows = [(title, f"{each.blocks:,}", f"{each.around:,}", f"{each.through:,}", f"{each.longest:,}")
            for title, each in ((f"{network.name}, drawn above", found), ("B0", ways(published("b0"))), ("B7", ways(published("b7"))))]
    html.table(("Network", "Blocks", "With a skip", "Without: on every way", "Most in a row without"), rows, mark=0)


def _real() -> None:
    st.markdown(f"##### In the real network\n{lesson.text(SLUG, 'real')}")
    if st.toggle("Measure it", **state.bound("depth_real")):
        shell.boot_torch()
        from . import skips_real  # needs torch

        with shell.refusals():
            skips_real.show()
