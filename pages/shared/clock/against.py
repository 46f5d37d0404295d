"""Against others: EfficientNets, ResNets and a MobileNet measured here one after another, beside what was recorded elsewhere."""

from bisect import bisect
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from effnet_core import machine
from effnet_core.architecture import Architecture
from effnet_core.families import published
from effnet_core.lab import against
from effnet_core.lab.against import Point
from effnet_core.lab.recorded import PLAIN
from effnet_core.palette import bytes_text, three
from effnet_core.speed import needs

from .. import guess, html, measured, results, series, state, texts, work
from ..results import Request
from . import frame, pace

PAGE = "latency_against"
NETWORKS = {key: published(key) for key in against.NETWORKS}
NAMES = {against.short(key): key for key in NETWORKS}
KEYS = {network.name: key for key, network in NETWORKS.items()}
LEAST = 3.0  # seconds: about what PyTorch takes to load and a network to build
NOTHING, PAPER = "Nothing", "Printed: Table 4 of the paper"
STEPS = (2, 5, 8, 13)  # between the answers of the question
ANSWERS = ("less than 2 times as long", "2 to 5 times", "5 to 8 times", "8 to 13 times, about as the work", "more than 13 times")


class Setting(NamedTuple):
    """How networks are measured."""

    device: str
    batch: int
    threads: int

    def rows(self) -> dict[str, dict]:
        """What this session has, or another visitor of this server, by `published` name."""
        found = {key: results.mine(self.request(key)) or results.offered(self.request(key)) for key in NETWORKS}
        return {key: row for key, row in found.items() if row}

    def request(self, key: str) -> Request:
        return Request(NETWORKS[key], *self)

    @property
    def told(self) -> str:
        return f"batch {self.batch}" + (f", {measured.threads_text(self.threads)}" if self.device == "cpu" else "")


class Beside(NamedTuple):
    """What stands beside the visitor's own: where it is from, in short and in a sentence, and its rows, where it has more than points."""

    title: str
    short: str
    source: str
    points: dict[str, Point]
    rows: dict[str, dict]
    batch: int


def show(network: Architecture) -> None:
    del network  # those to be compared are chosen here
    question = st.container()
    setting = chosen()
    keys = [NAMES[name] for name in st.pills("Networks", list(NAMES), selection_mode="multi", wrap=True, help=texts.text(PAGE, "networks"),
                                             default=[against.short(key) for key in against.QUICK], **state.bound("against_networks"))]
    other = beside(setting)
    rows = {batch: setting._replace(batch=batch).rows() for batch in sorted({1, 32, setting.batch})}
    here = {batch: against.points(found, batch) for batch, found in rows.items()}
    with st.container(key="against_status"):
        status(setting, keys, rows[setting.batch], {**here[1], **here[setting.batch]})
    with question:
        answered = asked(setting, here, other)
    if not answered:
        st.container(key="against_waits", border=True).markdown(f"The chart, the ratios and the reasons: {guess.WAITS}.")
        return
    pace.picture(keys, here[setting.batch], rows[setting.batch], other, setting.told)
    pace.ratios(here, other)
    pace.reasons(keys, rows[setting.batch], setting.batch, other)


def chosen() -> Setting:
    """The same controls as those of one network."""
    results.devices().watch()
    device, batch, threads = st.columns([3, 4, 2], vertical_alignment="bottom")
    return Setting(
        frame.device(device),
        frame.batch(batch),
        frame.threads(threads))


def beside(setting: Setting) -> Beside | None:
    """What the visitor wants to see beside their own: a recorded series, the paper's times, or nothing."""
    shipped = series.shipped()
    choice = st.selectbox("Beside them", [NOTHING, *shipped, PAPER], index=1, help=texts.text(PAGE, "beside"), **state.bound("against_beside"))
    if choice == PAPER:
        return Beside(PAPER, "printed", texts.text(PAGE, "printed"), against.papers(), {}, 1)
    return recorded(choice) if choice in shipped else None


def recorded(title: str) -> Beside:
    found = series.shipped()[title]
    source = f"{series.provenance(found)} {Setting(found.device, found.batch, found.threads).told.capitalize()}."
    return Beside(title, f"recorded, batch {found.batch}", source, against.points(found.times, found.batch), found.times, found.batch)


def reference(setting: Setting) -> Beside | None:
    """The recorded series that is most like what is to be measured, to tell what it will take."""
    shipped = series.shipped()
    alike = [title for title, found in shipped.items()
             if found.run == tuple(PLAIN.values()) and (found.device == "cpu") == (setting.device == "cpu")]
    nearest = sorted(alike, key=lambda title: (shipped[title].batch != setting.batch, shipped[title].threads != setting.threads))
    return recorded(nearest[0]) if nearest else None


def status(setting: Setting, keys: Sequence[str], rows: dict[str, dict], here: dict[str, Point]) -> None:
    """What measuring would take, and the button for it; what cannot be measured, and why."""
    known = reference(setting)

    def expect(requests: Sequence[Request]) -> float:
        return sum(seconds(request, here, known) for request in requests)

    missing = {key: setting.request(key) for key in keys if key not in rows}
    free = machine.memory_available() if setting.device == "cpu" else None
    hindered = {key: why for key, request in missing.items() if (why := hindrance(key, request, free, expect([request])))}
    able = [request for key, request in missing.items() if key not in hindered]
    doubtful = [key for key in keys if key in rows and not rows[key]["steady"]]
    series.measuring(able, expect=expect)
    if not series.busy():
        said = [texts.text(PAGE, "takes" if known else "takes_least", span=work.span(expect(able)))] if able else []
        said += [texts.text(PAGE, "hindered", reasons="; ".join(hindered.values()))] if hindered else []
        st.caption(" ".join(said) or texts.text(PAGE, "complete" if keys else "none", told=setting.told))
        if doubtful and not able:
            again(setting, doubtful)


def again(setting: Setting, doubtful: Sequence[str]) -> None:
    st.button(f"Measure the {len(doubtful)} again that cannot be trusted" if len(doubtful) > 1 else f"Measure {against.short(doubtful[0])} again",
              key="against_again", icon=":material/refresh:", on_click=series.start, args=([setting.request(key) for key in doubtful], True))


def seconds(request: Request, here: dict[str, Point], known: Beside | None) -> float:
    """About how long that measurement takes."""
    expected = against.expected_ms(KEYS[request.network.name], here, known.points if known else {})
    passes = needs.seconds_needed(request.batch * expected, results.SECONDS) if expected else results.SECONDS * (1 + needs.LAYER_SHARE)
    return LEAST + passes


def hindrance(key: str, request: Request, free: int | None, expected_s: float) -> str | None:
    """Why it is not even tried: the memory that is `free`, where that is known, would not do, or the time."""
    needed = sum(needs.memory_needed(request.network, request.batch))
    if free is not None and needed > free:
        return f"{against.short(key)} needs about {bytes_text(needed)} of memory, and {bytes_text(free)} are free"
    if expected_s > work.MEASURING_LIMIT_S:
        return f"{against.short(key)} would take about {work.span(expected_s)}, and one measurement may take {work.span(work.MEASURING_LIMIT_S)}"
    return None


def asked(setting: Setting, here: dict[int, dict[str, Point]], other: Beside | None) -> bool:
    """The question to guess first; True where it is answered, or nobody could answer it yet."""
    known = reference(setting)
    own = {f"measured here, {setting._replace(batch=batch).told}": here[batch] for batch in (setting.batch, 1)}
    sources = own | {html.plain(one.title[0].lower() + one.title[1:]): one.points for one in (other, known) if one}
    found = {source: points for source, points in sources.items() if against.time_ratio("resnet50", "b0", points)}
    macs = against.macs_ratio("resnet50", "b0")
    if not found:
        guess.foretell(PAGE, "against", ANSWERS, macs=three(macs))
        return True
    trusted = [source for source, points in found.items() if points["resnet50"].steady and points["b0"].steady]
    source = next(iter([*trusted, *found]))
    ratio = against.time_ratio("resnet50", "b0", found[source])
    return guess.ask(PAGE, "against", ANSWERS, bisect(STEPS, ratio), macs=three(macs), ratio=three(ratio), pace=three(macs / ratio),
                     source=source if trusted else f"{source}, disturbed by other work")
