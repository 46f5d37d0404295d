"""Maps over a picture, drawn in the browser: one panel or several that are pointed at together."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import NamedTuple

import numpy as np
import streamlit as st
from PIL import Image

from effnet_core.figures.cam import AGAINST, FOR
from effnet_core.figures.maps import NOT_FINITE_COLOUR
from effnet_core.figures.packing import pack
from effnet_core.inside.geometry import Grid

from .. import texts
from ..components import component
from ..seen import Look

LARGEST = 480  # side of a picture that travels, pixels
SMALL = 200  # side up to which every pixel of the picture is to be seen
ROOM = 2**18  # bytes of such a picture, at most


class Panel(NamedTuple):
    """A map (H W) over the picture number `photo`; `reach` is what its colours reach, up and down."""

    id: str
    title: str
    note: str
    values: np.ndarray
    grid: Grid
    reach: float
    photo: int = 0


class Words(NamedTuple):
    """What a number of the map is, and how the browser speaks of it."""

    what: str  # beneath the scale
    cell: str = "The nearest cell,"
    sees: str = "It can see"
    share: str = ""  # where every cell's number over their count adds to something: to what


def picture(at: Look) -> bytes:
    """What the model sees, as a file for the browser: small enough to travel with every change."""
    return at.kept("overlay picture", lambda: _picture(at.view), ROOM)


def _picture(view: bytes) -> bytes:
    image, file = Image.open(BytesIO(view)), BytesIO()
    if image.width <= SMALL:
        return view
    image.convert("RGB").resize((min(LARGEST, image.width),) * 2, Image.Resampling.LANCZOS).save(file, "JPEG", quality=88)
    return file.getvalue()


def pixels(at: Look, side: int) -> np.ndarray:
    """What the model sees in `side` × `side` pixels, H W 3."""
    return np.asarray(Image.open(BytesIO(picture(at))).convert("RGB").resize((side, side), Image.Resampling.LANCZOS))


def reach_of(maps: Sequence[np.ndarray]) -> float:
    """The greatest finite |value| of several maps, for one scale; 0 where there is none."""
    return float(max(np.abs(each[np.isfinite(each)]).max(initial=0) for each in maps))


def packed(panels: Sequence[Panel], photos: Sequence[bytes], **looks) -> bytes:
    """A head, the pictures, then the maps' cells row by row as float32."""
    parts = [{"id": panel.id, "title": panel.title, "note": panel.note, "first": panel.grid.first, "step": panel.grid.step,
              "reach_px": panel.grid.reach, "cells": panel.grid.cells, "side": panel.grid.side, "reach": panel.reach, "photo": panel.photo}
             for panel in panels]
    colours = {name: [*bytes.fromhex(colour[1:])] for name, colour in (("for", FOR), ("against", AGAINST), ("unknown", NOT_FINITE_COLOUR))}
    head = {**looks, **colours, "panels": parts, "photos": [len(photo) for photo in photos]}
    return pack(head, *photos, *(panel.values for panel in panels))


def overlay(key: str, name: str, panels: Sequence[Panel], photos: Sequence[bytes], words: Words, *, size: int = 200, most: int = 520,
            positive: bool = False, common: bool = True, tools: bool = False, chosen: str = "", stamp: str = "", file: str = "",
            on_pick: Callable[[str], None] | None = None) -> None:
    """Draws the panels, each at least `size` and at most `most` pixels wide; with `common` they have one colour scale. `tools` are the
    controls of all overlays of the page; `on_pick` gets the id of a panel that is clicked; `stamp` stands beneath the scale.
    Where `file` is a name, what is shown can be taken home under it."""
    known = [panel.id for panel in panels]

    def picked() -> None:
        panel = st.session_state[key].picked
        if on_pick and panel in known:  # a browser may send anything
            on_pick(panel)

    said = {**words._asdict(), "what": f"{words.what} · {stamp}" if stamp else words.what, "idle": texts.text("inside_cam", "idle")}
    data = packed(panels, photos, name=name, **said, size=size, most=most, pixels=480 if size >= 240 else 240, positive=positive,
                  reach=panels[0].reach if common else None, tools=tools, chosen=chosen, pick=on_pick is not None, file=file)
    component("overlay")(key=key, data=data, on_picked_change=picked, height="content")
