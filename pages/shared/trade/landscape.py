"""Accuracy against parameters or MACs: the paper's Table 2 with the network of the sliders on its cost axis."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import landscape as draw
from effnet_core.lab.paper import EFFICIENTNETS, SOURCE, TABLE_2, Result, flops_text, params_text, trained
from effnet_core.palette import si

from .. import html, shell, state, texts

AXES = {"MACs": "flops", "Parameters": "params"}


def show(network: Architecture, total: Cost) -> None:
    price = AXES[st.segmented_control("Cost", list(AXES), default="MACs", required=True, **state.bound("price"))]
    live = total.macs if price == "flops" else total.params
    known = trained(network)
    with st.container(key="landscape"):
        figure = draw.chart(price, live, name(network), known and known.top1, shell.theme())
        st.plotly_chart(figure, theme=None, key="landscape_chart", config={"displayModeBar": False},
                        alt=f"Top-1 accuracy over {draw.AXES[price]} of the networks of the paper's Table 2")
    st.caption(f"Published: {SOURCE}, Table 2. " + texts.text("tradeoffs", "landscape"))
    where = {"name": name(network), "live": si(live), "price": "MACs" if price == "flops" else "parameters"}
    st.markdown(texts.text("tradeoffs", "released", top1=f"{known.top1}", table=f"{known.table}", **where) if known else
                texts.text("tradeoffs", "unknown", around=around(price, live), **where))
    with st.expander("All of Table 2, as printed"):
        html.table(("Network", "top-1", "top-1 in v3", "top-5", "Parameters", "FLOPS"), map(line, TABLE_2))


def name(network: Architecture) -> str:
    """Short, and whether it is a released one."""
    return network.name.removeprefix("EfficientNet-").replace("B0 scaled by ", "")


def around(price: str, live: float) -> str:
    """Between which EfficientNets the network lies, by printed cost."""
    below = [row for row in EFFICIENTNETS if getattr(row, price) <= live]
    above = [row for row in EFFICIENTNETS if getattr(row, price) > live]
    if not below or not above:
        end = (above[0], "below") if not below else (below[-1], "above")
        return f"{end[1]} all of them; the nearest is {end[0].short} with {end[0].top1} %"
    return f"between {below[-1].short} with {below[-1].top1} % and {above[0].short} with {above[0].top1} %"


def line(row: Result) -> tuple[str, ...]:
    first = f"{row.first} %" if row.first else "–"
    return row.name, f"{row.top1} %", first, f"{row.top5} %", params_text(row.params), flops_text(row.flops)


