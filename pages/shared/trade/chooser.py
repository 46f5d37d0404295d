"""Which network fits a budget of MACs, parameters, memory or milliseconds."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import ladder as draw
from effnet_core.figures import short
from effnet_core.lab import budget
from effnet_core.lab.budget import Answer, Rung
from effnet_core.lab.paper import SOURCE
from effnet_core.palette import bytes_text, si

from .. import html, shell, state, texts
from . import clock

BATCHES = (1, 8, 32, 128)
USES = {"Inference": "inference", "Training": "training"}
LIMITS = (0.001, 1e9)  # of the number that is typed


class Kind(NamedTuple):
    """One kind of budget: how its number is asked for, and how amounts are written."""

    key: str
    ask: str
    factor: float  # of what is typed
    default: float
    text: Callable[[float], str]
    tick: Callable[[float], str]
    axis: str


KINDS = {
    "MACs": Kind("macs", "At most this many billion MACs", 1e9, 2.0, si, short, "MACs, one image"),
    "Parameters": Kind("params", "At most this many million parameters", 1e6, 10.0, si, short, "parameters"),
    "Memory": Kind("memory", "At most this many megabytes", 1e6, 100.0, bytes_text, lambda count: short(count, "B"), "bytes"),
    "Time": Kind("time", "At most this many milliseconds", 1.0, 100.0, clock.ms, lambda ms: short(ms / 1e3, "s"), "median time of a pass"),
}


def show(network: Architecture, total: Cost) -> None:
    left, middle, right = st.columns([5, 4, 3], vertical_alignment="bottom")
    kind = KINDS[left.segmented_control("The budget is of", list(KINDS), default="MACs", required=True, width="stretch",
                                        **state.bound("budget_kind"))]
    typed = middle.number_input(kind.ask, *LIMITS, kind.default, format="%g", **state.bound(f"budget_{kind.key}"))
    amount = kind.factor * typed
    if kind.key == "time":
        clocked(kind, amount, network)
        return
    counted, batch = memory_of(right) if kind.key == "memory" else (kind.key, 1)
    rungs = budget.ladder(counted, batch)
    answer(kind, amount, budget.choose(rungs, amount), budget.largest_phi(counted, amount, batch))
    picture(kind, rungs, amount, budget.need(network, counted, batch))
    images = "1 image" if batch == 1 else f"{batch} images"
    st.caption(texts.text("tradeoffs", f"counts_{counted}", source=SOURCE, images=images, optimiser=budget.OPTIMISER))


def memory_of(place: DeltaGenerator) -> tuple[str, int]:
    """What the memory is for, and how many images at a time."""
    use = st.segmented_control("It is for", list(USES), default="Inference", required=True, **state.bound("budget_use"))
    return USES[use], place.selectbox("Images at a time", BATCHES, **state.bound("budget_batch"))


def clocked(kind: Kind, amount: float, network: Architecture) -> None:
    times = clock.times()
    medians = {name: row["median_ms"] for name, row in times.items()}
    rungs, others = budget.measured(medians), budget.rivals(medians)
    if not rungs:
        st.info(texts.text("tradeoffs", "unmeasured"), icon=":material/timer:")
        return
    answer(kind, amount, budget.choose(rungs, amount), None)
    picture(kind, (*rungs, *others), amount, clock.live(network))
    missing = [rung.name for rung in budget.ladder("macs") if rung.key not in times]
    doubtful = [rung.name for rung in (*rungs, *others) if not times[rung.key]["steady"]]
    lacking = f" Not measured: {', '.join(missing)}." if missing else ""
    doubt = f" Disturbed by other work, so not to be trusted: {', '.join(doubtful)}." if doubtful else ""
    st.caption(texts.text("tradeoffs", "counts_time_rivals" if others else "counts_time", source=SOURCE) + lacking + doubt)


def answer(kind: Kind, amount: float, found: Answer, phi: tuple[float, int] | None) -> None:
    html.tiles(tiles(kind, amount, found, phi), "budget")
    if found.best is None:
        smallest = found.following
        st.info(texts.text("tradeoffs", "too_small", amount=kind.text(amount), name=smallest.name, need=kind.text(smallest.need)),
                icon=":material/info:")
    elif found.following is None:
        st.info(texts.text("tradeoffs", "large_enough", amount=kind.text(amount), name=found.best.name, top1=f"{found.best.top1}"),
                icon=":material/info:")
    with st.container(horizontal=True):
        if found.best is not None:
            st.button(f"Show {found.best.name}", key="budget_best", on_click=state.put,
                      kwargs={"source": "Published", "name": found.best.name})
        if phi is not None and (step := int(10 * phi[0] // 1) / 10) >= state.RANGES["phi"][0]:
            st.button(f"Set φ to {step:.1f}", key="budget_phi", on_click=state.put, help=texts.text("tradeoffs", "set_phi"),
                      kwargs={"source": "Formula", "phi": step, "alpha": 1.2, "beta": 1.1, "gamma": 1.15, "base": "B0"})


def tiles(kind: Kind, amount: float, found: Answer, phi: tuple[float, int] | None) -> list[html.Tile]:
    best, following = found
    first = ("none", "B0 is the smallest") if best is None else (best.name, f"top-1 {best.top1} %, needs {kind.text(best.need)}")
    second = ("–", "there is none among B0 to B7") if following is None else (
        kind.text(following.need), f"{following.name}, top-1 {following.top1} %, × {following.need / amount:.3g} the budget")
    third = ("none", "not even φ = −4 fits") if phi is None else (
        f"φ = {phi[0]:{'.1f' if kind.key == 'memory' else '.3f'}}".replace("-", "−"), f"needs {kind.text(phi[1])}; accuracy unknown" + ("; more than 8 is not tried" if phi[0] >= 8 else ""))
    shown = [html.Tile("Best released within it", *first, explain="By the paper's top-1 on ImageNet, among B0 to B7."),
             html.Tile("The next would need", *second),
             html.Tile("Largest φ by the formula", *third, explain="From B0, with the paper's α, β, γ, between −4 and 8.")]
    return shown[:2] if kind.key == "time" else shown


def picture(kind: Kind, rungs: tuple[Rung, ...], amount: float, live: float | None) -> None:
    figure = draw.chart(rungs, amount, kind.text, kind.tick, kind.axis, live, shell.theme())
    st.plotly_chart(figure, theme=None, key="ladder", config={"displayModeBar": False},
                    alt=f"What B0 to B7 need in {kind.axis}, against the budget of {kind.text(amount)}")
