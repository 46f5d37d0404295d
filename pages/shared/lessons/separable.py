"""Lesson: a depthwise separable convolution. Two cheap steps in the place of a dear one, counted term by term and measured."""

from collections.abc import Iterable

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.lessons.separable import Separable, of_block

from .. import lesson, state
from ..components import component
from . import racing
from .convolution import colours

SLUG = "separable"
FIELDS = {"inputs": "sep_inputs", "outputs": "sep_outputs", "kernel": "sep_kernel", "stride": "sep_stride", "side": "sep_side"}
FIRST = Separable(144, 24, 3, 56)  # stages.1.1 of B0
CHANNELS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 112, 128, 144, 160, 192, 240, 256, 288, 320, 384, 480, 512, 576, 640,
            672,
            768, 960, 1024, 1152, 1280, 1536, 1920, 2048, 2304, 3072, 4096)
SIDES = (4, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 150, 160, 192, 224)
USUAL = {"sep_inputs": CHANNELS, "sep_outputs": CHANNELS, "sep_kernel": (3, 5, 7), "sep_stride": (1, 2), "sep_side": SIDES}
MOST = {"sep_inputs": 8192, "sep_outputs": 8192, "sep_side": 1024}  # other numbers than the usual are welcome up to here
LABELS = {"sep_inputs": "M, channels in", "sep_outputs": "N, channels out", "sep_kernel": "Dᵣ, side of a kernel", "sep_stride": "Stride s",
          "sep_side": "Dᵤ, side of the map"}
BLOCK = "sep_block"


def show() -> None:
    lesson.head(SLUG)
    guessed = _guess()
    network = state.architecture()
    _follow_strip(network)
    shape, sliders = _controls(network)
    data = {**sliders, "padding": shape.padding, "colours": colours(), "revealed": guessed}
    component("separable")(key="separable", data=data, height="content")
    st.markdown(lesson.text(SLUG, "traffic"))
    st.markdown(f"##### {lesson.text(SLUG, 'race_title')}")
    racing.show(shape)
    with st.expander("Letters and words"):
        st.markdown(lesson.text(SLUG, "words"))
    lesson.foot(SLUG)


def _guess() -> bool:
    """What 3 × 3 kernels can save at most; the derivation waits for it."""
    many = Separable(64, CHANNELS[-1], 3, 8)
    options = ["Half as many", "A third", "A ninth", "Next to none"]
    right = min(range(len(options)), key=lambda place: abs((1 / 2, 1 / 3, 1 / 9, 0.0)[place] - float(many.ratio)))
    return lesson.ask(SLUG, options, right, outputs=f"{many.outputs:,}", ratio=f"{float(many.ratio):.4f}", limit=f"{1 / 9:.4f}")


def _shapes(network: Architecture) -> dict[str, Separable]:
    return {block.id: of_block(block) for block in network.blocks}


def _fill(shape: Separable) -> None:
    """Before the sliders are drawn, or in a callback."""
    state.put(**{key: getattr(shape, name) for name, key in FIELDS.items()})


def _follow_strip(network: Architecture) -> None:
    """A block that is picked in the strip fills the sliders."""
    unit, shapes = state.selected(network), _shapes(network)
    before = st.session_state.get("_sep_unit", unit)
    st.session_state["_sep_unit"] = unit
    if unit != before and unit in shapes:
        _fill(shapes[unit])


def _as_in(network: Architecture) -> None:
    """The callback of the choice of a block."""
    if (unit := st.session_state[BLOCK]) in (shapes := _shapes(network)):
        st.session_state["_sep_unit"] = unit
        _fill(shapes[unit])
        state.put(layer=unit)


def _options(key: str) -> list[int]:
    """The usual numbers, and the one that a block or an address asks for."""
    asked = str(st.session_state.get(key, st.query_params.get(key, "")))
    known = {*USUAL[key]}
    if asked.isascii() and asked.isdecimal() and len(asked) < 6 and 1 <= int(asked) <= MOST.get(key, 0):
        known.add(int(asked))
    return sorted(known)


def _controls(network: Architecture) -> tuple[Separable, dict]:
    """The shape, and what a component needs to follow the sliders: each stands at the number of an option."""
    shapes = _shapes(network)
    choice, sliders = st.container(), st.container(key="sep_controls")
    options = {key: _options(key) for key in FIELDS.values()}
    values = {name: column.select_slider(LABELS[key], options[key], getattr(FIRST, name), **state.bound(key))
              for column, (name, key) in zip(sliders.columns(len(FIELDS), gap="medium"), FIELDS.items())}
    shape = Separable(**values)
    _block_choice(choice, network, shapes, shape)
    hand = {key: options[key].index(values[name]) for name, key in FIELDS.items()}
    return shape, {"hand": hand, "fields": FIELDS, "options": options}


def _block_choice(place, network: Architecture, shapes: dict[str, Separable], shape: Separable) -> None:
    same = [unit for unit, other in shapes.items() if other == shape]
    chosen = state.selected(network)
    st.session_state[BLOCK] = chosen if chosen in same else next(iter(same), None)
    labels = dict(zip(shapes, _named(network, shapes.values())))
    place.selectbox(f"As in a block of {network.name}: its depthwise convolution, and the channels that the block hands on", [*shapes],
                    index=None,
                    format_func=labels.__getitem__, key=BLOCK,
                    placeholder="No block has these numbers; choose one, or click in the strip above",
                    on_change=_as_in, args=(network,))


def _named(network: Architecture, shapes: Iterable[Separable]) -> list[str]:
    return [f"{block.id}, {block.label}: {shape.inputs:,} → {shape.outputs:,} channels, {shape.side} × {shape.side}, stride {shape.stride}"
            for block, shape in zip(network.blocks, shapes)]
