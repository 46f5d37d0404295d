"""One network: measured whole and layer by layer, and everything that this session has measured."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import cost
from effnet_core.families import from_spec, to_spec
from effnet_core.palette import si
from effnet_core.speed.ways import PRECISIONS, WAYS, missing
from effnet_core.work.jobs import Job
from pages.shared import html, measured, results, state, texts, work
from pages.shared.clock import four, frame
from pages.shared.measured import ms

RUN = {way.name: way.key for way in WAYS.values()}  # in the address → what it is called inside
PHASES = {  # of the worker → in words, and where on the bar it begins
    "loading torch": ("Loading PyTorch", 0.0),
    "building": ("Building the network", 0.15),
    "preparing": ("Making it ready to run that way", 0.17),
    "warming up": ("Warming up", 0.2),
    "measuring": ("Measuring", 0.4),
    "layers": ("Timing every layer", 0.8),
}


def asked(request: results.Request) -> str:
    where = results.devices().names[request.device]
    return f"{measured.scaled(to_spec(request.network))}, {measured.how({**request._asdict(), 'device_name': where})}"


def wish(network: Architecture, busy: bool) -> results.Request:
    """The controls on top: what to measure the network on, and how. The button waits while this visitor's last wish is `busy`."""
    results.devices().watch()
    device, batch = st.columns([3, 4], vertical_alignment="bottom")
    where = frame.device(device)
    images = frame.batch(batch)
    way, precision, threads, button = st.columns([3, 3, 2, 2], vertical_alignment="bottom")
    chosen = RUN[way.selectbox("Way to run", list(RUN), help=ways_help(where), **state.bound("way"))]
    numbers = precision.segmented_control("Precision", PRECISIONS, default="fp32", required=True, width="stretch",
                                          help=texts.text("latency_one", "precision"), **state.bound("precision"))
    cores = frame.threads(threads)
    request = results.Request(network, where, images, cores, chosen, numbers)
    with button:
        frame.button(results.kept, request, "one", busy=busy, disabled=why_not(request) is not None)
    return request


def ways_help(device: str) -> str:
    """What each way is, and what keeps some from running on that device."""
    reasons = dict.fromkeys(why for way in WAYS if (why := missing(way, device)) is not None)
    return texts.text("latency_one", "way", absent=texts.text("latency_one", "absent", names=" ".join(reasons)) if reasons else "")


def why_not(request: results.Request) -> str | None:
    """What is missing here for that way and precision, as a sentence."""
    return missing(request.way, request.device, request.precision)


def step(job: Job) -> work.Step:
    """Where a running measurement is; the time left is known once passes are being counted."""
    event = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0, "ms": None}
    words, begins = PHASES.get(event["phase"], PHASES["building"])
    ends = min((place for _, place in PHASES.values() if place > begins), default=1.0)
    counting = event["phase"] in ("measuring", "layers")
    so_far = f", median so far **{ms(event['ms'])}**" if counting and event["ms"] else ""
    return work.Step(begins + event["fraction"] * (ends - begins), words + so_far, time_left(job) if counting else None)


def time_left(job: Job) -> float | None:
    """Of all that follows: after the measuring, the layers take half as long, where the way has any."""
    if (pace := work.pace(job)) is None:
        return None
    spent, left = pace
    request = results.asked()
    layered = request is None or WAYS[request.way].layered
    return left + (spent + left) / 2 if layered and job.latest("progress")["phase"] == "measuring" else left


def status(request: results.Request, job: Job | None, shown: dict | None) -> None:
    """What became of the last try, what the figures below belong to, and what to do next."""
    frame.failures(results.kept, request, job, "one")
    if (why := why_not(request)) is not None:
        st.info(texts.text("latency_one", "missing", name=f"{WAYS[request.way].name} in {request.precision}", why=html.plain(why)), icon=":material/block:")
    elif shown is not None and request.answered_by(shown):
        st.caption(texts.text("latency", "current", ago=results.ago(shown["measured"])))
    elif (offer := results.offered(request)) is not None:
        frame.offering(results.kept, offer, texts.text("latency", "offer", title=request.title, ago=results.ago(offer["measured"]),
                                                       median=ms(offer["median_ms"])), "one")
    elif shown is not None:
        st.info(texts.text("latency", "stale", shown=measured.described(shown), now=asked(request)), icon=":material/sync_problem:")
    else:
        st.caption(texts.text("latency", "ready", title=request.title, side=f"{request.network.scaling.side}",
                              macs=si(cost(request.network).macs)))


def empty(busy: bool) -> None:
    """In the place of the first result."""
    with st.container(key="latency_empty", border=not busy):
        if busy:
            st.skeleton(100)
            for column in st.columns(2, gap="medium"):
                column.skeleton(200)
        else:
            st.markdown(texts.text("latency", "empty"))


def show(network: Architecture) -> None:
    job = work.mine(work.benchmarks())
    busy = job is not None and job.active  # asked once: it may end at any moment
    request = wish(network, busy)
    rows = results.measurements()
    shown = results.mine(request) or (rows[-1] if rows else None)
    with st.container(key="latency_status"):
        frame.running(results.kept, job, step) if busy else status(request, job, shown)
    if shown is None:
        empty(busy)
        four.show(network, None)
        return
    measured.outcome(shown, lambda: four.show(from_spec(shown["network"]), shown))
    measured.history(rows, shown)
