"""Networks measured here one after another, and the series of measurements that were recorded elsewhere."""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from effnet_core.errors import UserError
from effnet_core.lab import recorded
from effnet_core.work.jobs import Job

from . import html, results, texts, work
from .results import Request

Expect = Callable[[Sequence[Request]], float]  # about how many seconds these will take


@st.cache_resource(show_spinner=False)
def shipped() -> dict[str, recorded.Series]:
    """The recorded series by title, the plain ones of one image and one thread first."""
    plain = tuple(recorded.PLAIN.values())
    ordered = sorted(recorded.shipped(), key=lambda series: (series.run != plain, series.batch, series.threads))
    return {f"Recorded: {series.title}": series for series in ordered}


def provenance(series: recorded.Series) -> str:
    """Where, when and with what, as a sentence that begins with "Recorded"."""
    seen = series.machine
    return texts.text("tradeoffs", "recorded", date=series.date, device=series.device_name, processor=seen["processor"],
                      cores=str(seen["cores"]), system=seen["system"], torch=series.versions["torch"])


def measuring(missing: list[Request], label: str = "", expect: Expect | None = None) -> None:
    """The button, and while it goes on, the next measurement as soon as the last one is over."""
    waiting: list[Request] = st.session_state.setdefault("_clock_waiting", [])
    job = work.mine(work.benchmarks())
    if job is not None and not job.active and waiting:
        job = following(waiting, job)
    if job is not None and job.active:
        queue = work.benchmarks()
        work.watch(queue, job, lambda: (results.measurements(), work.bar(queue, job, lambda one: step(one, waiting, expect))))
        return
    if refused := st.session_state.pop("_clock_refused", None):
        st.warning(html.plain(refused), icon=":material/info:")
    if missing:
        label = label or ("Measure 1 network here" if len(missing) == 1 else f"Measure {len(missing)} networks here")
        st.button(label, key="clock_start", icon=":material/timer:", type="primary", on_click=start, args=(missing,),
                  help=texts.text("tradeoffs", "measuring"))


def busy() -> bool:
    """Whether this session measures, or waits for it."""
    job = work.mine(work.benchmarks())
    return job is not None and job.active


def start(missing: list[Request], again: bool = False) -> None:
    """Measures them one after another, but for what has an answer meanwhile; `again` where only a new answer counts."""
    st.session_state["_clock_waiting"] = [*missing]
    st.session_state["_clock_since"] = time.time() if again else 0.0
    following(st.session_state["_clock_waiting"], None)


def answered(request: Request) -> bool:
    """Whether it need not be measured any more."""
    row = results.mine(request) or results.offered(request)
    return row is not None and row["measured"] > st.session_state.get("_clock_since", 0.0)


def following(waiting: list[Request], job: Job | None) -> Job | None:
    """Asks for the next measurement, unless the visitor stopped the last one; what failed is told and the others go on."""
    if job is not None and job.state == "stopped":
        waiting.clear()
        return job
    if job is not None and job.state == "failed":
        st.session_state["_clock_refused"] = f"{job.title} was not measured: {job.error}"
    while waiting:
        request = waiting.pop(0)
        if answered(request):
            continue
        try:
            results.ask(request)
        except UserError as refused:
            st.session_state["_clock_refused"] = str(refused)
            waiting.clear()
        return work.mine(work.benchmarks())
    return job


def step(job: Job, waiting: Sequence[Request], expect: Expect | None = None) -> work.Step:
    if not results.made(job):  # of another part, which this visitor started there
        return work.plain_step(job)
    said = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0}
    place = {"loading torch": 0.0, "building": 0.1, "warming up": 0.2, "measuring": 0.3, "layers": 0.8}.get(said["phase"], 0.0)
    share = {"measuring": 0.5, "layers": 0.2, "warming up": 0.1}.get(said["phase"], 0.1)
    after = f", {len(waiting)} more after it" if waiting else ", the last one"
    if waiting and expect:
        after += f", about {work.span(expect(waiting))} for them"
    return work.Step(min(1.0, place + share * said["fraction"]), f"{html.plain(job.title)}: {said['phase']}{after}")
