"""Links in the prose that act, so that what a text says can be seen at once.

`[four times deeper](#set:source=Formula&phi=2&alpha=2)` sets controls, `[the graph](#set:scaling?level=Layers)` does so on another page,
and `[swish](#word:swish)` explains a word where it stands, from the glossary. Works in everything that `st.markdown` shows.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from . import glossary, state, texts
from .components import component


def _switch(text: str) -> bool:
    return text == "true"


READ: dict[str, Callable[[str], Any]] = {  # how the value of a control is read; others are text
    **dict.fromkeys(state.RANGES, float),
    **dict.fromkeys(("conv_inputs", "conv_outputs", "conv_kernel", "conv_stride", "conv_side"), int),
    **dict.fromkeys(("sep_inputs", "sep_outputs", "sep_kernel", "sep_stride", "sep_side"), int),
    **dict.fromkeys((f"built_{name}" for name in ("inputs", "outputs", "expand", "kernel", "stride", "side", "ratio")), int),
    **dict.fromkeys((f"built_{name}_{step}" for name in ("skip", "depthwise", "norm", "linear", "se") for step in range(1, 10)), _switch),
    **dict.fromkeys((f"module_{name}" for name in ("inputs", "outputs", "kernel", "stride", "side", "ratio")), int),
    **dict.fromkeys(("module_bias", "module_norm"), _switch),
    **dict.fromkeys(("acts_x", "acts_beta"), float), "acts_on": lambda text: text.split(","),
    **dict.fromkeys(("squeeze_channels", "squeeze_ratio", "squeeze_seed"), int),
    **dict.fromkeys(("norm_gamma", "norm_beta", "norm_mean", "norm_variance", "norm_momentum", "chance_most", "chance_rate"), float),
    **dict.fromkeys(("norm_eps", "norm_batch", "chance_seed"), int),
}


def read(target: str) -> tuple[str, dict[str, Any]]:
    """The page that a phrase leads to, "" for the one on which it stands, and the values that it sets."""
    page, _, values = target.rpartition("?")
    return page, {key: READ.get(key, str)(text) for key, text in parse_qsl(values)}


@cache
def written() -> frozenset[str]:
    """All phrases of our texts."""
    return frozenset(target for page in texts.pages() for target in re.findall(r"\]\(#set:([^)\s]+)\)", texts.whole(page)))


def follow(target: object) -> None:
    """In a callback: does what a phrase says, if it is one of ours; a browser may send anything."""
    if target not in written():
        return
    page, values = read(target)
    state.put(**values)
    if page:
        st.session_state["_goto"] = page


def mount() -> None:
    """Once on every page: lets its phrases act and its words explain themselves."""
    component("phrases")(key="phrases", data={"words": glossary.short()}, height="content",
                         on_followed_change=lambda: follow(st.session_state["phrases"].followed))
