"""Quality."""

import streamlit as st

st.title("Quality")
