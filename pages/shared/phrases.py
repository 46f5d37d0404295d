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

READ: dict[str, Callable[[str], Any]] = {  # how the value of a control is read; others are text
    **dict.fromkeys(state.RANGES, float),
    **dict.fromkeys(("counted_kernel", "spiral_n", "spiral_seed", "depth_blocks", "depth_seed"), int),
    **dict.fromkeys(("spiral_scale", "depth_gain"), float),
    **dict.fromkeys(("linear_real", "depth_real"), "True".__eq__),
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
