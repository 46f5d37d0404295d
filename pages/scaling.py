"""Scaling: φ, α, β, γ → the network, its graph, its cost."""

from collections.abc import Callable

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import UNSCALED, compound, published
from effnet_core.lab.formula import implied
from effnet_core.scaling import Compound
from pages.shared import html, live, measured, results, shell, state, teaching, texts
from pages.shared.bars import bars
from pages.shared.drawing import drawing
from pages.shared.lab import block, constraint, counters, kinds, memory, pinned, takehome
from pages.shared.lab import formula as table
from pages.shared.tiles import tiles

LEVELS = {"Stages": "stage", "Blocks": "block", "Layers": "layer"}
METRICS = {"MACs": "macs", "Parameters": "params", "Activations": "activations", "Receptive field ÷ image side": "field", "Measured time": "time"}


QUESTIONS: dict[str, tuple[str, Callable[[Architecture, Cost], None]]] = {  # in the address → what is asked, and who answers
    "The selected block": ("", block.show),  # which has a heading of its own
    "Kinds of layers": ("Where does the cost live?", kinds.show),
    "Formula or table": ("Why is B7 not α⁷?", table.show),
    "Why about 2": ("Why should α·β²·γ² be about 2?", constraint.show),
    "Memory": ("How much memory does it take?", memory.show),
    "Compare": ("How do networks differ, side by side?", pinned.show),
    "Other counters": ("Which number is FLOPs?", counters.show),
    "Take home": ("How do I take this network home?", takehome.show),
}


def drawing_controls(network: Architecture) -> tuple[str, str]:
    """Level of detail and colour."""
    level, colour, count = st.columns([3, 3, 3], vertical_alignment="bottom")
    detail = LEVELS[level.segmented_control("Show", list(LEVELS), default="Blocks", required=True, width="stretch", wrap=True, **state.bound("level"))]
    metric = METRICS[colour.selectbox("Colour by", list(METRICS), **state.bound("colour"))]
    count.toggle("Count FLOPs (2 × MACs)", help="The paper's tables say FLOPS and mean multiply-adds, MACs. Other tools count both operations.", **state.bound("flops"))
    if metric == "time" and results.layer_times(network) is None:
        st.info(unmeasured(network), icon=":material/timer:")
        st.page_link(shell.PAGES["latency"].file, label="Measure it", icon=shell.PAGES["latency"].icon)
        metric = "macs"
    if metric == "time":
        row = results.timed(network)
        doubt = "" if row["steady"] else " This measurement was disturbed; the Latency page says how."
        st.caption(f"Measured {results.ago(row['measured'])}: {measured.described(row)}.{doubt}")
    return detail, metric


def unmeasured(network: Architecture) -> str:
    """Why the graph cannot have the colours of the time."""
    whole = results.latest(network)
    return (f"This network was measured only as a whole, {measured.how(whole)}, which says nothing of its layers, so its MACs are shown. Measured on the Latency page "
            "in a way that keeps the layers apart, such as Plain, its graph can be coloured by time." if whole else
            "This network has not been measured yet, so its MACs are shown. Measured on the Latency page, its graph can be coloured by time.")


def times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 1000 else f"{ratio:.2f}"


def formula(network: Architecture, total: Cost) -> str:
    s, base = network.scaling, compound(0.0, base=state.BASES[state.get("base")])
    numbers = {"d": f"{s.depth:.3f}", "w": f"{s.width:.3f}", "side": f"{s.side}", "counted": times(total.macs / cost(base).macs),
               "base": state.get("base"), "base_side": f"{base.scaling.side}"}
    if state.get("source") == "Published":
        if state.NAMES[state.get("name")] in UNSCALED:
            return texts.text("scaling", "formula_unscaled", name=network.name, side=f"{s.side}", counted=times(total.macs / cost(published("b0")).macs))
        numbers["counted"] = times(total.macs / cost(published("b0")).macs)
        return texts.text("scaling", "formula_published", **numbers, **dict(zip(("phi_d", "phi_w", "phi_r"), (f"{x:.2f}" for x in implied(s)))))
    c = Compound(*(state.get(key) for key in state.RANGES))
    counted = texts.text("scaling", "count_base" if total == cost(base) else "count", **numbers)
    return texts.text("scaling", "formula", **numbers, count=counted, r=f"{c.resolution:.3f}", constraint=f"{c.constraint:.3f}",
                      promised=times(c.promised), **{key: f"{state.get(key):g}" for key in state.RANGES})


def page(network: Architecture, refused: str) -> None:
    total, times = cost(network), results.layer_times(network)
    place = st.container()
    detail, metric = drawing_controls(network)
    with place:
        tiles(network, total, st.session_state["flops"])
    left, right = st.columns([7, 5], gap="medium") if detail != "layer" else (st.container(), st.container())
    with left:
        drawing(network, total, detail, metric, times)
    with right:
        with st.container(key="formula"):
            st.warning(html.plain(refused), icon=":material/info:") if refused else st.markdown(formula(network, total))
        bars(network, total, metric, times)


def questions(network: Architecture) -> None:
    """One part of the page at a time: only what is asked is computed."""
    left = teaching.offered("ask", QUESTIONS)
    asked = st.pills("Open below", list(left), default=next(iter(left)), required=True, wrap=True, **state.bound("ask"))
    words, show = QUESTIONS[asked]
    if words:
        st.markdown(f"#### {words}")
    show(network, cost(network))


shell.require("scaling")
with shell.refusals():
    network, refused = live.network()
    shell.strip(network, refused)
    page(network, refused)
    if not refused:
        questions(network)
