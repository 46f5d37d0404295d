import streamlit as st
from pages.shared import shell
shell.require('latency')
st.title('latency')
