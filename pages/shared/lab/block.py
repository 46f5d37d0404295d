"""The selected unit, opened: its layers as volumes, the formula of each layer's cost with its numbers, and the exact table."""

import streamlit as st

from effnet_core.architecture import Architecture
from effnet_core.cost import Cost
from effnet_core.figures import block
from effnet_core.palette import percent, si

from .. import html, shell, state, texts
from ..components import component


def show(network: Architecture, total: Cost) -> None:
    chosen = state.selected(network)
    opened = block.unit(network, total, chosen, shell.theme())
    st.markdown(f"#### The selected unit, {opened['title']}")
    st.markdown(_summary(network, total, chosen))
    component("block")(key="block", data=opened, height="content")
    st.caption(texts.text("block", "key"))
    with st.expander("The same as a table"):
        _table(network, total, chosen)


def _summary(network: Architecture, total: Cost, chosen: str) -> str:
    sums, found = total.units[chosen], block.block_of(network, chosen)
    shares = {name: percent(getattr(sums, name) / getattr(total, name)) for name in ("params", "macs", "activations")}
    counts = {f"{name}_count": si(getattr(sums, name)) for name in shares}
    text = texts.text("block", "share", **shares, **counts, field=f"{sums.receptive_field:,}", stride=f"{sums.stride:,}")
    return " ".join([text, block.skip_reason(found), block.stochastic_depth(found, network)] if found else [text])


def _table(network: Architecture, total: Cost, chosen: str) -> None:
    rows = []
    for layer in dict(network.units())[chosen]:
        row = total.rows[layer.id]
        what = f"squeeze to {layer.squeeze}" if layer.squeeze else block.operator(layer)
        rows.append((layer.part, what, f"{layer.groups:,}", str(layer.input), str(layer.output), f"{row.params:,}", f"{row.macs:,}",
                     f"{row.activations:,}", f"{row.receptive_field:,}", f"{row.stride:,}", f"{100 * row.macs / total.macs:.2f} %"))
    html.table(("Layer", "Operator", "Groups", "Input, C × H × W", "Output, C × H × W", "Parameters", "MACs", "Activations", "Receptive field, px",
                "Stride, px", "of all MACs"), rows)
