"""Start: one sentence, a live network, where to go next."""

import streamlit as st

from effnet_core.cost import cost
from pages.shared import compare, controls, html, shell, state, texts
from pages.shared.spine import spine

NEXT = {
    "scaling": "How does one number scale a whole network?",
    "latency": "How long does it take here?",
    "inside": "What does the network see in your photo?",
    "pretrain": "How does a network learn to see?",
}

shell.require("start")
st.title("EfficientNet, opened")
st.html(f'<p class="ef-lead">{texts.text("start", "lead")}</p>')
strip = st.container()
left, right = st.columns([2, 5], gap="large")
with left:
    controls.phi()
with shell.refusals(), right:
    network = state.architecture()
    with strip:
        spine(network, shell.theme())
        st.caption(texts.text("start", "strip"))
    html.tiles(compare.summary(network, cost(network), st.session_state.get("_before"), as_flops=False))
    st.session_state["_before"] = compare.figures(network, cost(network))
cards = st.columns(4, gap="medium")
for card, (slug, question) in zip(cards, NEXT.items()):
    with card.container(border=True, height="stretch"):
        st.markdown(f"**{question}**")
        st.markdown(texts.text("start", slug))
        st.page_link(shell.PAGES[slug].file, label=f"Open {shell.PAGES[slug].title}", icon=shell.PAGES[slug].icon)
