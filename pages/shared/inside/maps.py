"""The maps of one layer: all of them small, one of them large beside the picture."""

from html import escape

import numpy as np
import streamlit as st

from effnet_core.figures import maps
from effnet_core.palette import SIGNED

from .. import html, shell, state, texts
from ..gallery import Sheet, Tile, gallery
from ..seen import Look

KINDS = {"Block output": "output", "Before SE": "before", "After SE": "after"}
SCOPES = {"Each map": "map", "Whole layer": "layer"}
SORTS = {"Strength": "strength", "Gate": "gate", "Number": "channel"}
FIRST = 48  # maps shown at first, and more with every press


def number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")


def sheet_of(made: maps.Mosaic) -> Sheet:
    return Sheet(made.png, made.columns, made.width, made.height, made.gap)


def values_of(at: Look, unit: str, kind: str) -> np.ndarray:
    """The maps (C H W) of a unit's output, or of what goes into and comes out of its squeeze-and-excitation."""
    if kind == "output":
        return at.seen.outputs[unit]
    return at.opened(unit).excitation.before if kind == "before" else at.opened(unit).excitation.after()


def _space(kind: str) -> str:
    """A block's output has other channels than its widened middle, in which squeeze-and-excitation works."""
    return "output" if kind == "output" else "middle"


def pick(kind: str, channel: int) -> None:
    st.session_state["_channel"] = (_space(kind), channel)


def channel_of(at: Look, unit: str, kind: str) -> int:
    """The picked channel; the one that answers most strongly where none was picked here or this layer has fewer."""
    space, channel = st.session_state.get("_channel", ("", 0))
    values = values_of(at, unit, "before" if kind == "after" else kind)
    return channel if space == _space(kind) and channel < len(values) else int(strength(values).argmax())


def strength(values: np.ndarray) -> np.ndarray:
    """Mean absolute value of every map (C H W → C)."""
    return np.abs(values).mean((1, 2))


def _controls(has_se: bool) -> tuple[str, str, str]:
    """Which maps, in which colours, in which order; drawn for every unit alike, so that the address keeps them."""
    which, scope, sort = st.columns([4, 3, 3], gap="medium")
    kept = {"bind": "query-params", "persist_state": "session", "required": True, "width": "stretch"}
    kind = KINDS[which.segmented_control("Which maps", list(KINDS), default="Block output", key="maps", disabled=not has_se, **kept)]
    colours = SCOPES[scope.segmented_control("One colour scale for", list(SCOPES), default="Each map", key="scope", **kept)]
    order = SORTS[sort.segmented_control("Sorted by", list(SORTS), default="Strength", key="sort", **kept)]
    return kind if has_se else "output", colours, order


def _order(at: Look, unit: str, kind: str, sort: str, values: np.ndarray) -> np.ndarray:
    if sort == "channel":
        return np.arange(len(values))
    by_gate = sort == "gate" and kind != "output"
    return np.argsort(-(at.opened(unit).excitation.s if by_gate else strength(values)), kind="stable")


def show(at: Look) -> None:
    """The channels of one layer as pictures, and one of them enlarged."""
    unit = state.selected(at.network)
    if unit == "classifier":
        unit = at.network.last_unit
    st.markdown("#### Maps" + (f" ({at.stamp})" if at.stamp else ""))
    kind, scope, sort = _controls(unit in at.seen.gates)
    values = values_of(at, unit, kind)
    st.caption(texts.text("inside", "maps") + (" " + texts.text("inside", "no_gates") if sort == "gate" and kind == "output" else ""))
    reach, channel = maps.tops(values, scope), channel_of(at, unit, kind)
    _enlarged(at, unit, kind, values[channel], reach[channel], channel)
    _all(at, unit, kind, values, reach, _order(at, unit, kind, sort, values))


def _type(key: str, kind: str) -> None:
    if st.session_state[key] is not None:
        pick(kind, int(st.session_state[key]))


def _enlarged(at: Look, unit: str, kind: str, values: np.ndarray, reach: float, channel: int) -> None:
    seen, large, facts = st.columns([3, 3, 5], gap="medium")
    count = len(values_of(at, unit, "before" if kind == "after" else kind))
    seen.container(key="beside").image(at.view, width="stretch", caption="what the model sees", alt="what the model sees")
    with large:
        picture = maps.png(maps.indexes(values[None], np.array([reach]))[0], shell.theme())
        st.container(key="enlarged").image(picture, width="stretch", alt=f"Map of channel {channel} of {unit}")
        _scale(reach, f"channel {channel}")
    with facts:
        st.session_state["channel_number"] = channel
        st.number_input(f"Channel, 0 to {count - 1:,}", 0, count - 1, step=1, key="channel_number", on_change=_type,
                        args=("channel_number", kind))
        rows = [("Least", number(values.min())), ("Mean", number(values.mean())), ("Greatest", number(values.max()))]
        if kind != "output":
            se = at.opened(unit).excitation
            rows += [("z, mean before SE", number(se.z[channel])), ("gate s", number(se.s[channel]))]
        html.table((f"Over {values.shape[0]} × {values.shape[1]} cells", "Value"), rows)


def _scale(reach: float, middle: str) -> None:
    """The colour scale under a picture, its ends labelled."""
    st.html(f'<div class="ef-scale"><i style="background:linear-gradient(to right,{",".join(SIGNED[shell.theme()])})"></i>'
            f"<span><b>{number(-reach)}</b><span>{escape(middle)}</span><b>{number(reach)}</b></span></div>")


def _all(at: Look, unit: str, kind: str, values: np.ndarray, reach: np.ndarray, order: np.ndarray) -> None:
    limit = _limit(unit, kind)
    shown = order[:limit]
    sheet = maps.mosaic(values[shown], reach[shown], shell.theme())
    gates = None if kind == "output" else at.opened(unit).excitation.s
    tiles = [Tile(int(c), [place], f"{c}" if gates is None else f"{c} · {gates[c]:.2f}",
                  title=f"channel {c}" if gates is None else f"channel {c}, gate {gates[c]:.3f}") for place, c in enumerate(shown)]
    gallery("all_maps", f"Maps of {unit}", sheet_of(sheet), tiles, size=64 if values.shape[1] <= 64 else 84,
            chosen=channel_of(at, unit, kind), on_pick=lambda channel: pick(kind, channel), pixelated=True)
    if len(order) > limit:
        st.button(f"Show {min(FIRST, len(order) - limit)} more of {len(order):,}", key="more_maps", on_click=_more,
                  args=(unit, kind, limit))


def _limit(unit: str, kind: str) -> int:
    where, count = st.session_state.get("_maps_shown", ("", FIRST))
    return count if where == f"{unit} {kind}" else FIRST


def _more(unit: str, kind: str, limit: int) -> None:
    st.session_state["_maps_shown"] = (f"{unit} {kind}", limit + FIRST)
