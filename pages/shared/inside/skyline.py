"""All gates of the network on this picture at once, and their numbers block by block."""

import streamlit as st

from effnet_core.figures import gates as draw
from effnet_core.inside.inspection import CLOSED, OPEN, spread
from effnet_core.palette import percent

from .. import html, shell, state, texts
from ..components import component
from ..seen import Look, titled
from . import channel

ORDERS = {"By gate": "gate", "By number": "channel"}


def order() -> str:
    """How channels stand, in the skyline and in every row of bars."""
    return ORDERS[st.session_state.get("order") or "By gate"]


def show(at: Look) -> None:
    """All towers with their explanation; of a network without gates a sentence."""
    st.markdown(titled(at, "### Every gate at once"))
    words, choice = st.columns([7, 3], gap="medium", vertical_alignment="bottom")
    words.markdown(texts.text("inside_skyline", "skyline") if at.seen.gates else texts.text("inside", "se_gone"))
    choice.segmented_control("Order of channels", list(ORDERS), default="By gate", required=True, key="order", bind="query-params",
                             persist_state="session", width="stretch", wrap=True, disabled=not at.seen.gates)
    if at.seen.gates:
        _towers(at)
        st.caption(texts.text("inside_skyline", "spread", open=str(OPEN), closed=str(CLOSED)))
        if at.seen.operation:
            st.caption(texts.text("inside_skyline", "operated"))
        with st.expander("The numbers of every block"):
            numbers(at)


def chosen(at: Look) -> None:
    """What is selected in the skyline; by itself, since it changes with every click and all else there does not."""
    if at.seen.gates:
        marks = {"block": state.selected(at.network), "channel": channel.taken(), "byGate": order() == "gate"}
        component("skyline")(key="skyline_chosen", data=marks, height="content")


def _towers(at: Look) -> None:
    untouched = None if at.seen is at.untouched else at.untouched.gates
    data = draw.packed(at.seen.gates, at.seen.squeezed, untouched, [*at.seen.operation], shell.theme(), name=at.model.name, stamp=at.stamp)
    known = {block: len(gates) for block, gates in at.seen.gates.items()}
    component("skyline")(key="skyline", data=data, on_picked_change=lambda: _picked(known), height="content")


def _picked(known: dict[str, int]) -> None:
    """A tower was clicked, or one of its windows: the block is opened, the channel taken. A browser may send anything."""
    match st.session_state["skyline"].picked:
        case [str(block), place] if block in known:
            if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < known[block]:
                channel.pick("after", place)
            state.select(block)


def numbers(at: Look) -> None:
    """The table behind the picture."""
    rows = []
    for block, gates in at.seen.gates.items():
        row = spread(gates)
        means = [] if at.seen is at.untouched else [f"{spread(at.untouched.gates[block]).mean:.3f}"]
        rows.append((block + (" (set)" if block in at.seen.operation else ""), f"{len(gates):,}", *(f"{value:.3f}" for value in row[:4]),
                     percent(row.closed), percent(row.open), f"{row.distance:.3f}", *means))
    head = ("Block", "Channels", "Mean gate", "Standard deviation", "Least", "Greatest", f"Below {CLOSED}", f"Above {OPEN}", "Mean |1 − s|")
    html.table(head if at.seen is at.untouched else (*head, "Mean gate, untouched"), rows)
