"""The two components of the part "Maps": a mosaic of channels, and one channel over the picture. Numbers travel as raw bytes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import streamlit as st

from effnet_core.figures import maps
from effnet_core.figures.atlas import Plan, cells
from effnet_core.figures.packing import pack
from effnet_core.inside.geometry import Grid
from effnet_core.palette import SIGNED

from ..components import component

PHOTO = "lens_photo"  # key of the image that lies under the enlarged map


class Scene(NamedTuple):
    """What both components say of the maps: `layer` tells these from all others, `scope` is that of the colours."""

    layer: str
    scope: str
    grid: Grid
    theme: str
    stamp: str = ""  # what every figure says of weights that learnt nothing
    file: str = ""  # what files of it are called


class Tiles(NamedTuple):
    """Maps of one message, in their order."""

    channels: np.ndarray  # their numbers
    values: np.ndarray  # C H W
    reach: np.ndarray  # C, of the colour scales
    dead: np.ndarray  # C, bool
    notes: np.ndarray  # C, the number under each; NaN for none


def _head(scene: Scene, **more) -> dict:
    return {"layer": scene.layer, "scope": scene.scope, "stamp": scene.stamp, "file": scene.file, "grid": scene.grid._asdict(), **more}


def mosaic(scene: Scene, tiles: Tiles, how: Plan, *, name: str, order: str, note: str, signed: bool, on_pick: Callable[[int], None]) -> None:
    """`note` says what the numbers under the maps are; `on_pick` gets the channel of a picked map."""
    known, key = {*tiles.channels.tolist()}, "all_maps"

    def picked() -> None:
        channel = st.session_state[key].picked
        if isinstance(channel, int) and channel in known:  # a browser may send anything
            on_pick(channel)

    data, height, width = cells(tiles.values, tiles.reach, how)
    size = 44 if max(height, width) <= 12 else 64 if max(height, width) <= 40 else 84
    head = _head(scene, name=name, order=order, note=note, signed=signed, count=len(tiles.channels), exact=how.exact, thin=how.thin, height=height, width=width,
                 size=size)
    sent = pack(head, maps.colours(scene.theme), tiles.channels.astype("<u2").tobytes(), tiles.dead.astype(np.uint8).tobytes(), tiles.reach,
                tiles.notes, data)
    component("atlas")(key=key, data=sent, on_picked_change=picked, height="content")


def lens(scene: Scene, channel: int, values: np.ndarray, reach: float, view: bytes, on_ask: Callable[[tuple[int, int]], None] | None) -> None:
    """One map (H W) over the picture `view`, which is what the model sees; `on_ask` gets the row and column of a cell that is asked about."""
    key = "lens"

    def asked() -> None:
        cell = st.session_state[key].asked
        if on_ask and isinstance(cell, list) and len(cell) == 2 and all(isinstance(place, int) and 0 <= place < scene.grid.cells for place in cell):
            on_ask((cell[0], cell[1]))

    head = _head(scene, channel=channel, reach=float(reach), photo=PHOTO, scale=SIGNED[scene.theme], ask=on_ask is not None,
                 blend="multiply" if scene.theme == "light" else "hard-light")
    component("lens")(key=key, data=pack(head, maps.colours(scene.theme), values), on_asked_change=asked, height="content")
    with st.container(key=PHOTO):
        st.image(view, width="stretch")
