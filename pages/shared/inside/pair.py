"""Two pictures through one model: both predictions, where their gates differ, and the channels that do."""

from html import escape

import numpy as np
import streamlit as st

from effnet_core.figures import maps
from effnet_core.figures import pair as draw
from effnet_core.inside.inspection import Guess
from effnet_core.palette import fixed, percent, unit_colour

from .. import choosing, photo, seen, shell, state, texts
from ..components import component
from ..gallery import Tile, gallery, sheet_of
from ..html import plain
from ..seen import Look, titled
from . import channel
from .files import named

FARTHEST = 8  # channels whose maps are shown
GUESSES = 3


def show(at: Look) -> None:
    """The part of the page. It compares the network as it is, whatever gates are set by hand."""
    here = at.bare
    wanted, other_picture = photo.current(photo.second(at.shown))
    there = seen.untouched(at.entry, at.model, wanted, other_picture)
    if at.surgery:
        st.caption(texts.text("inside_pair", "untouched"))
    _pictures(here, there)
    if not here.seen.gates:
        st.info(texts.text("inside_pair", "no_gates"))
        return
    rows = draw.differences(here.seen.gates, there.seen.gates)
    unit = state.selected(at.network)
    if unit not in here.seen.gates:
        unit = max(rows, key=lambda row: row.mean).block
    _blocks(here, there, rows, unit)
    _block(here, there, next(row for row in rows if row.block == unit))
    st.caption(texts.text("inside_pair", "paper"))


def _pictures(here: Look, there: Look) -> None:
    """The other picture's choice, and both with what the model says."""
    choice, first, second = st.columns([4, 5, 5], gap="medium")
    with choice, st.container(key="pair_other"):
        choosing.choose(there.shown, "other", "The other picture")
    for column, at, name in ((first, here, "This picture"), (second, there, "The other one")):
        with column:
            picture, guess = st.columns([2, 3], gap="small")
            picture.image(at.eye, width="stretch", alt=f"{name}: {at.picture.title}")
            with guess:
                st.markdown(titled(at, f"**{name}**: {plain(at.picture.title)}"))
                st.html(f'<div class="ef-pairs ef-short" role="list">{"".join(map(_guess, at.seen.top(GUESSES)))}</div>')


def _guess(guess: Guess) -> str:
    return (f'<div role="listitem" title="{escape(guess.label)}: {guess.probability:.6f}, logit {guess.logit:.4f}">'
            f'<span class="ef-word">{escape(guess.label)}</span>'
            f'<span class="ef-two" aria-hidden="true"><i style="width:{100 * guess.probability:.2f}%"></i></span>'
            f'<span class="ef-odds">{percent(guess.probability)}</span></div>')


def _take(block: object) -> None:
    state.select(block)


def _blocks(here: Look, there: Look, rows: list[draw.Difference], unit: str) -> None:
    """Every block small, and the blocks in the order of how far their gates lie apart."""
    st.markdown(titled(here, "#### Where the gates differ"))
    left, right = st.columns([7, 4], gap="large")
    with left:
        st.markdown(texts.text("inside_pair", "blocks"))
        sheet = draw.panels(here.seen.gates, there.seen.gates, shell.theme())
        tiles = [Tile(row.block, [place], row.block, f"apart {row.mean:.3f}", title=_words(row)) for place, row in enumerate(rows)]
        name = titled(here, "Gates on both pictures, block by block")
        gallery("pair_blocks", name, sheet_of(sheet), tiles, size=84, chosen=unit, on_pick=_take,
                file=named(here, "blocks", "two-photos"))
    with right:
        st.markdown(titled(here, "**The most different first**"))
        _bars(rows, unit)


def _words(row: draw.Difference) -> str:
    return (f"{row.block}: mean |difference| {row.mean:.4f}, correlation {_correlation(row)}, farthest channel {row.channel} "
            f"by {row.most:.3f}")


def _correlation(row: draw.Difference) -> str:
    return "none (no spread)" if np.isnan(row.correlation) else fixed(row.correlation, 3)


def _bars(rows: list[draw.Difference], unit: str) -> None:
    top = max(row.mean for row in rows) or 1.0
    lines = "".join(
        f'<div role="listitem" title="{escape(_words(row))}"{" class=ef-mark" if row.block == unit else ""}>'
        f'<span>{escape(row.block)}</span><span class="ef-line" aria-hidden="true">'
        f'<i style="width:{100 * row.mean / top:.2f}%;background:{unit_colour(row.block, shell.theme())}"></i></span>'
        f'<span class="ef-odds">{row.mean:.3f}</span><span class="ef-odds">{_correlation(row).split(" ")[0]}</span></div>'
        for row in sorted(rows, key=lambda row: -row.mean))
    head = ('<div class="ef-head"><span>block</span><span></span><span class="ef-odds">mean |Δs|</span>'
            '<span class="ef-odds">corr.</span></div>')
    st.html(f'<div class="ef-apart" role="list">{head}{lines}</div>')


def _picked(count: int) -> None:
    picked = st.session_state["cloud"].picked
    if type(picked) is int and 0 <= picked < count:  # a browser may send anything
        channel.pick("after", picked)


def _block(here: Look, there: Look, row: draw.Difference) -> None:
    """One block large: its channels, and the maps of those that differ most."""
    unit, these, those = row.block, here.seen.gates[row.block], there.seen.gates[row.block]
    st.markdown(titled(here, f"#### {unit}, channel by channel"))
    cloud, most = st.columns([5, 6], gap="large")
    count = len(these)  # what a callback holds lives as long as the session
    chosen = _chosen(count, row.channel)
    with cloud:
        data = draw.cloud(unit, these, those, ("this picture", "the other one"), chosen, shell.theme(), here.stamp,
                          named(here, unit, "two-photos"))
        component("cloud")(key="cloud", data=data, on_picked_change=lambda: _picked(count), height="content")
    with most:
        st.markdown(texts.text("inside_pair", "farthest", block=unit, mean=f"{row.mean:.3f}", correlation=_correlation(row)))
        channels = draw.farthest(these, those, FARTHEST)
        channels = channels if chosen in channels else np.append(channels[:-1], chosen)
        _maps(here, there, unit, channels, chosen)


def _chosen(count: int, default: int) -> int:
    picked = channel.taken()
    return default if picked is None or picked >= count else picked


def _maps(here: Look, there: Look, unit: str, channels: np.ndarray, chosen: int) -> None:
    """What goes into the gates, on both pictures, on one colour scale per channel."""
    first, second = (at.opened(unit).excitation for at in (here, there))
    both = np.concatenate([first.before[channels], second.before[channels]])
    reach = np.tile(np.maximum(*np.split(maps.tops(both, "map"), 2)), 2)
    sheet = maps.mosaic(both, reach, shell.theme())
    tiles = [Tile(int(c), [k, k + len(channels)], f"channel {c}", f"gates {first.s[c]:.3f} · {second.s[c]:.3f}",
                  f"channel {c}: gate {first.s[c]:.4f} on this picture, {second.s[c]:.4f} on the other") for k, c in enumerate(channels)]
    name = titled(here, f"Channels of {unit} whose gates differ most")
    gallery("pair_maps", name, sheet_of(sheet), tiles, size=150, chosen=chosen,
            on_pick=lambda picked: channel.pick("after", picked), pixelated=True, file=named(here, unit, "differ-most"))
