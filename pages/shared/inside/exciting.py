"""What excites a channel: the patches of a whole data set to which it answers most strongly, and the filters of the first layer."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from effnet_core.inside.channels import ranked
from effnet_core.inside.geometry import Grid
from effnet_core.inside.survey_files import Head
from effnet_core.inside.survey_patches import TILE, cut, patch, sheet, strongest
from effnet_core.inside.survey_peaks import Peak, Peaks
from effnet_core.inside.survey_pictures import Pictures
from effnet_core.palette import fixed

from .. import memory, shell, state, texts
from ..gallery import Sheet, Tile, gallery
from ..html import plain
from ..seen import Look, titled
from . import albums, first_layer, surveying
from . import channel as channels
from .files import named

SPACES = {"Output": "output", "Depthwise filter": "before", "First layer": "first"}
FIRST = 24  # channels shown at first, and more with every press
ROOM = "inside_exciting"


class Place(NamedTuple):
    """The maps that are looked at: the key of their peaks, and of this picture their values (C H W)."""

    key: str
    kind: str
    grid: Grid
    values: np.ndarray


def show(at: Look) -> None:
    """One channel of the selected unit and what it answers to, then all of them."""
    st.markdown(texts.text(ROOM, "lead"))
    found, place = surveying.choose(at, needs_peaks=True), _place(at)
    channel = _channel_of(at, place)
    if place.kind == "first":
        first_layer.show(at, channel, lambda picked: _pick("first", picked))
    st.markdown(titled(at, f"#### What excites channel {channel} of {place.key}"))
    if found.survey is None:
        st.markdown(texts.text(ROOM, "nothing", data=plain(found.source.title)))
        return
    with shell.refusals():
        _show(at, place, channel, found)


def _show(at: Look, place: Place, channel: int, found: surveying.Found) -> None:
    meant = albums.album(at, found)
    with st.spinner("Looking up the photos…"):
        album = meant.open()
    facts, nine = st.columns([3, 8], gap="medium")
    with nine:
        _nine(at, place, channel, found, album, meant)
    with facts:
        _facts(at, place, channel)
    _all(at, place, channel, found, album)


# Where to look


def _place(at: Look) -> Place:
    unit = state.selected(at.network)
    unit = at.network.last_unit if unit == "classifier" else unit
    depthwise = next((layer.id for layer in dict(at.network.units())[unit] if layer.operator == "depthwise"), None)
    kind = SPACES[st.segmented_control("Whose channels", list(SPACES), default="Output", required=True, key="exciting", bind="query-params",
                                       persist_state="session", help=texts.text(ROOM, "spaces"))]
    if kind == "before" and depthwise is None:
        kind = "output"
        st.caption(texts.text(ROOM, "no_depthwise", unit=unit))
    key = {"output": unit, "before": depthwise, "first": "stem"}[kind]
    values = at.opened(unit).layers[key] if kind == "before" else at.seen.outputs[key]
    return Place(key, kind, at.grids[key], values)


def _channel_of(at: Look, place: Place) -> int:
    """The picked channel, which the parts of the page share; else the one that answers this picture most."""
    if place.kind != "first":
        return channels.channel_of(at, at.network.unit_of(place.key), place.kind)
    picked = st.session_state.get("_stem_channel", -1)
    return picked if 0 <= picked < len(place.values) else int(_order(at, place)[0])


def _order(at: Look, place: Place) -> np.ndarray:
    """Channels by the mean |value| of their maps on this picture, the strongest first."""
    unit = at.network.unit_of(place.key)
    part = channels.parts(at, unit)["depthwise" if place.kind == "before" else "output"]
    return ranked("strength", channels.channels_of(at, unit, part))


def _pick(kind: str, channel: int) -> None:
    if kind == "first":
        st.session_state["_stem_channel"] = channel
    else:
        channels.pick(kind, channel)


# What is shown


def _cut(head: Head, place: Place, what: tuple, wanted: list[Peak], album: Pictures) -> bytes:
    """Patches in one picture file, remembered for all visitors."""
    columns, sharp = min(len(wanted), 6), patch(place.grid, 0, 0).enlarged
    size = 40_000 * len(wanted)
    return memory.shared().get(
        ("patches", head.path, head.version, place.key, *what),
        lambda: sheet([cut(album.view(peak.image), place.grid, peak) for peak in wanted], columns, sharp), size, 3 * TILE**2 * len(wanted))


def _sheet(file: bytes, count: int) -> Sheet:
    return Sheet(file, min(count, 6), TILE, TILE)


def _nine(at: Look, place: Place, channel: int, found: surveying.Found, album: Pictures, meant: albums.Album) -> None:
    """The strongest cells of the data, one of every image."""
    peaks = found.survey.peaks.of(place.key, channel)
    file = _cut(found.head, place, (channel,), peaks, album)
    images = [peak.image for peak in peaks]
    tiles = [Tile(rank, [rank], fixed(peak.value), _class(peak, album), _words(rank, peak, album)) for rank, peak in enumerate(peaks)]
    name = titled(at, f"What excites channel {channel} of {place.key} most")
    gallery("exciting_nine", name, _sheet(file, len(peaks)), tiles, size=118,
            on_pick=lambda rank: albums.look_at(meant, images[rank]), pixelated=patch(place.grid, 0, 0).enlarged,
            file=named(at, place.key, "excited-by", channel))
    edge, side = patch(place.grid, 0, 0).edge, at.model.preprocess.crop
    section = "whole" if edge == side else "part"
    st.caption(texts.text(ROOM, section, reach=f"{place.grid.reach:,}", side=str(side), step=str(place.grid.step),
                          images=f"{found.head.images:,}"))


def _class(peak: Peak, album: Pictures) -> str:
    return album.labels[album.label(peak.image)]


def _words(rank: int, peak: Peak, album: Pictures) -> str:
    return (f"{rank + 1}: {fixed(peak.value)} in row {peak.row}, column {peak.column}; {_class(peak, album)}, "
            f"{album.title(peak.image)}. Click to look at this picture")


def _facts(at: Look, place: Place, channel: int) -> None:
    """The channel's number, and what it answers to the picture of the page."""
    count = len(place.values)
    st.session_state["exciting_channel"] = channel
    st.number_input(f"Channel, 0 to {count - 1:,}", 0, count - 1, step=1, key="exciting_channel", on_change=_type, args=(place.kind,))
    mine = strongest(place.values[channel])
    tile = cut(at.picture.view(at.model.preprocess), place.grid, mine)
    own = Sheet(sheet([tile], 1, patch(place.grid, 0, 0).enlarged), 1, TILE, TILE)
    gallery("exciting_own", titled(at, "The strongest answer to this picture"), own,
            [Tile("own", [0], f"this picture: {fixed(mine.value)}", f"row {mine.row}, column {mine.column}")], size=118)


def _type(kind: str) -> None:
    if st.session_state["exciting_channel"] is not None:
        _pick(kind, int(st.session_state["exciting_channel"]))


def _all(at: Look, place: Place, channel: int, found: surveying.Found, album: Pictures) -> None:
    """Of many channels the one patch each that excites it most."""
    st.markdown(titled(at, f"##### Every channel of {place.key}, and the patch that excites it most"))
    peaks: Peaks = found.survey.peaks
    order, kind = _order(at, place), place.kind  # what a callback holds lives as long as the session
    where, limit = st.session_state.get("_exciting_shown", ("", FIRST))
    limit = limit if where == place.key else FIRST
    shown = order[:limit].tolist()
    first = [peaks.of(place.key, each)[0] for each in shown]
    file = _cut(found.head, place, ("first", *shown), first, album)
    tiles = [Tile(each, [rank], str(each), fixed(peak.value), f"channel {each}: {fixed(peak.value)}, {_class(peak, album)}")
             for rank, (each, peak) in enumerate(zip(shown, first))]
    st.caption(texts.text(ROOM, "all"))
    gallery("exciting_all", titled(at, f"Channels of {place.key}"), _sheet(file, len(shown)), tiles, size=84, chosen=channel,
            on_pick=lambda picked: _pick(kind, picked), pixelated=patch(place.grid, 0, 0).enlarged,
            file=named(at, place.key, "excited-by"))
    if len(order) > limit:
        st.button(f"Show {min(FIRST, len(order) - limit)} more of {len(order):,}", key="more_exciting", on_click=_more,
                  args=(place.key, limit))


def _more(key: str, limit: int) -> None:
    st.session_state["_exciting_shown"] = (key, limit + FIRST)
