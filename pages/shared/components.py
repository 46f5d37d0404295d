"""Our own browser components: files in `assets/`, no build step: `NAME.js` behind the scripts that it shares, and `NAME.css` behind theirs."""

import re
from collections.abc import Callable, Container
from pathlib import Path

import streamlit as st

from . import state

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


_SHARED = {  # scripts in front of a component's own
    "teaching": (),
    "engine": ("live", "digits", "numerals", "mirror", "pictures", "pictured_graph"),
    "convolution": ("live", "parts", "tags", "digits", "counting", "solids", "panels"),
    "separable": ("live", "parts", "tags", "digits", "counting", "solids", "panels", "ratio"),
    "tally": ("live", "parts", "tags", "digits", "counting"),
    "walk": ("live", "parts", "tags", "export", "snapshot", "frames", "walking", "digits", "counting", "walk_numbers", "walk_views", "walk_hands"),
    "block": ("live", "parts", "tags", "solids", "volumes"),
    "built": ("live", "parts", "tags", "digits", "numerals", "counting", "block_design", "solids", "volumes", "block_scene", "block_scene_tall", "ladder"),
    "modules": ("live", "parts", "tags", "digits", "numerals", "counting", "block_design", "solids", "volumes", "block_scene", "block_scene_tall", "padding"),
    "graph": ("live", "parts", "routes", "nodes", "view", "export"),
    "phrases": ("explained",),
    "gallery": ("parts", "packed", "export", "snapshot"),
    "excitation": ("parts", "packed", "written", "digits", "tags", "export", "snapshot", "excitation_scene", "excitation_flows", "excitation_drawing",
                   "excitation_words", "excitation_play"),
    "skyline": ("parts", "export", "packed", "written", "tags", "skyline_scene", "skyline_say"),
    "atlas": ("parts", "packed", "export", "snapshot", "digits", "cells", "atlas_tiles"),
    "lens": ("parts", "packed", "export", "snapshot", "digits", "cells"),
    "overlay": ("parts", "packed", "tags", "export", "snapshot", "overlay_field"),
    "patch": ("packed", "tags"),
    "handles": ("packed", "written", "handles_parts", "handles_sent"),
    "cloud": ("parts", "packed", "written", "export", "snapshot"),
    "cell": ("parts", "packed", "tags", "digits", "export", "snapshot", "frames", "walking", "cell_numbers", "cell_views", "cell_hands"),
    "activation": ("live", "parts", "tags", "written", "curves", "plain"),
    "squeeze": ("live", "parts", "tags", "digits", "written", "curves", "plain", "squeeze_drawing"),
    "fold": ("live", "parts", "tags", "written", "plain"),
    "chance": ("live", "parts", "tags", "digits", "written", "plain", "lots"),
    "dropout": ("live", "parts", "tags", "digits", "written", "plain", "lots"),
    "spiral": ("live", "parts", "tags", "digits", "lines", "curves", "lots", "normals", "spiral_math", "spiral_canvas"),
    "stack": ("live", "parts", "tags", "digits", "lines", "curves", "lots", "normals", "stack_math", "stack_parts"),
    "stack_learning": ("live", "parts", "tags", "digits", "lines", "curves", "lots", "normals", "stack_math", "stack_parts"),
    "surface": ("live", "parts", "tags"),
}
_REM = re.compile(r"(?<![\w.-])(\d*\.?\d+)rem\b")
_UNPACKED = "\nexport default (component) => ofData({ ...component, data: Array.isArray(component.data) ? component.data[0] : component.data })\n"
_UNIT = re.compile(r"stem|maxpool|head|classifier|stages\.[0-9]{1,2}\.[0-9]{1,5}")


def scripts(name: str) -> list[str]:
    """The scripts of the component `name` in their order, its own last."""
    return [*_SHARED.get(name, ("live", "parts")), name]


@st.cache_resource(show_spinner=False)
def component(name: str):
    """The component `NAME`, to be mounted with `key=` and `data=`; it draws into `<div class="NAME">`.

    A dictionary travels as a list of one: for the values of a dictionary Streamlit imports pandas and PyArrow, to see whether one is a table.
    """
    files = scripts(name)
    script = "\n".join((_ASSETS / f"{file}.js").read_text(encoding="utf-8") for file in files)
    style = "\n".join(path.read_text(encoding="utf-8") for file in files if (path := _ASSETS / f"{file}.css").exists())
    style = _REM.sub(r"calc(\1 * var(--ef-rem, 1rem))", style)  # where the page's type is enlarged, a component is magnified as a whole, see teaching.py
    script = script.replace("export default function", "const ofData = function") + _UNPACKED  # a name that no script uses
    made = st.components.v2.component(f"effnet_{name}", html=f'<div class="{name}"></div>\n', js=script, css=style)
    return lambda *, data, **options: made(data=[data] if isinstance(data, dict) else data, **options)


def picking(key: str, known: Container[str] | None = None) -> Callable[[], None]:
    """What a component calls when a unit is picked in it: it becomes the selected one, if it is one of `known`. Without them any unit is
    taken, since which there are changes with the hand on a slider; the nearest that the network has is shown."""

    def picked() -> None:
        unit = st.session_state[key].picked
        if isinstance(unit, str) and (_UNIT.fullmatch(unit) if known is None else unit in known):  # a browser may send anything
            state.select(unit)

    return picked


def picked_block(key: str, known: Container[str]) -> None:
    """A point of the Plotly chart `key` was clicked: the unit that its `customdata` begins with becomes the selected one, if it is one of
    `known`."""
    match st.session_state[key]:  # a browser may send anything
        case {"selection": {"points": [*points]}}:
            for point in points:
                match point:
                    case {"customdata": [str(unit), *_]} if unit in known:
                        return state.select(unit)
