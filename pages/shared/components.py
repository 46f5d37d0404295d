"""Our own browser components: files in `assets/`, no build step. `NAME.js` and `NAME.css`, with `parts.js` in front of every script."""

from collections.abc import Callable, Container
from pathlib import Path

import streamlit as st

from . import state

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


@st.cache_resource(show_spinner=False)
def component(name: str):
    """The component `NAME`, to be mounted with `key=` and `data=`; it draws into `<div class="NAME">`."""
    script, own, style = ((_ASSETS / file).read_text(encoding="utf-8") for file in ("parts.js", f"{name}.js", f"{name}.css"))
    return st.components.v2.component(f"effnet_{name}", html=f'<div class="{name}"></div>\n', js=f"{script}\n{own}", css=style)


def picking(key: str, known: Container[str]) -> Callable[[], None]:
    """What a component calls when a unit is picked in it: the unit becomes the selected one, if it is one of `known`."""

    def picked() -> None:
        unit = st.session_state[key].picked
        if isinstance(unit, str) and unit in known:  # a browser may send anything
            state.select(unit)

    return picked
