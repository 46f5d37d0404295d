"""Grad-CAM of a class at every unit: one pass backwards, a row of small pictures, the selected one large."""

import math

import numpy as np
import streamlit as st

from effnet_core.figures import cam as draw
from effnet_core.figures.units import unit_names
from effnet_core.inside.cam import sweep
from effnet_core.inside.geometry import spread_out

from .. import state
from ..gallery import Sheet, Tile, gallery
from ..seen import Look, titled
from .evidence import text
from .files import named
from .overlay import Panel, Words, overlay, picture, pixels, reach_of

SMALL = 96  # side of a picture of the row, pixels


def _every(at: Look, label: int) -> dict[str, np.ndarray]:
    """Grad-CAM at every unit, remembered."""
    size = 4 * sum(maps[0].size for maps in at.seen.outputs.values())
    return at.kept("sweep", lambda: sweep(at.model, at.seen, label, at.gradients(label)), size, 0, label)


def show(at: Look, label: int, positive: bool) -> None:
    """Grad-CAM of class `label` at every unit and, large, at the selected one; with `positive` only what speaks for the class."""
    st.markdown(text("sweep", cells=str(at.network.last_map.height ** 2)))
    with st.spinner("One pass backwards through the network…"):
        found = _every(at, label)
        sheet = at.kept("sweep sheet", lambda: _sheet(at, found, positive), 3 * SMALL**2 * len(found), 0, label, positive)
    chosen = state.selected(at.network)
    chosen = chosen if chosen in found else at.network.last_unit
    titles = dict(zip((unit for unit, _ in at.network.units()), unit_names(at.network)))
    tiles = [Tile(unit, [place], unit, titles[unit], f"{unit}, {titles[unit]}: {len(values)} × {len(values)} cells")
             for place, (unit, values) in enumerate(found.items())]
    drawn, row = st.columns([4, 7], gap="large")
    with row:
        gallery("cam_sweep", titled(at, "Grad-CAM at every unit"), sheet, tiles, size=88, chosen=chosen, on_pick=state.select,
                file=named(at, "grad-cam", "units"))
    with drawn:
        values, name = found[chosen], at.model.labels[label]
        panel = Panel(chosen, f"{chosen}, {titles[chosen]}", f"“{name}”, {len(values)} × {len(values)} cells", values, at.grids[chosen],
                      reach_of([values]))
        overlay("cam_unit", titled(at, f"Grad-CAM at {chosen}"), [panel], [picture(at)], Words("Grad-CAM of a cell"), size=260,
                positive=positive, stamp=at.stamp, file=named(at, "grad-cam", chosen, name))


def _sheet(at: Look, found: dict[str, np.ndarray], positive: bool) -> Sheet:
    seen, where = pixels(at, SMALL), at.grids
    pictures = [draw.blend(seen, spread_out(values, where[unit], SMALL), reach_of([values]), positive=positive)
                for unit, values in found.items()]
    made = draw.sheet(pictures, math.ceil(math.sqrt(len(found))))
    return Sheet(made.png, made.columns, made.width, made.height, made.gap)
