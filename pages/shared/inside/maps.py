"""The maps of one layer: all of them small, one of them over the picture, and what they are like in numbers."""

from html import escape

import numpy as np
import streamlit as st

from effnet_core.figures.atlas import Plan, plan
from effnet_core.inside.channels import Channels
from effnet_core.palette import four, percent

from .. import shell, state
from ..seen import Look, titled
from . import atlas, channel
from .arranged import View, controls, order_of, reach_of, text
from .files import named


def show(at: Look) -> None:
    """The channels of one layer as pictures, and one of them enlarged over what the model sees."""
    unit = state.selected(at.network)
    if unit == "classifier":
        unit = at.network.last_unit
    st.markdown(titled(at, "#### Maps"))
    view = controls(at, unit)
    numbers = channel.channels_of(at, unit, view.part, view.difference)
    _words(at, view, numbers)
    _layer(numbers)
    all_of_them, large = st.columns([6, 5], gap="large")
    reach, most = reach_of(at, view, numbers)
    with all_of_them:
        words = _mosaic(at, view, numbers, reach)
    with large:
        _enlarged(at, view, reach)
    _facts(at, view, numbers)
    for sentence in (f"{most} {words}", text("field", se=" " + text("field_se") if _sees_all(at, view) else ""), _dead(numbers)):
        if sentence:
            st.caption(sentence)


def _words(at: Look, view: View, numbers: Channels) -> None:
    """What this layer is, and where its cells look."""
    grid, part, unit = channel.grid_of(at, view.unit, view.part), view.part, view.unit
    section = "everything" if grid.reach == 1 else "layer"
    what = "widen" if part.id == "expand" and part.space == "output" else part.id
    block = next((block for block in at.network.blocks if block.id == unit), None)
    skip = ", after the block's input was added" if block is not None and block.skip else ""
    words = text(section, title=part.title, unit=unit, channels=f"{len(numbers.dead):,}", height=str(grid.cells), width=str(grid.cells),
                 step=f"{grid.step} pixel{'s' if grid.step > 1 else ''}", reach=f"{grid.reach:,}", side=str(grid.side))
    st.markdown(words if section == "everything" else f"{words} {text(what, **({'skip': skip} if what == 'output' else {}))}")
    if view.difference:
        st.caption(text("difference") if numbers.reach.any() else text("unchanged"))


def _sees_all(at: Look, view: View) -> bool:
    """Whether a squeeze-and-excitation has looked at the whole picture before."""
    names = [*at.seen.outputs]
    first = next((names.index(unit) for unit in at.seen.gates), len(names))
    return names.index(view.unit) > first or (names.index(view.unit) == first and view.part.id in ("se", "project", "output"))


def _layer(numbers: Channels) -> None:
    """What the layer as a whole is like."""
    dead, strongest = int(numbers.dead.sum()), numbers.strongest
    rows = [("Below zero", percent(numbers.negative)), ("Exactly zero", percent(numbers.zero)), ("Mean", four(numbers.average)),
            ("Standard deviation", four(numbers.std)), ("Strongest channel", f"{strongest}, mean |value| {four(numbers.strength[strongest])}"),
            ("Constant maps", f"{dead:,} of {len(numbers.dead):,}")]
    _strip(rows)


def _strip(rows: list[tuple[str, str]]) -> None:
    """Names and numbers side by side."""
    st.html('<dl class="ef-strip">' + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows) + "</dl>")


def _mosaic(at: Look, view: View, numbers: Channels, reach: np.ndarray) -> str:
    """All maps, as many of them as one message has room for; returns what is to be said of them."""
    values, order = channel.values_of(at, view.unit, view.part, view.difference), order_of(at, view, numbers)
    how = plan(*values.now.shape)
    part = _page(at, view, how, order.channels)
    shown = order.channels[part * how.count : (part + 1) * how.count]
    tiles = atlas.Tiles(shown, values.of(shown), reach[shown], numbers.dead[shown], order.notes[shown])
    atlas.mosaic(_scene(at, view), tiles, how, name=f"Maps: {view.layer}; arrow keys move, Enter enlarges", order=f"{view.sort} {part}", note=order.note,
                 signed=view.sort == "attribution", on_pick=lambda picked: channel.choose(view.part, picked))
    if how.count < len(order.channels):
        _turner(view, how, part, len(order.channels))
    thin = text("thin", times=str(how.thin)) if how.thin > 1 else ""
    return f"{order.words} {text('exact') if how.exact else text('levels', thin=thin)}"


def _dead(numbers: Channels) -> str:
    which = np.flatnonzero(numbers.dead)
    names = ", ".join(map(str, which[:12])) + (" …" if len(which) > 12 else "")
    return text("dead", dead=f"{len(which):,}", channels=f"{len(numbers.dead):,}", which=names) if len(which) else ""


def _scene(at: Look, view: View) -> atlas.Scene:
    return atlas.Scene(view.layer, view.scope, channel.grid_of(at, view.unit, view.part), shell.theme(), at.stamp,
                       named(at, view.unit, view.part.id, *(["change"] if view.difference else [])))


def _page(at: Look, view: View, how: Plan, order: np.ndarray) -> int:
    """Which message of maps is shown: the one that was turned to, else the one with the chosen channel."""
    turned, page = st.session_state.get("_maps_page", ("", 0))
    if turned == f"{view.layer} {view.sort}" and page < how.parts(len(order)):
        return page
    return how.part(int(np.flatnonzero(order == channel.chosen(at, view.unit, view.part))[0]))


def _turner(view: View, how: Plan, page: int, channels: int) -> None:
    back, words, on = st.columns([1, 2, 1], vertical_alignment="center")

    def turn(to: int) -> None:
        st.session_state["_maps_page"] = f"{view.layer} {view.sort}", to

    back.button("Previous", key="maps_back", on_click=turn, args=(page - 1,), disabled=page == 0, width="stretch")
    first, last = page * how.count + 1, min(channels, (page + 1) * how.count)
    words.markdown(f"{first:,} to {last:,} of {channels:,}", text_alignment="center")
    on.button("Next", key="maps_next", on_click=turn, args=(page + 1,), disabled=last == channels, width="stretch")


def _enlarged(at: Look, view: View, reach: np.ndarray) -> None:
    """The chosen map over the picture, and what its square is."""
    chosen = channel.chosen(at, view.unit, view.part)
    values = channel.values_of(at, view.unit, view.part, view.difference).of(chosen)
    layer = channel.convolution(at, view.unit, view.part) if not view.difference else ""
    atlas.lens(_scene(at, view), chosen, values, reach[chosen], at.view, (lambda cell: channel.ask(layer, chosen, cell)) if layer else None)


def _type(view: View) -> None:
    if st.session_state["channel_number"] is not None:
        st.session_state.pop("_maps_page", None)
        channel.choose(view.part, int(st.session_state["channel_number"]))


def _facts(at: Look, view: View, numbers: Channels) -> None:
    """The chosen channel in numbers."""
    chosen, count = channel.chosen(at, view.unit, view.part), len(numbers.dead)
    st.session_state["channel_number"] = chosen
    typed, known = st.columns([3, 7], gap="medium", vertical_alignment="bottom")
    typed.number_input(f"Channel, 0 to {count - 1:,}", 0, count - 1, step=1, key="channel_number", on_change=_type, args=(view,))
    rows = [("Least", four(numbers.least[chosen])), ("Mean", four(numbers.mean[chosen])), ("Greatest", four(numbers.greatest[chosen]))]
    if view.part.space == "middle" and view.unit in at.seen.gates:
        rows += [("z, mean before SE", four(at.seen.squeezed[view.unit][chosen])), ("Gate s", four(at.seen.gates[view.unit][chosen]))]
    if view.sort == "attribution":
        best = at.seen.top(1)[0]
        rows.append(("Attribution", four(channel.attributions_of(at, view.unit, view.part, best.index)[chosen])))
    with known:
        _strip(rows)
