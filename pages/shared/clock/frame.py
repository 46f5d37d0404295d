"""What the parts that measure share: asking for a measurement, what became of it, and taking over another visitor's."""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core import machine
from effnet_core.errors import UserError
from effnet_core.work.jobs import Job

from .. import html, results, state, texts, work
from ..answers import Answers, Request

BATCHES = (1, 2, 4, 8, 16, 32)


def device_name(key: str) -> str:
    return f"{'Processor' if key == 'cpu' else 'GPU'}: {results.devices().names[key]}"


def device(place: DeltaGenerator) -> str:
    """The control, which all parts share as they share the next two: torch's name of what is measured on."""
    return place.selectbox("Device", [*results.devices().names], format_func=device_name, **state.bound("device"))


def batch(place: DeltaGenerator) -> int:
    """Images at a time."""
    return place.segmented_control("Batch size", BATCHES, default=1, required=True, width="stretch", help=texts.text("latency", "batch"),
                                   **state.bound("batch"))


def threads(place: DeltaGenerator) -> int:
    return place.selectbox("Threads", range(1, machine.cores() + 1), help=texts.text("latency", "threads"), **state.bound("threads"))


def ask(answers: Answers, request: Request, key: str) -> None:
    """The callback of a button. A refusal is told at the next `failures`."""
    try:
        answers.ask(request)
    except UserError as refused:
        st.session_state[f"_refused_{key}"] = str(refused)


def button(answers: Answers, request: Request, key: str, *, busy: bool, icon: str = ":material/timer:", disabled: bool = False) -> None:
    """Measure, or measure again; it waits while this visitor's last wish is `busy`."""
    known = answers.mine(request) or answers.offered(request)
    st.button("Measure again" if known else "Measure", key=f"measure_{key}", icon=icon, width="stretch", on_click=ask,
              args=(answers, request, key), type="secondary" if known else "primary", disabled=busy or disabled)


def running(answers: Answers, job: Job, step: Callable[[Job], work.Step]) -> None:
    """The bar of this visitor's job, which may be of another part; what it finds is taken in as soon as it ends."""
    queue = work.benchmarks()

    def shown(job: Job) -> work.Step:
        return step(job) if answers.made(job) else work.plain_step(job)

    work.watch(queue, job, lambda: (answers.rows(), work.bar(queue, job, shown)))


def failures(answers: Answers, request: Request, job: Job | None, key: str) -> None:
    """Why the last try was refused, or gave nothing."""
    if refused := st.session_state.pop(f"_refused_{key}", None):
        st.warning(html.plain(refused), icon=":material/info:")
    elif job is not None and job.state in ("failed", "stopped") and answers.made(job) and answers.asked() == request:
        why = job.error or "It was stopped before it was complete."
        st.warning(f"**{html.plain(job.title)}** was not measured. {html.plain(why)}", icon=":material/info:")


def doubt(offer: dict) -> str:
    """What to know before an offer is taken: a sentence, or nothing where it can be trusted."""
    parts = [offer] if "steady" in offer else [point for point in offer["points"] if not point["error"]]
    return "" if all(part["steady"] for part in parts) else " Other work disturbed it."


def offering(answers: Answers, offer: dict, words: str, key: str) -> None:
    """What another visitor measured with the same settings, to be had at once."""
    text, take = st.columns([5, 1], vertical_alignment="center")
    text.info(words + doubt(offer), icon=":material/group:")
    take.button("Show it", key=f"take_{key}", type="primary", on_click=answers.take, args=(offer,), width="stretch")
