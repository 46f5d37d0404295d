"""Squeeze-and-excitation: its four steps on a few small maps, the reduction ratio, and EfficientNet's narrow squeeze beside SENet's."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import cost
from effnet_core.families import published
from effnet_core.figures import gating as drawn
from effnet_core.lessons import gating as core
from effnet_core.palette import percent
from effnet_core.photos import samples

from .. import guess, html, lesson, shell, state
from ..components import component
from ..html import Tile
from .bundled import photos

SLUG, SEEDS = "squeeze", 99
ASKED = "stages.5.1"  # the block of B0 that the guess is about


def show() -> None:
    network = state.architecture()
    units = core.squeezes(network)
    asked = next(unit for unit in core.squeezes(published("b0")) if unit.block == ASKED)
    numbers = {"wide": f"{asked.channels:,}", "narrow": f"{asked.squeezed:,}", "entering": f"{asked.entering:,}",
               "senet": f"{asked.narrowed(core.SENET):,}", "quarter": f"{asked.channels // 4:,}",
               "ratio": f"{asked.channels // asked.squeezed}", "senet_ratio": str(core.SENET), "plain": f"{core.PLAIN:.2f}", **_ablated()}
    lesson.head(SLUG, **numbers)
    options = (asked.squeezed, asked.narrowed(core.SENET), asked.channels // 4)
    guessed = lesson.ask(SLUG, [f"{option:,}" for option in options], options.index(asked.squeezed), **numbers)
    ratio = _example(network, units, lesson.text(SLUG, "ratio_own") if guessed else f"EfficientNet's: {guess.WAITS}.")
    _share(network)
    _ratio(ratio, numbers, guessed)
    _widths(network, units, ratio, guessed)
    lesson.foot(SLUG, width=lesson.text(SLUG, "paper_width") if guessed else f"what it is instead: {guess.WAITS}.", **numbers)


def _ablated() -> dict[str, str]:
    """SENet's errors from r = 2 to 16 and at r = 32, and the whole network's parameters in millions."""
    flat = [core.ABLATION[ratio] for ratio in core.ABLATION if ratio <= core.SENET]
    errors = [error for error, _ in flat]
    return {"least": f"{min(errors):.2f}", "most": f"{max(errors):.2f}", "whole": f"{flat[0][1]}", "shrunk": f"{flat[-1][1]}",
            "narrowest": f"{core.ABLATION[32][0]:.2f}"}


@st.cache_data(max_entries=16, show_spinner=False)
def _maps(name: str) -> tuple[list[str], list[list[float]]]:
    return drawn.small_maps(samples()[name].open())


def _example(network: Architecture, units: tuple[core.Squeeze, ...], own: str) -> int:
    """The small maps, and beneath them what the same ratio would cost; returns the ratio."""
    st.markdown("##### Four steps")
    lesson.aside(lesson.text(SLUG, "steps"))
    photo = photos("squeeze_photo").removeprefix("sample-")
    columns = st.columns(3, gap="large")
    channels = columns[0].slider("Channels C", 2, core.CHANNELS, 8, 1, **state.bound("squeeze_channels"))
    ratio = columns[1].slider("Reduction ratio r", *core.RATIOS, 4, 1, help=lesson.text(SLUG, "ratio_help", own=own),
                              **state.bound("squeeze_ratio"))
    seed = columns[2].slider("Draw of the weights", 0, SEEDS, 1, 1, help=lesson.text(SLUG, "seed_help"), **state.bound("squeeze_seed"))
    hand = {"squeeze_channels": channels, "squeeze_ratio": ratio}
    scene = drawn.scene(photo, _maps(photo), core.weights(seed), hand, shell.theme())
    component("squeeze")(key="squeeze", data=scene | drawn.counted(units, network.name, _selected(network, units)), height="content")
    st.caption(lesson.text(SLUG, "example_caption"))
    st.markdown(lesson.text(SLUG, "inside"))
    return ratio


def _selected(network: Architecture, units: tuple[core.Squeeze, ...]) -> core.Squeeze:
    """The selected block, or the first or last one where a layer outside the blocks is selected."""
    known, chosen = {unit.block: unit for unit in units}, state.selected(network)
    return known.get(chosen) or units[-1 if chosen in {layer.id for layer in network.back} else 0]


def _share(network: Architecture) -> None:
    total = cost(network)
    if "se" not in total.operators:
        st.info(lesson.text(SLUG, "none", name=html.plain(network.name)), icon=":material/info:")
        return
    se, count = total.operators["se"], sum(layer.operator == "se" for layer in network.layers)
    html.tiles([Tile("SE's parameters", percent(se.params / total.params), f"{se.params:,} of {total.params:,}"),
                Tile("SE's MACs", percent(se.macs / total.macs), f"{se.macs:,} of {total.macs:,}"),
                Tile("SE units", f"{count}", f"in {len(network.blocks)} blocks")], key="squeeze")
    st.caption(lesson.text(SLUG, "share", name=html.plain(network.name)))


def _ratio(ratio: int, numbers: dict[str, str], guessed: bool) -> None:
    st.markdown("##### How narrow may it be?")
    chart, words = st.columns([6, 5], gap="large")
    chart.plotly_chart(drawn.ablation(ratio, shell.theme()), key="squeeze_ablation", theme=None, config={"displayModeBar": False},
                       alt="Top-1 error of SE-ResNet-50 over the reduction ratio r, as printed in the SENet paper")
    own = lesson.text(SLUG, "ablation_own" if guessed else "ablation_waits", waits=guess.WAITS)
    words.markdown(f"{lesson.text(SLUG, 'ablation', **numbers)}\n\n{own}")


def _widths(network: Architecture, units: tuple[core.Squeeze, ...], ratio: int, guessed: bool) -> None:
    st.markdown(f"##### EfficientNet's width and SENet's\n{lesson.text(SLUG, 'widths' if guessed else 'widths_waits', waits=guess.WAITS)}")
    own, theirs, live = core.total(units), core.total(units, core.SENET), core.total(units, ratio)
    rows = [_row(unit, ratio, guessed) for unit in units]
    rows.append(("All blocks", "", "", "", "", f"{own.params:,}" if guessed else "?", "", f"{theirs.params:,}", f"{live.params:,}"))
    with st.container(height=430 if len(rows) > 12 else "content", border=False, key="squeeze_widths"):
        head = ("Block", "Input channels", "C, gated", "S here", "C ÷ S", "Parameters", f"S, C ÷ {core.SENET}", "Parameters",
                f"Parameters, C ÷ {ratio}")
        html.table(head, rows, caption=f"{network.name}: the squeeze as it is, as SENet has it, and with the slider's r",
                   mark=units.index(_selected(network, units)))


def _row(unit: core.Squeeze, ratio: int, guessed: bool) -> tuple[str, ...]:
    theirs = unit.narrowed(core.SENET)
    here = ("no SE", "", "0")
    if unit.squeezed and not guessed:
        here = ("?", "?", "?")
    elif unit.squeezed:
        here = (f"{unit.squeezed:,}", f"{unit.channels / unit.squeezed:.4g}", f"{core.params(unit.channels, unit.squeezed):,}")
    return (unit.block, f"{unit.entering:,}", f"{unit.channels:,}", *here, f"{theirs:,}", f"{core.params(unit.channels, theirs):,}",
            f"{core.params(unit.channels, unit.narrowed(ratio)):,}")
