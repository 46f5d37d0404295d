"""The filters of the first layer: all of them in colours, the picked one colour by colour and in numbers."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from effnet_core.figures import filters, maps
from effnet_core.palette import SIGNED, fixed, signed

from .. import html, shell, texts
from ..gallery import Tile, gallery, sheet_of
from ..seen import Look, titled
from .files import named

COLOURS = ("red", "green", "blue")
ROOM = "inside_exciting"


def show(at: Look, channel: int, pick: Callable[[int], None]) -> None:
    """All filters of the first layer, and the weights of the picked one colour by colour."""
    weights = at.model.network.stem.conv.weight.detach().numpy()
    count, size, top = len(weights), weights.shape[-1], filters.reach(weights)
    st.markdown(titled(at, f"#### The {count} filters of the first layer, {size} × {size} × 3 weights each"))
    left, right = st.columns([5, 6], gap="large")
    with left:
        made = filters.mosaic(weights, top)
        tiles = [Tile(each, [each], str(each), title=f"filter {each}") for each in range(count)]
        gallery("first_filters", titled(at, "Filters of the first layer"), sheet_of(made), tiles, size=52, chosen=channel,
                on_pick=pick, pixelated=True, file=named(at, "first-filters"))
    with right:
        apart = maps.mosaic(weights[channel], np.full(3, top), shell.theme())
        gallery("first_colours", titled(at, f"Filter {channel}, colour by colour"), sheet_of(apart),
                [Tile(colour, [plane], colour) for plane, colour in enumerate(COLOURS)], size=96, pixelated=True)
        _scale(top)
        ends = {"least": fixed(float(weights[channel].min())), "greatest": fixed(float(weights[channel].max()))}
        st.caption(texts.text(ROOM, "filters", number=str(channel), **ends))
    html.table((f"Filter {channel}", *(f"{colour} {x + 1}" for colour in COLOURS for x in range(size))),
               [(f"row {y + 1}", *map(signed, weights[channel, :, y].ravel())) for y in range(size)])


def _scale(top: float) -> None:
    st.html(f'<div class="ef-scale"><i style="background:linear-gradient(to right,{",".join(SIGNED[shell.theme()])})"></i>'
            f"<span><b>{fixed(-top)}</b><span>weight</span><b>{fixed(top)}</b></span></div>")
