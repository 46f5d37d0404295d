"""The selected unit, opened: its layers as volumes, the formula of each layer's cost with its numbers, and the exact table."""

import streamlit as st

from effnet_core.architecture import Architecture, Block
from effnet_core.cost import Cost
from effnet_core.figures import block
from effnet_core.palette import percent, si

from .. import html, shell, state, texts
from ..components import component


def show(network: Architecture, total: Cost) -> None:
    chosen = state.selected(network)
    opened = block.unit(network, total, chosen, shell.theme())
    _heading(network, chosen, opened["title"])
    st.markdown(_share(network, total, chosen))
    component("block")(key="block", data=opened, height="content")
    st.caption(texts.text("block", "key"))
    if found := block.block_of(network, chosen):
        kind = "mbconv1" if found.kind == "mbconv" and found.expand == 1 else found.kind
        st.markdown(texts.text("block", kind, **block.saving(found)))
    st.markdown(_words(network, total, found, chosen))
    with st.expander("Letters and words of the drawing"):
        st.markdown(texts.text("block", "words"))
    with st.expander("The same as a table"):
        _table(network, total, chosen)


def _heading(network: Architecture, chosen: str, title: str) -> None:
    """With a way to the units before and after, since the spine is far above."""
    units = [unit for unit, _ in network.units()]
    place = units.index(chosen)
    with st.container(horizontal=True, vertical_alignment="center", key="block_heading"):
        st.markdown(f"#### The selected unit, {title}")
        for icon, word, other in ((":material/arrow_back:", "before", place - 1), (":material/arrow_forward:", "after", place + 1)):
            there = 0 <= other < len(units)
            st.button(f"The unit {word}", icon=icon, key=f"unit_{word}", disabled=not there, help=units[other] if there else None,
                      type="tertiary", on_click=state.select, args=(units[other] if there else chosen,))


def _share(network: Architecture, total: Cost, chosen: str) -> str:
    sums = total.units[chosen]
    shares = {name: percent(getattr(sums, name) / getattr(total, name)) for name in ("params", "macs", "activations")}
    return texts.text("block", "share", **shares, **{f"{name}_count": si(getattr(sums, name)) for name in shares})


def _words(network: Architecture, total: Cost, found: Block | None, chosen: str) -> str:
    """How far it sees, and of a block why it has a skip connection or none."""
    sums = total.units[chosen]
    sight = texts.text("block", "sight", field=f"{sums.receptive_field:,}", stride=f"{sums.stride:,}")
    return " ".join([block.skip_reason(found), block.stochastic_depth(found, network), sight] if found else [sight])


def _table(network: Architecture, total: Cost, chosen: str) -> None:
    rows = []
    for layer in dict(network.units())[chosen]:
        row = total.rows[layer.id]
        what = f"squeeze to {layer.squeeze}" if layer.squeeze else block.operator(layer)
        rows.append((layer.part, what, f"{layer.groups:,}", str(layer.input), str(layer.output), f"{row.params:,}", f"{row.macs:,}",
                     f"{row.activations:,}", f"{row.receptive_field:,}", f"{row.stride:,}", f"{100 * row.macs / total.macs:.2f} %"))
    html.table(("Layer", "Operator", "Groups", "Input, C × H × W", "Output, C × H × W", "Parameters", "MACs", "Activations",
                "Receptive field, px", "Stride, px", "of all MACs"), rows)
