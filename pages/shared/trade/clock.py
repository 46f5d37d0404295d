"""Milliseconds of B0 to B7, measured on this server or recorded elsewhere; what is missing is measured here, one network after another."""

import streamlit as st

from effnet_core import machine
from effnet_core.architecture import Architecture
from effnet_core.errors import UserError
from effnet_core.families import published
from effnet_core.lab import recorded
from effnet_core.lab.budget import RIVALS
from effnet_core.lab.paper import EFFICIENTNETS
from effnet_core.palette import si
from effnet_core.work.jobs import Job

from .. import html, results, state, texts, work
from ..results import Request

HERE = "Measured on this server"
BATCHES = (1, 2, 4, 8, 16, 32)


def ms(value: float) -> str:
    return si(value / 1e3, "s")


@st.cache_resource(show_spinner=False)
def shipped() -> dict[str, recorded.Series]:
    """The recorded series by title."""
    return {f"Recorded: {series.title}": series for series in recorded.shipped()}


def times() -> dict[str, dict]:
    """Figures by `published` name, from what the visitor chooses: this server's measurements, or a recorded series."""
    origins = [HERE, *shipped()]
    origin = st.selectbox("Whose times", origins, **state.bound("clock")) if len(origins) > 1 else HERE
    if origin != HERE:
        series = shipped()[origin]
        seen = series.machine
        st.caption(texts.text("tradeoffs", "recorded", date=series.date, device=series.device_name, processor=seen["processor"],
                              cores=str(seen["cores"]), system=seen["system"], torch=series.versions["torch"]))
        st.session_state["_clock"] = None
        return series.times
    requests = wished()
    st.session_state["_clock"] = next(iter(requests.values()))
    found = {name: row for name, request in requests.items() if (row := results.mine(request) or results.offered(request))}
    measuring([request for name, request in requests.items() if name not in found and name not in RIVALS])
    return found


def live(network: Architecture) -> float | None:
    """The milliseconds of the sliders' network under the same settings, where it has been measured here."""
    setting = st.session_state.get("_clock")
    if setting is None:
        return None
    request = setting._replace(network=network)
    row = results.mine(request) or results.offered(request)
    return row and row["median_ms"]


def wished() -> dict[str, Request]:
    """The controls, and what they ask for, network by network: B0 to B7 and those to compare with, where they have been measured."""
    results.devices().watch()
    device, batch, threads = st.columns(3, vertical_alignment="bottom")
    names = results.devices().names
    where = device.selectbox("Device", [*names], format_func=names.__getitem__, **state.bound("device"))
    images = batch.selectbox("Batch size", BATCHES, **state.bound("clock_batch"))
    cores = threads.selectbox("Threads", range(1, machine.cores() + 1), **state.bound("threads"))
    return {key: Request(published(key), where, images, cores) for key in (*(row.key for row in EFFICIENTNETS), *RIVALS)}


def measuring(missing: list[Request], label: str = "") -> None:
    """The button, and while it goes on, the next measurement as soon as the last one is over."""
    waiting: list[Request] = st.session_state.setdefault("_clock_waiting", [])
    job = work.mine(work.benchmarks())
    if job is not None and not job.active and waiting:
        job = following(waiting, job)
    if job is not None and job.active:
        queue = work.benchmarks()
        work.watch(queue, job, lambda: (results.measurements(), work.bar(queue, job, lambda one: step(one, len(waiting)))))
        return
    if refused := st.session_state.pop("_clock_refused", None):
        st.warning(html.plain(refused), icon=":material/info:")
    if missing:
        label = label or ("Measure 1 network here" if len(missing) == 1 else f"Measure {len(missing)} networks here")
        st.button(label, key="clock_start", icon=":material/timer:", type="primary", on_click=start, args=(missing,),
                  help=texts.text("tradeoffs", "measuring"))


def start(missing: list[Request]) -> None:
    st.session_state["_clock_waiting"] = [*missing]
    following(st.session_state["_clock_waiting"], None)


def following(waiting: list[Request], job: Job | None) -> Job | None:
    """Asks for the next measurement, unless the visitor stopped the last one; what failed is told and the others go on."""
    if job is not None and job.state == "stopped":
        waiting.clear()
        return job
    if job is not None and job.state == "failed":
        st.session_state["_clock_refused"] = f"{job.title} was not measured: {job.error}"
    while waiting:
        request = waiting.pop(0)
        if results.mine(request) or results.offered(request):
            continue
        try:
            results.ask(request)
        except UserError as refused:
            st.session_state["_clock_refused"] = str(refused)
            waiting.clear()
        return work.mine(work.benchmarks())
    return job


def step(job: Job, left: int) -> work.Step:
    said = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0}
    place = {"loading torch": 0.0, "building": 0.1, "warming up": 0.2, "measuring": 0.3, "layers": 0.8}.get(said["phase"], 0.0)
    share = {"measuring": 0.5, "layers": 0.2, "warming up": 0.1}.get(said["phase"], 0.1)
    after = f", {left} more after it" if left else ", the last one"
    return work.Step(min(1.0, place + share * said["fraction"]), f"{html.plain(job.title)}: {said['phase']}{after}")
