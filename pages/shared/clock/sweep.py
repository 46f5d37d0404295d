"""Sweeps: a network over batch sizes, resolutions or φ, measured point by point while the curves grow."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.speed import plan, reading
from effnet_core.work.jobs import Job
from pages.shared import guess, html, results, texts, work
from pages.shared.answers import Answers
from pages.shared.measured import ms

from . import frame
from . import sweep_shown as shown
from .sweep_wish import Request, wish

PAGE, KEY = "latency_sweep", "sweep"
MOST_IMAGES = 32  # of the question
GUESSES = ("fewer, or hardly more", "up to twice as many", "two to eight times as many", "more than eight times as many")
ENDS = (1.25, 2.0, 8.0)  # between the guesses


def left(job: Job) -> dict | None:
    """The points that a sweep has left which was stopped, or whose worker died."""
    record = job.result or job.latest("point")
    return {name: value for name, value in record.items() if name != "event"} if record and record["points"] else None


ANSWERS = Answers("sweep", "_sweeps", left=left)


def known_pace(request: Request) -> float | None:
    """Seconds per multiply-add in the session's latest measurement with the same device and threads, of a sweep at its largest point."""
    def same(row: dict) -> bool:
        return (row["device"], row["threads"]) == (request.device, request.threads)

    points = [(row["measured"], point) for row in ANSWERS.rows() if same(row) for point in reading.measured(row)]
    points += [(row["measured"], row) for row in results.measurements() if same(row)]
    return 1 / reading.pace(max(points, key=lambda pair: (pair[0], reading.work(pair[1])))[1]) if points else None


def step(job: Job) -> work.Step:
    if not ANSWERS.made(job):
        return work.plain_step(job)
    said = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0, "left_s": None}
    if said["phase"] == "loading torch":
        return work.Step(0.0, "Loading PyTorch")
    at = texts.text(PAGE, "step", place=str(said["place"] + 1), count=str(len(ANSWERS.asked().values)),
                    what=shown.named(ANSWERS.asked().over, said["value"]), phase=said["phase"])
    return work.Step(said["fraction"], at + (f", median so far **{ms(said['ms'])}**" if said["ms"] else ""), said["left_s"])


def running(job: Job) -> None:
    """The bar, and beneath it the curves as they grow."""
    queue = work.benchmarks()

    def look() -> None:
        ANSWERS.rows()
        work.bar(queue, job, step)
        if ANSWERS.made(job):
            shown.growing(left(job))

    work.watch(queue, job, look)


def status(request: Request, job: Job | None, row: dict | None) -> None:
    """What became of the last try, what the curves below belong to, and what to do next."""
    kept = job is not None and ANSWERS.made(job) and left(job) is not None
    frame.failures(ANSWERS, request, None if kept else job, KEY)
    if kept and job.error and ANSWERS.asked() == request:
        st.warning(html.plain(job.error), icon=":material/info:")
    if row is not None and request.answered_by(row):
        st.caption(texts.text(PAGE, "current", ago=results.ago(row["measured"])))
    elif (offer := ANSWERS.offered(request)) is not None:
        frame.offering(ANSWERS, offer, texts.text(PAGE, "offer", title=html.plain(request.title), ago=results.ago(offer["measured"])), KEY)
    elif row is not None:
        st.info(texts.text(PAGE, "stale", shown=html.plain(shown.described(row)), now=html.plain(request.title)),
                icon=":material/sync_problem:")
    else:
        st.caption(ready(request))


def ready(request: Request) -> str:
    pace = known_pace(request)
    if pace is None:
        return texts.text(PAGE, "ready", title=html.plain(request.title), limit=work.span(plan.LIMIT_S))
    return texts.text(PAGE, "ready_about", title=html.plain(request.title), about=work.span(plan.all_expected_s(request.points(), pace)))


def question(request: Request, row: dict | None) -> None:
    """Of batches that begin with one image: asked before they are measured, answered by what was measured."""
    most = min(MOST_IMAGES, max(request.values))
    if request.over != "batch" or min(request.values) != 1 or most < 8:
        return
    name = f"sweep_{request.device.partition(':')[0]}"
    points = {} if row is None else {point["batch"]: point for point in reading.measured(row)}
    if row is None:
        guess.foretell(PAGE, name, GUESSES, most=f"{most:g}")
    elif guess.guessed(name) and {1, most} <= {*points}:
        times = points[most]["images_per_second"] / points[1]["images_per_second"]
        doubt = "" if points[1]["steady"] and points[most]["steady"] else f" {texts.text(PAGE, 'answer_doubt')}"
        guess.ask(PAGE, name, GUESSES, sum(times >= end for end in ENDS), most=f"{most:g}", times=f"{times:.3g}", doubt=doubt,
                  one=f"{points[1]['images_per_second']:.3g}", many=f"{points[most]['images_per_second']:.3g}")


def show(network: Architecture) -> None:
    job = work.mine(work.benchmarks())
    busy = job is not None and job.active  # asked once: it may end at any moment
    st.markdown(texts.text(PAGE, "lead"))
    request, button = wish(network)
    mine = ANSWERS.mine(request)
    with button:
        frame.button(ANSWERS, request, KEY, busy=busy)
    alike = [row for row in ANSWERS.rows() if row["over"] == request.over]
    row = mine or (alike[-1] if alike else None)
    question(request, mine)
    with st.container(key="sweep_status"):
        running(job) if busy else status(request, job, row)
    if row is not None and not (busy and ANSWERS.made(job)):
        shown.outcome(row, alike)
    shown.closing(request.over)
