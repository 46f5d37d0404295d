"""The activations on what a real layer hands them: maps of a photo before and after, and gates under other endings."""

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core.architecture import Architecture, Layer
from effnet_core.cards import Entry
from effnet_core.figures import activations as drawn
from effnet_core.lessons import applied
from effnet_core.lessons.applied import Shares
from effnet_core.lessons.gating import EXCITATIONS, PLAIN
from effnet_core.palette import SIGNED, percent

from .. import html, lesson, shell, state
from .bundled import look, photos

if TYPE_CHECKING:
    from ..seen import Look

SLUG, FALLBACK = "activations", "stages.4.1"
BYTES = 2_000  # of the shares of one layer
LAYERS = ("Stem", "Expand", "Depthwise", "Head")


def show(on_a_photo: DeltaGenerator, gates: DeltaGenerator) -> None:
    """Both last: what stands around them does not wait for PyTorch."""
    shell.boot_torch()
    with on_a_photo:
        st.markdown("##### On a real layer")
        photo = photos("acts_photo")
        entry, at = look(photo)
        _maps(entry, at)
    with gates:
        _gates(at)


def unit_of(network: Architecture, wanted: str) -> str:
    """The selected unit, or the nearest one that has a convolution."""
    unit = network.nearest(wanted)
    return network.last_unit if unit == "classifier" else unit


def normed(at: "Look", unit: str, layer_id: str) -> dict[str, np.ndarray]:
    """What a convolution of the unit reads, makes, and what batch norm makes of that (C H W each): see `folding.within`."""
    from effnet_core.lessons.folding import within

    layer = next(layer for layer in at.network.layers if layer.id == layer_id)
    size = 4 * (layer.input.elements + 2 * layer.output.elements)

    def make() -> dict[str, np.ndarray]:
        return {name: part[0].numpy() for name, part in within(at.model, at.seen, unit, layer_id).items()}

    return at.kept("lesson normed", make, size, size, layer_id)


def _layer(network: Architecture, asked: str) -> tuple[str, Layer]:
    """Unit and layer that are looked at: the stem, the head, or a layer of the selected block; its depthwise one where it does not
    widen."""
    if asked in ("Stem", "Head"):
        return asked.lower(), getattr(network, asked.lower())
    unit = network.nearest(state.get("layer"))
    block = next((block for block in network.blocks if block.id == unit), network.blocks[-1 if unit != "stem" else 0])
    parts = {layer.part: layer for layer in block.layers}
    return block.id, parts.get(asked.lower()) or parts["depthwise"]


def _maps(entry: Entry, at: "Look") -> None:
    left, right = st.columns([3, 1], gap="large")
    asked = left.segmented_control("Layer", LAYERS, default=LAYERS[0], required=True, help=lesson.text(SLUG, "layer_help"),
                                   **state.bound("acts_layer"))
    unit, layer = _layer(at.network, asked)
    maps = normed(at, unit, layer.id)["norm"]
    before = at.kept("lesson before", lambda: applied.before(maps), 200, maps.nbytes, layer.id)
    last = len(maps) - 1
    key = f"acts_channel_{layer.id.replace('.', '_')}"
    channel = int(right.number_input(f"Channel, 0 to {last:,}", 0, last, before.telling, 1, key=key, persist_state="session"))
    beta = st.session_state["acts_beta"]
    shares = at.kept("lesson shares", lambda: applied.shares(maps, beta), BYTES, 3 * maps.nbytes, layer.id, beta)
    st.markdown(lesson.text(SLUG, "map", layer=layer.id, model=html.plain(entry.name), channels=f"{len(maps):,}",
                            below=percent(before.negative), side=str(maps.shape[1])))
    pictures(maps[channel], before.negative, shares, beta)
    st.caption(lesson.text(SLUG, "map_caption", beta=f"{beta:g}", full=percent(shares["ReLU6"].full)))


def pictures(chosen: np.ndarray, negative: float, shares: dict[str, Shares], beta: float) -> None:
    """One channel (H W) before and after each activation on one scale; beneath each what became of the cells of all channels."""
    reach, theme = float(np.abs(chosen).max()), shell.theme()
    cells = [_tile("before", drawn.picture(chosen, reach, theme), [("below 0", percent(negative))])]
    for name, each in shares.items():
        facts = [("exactly 0", percent(each.zero)), ("below 0", percent(each.negative)), ("slope 0", percent(each.flat))]
        if name == "ReLU6":
            facts.append(("cut off at 6", percent(each.full)))
        cells.append(_tile(name, drawn.picture(applied.apply(name, chosen, beta), reach, theme), facts))
    ramp = ", ".join(SIGNED[theme])
    st.html(f'<div class="ef-acts">{"".join(cells)}</div><div class="ef-scale"><i style="background: linear-gradient(90deg, {ramp})"></i>'
            f'<span><b>{-reach:.2f}</b><b>0</b><b>{reach:.2f}</b></span></div>'.replace("<b>-", "<b>−"))


def _tile(name: str, png: bytes, facts: list[tuple[str, str]]) -> str:
    lines = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in facts)
    alt = "The map before its activation" if name == "before" else f"The map after {escape(name)}"
    return (f'<figure><figcaption>{escape(name)}</figcaption><img alt="{alt}" '
            f'src="data:image/png;base64,{b64encode(png).decode()}"><dl>{lines}</dl></figure>')


def _gates(at: "Look") -> None:
    from effnet_core.lessons.kept import before_gates

    st.markdown("##### Why squeeze-and-excitation ends in a sigmoid")
    unit = at.network.nearest(state.get("layer"))
    if unit not in at.seen.gates:
        unit = FALLBACK
    found = applied.endings(before_gates(at.model.network, unit, at.opened(unit).excitation))
    st.markdown(lesson.text(SLUG, "gates", unit=unit, channels=f"{len(found['sigmoid']):,}"))
    chart, table = st.columns([6, 5], gap="large")
    chart.plotly_chart(drawn.gates(found, shell.theme()), key="acts_gates", theme=None, config={"displayModeBar": False},
                       alt=f"How the gates of {unit} would be spread with a sigmoid, a ReLU or a tanh at the end")
    with table:
        rows = [(name, f"{error:.2f} %", *_shape(found[name])) for name, error in sorted(EXCITATIONS.items(), key=lambda pair: pair[1])]
        html.table(("Ends in", "Top-1 error, paper", "Least", "Mean", "Greatest", "Below 0", "Exactly 0", "Above 1"), rows)
        st.caption(lesson.text(SLUG, "gates_caption", plain=f"{PLAIN:.2f}"))


def _shape(gates: np.ndarray) -> tuple[str, ...]:
    numbers = (f"{f(gates):.3f}".replace("-", "−") for f in (np.min, np.mean, np.max))
    return *numbers, *(percent(float(chosen.mean())) for chosen in (gates < 0, gates == 0, gates > 1))
