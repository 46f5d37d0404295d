"""What stands on the page, as files: arrays, tables, and a report that opens without the app."""

import io
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

import streamlit as st

from effnet_core.cards import Entry
from effnet_core.export import recordings
from effnet_core.export.tables import slug
from effnet_core.figures import inside_report
from effnet_core.palette import bytes_text

from .. import memory, seen, shelf, state, texts, truth
from ..html import plain
from ..seen import Look
from . import channel

LARGEST = 150_000_000  # bytes of arrays that a browser is offered
MOST_CELLS = 500_000  # lines of a table
LINE = 400  # bytes of a table's line while it is made and sent
MEANWHILE = 8  # times one channel's map, of what its numbers need: float64, and its distances from the mean
WRITING = 50_000_000  # bytes that a part of an archive takes on its way

Make = Callable[[Look], bytes | str]


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_takehome", section, **numbers)


def unit_of(at: Look) -> str:
    """The selected unit; of the classifier the one before it."""
    chosen = state.selected(at.network)
    return at.network.last_unit if chosen == "classifier" else chosen


def show(at: Look) -> None:
    """The report, the arrays and the tables of what is on the page, and the command that makes them."""
    unit = unit_of(at)
    st.markdown(text("lead", model=plain(at.model.name)))
    if at.surgery:
        st.markdown(text("operated"))
    report, arrays, tables = st.columns(3, gap="large")
    with report:
        _report(at, unit)
    with arrays:
        _arrays(at, unit)
    with tables:
        _tables(at, unit)
    with st.expander("From a terminal"):
        st.markdown(text("terminal"))
        files = f"--html report.html --unit {unit} --npz all.npz --csv gates.csv"
        st.code(f"python -m effnet_core inspect photo.jpg --model {at.model.name} {files}", language="sh", wrap_lines=True)


def _name(at: Look, *more: str) -> str:
    return slug("-".join((at.model.name, at.shown.partition("-")[2][:24] or "picture", *more)))


def html_of(at: Look, unit: str, chosen: int | None = None) -> str:
    """The report."""
    view = at.picture.view(at.model.preprocess)
    passed = inside_report.Seen(at.model, at.seen, at.untouched, at.picture.title, at.eye, view, at.opened(unit), at.stamp, _remarks(at),
                                chosen)
    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with PyTorch {version('torch')} on {platform.system()} {platform.machine()}."
    return inside_report.report(passed, shelf.facts(at.entry), made)


def _remarks(at: Look) -> tuple[str, ...]:
    shows = truth.of(at.shown, at.picture.title, at.entry.card)
    if at.stamp or shows is None:
        return ()
    known = any(label in at.model.labels for label in shows.labels)
    return (text("shows" if known else "shows_none", truth=shows.words, classes=f"{len(at.model.labels):,}"),)


def _offer(title: str, at: Look, make: Make, name: str, kind: str, key: str, **more) -> None:
    """A file that is made when it is asked for. Until then a session holds only what it will be of."""
    icon = {"text/html": "description", "text/csv": "table"}.get(kind, "dataset")
    later = partial(_made, make, at.entry, at.shown, at.surgery)
    st.download_button(title, later, name, kind, on_click="ignore", icon=f":material/{icon}:", key=key, **more)


def _made(make: Make, *of: Entry | str) -> bytes | str:
    return make(seen.recalled(*of))


def _report(at: Look, unit: str) -> None:
    st.markdown("#### A report")
    st.markdown(text("report" if unit in at.seen.gates else "report_unit", unit=unit, privacy=text("privacy")))
    make = partial(html_of, unit=unit, chosen=channel.taken())
    _offer("HTML report", at, make, f"{_name(at)}.html", "text/html", "take_report", type="primary")


def npz_of(at: Look, unit: str, everything: bool) -> bytes:
    """The arrays in one file: the gates and, with `everything`, what every unit and the layers of `unit` hand on. Its bytes are those of
    the buffer that it was written to, not a copy."""
    values, file = recordings.arrays(at.seen, at.opened(unit) if everything else None, everything), io.BytesIO()
    with memory.shared().claimed(sum(array.nbytes for array in values.values()) * 9 // 8 + WRITING):
        recordings.write_npz(file, values, recordings.head(at.model, at.seen, at.picture.title))
        return file.getvalue()


def _arrays(at: Look, unit: str) -> None:
    size = sum(maps.nbytes for maps in at.seen.outputs.values()) + at.opened(unit).bytes
    everything = size <= LARGEST
    st.markdown("#### Arrays")
    st.markdown(text("arrays" if everything else "arrays_large", blocks=f"{len(at.seen.gates)}", unit=unit, bytes=bytes_text(size)))
    whole, gates = (partial(npz_of, unit=unit, everything=each) for each in (True, False))
    with st.container(horizontal=True):
        if everything:
            _offer("Everything (NPZ)", at, whole, f"{_name(at)}.npz", "application/zip", "take_arrays")
        _offer("Gates alone (NPZ)", at, gates, f"{_name(at, 'gates')}.npz", "application/zip", "take_gates_npz")


def gates_of(at: Look) -> str:
    with memory.shared().claimed(LINE * sum(map(len, at.seen.gates.values()))):
        return recordings.gates_csv(at.seen, at.untouched)


def channels_of(at: Look) -> str:
    every = at.seen.outputs.values()
    with memory.shared().claimed(LINE * sum(map(len, every)) + MEANWHILE * max(maps[0].nbytes for maps in every)):
        return recordings.activations_csv(at.seen)


def cells_of(at: Look, unit: str) -> str:
    with memory.shared().claimed(LINE * at.seen.outputs[unit].size):
        return recordings.maps_csv(unit, at.seen.outputs[unit])


def _tables(at: Look, unit: str) -> None:
    maps = at.seen.outputs[unit]
    many = maps.size > MOST_CELLS
    st.markdown("#### Tables")
    st.markdown(text("tables", unit=unit))
    with st.container(horizontal=True):
        _table(at, "Gates", "gates", gates_of, disabled=not at.seen.gates)
        _table(at, "Channels", "channels", channels_of)
        _table(at, f"Cells of {unit}", unit, partial(cells_of, unit=unit), disabled=many,
               help=f"It would have more than {MOST_CELLS:,} lines." if many else None)


def _table(at: Look, title: str, name: str, make: Make, **more) -> None:
    _offer(f"{title} (CSV)", at, make, f"{_name(at, name)}.csv", "text/csv", f"take_{title.partition(' ')[0].lower()}_csv", **more)
