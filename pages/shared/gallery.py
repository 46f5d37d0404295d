"""A gallery of small pictures that can be picked. They travel as one image file, never as numbers in JSON."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import streamlit as st

from effnet_core.figures.maps import Mosaic
from effnet_core.figures.packing import pack

from .components import component

Id = int | str


class Tile(NamedTuple):
    """One thing to see: its parts, places in the sheet, stand side by side above `label` and `note`; `title` is for hover."""

    id: Id
    parts: Sequence[int]
    label: str = ""
    note: str = ""
    title: str = ""


class Sheet(NamedTuple):
    """An image file (PNG, JPEG) with equal pictures row by row, `columns` in a row, `gap` pixels between them."""

    picture: bytes
    columns: int
    width: int
    height: int
    gap: int = 0


def sheet_of(made: Mosaic) -> Sheet:
    """Of maps or filters that stand in one picture."""
    return Sheet(made.png, made.columns, made.width, made.height, made.gap)


def packed(sheet: Sheet, tiles: Sequence[Tile], **looks) -> bytes:
    """What travels: a head, and the picture."""
    head = {"columns": sheet.columns, "width": sheet.width, "height": sheet.height, "gap": sheet.gap, **looks,
            "tiles": [tile._asdict() for tile in tiles]}
    return pack(head, sheet.picture)


def gallery(key: str, name: str, sheet: Sheet, tiles: Sequence[Tile], *, size: int = 64, chosen: Id | None = None,
            on_pick: Callable[[Id], None] | None = None, pixelated: bool = False, file: str = "") -> None:
    """Draws the tiles, at least `size` pixels wide, in as many columns as there is room for; `on_pick` gets the id of a picked one. Where
    `file` is a name, what is shown can be taken home under it."""
    known = [tile.id for tile in tiles]

    def picked() -> None:
        tile = st.session_state[key].picked
        if on_pick and tile in known:  # a browser may send anything
            on_pick(tile)

    data = packed(sheet, tiles, name=name, size=size, chosen=chosen, pick=on_pick is not None, pixelated=pixelated, file=file)
    component("gallery")(key=key, data=data, on_picked_change=picked, height="content")
