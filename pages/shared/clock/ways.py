"""Ways to run: the same network in several ways, against each other in one run, each only where it gives the same answer."""

from typing import NamedTuple

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.speed.ways import PRECISIONS, WAYS, missing
from effnet_core.work.jobs import Job

from .. import html, results, state, texts, work
from ..answers import Answers
from . import frame, ways_shown

PAGE = "latency_ways"
SECONDS = 1.0  # of measuring every way
USUAL = ("channels-last", "folded", "fused", "onnxruntime", "openvino")
SLOW = ("compiled",)  # to prepare
NAMES = {WAYS[key].name: key for key in WAYS if key != "plain"}  # in the address → the key

answers = Answers("ways", "_way_races")


class Request(NamedTuple):
    """What is to be measured, and how."""

    network: Architecture
    device: str
    batch: int
    threads: int
    ways: tuple[str, ...]
    precisions: tuple[str, ...]

    @property
    def title(self) -> str:
        ways = f"{len(self.ways)} way{'' if len(self.ways) == 1 else 's'} beside the plain one"
        return f"{self.network.name}, batch {self.batch}, {ways}, in {' and '.join(self.precisions)}"

    def args(self) -> list[str]:
        return ["ways", *results.Request(*self[:4]).settings(), "--seconds", str(SECONDS), "--ways", *self.ways, "--precisions", *self.precisions]

    def answered_by(self, record: dict) -> bool:
        runners = {(way, precision) for way in self.ways for precision in self.precisions} | {("plain", "fp32")}
        return runners == {(row["way"], row["precision"]) for row in record["ways"]} and results.Request(*self[:4]).answered_by(record)


def show(network: Architecture) -> None:
    st.markdown(texts.text(PAGE, "lead"))
    job = work.mine(work.benchmarks())
    busy = job is not None and job.active  # asked once: it may end at any moment
    request = wish(network, busy)
    rows = answers.rows()
    shown = answers.mine(request) or (rows[-1] if rows else None)
    with st.container(key="ways_status"):
        frame.running(answers, job, step) if busy else status(request, job, shown)
    if shown is not None:
        ways_shown.outcome(shown)
    elif busy:
        st.skeleton(420)
    else:
        st.container(border=True).markdown(texts.text(PAGE, "empty"))
    st.markdown(texts.text(PAGE, "what"))


def wish(network: Architecture, busy: bool) -> Request:
    """The controls, most of which the other parts share, and the button."""
    results.devices().watch()
    device, batch, threads = st.columns([3, 4, 2], vertical_alignment="bottom")
    where = frame.device(device)
    images = frame.batch(batch)
    cores = frame.threads(threads)
    which, precision, press = st.columns([5, 2, 2], vertical_alignment="bottom")
    here = {name: key for name, key in NAMES.items() if any(missing(key, where, each) is None for each in PRECISIONS)}
    chosen = which.pills("Ways to run, beside the plain one", list(here), selection_mode="multi", wrap=True,
                         default=[name for name, key in here.items() if key in USUAL], **state.bound("ways"))
    short = precision.pills("Precision", PRECISIONS, selection_mode="multi", default=["fp32"], help=texts.text(PAGE, "precision"),
                            **state.bound("ways_precision"))
    request = Request(network, where, images, cores, tuple(here[name] for name in here if name in chosen),
                      tuple(each for each in PRECISIONS if each in short))
    with press:
        frame.button(answers, request, "ways", busy=busy, disabled=not (request.ways and request.precisions))
    absent(where, {*NAMES.values()} - {*here.values()}, request)
    return request


def absent(device: str, ways: set[str], request: Request) -> None:
    """What cannot be had here, and what takes its time."""
    reasons = [missing(way, device) for way in WAYS if way in ways]
    if any(way in SLOW for way in request.ways):
        reasons.append(texts.text(PAGE, "slow"))
    if not (request.ways and request.precisions):
        reasons.append("Choose at least one way and one precision.")
    with st.container(key="ways_absent"):
        st.caption(" ".join(filter(None, reasons)) or texts.text(PAGE, "all_here"))


def step(job: Job) -> work.Step:
    """Where a running race is: half of the bar is for making ready."""
    event = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0}
    phase, done = event["phase"], event["fraction"]
    if phase.startswith("preparing"):
        return work.Step(0.1 + 0.4 * done, f"Making ready and comparing: {html.plain(phase.removeprefix('preparing '))}")
    begins, ends, words = {"warming up": (0.5, 0.6, "Warming up"), "measuring": (0.6, 1.0, "One pass of each in turn")}.get(
        phase, (0.0, 0.1, "Loading PyTorch"))
    left = work.pace(job)[1] if phase == "measuring" and work.pace(job) else None
    return work.Step(begins + done * (ends - begins), words, left)


def status(request: Request, job: Job | None, shown: dict | None) -> None:
    """What became of the last try, what the figures below belong to, and what to do next."""
    frame.failures(answers, request, job, "ways")
    if shown is not None and request.answered_by(shown):
        st.caption(texts.text(PAGE, "current", ago=results.ago(shown["measured"])))
    elif (offer := answers.offered(request)) is not None:
        best = ways_shown.best(offer)
        frame.offering(answers, offer, texts.text(PAGE, "offer", title=html.plain(request.title), ago=results.ago(offer["measured"]),
                                                  best=html.plain(ways_shown.label(best)), ratio=f"{best['ratio']:.2f}"), "ways")
    elif shown is not None:
        st.info(texts.text(PAGE, "stale", shown=html.plain(ways_shown.described(shown)), now=html.plain(request.title)), icon=":material/sync_problem:")
    elif request.ways and request.precisions:
        st.caption(texts.text(PAGE, "ready", title=html.plain(request.title)))
