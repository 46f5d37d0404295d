"""Why linear: what an activation loses of a spiral in few dimensions, and why an MBConv's projection has none."""

import numpy as np
import streamlit as st

from effnet_core.architecture import Architecture, Block
from effnet_core.figures.powers import power_text
from effnet_core.lessons.spiral import LARGEST_SEED, MEASURES, POINTS, WIDEST, at_width, collapse, losses
from effnet_core.palette import SIGNED, mix, percent, sequential, themed, unit_colour

from .. import html, lesson, shell, state
from ..components import component

SLUG = "spiral"
SEEDS = 100  # behind the shaded bands
WIDE = 15  # numbers a point that lose little, to try
WIDTH_SEEDS = 10
MOST_WIDTH = 4096  # channels that the spiral is measured with; more lose still less
TABLE = 65  # colours from the lowest value to the highest
ACTIVATIONS = {"ReLU": "relu", "ReLU6": "relu6", "swish": "swish", "linear": "linear"}
LINES = dict(zip(MEASURES, ("stages.1", "stages.0", "stages.4")))  # whose colours the three measures have
GUESSES = (0.25, 0.5, 0.75)


def show() -> None:
    lesson.head(SLUG)
    shares = {"chance": collapse(2), "third": collapse(3) / collapse(2), "fourth": collapse(4) / collapse(3)}
    guessed = lesson.ask(SLUG, [percent(share) for share in GUESSES], GUESSES.index(collapse(2)),
                         **{name: percent(share) for name, share in shares.items()})
    _experiment(guessed)
    st.markdown(lesson.text(SLUG, "measures", points=str(POINTS)))
    with shell.refusals():
        _network(state.architecture())
    _real()
    _, half, most = (percent(losses[WIDE - 2]) for losses in _bands("relu", 1.0)["inverse"])
    lesson.foot(SLUG, seeds=str(SEEDS), half=half, most=most)


def _experiment(guessed: bool) -> None:
    kind, n, seed, scale = st.columns([1.5, 1, 1, 1], gap="medium")
    chosen = kind.segmented_control("Activation φ", list(ACTIVATIONS), default="ReLU", required=True, **state.bound("spiral_act"))
    n.slider("n, numbers a point", 2, WIDEST, 3, **state.bound("spiral_n"))
    seed.slider("Seed of T", 0, LARGEST_SEED, 0, **state.bound("spiral_seed"))
    scale.slider("Scale of T", 0.5, 8.0, 1.0, 0.5, help=lesson.text(SLUG, "scale"), **state.bound("spiral_scale"))
    activation = ACTIVATIONS[chosen]
    data = {**_data(activation, st.session_state["spiral_scale"]), "guessed": guessed}
    component("spiral")(key="spiral", data=data, on_picked_change=_picked, height="content")


def _picked() -> None:
    n = st.session_state["spiral"].picked
    if type(n) is int and 2 <= n <= WIDEST:  # a browser may send anything
        state.put(spiral_n=n)


def _data(activation: str, scale: float) -> dict:
    theme = shell.theme()
    hand = {key: st.session_state[key] for key in ("spiral_n", "spiral_seed", "spiral_scale")}
    bands = _bands(activation, scale if activation in ("relu6", "swish") else 1.0)
    return {"hand": hand, "activation": activation, "scale": scale, "bands": bands, "seeds": SEEDS, **_colours(theme)}


@st.cache_data(max_entries=64, show_spinner=False)
def _bands(activation: str, scale: float) -> dict[str, list[list[float]]]:
    """Measure → its 10th, 50th and 90th percentile over the seeds, each for every n."""
    found = np.percentile(losses(activation, SEEDS, scale), (10, 50, 90), axis=1).round(5)  # percentile, measure, n
    return {name: found[:, place].tolist() for place, name in enumerate(MEASURES)}


def _colours(theme: str) -> dict:
    low, *_, high = themed(SIGNED, theme)
    page = SIGNED[theme][3]
    table = [mix(page, low if place < 0 else high, 0.25 + 0.75 * abs(place)) if place else page for place in np.linspace(-1, 1, TABLE)]
    points = [sequential((0.0 if theme == "light" else 0.12) + 0.88 * i / (POINTS - 1)) for i in range(POINTS)]
    return {"table": table, "colours": points, "lines": {name: unit_colour(unit, theme) for name, unit in LINES.items()}}


def _block(network: Architecture) -> Block | None:
    """The selected MBConv, or the first one that expands; None where the family has none."""
    chosen, found = state.selected(network), [block for block in network.blocks if block.kind == "mbconv"]
    return next((block for block in found if block.id == chosen), next((block for block in found if block.expand > 1), None))


@st.cache_data(max_entries=256, show_spinner=False)
def _at_width(n: int) -> tuple[float, float]:
    return at_width(n, WIDTH_SEEDS)


def _network(network: Architecture) -> None:
    st.markdown("##### In EfficientNet")
    block = _block(network)
    if block is None:
        st.markdown(lesson.text(SLUG, "no_mbconv", name=network.name))
        return
    inputs, wide, narrow = block.input.channels, block.layers[-1].input.channels, block.output.channels
    widths = {"inputs": f"{inputs:,}", "wide": f"{wide:,}", "narrow": f"{narrow:,}"}
    st.markdown(lesson.text(SLUG, "network", block=block.id, name=network.name, **widths))
    rows = []
    for where, n, m in (
            (f"after the expansion, {inputs:,} × {block.expand}", wide, inputs), ("after the projection, were it there", narrow, narrow)):
        collapsed, inverse = _at_width(min(n, MOST_WIDTH))
        rows.append((where, f"{n:,}", percent(collapsed), percent(inverse), small(collapse(n, m)) + f" ({m:,} of {n:,})"))
    html.table(("A ReLU …", "Channels n", "Spiral: points that collapse", "Spiral: T⁺ loses", "If as many values matter as come in"), rows)
    capped = " " + lesson.text(SLUG, "capped", most=f"{MOST_WIDTH:,}") if wide > MOST_WIDTH else ""
    st.caption(lesson.text(SLUG, "table", seeds=str(WIDTH_SEEDS)) + capped)


def small(share: float) -> str:
    """A share of any size: `43.1 %`, `2.0 · 10⁻¹²`, and for what no number of 64 bits can hold `below 10⁻³⁰⁰`."""
    return percent(share) if share >= 0.0005 else "below 10⁻³⁰⁰" if share < 1e-300 else power_text(share)


def _real() -> None:
    st.markdown(f"##### In a trained network\n{lesson.text(SLUG, 'real')}")
    if st.toggle("Measure it in the network that comes with the app", **state.bound("linear_real")):
        shell.boot_torch()
        from . import spiral_real  # needs torch

        with shell.refusals():
            spiral_real.show()
