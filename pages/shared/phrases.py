"""Links in the prose that act, so that what a text says can be seen at once.

`[four times deeper](#set:source=Formula&phi=2&alpha=2)` sets controls, `[the graph](#set:scaling?level=Layers)` does so on another page,
and `[swish](#word:swish)` explains a word where it stands, from the glossary. Works in everything that `st.markdown` shows. What a control
is set to must be one of its values; a value that is no text needs a place in `READ`. An empty one takes back what is carried: `surgery=`.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import streamlit as st

from . import glossary, state, teaching, texts
from .components import component


def _switch(text: str) -> bool:
    return text == "true"


READ: dict[str, Callable[[str], Any]] = {  # how the value of a control is read; others are text
    **dict.fromkeys(("conv_kernel", "conv_stride", "conv_side"), int),
    **dict.fromkeys(("sep_inputs", "sep_outputs", "sep_kernel", "sep_stride", "sep_side"), int),
    **dict.fromkeys((f"built_{name}" for name in ("inputs", "outputs", "expand", "kernel", "stride", "side", "ratio")), int),
    **dict.fromkeys((f"built_{name}_{step}" for name in ("skip", "depthwise", "norm", "linear", "se") for step in range(1, 10)), _switch),
    **dict.fromkeys((f"module_{name}" for name in ("inputs", "outputs", "kernel", "stride", "side", "ratio")), int),
    **dict.fromkeys(("module_bias", "module_norm"), _switch),
    **dict.fromkeys(("acts_x", "acts_beta"), float), "acts_on": lambda text: tuple(text.split(",")),
    **dict.fromkeys(("squeeze_channels", "squeeze_ratio"), int),
    **dict.fromkeys(("norm_variance", "chance_most", "chance_rate"), float),
    "norm_eps": int,
    **dict.fromkeys((*state.RANGES, "step", "tolerance", "search_phi", "budget_macs"), float),
    **dict.fromkeys(("images", "batch", "threads", "sweep_points"), int), "ways_precision": lambda text: tuple(text.split(",")),
    **dict.fromkeys(("spiral_n", "depth_blocks"), int), **dict.fromkeys(("spiral_scale", "depth_gain"), float),
    **dict.fromkeys(("flops", "linear_real", "depth_real"), _switch),
}
UNBOUND = frozenset({"data_kind", "network_scenes", "network_imagenette", "network_own"})  # controls that the address does not know


class Target(NamedTuple):
    """Where a phrase leads, "" for the page on which it stands, and what it sets there."""

    page: str
    values: tuple[tuple[str, Any], ...]

    @property
    def settings(self) -> dict[str, Any]:
        """The values by key, as widgets take them: several choices are a list."""
        return {key: [*value] if isinstance(value, tuple) else value for key, value in self.values}


def read(target: str) -> Target:
    page, _, values = target.rpartition("?")
    return Target(page, tuple((key, READ.get(key, str)(text)) for key, text in parse_qsl(values, keep_blank_values=True)))


def targets(page: str) -> list[str]:
    """The phrases of one text."""
    return re.findall(r"\]\(#set:([^)\s]+)\)", texts.whole(page))


@cache
def written() -> frozenset[Target]:
    """All phrases of our texts."""
    return frozenset(read(target) for page in texts.pages() for target in targets(page))


def follow(sent: object) -> None:
    """In a callback: does what a phrase says, if it is one of ours; a browser may send anything."""
    try:
        target = read(str(sent))
    except ValueError:
        return
    if target not in written():
        return
    state.put(**target.settings)
    state.address(target.page, {key: text for key, text in parse_qsl(str(sent).rpartition("?")[2]) if key not in UNBOUND})


def mount() -> None:
    """Once on every page: lets its phrases act and its words explain themselves."""
    component("phrases")(key="phrases", data={"words": {} if teaching.hides("word-cards") else glossary.short()}, height="content",
                         on_followed_change=lambda: follow(st.session_state["phrases"].followed))
