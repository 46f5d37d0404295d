import streamlit as st
from pages.shared import shell
shell.require('inside')
st.title('inside')
