import streamlit as st
from pages.shared import shell
shell.require('pretrain')
st.title('pretrain')
