"""A convolution and the separable pair in its place against the clock of the machine that serves the page."""

from dataclasses import asdict
from typing import NamedTuple

import streamlit as st

from effnet_core import machine
from effnet_core.errors import UserError
from effnet_core.figures import racing as draw
from effnet_core.lessons.separable import Separable
from effnet_core.palette import si
from effnet_core.work.jobs import Job

from .. import html, lesson, results, shell, state, work
from ..answers import Answers
from ..measured import PLAIN, ms, provenance, span, threads_text

SLUG = "separable"
SECONDS = 2.0
BATCHES = (1, 8, 32)
PHASES = {"loading torch": ("Loading PyTorch", 0.0), "building": ("Building the network", 0.2), "warming up": ("Warming up", 0.3),
          "measuring": ("Measuring", 0.4),
          "layers": ("Timing every layer", 0.9)}  # of any measurement → in words, and where on the bar it begins
NAMES = {"standard": "Standard", "depthwise": "Depthwise", "pointwise": "Pointwise", "pair": "The pair"}

answers = Answers("convolutions", "_races")


class Request(NamedTuple):
    """What is to be measured, and how."""

    shape: Separable
    device: str
    batch: int
    threads: int

    @property
    def title(self) -> str:
        one = self.shape
        return f"{one.inputs:,} → {one.outputs:,} channels, {one.kernel} × {one.kernel}, {one.side} × {one.side}"

    def args(self) -> list[str]:
        shape = {name: getattr(self.shape, name) for name in ("inputs", "outputs", "kernel", "side", "stride")}
        asked = {**shape, "device": self.device, "batch": self.batch, "threads": self.threads, "seconds": SECONDS}
        return ["convolutions", *(word for name, value in asked.items() for word in (f"--{name}", str(value)))]

    def answered_by(self, record: dict) -> bool:
        return record["shape"] == asdict(self.shape) and self[1:] == (record["device"], record["batch"], record["threads"])


def show(shape: Separable) -> None:
    """The controls, what goes on, and the latest answer to what the sliders ask."""
    job = work.mine(work.benchmarks())
    busy = job is not None and job.active  # asked once: it may end at any moment
    request = _wish(shape, busy)
    found = answers.mine(request)
    with st.container(key="race_status"):
        _running(job) if busy else _status(request, job, found)
    if found is not None:
        _outcome(shape, found)


def _wish(shape: Separable, busy: bool) -> Request:
    results.devices().watch()
    device, batch, threads, button = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    names = results.devices().names
    where = device.selectbox("Device", [*names], format_func=names.__getitem__, **state.bound("device"))
    images = batch.selectbox("Batch size, images at once", BATCHES, **state.bound("sep_batch"))
    cores = threads.selectbox("Threads", range(1, machine.cores() + 1), **state.bound("threads"))
    request = Request(shape, where, images, cores)
    known = answers.mine(request)
    button.button("Measure again" if known else "Measure", key="race", icon=":material/timer:", width="stretch", on_click=_measure,
                  args=(request,), type="secondary" if known else "primary", disabled=busy)
    return request


def _measure(request: Request) -> None:
    try:
        answers.ask(request)
    except UserError as refused:
        st.session_state["_race_refused"] = str(refused)


def _step(job: Job) -> work.Step:
    event = job.latest("progress") or {"phase": "loading torch", "fraction": 0.0}
    words, begins = PHASES.get(event["phase"], (event["phase"].capitalize(), 0.0))  # of another part, which this visitor started there
    ends = min((place for _, place in PHASES.values() if place > begins), default=1.0)
    pace = work.pace(job) if event["phase"] == "measuring" else None
    return work.Step(begins + event["fraction"] * (ends - begins), words, pace and pace[1])


def _running(job: Job) -> None:
    queue = work.benchmarks()
    work.watch(queue, job, lambda: (answers.rows(), work.bar(queue, job, _step)))


def _status(request: Request, job: Job | None, found: dict | None) -> None:
    """What became of the last try, and what to do next."""
    if refused := st.session_state.pop("_race_refused", None):
        st.warning(html.plain(refused), icon=":material/info:")
    elif job is not None and job.state in ("failed", "stopped") and answers.made(job) and answers.asked() == request:
        why = job.error or "It was stopped before it was complete."
        st.warning(f"**{html.plain(job.title)}** was not measured. {html.plain(why)}", icon=":material/info:")
    if found is not None:
        st.caption(lesson.text(SLUG, "race_current", ago=results.ago(found["measured"]), seconds=f"{SECONDS:g}"))
    elif (offer := answers.offered(request)) is not None:
        text, button = st.columns([5, 1], vertical_alignment="center")
        text.info(lesson.text(SLUG, "race_offer", ago=results.ago(offer["measured"]), times=_times(offer)), icon=":material/group:")
        button.button("Show it", key="race_take", type="primary", on_click=answers.take, args=(offer,), width="stretch")
    else:
        st.caption(lesson.text(SLUG, "race_ready", seconds=f"{SECONDS:g}"))


def _times(row: dict) -> str:
    """The pair's time over the standard convolution's."""
    return f"{row['ways']['pair']['median_ms'] / row['ways']['standard']['median_ms']:.3g}"


def _compared(ratio: float, more: str, less: str) -> str:
    """"6.54 times fewer", "1.2 times slower"."""
    return f"{1 / ratio:.3g} times {less}" if ratio <= 1 else f"{ratio:.3g} times {more}"


def _outcome(shape: Separable, row: dict) -> None:
    ways, macs = row["ways"], float(shape.ratio)
    time = ways["pair"]["median_ms"] / ways["standard"]["median_ms"]
    html.tiles([
        html.Tile("MACs, the pair over the standard", f"{macs:.3g}", _compared(macs, "more", "fewer")),
        html.Tile("Time measured here, the pair over the standard", f"{time:.3g}", _compared(time, "slower", "faster")),
        *(html.Tile(f"MACs/s, {NAMES[way].lower()}", si(ways[way]["macs_per_s"]), f"{_intensity(row, way)} MACs per byte")
          for way in ("standard", "depthwise")),
    ], "race")
    st.caption(provenance(row))
    if row["note"]:
        st.warning(lesson.text(SLUG, "race_doubt", note=row["note"]), icon=":material/warning:")
    left, right = st.columns(2, gap="medium")
    left.markdown("###### Work, traffic and time, as parts of the standard convolution's")
    left.plotly_chart(draw.parts(row, shell.theme()), theme=None, key="race_parts", config=PLAIN,
                      alt=f"The pair needs {macs:.3g} of the MACs and took {time:.3g} of the time of the standard convolution")
    right.markdown("###### MACs per second against MACs per byte; dashed: as fast as a copy")
    right.plotly_chart(draw.paces(row, shell.theme()), theme=None, key="race_paces", config=PLAIN,
                       alt="Measured pace of each convolution against its MACs per byte")
    _table(row)
    st.markdown(lesson.text(SLUG, "race_why" if _apart(row, macs) else "race_agree", **_numbers(row, macs, time)))


def _apart(row: dict, macs: float) -> bool:
    """Whether the ratio of MACs lies beyond what the ratio of times can be within eight of ten passes of each."""
    pair, standard = row["ways"]["pair"], row["ways"]["standard"]
    return not pair["p10_ms"] / standard["p90_ms"] <= macs <= pair["p90_ms"] / standard["p10_ms"]


def _intensity(row: dict, way: str) -> str:
    found = row["ways"][way]
    return f"{row['batch'] * found['macs'] / found['bytes']:.3g}"


def _numbers(row: dict, macs: float, time: float) -> dict[str, str]:
    """What the explanation says."""
    standard, depthwise = row["ways"]["standard"], row["ways"]["depthwise"]
    return {"macs": _compared(macs, "more", "fewer"), "time": _compared(time, "slower", "faster"), "standard": _intensity(row, "standard"),
            "depthwise": _intensity(row, "depthwise"), "slow": si(depthwise["macs_per_s"]), "fast": si(standard["macs_per_s"]),
            "copied": si(row["copied_per_s"], "B/s"),
            "roof": si(row["copied_per_s"] * row["batch"] * depthwise["macs"] / depthwise["bytes"]),
            "call": ms(row["call_ms"]), "share": f"{100 * row['call_ms'] / depthwise['median_ms']:.2g}"}


def _table(row: dict) -> None:
    lines = [(NAMES[name], f"{way['macs']:,}", f"{way['bytes']:,}", _intensity(row, name), ms(way["median_ms"]),
              span(way["p10_ms"], way["p90_ms"]),
              si(way["macs_per_s"])) for name, way in row["ways"].items()]
    html.table(("", "MACs per image", "Bytes to move", "MACs per byte", "Median", "10 % to 90 %", "MACs/s"), lines,
               caption=f"{row['ways']['pair']['rounds']:,} rounds of all four in turn, batch {row['batch']}, "
                       f"{threads_text(row['threads'])}")
