import streamlit as st
from pages.shared import shell, state
shell.require("inside")
with shell.refusals():
    network = state.architecture()
    shell.strip(network)
