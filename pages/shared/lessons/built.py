"""The block, step by step: from two convolutions to MBConv, with switches for every part."""

from dataclasses import asdict, replace
from typing import Any

import streamlit as st

from effnet_core import palette
from effnet_core.errors import UserError
from effnet_core.lessons import design, gating
from effnet_core.lessons.design import RANGES, STEPS, Design
from effnet_core.lessons.parts import ACTIVATIONS

from .. import lesson, shell, state
from ..components import component
from . import code

SLUG = "built"
NAMES = [step.name for step in STEPS]
SLIDERS = {  # number → what its slider says
    "inputs": "Channels in, C", "outputs": "Channels out, C′", "expand": "Ratio t", "kernel": "Kernel k", "stride": "Stride s",
    "side": "Side of the map, D", "ratio": "SE ratio, % of C",
}
SWITCHES = {"skip": "Skip connection", "depthwise": "Depthwise", "norm": "Batch norm", "linear": "Linear bottleneck", "se": "SE"}


def show() -> None:
    shape = design.design(3), design.design(4)
    fewer, alone = shape[0].macs / shape[1].macs, shape[0].layers[1].macs // shape[1].layers[1].macs
    lesson.head(SLUG)
    options = ["About 2 times", "About 9 times", f"About {fewer:.0f} times", f"{alone} times"]
    guessed = lesson.ask(SLUG, options, 2, fewer=f"{fewer:.1f}", alone=f"{alone}",
                         **{name: str(getattr(shape[0], name)) for name in ("inputs", "middle", "outputs", "side")})
    step = _step()
    left, right = st.columns([1, 4], gap="medium")
    with left, st.container(key="built_controls"):
        made = _controls(step)
    with right:
        _picture(step, made, guessed)
    code.show(SLUG, made)
    lesson.foot(SLUG, **_tried())


def _tried() -> dict[str, str]:
    """The squeeze of the ResNet block that is proposed to try, and SENet's."""
    block = design.design(NAMES.index("Bottleneck"), inputs=256, outputs=256, expand=4, ratio=RANGES["ratio"][0])
    return {"few": str(block.squeeze), "channels": str(block.outputs), "senet": str(gating.SENET),
            "sixteenth": str(gating.narrowed(block.outputs, gating.SENET))}


def _step() -> int:
    """The step that is looked at, the ways to its neighbours, and its reason."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="built_heading"):
        asked = NAMES.index(st.pills("Step", NAMES, default=NAMES[0], required=True, wrap=True, **state.bound("built_step")))
        for icon, word, other in ((":material/arrow_back:", "before", asked - 1), (":material/arrow_forward:", "after", asked + 1)):
            st.button(f"The step {word}", icon=icon, key=f"built_{word}", disabled=not 0 <= other < len(STEPS), type="tertiary",
                      on_click=_go, args=(other,))
    with st.container(key="built_reason"):
        st.markdown(f"**Step {asked + 1} of {len(STEPS)}.** {lesson.text(SLUG, f'step_{asked + 1}')}")
    return asked


def _go(step: object) -> None:
    """In a callback; a browser may send anything."""
    if type(step) is int and 0 <= step < len(STEPS):
        state.put(built_step=NAMES[step])


def switch(name: str, step: int) -> str:
    """The key of a switch of a step, from 0: every step has its own, so that each can be left as it is."""
    return f"built_{name}_{step + 1}"


def _controls(step: int) -> Design:
    """The sliders, the selected block, and the switches of this step."""
    usual = design.design(step)
    numbers = {name: _slider(name, label, getattr(usual, name)) for name, label in SLIDERS.items()}
    _fill()
    made = design.design(step, **numbers)
    st.markdown("**Your own block**", help=lesson.text(SLUG, "help_own"))
    own = replace(made, **_switches(step, usual))
    st.button("As in this step", icon=":material/undo:", key="built_undo", type="tertiary", disabled=own == made,
              on_click=_undo, args=(step,))
    return own


def _slider(name: str, label: str, usual: int) -> int:
    low, high, by = RANGES[name]
    return st.slider(label, low, high, usual, by, help=lesson.text(SLUG, f"help_{name}"), **state.bound(f"built_{name}"))


def _switches(step: int, usual: Design) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name, label in SWITCHES.items():
        without = name == "depthwise" and usual.shape == "plain"  # which has no convolution in the middle
        parts[name] = st.toggle(label, getattr(usual, name), disabled=without, **state.bound(switch(name, step)))
    parts["activation"] = st.segmented_control("Activation", ACTIVATIONS, default=usual.activation, required=True,
                                               **state.bound(switch("activation", step)))
    return parts


def _undo(step: int) -> None:
    usual = design.design(step)
    state.put(**{switch(name, step): getattr(usual, name) for name in (*SWITCHES, "activation")})


def _fill() -> None:
    """The numbers of the block that is selected in the strip above."""
    network = state.architecture()
    chosen = state.selected(network)
    try:
        block = next((block for block in network.blocks if block.id == chosen), None)
        if block is None:
            raise UserError(f"{chosen} is no block; select one in the strip above.")
        found, why = design.of(network, block), lesson.text(SLUG, "help_fill", block=chosen)
    except UserError as refused:
        found, why = None, str(refused)
    st.button(f"Fill in {chosen}", icon=":material/download:", key="built_fill", disabled=found is None, help=why, width="stretch",
              on_click=_filled, args=(found,))
    if found and (left := _left(found)):
        st.caption(lesson.text(SLUG, "fixed", names=", ".join(left)))


def _filled(found: Design) -> None:
    """Sliders and switches as the block has them, at the step that is nearest to it."""
    state.put(**_of(found))


def _of(found: Design) -> dict[str, Any]:
    step = len(STEPS) - 1 if found.se else NAMES.index("Linear")
    return {"built_step": NAMES[step], **{f"built_{name}": getattr(found, name) for name in SLIDERS},
            **{switch(name, step): getattr(found, name) for name in (*SWITCHES, "activation")}}


def _left(found: Design) -> list[str]:
    """What a teacher's link has fixed at something else than the block has."""
    names = {"built_step": "Step", **{f"built_{name}": label for name, label in SLIDERS.items()}}
    wanted = _of(found)
    return [f"{label} = {st.session_state[key]}" for key, label in names.items()
            if key in state.fixed() and st.session_state.get(key, wanted[key]) != wanted[key]]


def _data(step: int, made: Design) -> dict[str, Any]:
    own = {name: value for name, value in asdict(made).items() if name not in SLIDERS}
    usual = design.design(step, **{name: getattr(made, name) for name in SLIDERS})
    return {"hand": {f"built_{name}": getattr(made, name) for name in SLIDERS}, "step": step, "own": own if made != usual else None,
            "steps": [step._asdict() for step in STEPS], "texts": {"prefixes": palette.PREFIXES, "symbols": sorted(palette.SYMBOLS)},
            "colour": palette.ACCENT[shell.theme()]}


def _picture(step: int, made: Design, guessed: bool) -> None:
    component("built")(key="built", data={**_data(step, made), "waits": "" if guessed else NAMES[4]}, height="content",
                       on_stepped_change=lambda: _go(st.session_state["built"].stepped))
    st.caption(lesson.text(SLUG, "key"))
    if made.skip and not made.joined:
        st.caption(lesson.text(SLUG, "no_skip"))
