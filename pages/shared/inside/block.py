"""The selected unit, opened: its squeeze-and-excitation step by step, or the classifier's sum; then its maps."""

import numpy as np
import streamlit as st

from effnet_core.architecture import Block, Shape
from effnet_core.figures import excitation as draw
from effnet_core.figures import maps, steps
from effnet_core.figures.gates import ordered
from effnet_core.figures.units import unit_names
from effnet_core.inside import excitation
from effnet_core.inside.inspection import Excitation, speakers
from effnet_core.palette import fixed, signed

from .. import html, shell, state, texts
from ..components import component
from ..gallery import Tile, gallery, sheet_of
from ..html import plain
from ..seen import Look, titled
from . import channel, skyline
from .files import button, named, paper

EXTREMES = 4  # most and least open channels
LONG = 20  # power of e beyond which a number is too long to read
SPEAKERS = 12  # channels of the last map shown with the classifier


def show(at: Look) -> None:
    """The selected unit step by step."""
    chosen = state.selected(at.network)
    if chosen == "classifier":
        _classifier(at)
    elif chosen in at.seen.gates:
        _steps(at, chosen)
    else:
        st.caption(texts.text("inside", "no_steps"))


def _titles(at: Look) -> dict[str, str]:
    return {unit: unit if unit == "classifier" else f"{unit}, {name}" for (unit, _), name in zip(at.network.units(), unit_names(at.network))}


def _go(key: str) -> None:
    state.select(st.session_state[key])


def heading(at: Look) -> None:
    """Which unit is open, a choice of another one, and what it does in a sentence."""
    chosen = state.selected(at.network)
    titles = _titles(at)
    title, choice = st.columns([7, 3], gap="medium", vertical_alignment="bottom")
    title.subheader(f"{'Block ' if '.' in chosen else 'The '}{titles[chosen]}", anchor="parts")
    st.session_state["unit_choice"] = chosen
    choice.selectbox("Open", list(titles), format_func=titles.get, key="unit_choice", on_change=_go, args=("unit_choice",))
    st.markdown(_summary(at, chosen))


def _summary(at: Look, chosen: str) -> str:
    network = at.network
    if chosen == "stem":
        return texts.text("inside", "stem", channels=str(network.stem.output.channels), kernel=str(network.stem.kernel),
                          stride=", moving two pixels at a time" if network.stem.stride == 2 else "")
    if chosen == "maxpool":
        return texts.text("inside", "maxpool", **network.maxpool.output._asdict())
    if chosen == "head":
        return texts.text("inside", "head", **_shape(network.head.output), inputs=str(network.head.input.channels))
    if chosen == "classifier":
        best = at.seen.top(1)[0]
        return texts.text("inside", "classifier", channels=f"{network.last_map.channels:,}", classes=f"{network.classes:,}",
                          logit=f"{best.logit:.3f}", total=_total(at.seen.logits.astype(np.float64)), probability=f"{best.probability:.4f}")
    return _block_summary(next(block for block in network.blocks if block.id == chosen))


def _shape(shape: Shape) -> dict[str, str]:
    return {name: f"{value:,}" for name, value in shape._asdict().items()}


def _total(logits: np.ndarray) -> str:
    """Σ e^logit, as TeX: a power of e where it is a long number."""
    power = logits.max() + np.log(np.exp(logits - logits.max()).sum())
    return f"{np.exp(power):.3f}" if power < LONG else f"e^{{{power:.3f}}}"


def _block_summary(block: Block) -> str:
    if block.kind != "mbconv":
        return _plain_summary(block)
    layers = {layer.part: layer for layer in block.layers}
    wide = layers["depthwise"].input.channels
    return texts.text(
        "inside", "block", **_shape(block.output), label=block.label, kernel=str(block.kernel),
        stride=", moving two cells at a time" if block.stride == 2 else "",
        expand=f"**{block.input.channels}** channels are widened to **{wide:,}**, then" if "expand" in layers else f"**{wide:,}** channels;",
        se=f" squeeze-and-excitation through **{layers['se'].squeeze}** numbers," if "se" in layers else "",
        skip="; the block's input is added at the end" if block.skip else "")


def _plain_summary(block: Block) -> str:
    """Of a block without expansion and SE."""
    return texts.text("inside", block.kind, **_shape(block.output), label=block.label, kernel=str(block.kernel), narrow=str(block.layers[-1].input.channels),
                      inputs=str(block.input.channels), stride=", moving two cells at a time" if block.stride == 2 else "",
                      shortcut="" if block.shortcut is None else ", brought to the same shape by a 1×1 convolution")


def _steps(at: Look, unit: str) -> None:
    """One channel's way from its map to its gate and back, with this picture's numbers."""
    se, chosen = at.opened(unit).excitation, channel.channel_of(at, unit, "after")
    words, box = st.columns([7, 3], gap="medium", vertical_alignment="bottom")
    sizes = {"C": f"{len(se.s):,}", "S": f"{len(se.hidden):,}"}
    words.markdown(texts.text("inside_excitation", "steps", **sizes))
    with box:
        st.session_state["se_channel"] = chosen
        st.number_input(f"Channel, 0 to {len(se.s) - 1:,}", 0, len(se.s) - 1, step=1, key="se_channel", on_change=_type,
                        args=("se_channel",))
    _excitation(at, unit, se, chosen)
    if unit in at.seen.operation:
        st.markdown(texts.text("inside_excitation", "set"))
    st.caption(texts.text("inside_excitation", "words", **sizes))
    _extremes(at, se, chosen)


def _excitation(at: Look, unit: str, se: Excitation, chosen: int) -> None:
    found, activation = excitation.work(at.model.network, unit, se, chosen), excitation.activation(at.model.network, unit)
    title = titled(at, f"Channel {chosen} of {unit} through squeeze-and-excitation")
    data = draw.packed(found, se, activation, skyline.order(), shell.theme(), title=title, stamp=at.stamp,
                       file=named(at, unit, "se", "channel", chosen))
    count = len(se.s)  # what a callback holds lives as long as the session
    component("excitation")(key="excitation", data=data, on_picked_change=lambda: _picked(count), height="content")


def _picked(count: int) -> None:
    """A bar was clicked; a browser may send anything."""
    place = st.session_state["excitation"].picked
    if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < count:
        channel.pick("after", place)


def _type(key: str) -> None:
    if st.session_state[key] is not None:
        channel.pick("after", int(st.session_state[key]))


def _extremes(at: Look, se: Excitation, chosen: int) -> None:
    """The channels with the highest and the lowest gates, their maps before and after."""
    mean = float(se.s.mean())
    st.markdown(titled(at, "#### Raised and lowered most"))
    if (se.s == se.s[0]).all():
        st.markdown(texts.text("inside_excitation", "equal", gate=f"{se.s[0]:.3f}"))
        return
    st.markdown(texts.text("inside_excitation", "extremes", mean=f"{mean:.3f}"))
    places = ordered(se.s, "gate")
    few = min(EXTREMES, len(places) // 2)
    kinds = {"raised": ("Most raised: the highest gates", places[::-1][:few]), "lowered": ("Most lowered: the lowest gates", places[:few])}
    for column, (kind, (title, channels)) in zip(st.columns(2, gap="large"), kinds.items()):
        with column:
            st.markdown(f"**{title}**")
            _pairs(at, se, channels, kind, chosen)
            _table(se, channels, mean)


def _pairs(at: Look, se: Excitation, channels: np.ndarray, kind: str, chosen: int) -> None:
    """Maps before and after side by side, in the colours of the map before."""
    before = se.before[channels]
    sheet = maps.mosaic(np.concatenate([before, se.after(channels)]), np.tile(maps.tops(before, "map"), 2), shell.theme())
    tiles = [Tile(int(c), [place, place + len(channels)], f"channel {c}", f"z {fixed(se.z[c])} · gate {se.s[c]:.3f}",
                  f"channel {c}: z = {fixed(se.z[c])}, gate {se.s[c]:.4f}") for place, c in enumerate(channels)]
    unit = state.selected(at.network)
    gallery(f"pairs_{kind}", titled(at, f"Most {kind} by the gates of {unit}: maps before and after"), sheet_of(sheet), tiles, size=150,
            chosen=chosen, on_pick=lambda c: channel.pick("after", c), pixelated=True, file=named(at, unit, kind))


def _table(se: Excitation, channels: np.ndarray, mean: float) -> None:
    rows = [(c, se.z[c], se.s[c]) for c in channels]
    html.table(("Channel", "z, mean before", "gate s", "s · z, mean after", "s ÷ mean gate"),
               [(str(c), fixed(z), f"{s:.3f}", fixed(s * z), f"{s / mean:.2f}" if mean else "–") for c, z, s in rows])


def _classifier(at: Look) -> None:
    st.plotly_chart(paper(steps.logits(at.seen.logits, at.seen.labels, shell.theme(), at.stamp)), theme=None, key="logits",
                    config=button(named(at, "logits")), alt="The logits of the most probable classes")
    best = at.seen.top(1)[0]
    st.markdown(titled(at, "#### What speaks most for the best guess"))
    st.markdown(texts.text("inside", "speakers", label=plain(best.label), logit=f"{best.logit:.3f}"))
    loudest = speakers(at.model, at.seen, best.index, SPEAKERS)
    values = at.seen.outputs[at.network.last_unit][[c for c, _ in loudest]]
    sheet = maps.mosaic(values, maps.tops(values), shell.theme())
    tiles = [Tile(c, [place], f"channel {c}", signed(share)) for place, (c, share) in enumerate(loudest)]
    name = titled(at, "Channels of the last map that speak most for the best guess")
    gallery("speakers", name, sheet_of(sheet), tiles, size=84, pixelated=True, file=named(at, "speakers"))
