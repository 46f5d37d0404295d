import streamlit as st
from pages.shared import shell, state
shell.require("pretrain")
with shell.refusals():
    network = state.architecture()
    shell.strip(network)
