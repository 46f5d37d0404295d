"""Start: one sentence, a live network, where to go next."""

import streamlit as st

from effnet_core.cost import cost
from pages.shared import shell, state, texts, tour
from pages.shared.tiles import tiles

CARDS = 3  # in a row

shell.require("start")
with shell.refusals():
    network = state.architecture()
    shell.strip(network)
    tiles(network, cost(network))
    st.caption(texts.text("start", "strip"))
if not tour.progress().at:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="start_tour"):
        st.markdown(texts.text("tour", "start" if tour.following() else "finished"))
        st.button(tour.label(), key="tour_begin", type="primary", icon=":material/route:",
                  on_click=tour.begin)
others = list(shell.PAGES.items())[1:]
for first in range(0, len(others), CARDS):
    for card, (slug, entry) in zip(st.columns(CARDS, gap="small"), others[first:first + CARDS]):
        with card.container(border=True, height="stretch"):
            st.markdown(f"**{entry.question}**\n\n{texts.text('start', slug)}")
            st.page_link(entry.file, label=entry.title, icon=entry.icon)
