"""How a network's inside changes while it learns: gates, filters and guesses for one image, look by look, with a way back."""

import base64
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st

from effnet_core.errors import UserError
from effnet_core.figures import filters, growth, maps
from effnet_core.learning import runs
from effnet_core.learning.snapshots import Album, Snapshot
from effnet_core.palette import SIGNED, VIRIDIS, percent

from . import html, shell, texts
from .gallery import Sheet, Tile, gallery
from .looks import again

PLAIN = {"displayModeBar": False}
POLL_S = 2.0  # between two looks for a new snapshot
GUESSES = 4
COLOURS = ("red", "green", "blue")
REMEMBERED = 512  # looks, of all trainings together


class Look(NamedTuple):
    """One snapshot with what is shown of it again and again."""

    seen: Snapshot
    gates: dict[str, np.ndarray]  # block → C
    spread: dict[str, float]

    @property
    def shape(self) -> tuple:
        """Looks at networks of another shape, which an older training of that name may have left, are not compared."""
        return self.seen.filters.shape, tuple((unit, len(values)) for unit, values in self.gates.items())


class Course(NamedTuple):
    """The looks at one training so far, and how many there will be."""

    name: str
    looks: Sequence[Look]
    expected: int
    version: int

    @property
    def by_epoch(self) -> bool:
        return self.looks[-1].seen.epoch is not None

    def place(self, index: int) -> str:
        """Where a look was, in words."""
        seen = self.looks[index].seen
        if seen.step == 0:
            return "before the first step"
        return f"after epoch {seen.epoch:.3g}" if self.by_epoch else f"after step {seen.step:,}"

    def number(self, index: int) -> float:
        """The same as a number: the epoch or the step."""
        seen = self.looks[index].seen
        return (seen.epoch or 0.0) if self.by_epoch else seen.step


@lru_cache(maxsize=REMEMBERED)
def _look(album: Album, step: int, version: int) -> Look | None:
    """None where it is damaged, or has been thinned out meanwhile."""
    try:
        seen = album.read(step)
    except UserError:
        return None
    gates = {layer.removesuffix(".se"): values.astype(np.float32) for layer, values in seen.gates.items()}
    return Look(seen, gates, growth.spread(gates))


def _version(album: Album) -> int:
    """Tells the album of one training from that of a later one with the same name."""
    try:
        return (album.folder / "photo.png").stat().st_mtime_ns
    except OSError:
        return 0


def course_of(name: str, expected: int = 0) -> Course:
    """`expected`: how many looks there will be in the end, where it is still going on."""
    found = runs.run(name).album
    version = _version(found)
    looks = [look for step in found.entries() if (look := _look(found, step, version))]
    alike = [look for look in looks if look.shape == looks[-1].shape]
    return Course(name, alike, max(expected, len(alike)), version)


def is_shown(name: str) -> bool:
    """Whether there is anything to see of that training."""
    found = runs.run(name).album
    return found.label in range(len(found.labels)) and found.photo is not None


def album(name: str, expected: int = 0, live: bool = False) -> None:
    """The section; moving in it leaves the rest of the page alone, and while it is `live` it follows the training."""
    again("album", lambda: _album(name, expected), POLL_S if live else None)


def _album(name: str, expected: int) -> None:
    """Where to look, then image and guesses, filters, gates, and their spread over time."""
    course = course_of(name, expected)
    st.markdown("#### How its inside changes")
    with st.container(key="growth"):
        if not course.looks or not is_shown(name):
            st.caption(texts.text("pretrain", "growth_empty"))
            return
        at = _choose(course)
        left, right = st.columns([2, 3], gap="large")
        with left:
            _guesses(name, course.looks[at].seen)
        with right:
            _filters(course.looks[at].seen)
        if course.looks[at].gates:
            _gates(course, at)
            _spread(course, at)
        else:
            st.caption(texts.text("pretrain", "no_gates"))


# Where to look


def _choose(course: Course) -> int:
    """The chosen look; the latest one until the visitor moves back, and again once they are at the end."""
    latest, total = len(course.looks) - 1, max(2, course.expected)
    name, back = st.session_state.get("_look_back", ("", None))
    at = latest if name != course.name or back is None else min(back, latest)
    key = f"look_{course.name}_{total}"  # a slider whose end moves would be another one, and lose its value
    st.session_state[key] = at + 1
    with st.container(key="looks", horizontal=True, vertical_alignment="bottom"):
        st.slider(f"Look {at + 1} of {course.expected}: {course.place(at)}", 1, total, key=key, on_change=_moved, args=(key, course.name, latest),
                  help=texts.text("pretrain", "look"), disabled=latest == 0)
        st.button("Latest", key="look_latest", icon=":material/last_page:", on_click=_follow, disabled=at == latest)
    return at


def _moved(key: str, name: str, latest: int) -> None:
    wanted = st.session_state[key] - 1
    st.session_state["_look_back"] = (name, None if wanted >= latest else wanted)


def _follow() -> None:
    st.session_state.pop("_look_back", None)


# What is seen


def _guesses(name: str, seen: Snapshot) -> None:
    """The image, and what the network makes of it."""
    found = runs.run(name).album
    labels, right = found.labels, found.label
    st.markdown("##### One held-out image, and the guesses")
    picture, words = st.columns([2, 3], gap="small")
    if photo := found.photo:
        with picture.container(key="look_photo"):
            st.image(photo, width="stretch", caption=html.plain(labels[right]), alt=f"The image that is looked at: {labels[right]}")
    order = np.argsort(-seen.probabilities[: len(labels)], kind="stable")[:GUESSES]
    rows = "".join(_guess(labels[place], float(seen.probabilities[place]), place == right) for place in order)
    with words:
        st.html(f'<div class="ef-look">{rows}</div>')
        st.caption("Nothing has been learnt yet." if seen.accuracy is None else f"{percent(seen.accuracy)} of the held-out images are right by now.")


def _guess(label: str, share: float, right: bool) -> str:
    mark = " ✓" if right else ""
    return f'<div><span>{escape(label)}{mark}</span><span>{percent(share)}</span><i><u style="width:{100 * share:.1f}%"></u></i></div>'


def _filters(seen: Snapshot) -> None:
    """The first layer's filters, all of them; the picked one taken apart into its colours."""
    weights = seen.filters.astype(np.float32)
    count, size, top = len(weights), weights.shape[-1], filters.reach(weights)
    chosen = min(st.session_state.get("_filter", 0), count - 1)
    st.markdown(f"##### The {count} filters of the first layer, {size} × {size} × 3 weights each")
    made = filters.mosaic(weights, top)
    tiles = [Tile(number, [number], str(number), title=f"filter {number}") for number in range(count)]
    gallery("filters", "Filters of the first layer", Sheet(made.png, made.columns, made.width, made.height, made.gap), tiles, size=42, chosen=chosen,
            on_pick=lambda number: st.session_state.update(_filter=number), pixelated=True)
    large, words = st.columns([3, 2], gap="small", vertical_alignment="center")
    apart = maps.mosaic(weights[chosen], np.full(3, top), shell.theme())
    with large:
        gallery("filter_colours", f"Filter {chosen}, colour by colour", Sheet(apart.png, apart.columns, apart.width, apart.height, apart.gap),
                [Tile(colour, [place], colour) for place, colour in enumerate(COLOURS)], size=56, pixelated=True)
    with words:
        st.caption(texts.text("pretrain", "filter", number=str(chosen)))
        _scale(SIGNED[shell.theme()], f"−{top:.2g}", "weight", f"{top:.2g}")


def _scale(colours: Sequence[str], low: str, middle: str, high: str) -> None:
    st.html(f'<div class="ef-scale"><i style="background:linear-gradient(to right,{",".join(colours)})"></i>'
            f"<span><b>{low}</b><span>{escape(middle)}</span><b>{high}</b></span></div>")


def _gates(course: Course, at: int) -> None:
    """A strip of cells per block, and how they changed since the look before."""
    st.markdown("##### Every gate of squeeze-and-excitation, for that image")
    st.caption(texts.text("pretrain", "gates"))
    scales, reach = st.columns(2, gap="large"), f"{growth.REACH:g}"
    with scales[0]:
        _scale(VIRIDIS, "0, closed", "gate", "1, open")
    with scales[1]:
        _scale(SIGNED[shell.theme()], f"−{reach} or less", "change of a gate", f"{reach} or more")
    steps = [look.seen.step for look in course.looks[max(0, at - 1) : at + 1]]
    table, moved = _table(runs.run(course.name).album, course.version, steps[-1], steps[0] if at else None, shell.theme())
    earlier = course.place(at - 1).removeprefix("after ") if steps[0] else "the beginning"
    since = f"Change since {earlier}" if at else "Change: there is no earlier look"
    st.html(f'<div class="ef-gates" role="table" aria-label="Gates of {len(course.looks[at].gates)} blocks"><div role="row">'
            f'<span role="columnheader">Block<small>channels</small></span><span role="columnheader">Gates {escape(course.place(at))}</span>'
            f'<span role="columnheader">mean</span><span role="columnheader">{escape(since)}</span><span role="columnheader">moved</span></div>{table}</div>')
    if at and not moved:
        st.caption(texts.text("pretrain", "unmoved"))


@lru_cache(maxsize=REMEMBERED)
def _table(album: Album, version: int, step: int, earlier: int | None, theme: str) -> tuple[str, bool]:
    """The rows of the table of gates, and whether any gate has moved."""
    before, now = None if earlier is None else _look(album, earlier, version), _look(album, step, version)
    if now is None:  # thinned out a moment ago
        return "", True
    rows = growth.rows(now.gates, before and before.gates, theme)
    return "".join(map(_strip, rows)), any(row.moved for row in rows)


def _strip(row: growth.Row) -> str:
    name = row.unit.removeprefix("stages.")
    gates = f'<img src="{_uri(row.gates)}" alt="gates from 0 to 1, mean {row.mean:.2f}, standard deviation {row.std:.2f}">'
    change = f'<img src="{_uri(row.change)}" alt="moved by {row.moved:.3f} on average">' if row.change else "–"
    moved = f"{row.moved:.3f}" if row.moved is not None else "–"
    return (f'<div role="row"><span role="rowheader" title="{row.unit}">{name}<small>{row.channels:,}</small></span><span role="cell">{gates}</span>'
            f'<span role="cell">{row.mean:.2f}</span><span role="cell">{change}</span><span role="cell">{moved}</span></div>')


def _uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _spread(course: Course, at: int) -> None:
    st.markdown("##### How far the gates of each block lie apart")
    points = [(course.number(index), look.spread) for index, look in enumerate(course.looks)]
    figure = growth.spreads(points, shell.theme(), course.number(at), "epoch" if course.by_epoch else "step")
    st.plotly_chart(figure, theme=None, key="spreads", config=PLAIN, alt="Standard deviation of the gates of every block over the course of the training")
    st.caption(texts.text("pretrain", "spread"))
