"""Search: where α, β and γ come from, by counting all of a grid and by training a few of them."""

import streamlit as st

from pages.shared import shell, texts
from pages.shared.search import counted, trained

shell.require("search")
with shell.refusals():
    st.markdown("#### Every α, β, γ that keep to the budget")
    st.markdown(texts.text("search", "counting"))
    wanted = counted.show()
    st.markdown("#### The same search by training")
    st.markdown(texts.text("search", "training"))
    trained.show(wanted)
