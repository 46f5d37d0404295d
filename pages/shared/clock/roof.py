"""Roofline: the limits of this machine, and how far below them every layer and every way to run stays."""

from typing import NamedTuple

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.families import to_spec
from effnet_core.work.jobs import Job

from .. import html, measured, results, texts, work
from ..answers import Answers
from . import frame, roof_shown
from .roof_case import Case

SECONDS = 2.0  # of measuring the roofs, and each of the two ways; the layers take half as long again
PHASES = {  # of the worker → in words, and where on the bar it begins
    "loading torch": ("Loading PyTorch", 0.0),
    "building": ("Building the network", 0.1),
    "roofs": ("Measuring how fast this machine multiplies and moves numbers", 0.15),
    "plain": ("Timing the plain network, layer by layer", 0.45),
    "fused": ("Timing the fused path, layer by layer", 0.72),
}

answers = Answers("roofline", "_roofs")


class Request(NamedTuple):
    """What is to be measured, and how."""

    network: Architecture
    device: str
    batch: int
    threads: int

    @property
    def title(self) -> str:
        return f"{self.network.name}, batch {self.batch}"

    def args(self) -> list[str]:
        return ["roofline", *results.Request(*self).settings(), "--seconds", f"{SECONDS}"]

    def answered_by(self, record: dict) -> bool:
        return results.Request(*self).answered_by(record)


def show(network: Architecture) -> None:
    job = work.mine(work.benchmarks())
    busy = job is not None and job.active  # asked once: it may end at any moment
    request = wish(network, busy)
    rows = answers.rows()
    shown = answers.mine(request) or (rows[-1] if rows else None)
    with st.container(key="roof_status"):
        frame.running(answers, job, step) if busy else status(request, job, shown)
    if shown is not None:
        roof_shown.outcome(shown)
    elif busy:
        st.skeleton(420)
    else:
        st.container(border=True).markdown(texts.text("latency_roof", "empty"))


def wish(network: Architecture, busy: bool) -> Request:
    """The controls, which the other parts share, and the button."""
    results.devices().watch()
    device, batch, threads, button = st.columns([3, 4, 2, 2], vertical_alignment="bottom")
    where = frame.device(device)
    images = frame.batch(batch)
    cores = frame.threads(threads)
    request = Request(network, where, images, cores)
    with button:
        frame.button(answers, request, "roof", busy=busy)
    return request


def step(job: Job) -> work.Step:
    """Where a running measurement is."""
    event = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0}
    words, begins = PHASES.get(event["phase"], PHASES["building"])
    ends = min((place for _, place in PHASES.values() if place > begins), default=1.0)
    done = begins + event["fraction"] * (ends - begins)
    left = event["elapsed_s"] * (1 / done - 1) if done > PHASES["roofs"][1] and "elapsed_s" in event else None
    return work.Step(done, words, left)


def status(request: Request, job: Job | None, shown: dict | None) -> None:
    """What became of the last try, what the figures below belong to, and what to do next."""
    frame.failures(answers, request, job, "roof")
    if shown is not None and request.answered_by(shown):
        st.caption(texts.text("latency_roof", "current", ago=results.ago(shown["measured"])))
    elif (offer := answers.offered(request)) is not None:
        times = offer["ways"]["fused"]["median_ms"] / 1e3 / Case.of(offer).floor
        frame.offering(answers, offer, texts.text("latency_roof", "offer", title=html.plain(request.title), ago=results.ago(offer["measured"]),
                                                  times=f"{times:.3g}"), "roof")
    elif shown is not None:
        st.info(texts.text("latency_roof", "stale", shown=measured.described(shown), now=asked(request)), icon=":material/sync_problem:")
    else:
        st.caption(texts.text("latency_roof", "ready", title=html.plain(request.title), layer_count=f"{len(request.network.layers)}",
                              seconds=f"{4 * SECONDS:g}"))


def asked(request: Request) -> str:
    where = results.devices().names[request.device]
    return f"{measured.scaled(to_spec(request.network))}, batch {request.batch}, {measured.threads_text(request.threads)} on {where}"
