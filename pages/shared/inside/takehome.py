"""What stands on the page, as files: arrays, tables, and a report that opens without the app."""

import io
import platform
from datetime import UTC, datetime
from importlib.metadata import version

import streamlit as st

from effnet_core.export import recordings
from effnet_core.export.tables import slug
from effnet_core.figures import inside_report
from effnet_core.palette import bytes_text

from .. import shelf, state, texts, truth
from ..html import plain
from ..seen import Look

LARGEST = 150_000_000  # bytes of arrays that a browser is offered
MOST_CELLS = 500_000  # lines of a table


def text(section: str, **numbers: str) -> str:
    return texts.text("inside_takehome", section, **numbers)


def unit_of(at: Look) -> str:
    """The selected unit; of the classifier the one before it."""
    chosen = state.selected(at.network)
    return at.network.last_unit if chosen == "classifier" else chosen


def show(at: Look) -> None:
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
        st.code(f"python -m effnet_core inspect photo.jpg --model {at.model.name} --html report.html --npz all.npz --csv gates.csv", language="sh", wrap_lines=True)


def _name(at: Look, *more: str) -> str:
    return slug("-".join((at.model.name, at.shown.partition("-")[2][:24] or "picture", *more)))


def html_of(at: Look, unit: str) -> str:
    """The report, made when it is asked for."""
    seen = inside_report.Seen(at.model, at.seen, at.untouched, at.picture.title, at.eye, at.picture.view(at.model.preprocess), at.opened(unit), at.stamp, _remarks(at))
    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with PyTorch {version('torch')} on {platform.system()} {platform.machine()}."
    return inside_report.report(seen, shelf.facts(at.entry), made)


def _remarks(at: Look) -> tuple[str, ...]:
    shows = truth.of(at.shown, at.picture.title, at.entry.card)
    if at.stamp or shows is None:
        return ()
    return text("shows" if any(label in at.model.labels for label in shows.labels) else "shows_none", truth=shows.words, classes=f"{len(at.model.labels):,}"),


def _report(at: Look, unit: str) -> None:
    st.markdown("#### A report")
    st.markdown(text("report" if unit in at.seen.gates else "report_unit", unit=unit, privacy=text("privacy")))
    st.download_button("HTML report", lambda: html_of(at, unit), f"{_name(at)}.html", "text/html", on_click="ignore", icon=":material/description:",
                       key="take_report", type="primary")


def npz_of(at: Look, unit: str, everything: bool) -> bytes:
    file = io.BytesIO()
    values = recordings.arrays(at.seen, at.opened(unit) if everything else None, everything)
    recordings.write_npz(file, values, recordings.head(at.model, at.seen, at.picture.title))
    return file.getvalue()


def _arrays(at: Look, unit: str) -> None:
    size = sum(maps.nbytes for maps in at.seen.outputs.values()) + at.opened(unit).bytes
    everything = size <= LARGEST
    st.markdown("#### Arrays")
    st.markdown(text("arrays" if everything else "arrays_large", blocks=f"{len(at.seen.gates)}", unit=unit, bytes=bytes_text(size)))
    with st.container(horizontal=True):
        if everything:
            st.download_button("Everything (NPZ)", lambda: npz_of(at, unit, True), f"{_name(at)}.npz", "application/zip", on_click="ignore",
                               icon=":material/dataset:", key="take_arrays")
        st.download_button("Gates alone (NPZ)", lambda: npz_of(at, unit, False), f"{_name(at, 'gates')}.npz", "application/zip", on_click="ignore",
                           icon=":material/dataset:", key="take_gates_npz")


def _tables(at: Look, unit: str) -> None:
    maps = at.seen.outputs[unit]
    st.markdown("#### Tables")
    st.markdown(text("tables", unit=unit))
    offers = {
        "Gates (CSV)": ("gates", lambda: recordings.gates_csv(at.seen, at.untouched), not at.seen.gates),
        "Channels (CSV)": ("channels", lambda: recordings.activations_csv(at.seen), False),
        f"Cells of {unit} (CSV)": (unit, lambda: recordings.maps_csv(unit, maps), maps.size > MOST_CELLS),
    }
    with st.container(horizontal=True):
        for place, (title, (name, make, absent)) in enumerate(offers.items()):
            st.download_button(title, make, f"{_name(at, name)}.csv", "text/csv", on_click="ignore", icon=":material/table:", key=f"take_table_{place}",
                               disabled=absent, help=f"It would have more than {MOST_CELLS:,} lines." if maps.size > MOST_CELLS and place == 2 else None)
