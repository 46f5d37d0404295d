"""Depthwise, pointwise and SE blocks as modules: shapes, zeros and parameters, term by term."""

from typing import Any

import streamlit as st

from effnet_core import palette
from effnet_core.lessons.convolution import PADDINGS, Convolution
from effnet_core.lessons.parts import Filter, Gate, Part

from .. import guess, lesson, shell, state
from ..components import component
from . import code

SLUG = "modules"
KINDS = {"Depthwise": "depthwise", "Pointwise": "pointwise", "Full convolution": "convolution", "SE": "se"}
SLIDERS: dict[str, tuple[str, int, int, int, int]] = {  # number → what its slider says, lowest, highest, usual, step
    "inputs": ("Channels in, C", 4, 640, 96, 4), "outputs": ("Channels out, C′", 4, 640, 24, 4), "kernel": ("Kernel k", 1, 7, 3, 2),
    "stride": ("Stride s", 1, 3, 2, 1), "side": ("Side of the map, D", 7, 224, 16, 1), "ratio": ("Reduction r", 1, 32, 24, 1),
}
OF = {"depthwise": ("inputs", "kernel", "stride", "side"), "pointwise": ("inputs", "outputs", "side"),
      "convolution": ("inputs", "outputs", "kernel", "stride", "side"), "se": ("inputs", "ratio", "side")}


def show() -> None:
    lesson.head(SLUG)
    asked = Convolution(1, 1, 3, 8, 2)
    places = [(0, 1), (1, 1), (1, 0)]
    span = (asked.cells - 1) * asked.stride + asked.kernel
    guessed = lesson.ask(SLUG, ["None before, one after", "One before, one after", "One before, none after"], places.index(asked.zeros),
                         side=str(asked.side), cells=str(asked.cells), span=str(span))
    kind = KINDS[st.pills("Module", list(KINDS), default="Depthwise", required=True, wrap=True, **state.bound("module_kind"))]
    st.markdown(lesson.text(SLUG, kind))
    left, right = st.columns([1, 4], gap="medium")
    with left, st.container(key="module_controls"):
        numbers, choices = _controls(kind)
    made = _made(kind, numbers, choices)
    with right:
        component("modules")(key="modules", data={**_data(kind, numbers, choices), "guessed": guessed}, height="content")
        st.caption(lesson.text(SLUG, "key_se" if kind == "se" else "key"))
    if guessed or "kernel" not in OF[kind]:
        code.show(SLUG, made)
    else:
        st.markdown(f"Its code, which pads these zeros: {guess.WAITS}.")
    lesson.foot(SLUG)


def _controls(kind: str) -> tuple[dict[str, int], dict[str, Any]]:
    """Every number, those without a slider here as they usually are; and padding, bias and batch norm."""
    numbers = {name: usual for name, (_, _, _, usual, _) in SLIDERS.items()}
    for name in OF[kind]:
        label, low, high, usual, by = SLIDERS[name]
        numbers[name] = st.slider(label, low, high, usual, by, help=lesson.text(SLUG, f"help_{name}"), **state.bound(f"module_{name}"))
    choices: dict[str, Any] = {"padding": "same", "bias": False, "norm": False}
    if "kernel" in OF[kind]:
        choices["padding"] = st.segmented_control("Padding", PADDINGS, default="same", required=True,
                                                  help=lesson.text(SLUG, "help_padding"), **state.bound("module_padding"))
    if kind != "se":
        choices["norm"] = st.toggle("Batch norm", True, **state.bound("module_norm"))
        choices["bias"] = st.toggle("Bias", False, help=lesson.text(SLUG, "help_bias"), **state.bound("module_bias"))
    return numbers, choices


def _made(kind: str, numbers: dict[str, int], choices: dict[str, Any]) -> Part:
    inputs, side = numbers["inputs"], numbers["side"]
    if kind == "se":
        return Gate("se", inputs, max(1, inputs // numbers["ratio"]), side)
    kernel, stride = (1, 1) if kind == "pointwise" else (numbers["kernel"], numbers["stride"])
    outputs, groups = (inputs, inputs) if kind == "depthwise" else (numbers["outputs"], 1)
    return Filter(kind, Convolution(inputs, outputs, kernel, side, stride, choices["padding"], groups), choices["bias"], choices["norm"])


def _data(kind: str, numbers: dict[str, int], choices: dict[str, Any]) -> dict[str, Any]:
    return {"hand": {f"module_{name}": value for name, value in numbers.items()}, "kind": kind, **choices,
            "texts": {"prefixes": palette.PREFIXES, "symbols": sorted(palette.SYMBOLS)}, "colour": palette.ACCENT[shell.theme()]}
