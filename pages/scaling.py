"""Scaling: φ, α, β, γ → the network, its graph, its cost."""

import math
from collections.abc import Callable

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import UNSCALED, compound, published
from effnet_core.figures import bars as bar_data
from effnet_core.graph import graph
from effnet_core.scaling import Compound
from pages.shared import compare, html, measured, results, shell, state, texts
from pages.shared.bars import bars
from pages.shared.lab import block, constraint, counters, formula as table, kinds, memory, pinned, takehome

LEVELS = {"Stages": "stage", "Blocks": "block", "Layers": "layer"}
METRIC_WORDS = {"macs": "MACs", "params": "parameters", "activations": "activations", "time": "measured time"}
METRICS = {"MACs": "macs", "Parameters": "params", "Activations": "activations", "Measured time": "time"}


QUESTIONS: dict[str, tuple[str, Callable[[Architecture, Cost], None]]] = {  # in the address → what is asked, and who answers
    "Kinds of layers": ("Where does the cost live?", kinds.show),
    "Formula or table": ("Why is B7 not α⁷?", table.show),
    "Why about 2": ("Why should α·β²·γ² be about 2?", constraint.show),
    "Memory": ("How much memory does it take?", memory.show),
    "Compare": ("How do networks differ, side by side?", pinned.show),
    "Other counters": ("Which number is FLOPs?", counters.show),
    "Take home": ("How do I take this network home?", takehome.show),
}


def drawing_controls(network: Architecture) -> tuple[str, str, frozenset[str]]:
    """Level of detail, colour and unfolded stages."""
    level, colour, opened = st.columns([3, 3, 4], vertical_alignment="bottom")
    detail = LEVELS[level.segmented_control("Show", list(LEVELS), default="Blocks", required=True, width="stretch", wrap=True, **state.bound("level"))]
    metric = METRICS[colour.selectbox("Colour by", list(METRICS), **state.bound("colour"))]
    stages = opened.multiselect("Unfold the repeats of", [stage.id for stage in network.stages if len(stage.blocks) > 1], placeholder="repeats stand folded as N ×", **state.bound("opened"))
    if metric == "time" and results.layer_times(network) is None:
        st.info("This network has not been measured yet. Measure it on the Latency page, then its graph can be coloured by time.",
                icon=":material/timer:")
        metric = "macs"
    fill = f"Fill: {METRIC_WORDS[metric]}, the more the stronger; N folded repeats count together. Border: the colour of the stage."
    if metric == "time":
        row = results.timed(network)
        doubt = "" if row["steady"] else " This measurement was disturbed; the Latency page says how."
        fill += f" Measured {results.ago(row['measured'])}: {measured.described(row)}.{doubt}"
    st.caption(fill)
    return detail, metric, frozenset(stages)


def picture(network: Architecture, detail: str, metric: str, opened: frozenset[str], chosen: str) -> None:
    times, theme = results.layer_times(network), shell.theme()
    drawn = (network.family.name, network.scaling, detail, metric, opened, chosen, theme, tuple(times.values()) if times else ())
    dot = graph(network, detail, metric, opened=opened, times=times, theme=theme, selected=chosen, version=f"{hash(drawn) & 0xFFFFFFFF:x}")
    st.graphviz_chart(dot, width="content", alt=f"Graph of {network.name} by {detail}, coloured by {metric}")


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
        implied = (math.log(s.depth, 1.2), math.log(s.width, 1.1), math.log(s.side / 224, 1.15))
        return texts.text("scaling", "formula_published", **numbers, **dict(zip(("phi_d", "phi_w", "phi_r"), (f"{x:.2f}" for x in implied))))
    c = Compound(*(state.get(key) for key in state.RANGES))
    return texts.text("scaling", "formula", **numbers, r=f"{c.resolution:.3f}", constraint=f"{c.constraint:.3f}",
                      promised=times(c.promised), **{key: f"{state.get(key):g}" for key in state.RANGES})


def page(network: Architecture) -> None:
    total, chosen, times = cost(network), state.selected(network), results.layer_times(network)
    numbers(network, total)
    detail, metric, opened = drawing_controls(network)
    middle, right = st.columns([4, 6], gap="medium")
    with middle:
        picture(network, detail, metric, opened, chosen)
    with right:
        st.markdown(formula(network, total))
        bars(bar_data.by_unit(total, network, metric, shell.theme(), chosen, times))


def numbers(network: Architecture, total: Cost) -> None:
    place = st.container()
    as_flops = st.toggle("Count FLOPs (2 × MACs)", help="The paper's tables say FLOPS and mean multiply-adds, MACs. Other tools count both operations.", **state.bound("flops"))
    with place:
        html.tiles(compare.summary(network, total, st.session_state.get("_before"), as_flops))
    st.session_state["_before"] = compare.figures(network, total)


def questions(network: Architecture) -> None:
    """One question at a time: only what is asked is computed."""
    asked = st.pills("Ask", list(QUESTIONS), default=next(iter(QUESTIONS)), required=True, wrap=True, **state.bound("ask"))
    words, show = QUESTIONS[asked]
    st.markdown(f"#### {words}")
    show(network, cost(network))


shell.require("scaling")
with shell.refusals():
    network = state.architecture()
    shell.strip(network)
    page(network)
    block.show(network, cost(network))
    questions(network)
