"""Start: one sentence, a live network, where to go next."""

import streamlit as st

from effnet_core.cost import cost
from pages.shared import compare, html, shell, state, texts

CARDS = 3  # in a row

shell.require("start")
with shell.refusals():
    network = state.architecture()
    shell.strip(network)
    html.tiles(compare.summary(network, cost(network), st.session_state.get("_before"), as_flops=False))
    st.session_state["_before"] = compare.figures(network, cost(network))
    st.caption(texts.text("start", "strip"))
others = list(shell.PAGES.items())[1:]
for first in range(0, len(others), CARDS):
    for card, (slug, entry) in zip(st.columns(CARDS, gap="small"), others[first:first + CARDS]):
        with card.container(border=True, height="stretch"):
            st.markdown(f"**{entry.question}**\n\n{texts.text('start', slug)}")
            st.page_link(entry.file, label=entry.title, icon=entry.icon)
