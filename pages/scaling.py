"""Scaling: φ, α, β, γ → the network, its graph, its cost."""

import math

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost, cost
from effnet_core.families import published
from effnet_core.figures import cost as draw
from effnet_core.graph import graph
from effnet_core.palette import si
from effnet_core.scaling import Compound
from pages.shared import compare, controls, html, results, shell, state, texts
from pages.shared.spine import spine

METRICS = {"macs": "MACs", "params": "Parameters", "activations": "Activations", "time": "Measured time"}


def picture(network: Architecture, chosen: str) -> None:
    level, colour, opened = st.columns([3, 4, 4], vertical_alignment="bottom")
    detail = level.segmented_control("Show", ["stage", "block", "layer"], default="block", required=True, key="level",
                                     format_func=lambda name: name.capitalize() + "s", bind="query-params", persist_state="session")
    metric = colour.selectbox("Colour by", list(METRICS), format_func=METRICS.get, key="colour", bind="query-params", persist_state="session")
    stages = opened.multiselect("Unfold the repeats of", [stage.id for stage in network.stages if len(stage.blocks) > 1],
                                format_func=lambda stage: f"stage {int(stage[7:]) + 1}", key="opened", persist_state="session",
                                placeholder="×N blocks, folded")
    times = results.layer_times(network)
    if metric == "time" and times is None:
        st.info("This network has not been measured yet. Measure it on the Latency page, then its graph can be coloured by time.",
                icon=":material/timer:")
        metric = "macs"
    version = st.session_state["_drawing"] = st.session_state.get("_drawing", 0) + 1
    dot = graph(network, detail, metric, opened=frozenset(stages), times=times, theme=shell.theme(), version=str(version), selected=chosen)
    drawn = st.session_state.get("_drawn")
    if drawn and drawn[0] == dot.source.replace(f"__v{version}", ""):
        dot_source = drawn[1]  # nothing changed: the same text keeps the browser from drawing again
    else:
        dot_source = dot.source
        st.session_state["_drawn"] = (dot.source.replace(f"__v{version}", ""), dot_source)
    st.graphviz_chart(dot_source, width="stretch", alt=f"Graph of {network.name}: {len(network.stages)} stages, coloured by {METRICS[metric]}")


def formula(network: Architecture, total: Cost) -> str:
    s, base = network.scaling, published("b0")
    numbers = {"d": f"{s.depth:.3f}", "w": f"{s.width:.3f}", "side": f"{s.side}", "counted": f"{total.macs / cost(base).macs:.2f}"}
    if state.get("source") == "published":
        implied = (math.log(s.depth, 1.2), math.log(s.width, 1.1), math.log(s.side / 224, 1.15))
        return texts.text("scaling", "formula_published", **numbers, **dict(zip(("phi_d", "phi_w", "phi_r"), (f"{x:.2f}" for x in implied))))
    c = Compound(*(state.get(key) for key in state.RANGES))
    return texts.text("scaling", "formula", **numbers, r=f"{c.resolution:.3f}", base="224", constraint=f"{c.constraint:.3f}",
                      promised=f"{c.promised:.2f}", **{key: f"{state.get(key):g}" for key in state.RANGES})


def unit_table(network: Architecture, total: Cost, chosen: str) -> None:
    layers = dict(network.units())[chosen]
    rows = []
    for layer in layers:
        row = total.rows[layer.id]
        kernel = f"{layer.kernel}×{layer.kernel}" + (f", stride {layer.stride}" if layer.stride > 1 else "")
        what = f"squeeze to {layer.squeeze}" if layer.operator == "se" else "–" if layer.operator == "linear" else kernel
        rows.append((layer.id.rpartition(".")[2] if "." in layer.id else layer.id, layer.operator, what, str(layer.input), str(layer.output),
                     f"{row.params:,}", f"{row.macs:,}", f"{100 * row.macs / total.macs:.2f} %"))
    html.table(("Layer", "Operator", "Kernel", "Input, C × H × W", "Output, C × H × W", "Parameters", "MACs", "of all MACs"), rows)


def comparison(network: Architecture, total: Cost) -> None:
    other = published(compare.nearest(network, total))
    html.table(("", network.name.removeprefix("EfficientNet-"), other.name.removeprefix("EfficientNet-"), "ratio"),
               compare.rows(network, total, other, cost(other)),
               caption=f"Beside the published network with the most similar MACs, {other.name}")


def page(network: Architecture, left) -> None:
    total = cost(network)
    chosen = state.selected(network)
    middle, right = st.columns([5, 4], gap="large")
    with right:
        as_flops = st.toggle("Count FLOPs (2 × MACs)", key="flops", bind="query-params", persist_state="session",
                             help="The paper's tables say FLOPS and mean multiply-adds, MACs. Other tools count both operations.")
        html.tiles(compare.summary(network, total, st.session_state.get("_before"), as_flops))
        st.session_state["_before"] = compare.figures(network, total)
        st.markdown(formula(network, total))
        comparison(network, total)
    with middle:
        picture(network, chosen)
    metric = st.session_state.get("colour", "macs")
    metric = "macs" if metric == "time" and results.layer_times(network) is None else metric
    st.markdown(f"#### {METRICS[metric]} of every block")
    st.plotly_chart(draw.by_unit(total, network, metric, shell.theme(), selected=chosen, times=results.layer_times(network)), key="by_unit",
                    config={"displayModeBar": False}, alt=f"{METRICS[metric]} of every block of {network.name}")
    st.markdown(f"#### The selected unit, {chosen}")
    unit_table(network, total, chosen)
    st.markdown("#### Where the cost lives, by kind of layer")
    st.plotly_chart(draw.by_operator(total, shell.theme()), key="by_operator", config={"displayModeBar": False}, alt="Shares of cost by kind of layer")


shell.require("scaling")
st.title("How does one number scale a whole network?")
strip = st.container()
left, body = st.columns([2, 9], gap="large")
with left:
    controls.scaling()
with shell.refusals(), body:
    network = state.architecture()
    with strip:
        spine(network, shell.theme())
    page(network, left)
with st.expander("Words on this page"):
    st.markdown(texts.text("scaling", "terms"))
texts.closing("scaling")
